#include "pipeline/file/tosign.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/identity/card.h"
#include "formats/text/table.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"

void
perso_tosign_name(const struct perso_job *job, const char *kind, uint32_t sequence, char *out,
                  size_t max)
{
    (void)job, (void)kind;
    if (sequence == 1)
        snprintf(out, max, "tosign.csv");
    else
        snprintf(out, max, "tosign-%04u.csv", sequence);
}

static bool
is_tosign(const struct perso_ledger_file *file)
{
    return file->outgoing && strcmp(file->kind, PERSO_TOSIGN_KIND) == 0 &&
           file->status != PERSO_FILE_WITHDRAWN;
}

enum perso_result
perso_tosign_find(struct perso_job *job, const char *path, struct perso_ledger_file *ret,
                  struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (is_tosign(&file) && strcmp(file.path, path) == 0) {
            *ret = file;
            return PERSO_OK;
        }
    }
    return rc;
}

/* ---- cards that did not come ---- */

struct looking {
    struct perso_job *job;
    int64_t tosign; /* the file's id */
    struct perso_file_source *file;
    struct perso_table *table;
    struct perso_arena *arena;
    struct perso_row *rows; /* PERSO_BATCH_RECORDS */
};

/* One that is held was to sign anew, unless it is for what came after the file was made. */
static enum perso_result
has_card(const struct looking *l, struct perso_text cell, bool *ret, struct perso_error *err)
{
    struct perso_job *job = l->job;
    char card_id[PERSO_CARD_ID_CHARS + 1];
    struct perso_stored_record record;
    struct perso_card card;
    enum perso_result rc = PERSO_END;

    if (perso_card_id_read(cell, card_id))
        rc = perso_ledger_card_find(job->ledger, card_id, &card, err);
    *ret = rc == PERSO_OK;
    if (rc != PERSO_OK || card.state != PERSO_STATE_HELD)
        return rc == PERSO_END ? PERSO_OK : rc;
    rc = job->cards.get(job->cards.self, card.application, &record, NULL, NULL, err);
    *ret = rc == PERSO_OK && record.file_id > l->tosign;
    return rc;
}

static enum perso_result
look_at_rows(struct looking *l, bool *waits, struct perso_error *err)
{
    const struct perso_layout *layout = perso_table_layout(l->table);
    bool has = true;
    size_t n = 0;
    enum perso_result rc = PERSO_OK;

    while (rc == PERSO_OK && has &&
           (rc = perso_table_read(l->table, l->arena, l->rows, PERSO_BATCH_RECORDS, &n, err)) ==
               PERSO_OK) {
        for (size_t i = 0; rc == PERSO_OK && has && i < n; i++)
            rc = has_card(l, perso_row_cell(layout, &l->rows[i], PERSO_COL_AAZ501), &has, err);
        perso_arena_reset(l->arena);
    }
    *waits = !has;
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
look_at_file(struct looking *l, const char *path, bool *waits, struct perso_error *err)
{
    const struct perso_table_options options = {
        .charset = PERSO_UTF8, .delimiter = ',', .quotes = true, .file = path
    };
    enum perso_result rc = perso_file_source_open(path, &l->file, err);

    l->arena = perso_arena_new();
    l->rows = calloc(PERSO_BATCH_RECORDS, sizeof *l->rows);
    if (rc == PERSO_OK && (l->arena == NULL || l->rows == NULL))
        rc = perso_error_errno(err, "memory");
    if (rc == PERSO_OK) {
        const struct perso_source source = perso_file_source(l->file);
        if ((rc = perso_table_open(&source, &options, &l->table, err)) == PERSO_OK)
            rc = look_at_rows(l, waits, err);
    }
    perso_table_free(l->table);
    perso_file_source_close(l->file);
    perso_arena_free(l->arena);
    free(l->rows);
    return rc;
}

/* A file that was carried to the cards, instead of a copy of it, cannot be read any more: then the
 * number of cards tells. */
static enum perso_result
by_count(struct perso_job *job, const struct perso_ledger_file *file, bool *waits,
         struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT], here = 0;
    enum perso_result rc = perso_ledger_counts(job->ledger, counts, err);

    for (int i = 1; rc == PERSO_OK && i < PERSO_STATE_COUNT; i++)
        here += counts[i];
    *waits = here < file->rows;
    return rc;
}

static enum perso_result
file_waits(struct perso_job *job, const struct perso_ledger_file *file, bool *waits,
           struct perso_error *err)
{
    struct looking l = { .job = job, .tosign = file->id };
    char path[PERSO_PATH_BYTES];
    enum perso_result rc = perso_path_join(job->folder, file->path, path, sizeof path, err);

    if (rc != PERSO_OK)
        return rc;
    if (access(path, F_OK) != 0)
        return by_count(job, file, waits, err);
    rc = look_at_file(&l, path, waits, err);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static enum perso_result
note_signed(struct perso_job *job, struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_event event = {
        .stage = PERSO_STAGE_PREPARE, .kind = "signed", .file_id = file->id, .n_cards = file->rows
    };

    file->status = PERSO_FILE_SENT;
    memcpy(event.digest, file->sm3, sizeof event.digest);
    return perso_job_file_event(job, file, &event, err);
}

enum perso_result
perso_tosign_waits(struct perso_job *job, bool note, struct perso_ledger_file *first,
                   struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    bool waits = false;
    enum perso_result rc;

    first->id = 0;
    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (!is_tosign(&file) || file.status != PERSO_FILE_MADE)
            continue;
        if ((rc = file_waits(job, &file, &waits, err)) != PERSO_OK)
            return rc;
        if (waits && first->id == 0)
            *first = file;
        if (!waits && note && (rc = note_signed(job, &file, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
