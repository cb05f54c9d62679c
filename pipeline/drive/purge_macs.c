#include "pipeline/drive/purge_macs.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "formats/identity/id_number.h"
#include "formats/sm2/sm3.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/site_keys.h"

/* The number as it is compared; one that is none, which held its card, as it stands. */
static bool
person_of(const struct perso_cells *cells, char *out, size_t max)
{
    struct perso_text cell = cells->known[PERSO_COL_AAC002];
    enum perso_id_kind kind;

    if (cell.bytes == 0)
        return false;
    if (perso_id_number_read(cell, out, &kind) != PERSO_REJ_NONE)
        snprintf(out, max, "%.*s", (int)cell.bytes, cell.at);
    return true;
}

static enum perso_result
mac_of(struct perso_job *job, const uint8_t key[PERSO_SITE_KEY_BYTES],
       const struct perso_card *card, struct perso_history *entry, bool *ret,
       struct perso_error *err)
{
    const int64_t sources[] = { card->application, card->issuance };
    char person[PERSO_CELL_BYTES + 1];
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc;

    *ret = false;
    for (size_t i = 0; !*ret && i < 2; i++) {
        if (sources[i] == 0 || card->card_id[0] == '\0')
            continue;
        perso_arena_reset(job->arena);
        if ((rc = perso_job_cells(job, sources[i], &cells, &record, err)) != PERSO_OK)
            return rc;
        *ret = person_of(&cells, person, sizeof person);
    }
    if (!*ret)
        return PERSO_OK;
    const struct perso_cursor part = perso_cursor_of(person, strlen(person));
    memcpy(entry->card_id, card->card_id, sizeof entry->card_id);
    bool made = perso_hmac_sm3(key, PERSO_SITE_KEY_BYTES, &part, 1, entry->person_mac);
    OPENSSL_cleanse(person, strlen(person));
    return made ? PERSO_OK : perso_error_openssl(err, "HMAC-SM3");
}

static enum perso_result
keep_batch(struct perso_job *job, const uint8_t key[PERSO_SITE_KEY_BYTES],
           const struct perso_card *cards, size_t n, struct perso_history *entries,
           struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    size_t n_entries = 0;
    bool has = false;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        rc = mac_of(job, key, &cards[i], &entries[n_entries], &has, err);
        n_entries += rc == PERSO_OK && has;
    }
    return rc == PERSO_OK ? store->history_put(store->self, job->name, entries, n_entries, err)
                          : rc;
}

enum perso_result
perso_purge_keep_macs(struct perso_job *job, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    struct perso_history *entries = calloc(PERSO_BATCH_RECORDS, sizeof *entries);
    uint8_t key[PERSO_SITE_KEY_BYTES];
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL && entries != NULL
                               ? perso_site_mac_key(&job->site, key, err)
                               : perso_error_errno(err, "memory");

    /* Nothing is changed in it, but many cards are looked up (ledger.h). */
    if (rc == PERSO_OK)
        rc = perso_ledger_begin(job->ledger, err);
    while (rc == PERSO_OK && (rc = job->cards.scan(job->cards.self, ~0u, after, PERSO_BATCH_RECORDS,
                                                   cards, &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        rc = keep_batch(job, key, cards, n, entries, err);
    }
    perso_ledger_rollback(job->ledger);
    OPENSSL_cleanse(key, sizeof key);
    free(cards);
    free(entries);
    return rc == PERSO_END ? PERSO_OK : rc;
}
