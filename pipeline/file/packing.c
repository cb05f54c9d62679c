#include "pipeline/file/packing.h"

#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/file/output.h"
#include "pipeline/job/path.h"
#include "pipeline/store/planted.h"

static void
manifest_head(const struct perso_job *job, const char *kind, uint32_t sequence,
              struct perso_manifest *m)
{
    *m = (struct perso_manifest) { .mode = (int)job->conf.mode, .sequence = sequence };
    snprintf(m->kind, sizeof m->kind, "%.3s", kind);
    snprintf(m->sender, sizeof m->sender, "%s", job->site.conf.site_name);
    snprintf(m->division, sizeof m->division, "%s", job->conf.division);
    snprintf(m->vendor, sizeof m->vendor, "%s", job->conf.vendor);
    snprintf(m->batch, sizeof m->batch, "%s", job->conf.batch);
    snprintf(m->date, sizeof m->date, "%s", job->conf.date);
}

void
perso_packing_name(const struct perso_job *job, const char *kind, uint32_t sequence, char *out,
                   size_t max)
{
    perso_package_name_of(kind, job->conf.division, job->conf.batch, sequence, out, max);
}

/* The chain of numbers: the digest of the last manifest before this one that the peer may have
 * seen. */
static enum perso_result
take_previous(struct perso_job *job, const struct perso_ledger_file *file, struct perso_manifest *m,
              struct perso_error *err)
{
    struct perso_ledger_file before;
    enum perso_result rc = PERSO_OK;

    for (uint32_t number = m->sequence - 1; rc == PERSO_OK && number > 0; number--) {
        rc =
            perso_ledger_file_number(job->ledger, true, m->kind, file->party, number, &before, err);
        if (rc == PERSO_OK && before.status != PERSO_FILE_WITHDRAWN) {
            m->has_previous = true;
            memcpy(m->previous, before.manifest_sm3, sizeof m->previous);
            return PERSO_OK;
        }
        if (rc == PERSO_END) /* a number of another recipient */
            rc = PERSO_OK;
    }
    return rc;
}

static enum perso_result
pack(struct perso_job *job, struct perso_ledger_file *file, struct perso_manifest *manifest,
     const struct perso_package_member *members, size_t n_members,
     const struct perso_peer *recipient, struct perso_error *err)
{
    struct perso_durable *durable = NULL;
    struct perso_sink sink;
    char path[512], folder[PERSO_PATH_BYTES], *json = NULL;
    const char *name = perso_path_name(file->path);
    size_t json_n = 0;
    enum perso_result rc;

    snprintf(path, sizeof path, "%.*s", (int)(name - file->path - 1), file->path);
    if ((rc = perso_job_folder(job, path, folder, err)) != PERSO_OK ||
        (rc = perso_output_open(job, folder, name, &durable, &sink, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_package_write(manifest, members, n_members, job->date_s, &sink, &json, &json_n,
                                  err)) == PERSO_OK &&
        /* The signature stands before the package does, so that nobody sees one without it. */
        (PERSO_BUG(package_before_sides) ||
         (rc = perso_outgoing_sides(job, folder, name, perso_cursor_of(json, json_n), recipient,
                                    err)) == PERSO_OK) &&
        !perso_sm3_of(json, json_n, file->manifest_sm3))
        rc = perso_error_openssl(err, "SM3");
    if (rc == PERSO_OK)
        rc = perso_outgoing_publish(job, file, durable, err);
    else
        perso_durable_abandon(durable);
    if (rc == PERSO_OK && PERSO_BUG(package_before_sides))
        rc = perso_outgoing_sides(job, folder, name, perso_cursor_of(json, json_n), recipient, err);
    free(json);
    return rc;
}

enum perso_result
perso_packing_write(struct perso_job *job, struct perso_ledger_file *file,
                    const struct perso_package_member *members, size_t n_members, bool secrets,
                    struct perso_error *err)
{
    struct perso_manifest *manifest = calloc(1, sizeof *manifest);
    struct perso_peer peer;
    enum perso_result rc;

    if (manifest == NULL)
        return perso_error_errno(err, "memory");
    manifest_head(job, file->kind, file->sequence, manifest);
    snprintf(manifest->recipient, sizeof manifest->recipient, "%s", file->party);
    manifest->cards = file->rows;
    manifest->final = file->final;
    if ((rc = take_previous(job, file, manifest, err)) == PERSO_OK &&
        (!secrets || (rc = perso_site_peer(&job->site, file->party, &peer, err)) == PERSO_OK))
        rc = pack(job, file, manifest, members, n_members, secrets ? &peer : NULL, err);
    free(manifest);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

void
perso_packing_others(const struct perso_others *others, const char *file)
{
    if (others->left_out)
        perso_warn("%s: more than %d unknown columns: the others are left out", file,
                   PERSO_OTHERS_MAX);
}
