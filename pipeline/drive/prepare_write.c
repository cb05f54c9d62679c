#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/prepare_parts.h"
#include "pipeline/file/output.h"
#include "pipeline/file/tosign.h"
#include "pipeline/job/path.h"

/* ---- second reading: what is to be signed ---- */

static enum perso_result
write_header(struct perso_preparing *p, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = perso_writer_string(&p->writer, "AAZ501", err)) != PERSO_OK ||
        (rc = perso_writer_string(&p->writer, "QMGY", err)) != PERSO_OK ||
        (rc = perso_writer_string(&p->writer, "e", err)) != PERSO_OK)
        return rc;
    return perso_writer_row(&p->writer, err);
}

static enum perso_result
write_card(struct perso_preparing *p, const struct perso_to_sign *card, struct perso_error *err)
{
    char key[2 * PERSO_POINT_BYTES + 1], e[2 * PERSO_SM3_BYTES + 1];
    enum perso_result rc;

    perso_hex_upper(card->public_key, PERSO_POINT_BYTES, key);
    perso_hex_upper(card->e, PERSO_SM3_BYTES, e);
    if ((rc = perso_writer_string(&p->writer, card->card_id, err)) != PERSO_OK ||
        (rc = perso_writer_string(&p->writer, key, err)) != PERSO_OK ||
        (rc = perso_writer_string(&p->writer, e, err)) != PERSO_OK)
        return rc;
    p->written++;
    return perso_writer_row(&p->writer, err);
}

/* Its twin may stand in another table. The cards sign all the same: what is wrong may be put right
 * in the signed table, and ingest holds what is not. */
static void
tell_twice(const struct perso_origin *origin, enum perso_prepare_mark mark)
{
    const struct perso_verdict verdict =
        mark == PERSO_PREPARE_CARD_TWICE
            ? (struct perso_verdict) { PERSO_REJ_CARD_TWICE, PERSO_COL_AAZ501, "" }
            : (struct perso_verdict) { PERSO_REJ_KEY_TWICE, PERSO_COL_QMGY, "" };

    perso_prepare_tell_row(origin, &verdict);
}

static enum perso_result
write_rows(struct perso_preparing *p, struct perso_prepare_table *table, size_t n,
           struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        if (p->verdicts[i].reject != PERSO_REJ_NONE)
            continue;
        enum perso_prepare_mark mark = perso_prepare_rows_mark(p, table->first + table->written++);
        if (mark > PERSO_PREPARE_AGAIN)
            tell_twice(&p->origins[i], mark);
        if (mark != PERSO_PREPARE_AGAIN)
            rc = write_card(p, &p->to_sign[i], err);
    }
    return rc;
}

static enum perso_result
write_table(struct perso_preparing *p, struct perso_prepare_table *table, struct perso_error *err)
{
    struct perso_input *in = calloc(1, sizeof *in);
    enum perso_result rc;

    if (in == NULL)
        return perso_error_errno(err, "memory");
    if ((rc = perso_input_open(p->job, table->path, &p->job->profile.application,
                               p->options->encoding, in, err)) == PERSO_OK) {
        if (memcmp(in->sm3, table->sm3, sizeof table->sm3) != 0)
            rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: changed while it was read",
                                 table->display);
        else if ((rc = perso_prepare_read(p, table, in, write_rows, err)) == PERSO_END)
            rc = PERSO_OK;
    }
    perso_input_close(in);
    free(in);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static enum perso_result
write_all(struct perso_preparing *p, const struct perso_sink *sink, struct perso_error *err)
{
    enum perso_result rc;

    perso_writer_init(&p->writer, *sink, PERSO_UTF8, false);
    rc = write_header(p, err);
    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++)
        if (p->tables[i].path != NULL)
            rc = write_table(p, &p->tables[i], err);
    return rc == PERSO_OK ? perso_writer_flush(&p->writer, err) : rc;
}

/* ---- the ledger ---- */

/* A table whose file was withdrawn is in the ledger already. */
static enum perso_result
record_table(struct perso_preparing *p, const struct perso_prepare_table *table, const char *made,
             struct perso_error *err)
{
    struct perso_ledger_file file = { 0 };
    enum perso_result rc =
        perso_ledger_file_find(p->job->ledger, PERSO_STAGE_PREPARE, table->sm3, &file, err);

    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    file.stage = PERSO_STAGE_PREPARE;
    file.status = PERSO_FILE_ACCEPTED;
    file.bytes = table->bytes;
    file.rows = table->rows;
    file.cards = table->good;
    snprintf(file.kind, sizeof file.kind, "table");
    snprintf(file.path, sizeof file.path, "%s", table->display);
    snprintf(file.encoding, sizeof file.encoding, "%s", table->encoding);
    snprintf(file.note, sizeof file.note, "%.*s", (int)sizeof file.note - 1, made);
    memcpy(file.sm3, table->sm3, sizeof file.sm3);
    return file.id == 0 ? perso_ledger_file_add(p->job->ledger, &file, err)
                        : perso_ledger_file_set(p->job->ledger, &file, err);
}

static enum perso_result
record_all(struct perso_preparing *p, struct perso_ledger_file *made, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_PREPARE, .kind = "prepare" };
    uint32_t rows = 0;
    enum perso_result rc = PERSO_OK;

    if (p->written > 0)
        rc = perso_ledger_file_add(p->job->ledger, made, err);
    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++) {
        if (p->tables[i].path == NULL)
            continue;
        rows += p->tables[i].rows;
        rc = record_table(p, &p->tables[i], p->written > 0 ? made->path : "", err);
    }
    if (rc != PERSO_OK)
        return rc;
    event.file_id = made->id;
    event.n_cards = p->written;
    memcpy(event.digest, made->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "rows %u, to sign %u", rows, p->written);
    return p->job->cards.event(p->job->cards.self, &event, err);
}

/* From the commit on the file stands, whether its rename was made or not. */
static enum perso_result
record(struct perso_preparing *p, struct perso_ledger_file *made, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(p->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = record_all(p, made, err)) == PERSO_OK)
        return perso_ledger_commit(p->job->ledger, err);
    perso_ledger_rollback(p->job->ledger);
    return rc;
}

void
perso_outgoing_of_tosign(const struct perso_job *job, struct perso_outgoing *ret)
{
    (void)job;
    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_PREPARE,
                                     .kind = PERSO_TOSIGN_KIND,
                                     .party = "",
                                     .folder = PERSO_TOSIGN_FOLDER,
                                     .slot = PERSO_SLOT_BUNDLE, /* no card notes it */
                                     .name = perso_tosign_name };
}

static enum perso_result
name_file(struct perso_preparing *p, struct perso_ledger_file *ret, struct perso_error *err)
{
    char name[PERSO_MEMBER_NAME_BYTES];
    uint32_t last = 0;
    enum perso_result rc =
        perso_ledger_file_last(p->job->ledger, true, PERSO_TOSIGN_KIND, "", &last, err);

    *ret = (struct perso_ledger_file) { .stage = PERSO_STAGE_PREPARE,
                                        .outgoing = true,
                                        .status = PERSO_FILE_PLANNED,
                                        .kind = PERSO_TOSIGN_KIND,
                                        .sequence = last + 1,
                                        .date_s = p->job->date_s };
    perso_tosign_name(p->job, PERSO_TOSIGN_KIND, ret->sequence, name, sizeof name);
    snprintf(ret->path, sizeof ret->path, "%s/%s", PERSO_TOSIGN_FOLDER, name);
    memcpy(ret->manifest_sm3, p->subject, sizeof ret->manifest_sm3);
    return rc;
}

enum perso_result
perso_prepare_write(struct perso_preparing *p, struct perso_error *err)
{
    struct perso_ledger_file made;
    struct perso_outgoing what;
    struct perso_durable *out = NULL;
    struct perso_sink sink;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if ((rc = name_file(p, &made, err)) != PERSO_OK ||
        (rc = perso_job_folder(p->job, PERSO_TOSIGN_FOLDER, folder, err)) != PERSO_OK ||
        (rc = perso_output_open(p->job, folder, perso_path_name(made.path), &out, &sink, err)) !=
            PERSO_OK)
        return rc;
    if ((rc = write_all(p, &sink, err)) != PERSO_OK) {
        perso_durable_abandon(out);
        return rc;
    }
    if ((rc = perso_durable_finish(out, made.sm3, &made.bytes, err)) != PERSO_OK)
        return rc;
    made.rows = made.cards = p->written;
    if ((rc = record(p, &made, err)) != PERSO_OK) {
        perso_durable_abandon(out);
        return rc;
    }
    perso_outgoing_of_tosign(p->job, &what);
    rc = perso_durable_commit(out, NULL, NULL, err);
    return rc == PERSO_OK ? perso_outgoing_complete(p->job, &what, &made, err) : rc;
}

enum perso_result
perso_prepare_note(struct perso_preparing *p, struct perso_error *err)
{
    struct perso_ledger_file none = { 0 };

    return record(p, &none, err);
}
