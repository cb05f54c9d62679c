#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "perso/text.h"
#include "pipeline/file/incoming.h"
#include "pipeline/file/input.h"
#include "pipeline/file/preview.h"
#include "pipeline/file/requests.h"
#include "pipeline/report/profile.h"
#include "pipeline/report/profile_found.h"
#include "pipeline/report/profile_judge.h"
#include "pipeline/report/return_check.h"

#define RETURN "return"
#define SHOWN_ROWS 3u
#define ROW_DIGITS 6u /* of a header none has so many: divisions, numbers and dates have */

struct checking {
    struct perso_say *say;
    const struct perso_profile *profile;
    const struct perso_profile_question *question;
    const struct perso_table_kind *kind;
    const char *because;   /* it is taken for that kind */
    struct perso_job *job; /* of no folder: carries the profile */
    struct perso_input in;
    struct perso_requests *requests; /* that came as members; NULL: none */
    struct perso_passphrase typed;   /* of an encrypted archive, which is opened again and again */
    uint32_t n_tables, n_shown, n_judged;
    struct perso_found found;
    struct perso_arena *arena;
    struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_cells cells[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

bool
perso_profile_knows_table(const char *as)
{
    for (size_t i = 0; i < PERSO_TABLE_KINDS; i++)
        if (strcmp(perso_table_kinds[i].name, as) == 0)
            return true;
    return strcmp(as, RETURN) == 0;
}

static const struct perso_table_profile *
layout_of(const struct checking *c)
{
    return (const struct perso_table_profile *)(const void *)((const char *)c->profile +
                                                              c->kind->layout);
}

static enum perso_result
open_file(struct checking *c, struct perso_error *err)
{
    enum perso_result rc = perso_input_open(c->job, c->question->file, layout_of(c),
                                            c->question->encoding, &c->in, err);
    c->in.sparse = c->kind->sparse;
    c->in.reader.typed = c->typed;
    if (c->kind == &perso_table_kinds[PERSO_TABLE_APPLICATION])
        c->in.reader.passes = perso_request_member;
    return rc;
}

static void
close_file(struct checking *c)
{
    c->typed = c->in.reader.typed;
    perso_input_close(&c->in);
}

/* ---- which table it is ---- */

static enum perso_table_kind_id
kind_by_columns(const struct perso_layout *layout)
{
    if (layout->at[PERSO_COL_result] >= 0)
        return PERSO_TABLE_RESULT;
    return layout->at[PERSO_COL_P10] >= 0 || layout->at[PERSO_COL_QMGY] >= 0
               ? PERSO_TABLE_APPLICATION
               : PERSO_TABLE_ISSUANCE;
}

/* A profile may give each table a layout of its own: the one is taken that finds its own columns.
 */
static void
guess_kind(struct checking *c)
{
    enum perso_table_kind_id best = PERSO_TABLE_APPLICATION;
    bool found = false;

    for (size_t i = 0; i < PERSO_TABLE_KINDS; i++) {
        struct perso_error unreadable = { 0 };
        c->kind = &perso_table_kinds[i];
        bool opened = open_file(c, &unreadable) == PERSO_OK &&
                      perso_input_next(&c->in, NULL, &unreadable) == PERSO_OK;
        enum perso_table_kind_id id =
            opened ? kind_by_columns(perso_table_layout(c->in.table)) : PERSO_TABLE_APPLICATION;
        close_file(c);
        if (opened && (id == i || !found)) {
            best = id;
            found = true;
        }
        if (opened && id == i)
            break;
    }
    c->kind = &perso_table_kinds[best];
    c->because = found ? N_("of its columns") : N_("no header can be read");
}

static void
choose_kind(struct checking *c)
{
    c->because = N_("you say so");
    for (size_t i = 0; i < PERSO_TABLE_KINDS; i++)
        if (strcmp(perso_table_kinds[i].name, c->question->as) == 0)
            c->kind = &perso_table_kinds[i];
    if (c->kind == NULL)
        guess_kind(c);
}

static void
tell_file(const struct checking *c)
{
    const struct perso_table_profile *layout = layout_of(c);

    perso_say_begin(c->say, "file");
    perso_say_text(c->say, "name", c->question->file);
    perso_say_word(c->say, "as", c->kind->name);
    perso_say_word(c->say, "because", c->because);
    perso_say_text(c->say, "encoding of the profile", layout->encoding);
    if (c->question->encoding[0] != '\0')
        perso_say_text(c->say, "of --encoding", c->question->encoding);
    perso_say_word(c->say, "delimiter", layout->delimiter);
    perso_say_word(c->say, "quotes", layout->quotes);
    perso_say_end(c->say);
}

/* Requests beside the tables, as ingest finds them. */
static enum perso_result
find_requests(struct checking *c, struct perso_error *err)
{
    enum perso_result rc;

    if (c->kind != &perso_table_kinds[PERSO_TABLE_APPLICATION] ||
        c->in.form == PERSO_ARCHIVE_NONE || c->requests != NULL)
        return PERSO_OK;
    if ((rc = perso_requests_open(&c->in.reader, &c->in.source, "", &c->requests, err)) != PERSO_OK)
        return rc;
    return perso_file_source_rewind(c->in.file, err);
}

/* ---- columns and first rows ---- */

/* Where the first line is a card and no header, it is not shown. */
static bool
is_header(const struct perso_table *table)
{
    for (uint16_t i = 0; i < perso_table_layout(table)->n_columns; i++) {
        size_t digits = 0;
        for (const char *at = perso_table_header(table, i); *at != '\0'; at++)
            digits += *at >= '0' && *at <= '9';
        if (digits >= ROW_DIGITS)
            return false;
    }
    return true;
}

static const char *
known_by(const struct checking *c, enum perso_column column, const char *header)
{
    if (column == PERSO_COLUMN_OTHER)
        return N_("no name: carried through");
    for (size_t i = 0; i < c->profile->n_aliases; i++)
        if (strcasecmp(c->profile->aliases[i].name, header) == 0)
            return N_("this profile");
    return strcasecmp(perso_column_code(column), header) == 0 ? N_("its code") : N_("another name");
}

static void
tell_columns(struct checking *c)
{
    const struct perso_layout *layout = perso_table_layout(c->in.table);

    for (uint16_t i = 0; i < layout->n_columns; i++) {
        const char *header = perso_table_header(c->in.table, i);
        perso_say_begin(c->say, "column");
        perso_say_number(c->say, "number", i + 1u);
        perso_say_text(c->say, "header", header);
        perso_say_text(c->say, "code", perso_column_code(layout->known[i]));
        perso_say_word(c->say, "known by", known_by(c, layout->known[i], header));
        perso_say_end(c->say);
    }
}

static void
tell_missing(struct checking *c)
{
    for (const enum perso_column *r = c->kind->required(c->profile); *r != PERSO_COLUMN_OTHER;
         r++) {
        if (perso_table_layout(c->in.table)->at[*r] >= 0 ||
            (*r == PERSO_COL_P10 && c->requests != NULL))
            continue;
        perso_say_begin(c->say, "missing");
        perso_say_text(c->say, "code", perso_column_code(*r));
        perso_say_text(c->say, "other headers", perso_column_aliases(*r));
        perso_say_end(c->say);
    }
}

static void
look_at_table(struct checking *c)
{
    struct perso_error unreadable = { 0 };
    bool header = is_header(c->in.table);
    size_t n = 0;

    perso_say_begin(c->say, "table");
    perso_say_number(c->say, "number", ++c->n_tables);
    perso_say_text(c->say, "encoding", c->in.charset);
    perso_say_number(c->say, "columns", perso_table_layout(c->in.table)->n_columns);
    perso_say_word(c->say, "first line",
                   header ? N_("header") : N_("a card, no header: not shown"));
    perso_say_end(c->say);
    if (header)
        tell_columns(c);
    tell_missing(c);
    while (perso_input_rows(&c->in, c->arena, c->rows, c->cells, PERSO_BATCH_RECORDS, &n,
                            &unreadable) == PERSO_OK) {
        for (size_t i = 0; header && i < n && c->n_shown < SHOWN_ROWS; i++, c->n_shown++)
            perso_preview_row(c->say, perso_table_layout(c->in.table), &c->rows[i]);
        perso_arena_reset(c->arena);
    }
}

/* Read once without asking for columns: a file that will be refused shows what it has all the same.
 * Why it is refused the second reading says. */
static void
look(struct checking *c)
{
    struct perso_error unreadable = { 0 };

    if (open_file(c, &unreadable) == PERSO_OK && find_requests(c, &unreadable) == PERSO_OK)
        while (perso_input_next(&c->in, NULL, &unreadable) == PERSO_OK) {
            look_at_table(c);
            if (c->in.table != NULL) /* refused in the middle */
                break;
        }
    close_file(c);
}

/* ---- rows, as a job reads them ---- */

/* The first batch of rows alone: a proof of possession takes its time. */
static enum perso_result
judge(struct checking *c, size_t n, struct perso_error *err)
{
    struct perso_judged_rows rows = { c->profile, c->rows, c->cells, n, c->arena };

    if (rows.n > PERSO_BATCH_RECORDS - c->n_judged)
        rows.n = PERSO_BATCH_RECORDS - c->n_judged;
    enum perso_result rc = c->kind->judge(&rows, c->verdicts, err);
    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < rows.n; i++)
        if (c->verdicts[i].reject != PERSO_REJ_NONE)
            perso_found_verdict(&c->found, &c->verdicts[i], c->rows[i].origin.line);
    c->n_judged += (uint32_t)rows.n;
    return PERSO_OK;
}

static enum perso_result
read_tables(struct checking *c, struct perso_error *err)
{
    enum perso_column required[PERSO_REQUIRED_MAX];
    size_t n = 0;
    enum perso_result rc;

    if ((rc = find_requests(c, err)) != PERSO_OK)
        return rc;
    perso_requests_columns(c->requests, c->kind->required(c->profile), required);
    while ((rc = perso_input_next(&c->in, required, err)) == PERSO_OK) {
        while ((rc = perso_input_rows(&c->in, c->arena, c->rows, c->cells, PERSO_BATCH_RECORDS, &n,
                                      err)) == PERSO_OK) {
            if (c->requests != NULL &&
                (rc = perso_requests_fill(c->requests, c->cells, n, c->arena, err)) != PERSO_OK)
                return rc;
            perso_found_shapes(&c->found, perso_table_layout(c->in.table), c->rows, n);
            if ((rc = judge(c, n, err)) != PERSO_OK)
                return rc;
            perso_arena_reset(c->arena);
        }
        if (rc != PERSO_END)
            return rc;
    }
    return rc == PERSO_END ? perso_input_finish(&c->in, UINT32_MAX, err) : rc;
}

/* ---- what was found ---- */

/* What manifests state, of all tables together; false where a table has none. */
static bool
stated_rows(const struct checking *c, uint32_t *ret)
{
    bool stated = c->in.n_members > 0;

    *ret = c->in.side.rows;
    if (c->in.side.has_rows)
        return true;
    *ret = 0;
    for (size_t i = 0; i < c->in.n_members; i++) {
        stated = stated && c->in.members[i].total.has_rows;
        *ret += c->in.members[i].total.rows;
    }
    return stated;
}

static void
tell_found(struct checking *c)
{
    uint32_t stated;

    perso_say_begin(c->say, "read");
    perso_say_number(c->say, "rows", c->in.rows);
    if (stated_rows(c, &stated))
        perso_say_number(c->say, "control total", stated);
    else
        perso_say_word(c->say, "control total", "none");
    perso_say_end(c->say);
    perso_found_tell(&c->found, c->say);
    perso_say_begin(c->say, "judged");
    perso_say_number(c->say, "rows", c->n_judged);
    perso_say_number(c->say, "would be held", c->found.n_held);
    perso_say_end(c->say);
}

static enum perso_result
check(struct checking *c, struct perso_error *err)
{
    enum perso_result rc;

    choose_kind(c);
    tell_file(c);
    look(c);
    if ((rc = open_file(c, err)) == PERSO_OK)
        rc = read_tables(c, err);
    if (rc == PERSO_OK || rc == PERSO_REJECT)
        tell_found(c);
    close_file(c);
    return rc;
}

/* What parties of Persoline send each other is of one layout. */
static enum perso_result
refuse_package(const struct perso_profile_question *question, struct perso_error *err)
{
    char kind[4];
    struct perso_error unreadable = { 0 };

    if (perso_incoming_kind(question->file, kind, &unreadable) != PERSO_OK)
        return PERSO_OK;
    perso_error_at(err, question->file, 0, 0);
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "",
                           "a package (%s): no profile is asked how to read it", kind);
}

enum perso_result
perso_profile_check(struct perso_say *say, const struct perso_profile *profile,
                    const struct perso_profile_question *question, uint32_t *held,
                    struct perso_error *err)
{
    struct checking *c = calloc(1, sizeof *c);
    enum perso_result rc = c != NULL && (c->job = calloc(1, sizeof *c->job)) != NULL &&
                                   (c->arena = perso_arena_new()) != NULL
                               ? refuse_package(question, err)
                               : perso_error_errno(err, "memory");

    if (rc == PERSO_OK) {
        c->say = say;
        c->profile = profile;
        c->question = question;
        c->job->profile = *profile;
        snprintf(c->job->site.folder, sizeof c->job->site.folder, "%s", question->site);
        if (strcmp(question->as, RETURN) == 0 ||
            (question->as[0] == '\0' && perso_return_looks_like(profile, c->job, question->file))) {
            rc = perso_return_check(say, profile, question, c->job, held, err);
        } else {
            rc = check(c, err);
            *held = c->found.n_held;
        }
    }
    if (c != NULL) {
        perso_arena_free(c->arena);
        perso_requests_free(c->requests);
        OPENSSL_cleanse(&c->typed, sizeof c->typed);
        free(c->job);
    }
    free(c);
    return rc;
}
