#include "pipeline/drive/collect_accept.h"

#include <string.h>

static enum perso_result
accept_file(struct perso_taking *t, struct perso_ledger_file *file, struct perso_error *err)
{
    const struct perso_collect_counts *c = t->counts;
    struct perso_event event = { .stage = PERSO_STAGE_COLLECT,
                                 .kind = "accept",
                                 .first_seq = t->first_seq,
                                 .last_seq = t->last_seq,
                                 .n_cards = c->issued,
                                 .file_id = file->id,
                                 .from = t->from,
                                 .to = t->issued };
    enum perso_result rc;

    memcpy(event.digest, file->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note,
             "issued %u, refused %u, held %u, doubled %u, orphans %u, taken back %u, held before "
             "%u, too late %u",
             c->issued, c->refused, c->held, c->doubled, c->orphans, c->taken_back, c->noted,
             c->late);
    file->status = PERSO_FILE_ACCEPTED;
    file->cards = c->issued + c->refused + c->held;
    if (strcmp(file->kind, "HLD") == 0) /* of a FWD they are in none of its rows */
        file->cards += c->taken_back;
    if ((rc = perso_ledger_file_set(t->job->ledger, file, err)) != PERSO_OK ||
        (rc = perso_job_due_set(t->job, PERSO_ORPHAN_REPORT, err)) != PERSO_OK)
        return rc;
    return t->job->cards.event(t->job->cards.self, &event, err);
}

void
perso_collect_tell_past(const char *display, const struct perso_collect_counts *counts)
{
    if (counts->past > 0)
        perso_warn("%s: %u answers are others than their cards went on with, to the machine or "
                   "further: trace shows which",
                   display, counts->past);
}

enum perso_result
perso_collect_accept(struct perso_job *job, struct perso_ledger_file *file,
                     struct perso_collect_counts *counts, perso_collect_take *take, void *arg,
                     struct perso_error *err)
{
    struct perso_taking t;
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    perso_taking_init(&t, job, file, counts);
    if ((rc = take(&t, arg, err)) == PERSO_OK && (rc = accept_file(&t, file, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}
