/* `profile check` of a return that is no package: what collect would read. Whose an answer is only
 * a job's requests tell. */
#include "pipeline/report/return_check.h"

#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/file/loose_rows.h"
#include "pipeline/file/preview.h"
#include "pipeline/job/rules.h"
#include "pipeline/report/profile_found.h"
#include "stages/collect.h"
#include "stages/correlate.h"
#include "stages/machine_envelope.h"
#include "stages/verdict.h"

#define SHOWN_ROWS 3u
#define CODES_MAX 16u

struct code {
    char text[PERSO_CODE_WORD_BYTES + 1];
    uint32_t n;
    bool issued;
};

struct checking {
    struct perso_say *say;
    const struct perso_profile *profile;
    const struct perso_profile_question *question;
    struct perso_job *job; /* of no folder: carries the profile */
    struct perso_loose in;
    struct perso_loose_member member;
    struct perso_return_rules of_ra;
    struct perso_text issued; /* a code of success */
    uint32_t answers, n_shown, n_tables;
    uint32_t filled[PERSO_COLUMN_COUNT];
    struct code codes[CODES_MAX];
    size_t n_codes;
    struct perso_code_tally tally;
    uint32_t certificates, cas, encipher, unreadable, stray;
    struct perso_found found;
    struct perso_arena *arena;
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
};

/* ---- certificates and envelopes ---- */

static void
judge_certificate(struct checking *c, struct perso_cursor der, enum perso_column column,
                  uint32_t line)
{
    struct perso_certificate certificate;
    struct perso_error fault = { 0 };
    struct perso_verdict verdict = { 0 };

    if (perso_certificate_read(der, &certificate, &fault) == PERSO_OK)
        return;
    perso_verdict_set(&verdict, fault.reject, column, fault.text);
    perso_found_verdict(&c->found, &verdict, line);
}

static void
judge_envelope(struct checking *c, struct perso_cursor bytes, uint32_t line)
{
    struct perso_envelope envelope;
    struct perso_verdict verdict = { 0 };
    const char *note = NULL;
    enum perso_reject reject = perso_envelope_read(bytes, &envelope, &note);

    if (reject == PERSO_REJ_NONE)
        reject =
            perso_machine_envelope_judge(perso_rules_of_envelope(c->profile), &envelope, &note);
    if (reject == PERSO_REJ_NONE)
        return;
    perso_verdict_set(&verdict, reject, PERSO_COL_JMMY, note);
    perso_found_verdict(&c->found, &verdict, line);
}

static enum perso_result
count_certificate(void *self, const struct perso_certificate_item *item, struct perso_error *err)
{
    struct checking *c = self;
    struct perso_certificate certificate;
    struct perso_error fault = { 0 };

    (void)err;
    c->certificates += item->role == PERSO_ROLE_ANY;
    c->answers += item->role == PERSO_ROLE_SIGNING; /* a CSRResponse is one */
    if (item->role == PERSO_ROLE_ENVELOPE) {
        judge_envelope(c, item->der, item->line);
    } else if (perso_certificate_read(item->der, &certificate, &fault) != PERSO_OK) {
        c->unreadable++;
    } else {
        enum perso_certificate_kind kind = perso_certificate_kind(&certificate);
        c->cas += kind == PERSO_CERTIFICATE_CA;
        c->tally.issued += kind != PERSO_CERTIFICATE_CA;
        c->encipher += kind == PERSO_CERTIFICATE_ENCIPHERS;
    }
    return PERSO_OK;
}

static enum perso_result
read_certificates(struct checking *c, struct perso_error *err)
{
    const struct perso_certificate_visitor visitor = { count_certificate, c };
    struct perso_error fault = { 0 };
    bool whole;
    enum perso_result rc = perso_loose_certificates(&c->member, &visitor, &whole, &fault);

    if (rc == PERSO_REJECT && whole && c->in.form != PERSO_LOOSE_FILE) {
        c->unreadable++;
        return PERSO_OK;
    }
    if (rc != PERSO_OK)
        *err = fault;
    return rc;
}

/* ---- answers ---- */

static void
count_code(struct checking *c, struct perso_text code)
{
    char text[PERSO_CODE_WORD_BYTES + 1];
    size_t i = 0;

    if (!perso_code_word(code, text))
        strcpy(text, "...");
    while (i < c->n_codes && strcmp(c->codes[i].text, text) != 0)
        i++;
    if (i == CODES_MAX)
        return;
    if (i == c->n_codes) {
        memcpy(c->codes[c->n_codes].text, text, sizeof text);
        c->codes[c->n_codes++].issued = perso_answer_issued(c->of_ra.success, code);
    }
    c->codes[i].n++;
}

/* Its certificates and envelope; secrets are opened by a job alone, and others may complete it. */
static enum perso_result
judge_answer(struct checking *c, const struct perso_row *row, struct perso_cells *cells,
             struct perso_error *err)
{
    static const struct perso_text request_id = { "00000000000000000000000000000000", 32 };
    static const char *const some_card = "-";
    const struct perso_collect_rules rules = { .success = c->of_ra.success };
    struct perso_answer answer;
    struct perso_verdict verdict;
    enum perso_result rc;

    cells->known[PERSO_COL_request_id] = request_id;
    cells->known[PERSO_COL_GLYPIN] = cells->known[PERSO_COL_ZKMY] = (struct perso_text) { "", 0 };
    if ((rc = perso_stage_collect(&rules, cells, &row->origin, &some_card, 1, c->arena, &answer,
                                  &verdict, err)) != PERSO_OK)
        return rc;
    perso_code_tally_add(&c->tally, cells, &verdict);
    if (verdict.reject == PERSO_REJ_RA_REFUSED)
        return PERSO_OK;
    if (verdict.reject != PERSO_REJ_NONE) {
        perso_found_verdict(&c->found, &verdict, row->origin.line);
        return PERSO_OK;
    }
    if (perso_left(&answer.signing_certificate) > 0)
        judge_certificate(c, answer.signing_certificate, PERSO_COL_QMZS, row->origin.line);
    if (perso_left(&answer.encryption_certificate) > 0)
        judge_certificate(c, answer.encryption_certificate, PERSO_COL_JMZS, row->origin.line);
    if (perso_left(&answer.envelope) > 0)
        judge_envelope(c, answer.envelope, row->origin.line);
    return PERSO_OK;
}

static enum perso_result
take_row(struct checking *c, const struct perso_loose_rows *rows, size_t i, struct perso_error *err)
{
    struct perso_text *code = &c->cells[i].known[PERSO_COL_code];

    c->answers++;
    for (int k = 1; k < PERSO_COLUMN_COUNT; k++)
        c->filled[k] += c->cells[i].known[k].bytes > 0;
    if (c->n_shown++ < SHOWN_ROWS)
        perso_preview_filled(c->say, rows->layout, &c->rows[i]);
    if (code->bytes == 0 && !rows->coded) /* certificates speak for themselves */
        *code = c->issued;
    else
        count_code(c, *code);
    return judge_answer(c, &c->rows[i], &c->cells[i], err);
}

static void
tell_part(const struct checking *c, const struct perso_loose_rows *rows)
{
    perso_say_begin(c->say, "part");
    perso_say_number(c->say, "member", c->member.number);
    perso_say_word(c->say, "form", rows->table != NULL ? N_("table") : N_("XML or JSON"));
    perso_say_text(c->say, "encoding", perso_charset_name(rows->charset));
    perso_say_end(c->say);
    if (rows->table == NULL)
        return;
    for (uint16_t i = 0; i < rows->layout->n_columns; i++) {
        perso_say_begin(c->say, "column");
        perso_say_number(c->say, "number", i + 1u);
        perso_say_text(c->say, "header", perso_table_header(rows->table, i));
        perso_say_text(c->say, "code", perso_column_code(rows->layout->known[i]));
        perso_say_end(c->say);
    }
}

static enum perso_result
read_rows(struct checking *c, struct perso_error *err)
{
    struct perso_loose_rows rows;
    size_t n = 0;
    enum perso_result rc =
        perso_loose_rows_open(&c->in, &c->member, c->profile, c->question->encoding, &rows, err);

    if (rows.layout != NULL && c->n_tables++ == 0)
        tell_part(c, &rows);
    while (rc == PERSO_OK &&
           (rc = perso_loose_rows_read(&rows, c->arena, c->rows, c->cells, PERSO_BATCH_RECORDS, &n,
                                       err)) == PERSO_OK) {
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = take_row(c, &rows, i, err);
        perso_arena_reset(c->arena);
    }
    perso_loose_rows_close(&rows);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- all of it ---- */

static enum perso_result
read_member(struct checking *c, struct perso_error *err)
{
    switch (perso_loose_part(c->member.name)) {
    case PERSO_PART_CERTIFICATES:
        return read_certificates(c, err);
    case PERSO_PART_OTHER:
        c->stray++;
        return perso_loose_pass(&c->in, &c->member, err);
    default:
        return read_rows(c, err);
    }
}

static enum perso_result
read_members(struct checking *c, struct perso_error *err)
{
    enum perso_result rc = perso_loose_open(c->job, c->question->file, &c->in, err);

    while (rc == PERSO_OK && (rc = perso_loose_next(&c->in, &c->member, err)) == PERSO_OK)
        if ((rc = read_member(c, err)) == PERSO_REJECT && c->in.form != PERSO_LOOSE_FILE)
            perso_error_prefix(err, "member %u: ", c->member.number);
    if (rc == PERSO_END &&
        (rc = perso_loose_totals(&c->in, c->answers + c->certificates, err)) == PERSO_OK)
        rc = perso_code_tally_check(&c->tally, err);
    if (rc == PERSO_REJECT)
        perso_error_at(err, c->in.display, 0, 0);
    return rc;
}

static void
tell_file(const struct checking *c)
{
    perso_say_begin(c->say, "file");
    perso_say_text(c->say, "name", c->question->file);
    perso_say_word(c->say, "as", "return");
    perso_say_word(c->say, "because",
                   c->question->as[0] != '\0' ? N_("you say so") : N_("of what is in it"));
    perso_say_text(c->say, "encoding of the profile", c->profile->returned.encoding);
    if (c->question->encoding[0] != '\0')
        perso_say_text(c->say, "of --encoding", c->question->encoding);
    perso_say_end(c->say);
}

static void
tell_found(const struct checking *c)
{
    for (int k = 1; k < PERSO_COLUMN_COUNT; k++) {
        if (c->filled[k] == 0)
            continue;
        perso_say_begin(c->say, "field");
        perso_say_text(c->say, "code", perso_column_code((enum perso_column)k));
        perso_say_number(c->say, "answers that have it", c->filled[k]);
        perso_say_end(c->say);
    }
    for (size_t i = 0; i < c->n_codes; i++) {
        perso_say_begin(c->say, "code of the RA");
        perso_say_text(c->say, "code", c->codes[i].text);
        perso_say_number(c->say, "answers", c->codes[i].n);
        perso_say_word(c->say, "means", c->codes[i].issued ? N_("issued") : N_("refused"));
        perso_say_end(c->say);
    }
    perso_found_tell(&c->found, c->say);
    perso_say_begin(c->say, "read");
    perso_say_number(c->say, "members", c->in.n_members);
    perso_say_number(c->say, "answers", c->answers);
    perso_say_number(c->say, "certificates", c->certificates);
    perso_say_number(c->say, "of CAs", c->cas);
    perso_say_number(c->say, "for encryption", c->encipher);
    perso_say_number(c->say, "unreadable", c->unreadable);
    if (c->stray > 0)
        perso_say_number(c->say, "no parts of a return", c->stray);
    perso_say_end(c->say);
}

static enum perso_result
check(struct checking *c, struct perso_error *err)
{
    enum perso_result rc = perso_rules_of_return(c->profile, &c->of_ra, err);

    if (rc != PERSO_OK)
        return rc;
    c->issued = perso_answer_success(c->of_ra.success);
    tell_file(c);
    rc = read_members(c, err);
    if (rc == PERSO_OK || rc == PERSO_REJECT)
        tell_found(c);
    perso_loose_close(&c->in);
    return rc;
}

enum perso_result
perso_return_check(struct perso_say *say, const struct perso_profile *profile,
                   const struct perso_profile_question *question, struct perso_job *job,
                   uint32_t *held, struct perso_error *err)
{
    struct checking *c = calloc(1, sizeof *c);
    enum perso_result rc = c != NULL && (c->arena = perso_arena_new()) != NULL
                               ? PERSO_OK
                               : perso_error_errno(err, "memory");

    if (rc == PERSO_OK) {
        c->say = say;
        c->profile = profile;
        c->question = question;
        c->job = job;
        rc = check(c, err);
        *held = c->found.n_held + c->unreadable;
    }
    if (c != NULL)
        perso_arena_free(c->arena);
    free(c);
    return rc;
}

/* ---- is it one? ---- */

static bool
has_answers(const struct perso_profile *profile, const struct perso_loose *in,
            const struct perso_loose_member *member)
{
    struct perso_loose_rows rows;
    struct perso_error unreadable = { 0 };
    bool ret = perso_loose_rows_open(in, member, profile, "", &rows, &unreadable) == PERSO_OK &&
               (rows.layout->at[PERSO_COL_QMZS] >= 0 || rows.layout->at[PERSO_COL_JMZS] >= 0) &&
               rows.layout->at[PERSO_COL_seq] < 0; /* a machine file */

    perso_loose_rows_close(&rows);
    return ret;
}

static enum perso_result
pass_certificate(void *self, const struct perso_certificate_item *item, struct perso_error *err)
{
    (void)self;
    (void)item;
    (void)err;
    return PERSO_OK;
}

/* Key-generation output may have its requests as members of the same endings. */
static bool
has_certificates(const struct perso_loose_member *member)
{
    const struct perso_certificate_visitor visitor = { pass_certificate, NULL };
    struct perso_error unreadable = { 0 };
    bool whole;

    return perso_loose_certificates(member, &visitor, &whole, &unreadable) == PERSO_OK;
}

static bool
is_part(const struct perso_profile *profile, const struct perso_loose *in,
        const struct perso_loose_member *member)
{
    switch (perso_loose_part(member->name)) {
    case PERSO_PART_CERTIFICATES:
        return has_certificates(member);
    case PERSO_PART_TABLE:
        return has_answers(profile, in, member);
    case PERSO_PART_OTHER:
        return false;
    default:
        return true;
    }
}

bool
perso_return_looks_like(const struct perso_profile *profile, const struct perso_job *job,
                        const char *path)
{
    struct perso_loose in;
    struct perso_loose_member member;
    struct perso_error unreadable = { 0 };
    bool ret = false;

    if (perso_loose_open(job, path, &in, &unreadable) == PERSO_OK) {
        ret = in.form == PERSO_LOOSE_FOLDER;
        while (!ret && perso_loose_next(&in, &member, &unreadable) == PERSO_OK)
            if (!perso_ends_with(member.name, "manifest.json")) {
                ret = is_part(profile, &in, &member);
                break;
            }
    }
    perso_loose_close(&in);
    return ret;
}
