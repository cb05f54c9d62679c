#include "pipeline/file/acknowledge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/encode.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/file/output.h"
#include "pipeline/job/party.h"
#include "pipeline/job/path.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/stream.h"

/* A package about another batch has its number in the note. */
static unsigned long
sequence_of(const struct perso_ledger_file *file)
{
    const char *dash = strrchr(file->note, '-');

    return file->sequence != 0 || dash == NULL ? file->sequence : strtoul(dash + 1, NULL, 10);
}

static enum perso_result
write_json(const struct perso_job *job, const struct perso_ledger_file *file, char **ret, size_t *n,
           struct perso_error *err)
{
    char sm3[2 * PERSO_SM3_BYTES + 1];
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *out = stream.out;

    if (rc != PERSO_OK)
        return rc;
    perso_hex_lower(file->sm3, sizeof file->sm3, sm3);
    fprintf(out, "{\n  \"cards\": %u,\n  \"date\": \"%s\",\n", file->cards, job->conf.date);
    fprintf(out, "  \"format\": \"persoline-ack-1\",\n  \"package\": ");
    perso_json_string(out, perso_path_name(file->path));
    fprintf(out, ",\n  \"recipient\": ");
    perso_json_string(out, file->party);
    fprintf(out, ",\n  \"sender\": ");
    perso_json_string(out, job->site.conf.site_name);
    fprintf(out, ",\n  \"sequence\": %lu,\n  \"sm3\": \"%s\"\n}\n", sequence_of(file), sm3);
    return perso_stream_close(&stream, PERSO_OK, ret, n, err);
}

/* A department has peers on both sides; the others have one, which looks into out/ra. */
static const struct {
    const char *role, *kind, *folder;
} places[] = {
    { "department", "APP", "out/forward" },
    { "department", "RES", "out/forward" },
};

static const char *
place_of(const struct perso_job *job, const char *kind)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].role, job->role->name) == 0 && strcmp(places[i].kind, kind) == 0)
            return places[i].folder;
    return "out/ra";
}

/* Of two stages that read one package the first acknowledges it, so that it is always the same. */
static bool
is_due(const struct perso_job *job, enum perso_stage stage, const struct perso_ledger_file *file)
{
    return !file->outgoing && file->stage == stage && file->status == PERSO_FILE_ACCEPTED &&
           perso_job_reads(job, stage, file->kind) != NULL &&
           (stage == PERSO_STAGE_INGEST ||
            perso_job_reads(job, PERSO_STAGE_INGEST, file->kind) == NULL);
}

static enum perso_result
acknowledge(struct perso_job *job, const struct perso_ledger_file *file, struct perso_error *err)
{
    char number[64]; /* BATCH-NNNN */
    char name[PERSO_MEMBER_NAME_BYTES], folder[PERSO_PATH_BYTES], path[PERSO_PATH_BYTES];
    char *json = NULL;
    size_t n = 0;
    enum perso_result rc;

    if (perso_job_reads(job, file->stage, file->kind)->other_batch)
        snprintf(number, sizeof number, "%.60s", file->note);
    else
        snprintf(number, sizeof number, "%s-%04u", job->conf.batch, file->sequence);
    snprintf(name, sizeof name, "ACK-%s-%s-%s.json", file->kind, job->conf.division, number);
    if ((rc = perso_job_folder(job, place_of(job, file->kind), folder, err)) != PERSO_OK ||
        (rc = perso_path_join(folder, name, path, sizeof path, err)) != PERSO_OK)
        return rc;
    if (access(path, F_OK) == 0) /* whoever wrote it may have been cut off before its fsync */
        return job->options.dry_run ? PERSO_OK : perso_durable_sync(folder, err);
    if ((rc = write_json(job, file, &json, &n, err)) == PERSO_OK &&
        (rc = perso_outgoing_sides(job, folder, name, perso_cursor_of(json, n), NULL, err)) ==
            PERSO_OK)
        rc = perso_output_write(job, folder, name, json, n, err);
    free(json);
    return rc;
}

enum perso_result
perso_acknowledge_all(struct perso_job *job, enum perso_stage stage, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc = PERSO_OK;

    while (rc == PERSO_OK && (rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (is_due(job, stage, &file))
            rc = acknowledge(job, &file, err);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
