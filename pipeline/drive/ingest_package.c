/* Application rows of a package: a vendor's APP as they are, a department's FWD out of its two
 * tables. */
#include <stdlib.h>
#include <string.h>

#include "formats/identity/card.h"
#include "pipeline/drive/ingest_source.h"
#include "pipeline/file/opening.h"
#include "pipeline/job/rules.h"
#include "stages/receive.h"

static const enum perso_column of_cards[] = { PERSO_COL_request_id, PERSO_COL_AAZ501,
                                              PERSO_COL_AAZ500, PERSO_COL_QMGY,
                                              PERSO_COLUMN_OTHER };
static const enum perso_column of_personal[] = { PERSO_COL_AAZ501, PERSO_COL_AAC002,
                                                 PERSO_COL_AAC003, PERSO_COL_AAB301,
                                                 PERSO_COLUMN_OTHER };

/* One row of cards.csv, kept until the row of personal.csv comes. */
struct kept {
    char card_id[PERSO_CARD_ID_CHARS + 1];
    struct perso_cursor payload;
    bool met;
};

struct package {
    struct perso_incoming in;
    const enum perso_column *required; /* of application.csv */
    bool joined;                       /* FWD: two tables are one */
    bool begun;
    uint32_t n_rows;
    struct perso_row rows[PERSO_BATCH_RECORDS];
    /* FWD: cards.csv in memory, at most PERSO_PACKAGE_CARDS rows, ordered by card */
    struct kept *kept;
    size_t n_kept;
    struct perso_arena *memory;
    struct perso_cells *cards, *personal; /* PERSO_BATCH_RECORDS each */
};

/* ---- one table ---- */

static enum perso_result
rows_of(struct package *p, struct perso_arena *arena, struct perso_cells *cells, size_t *n,
        struct perso_error *err)
{
    enum perso_result rc =
        perso_incoming_rows(&p->in, arena, p->rows, cells, PERSO_BATCH_RECORDS, n, err);

    if (rc == PERSO_OK)
        p->n_rows += (uint32_t)*n;
    if (rc == PERSO_END && p->n_rows != p->in.view.manifest.cards)
        rc = perso_error_set(err, PERSO_REJ_ROW_COUNT, p->in.member->name,
                             "have %u rows, but the package says %u cards", p->n_rows,
                             p->in.view.manifest.cards);
    return rc;
}

/* ---- two tables ---- */

static int
by_card(const void *a, const void *b)
{
    return strcmp(((const struct kept *)a)->card_id, ((const struct kept *)b)->card_id);
}

static enum perso_result
wrong_card(const struct package *p, size_t i, const char *what, struct perso_error *err)
{
    perso_error_at(err, p->in.display, p->rows[i].origin.line, p->rows[i].origin.record);
    return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, p->in.member->name, "%s", what);
}

static enum perso_result
keep_row(struct package *p, size_t i, const struct perso_cells *cells, struct perso_error *err)
{
    struct kept *k = &p->kept[p->n_kept];

    if (!perso_card_id_read(cells->known[PERSO_COL_AAZ501], k->card_id))
        return wrong_card(p, i, "AAZ501 is not a card identification code", err);
    p->n_kept++;
    return perso_row_payload_write(cells, p->memory, &k->payload, err);
}

static enum perso_result
keep_rows(struct package *p, struct perso_arena *arena, struct perso_error *err)
{
    size_t n = 0;
    enum perso_result rc = PERSO_OK;

    while (rc == PERSO_OK && (rc = rows_of(p, arena, p->cards, &n, err)) == PERSO_OK) {
        if (n > p->in.view.manifest.cards - p->n_kept)
            return perso_error_set(err, PERSO_REJ_ROW_COUNT, p->in.member->name,
                                   "more rows than the package has cards");
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = keep_row(p, i, &p->cards[i], err);
        perso_arena_reset(arena);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
keep_cards(struct package *p, struct perso_arena *arena, struct perso_error *err)
{
    uint32_t cards = p->in.view.manifest.cards;
    enum perso_result rc;

    if (cards > PERSO_PACKAGE_CARDS)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "cards", "have %u, at most %u", cards,
                               PERSO_PACKAGE_CARDS);
    p->memory = perso_arena_new();
    p->kept = calloc(cards + 1, sizeof *p->kept);
    p->cards = calloc(PERSO_BATCH_RECORDS, sizeof *p->cards);
    p->personal = calloc(PERSO_BATCH_RECORDS, sizeof *p->personal);
    if (p->memory == NULL || p->kept == NULL || p->cards == NULL || p->personal == NULL)
        return perso_error_errno(err, "memory");
    if ((rc = perso_incoming_table(&p->in, "cards.csv", of_cards, err)) != PERSO_OK ||
        (rc = keep_rows(p, arena, err)) != PERSO_OK)
        return rc;
    qsort(p->kept, p->n_kept, sizeof *p->kept, by_card);
    for (size_t i = 1; i < p->n_kept; i++)
        if (by_card(&p->kept[i - 1], &p->kept[i]) == 0)
            return perso_error_set(err, PERSO_REJ_PACKAGE_MEMBER, "cards.csv",
                                   "card %s stands there twice", p->kept[i].card_id);
    p->n_rows = 0;
    return PERSO_OK;
}

static enum perso_result
find_kept(struct package *p, size_t i, struct perso_arena *arena, struct perso_error *err)
{
    struct kept key = { 0 }, *k = NULL;

    if (perso_card_id_read(p->personal[i].known[PERSO_COL_AAZ501], key.card_id))
        k = bsearch(&key, p->kept, p->n_kept, sizeof *p->kept, by_card);
    if (k == NULL)
        return wrong_card(p, i, "a card that cards.csv does not have", err);
    if (k->met)
        return wrong_card(p, i, "a card that stands there twice", err);
    k->met = true;
    return perso_row_payload_read(k->payload, arena, &p->cards[i], err);
}

static enum perso_result
joined_rows(struct package *p, struct perso_arena *arena, struct perso_cells *cells, size_t *n,
            struct perso_error *err)
{
    enum perso_result rc = rows_of(p, arena, p->personal, n, err);

    for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
        rc = find_kept(p, i, arena, err);
    if (rc == PERSO_OK)
        perso_stage_receive(p->cards, p->personal, *n, cells);
    /* As many rows as cards, none twice, none unknown: each card of cards.csv was met. */
    return rc;
}

/* ---- a source ---- */

static enum perso_result
begin(struct package *p, struct perso_arena *arena, struct perso_error *err)
{
    enum perso_result rc;

    p->begun = true;
    if (!p->joined)
        return perso_incoming_table(&p->in, "application.csv", p->required, err);
    rc = keep_cards(p, arena, err);
    return rc == PERSO_OK ? perso_incoming_table(&p->in, "personal.csv", of_personal, err) : rc;
}

static enum perso_result
package_read(void *self, struct perso_arena *arena, struct perso_cells *cells,
             struct perso_origin *origins, size_t *n, struct perso_error *err)
{
    struct package *p = self;
    enum perso_result rc = PERSO_OK;

    if (!p->begun)
        rc = begin(p, arena, err);
    if (rc == PERSO_OK)
        rc = p->joined ? joined_rows(p, arena, cells, n, err) : rows_of(p, arena, cells, n, err);
    for (size_t i = 0; rc == PERSO_OK && i < *n; i++)
        origins[i] = p->rows[i].origin;
    if (rc == PERSO_REJECT)
        perso_error_at(err, p->in.display, 0, 0);
    return rc;
}

static void
package_finish(const void *self, struct perso_ledger_file *file)
{
    const struct package *p = self;

    file->rows = p->n_rows;
}

static void
package_close(void *self)
{
    struct package *p = self;

    perso_incoming_close(&p->in);
    perso_arena_free(p->memory);
    free(p->kept);
    free(p->cards);
    free(p->personal);
    free(p);
}

enum perso_result
perso_ingest_package_open(struct perso_job *job, const char *path, struct perso_ingest_source *ret,
                          struct perso_error *err)
{
    struct package *p = calloc(1, sizeof *p);
    enum perso_result rc;

    if (p == NULL)
        return perso_error_errno(err, "memory");
    *ret = (struct perso_ingest_source) { .display = p->in.display,
                                          .read = package_read,
                                          .finish = package_finish,
                                          .close = package_close,
                                          .self = p };
    p->required = perso_required_application(perso_form_of(&job->profile));
    rc = perso_opening_package(job, PERSO_STAGE_INGEST, path, &p->in, err);
    if (rc == PERSO_OK) {
        p->joined = strcmp(p->in.reading->kind, "FWD") == 0;
        perso_incoming_file(&p->in, &ret->file);
    }
    ret->bytes = p->in.bytes;
    memcpy(ret->sm3, p->in.sm3, sizeof ret->sm3);
    return rc;
}
