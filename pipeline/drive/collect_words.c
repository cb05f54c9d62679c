/* Words of the RA about a card, without the person whose card it is: they stand in lists and in the
 * ledger (CONTRACTS 4). */
#include <string.h>

#include "pipeline/drive/collect_read.h"

#define STRUCK "***"
#define PERSONAL_BYTES 4u /* shorter ones stand in any word */

/* text, of n bytes, with every occurrence of value struck out, into out, which has room for it. */
static size_t
strike(const char *text, size_t n, struct perso_text value, char *out)
{
    size_t made = 0;

    for (size_t at = 0; at < n;) {
        if (n - at >= value.bytes && memcmp(text + at, value.at, value.bytes) == 0) {
            memcpy(out + made, STRUCK, strlen(STRUCK));
            made += strlen(STRUCK);
            at += value.bytes;
        } else {
            out[made++] = text[at++];
        }
    }
    return made;
}

static void
strike_note(char *note, struct perso_text value)
{
    char struck[sizeof((struct perso_verdict *)0)->note];

    struck[strike(note, strlen(note), value, struck)] = '\0';
    strcpy(note, struck);
}

static enum perso_result
strike_record(struct perso_collecting *s, size_t i, int64_t record_id, struct perso_error *err)
{
    struct perso_text *reason = &s->answers[i].reason;
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc;

    if (record_id == 0)
        return PERSO_OK;
    if ((rc = perso_job_cells(s->job, record_id, &cells, &record, err)) != PERSO_OK)
        return rc;
    for (int k = 1; k < PERSO_COLUMN_COUNT; k++) {
        struct perso_text value = cells.known[k];
        if (!perso_column_personal((enum perso_column)k) || value.bytes < PERSONAL_BYTES)
            continue;
        char *struck = perso_arena_take(s->job->arena, reason->bytes + 1);
        if (struck == NULL)
            return perso_error_errno(err, "memory");
        *reason = (struct perso_text) { struck, (uint32_t)strike(reason->at, reason->bytes, value,
                                                                 struck) };
        strike_note(s->verdicts[i].note, value);
    }
    return PERSO_OK;
}

enum perso_result
perso_collect_strike(struct perso_collecting *s, size_t i, struct perso_error *err)
{
    struct perso_card card;
    enum perso_result rc;

    if (s->verdicts[i].reject != PERSO_REJ_RA_REFUSED || s->answers[i].reason.bytes == 0)
        return PERSO_OK;
    if ((rc = perso_ledger_card_get(s->job->ledger, s->cards[i].seq, &card, err)) != PERSO_OK ||
        (rc = strike_record(s, i, card.application, err)) != PERSO_OK)
        return rc;
    return strike_record(s, i, card.issuance, err);
}
