/* Claims of cards that are about to be in force, over all history of the site. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/ingest_accept.h"
#include "pipeline/drive/ingest_remake.h"

static void
claim_of(struct perso_claim *claim, enum perso_claim_kind kind, const struct perso_card *card)
{
    *claim = (struct perso_claim) { .card_id = card->card_id };
    claim->value = kind == PERSO_CLAIM_KEY ? card->public_key : (const uint8_t *)card->card_id;
    claim->value_bytes = kind == PERSO_CLAIM_KEY ? PERSO_POINT_BYTES : PERSO_CARD_ID_CHARS;
}

static void
seen_verdict(struct perso_verdict *verdict, bool key, const struct perso_claim *claim)
{
    *verdict = (struct perso_verdict) { .reject = key ? PERSO_REJ_KEY_SEEN : PERSO_REJ_CARD_SEEN,
                                        .column = key ? PERSO_COL_QMGY : PERSO_COL_AAZ501 };
    snprintf(verdict->note, sizeof verdict->note, "%.60s", claim->other_job);
}

static enum perso_result
give_back(struct perso_job *job, enum perso_claim_kind kind, const struct perso_claim *claim,
          struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;

    return store->unclaim(store->self, job->name, kind, claim, 1, err);
}

/* Card and key of n cards; of a card that may not have one of them the other goes back. */
static enum perso_result
claim_both(struct perso_job *job, struct perso_claim *ids, struct perso_claim *keys, size_t n,
           struct perso_verdict *verdicts, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    enum perso_result rc;

    if ((rc = store->claim(store->self, job->name, PERSO_CLAIM_CARD, ids, n, err)) != PERSO_OK ||
        (rc = store->claim(store->self, job->name, PERSO_CLAIM_KEY, keys, n, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        verdicts[i] = (struct perso_verdict) { 0 };
        if (!ids[i].granted) {
            seen_verdict(&verdicts[i], false, &ids[i]);
            rc = give_back(job, PERSO_CLAIM_KEY, &keys[i], err);
        } else if (!keys[i].granted) {
            seen_verdict(&verdicts[i], true, &keys[i]);
            rc = give_back(job, PERSO_CLAIM_CARD, &ids[i], err);
        }
    }
    return rc;
}

/* A card that may not replace the one that it names has no claims either. */
static enum perso_result
replace(struct perso_job *job, const struct perso_card *cards, const struct perso_claim *ids,
        const struct perso_claim *keys, size_t n, struct perso_verdict *verdicts,
        struct perso_error *err)
{
    enum perso_result rc;

    perso_arena_reset(job->arena);
    rc = perso_ingest_take_replaced(job, cards, n, verdicts, err);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if (verdicts[i].column == PERSO_COL_replaces &&
            (rc = give_back(job, PERSO_CLAIM_CARD, &ids[i], err)) == PERSO_OK)
            rc = give_back(job, PERSO_CLAIM_KEY, &keys[i], err);
    return rc;
}

enum perso_result
perso_ingest_claims(struct perso_job *job, const struct perso_card *cards, size_t n, bool replaced,
                    struct perso_verdict *verdicts, struct perso_error *err)
{
    struct perso_claim *ids = calloc(n, sizeof *ids), *keys = calloc(n, sizeof *keys);
    enum perso_result rc =
        ids != NULL && keys != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        claim_of(&ids[i], PERSO_CLAIM_CARD, &cards[i]);
        claim_of(&keys[i], PERSO_CLAIM_KEY, &cards[i]);
    }
    if (rc == PERSO_OK && (rc = claim_both(job, ids, keys, n, verdicts, err)) == PERSO_OK &&
        replaced)
        rc = replace(job, cards, ids, keys, n, verdicts, err);
    free(ids);
    free(keys);
    return rc;
}

enum perso_result
perso_ingest_claim(struct perso_job *job, const struct perso_card *card,
                   struct perso_verdict *verdict, struct perso_error *err)
{
    return perso_ingest_claims(job, card, 1, true, verdict, err);
}
