#include "pipeline/report/pickup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "formats/text/write.h"
#include "pipeline/file/output.h"
#include "pipeline/job/cards.h"

#define DAY_S 86400

typedef enum perso_result visit_entry(void *arg, const struct perso_cupboard_entry *entry,
                                      struct perso_error *err);

static enum perso_result
for_entries(struct perso_job *job, visit_entry *visit, void *arg, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct perso_cupboard_entry *entries = calloc(PERSO_BATCH_RECORDS, sizeof *entries);
    char after[PERSO_CARD_ID_CHARS + 1] = "";
    size_t n = 0;
    enum perso_result rc = entries != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = store->cupboard_scan(store->self, job->name, after, PERSO_BATCH_RECORDS, entries,
                                      NULL, &n, err)) == PERSO_OK) {
        memcpy(after, entries[n - 1].card_id, sizeof after);
        perso_arena_reset(job->arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = visit(arg, &entries[i], err);
    }
    free(entries);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- list ---- */

struct listing {
    struct perso_job *job;
    struct perso_table_writer writer;
};

static enum perso_result
write_strings(struct perso_table_writer *w, const char *const *texts, size_t n,
              struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = perso_writer_string(w, texts[i], err);
    return rc == PERSO_OK ? perso_writer_row(w, err) : rc;
}

static enum perso_result
list_entry(void *arg, const struct perso_cupboard_entry *entry, struct perso_error *err)
{
    struct listing *l = arg;
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_card card;
    char card_no[PERSO_CARD_NO_CHARS + 1];
    enum perso_result rc;

    if (entry->state != PERSO_CUPBOARD_WAITING)
        return PERSO_OK;
    if ((rc = perso_ledger_card_find(l->job->ledger, entry->card_id, &card, err)) != PERSO_OK)
        return rc == PERSO_END ? perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                                                 "%s waits in the cupboard, but is not in this job",
                                                 entry->card_id)
                               : rc;
    if ((rc = perso_job_cells(l->job, card.application, &cells, &record, err)) != PERSO_OK)
        return rc;
    const struct perso_text number = cells.known[PERSO_COL_AAZ500];
    snprintf(card_no, sizeof card_no, "%.*s", (int)number.bytes, number.at);
    const char *const texts[] = { entry->card_id, card_no, entry->since,
                                  perso_state_name(card.state) };
    return write_strings(&l->writer, texts, 4, err);
}

static enum perso_result
list_all(struct listing *l, struct perso_error *err)
{
    static const char *const header[] = { "AAZ501", "AAZ500", "since", "state" };
    enum perso_result rc = perso_ledger_begin(l->job->ledger, err); /* one view, and faster */

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_writer_bom(&l->writer, err)) == PERSO_OK &&
        (rc = write_strings(&l->writer, header, 4, err)) == PERSO_OK &&
        (rc = for_entries(l->job, list_entry, l, err)) == PERSO_OK)
        rc = perso_writer_flush(&l->writer, err);
    perso_ledger_rollback(l->job->ledger);
    return rc;
}

static enum perso_result
write_list(struct perso_job *job, struct perso_error *err)
{
    struct listing *l = calloc(1, sizeof *l);
    struct perso_durable *file = NULL;
    struct perso_sink sink;
    enum perso_charset charset = PERSO_UTF8;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if (l == NULL)
        return perso_error_errno(err, "memory");
    l->job = job;
    perso_charset_find(job->site.conf.list_encoding, &charset);
    if ((rc = perso_job_folder(job, "reports", folder, err)) == PERSO_OK &&
        (rc = perso_output_open(job, folder, "pickup.csv", &file, &sink, err)) == PERSO_OK) {
        perso_writer_init(&l->writer, sink, charset, true);
        rc = list_all(l, err);
        if (rc == PERSO_OK)
            rc = perso_durable_commit(file, NULL, NULL, err);
        else
            perso_durable_abandon(file);
    }
    free(l);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_pickup_due(struct perso_job *job, struct perso_error *err)
{
    bool due = false;
    enum perso_result rc = perso_job_due(job, PERSO_PICKUP_LIST, &due, err);

    if (rc != PERSO_OK || !due || (rc = write_list(job, err)) != PERSO_OK)
        return rc;
    return perso_job_due_clear(job, PERSO_PICKUP_LIST, err);
}

enum perso_result
perso_pickup_again(struct perso_job *job, struct perso_error *err)
{
    char *value = NULL;
    enum perso_result rc = perso_ledger_value(job->ledger, PERSO_PICKUP_LIST, &value, err);
    bool due = rc == PERSO_OK && strcmp(value, "due") == 0;

    free(value);
    if (rc == PERSO_END)
        return PERSO_OK;
    if (rc == PERSO_OK && !due)
        return write_list(job, err);
    return rc == PERSO_OK ? perso_pickup_due(job, err) : rc;
}

/* ---- counts ---- */

static enum perso_result
count_entry(void *arg, const struct perso_cupboard_entry *entry, struct perso_error *err)
{
    struct perso_pickup_counts *counts = arg;

    (void)err;
    counts->written += entry->state == PERSO_CUPBOARD_WRITTEN;
    counts->revoked += entry->state == PERSO_CUPBOARD_REVOKED;
    if (entry->state != PERSO_CUPBOARD_WAITING)
        return PERSO_OK;
    counts->waiting++;
    if (counts->oldest[0] == '\0' || strcmp(entry->since, counts->oldest) < 0)
        memcpy(counts->oldest, entry->since, sizeof counts->oldest);
    return PERSO_OK;
}

enum perso_result
perso_pickup_count(struct perso_job *job, struct perso_pickup_counts *ret, struct perso_error *err)
{
    *ret = (struct perso_pickup_counts) { 0 };
    return for_entries(job, count_entry, ret, err);
}

enum perso_result
perso_pickup_tell(struct perso_job *job, struct perso_error *err)
{
    struct perso_pickup_counts counts;
    int64_t since_s = 0;
    enum perso_result rc;

    if (job->mode->certificates_with_card)
        return PERSO_OK;
    if ((rc = perso_pickup_count(job, &counts, err)) != PERSO_OK || counts.waiting == 0)
        return rc;
    if (!perso_date_read(counts.oldest, &since_s))
        return perso_error_set(err, PERSO_REJ_NONE, "", "site.db: no date in the cupboard");
    int64_t age_s = (int64_t)time(NULL) - since_s;
    perso_say_begin(&job->say, "cupboard");
    perso_say_number(&job->say, "waiting", counts.waiting);
    perso_say_number(&job->say, "oldest days", age_s > 0 ? (uint64_t)(age_s / DAY_S) : 0);
    perso_say_end(&job->say);
    return PERSO_OK;
}
