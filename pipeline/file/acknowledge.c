#include "pipeline/file/acknowledge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/encode.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/file/output.h"
#include "pipeline/job/path.h"

static enum perso_result
write_json(const struct perso_job *job, const struct perso_ledger_file *file, char **ret, size_t *n,
           struct perso_error *err)
{
    char sm3[2 * PERSO_SM3_BYTES + 1];
    FILE *out = open_memstream(ret, n);

    if (out == NULL)
        return perso_error_errno(err, "memory");
    perso_hex_lower(file->sm3, sizeof file->sm3, sm3);
    fprintf(out, "{\n  \"cards\": %u,\n  \"date\": \"%s\",\n", file->cards, job->conf.date);
    fprintf(out, "  \"format\": \"persoline-ack-1\",\n  \"package\": ");
    perso_json_string(out, perso_path_name(file->path));
    fprintf(out, ",\n  \"recipient\": ");
    perso_json_string(out, file->party);
    fprintf(out, ",\n  \"sender\": ");
    perso_json_string(out, job->site.conf.site_name);
    fprintf(out, ",\n  \"sequence\": %u,\n  \"sm3\": \"%s\"\n}\n", file->sequence, sm3);
    return fclose(out) == 0 ? PERSO_OK : perso_error_errno(err, "memory");
}

static enum perso_result
acknowledge(struct perso_job *job, const char *folder, const struct perso_ledger_file *file,
            struct perso_error *err)
{
    char name[PERSO_MEMBER_NAME_BYTES], path[PERSO_PATH_BYTES], *json = NULL;
    size_t n = 0;
    enum perso_result rc;

    snprintf(name, sizeof name, "ACK-%s-%s-%s-%04u.json", file->kind, job->conf.division,
             job->conf.batch, file->sequence);
    if ((rc = perso_path_join(folder, name, path, sizeof path, err)) != PERSO_OK ||
        access(path, F_OK) == 0)
        return rc;
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
    struct perso_ledger_file file;
    char folder[PERSO_PATH_BYTES];
    int64_t after = 0;
    size_t n;
    enum perso_result rc = perso_job_folder(job, "out/ra", folder, err);

    while (rc == PERSO_OK &&
           (rc = perso_ledger_files(job->ledger, after, 1, &file, &n, err)) == PERSO_OK) {
        after = file.id;
        if (!file.outgoing && file.stage == stage && file.status == PERSO_FILE_ACCEPTED)
            rc = acknowledge(job, folder, &file, err);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
