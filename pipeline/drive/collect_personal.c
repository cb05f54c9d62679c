/* FWD: cards.csv, personal.csv, certificates.csv with the same cards; outstanding.csv. */
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "pipeline/drive/collect_read.h"
#include "pipeline/job/rules.h"
#include "stages/held.h"

static const enum perso_column cards_columns[] = { PERSO_COL_request_id, PERSO_COL_AAZ501,
                                                   PERSO_COL_AAZ500, PERSO_COL_QMGY,
                                                   PERSO_COLUMN_OTHER };
static const enum perso_column personal_columns[] = { PERSO_COL_AAZ501, PERSO_COL_AAC002,
                                                      PERSO_COL_AAC003, PERSO_COL_AAB301,
                                                      PERSO_COLUMN_OTHER };
static const enum perso_column outstanding_columns[] = { PERSO_COL_AAZ501, PERSO_COLUMN_OTHER };

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- cards.csv ---- */

/* The first column in which the department's card is not ours. */
static enum perso_result
compare(struct perso_collecting *s, const struct perso_cells *row, const struct perso_card *card,
        struct perso_handed *handed, struct perso_error *err)
{
    char have[PERSO_CARD_NO_CHARS + 1], want[PERSO_CARD_NO_CHARS + 1];
    struct perso_stored_record record;
    struct perso_cells ours;
    enum perso_result rc = perso_job_cells(s->job, card->application, &ours, &record, err);

    if (rc != PERSO_OK)
        return rc;
    if (strcmp(handed->card_id, card->card_id) != 0)
        handed->differs = PERSO_COL_AAZ501;
    else if (!perso_card_no_read(row->known[PERSO_COL_AAZ500], have) ||
             !perso_card_no_read(ours.known[PERSO_COL_AAZ500], want) || strcmp(have, want) != 0)
        handed->differs = PERSO_COL_AAZ500;
    else if (memcmp(handed->public_key, card->public_key, sizeof card->public_key) != 0)
        handed->differs = PERSO_COL_QMGY;
    return PERSO_OK;
}

/* By its request; a card that a centre's ingest holds has none yet. */
static enum perso_result
find_card(struct perso_collecting *s, const struct perso_handed *handed, struct perso_card *card,
          struct perso_error *err)
{
    enum perso_result rc =
        perso_ledger_card_find_request(s->job->ledger, handed->request_id, card, err);

    if (rc != PERSO_END ||
        perso_job_reads(s->job, PERSO_STAGE_INGEST, s->in.view.manifest.kind) == NULL)
        return rc;
    rc = perso_ledger_card_find(s->job->ledger, handed->card_id, card, err);
    return rc == PERSO_OK && card->has_request ? PERSO_END : rc;
}

static enum perso_result
take_card(struct perso_collecting *s, size_t i, struct perso_error *err)
{
    const struct perso_cells *row = &s->cells[i];
    struct perso_text key = row->known[PERSO_COL_QMGY];
    struct perso_handed *handed = &s->handed[s->n_handed];
    struct perso_card card;
    enum perso_result rc;

    if (s->n_handed == PERSO_PACKAGE_CARDS)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "cards.csv", "more than %u cards",
                               PERSO_PACKAGE_CARDS);
    if (!perso_card_id_read(row->known[PERSO_COL_AAZ501], handed->card_id) ||
        !perso_answer_request_id(row, handed->request_id) ||
        !perso_hex_decode(key.at, key.bytes, handed->public_key, PERSO_POINT_BYTES))
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "cards.csv",
                               "row %u: card, request or key is not of its form",
                               s->origins[i].record);
    s->n_handed++;
    if ((rc = find_card(s, handed, &card, err)) != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    handed->seq = card.seq;
    return compare(s, row, &card, handed, err);
}

static enum perso_result
take_cards(struct perso_collecting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = take_card(s, i, err);
    return rc;
}

static int
by_id(const void *a, const void *b)
{
    const struct perso_handed *const *x = a, *const *y = b;
    return strcmp((*x)->card_id, (*y)->card_id);
}

static int
by_request(const void *a, const void *b)
{
    const struct perso_handed *const *x = a, *const *y = b;
    return memcmp((*x)->request_id, (*y)->request_id, PERSO_REQUEST_ID_BYTES);
}

/* As many as the package says, each once; leaves by_id ordered by card id. */
static enum perso_result
check_cards(struct perso_collecting *s, struct perso_error *err)
{
    static int (*const orders[])(const void *, const void *) = { by_request, by_id };

    if (s->n_handed != s->in.view.manifest.cards)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "cards.csv",
                               "have %zu rows, but the package says %u cards", s->n_handed,
                               s->in.view.manifest.cards);
    for (size_t i = 0; i < s->n_handed; i++)
        s->by_id[i] = &s->handed[i];
    for (size_t k = 0; k < N_OF(orders); k++) {
        qsort(s->by_id, s->n_handed, sizeof *s->by_id, orders[k]);
        for (size_t i = 1; i < s->n_handed; i++)
            if (orders[k](&s->by_id[i - 1], &s->by_id[i]) == 0)
                return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "cards.csv",
                                       "a card or request stands twice");
    }
    return PERSO_OK;
}

static bool
is_handed(const struct perso_collecting *s, const char *card_id)
{
    struct perso_handed key, *const at = &key;

    memcpy(key.card_id, card_id, sizeof key.card_id);
    return bsearch(&at, s->by_id, s->n_handed, sizeof *s->by_id, by_id) != NULL;
}

/* ---- personal.csv ---- */

/* Nothing but what a person's row may have: no secret comes into the ledger by this table. */
static void
personal_cells(const struct perso_cells *row, const struct perso_handed *handed,
               struct perso_cells *kept, char key[2 * PERSO_POINT_BYTES + 1])
{
    static const enum perso_column columns[] = {
        PERSO_COL_AAZ501, PERSO_COL_AAZ500,  PERSO_COL_AAC002, PERSO_COL_AAC003,
        PERSO_COL_BAZ103, PERSO_COL_AAC004,  PERSO_COL_AAC005, PERSO_COL_AAC006,
        PERSO_COL_AAC025, PERSO_COL_AAB301,  PERSO_COL_AAZ503, PERSO_COL_KYXQ,
        PERSO_COL_AAE010, PERSO_COL_CSHJGBM, PERSO_COL_BAZ033, PERSO_COL_SSSE,
    };

    *kept = (struct perso_cells) { .n_other = row->n_other, .other = row->other };
    for (size_t i = 0; i < N_OF(columns); i++)
        kept->known[columns[i]] = row->known[columns[i]];
    perso_hex_upper(handed->public_key, PERSO_POINT_BYTES, key);
    kept->known[PERSO_COL_QMGY] = (struct perso_text) { key, 2 * PERSO_POINT_BYTES };
}

static enum perso_result
take_person(struct perso_collecting *s, size_t i, struct perso_handed *handed,
            struct perso_error *err)
{
    struct perso_stored_record record = { .card_seq = handed->seq };
    struct perso_cells kept;
    char key[2 * PERSO_POINT_BYTES + 1];

    if (handed->seq == 0) /* nobody's of ours: not a word of it is kept */
        return PERSO_OK;
    personal_cells(&s->cells[i], handed, &kept, key);
    enum perso_result rc = perso_collect_put(s, i, &kept, &record, err);
    handed->personal = record.id;
    return rc;
}

static enum perso_result
take_personal(struct perso_collecting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++, s->at++) {
        char card_id[PERSO_CARD_ID_CHARS + 1];

        if (s->at >= s->n_handed ||
            !perso_card_id_read(s->cells[i].known[PERSO_COL_AAZ501], card_id) ||
            strcmp(card_id, s->handed[s->at].card_id) != 0)
            return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "personal.csv",
                                   "row %u is not of the same card as in cards.csv",
                                   s->origins[i].record);
        rc = take_person(s, i, &s->handed[s->at], err);
    }
    return rc;
}

/* ---- outstanding.csv ---- */

/* A card that stands here among those of a FWD, or is not asked for yet, is not meant: the
 * department cancelled a row before that one. */
static enum perso_result
take_back(struct perso_collecting *s, size_t i, const char *card_id, struct perso_error *err)
{
    struct perso_stored_record record = { .verdict = { .reject = PERSO_REJ_TAKEN_BACK } };
    struct perso_cells kept = { .n_other = s->cells[i].n_other, .other = s->cells[i].other };
    char request_id[2 * PERSO_REQUEST_ID_BYTES + 1];
    struct perso_taking t;
    struct perso_card card;
    enum perso_result rc;

    if (is_handed(s, card_id))
        return PERSO_OK;
    perso_taking_init(&t, s->job, &s->file, &s->counts);
    if ((rc = perso_ledger_card_find(s->job->ledger, card_id, &card, err)) != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    if (!card.has_request || !perso_may_take_back(&t, &card))
        return PERSO_OK;
    record.card_seq = card.seq;
    perso_hex_lower(card.request_id, sizeof card.request_id, request_id);
    kept.known[PERSO_COL_AAZ501] = s->cells[i].known[PERSO_COL_AAZ501];
    kept.known[PERSO_COL_request_id] =
        (struct perso_text) { request_id, 2 * PERSO_REQUEST_ID_BYTES };
    return perso_collect_put(s, i, &kept, &record, err);
}

static enum perso_result
take_outstanding(struct perso_collecting *s, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_outstanding outstanding;

        rc = perso_outstanding_read(&s->cells[i], &outstanding, err);
        if (rc != PERSO_OK)
            break;
        s->counts.outstanding++;
        if (outstanding.cancelled && outstanding.card_id[0] != '\0')
            rc = take_back(s, i, outstanding.card_id, err);
    }
    return rc;
}

/* ---- the package ---- */

static enum perso_result
check_rows(struct perso_collecting *s, const char *name, struct perso_error *err)
{
    if (s->in.member->rows == s->n_handed)
        return PERSO_OK;
    enum perso_result rc =
        perso_error_set(err, PERSO_REJ_ROW_COUNT, name, "have %u rows, want %zu as in cards.csv",
                        s->in.member->rows, s->n_handed);
    perso_error_at(err, s->in.display, 0, 0);
    return rc;
}

/* What the cards of this mode wait for; the department keeps the rest in its cupboard. */
static enum perso_result
take_items(const struct perso_job *job, uint32_t *items, struct perso_error *err)
{
    struct perso_return_rules of_ra;
    enum perso_result rc = perso_rules_of_return(&job->profile, &of_ra, err);

    if (rc != PERSO_OK)
        return rc;
    if (job->mode->certificates_with_card)
        *items = of_ra.items;
    else if (perso_conf_yes(job->profile.keys_at_issue))
        *items = of_ra.items & (PERSO_ITEM_GLYPIN | PERSO_ITEM_ZKMY);
    else
        *items = 0;
    return PERSO_OK;
}

enum perso_result
perso_collect_read_handed(struct perso_collecting *s, struct perso_error *err)
{
    enum perso_result rc;

    s->handed = calloc(PERSO_PACKAGE_CARDS, sizeof *s->handed);
    s->by_id = calloc(PERSO_PACKAGE_CARDS, sizeof *s->by_id);
    if (s->handed == NULL || s->by_id == NULL)
        return perso_error_errno(err, "memory");
    s->rules.by_card = true;
    if ((rc = take_items(s->job, &s->rules.items, err)) != PERSO_OK ||
        (rc = perso_collect_member(s, "cards.csv", cards_columns, take_cards, err)) != PERSO_OK)
        return rc;
    if ((rc = check_cards(s, err)) != PERSO_OK) {
        perso_error_at(err, s->in.display, 0, 0);
        return rc;
    }
    if ((rc = perso_collect_member(s, "personal.csv", personal_columns, take_personal, err)) !=
            PERSO_OK ||
        (rc = check_rows(s, "personal.csv", err)) != PERSO_OK ||
        (rc = perso_collect_read_answers(s, err)) != PERSO_OK ||
        (rc = check_rows(s, "certificates.csv", err)) != PERSO_OK)
        return rc;
    return perso_collect_member(s, "outstanding.csv", outstanding_columns, take_outstanding, err);
}

static enum perso_result
take_handed(struct perso_taking *t, const struct perso_handed *handed, struct perso_error *err)
{
    struct perso_stored_record record;
    enum perso_result rc =
        t->job->cards.get(t->job->cards.self, handed->answer, &record, NULL, NULL, err);

    return rc == PERSO_OK ? perso_take_answer(t, &record, handed->personal, err) : rc;
}

static enum perso_result
take_back_row(void *taking, struct perso_stored_record *record, struct perso_error *err)
{
    return perso_take_held(taking, record, err);
}

enum perso_result
perso_collect_take_handed(struct perso_taking *t, void *collecting, struct perso_error *err)
{
    const struct perso_collecting *s = collecting;
    int64_t last = 0;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < s->n_handed; i++) {
        rc = take_handed(t, &s->handed[i], err);
        last = s->handed[i].answer;
    }
    if (rc != PERSO_OK)
        return rc;
    /* Records of outstanding.csv are the last of the file. */
    return perso_job_each_record(t->job, t->file->id, last, take_back_row, t, err);
}
