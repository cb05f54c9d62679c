/* The department's cupboard (LD/T 03-2022 6.4.7.5): certificates wait in the site's store until a
 * window or the holder's own terminal writes them. */
#include "stages/cupboard.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/card_data.h"
#include "pipeline/drive/drive.h"
#include "pipeline/report/pickup.h"

#define KEY_NAME "cupboard" /* perso_file_key: the cupboard's key of a job, by the job's own */

struct filling {
    struct perso_job *job;
    enum perso_stage stage;
    struct perso_cupboard_rules rules;
    uint32_t held;
    struct perso_card_data data; /* of the card in hand */
    struct perso_card cards[PERSO_BATCH_RECORDS];
    struct perso_cupboard_entry entries[PERSO_BATCH_RECORDS];
};

/* ---- key ---- */

/* Wrapped once to the site's own sealing key; the wrapped bytes are random, the key is not. */
static enum perso_result
set_key(struct perso_job *job, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    uint8_t key[PERSO_SEAL_KEY_BYTES], wrapped[PERSO_WRAPPED_BYTES];
    struct perso_peer self;
    size_t n = 0;
    enum perso_result rc = perso_site_self(&job->site, &self, err);

    if (rc != PERSO_OK)
        return rc;
    if (!perso_file_key(job->job_key, KEY_NAME, key))
        return perso_error_openssl(err, "key of the cupboard");
    if ((rc = perso_wrap_key(self.sealing_key, key, wrapped, &n, err)) == PERSO_OK)
        rc = store->cupboard_key_set(store->self, job->name, wrapped, n, err);
    OPENSSL_cleanse(key, sizeof key);
    return rc == PERSO_END ? PERSO_OK : rc; /* another process was faster */
}

static enum perso_result
open_key(struct filling *f, struct perso_error *err)
{
    struct perso_job *job = f->job;
    const struct perso_site_store *store = &job->site.store;
    uint8_t key[PERSO_SEAL_KEY_BYTES], wrapped[PERSO_WRAPPED_BYTES];
    size_t n = 0;
    enum perso_result rc = perso_job_seal(job, err);

    if (rc != PERSO_OK)
        return rc;
    rc = store->cupboard_key_get(store->self, job->name, wrapped, &n, err);
    if (rc == PERSO_END && (rc = set_key(job, err)) == PERSO_OK)
        rc = store->cupboard_key_get(store->self, job->name, wrapped, &n, err);
    if (rc == PERSO_OK)
        rc =
            job->site.secrets.unwrap(job->site.secrets.self, perso_cursor_of(wrapped, n), key, err);
    if (rc == PERSO_OK)
        rc = perso_seal_new(key, &f->rules.to, err);
    OPENSSL_cleanse(key, sizeof key);
    f->rules.from = job->seal;
    return rc;
}

/* ---- filling ---- */

static enum perso_result
hold_refused(struct filling *f, size_t n, struct perso_error *err)
{
    struct perso_verdict verdict = { PERSO_REJ_CARD_SEEN, PERSO_COL_AAZ501, "" };
    enum perso_result rc = perso_ledger_begin(f->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        if (!f->entries[i].refused)
            continue;
        snprintf(verdict.note, sizeof verdict.note, "cupboard: %.63s", f->entries[i].other_job);
        f->held++;
        rc = perso_job_hold(f->job, &f->cards[i], PERSO_STATE_HELD, f->stage, &verdict,
                            f->cards[i].answer, err);
    }
    if (rc == PERSO_OK)
        return perso_ledger_commit(f->job->ledger, err);
    perso_ledger_rollback(f->job->ledger);
    return rc;
}

static bool
some_refused(const struct filling *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (f->entries[i].refused)
            return true;
    return false;
}

static enum perso_result
put_batch(struct filling *f, size_t n, struct perso_error *err)
{
    struct perso_job *job = f->job;
    const struct perso_site_store *store = &job->site.store;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_cupboard_entry *entry = &f->entries[i];
        *entry = (struct perso_cupboard_entry) { .state = PERSO_CUPBOARD_WAITING };
        snprintf(entry->job, sizeof entry->job, "%s", job->name);
        snprintf(entry->since, sizeof entry->since, "%s", job->conf.date);
        if ((rc = perso_card_data_load(job, &f->cards[i], &f->data, err)) == PERSO_OK)
            rc = perso_cupboard_fill(&f->rules, f->cards[i].card_id, &f->data.answer_cells,
                                     &f->data.answer, job->arena, entry, err);
    }
    if (rc == PERSO_OK)
        rc = store->cupboard_put(store->self, f->entries, n, err);
    return rc == PERSO_OK && some_refused(f, n) ? hold_refused(f, n, err) : rc;
}

/* The list is due before anything of it changes, so that it still is after a crash. */
static enum perso_result
make_due(struct perso_job *job, struct perso_error *err)
{
    bool due = false;
    enum perso_result rc = perso_job_due(job, PERSO_PICKUP_LIST, &due, err);

    if (rc != PERSO_OK || due || (rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_job_due_set(job, PERSO_PICKUP_LIST, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

static enum perso_result
fill(struct filling *f, struct perso_error *err)
{
    struct perso_job *job = f->job;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = job->cards.scan(job->cards.self, 1u << PERSO_STATE_MATCHED, after,
                                 PERSO_BATCH_RECORDS, f->cards, &n, err)) == PERSO_OK) {
        after = f->cards[n - 1].seq;
        if ((f->rules.to == NULL && (rc = open_key(f, err)) != PERSO_OK) ||
            (rc = make_due(job, err)) != PERSO_OK || (rc = put_batch(f, n, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- settling ---- */

/* Nobody will come for them: another row in force keeps its card's entry. */
static bool
came_to_nothing(struct perso_job *job, const struct perso_card *card)
{
    struct perso_error ignored = { 0 };
    struct perso_card other;

    if (card->state != PERSO_STATE_CANCELLED)
        return card->confirmed; /* spoiled or missing: the department said so */
    return card->answer != 0 &&
           perso_ledger_card_find(job->ledger, card->card_id, &other, &ignored) == PERSO_OK &&
           (other.seq == card->seq || other.state == PERSO_STATE_CANCELLED);
}

static enum perso_result
revoke_one(struct perso_job *job, const struct perso_card *card, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct perso_cupboard_entry entry;
    enum perso_result rc;

    if (card->card_id[0] == '\0' || !came_to_nothing(job, card))
        return PERSO_OK;
    rc = store->cupboard_get(store->self, card->card_id, &entry, NULL, err);
    if (rc == PERSO_END || (rc == PERSO_OK && (strcmp(entry.job, job->name) != 0 ||
                                               entry.state == PERSO_CUPBOARD_REVOKED)))
        return PERSO_OK;
    if (rc != PERSO_OK || (rc = make_due(job, err)) != PERSO_OK)
        return rc;
    return store->cupboard_settle(store->self, job->name, card->card_id, PERSO_CUPBOARD_REVOKED,
                                  err);
}

static enum perso_result
revoke(struct filling *f, struct perso_error *err)
{
    const uint32_t states =
        1u << PERSO_STATE_CANCELLED | 1u << PERSO_STATE_SPOILED | 1u << PERSO_STATE_MISSING;
    struct perso_job *job = f->job;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = job->cards.scan(job->cards.self, states, after, PERSO_BATCH_RECORDS, f->cards, &n,
                                 err)) == PERSO_OK) {
        after = f->cards[n - 1].seq;
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = revoke_one(job, &f->cards[i], err);
        if (rc != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- what the audit is told ---- */

#define TOLD "cupboard" /* value: what the last event told */

/* One event for all that changed, however often the run was cut off before it. */
static enum perso_result
tell(struct filling *f, struct perso_error *err)
{
    struct perso_job *job = f->job;
    struct perso_event event = { .stage = f->stage, .kind = "cupboard" };
    struct perso_pickup_counts counts;
    char *told = NULL;
    enum perso_result rc = perso_pickup_count(job, &counts, err);

    if (rc != PERSO_OK)
        return rc;
    event.n_cards = counts.waiting;
    snprintf(event.note, sizeof event.note, "waiting %u, written %u, revoked %u", counts.waiting,
             counts.written, counts.revoked);
    rc = perso_ledger_value(job->ledger, TOLD, &told, err);
    bool same = rc == PERSO_OK && strcmp(told, event.note) == 0;
    free(told);
    if (same || (rc != PERSO_OK && rc != PERSO_END) ||
        (rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_value_set(job->ledger, TOLD, event.note, err)) == PERSO_OK &&
        (rc = job->cards.event(job->cards.self, &event, err)) == PERSO_OK &&
        (rc = perso_ledger_commit(job->ledger, err)) == PERSO_OK) {
        perso_say_begin(&job->say, "cupboard");
        perso_say_number(&job->say, "waiting", counts.waiting);
        perso_say_number(&job->say, "revoked", counts.revoked);
        perso_say_number(&job->say, "held", f->held);
        perso_say_end(&job->say);
        return PERSO_OK;
    }
    perso_ledger_rollback(job->ledger);
    return rc;
}

enum perso_result
perso_drive_cupboard(struct perso_job *job, enum perso_stage stage, struct perso_error *err)
{
    struct filling *f;
    bool due = false;
    enum perso_result rc;

    if (job->mode->certificates_with_card)
        return PERSO_OK;
    if ((f = calloc(1, sizeof *f)) == NULL)
        return perso_error_errno(err, "memory");
    f->job = job;
    f->stage = stage;
    f->rules.secrets = !perso_conf_yes(job->profile.keys_at_issue);
    if ((rc = revoke(f, err)) == PERSO_OK && (rc = fill(f, err)) == PERSO_OK &&
        (rc = perso_job_due(job, PERSO_PICKUP_LIST, &due, err)) == PERSO_OK && due)
        rc = tell(f, err);
    perso_seal_free(f->rules.to);
    free(f);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}
