/*
 * Purge: personal data leave a finished job and its site (LD/T 03-2022 8.2.1 e); keys, card ids,
 * keyed MACs, events and digests stay (6.5.2). In this order, each step safe to repeat:
 *   intent durable in the ledger; MACs of the persons to the site; the list of the operator's
 * files; the ledger notes that payloads may be gone; outputs go; payloads go; settled entries of
 * the cupboard lose theirs; the ledger notes the end; the site notes it.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/sm2/sm3.h"
#include "formats/text/write.h"
#include "perso/text.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/finish.h"
#include "pipeline/drive/purge_files.h"
#include "pipeline/drive/purge_macs.h"
#include "pipeline/file/output.h"
#include "pipeline/job/purged.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/stream.h"

#define HEX_CHARS (2 * PERSO_SM3_BYTES)

struct purging {
    struct perso_job *job;
    struct perso_purge_files own, theirs;
    uint64_t n_records, payload_bytes;
    uint32_t n_cards;
    char digest[HEX_CHARS + 1];
};

/* ---- what there is to purge ---- */

static enum perso_result
count(struct purging *p, struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc =
        perso_ledger_payloads(p->job->ledger, &p->n_records, &p->payload_bytes, err);

    if (rc != PERSO_OK || (rc = perso_ledger_counts(p->job->ledger, counts, err)) != PERSO_OK)
        return rc;
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        p->n_cards += counts[i];
    return PERSO_OK;
}

/* SM3 of a text: job, number and digest of its last event, then a line for each file. */
static enum perso_result
take_digest(struct purging *p, struct perso_error *err)
{
    uint8_t head[PERSO_SM3_BYTES] = { 0 }, sm3[PERSO_SM3_BYTES];
    char hex[HEX_CHARS + 1], *text = NULL;
    int64_t event = 0;
    size_t n = 0;
    struct perso_stream stream;
    enum perso_result rc = perso_ledger_head(p->job->ledger, &event, head, err);

    if (rc != PERSO_OK || (rc = perso_stream_open(&stream, err)) != PERSO_OK)
        return rc;
    FILE *out = stream.out;
    perso_hex_lower(head, sizeof head, hex);
    fprintf(out, "persoline purge\n%s\n%lld %s\n", p->job->name, (long long)event, hex);
    for (size_t i = 0; i < p->own.n; i++) {
        perso_hex_lower(p->own.files[i].sm3, PERSO_SM3_BYTES, hex);
        fprintf(out, "%s\t%llu\t%s\n", p->own.files[i].path,
                (unsigned long long)p->own.files[i].bytes, hex);
    }
    rc = perso_stream_close(&stream, PERSO_OK, &text, &n, err);
    if (rc == PERSO_OK && !perso_sm3_of(text, n, sm3))
        rc = perso_error_openssl(err, "SM3");
    if (rc == PERSO_OK)
        perso_hex_lower(sm3, sizeof sm3, p->digest);
    free(text);
    return rc;
}

static void
tell_file(struct perso_say *say, const struct perso_purge_file *file)
{
    char hex[HEX_CHARS + 1];

    perso_hex_lower(file->sm3, PERSO_SM3_BYTES, hex);
    perso_say_text(say, "file", file->path);
    perso_say_number(say, "bytes", file->bytes);
    perso_say_text(say, "SM3", hex);
    perso_say_end(say);
}

static void
tell_own(struct purging *p)
{
    for (size_t i = 0; i < p->own.n; i++) {
        perso_say_begin(&p->job->say, "to be purged");
        tell_file(&p->job->say, &p->own.files[i]);
    }
}

static void
tell_theirs(struct purging *p)
{
    for (size_t i = 0; i < p->theirs.n; i++) {
        perso_say_begin(&p->job->say, "to be destroyed by you (8.2.1 e)");
        tell_file(&p->job->say, &p->theirs.files[i]);
    }
}

static void
tell_command(struct purging *p)
{
    static const char text[] = N_("TEXT");
    char command[PERSO_PATH_BYTES + 128];

    snprintf(command, sizeof command, "persoline purge %s --digest %s --reason %s", p->job->folder,
             p->digest, p->job->say.json ? text : _(text));
    perso_say_text(&p->job->say, "digest", p->digest);
    perso_say_text(&p->job->say, "command", command);
}

static void
tell_plan(struct purging *p)
{
    struct perso_say *say = &p->job->say;

    tell_own(p);
    tell_theirs(p);
    perso_say_begin(say, "purge");
    perso_say_number(say, "cards", p->n_cards);
    perso_say_number(say, "records", p->n_records);
    perso_say_number(say, "files", p->own.n);
    perso_say_number(say, "bytes", p->own.bytes);
    perso_say_number(say, "files of yours", p->theirs.n);
    tell_command(p);
    perso_say_end(say);
}

/* ---- the operator's files ---- */

static enum perso_result
write_rows(struct perso_table_writer *w, const struct perso_purge_files *files,
           struct perso_error *err)
{
    static const uint8_t unknown[PERSO_SM3_BYTES];
    char hex[HEX_CHARS + 1];
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < files->n; i++) {
        const struct perso_purge_file *file = &files->files[i];
        perso_hex_lower(file->sm3, sizeof file->sm3, hex);
        bool known = memcmp(file->sm3, unknown, sizeof unknown) != 0;
        if ((rc = perso_writer_string(w, file->path, err)) == PERSO_OK &&
            (rc = perso_writer_number(w, file->bytes, err)) == PERSO_OK &&
            (rc = perso_writer_string(w, known ? hex : "", err)) == PERSO_OK)
            rc = perso_writer_row(w, err);
    }
    return rc;
}

static enum perso_result
write_header(struct perso_table_writer *w, struct perso_error *err)
{
    static const char *const header[] = { "file", "bytes", "SM3" };
    enum perso_result rc = perso_writer_bom(w, err);

    for (size_t i = 0; rc == PERSO_OK && i < 3; i++)
        rc = perso_writer_string(w, header[i], err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

static enum perso_result
write_theirs(struct purging *p, struct perso_error *err)
{
    struct perso_durable *file = NULL;
    struct perso_table_writer w;
    struct perso_sink sink;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc = perso_job_folder(p->job, "reports", folder, err);

    if (rc != PERSO_OK ||
        (rc = perso_output_open(p->job, folder, "purge.csv", &file, &sink, err)) != PERSO_OK)
        return rc;
    perso_writer_init(&w, sink, PERSO_UTF8, true);
    if ((rc = write_header(&w, err)) == PERSO_OK &&
        (rc = write_rows(&w, &p->theirs, err)) == PERSO_OK &&
        (rc = perso_writer_flush(&w, err)) == PERSO_OK)
        return perso_durable_commit(file, NULL, NULL, err);
    perso_durable_abandon(file);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

/* ---- steps ---- */

/* A value and an event, together. */
static enum perso_result
note(struct perso_job *job, const char *name, const char *value, const struct perso_event *event,
     struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_value_set(job->ledger, name, value, err)) == PERSO_OK &&
        (rc = job->cards.event(job->cards.self, event, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

static enum perso_result
begin(struct purging *p, const char *reason, struct perso_error *err)
{
    struct perso_event event = { .kind = "purge", .n_cards = p->n_cards };

    perso_hex_decode(p->digest, HEX_CHARS, event.digest, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "%s", reason);
    return note(p->job, "purge", p->digest, &event, err);
}

static enum perso_result
forget(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_forget(job->ledger, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

/* The list of cards to be made again has the machine's words; it is written anew without them. */
static enum perso_result
remove_outputs(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = job->options.dry_run ? PERSO_OK : perso_purge_files_remove(job, err);

    return rc == PERSO_OK ? perso_drive_remake_list(job, err) : rc;
}

/* The end in ledger and site. */
static enum perso_result
end(struct purging *p, enum perso_purge_state state, struct perso_error *err)
{
    const struct perso_site_store *store = &p->job->site.store;
    struct perso_event event = { .kind = "purged", .n_cards = p->n_cards };
    uint64_t waiting = 0;
    enum perso_result rc = store->cupboard_purge(store->self, p->job->name, &waiting, err);

    perso_hex_decode(p->digest, HEX_CHARS, event.digest, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "records %llu", (unsigned long long)p->n_records);
    if (rc == PERSO_OK && state != PERSO_PURGE_DONE)
        rc = note(p->job, "purged", "1", &event, err);
    if (rc != PERSO_OK ||
        (rc = store->job_purged_set(store->self, p->job->name, err)) != PERSO_OK ||
        (rc = perso_drive_audit_export(p->job, err)) != PERSO_OK)
        return rc;
    if (waiting > 0)
        perso_warn("%llu certificates of this job wait in the cupboard and are kept; purge again "
                   "when they are settled",
                   (unsigned long long)waiting);
    perso_say_begin(&p->job->say, p->job->options.dry_run ? N_("would purge") : N_("purged"));
    perso_say_text(&p->job->say, "job", p->job->name);
    perso_say_number(&p->job->say, "cards", p->n_cards);
    perso_say_number(&p->job->say, "records", p->n_records);
    perso_say_number(&p->job->say, "wait in the cupboard", waiting);
    perso_say_end(&p->job->say);
    return PERSO_OK;
}

static enum perso_result
take_begun(struct purging *p, struct perso_error *err)
{
    char *digest = NULL;
    enum perso_result rc = perso_ledger_value(p->job->ledger, "purge", &digest, err);

    if (rc == PERSO_OK)
        snprintf(p->digest, sizeof p->digest, "%s", digest);
    free(digest);
    return rc == PERSO_END ? PERSO_FATAL : rc;
}

/* What came back, as from a copy, goes again; what waited in the cupboard may be settled now. */
static enum perso_result
again(struct purging *p, struct perso_error *err)
{
    enum perso_result rc = take_begun(p, err);

    if (rc == PERSO_OK && (rc = remove_outputs(p->job, err)) == PERSO_OK)
        rc = perso_ledger_drop_payloads(p->job->ledger, p->job->folder, err);
    return rc == PERSO_OK ? end(p, PERSO_PURGE_DONE, err) : rc;
}

static enum perso_result
go_on(struct purging *p, struct perso_error *err)
{
    struct perso_job *job = p->job;
    enum perso_result rc = PERSO_OK;

    if (!perso_ledger_purged(job->ledger) &&
        ((rc = perso_purge_keep_macs(job, err)) != PERSO_OK ||
         (rc = write_theirs(p, err)) != PERSO_OK || (rc = forget(job, err)) != PERSO_OK))
        return rc;
    if ((rc = remove_outputs(job, err)) != PERSO_OK ||
        (rc = perso_ledger_drop_payloads(job->ledger, job->folder, err)) != PERSO_OK)
        return rc;
    tell_theirs(p);
    return end(p, PERSO_PURGE_BEGUN, err);
}

/* ---- the command ---- */

/* Whatever came after its closing is not finished, perhaps: a card, a confirmation that nobody was
 * told of. */
static enum perso_result
need_closed(struct perso_job *job, enum perso_purge_state state, struct perso_error *err)
{
    bool closed = false, since = false;
    enum perso_result rc = perso_is_closed(job, &closed, &since, err);

    if (rc != PERSO_OK || (closed && (!since || state != PERSO_PURGE_NONE)))
        return rc;
    if (closed)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s has changed since it was closed: persoline run %s, or persoline "
                               "close %s",
                               job->name, job->folder, job->folder);
    return perso_error_set(err, PERSO_REJ_NONE, "",
                           "%s is not closed: see persoline status %s, then persoline close %s",
                           job->name, job->folder, job->folder);
}

/* Nobody approved yet, or somebody did: shows what for, or does it. */
static enum perso_result
purge(struct purging *p, enum perso_purge_state state, const char *digest, const char *reason,
      struct perso_error *err)
{
    bool begun = state == PERSO_PURGE_BEGUN;
    enum perso_result rc;

    if ((rc = perso_purge_files_theirs(p->job, &p->theirs, err)) != PERSO_OK)
        return rc;
    if (begun)
        rc = take_begun(p, err);
    else if ((rc = perso_purge_files_own(p->job, &p->own, err)) == PERSO_OK)
        rc = take_digest(p, err);
    if (rc != PERSO_OK)
        return rc;
    if (digest == NULL) {
        tell_plan(p);
        p->job->waits = true;
        return PERSO_OK;
    }
    if (strcmp(digest, p->digest) != 0)
        return perso_error_set(err, PERSO_REJ_NONE, "digest",
                               "what there is to purge has another digest: see persoline purge %s",
                               p->job->folder);
    if (p->job->options.dry_run)
        tell_own(p);
    if (!begun && (rc = begin(p, reason, err)) != PERSO_OK)
        return rc;
    return go_on(p, err);
}

enum perso_result
perso_drive_purge(struct perso_job *job, const char *digest, const char *reason,
                  struct perso_error *err)
{
    struct purging p = { .job = job };
    enum perso_purge_state state = PERSO_PURGE_NONE;
    enum perso_result rc;

    if ((rc = perso_purge_state(job, &state, err)) == PERSO_OK &&
        (rc = need_closed(job, state, err)) == PERSO_OK && (rc = count(&p, err)) == PERSO_OK) {
        if (state == PERSO_PURGE_DONE)
            rc = again(&p, err);
        else
            rc = purge(&p, state, digest, reason, err);
    }
    perso_purge_files_free(&p.own);
    perso_purge_files_free(&p.theirs);
    return rc;
}
