#include <stdlib.h>
#include <string.h>

#include "pipeline/drive/match_parts.h"
#include "pipeline/job/cards.h"
#include "stages/application.h"
#include "stages/collect.h"

#define FLAGS_ROOM 512u

static const uint8_t nothing[PERSO_POINT_BYTES]; /* of an item that is not there */

/* One value of each card's certificates. */
struct item {
    enum perso_claim_kind kind;
    size_t offset, bytes; /* in struct perso_matched */
    enum perso_column column;
};

static const struct item items[] = {
    { PERSO_CLAIM_CERTIFICATE, offsetof(struct perso_matched, signing_digest), PERSO_SM3_BYTES,
      PERSO_COL_QMZS },
    { PERSO_CLAIM_CERTIFICATE, offsetof(struct perso_matched, encryption_digest), PERSO_SM3_BYTES,
      PERSO_COL_JMZS },
    { PERSO_CLAIM_ENCRYPTION_KEY, offsetof(struct perso_matched, encryption_key), PERSO_POINT_BYTES,
      PERSO_COL_JMZS },
};

static const uint8_t *
value_of(const struct perso_matched *matched, const struct item *item)
{
    return (const uint8_t *)matched + item->offset;
}

/* ---- the other card ---- */

/* Does its answer, as it is now, have that certificate or key? A cancelled card's has too: what it
 * got is to be revoked. */
static enum perso_result
still_has(struct perso_matching *m, const char *card_id, const struct perso_claim *claim,
          enum perso_claim_kind kind, struct perso_card *card, bool *ret, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_answer answer;
    struct perso_matched matched;
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc = perso_ledger_card_find(m->job->ledger, card_id, card, err);

    *ret = false;
    if (rc != PERSO_OK || card->answer == 0)
        return rc == PERSO_END ? PERSO_OK : rc;
    if ((rc = perso_job_cells(m->job, card->answer, &cells, &record, err)) != PERSO_OK ||
        (rc = perso_answer_parse(&cells, &origin, m->job->arena, &answer, err)) != PERSO_OK ||
        (rc = perso_matched_of(&answer, &matched, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        *ret = *ret || (items[i].kind == kind &&
                        memcmp(value_of(&matched, &items[i]), claim->value, items[i].bytes) == 0);
    return PERSO_OK;
}

static void
tell_twice(struct perso_verdict *verdict, enum perso_column column, const char *other,
           const char *job)
{
    struct perso_verdict told = { PERSO_REJ_CERT_TWICE, column, "" };

    snprintf(told.note, sizeof told.note, "card %.32s of %.48s", other, job);
    *verdict = told;
}

/* One that is on its way further than match is flagged in the site, as status tells. */
static void
hold_other(struct perso_matching *m, size_t n, const struct perso_card *other, size_t i,
           enum perso_column column)
{
    for (size_t k = 0; k < n; k++) {
        if (m->cards[k].seq != other->seq)
            continue;
        if (m->verdicts[k].reject == PERSO_REJ_NONE)
            tell_twice(&m->verdicts[k], column, m->cards[i].card_id, m->job->name);
        return;
    }
    if (other->state != m->stage->to || m->n_others == PERSO_BATCH_RECORDS)
        return;
    for (size_t k = 0; k < m->n_others; k++)
        if (m->others[k].seq == other->seq)
            return;
    m->others[m->n_others] = *other;
    tell_twice(&m->other_verdicts[m->n_others++], column, m->cards[i].card_id, m->job->name);
}

/* ---- claims ---- */

/* A claim of a card of this job whose answer is another one now is nobody's any more. */
static enum perso_result
claim_again(struct perso_matching *m, struct perso_claim *claim, enum perso_claim_kind kind,
            struct perso_error *err)
{
    const struct perso_site_store *store = &m->job->site.store;
    const struct perso_claim stale = { claim->value, claim->value_bytes,
                                       .card_id = claim->other_card };
    enum perso_result rc = store->unclaim(store->self, m->job->name, kind, &stale, 1, err);

    return rc == PERSO_OK ? store->claim(store->self, m->job->name, kind, claim, 1, err) : rc;
}

static enum perso_result
judge_refused(struct perso_matching *m, size_t n, size_t i, struct perso_claim *claim,
              const struct item *item, struct perso_error *err)
{
    struct perso_card other;
    bool has = true;
    enum perso_result rc;

    if (strcmp(claim->other_job, m->job->name) == 0) {
        if ((rc = still_has(m, claim->other_card, claim, item->kind, &other, &has, err)) !=
                PERSO_OK ||
            (!has && (rc = claim_again(m, claim, item->kind, err)) != PERSO_OK) || claim->granted)
            return rc;
        if (has)
            hold_other(m, n, &other, i, item->column);
    }
    tell_twice(&m->verdicts[i], item->column, claim->other_card, claim->other_job);
    return PERSO_OK;
}

/* Granted to this card already, and another one of the job wants it: as long as that is so, neither
 * gets it. */
static enum perso_result
judge_flagged(struct perso_matching *m, size_t n, size_t i, const struct perso_claim *claim,
              const struct item *item, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t k = 0; rc == PERSO_OK && k < m->n_flags; k++) {
        const struct perso_flag *flag = &m->flags[k];
        struct perso_card other;
        bool has = false;
        if (flag->kind != item->kind || strcmp(flag->card_id, claim->card_id) != 0)
            continue;
        rc = still_has(m, flag->other_card, claim, item->kind, &other, &has, err);
        if (rc != PERSO_OK || !has)
            continue;
        tell_twice(&m->verdicts[i], item->column, flag->other_card, m->job->name);
        hold_other(m, n, &other, i, item->column);
    }
    return rc;
}

static enum perso_result
claim_item(struct perso_matching *m, size_t n, const struct item *item, struct perso_error *err)
{
    const struct perso_site_store *store = &m->job->site.store;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *value = value_of(&m->matched_items[i], item);
        if (m->verdicts[i].reject != PERSO_REJ_NONE || memcmp(value, nothing, item->bytes) == 0)
            continue;
        m->claims[count] =
            (struct perso_claim) { value, item->bytes, .card_id = m->cards[i].card_id };
        m->claimed[count++] = i;
    }
    if (count == 0)
        return PERSO_OK;
    enum perso_result rc =
        store->claim(store->self, m->job->name, item->kind, m->claims, count, err);
    for (size_t k = 0; rc == PERSO_OK && k < count; k++)
        rc = m->claims[k].granted ? judge_flagged(m, n, m->claimed[k], &m->claims[k], item, err)
                                  : judge_refused(m, n, m->claimed[k], &m->claims[k], item, err);
    return rc;
}

enum perso_result
perso_match_claim(struct perso_matching *m, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    m->n_others = 0;
    for (size_t i = 0; rc == PERSO_OK && i < sizeof items / sizeof items[0]; i++)
        rc = claim_item(m, n, &items[i], err);
    return rc;
}

/* Those about certificates that another card of the same job wants. */
static void
keep_own_flags(struct perso_matching *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->n_flags; i++) {
        const struct perso_flag *flag = &m->flags[i];
        bool of_items =
            flag->kind == PERSO_CLAIM_CERTIFICATE || flag->kind == PERSO_CLAIM_ENCRYPTION_KEY;
        if (of_items && strcmp(flag->other_job, m->job->name) == 0 &&
            strcmp(flag->other_card, flag->card_id) != 0)
            m->flags[kept++] = *flag;
    }
    m->n_flags = kept;
}

enum perso_result
perso_match_flags(struct perso_matching *m, struct perso_error *err)
{
    const struct perso_site_store *store = &m->job->site.store;
    size_t room = FLAGS_ROOM;
    enum perso_result rc;

    do { /* until there is room for all */
        room *= 2;
        free(m->flags);
        if ((m->flags = calloc(room, sizeof *m->flags)) == NULL)
            return perso_error_errno(err, "memory");
        rc = store->flags(store->self, m->job->name, m->flags, room, &m->n_flags, err);
    } while (rc == PERSO_OK && m->n_flags == room);
    keep_own_flags(m);
    return rc == PERSO_END ? PERSO_OK : rc;
}
