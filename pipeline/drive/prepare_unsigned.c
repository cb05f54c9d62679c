/* Which tables of a job of the form sig nobody has signed yet. */
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/prepare.h"
#include "pipeline/file/incoming.h"
#include "pipeline/file/input.h"
#include "pipeline/job/party.h"
#include "pipeline/job/path.h"
#include "pipeline/job/rules.h"

static bool
in_signed(const struct perso_job *job, const char *path)
{
    char folder[PERSO_PATH_BYTES];
    struct perso_error ignored = { 0 };

    return perso_path_join(job->folder, "in/signed", folder, sizeof folder, &ignored) == PERSO_OK &&
           strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/';
}

/* In any row of any table of it that can be read. */
static bool
has_signature(struct perso_job *job, struct perso_input *in)
{
    struct perso_row *rows = calloc(PERSO_BATCH_RECORDS, sizeof *rows);
    struct perso_cells *cells = calloc(PERSO_BATCH_RECORDS, sizeof *cells);
    struct perso_error ignored = { 0 };
    bool has = false;
    size_t n = 0;

    while (rows != NULL && cells != NULL && !has &&
           perso_input_next(in, NULL, &ignored) == PERSO_OK)
        do {
            perso_arena_reset(job->arena);
            n = 0;
            if (perso_input_rows(in, job->arena, rows, cells, PERSO_BATCH_RECORDS, &n, &ignored) !=
                PERSO_OK)
                break;
            for (size_t i = 0; !has && i < n; i++)
                has = cells[i].known[PERSO_COL_QM].bytes > 0;
        } while (!has);
    free(rows);
    free(cells);
    return has;
}

/* Its cards will not come. With another subject than the profile has now it was withdrawn to be
 * made again. */
static bool
is_withdrawn(struct perso_job *job, const struct perso_input *in)
{
    const char *subject = job->profile.subject;
    struct perso_ledger_file known, file = { .id = 0 };
    struct perso_error ignored = { 0 };
    uint8_t sm3[PERSO_SM3_BYTES];

    if (perso_ledger_file_find(job->ledger, PERSO_STAGE_PREPARE, in->sm3, &known, &ignored) !=
            PERSO_OK ||
        !perso_sm3_of(subject, strlen(subject), sm3))
        return false;
    while (perso_ledger_file_next(job->ledger, &file, &ignored) == PERSO_OK)
        if (file.outgoing && strcmp(file.path, known.note) == 0)
            return file.status == PERSO_FILE_WITHDRAWN &&
                   memcmp(file.manifest_sm3, sm3, sizeof sm3) == 0;
    return false;
}

enum perso_signed_form
perso_drive_signed_form(struct perso_job *job, const char *path)
{
    struct perso_input *in = calloc(1, sizeof *in);
    struct perso_ledger_file known;
    struct perso_error ignored = { 0 };
    char kind[4] = "";
    enum perso_signed_form ret = PERSO_TABLE_READY;

    if (in != NULL && perso_form_of(&job->profile) == PERSO_FORM_SIG &&
        perso_job_reads(job, PERSO_STAGE_INGEST, "FWD") == NULL && !in_signed(job, path) &&
        perso_incoming_kind(path, kind, &ignored) == PERSO_END &&
        perso_input_open(job, path, &job->profile.application, "", in, &ignored) == PERSO_OK &&
        perso_ledger_file_find(job->ledger, PERSO_STAGE_INGEST, in->sm3, &known, &ignored) !=
            PERSO_OK &&
        !has_signature(job, in))
        ret = is_withdrawn(job, in) ? PERSO_TABLE_WITHDRAWN : PERSO_TABLE_UNSIGNED;
    if (in != NULL)
        perso_input_close(in);
    free(in);
    return ret;
}
