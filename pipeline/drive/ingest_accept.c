#include "pipeline/drive/ingest_accept.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/collect_accept.h"
#include "pipeline/drive/ingest_remake.h"
#include "pipeline/drive/ingest_request.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/party.h"
#include "pipeline/job/rules.h"
#include "pipeline/store/planted.h"

#define NOT_BUNDLED                                                                                \
    (1u << PERSO_STATE_RECEIVED | 1u << PERSO_STATE_RECONCILED | 1u << PERSO_STATE_APPROVED |      \
     1u << PERSO_STATE_HELD)

/* A correction of a held or returned card, waiting for the checks of the whole file. */
struct correction {
    struct perso_card card; /* as it will be, still in state held */
    uint8_t old_key[PERSO_POINT_BYTES];
    bool had_key;
    char old_replaced[PERSO_CARD_ID_CHARS + 1];
    struct perso_verdict verdict;
};

struct accepting {
    struct perso_job *job;
    struct perso_ledger_file *file;
    struct perso_ingest_counts *counts;
    struct correction *corrections;
    size_t n_corrections;
    struct perso_card *cards; /* PERSO_BATCH_RECORDS */
    bool replaced;            /* rows name cards to be replaced, or ought to */
};

enum perso_result
perso_ingest_rules_of(const struct perso_job *job, struct perso_ingest_rules *ret,
                      struct perso_error *err)
{
    enum perso_result rc = perso_rules_of_ingest(&job->profile, job->conf.division, ret, err);

    ret->requested = perso_job_reads(job, PERSO_STAGE_INGEST, "FWD") != NULL;
    return rc;
}

static bool
content_of(void *arg, size_t i, uint8_t sm3[PERSO_SM3_BYTES])
{
    const struct perso_stored_record *record = arg;

    (void)i;
    memcpy(sm3, record->sm3, PERSO_SM3_BYTES);
    return true;
}

/* A row that was held when it was read has its request as it came. */
static enum perso_result
store_request(struct perso_job *job, const struct perso_application *application,
              struct perso_cells *cells, struct perso_stored_record *record,
              struct perso_card *card, struct perso_error *err)
{
    struct perso_cursor payload;
    uint8_t came[PERSO_SM3_BYTES];
    bool changed = false;
    enum perso_result rc = perso_ingest_keep_request(job->arena, application, cells, &changed, err);

    if (rc != PERSO_OK || (!changed && application->odd == 0))
        return rc;
    record->verdict = (struct perso_verdict) { .reject = PERSO_REJ_NONE };
    perso_ingest_odd_words(application->odd, record->verdict.note);
    if (!changed)
        return perso_ledger_record_set(job->ledger, record, err);
    record->card_seq = card->seq;
    memcpy(came, record->sm3, sizeof came);
    if ((rc = perso_row_payload_write(cells, job->arena, &payload, err)) != PERSO_OK ||
        (rc = job->cards.put(job->cards.self, record, payload, err)) != PERSO_OK ||
        (rc = perso_ledger_waive_as(job->ledger, card->seq, came, record->sm3, err)) != PERSO_OK)
        return rc;
    card->application = record->id;
    return PERSO_OK;
}

enum perso_result
perso_ingest_rejudge(struct perso_job *job, int64_t record_id, struct perso_card *card,
                     struct perso_verdict *verdict, struct perso_error *err)
{
    struct perso_ingest_rules rules;
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_application application;
    struct perso_job_waivers waived = { job, card, content_of, &record };
    const struct perso_waivers waivers = { perso_job_waived, &waived };
    bool has_key = false;
    uint32_t warned = 0;
    enum perso_result rc;

    perso_arena_reset(job->arena);
    if ((rc = perso_ingest_rules_of(job, &rules, err)) != PERSO_OK ||
        (rc = perso_job_cells(job, record_id, &cells, &record, err)) != PERSO_OK)
        return rc;
    const struct perso_origin origin = { "", record.line, record.record };
    if ((rc = perso_stage_ingest(&rules, &cells, &origin, 1, &waivers, job->arena, &application,
                                 &has_key, verdict, &warned, err)) != PERSO_OK)
        return rc;
    card->application = record_id;
    card->has_key = has_key;
    card->has_request = verdict->reject == PERSO_REJ_NONE;
    memcpy(card->public_key, application.public_key, sizeof card->public_key);
    memcpy(card->request_id, application.request_id, sizeof card->request_id);
    /* It travels again from the beginning. */
    card->issuance = card->answer = card->result = 0;
    card->bundle = card->machine = card->handed = card->remake = card->revoke = 0;
    card->confirmed = false;
    return verdict->reject == PERSO_REJ_NONE
               ? store_request(job, &application, &cells, &record, card, err)
               : PERSO_OK;
}

static void
verdict_of(struct perso_verdict *v, enum perso_reject reject, enum perso_column column,
           const char *note)
{
    *v = (struct perso_verdict) { .reject = reject, .column = column };
    snprintf(v->note, sizeof v->note, "%s", note);
}

/* ---- corrections ---- */

static struct correction *
correction_of(struct accepting *a, int64_t seq)
{
    for (size_t i = 0; i < a->n_corrections; i++)
        if (a->corrections[i].card.seq == seq)
            return &a->corrections[i];
    return NULL;
}

/* After the ledger's commit: a claim that stays too long harms nobody, one that goes too early
 * would let a second card take the key. */
static enum perso_result
release_old_keys(struct accepting *a, struct perso_error *err)
{
    const struct perso_site_store *store = &a->job->site.store;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < a->n_corrections; i++) {
        const struct correction *c = &a->corrections[i];
        const struct perso_claim claim = { c->old_key, PERSO_POINT_BYTES,
                                           .card_id = c->card.card_id };
        if (c->had_key && memcmp(c->old_key, c->card.public_key, PERSO_POINT_BYTES) != 0)
            rc = store->release(store->self, a->job->name, PERSO_CLAIM_KEY, &claim, 1, err);
    }
    return rc;
}

/* A certificate that came for the card as it was: listed, so that it is revoked. Of a refusal, and
 * of what the department gave back, there is none. */
static enum perso_result
supersede_answer(struct accepting *a, int64_t answer, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_ledger_file file;
    enum perso_result rc;

    if (answer == 0)
        return PERSO_OK;
    if ((rc = a->job->cards.get(a->job->cards.self, answer, &record, NULL, NULL, err)) !=
            PERSO_OK ||
        (rc = perso_ledger_file_get(a->job->ledger, record.file_id, &file, err)) != PERSO_OK)
        return rc;
    if (record.verdict.reject == PERSO_REJ_RA_REFUSED || strcmp(file.kind, "HLD") == 0)
        return PERSO_OK;
    record.symbol = PERSO_ANSWER_SUPERSEDED;
    if ((rc = perso_ledger_record_set(a->job->ledger, &record, err)) != PERSO_OK)
        return rc;
    return perso_job_due_set(a->job, PERSO_ORPHAN_REPORT, err);
}

/* As it is judged from here on: a card that was given back is held until then, and whatever it had
 * passed does not count any more. */
static void
begin_again(struct perso_card *card)
{
    if (card->state != PERSO_STATE_HELD) {
        card->state = PERSO_STATE_HELD;
        card->reject_stage = PERSO_STAGE_INGEST;
        verdict_of(&card->verdict, PERSO_REJ_ROW_CONFLICT, PERSO_COL_AAZ501, "");
        card->verdict_record = 0;
    }
    card->from_state = PERSO_STATE_RECEIVED;
}

static enum perso_result
add_correction(struct accepting *a, const struct perso_stored_record *record,
               struct perso_error *err)
{
    struct correction *c = correction_of(a, record->card_seq);
    struct perso_card old;
    enum perso_result rc = perso_ledger_card_get(a->job->ledger, record->card_seq, &old, err);

    if (rc != PERSO_OK || old.file_id == a->file->id) /* a card that this file brought */
        return rc;
    if (c != NULL && record->id == c->card.application) /* stored once more, with its request */
        return PERSO_OK;
    if (c != NULL) { /* two corrections of one card in one file: neither can be believed */
        verdict_of(&c->verdict, PERSO_REJ_CARD_TWICE, PERSO_COL_AAZ501, "");
        return PERSO_OK;
    }
    struct correction *grown =
        realloc(a->corrections, (a->n_corrections + 1) * sizeof *a->corrections);
    if (grown == NULL)
        return perso_error_errno(err, "memory");
    a->corrections = grown;
    c = &grown[a->n_corrections];
    c->card = old;
    c->had_key = old.has_key;
    memcpy(c->old_key, old.public_key, sizeof c->old_key);
    begin_again(&c->card);
    if ((rc = perso_ingest_replaced(a->job, old.application, c->old_replaced, err)) != PERSO_OK ||
        (rc = perso_ingest_rejudge(a->job, record->id, &c->card, &c->verdict, err)) != PERSO_OK ||
        (rc = supersede_answer(a, old.answer, err)) != PERSO_OK ||
        (rc = perso_ledger_unwaive(a->job->ledger, old.seq, err)) != PERSO_OK)
        return rc;
    /* Written now, still held, so that its new key is seen among the file's duplicates. */
    a->n_corrections++;
    return a->job->cards.set(a->job->cards.self, &c->card, err);
}

static enum perso_result
take_correction(void *accepting, struct perso_stored_record *record, struct perso_error *err)
{
    return record->card_seq == 0 ? PERSO_OK : add_correction(accepting, record, err);
}

static enum perso_result
take_corrections(struct accepting *a, struct perso_error *err)
{
    if (a->counts->corrected == 0)
        return PERSO_OK;
    return perso_job_each_record(a->job, a->file->id, 0, take_correction, a, err);
}

/* The row names another card to be replaced: the first one is free for others, else this card would
 * have two. Cut off before the commit, the file is read again. */
static enum perso_result
release_old_replaced(struct accepting *a, const struct correction *c, struct perso_error *err)
{
    const struct perso_site_store *store = &a->job->site.store;
    char replaced[PERSO_CARD_ID_CHARS + 1];
    enum perso_result rc;

    if (c->old_replaced[0] == '\0')
        return PERSO_OK;
    perso_arena_reset(a->job->arena);
    if ((rc = perso_ingest_replaced(a->job, c->card.application, replaced, err)) != PERSO_OK ||
        strcmp(c->old_replaced, replaced) == 0)
        return rc;
    return store->remake_release(store->self, a->job->name, c->old_replaced, c->card.card_id, err);
}

static enum perso_result
settle_correction(struct accepting *a, struct correction *c, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_INGEST,
                                 .kind = "correct",
                                 .first_seq = c->card.seq,
                                 .last_seq = c->card.seq,
                                 .n_cards = 1,
                                 .file_id = a->file->id,
                                 .from = PERSO_STATE_HELD,
                                 .to = PERSO_STATE_RECEIVED };
    enum perso_result rc;

    if ((rc = release_old_replaced(a, c, err)) != PERSO_OK)
        return rc;
    /* Another number of cards in its box is not put right by a row. */
    if (c->verdict.reject == PERSO_REJ_NONE && c->card.verdict.reject == PERSO_REJ_BOX_COUNT)
        c->verdict = c->card.verdict;
    if (c->verdict.reject == PERSO_REJ_NONE &&
        (rc = perso_ingest_claim(a->job, &c->card, &c->verdict, err)) != PERSO_OK)
        return rc;
    if (c->verdict.reject != PERSO_REJ_NONE)
        return perso_job_hold(a->job, &c->card, PERSO_STATE_HELD, PERSO_STAGE_INGEST, &c->verdict,
                              c->card.application, err);
    memcpy(event.card_id, c->card.card_id, sizeof event.card_id);
    perso_job_clear(&c->card, PERSO_STATE_RECEIVED);
    if ((rc = a->job->cards.set(a->job->cards.self, &c->card, err)) != PERSO_OK)
        return rc;
    return a->job->cards.event(a->job->cards.self, &event, err);
}

/* ---- duplicates ---- */

static int
by_key(const void *a, const void *b)
{
    const struct perso_card *x = a, *y = b;
    int order = memcmp(x->public_key, y->public_key, PERSO_POINT_BYTES);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static enum perso_result
hold_twin(struct accepting *a, struct perso_card *card, const struct perso_verdict *verdict,
          struct perso_error *err)
{
    struct correction *c = correction_of(a, card->seq);

    if (c != NULL) {
        if (c->verdict.reject == PERSO_REJ_NONE || c->verdict.reject > verdict->reject)
            c->verdict = *verdict;
        return PERSO_OK;
    }
    if (card->state == PERSO_STATE_HELD && card->verdict.reject < verdict->reject)
        return PERSO_OK; /* the earlier fault in the table is told */
    if (card->state == PERSO_STATE_HELD && card->reject_stage != PERSO_STAGE_INGEST)
        return PERSO_OK;
    return perso_job_hold(a->job, card, PERSO_STATE_HELD, PERSO_STAGE_INGEST, verdict,
                          card->application, err);
}

static enum perso_result
twins(struct accepting *a, bool by_card_id, struct perso_card **ret, size_t *n,
      struct perso_error *err)
{
    struct perso_card *all = NULL;
    size_t count = 0, got = 0;
    int64_t after = 0;
    uint32_t states = by_card_id ? 0 : NOT_BUNDLED;
    enum perso_result rc;

    while ((rc = perso_ledger_twins(a->job->ledger, a->file->id, states, by_card_id, after,
                                    PERSO_BATCH_RECORDS, a->cards, &got, err)) == PERSO_OK) {
        struct perso_card *grown = realloc(all, (count + got) * sizeof *all);
        if (grown == NULL) {
            free(all);
            return perso_error_errno(err, "memory");
        }
        all = grown;
        memcpy(all + count, a->cards, got * sizeof *all);
        count += got;
        after = a->cards[got - 1].seq;
    }
    *ret = all;
    *n = count;
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
hold_card_twins(struct accepting *a, struct perso_error *err)
{
    struct perso_verdict verdict;
    struct perso_card *all = NULL;
    size_t n = 0;
    enum perso_result rc = twins(a, true, &all, &n, err);

    verdict_of(&verdict, PERSO_REJ_CARD_TWICE, PERSO_COL_AAZ501, "");
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = hold_twin(a, &all[i], &verdict, err);
    free(all);
    return rc;
}

/* Two rows of one card with one key are CARD_TWICE or ROW_CONFLICT, not KEY_TWICE. */
static enum perso_result
hold_key_twins(struct accepting *a, struct perso_error *err)
{
    struct perso_verdict verdict;
    struct perso_card *all = NULL;
    size_t n = 0, end;
    enum perso_result rc = twins(a, false, &all, &n, err);

    verdict_of(&verdict, PERSO_REJ_KEY_TWICE, PERSO_COL_QMGY, "");
    if (rc == PERSO_OK && n > 1)
        qsort(all, n, sizeof *all, by_key);
    for (size_t begin = 0; rc == PERSO_OK && begin < n; begin = end) {
        bool several = false;
        for (end = begin + 1;
             end < n && memcmp(all[begin].public_key, all[end].public_key, PERSO_POINT_BYTES) == 0;
             end++)
            several = several || strcmp(all[begin].card_id, all[end].card_id) != 0;
        for (size_t i = begin; several && rc == PERSO_OK && i < end; i++)
            rc = hold_twin(a, &all[i], &verdict, err);
    }
    free(all);
    return rc;
}

/* ---- claims over all history of the site ---- */

static enum perso_result
claim_received(struct accepting *a, struct perso_verdict *verdicts, size_t n,
               struct perso_error *err)
{
    size_t m = 0;
    enum perso_result rc;

    for (size_t i = 0; i < n; i++)
        if (a->cards[i].state == PERSO_STATE_RECEIVED)
            a->cards[m++] = a->cards[i];
    if (m == 0)
        return PERSO_OK;
    if ((rc = perso_ingest_claims(a->job, a->cards, m, a->replaced, verdicts, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < m; i++)
        if (verdicts[i].reject != PERSO_REJ_NONE)
            rc = perso_job_hold(a->job, &a->cards[i], PERSO_STATE_HELD, PERSO_STAGE_INGEST,
                                &verdicts[i], a->cards[i].application, err);
    return rc;
}

static enum perso_result
for_cards_of_file(struct accepting *a,
                  enum perso_result (*visit)(struct accepting *, struct perso_verdict *, size_t,
                                             struct perso_error *),
                  struct perso_error *err)
{
    struct perso_verdict *verdicts = calloc(PERSO_BATCH_RECORDS, sizeof *verdicts);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = verdicts != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK && (rc = perso_ledger_cards_from_file(a->job->ledger, a->file->id, after,
                                                                PERSO_BATCH_RECORDS, a->cards, &n,
                                                                err)) == PERSO_OK) {
        after = a->cards[n - 1].seq;
        rc = visit(a, verdicts, n, err);
    }
    free(verdicts);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* Rows that were held while the file was read have no event yet: the file might have been refused.
 */
static enum perso_result
count_and_tell(struct accepting *a, struct perso_verdict *verdicts, size_t n,
               struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    (void)verdicts;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_card *card = &a->cards[i];
        if (card->state == PERSO_STATE_RECEIVED) {
            a->counts->received++;
            continue;
        }
        a->counts->held++;
        if (card->verdict.reject < PERSO_REJ_CARD_TWICE ||
            card->verdict.reject == PERSO_REJ_ROW_CONFLICT)
            rc = perso_job_hold(a->job, card, PERSO_STATE_HELD, PERSO_STAGE_INGEST, &card->verdict,
                                card->application, err);
    }
    return rc;
}

static enum perso_result
accept_rows(struct accepting *a, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = take_corrections(a, err)) != PERSO_OK || (rc = hold_card_twins(a, err)) != PERSO_OK ||
        (rc = hold_key_twins(a, err)) != PERSO_OK ||
        (!PERSO_BUG(claimed_after_use) &&
         (rc = for_cards_of_file(a, claim_received, err)) != PERSO_OK))
        return rc;
    for (size_t i = 0; i < a->n_corrections; i++)
        if ((rc = settle_correction(a, &a->corrections[i], err)) != PERSO_OK)
            return rc;
    return for_cards_of_file(a, count_and_tell, err);
}

static enum perso_result
accept_file(struct accepting *a, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_INGEST,
                                 .kind = "accept",
                                 .n_cards = a->counts->received,
                                 .file_id = a->file->id,
                                 .to = PERSO_STATE_RECEIVED };
    enum perso_result rc;

    memcpy(event.digest, a->file->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "received %u, held %u, unchanged %u, corrected %zu",
             a->counts->received, a->counts->held, a->counts->unchanged, a->n_corrections);
    a->file->status = PERSO_FILE_ACCEPTED;
    a->file->cards = a->counts->received + a->counts->held;
    if ((rc = perso_ledger_file_set(a->job->ledger, a->file, err)) != PERSO_OK ||
        (a->file->party[0] != '\0' &&
         (rc = perso_job_sender_set(a->job, a->file->party, err)) != PERSO_OK))
        return rc;
    return a->job->cards.event(a->job->cards.self, &event, err);
}

enum perso_result
perso_ingest_accept(struct perso_job *job, struct perso_ledger_file *file,
                    struct perso_ingest_counts *counts, struct perso_error *err)
{
    struct accepting a = { .job = job,
                           .file = file,
                           .counts = counts,
                           .cards = calloc(PERSO_BATCH_RECORDS, sizeof *a.cards) };
    enum perso_result rc;

    if (a.cards == NULL)
        return perso_error_errno(err, "memory");
    rc = perso_ingest_checks_replaced(job, &a.replaced, err);
    a.replaced = rc == PERSO_OK && (a.replaced || counts->replacing > 0);
    if (rc == PERSO_END) /* not of this role */
        rc = PERSO_OK;
    if (rc == PERSO_OK && (rc = perso_ledger_begin(job->ledger, err)) == PERSO_OK) {
        if ((rc = accept_rows(&a, err)) == PERSO_OK && (rc = accept_file(&a, err)) == PERSO_OK)
            rc = perso_ledger_commit(job->ledger, err);
        else
            perso_ledger_rollback(job->ledger);
        if (rc == PERSO_OK && PERSO_BUG(claimed_after_use))
            rc = for_cards_of_file(&a, claim_received, err);
        if (rc == PERSO_OK)
            rc = release_old_keys(&a, err);
    }
    free(a.corrections);
    free(a.cards);
    return rc;
}
