#include "pipeline/drive/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/sm2/sm3.h"
#include "perso/text.h"
#include "pipeline/drive/prepare_parts.h"
#include "pipeline/file/known.h"
#include "pipeline/file/opening.h"
#include "pipeline/file/tosign.h"
#include "pipeline/job/party.h"
#include "pipeline/job/path.h"
#include "pipeline/job/rules.h"

#define TOLD_MAX 100u /* rows of one file that are told one by one */

/* ---- reading ---- */

static enum perso_result
read_batches(struct perso_preparing *p, struct perso_prepare_table *table, struct perso_input *in,
             perso_prepare_visit *what, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc;

    for (;;) {
        perso_arena_reset(p->job->arena);
        if ((rc = perso_input_rows(in, p->job->arena, p->rows, p->cells, PERSO_BATCH_RECORDS, &n,
                                   err)) != PERSO_OK)
            return rc == PERSO_END ? PERSO_OK : rc;
        for (size_t i = 0; i < n; i++)
            p->origins[i] = p->rows[i].origin;
        if ((rc = perso_stage_prepare(&p->rules, p->cells, p->origins, n, p->job->arena, p->to_sign,
                                      p->verdicts, err)) != PERSO_OK ||
            (rc = what(p, table, n, err)) != PERSO_OK)
            return rc;
    }
}

enum perso_result
perso_prepare_read(struct perso_preparing *p, struct perso_prepare_table *table,
                   struct perso_input *in, perso_prepare_visit *what, struct perso_error *err)
{
    enum perso_result rc;

    while ((rc = perso_input_next(in, p->required, err)) == PERSO_OK)
        if ((rc = read_batches(p, table, in, what, err)) != PERSO_OK)
            return rc;
    return rc;
}

/* ---- first reading: what is wrong with it ---- */

void
perso_prepare_tell_row(const struct perso_origin *origin, const struct perso_verdict *verdict)
{
    struct perso_error told = { 0 };

    perso_error_set(&told, verdict->reject, perso_column_code(verdict->column), "%s",
                    verdict->note);
    perso_error_at(&told, origin->file, origin->line, origin->record);
    perso_complain(&told);
}

static enum perso_result
judge_rows(struct perso_preparing *p, struct perso_prepare_table *table, size_t n,
           struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        uint32_t bad = table->rows - table->good;
        table->rows++;
        if (p->verdicts[i].reject == PERSO_REJ_NONE) {
            table->good++;
            rc = perso_prepare_rows_add(p, &p->to_sign[i], err);
        } else if (bad < TOLD_MAX) {
            perso_prepare_tell_row(&p->origins[i], &p->verdicts[i]);
        }
        if (p->verdicts[i].reject != PERSO_REJ_NONE && bad == TOLD_MAX)
            perso_warn("%s: more rows cannot be prepared: they are counted, not told",
                       table->display);
    }
    return rc;
}

/* PERSO_END, said aloud: its file was made already, and was not withdrawn. */
static enum perso_result
check_known(struct perso_preparing *p, struct perso_prepare_table *table, struct perso_error *err)
{
    struct perso_ledger_file known, file;
    char path[PERSO_PATH_BYTES];
    enum perso_result rc =
        perso_ledger_file_find(p->job->ledger, PERSO_STAGE_PREPARE, table->sm3, &known, err);

    table->noted = rc == PERSO_OK;
    if (rc == PERSO_OK)
        rc = perso_tosign_find(p->job, known.note, &file, err);
    if (rc != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    perso_file_known(p->job, PERSO_STAGE_PREPARE, table->sm3, table->display, err);
    if (known.rows > known.cards) {
        p->job->left_out = true;
        perso_warn("%s: %u rows of it could not be prepared", table->display,
                   known.rows - known.cards);
    }
    if (memcmp(file.manifest_sm3, p->subject, sizeof p->subject) != 0)
        perso_warn("%s: made with another subject than the profile has now: withdraw it, and "
                   "prepare again",
                   file.path);
    if ((rc = perso_path_join(p->job->folder, file.path, path, sizeof path, err)) != PERSO_OK)
        return rc;
    if (access(path, F_OK) != 0)
        perso_warn("%s is not there any more: somebody took it, or withdraw it", file.path);
    return PERSO_END;
}

static enum perso_result
judge_table(struct perso_preparing *p, struct perso_prepare_table *table, struct perso_input *in,
            struct perso_error *err)
{
    const struct perso_site_store *store = &p->job->site.store;
    enum perso_result rc;

    table->bytes = in->bytes;
    memcpy(table->sm3, in->sm3, sizeof table->sm3);
    snprintf(table->display, sizeof table->display, "%s", in->display);
    if ((rc = check_known(p, table, err)) != PERSO_OK) {
        if (rc == PERSO_END)
            table->path = NULL;
        return rc == PERSO_END ? PERSO_OK : rc;
    }
    table->first = perso_prepare_rows_count(p);
    if ((rc = perso_prepare_read(p, table, in, judge_rows, err)) == PERSO_END &&
        (rc = perso_input_finish(in, p->options->rows, err)) == PERSO_OK)
        rc = store->file_claim(store->self, p->job->name, PERSO_STAGE_PREPARE, table->sm3, err);
    if (rc == PERSO_REJECT)
        perso_error_at(err, table->display, 0, 0);
    if (rc != PERSO_OK)
        perso_prepare_rows_cut(p, table->first);
    snprintf(table->encoding, sizeof table->encoding, "%s", in->charset);
    return rc;
}

static enum perso_result
judge_file(struct perso_preparing *p, struct perso_prepare_table *table, struct perso_error *err)
{
    struct perso_error why = { 0 };
    struct perso_input *in = calloc(1, sizeof *in);
    enum perso_result rc;

    if (in == NULL)
        return perso_error_errno(err, "memory");
    rc = perso_opening_input(p->job, PERSO_STAGE_PREPARE, table->path, &p->job->profile.application,
                             p->options->encoding, in, err);
    if (rc == PERSO_OK) {
        rc = judge_table(p, table, in, &why);
        if (rc == PERSO_REJECT) {
            rc = perso_file_refuse_unread(p->job, PERSO_STAGE_PREPARE, in->display, &why, err);
            table->path = NULL;
        } else if (rc != PERSO_OK) {
            *err = why;
        }
    } else if (rc == PERSO_END) {
        table->path = NULL;
        rc = PERSO_OK;
    }
    perso_input_close(in);
    free(in);
    return rc;
}

/* The same bytes under two names are one file. */
static void
drop_twice(struct perso_preparing *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; p->tables[i].path != NULL && k < i; k++)
            if (p->tables[k].path != NULL &&
                memcmp(p->tables[k].sm3, p->tables[i].sm3, PERSO_SM3_BYTES) == 0)
                p->tables[i].path = NULL;
}

/* ---- a command ---- */

static uint32_t
left_out(const struct perso_prepare_table *table)
{
    return table->rows - table->good - table->again;
}

static void
tell_tables(const struct perso_preparing *p)
{
    struct perso_say *say = &p->job->say;

    for (size_t i = 0; i < p->n; i++) {
        if (p->tables[i].path == NULL)
            continue;
        perso_say_begin(say, "prepare");
        perso_say_text(say, "file", p->tables[i].display);
        perso_say_number(say, "rows", p->tables[i].rows);
        perso_say_number(say, "to sign", p->tables[i].good);
        if (p->tables[i].again > 0)
            perso_say_number(say, "doubled", p->tables[i].again);
        perso_say_number(say, "left out", left_out(&p->tables[i]));
        perso_say_end(say);
    }
}

static enum perso_result
prepare(struct perso_preparing *p, struct perso_error *err)
{
    uint64_t good = 0;
    size_t left = 0, fresh = 0;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++)
        rc = judge_file(p, &p->tables[i], err);
    if (rc != PERSO_OK)
        return rc;
    drop_twice(p);
    if ((rc = perso_prepare_rows_judge(p, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; i < p->n; i++)
        if (p->tables[i].path != NULL) {
            p->tables[i].good -= p->tables[i].again;
            p->job->left_out = p->job->left_out || left_out(&p->tables[i]) > 0;
            good += p->tables[i].good;
            fresh += !p->tables[i].noted;
            left++;
        }
    if (left == 0)
        return PERSO_OK;
    tell_tables(p);
    if (good > 0)
        return perso_prepare_write(p, err);
    return fresh > 0 ? perso_prepare_note(p, err) : PERSO_OK;
}

static enum perso_result
begin(struct perso_preparing *p, const char *const *paths, struct perso_error *err)
{
    const struct perso_profile *profile = &p->job->profile;
    enum perso_result rc;

    if (perso_role_stage_find(p->job->role, PERSO_STAGE_INGEST) == NULL ||
        perso_job_reads(p->job, PERSO_STAGE_INGEST, "FWD") != NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "role %s has no key-generation output",
                               _(p->job->role->name));
    if (perso_form_of(profile) != PERSO_FORM_SIG)
        return perso_error_set(err, PERSO_REJ_NONE, "form",
                               "profile %s has %s: only of the form sig the cards sign apart",
                               p->job->conf.profile, profile->form);
    if (!perso_sm3_of(profile->subject, strlen(profile->subject), p->subject))
        return perso_error_openssl(err, "SM3");
    if ((rc = perso_rules_of_ingest(profile, p->job->conf.division, &p->rules, err)) != PERSO_OK)
        return rc;
    perso_prepare_columns(&p->rules, p->required);
    if ((p->tables = calloc(p->n, sizeof *p->tables)) == NULL)
        return perso_error_errno(err, "memory");
    for (size_t i = 0; i < p->n; i++)
        p->tables[i].path = paths[i];
    return PERSO_OK;
}

enum perso_result
perso_drive_prepare(struct perso_job *job, const char *const *paths, size_t n,
                    const struct perso_file_options *options, struct perso_error *err)
{
    struct perso_preparing *p = calloc(1, sizeof *p);
    enum perso_result rc;

    if (p == NULL)
        return perso_error_errno(err, "memory");
    p->job = job;
    p->options = options;
    p->n = n;
    if ((rc = perso_prepare_rows_new(p, err)) == PERSO_OK &&
        (rc = begin(p, paths, err)) == PERSO_OK)
        rc = prepare(p, err);
    perso_prepare_rows_free(p);
    free(p->tables);
    free(p);
    return rc;
}
