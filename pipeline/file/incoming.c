#include "pipeline/file/incoming.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/file/known.h"
#include "pipeline/file/side.h"
#include "pipeline/job/path.h"

#define SECRETS "certificates.csv"

static const struct perso_archive_limits limits = { PERSO_PACKAGE_MEMBERS,
                                                    PERSO_ARCHIVE_ENTRY_BYTES,
                                                    PERSO_ARCHIVE_TOTAL_BYTES };

static enum perso_result
check_whose(const struct perso_job *job, const struct perso_reading *reading,
            const struct perso_manifest *m, struct perso_error *err)
{
    if (strcmp(m->recipient, job->site.conf.site_name) != 0)
        return perso_error_set(err, PERSO_REJ_PACKAGE_RECIPIENT, "recipient", "have %s, want %s",
                               m->recipient, job->site.conf.site_name);
    if ((!reading->other_batch && strcmp(m->batch, job->conf.batch) != 0) ||
        strcmp(m->division, job->conf.division) != 0 || strcmp(m->vendor, job->conf.vendor) != 0 ||
        m->mode != (int)job->conf.mode)
        return perso_error_set(err, PERSO_REJ_FILE_OTHER_JOB, "batch",
                               "have %s-%s-%s mode %d, want %s mode %u", m->vendor, m->division,
                               m->batch, m->mode, job->name, job->conf.mode);
    return PERSO_OK;
}

/* The package of this number that is known: a replay, or other content under a used number. */
static enum perso_result
check_used(struct perso_job *job, const struct perso_incoming *in,
           const struct perso_ledger_file *before, struct perso_error *err)
{
    /* Packed anew, but the same manifest lists the same members: a replay. */
    if (memcmp(before->manifest_sm3, in->manifest_sm3, PERSO_SM3_BYTES) == 0)
        return perso_file_known(job, in->reading->stage, before->sm3, in->display, err);
    return perso_error_set(err, PERSO_REJ_PACKAGE_SEQUENCE, "sequence", "have %u",
                           in->view.manifest.sequence);
}

/* Numbers that the sender withdrew never come: the chain of digests tells whether one is missing.
 */
static enum perso_result
check_chain(struct perso_job *job, const struct perso_incoming *in, uint32_t last,
            struct perso_error *err)
{
    const struct perso_manifest *m = &in->view.manifest;
    struct perso_ledger_file before = { 0 };
    enum perso_result rc = PERSO_OK;

    if (last > 0)
        rc = perso_ledger_file_number(job->ledger, false, m->kind, m->sender, last, &before, err);
    if (rc != PERSO_OK)
        return rc;
    if (m->sequence < last)
        return perso_error_set(err, PERSO_REJ_PACKAGE_SEQUENCE, "sequence",
                               "have %u, which never was before %u", m->sequence, last);
    if (last > 0 && m->has_previous &&
        memcmp(m->previous, before.manifest_sm3, PERSO_SM3_BYTES) == 0)
        return PERSO_OK;
    if (last == 0 && !m->has_previous)
        return PERSO_OK;
    if (m->sequence == last + 1)
        return perso_error_set(err, PERSO_REJ_PACKAGE_SEQUENCE, "previous",
                               "not the package before %u that is known here", m->sequence);
    if (m->sequence == last + 2)
        perso_error_set(err, PERSO_REJ_NONE, "sequence", "have %u: waits for %s %u of %s",
                        m->sequence, m->kind, last + 1, m->sender);
    else
        perso_error_set(err, PERSO_REJ_NONE, "sequence", "have %u: waits for %s %u to %u of %s",
                        m->sequence, m->kind, last + 1, m->sequence - 1, m->sender);
    return PERSO_RETRY;
}

/* An RA may have numbers for others: a gap only warns, late ones are taken. */
static enum perso_result
check_gap(struct perso_job *job, const struct perso_incoming *in, uint32_t last,
          struct perso_error *err)
{
    const struct perso_manifest *m = &in->view.manifest;
    struct perso_ledger_file before;
    enum perso_result rc;

    if (m->sequence > 1) {
        rc = perso_ledger_file_number(job->ledger, false, m->kind, m->sender, m->sequence - 1,
                                      &before, err);
        if (rc == PERSO_OK && m->has_previous &&
            memcmp(m->previous, before.manifest_sm3, PERSO_SM3_BYTES) != 0)
            return perso_error_set(err, PERSO_REJ_PACKAGE_SEQUENCE, "previous",
                                   "not the package before %u that is known here", m->sequence);
        if (rc != PERSO_OK && rc != PERSO_END)
            return rc;
    }
    if (m->sequence > last + 1)
        perso_warn("%s: sequence: have %u after %u: packages between are not here", in->display,
                   m->sequence, last);
    return PERSO_OK;
}

/* Of another batch, as the note of its row tells it. */
static void
number_elsewhere(const struct perso_manifest *m, char *out, size_t max)
{
    snprintf(out, max, "%s-%04u", m->batch, m->sequence);
}

/* Packages about cards of other batches: a number is one of its batch. */
static enum perso_result
check_elsewhere(struct perso_job *job, const struct perso_incoming *in, struct perso_error *err)
{
    const struct perso_manifest *m = &in->view.manifest;
    struct perso_ledger_file file = { .id = 0 };
    char number[64];
    enum perso_result rc;

    number_elsewhere(m, number, sizeof number);
    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (!file.outgoing && file.status != PERSO_FILE_REFUSED &&
            strcmp(file.kind, m->kind) == 0 && strcmp(file.party, m->sender) == 0 &&
            strcmp(file.note, number) == 0)
            return check_used(job, in, &file, err);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
check_sequence(struct perso_job *job, const struct perso_incoming *in, struct perso_error *err)
{
    const struct perso_manifest *m = &in->view.manifest;
    struct perso_ledger_file before;
    uint32_t last = 0;
    enum perso_result rc;

    if (in->reading->other_batch)
        return check_elsewhere(job, in, err);
    rc =
        perso_ledger_file_number(job->ledger, false, m->kind, m->sender, m->sequence, &before, err);

    if (rc == PERSO_OK)
        return check_used(job, in, &before, err);
    if (rc != PERSO_END || (rc = perso_ledger_file_last(job->ledger, false, m->kind, m->sender,
                                                        &last, err)) != PERSO_OK)
        return rc;
    return in->reading->gap_waits ? check_chain(job, in, last, err) : check_gap(job, in, last, err);
}

static enum perso_result
check_signature(const struct perso_site *site, const char *path, const char *party,
                const struct perso_package_view *view, struct perso_error *err)
{
    uint8_t signature[PERSO_SIGNATURE_DER_BYTES];
    struct perso_peer peer;
    size_t n = 0;
    enum perso_result rc;

    if (!perso_site_knows_peer(site, party))
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "sender",
                               "no certificate of %s: put the file that it gave you at "
                               "%s/%s/%s.cer",
                               party, site->folder, site->conf.peers, party);
    if ((rc = perso_side_read(path, ".sig", sizeof signature, signature, &n, err)) != PERSO_OK ||
        (rc = perso_site_peer(site, party, &peer, err)) != PERSO_OK)
        return rc;
    return perso_peer_verify(&peer, perso_cursor_of(view->manifest_json, view->manifest_n),
                             perso_cursor_of(signature, n), err);
}

static enum perso_result
wrong_sender(const char *have, const char *want, struct perso_error *err)
{
    return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "sender", "have %s, want %s", have, want);
}

/* A known peer may bring the first cards of a job, but not one who plays another part in it. Where
 * there are cards already they are somebody else's: the sender would get what is made of them. */
static enum perso_result
check_first(struct perso_job *job, const struct perso_manifest *m, struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc = perso_ledger_counts(job->ledger, counts, err);

    if (rc != PERSO_OK)
        return rc;
    if (strcmp(m->sender, job->conf.ra) == 0 || strcmp(m->sender, job->conf.machine) == 0 ||
        strcmp(m->sender, job->conf.centre) == 0)
        return perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "sender",
                               "%s has another part in this job", m->sender);
    for (int i = 1; i < PERSO_STATE_COUNT; i++)
        if (counts[i] > 0)
            return wrong_sender(m->sender, job->conf.vendor, err);
    return PERSO_OK;
}

static enum perso_result
check_sender(struct perso_job *job, const struct perso_manifest *m, struct perso_error *err)
{
    char party[PERSO_PARTY_BYTES];
    enum perso_result rc = perso_job_party(job, m->kind, party, err);

    if (rc != PERSO_OK)
        return rc;
    if (party[0] == '\0')
        return check_first(job, m, err);
    return strcmp(m->sender, party) == 0 ? PERSO_OK : wrong_sender(m->sender, party, err);
}

static enum perso_result
check_package(struct perso_job *job, enum perso_stage stage, const char *path,
              struct perso_incoming *in, struct perso_error *err)
{
    struct perso_source source = perso_file_source(in->file);
    const struct perso_manifest *m = &in->view.manifest;
    enum perso_result rc;

    if (in->bytes == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "empty file");
    if ((rc = perso_package_check(&source, &in->view, err)) != PERSO_OK ||
        (rc = check_signature(&job->site, path, m->sender, &in->view, err)) != PERSO_OK)
        return rc;
    if ((in->reading = perso_job_reads(job, stage, m->kind)) == NULL)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "kind",
                               "%s: %s of role %s does not read it", m->kind,
                               perso_stage_name(stage), job->role->name);
    if ((rc = check_sender(job, m, err)) != PERSO_OK ||
        (rc = check_whose(job, in->reading, m, err)) != PERSO_OK)
        return rc;
    if (!perso_sm3_of(in->view.manifest_json, in->view.manifest_n, in->manifest_sm3))
        return perso_error_openssl(err, "SM3");
    if ((rc = check_sequence(job, in, err)) != PERSO_OK)
        return rc;
    if (!perso_date_read(m->date, &in->date_s))
        return perso_error_set(err, PERSO_REJ_MANIFEST_SYNTAX, "date", "no such date");
    return in->reading->secrets ? perso_side_seal(&job->site, path, &in->seal, err) : PERSO_OK;
}

enum perso_result
perso_incoming_kind(const char *path, char kind[4], struct perso_error *err)
{
    struct perso_file_source *file = NULL;
    struct perso_archive *archive = NULL;
    struct perso_manifest *manifest = calloc(1, sizeof *manifest);
    uint8_t *json = calloc(1, PERSO_MANIFEST_BYTES + 1);
    struct perso_error ignored = { 0 };
    struct perso_source source, member;
    const char *name = NULL;
    size_t n = 0;
    enum perso_result rc =
        manifest != NULL && json != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    if (rc == PERSO_OK && (rc = perso_file_source_open(path, &file, err)) == PERSO_OK) {
        source = perso_file_source(file);
        rc = PERSO_END; /* whatever is wrong with it is its reader's to say */
        /* A package begins with its manifest: a large archive of tables is not walked for it. */
        if (perso_archive_open(&source, &limits, &archive, &ignored) == PERSO_OK &&
            perso_archive_next(archive, &name, &member, &ignored) == PERSO_OK &&
            strcmp(name, "manifest.json") == 0) {
            perso_source_fill(&member, json, PERSO_MANIFEST_BYTES + 1, &n, &ignored);
            bool good =
                perso_manifest_read(perso_cursor_of(json, n), manifest, &ignored) == PERSO_OK;
            snprintf(kind, 4, "%s", good ? manifest->kind : "?");
            rc = PERSO_OK;
        }
    }
    perso_archive_free(archive);
    perso_file_source_close(file);
    free(manifest);
    free(json);
    return rc;
}

enum perso_result
perso_incoming_open(struct perso_job *job, enum perso_stage stage, const char *path,
                    struct perso_incoming *ret, struct perso_error *err)
{
    enum perso_result rc;

    *ret = (struct perso_incoming) { 0 };
    perso_job_display(job, path, ret->display, sizeof ret->display);
    if ((rc = perso_digest_source_new(&ret->digest, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_file_name_check(ret->display, err)) == PERSO_OK &&
        (rc = perso_file_source_open(path, &ret->file, err)) == PERSO_OK) {
        struct perso_source source = perso_file_source(ret->file);
        ret->bytes = perso_file_source_bytes(ret->file);
        if ((rc = perso_source_sm3(&source, ret->sm3, NULL, err)) == PERSO_OK &&
            (rc = perso_file_source_rewind(ret->file, err)) == PERSO_OK)
            rc = perso_file_known(job, stage, ret->sm3, ret->display, err);
        if (rc == PERSO_OK)
            rc = check_package(job, stage, path, ret, err);
    }
    if (rc == PERSO_REJECT || rc == PERSO_RETRY)
        perso_error_at(err, ret->display, 0, 0);
    return rc;
}

enum perso_result
perso_incoming_first(const struct perso_site *site, const char *path, struct perso_manifest *ret,
                     struct perso_error *err)
{
    struct perso_package_view view = { 0 };
    struct perso_file_source *file = NULL;
    enum perso_result rc = perso_file_source_open(path, &file, err);

    if (rc == PERSO_OK) {
        struct perso_source source = perso_file_source(file);
        if ((rc = perso_package_check(&source, &view, err)) == PERSO_OK &&
            strcmp(view.manifest.sender, site->conf.site_name) == 0)
            rc = perso_error_set(err, PERSO_REJ_PACKAGE_SIGNER, "sender",
                                 "%s is this site: the package is for %s", site->conf.site_name,
                                 view.manifest.recipient);
        else if (rc == PERSO_OK)
            rc = check_signature(site, path, view.manifest.sender, &view, err);
        if (rc == PERSO_OK && strcmp(view.manifest.recipient, site->conf.site_name) != 0)
            rc = perso_error_set(err, PERSO_REJ_PACKAGE_RECIPIENT, "recipient", "have %s, want %s",
                                 view.manifest.recipient, site->conf.site_name);
        /* A vendor that is known by its name sends its own applications. */
        if (rc == PERSO_OK && strcmp(view.manifest.kind, "APP") == 0 &&
            strcmp(view.manifest.sender, view.manifest.vendor) != 0 &&
            perso_site_knows_peer(site, view.manifest.vendor))
            rc = wrong_sender(view.manifest.sender, view.manifest.vendor, err);
        *ret = view.manifest;
    }
    if (rc == PERSO_REJECT || rc == PERSO_RETRY)
        perso_error_at(err, path, 0, 0);
    perso_package_view_free(&view);
    perso_file_source_close(file);
    return rc;
}

void
perso_incoming_file(const struct perso_incoming *in, struct perso_ledger_file *ret)
{
    const struct perso_manifest *m = &in->view.manifest;

    *ret = (struct perso_ledger_file) { .stage = in->reading->stage,
                                        .sequence = m->sequence,
                                        .final = m->final,
                                        .date_s = in->date_s,
                                        .encoding = "utf-8" };
    snprintf(ret->kind, sizeof ret->kind, "%s", m->kind);
    snprintf(ret->party, sizeof ret->party, "%s", m->sender);
    if (in->reading->other_batch) {
        ret->sequence = 0;
        number_elsewhere(m, ret->note, sizeof ret->note);
    }
    memcpy(ret->manifest_sm3, in->manifest_sm3, sizeof ret->manifest_sm3);
}

enum perso_result
perso_incoming_table(struct perso_incoming *in, const char *member,
                     const enum perso_column *required, struct perso_error *err)
{
    const struct perso_table_options options = { .charset = PERSO_UTF8,
                                                 .delimiter = ',',
                                                 .quotes = true,
                                                 .required = required,
                                                 .file = in->display };
    struct perso_source source = perso_file_source(in->file), raw;
    enum perso_result rc;

    perso_table_free(in->table);
    perso_archive_free(in->archive);
    in->table = NULL;
    in->archive = NULL;
    if ((in->member = perso_manifest_find(&in->view.manifest, member)) == NULL)
        return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, member, "not in the package");
    if ((rc = perso_file_source_rewind(in->file, err)) != PERSO_OK ||
        (rc = perso_archive_open(&source, &limits, &in->archive, err)) != PERSO_OK ||
        (rc = perso_package_seek(in->archive, member, &raw, err)) != PERSO_OK)
        return rc;
    in->source = perso_digest_source_of(&in->digest, &raw);
    perso_progress_end(&in->progress);
    perso_progress_begin(&in->progress, in->display, in->member->rows);
    return perso_table_open(&in->source, &options, &in->table, err);
}

static enum perso_result
check_end(struct perso_incoming *in, struct perso_error *err)
{
    uint8_t sm3[PERSO_SM3_BYTES];
    enum perso_result rc = perso_digest_source_end(&in->digest, sm3, err);

    if (rc != PERSO_OK)
        return rc;
    if (memcmp(sm3, in->member->sm3, sizeof sm3) != 0)
        return perso_error_set(err, PERSO_REJ_FILE_DIGEST, in->member->name,
                               "changed while it was read");
    if (perso_table_rows(in->table) != in->member->rows)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, in->member->name, "have %u rows, want %u",
                               perso_table_rows(in->table), in->member->rows);
    return PERSO_END;
}

/* Sealed ones come in one table only: in any other they would be stored as they are. */
static void
drop_secrets(struct perso_cells *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cells[i].known[PERSO_COL_GLYPIN] = cells[i].known[PERSO_COL_ZKMY] =
            (struct perso_text) { "", 0 };
}

enum perso_result
perso_incoming_rows(struct perso_incoming *in, struct perso_arena *arena, struct perso_row *rows,
                    struct perso_cells *cells, size_t max, size_t *n, struct perso_error *err)
{
    const struct perso_layout *layout = perso_table_layout(in->table);
    enum perso_result rc = perso_table_read(in->table, arena, rows, max, n, err);

    if (rc == PERSO_OK)
        perso_progress_add(&in->progress, *n);
    if (rc == PERSO_END)
        rc = check_end(in, err);
    else
        for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
            rc = perso_cells_of_row(layout, &rows[i], arena, &cells[i], err);
    if (rc == PERSO_OK && strcmp(in->member->name, SECRETS) != 0)
        drop_secrets(cells, *n);
    if (rc == PERSO_REJECT)
        perso_error_at(err, in->display, 0, 0);
    return rc;
}

void
perso_incoming_close(struct perso_incoming *in)
{
    perso_progress_end(&in->progress);
    perso_table_free(in->table);
    perso_archive_free(in->archive);
    perso_package_view_free(&in->view);
    perso_seal_free(in->seal);
    perso_file_source_close(in->file);
    perso_digest_source_free(&in->digest);
    in->table = NULL;
    in->archive = NULL;
    in->seal = NULL;
    in->file = NULL;
}
