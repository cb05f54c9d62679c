/* Tables that another party's package brings, through the readers of their rows: held.csv,
 * outstanding.csv, result.csv, and the join of cards.csv with personal.csv. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/text/charset.h"
#include "formats/text/table.h"
#include "perso/text.h"
#include "stages/close.h"
#include "stages/held.h"
#include "stages/receive.h"
#include "tests/fuzz/memory.h"

#define BATCH 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_card_id(const char *id)
{
    assert(id[0] == '\0' || strlen(id) == PERSO_CARD_ID_CHARS);
}

static void
check_verdict(const struct perso_verdict *v)
{
    uint32_t scalar;
    size_t n = strlen(v->note);

    assert(n < sizeof v->note && v->reject >= PERSO_REJ_NONE && v->reject < PERSO_REJ_COUNT);
    assert(!perso_reject_of_file(v->reject));
    for (size_t at = 0, step; at < n; at += step) {
        step = perso_utf8_next(v->note + at, n - at, &scalar);
        assert(step > 0 && !perso_is_control(scalar));
    }
}

static void
check_held(const struct perso_cells *row)
{
    struct perso_held held = { .has_request = false };
    struct perso_outstanding outstanding = { .cancelled = false };
    struct perso_error err = { 0 };
    enum perso_result rc = perso_held_read(row, &held, &err);

    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    if (rc == PERSO_OK) {
        check_card_id(held.card_id);
        check_verdict(&held.verdict);
        assert(held.verdict.reject != PERSO_REJ_NONE);
    }
    rc = perso_outstanding_read(row, &outstanding, &err);
    assert(rc == PERSO_OK || rc == PERSO_REJECT);
    if (rc == PERSO_OK)
        check_card_id(outstanding.card_id);
}

/* The fourth gate: nothing passes as written without the 64 bytes of the key. */
static void
check_results(const struct perso_cells *rows, size_t n, bool certificates)
{
    const struct perso_origin origins[BATCH] = { { "f", 1, 1 } };
    const struct perso_expected want = { .public_key = { 1, 2, 3 }, .certificates = certificates };
    const struct perso_expected *expected[BATCH] = { &want, &want, &want, &want };
    struct perso_outcome outcomes[BATCH];
    struct perso_verdict verdicts[BATCH];
    struct perso_error err = { 0 };
    uint8_t key[PERSO_POINT_BYTES], sm3[PERSO_SM3_BYTES];

    assert(perso_stage_close(rows, origins, expected, n, outcomes, verdicts, &err) == PERSO_OK);
    for (size_t i = 0; i < n; i++) {
        const struct perso_text *cells = rows[i].known;
        check_card_id(outcomes[i].card_id);
        check_verdict(&verdicts[i]);
        bool written =
            outcomes[i].state == PERSO_STATE_WRITTEN || outcomes[i].state == PERSO_STATE_DEFERRED;
        if (!written || verdicts[i].reject != PERSO_REJ_NONE)
            continue;
        assert((outcomes[i].state == PERSO_STATE_WRITTEN) == certificates);
        assert(perso_hex_decode(cells[PERSO_COL_QMGY].at, cells[PERSO_COL_QMGY].bytes, key,
                                sizeof key) &&
               memcmp(key, want.public_key, sizeof key) == 0);
        assert(!certificates ||
               (perso_hex_decode(cells[PERSO_COL_QMZS_SM3].at, cells[PERSO_COL_QMZS_SM3].bytes, sm3,
                                 sizeof sm3) &&
                memcmp(sm3, want.signing_sm3, sizeof sm3) == 0));
    }
}

/* An application made of two rows has nothing but what one has, and can be kept. */
static void
check_join(const struct perso_cells *rows, size_t n, struct perso_arena *arena)
{
    static const enum perso_column never[] = { PERSO_COL_GLYPIN, PERSO_COL_ZKMY, PERSO_COL_QMZS,
                                               PERSO_COL_JMZS,   PERSO_COL_JMMY, PERSO_COL_SSSE };
    struct perso_cells joined[BATCH], again;
    struct perso_cursor payload;
    struct perso_error err = { 0 };

    if (n < 2)
        return;
    perso_stage_receive(rows, rows + 1, n - 1, joined);
    for (size_t i = 0; i + 1 < n; i++) {
        for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
            assert(joined[i].known[never[k]].bytes == 0);
        assert(perso_row_payload_write(&joined[i], arena, &payload, &err) == PERSO_OK);
        assert(perso_row_payload_read(payload, arena, &again, &err) == PERSO_OK);
        for (int c = 1; c < PERSO_COLUMN_COUNT; c++)
            assert(again.known[c].bytes == joined[i].known[c].bytes);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct perso_table_options options = {
        .charset = PERSO_UTF8, .delimiter = ',', .quotes = true, .file = "f"
    };
    struct memory m = { data, size, size };
    const struct perso_source source = { memory_read, &m };
    struct perso_error err = { 0 };
    struct perso_table *table = NULL;
    struct perso_row rows[BATCH];
    struct perso_cells cells[BATCH];
    size_t n = 0;

    if (size > (1 << 16))
        return 0;
    struct perso_arena *arena = perso_arena_new();
    enum perso_result rc = perso_table_open(&source, &options, &table, &err);
    while (rc == PERSO_OK) {
        perso_arena_reset(arena);
        if ((rc = perso_table_read(table, arena, rows, BATCH, &n, &err)) != PERSO_OK)
            break;
        for (size_t i = 0; i < n; i++) {
            assert(perso_cells_of_row(perso_table_layout(table), &rows[i], arena, &cells[i],
                                      &err) == PERSO_OK);
            check_held(&cells[i]);
        }
        check_results(cells, n, true);
        check_results(cells, n, false);
        check_join(cells, n, arena);
    }
    perso_table_free(table);
    perso_arena_free(arena);
    return 0;
}
