/* Which tables of a job of the form sig nobody has signed yet. */
#include <stdlib.h>

#include "pipeline/drive/prepare.h"
#include "pipeline/file/incoming.h"
#include "pipeline/file/input.h"
#include "pipeline/job/party.h"
#include "pipeline/job/rules.h"

static bool
has_signature(struct perso_job *job, struct perso_input *in)
{
    struct perso_row *rows = calloc(PERSO_BATCH_RECORDS, sizeof *rows);
    struct perso_cells *cells = calloc(PERSO_BATCH_RECORDS, sizeof *cells);
    struct perso_error ignored = { 0 };
    bool has = false;
    size_t n = 0;

    perso_arena_reset(job->arena);
    if (rows != NULL && cells != NULL &&
        perso_input_rows(in, job->arena, rows, cells, PERSO_BATCH_RECORDS, &n, &ignored) ==
            PERSO_OK)
        for (size_t i = 0; !has && i < n; i++)
            has = cells[i].known[PERSO_COL_QM].bytes > 0;
    free(rows);
    free(cells);
    return has;
}

bool
perso_drive_is_unsigned(struct perso_job *job, const char *path)
{
    struct perso_input *in = calloc(1, sizeof *in);
    struct perso_ledger_file known;
    struct perso_error ignored = { 0 };
    char kind[4] = "";
    bool ret = false;

    if (in != NULL && perso_form_of(&job->profile) == PERSO_FORM_SIG &&
        perso_job_reads(job, PERSO_STAGE_INGEST, "FWD") == NULL &&
        perso_incoming_kind(path, kind, &ignored) == PERSO_END &&
        perso_input_open(job, path, &job->profile.application, "", in, &ignored) == PERSO_OK &&
        perso_ledger_file_find(job->ledger, PERSO_STAGE_INGEST, in->sm3, &known, &ignored) !=
            PERSO_OK)
        ret = perso_input_next(in, NULL, &ignored) == PERSO_OK && !has_signature(job, in);
    if (in != NULL)
        perso_input_close(in);
    free(in);
    return ret;
}
