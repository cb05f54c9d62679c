/* The ledger: what is put comes back; acceptance, drop, twins, moves (CONTRACTS 4, 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pipeline/store/ledger_fixture.h"

#define BIT(state) (1u << PERSO_STATE_##state)

static void
files_come_back_as_put(void **state)
{
    struct fixture *f = *state;
    struct perso_ledger_file in = {
        .stage = PERSO_STAGE_COLLECT,
        .status = PERSO_FILE_READING,
        .kind = "RET",
        .path = "/媒体/a b\t.zip",
        .bytes = 5000000000,
        .rows = 1000000,
        .cards = 999999,
        .sequence = 7,
        .final = true,
        .party = "ra.example",
        .encoding = "utf-8",
        .date_s = -1,
        .note = "x",
    };
    struct perso_ledger_file back;
    uint32_t last = 0;

    memset(in.sm3, 0xab, sizeof in.sm3);
    memset(in.manifest_sm3, 0xcd, sizeof in.manifest_sm3);
    fixture_begin(f);
    assert_ok(perso_ledger_file_add(f->ledger, &in, &f->err), f->err);
    fixture_commit(f);
    assert_int_equal(in.id, 1);
    assert_ok(perso_ledger_file_get(f->ledger, 1, &back, &f->err), f->err);
    assert_memory_equal(&back, &in, sizeof in);
    assert_ok(perso_ledger_file_find(f->ledger, PERSO_STAGE_COLLECT, in.sm3, &back, &f->err),
              f->err);
    assert_memory_equal(&back, &in, sizeof in);
    assert_result(PERSO_END,
                  perso_ledger_file_find(f->ledger, PERSO_STAGE_INGEST, in.sm3, &back, &f->err),
                  f->err);
    assert_ok(perso_ledger_file_number(f->ledger, false, "RET", "", 7, &back, &f->err), f->err);
    assert_ok(perso_ledger_file_number(f->ledger, false, "RET", "ra.example", 7, &back, &f->err),
              f->err);
    assert_result(PERSO_END,
                  perso_ledger_file_number(f->ledger, true, "RET", "", 7, &back, &f->err), f->err);
    assert_result(PERSO_END,
                  perso_ledger_file_number(f->ledger, false, "RET", "b", 7, &back, &f->err),
                  f->err);
    assert_ok(perso_ledger_file_last(f->ledger, false, "RET", "", &last, &f->err), f->err);
    assert_int_equal(last, 7);
    assert_ok(perso_ledger_file_last(f->ledger, false, "FWD", "", &last, &f->err), f->err);
    assert_int_equal(last, 0);
    assert_result(PERSO_FATAL, perso_ledger_file_get(f->ledger, 2, &back, &f->err), f->err);
}

static void
records_come_back_as_put(void **state)
{
    struct fixture *f = *state;
    struct perso_arena *arena = perso_arena_new();
    struct perso_stored_record in = {
        .line = 4000000000,
        .record = 3,
        .verdict = { PERSO_REJ_SSN_CHECK, PERSO_COL_AAC002, "have 17" },
        .symbol = '!',
        .folds = 5,
    };
    struct perso_stored_record back, page[3];
    struct perso_cursor payload;
    size_t n = 0;

    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 9);
    in.file_id = file.id;
    for (int i = 0; i < 5; i++)
        assert_ok(f->store.put(f->store.self, &in, perso_cursor_of("abcdef", (size_t)i), &f->err),
                  f->err);
    assert_int_equal(in.id, 5);
    assert_int_equal(in.bytes, 4);
    for (int pass = 0; pass < 2; pass++) { /* before and after the commit */
        assert_ok(f->store.get(f->store.self, 5, &back, arena, &payload, &f->err), f->err);
        assert_memory_equal(&back, &in, sizeof in);
        assert_int_equal(perso_left(&payload), 4);
        assert_memory_equal(payload.at, "abcd", 4);
        if (pass == 0)
            fixture_commit(f);
    }
    assert_ok(f->store.get(f->store.self, 1, &back, NULL, NULL, &f->err), f->err);
    assert_int_equal(back.bytes, 0);
    assert_ok(perso_ledger_records(f->ledger, file.id, 0, 3, page, &n, &f->err), f->err);
    assert_int_equal(n, 3);
    assert_ok(perso_ledger_records(f->ledger, file.id, page[2].id, 3, page, &n, &f->err), f->err);
    assert_int_equal(n, 2);
    assert_result(PERSO_END, perso_ledger_records(f->ledger, file.id, 5, 3, page, &n, &f->err),
                  f->err);
    assert_result(PERSO_FATAL, f->store.get(f->store.self, 6, &back, NULL, NULL, &f->err), f->err);

    fixture_begin(f);
    in.verdict = (struct perso_verdict) { 0 };
    in.symbol = 0;
    in.folds = 0;
    assert_ok(perso_ledger_record_set(f->ledger, &in, &f->err), f->err);
    fixture_commit(f);
    assert_ok(f->store.get(f->store.self, 5, &back, NULL, NULL, &f->err), f->err);
    assert_memory_equal(&back, &in, sizeof in);
    perso_arena_free(arena);
}

static void
cards_come_back_as_set(void **state)
{
    struct fixture *f = *state;
    struct perso_card back;

    fixture_cards(f, 3);
    fixture_begin(f);
    struct perso_ledger_file made = { .stage = PERSO_STAGE_BUNDLE,
                                      .outgoing = true,
                                      .status = PERSO_FILE_PLANNED,
                                      .kind = "REQ",
                                      .sequence = 1,
                                      .path = "out/bundle/x" };
    assert_ok(perso_ledger_file_add(f->ledger, &made, &f->err), f->err);
    assert_ok(perso_ledger_card_get(f->ledger, 2, &back, &f->err), f->err);
    assert_int_equal(back.state, PERSO_STATE_RECEIVED);
    assert_int_equal(back.application, 2);
    struct perso_card held = back;
    held.state = PERSO_STATE_HELD;
    held.from_state = PERSO_STATE_RECEIVED;
    held.reject_stage = PERSO_STAGE_RECONCILE;
    held.verdict = (struct perso_verdict) { PERSO_REJ_FIELD_DIFFERS, PERSO_COL_AAC003, "name" };
    held.verdict_record = 1;
    held.issuance = 3;
    held.answer = 2;
    held.result = 1;
    held.bundle = held.machine = made.id;
    assert_ok(f->store.set(f->store.self, &held, &f->err), f->err);
    assert_ok(perso_ledger_card_get(f->ledger, 2, &back, &f->err), f->err);
    assert_memory_equal(&back, &held, sizeof held);

    /* A verdict ends with the state that it belongs to. */
    held.state = PERSO_STATE_RECEIVED;
    assert_ok(f->store.set(f->store.self, &held, &f->err), f->err);
    assert_ok(perso_ledger_card_get(f->ledger, 2, &back, &f->err), f->err);
    assert_int_equal(back.verdict.reject, PERSO_REJ_NONE);
    assert_int_equal(back.from_state, PERSO_STATE_NONE);
    assert_int_equal(back.verdict_record, 0);
    assert_int_equal(back.issuance, 3);

    held.state = PERSO_STATE_WRITTEN; /* not in the table of moves */
    assert_result(PERSO_FATAL, f->store.set(f->store.self, &held, &f->err), f->err);
    held.state = PERSO_STATE_HELD; /* no code */
    held.verdict.reject = PERSO_REJ_NONE;
    assert_result(PERSO_FATAL, f->store.set(f->store.self, &held, &f->err), f->err);
    fixture_commit(f);

    size_t n = 0;
    assert_ok(perso_ledger_cards_of_file(f->ledger, made.id, 0, 1, &back, &n, &f->err), f->err);
    assert_int_equal(back.seq, 2);
    assert_result(PERSO_END,
                  perso_ledger_cards_of_file(f->ledger, made.id, 2, 1, &back, &n, &f->err), f->err);
    struct perso_stored_record records[4];
    assert_ok(perso_ledger_records_of_card(f->ledger, 2, 0, 4, records, &n, &f->err), f->err);
    assert_int_equal(n, 1);
    assert_int_equal(records[0].id, 2);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
}

static void
rows_count_only_when_accepted(void **state) /* CONTRACTS 5: acceptance */
{
    struct fixture *f = *state;
    struct perso_card cards[4];
    uint32_t counts[PERSO_STATE_COUNT];
    struct perso_stored_record records[2];
    size_t n = 0;

    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 1);
    struct perso_card one = fixture_card(f, &file, 1, 1, 1);
    fixture_card(f, &file, 2, 2, 2);
    fixture_commit(f);

    assert_result(PERSO_END, f->store.scan(f->store.self, ~0u, 0, 4, cards, &n, &f->err), f->err);
    assert_result(PERSO_END, perso_ledger_card_find(f->ledger, one.card_id, cards, &f->err),
                  f->err);
    assert_result(PERSO_END,
                  perso_ledger_card_find_request(f->ledger, one.request_id, cards, &f->err),
                  f->err);
    assert_ok(perso_ledger_counts(f->ledger, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 0);
    assert_result(PERSO_END, perso_ledger_records_of_card(f->ledger, 1, 0, 2, records, &n, &f->err),
                  f->err);
    assert_ok(perso_ledger_cards_from_file(f->ledger, file.id, 0, 4, cards, &n, &f->err), f->err);
    assert_int_equal(n, 2);

    fixture_begin(f);
    fixture_accept(f, &file);
    assert_result(PERSO_FATAL, perso_ledger_file_drop(f->ledger, file.id, &f->err), f->err);
    file.status = PERSO_FILE_READING;
    assert_result(PERSO_FATAL, perso_ledger_file_set(f->ledger, &file, &f->err), f->err);
    struct perso_card late = { .file_id = file.id, .state = PERSO_STATE_RECEIVED };
    assert_result(PERSO_FATAL, perso_ledger_card_add(f->ledger, &late, &f->err), f->err);
    fixture_commit(f);
    assert_ok(f->store.scan(f->store.self, BIT(RECEIVED), 0, 4, cards, &n, &f->err), f->err);
    assert_int_equal(n, 2);
    assert_ok(f->store.scan(f->store.self, BIT(RECEIVED), 1, 4, cards, &n, &f->err), f->err);
    assert_int_equal(n, 1);
    assert_int_equal(cards[0].seq, 2);
    assert_ok(perso_ledger_card_find(f->ledger, one.card_id, cards, &f->err), f->err);
    assert_int_equal(cards[0].seq, 1);
    assert_ok(perso_ledger_card_find_request(f->ledger, one.request_id, cards, &f->err), f->err);
    assert_ok(perso_ledger_counts(f->ledger, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 2);
}

/* A refused file leaves nothing behind (DESIGN 6), and its numbers are given again. */
static void
dropped_rows_leave_nothing(void **state)
{
    struct fixture *f = *state;

    fixture_cards(f, 2);
    struct collected before = fixture_dump(f);
    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 2);
    fixture_card(f, &file, 3, 3, 3);
    fixture_commit(f);
    fixture_begin(f);
    assert_ok(perso_ledger_file_drop(f->ledger, file.id, &f->err), f->err);
    fixture_commit(f);
    struct collected after = fixture_dump(f);
    assert_string_equal(before.bytes, after.bytes);
    free(after.bytes);

    fixture_begin(f);
    struct perso_ledger_file again = fixture_file(f, 2);
    assert_int_equal(again.id, file.id);
    struct perso_card card = fixture_card(f, &again, 3, 3, 3);
    assert_int_equal(card.seq, 3);
    assert_int_equal(card.application, 3);
    again.status = PERSO_FILE_REFUSED;
    assert_ok(perso_ledger_file_set(f->ledger, &again, &f->err), f->err);
    fixture_commit(f);
    assert_int_equal(fixture_number(f, "SELECT count(*) FROM card"), 2);
    assert_int_equal(fixture_number(f, "SELECT count(*) FROM record"), 2);
    assert_result(PERSO_END,
                  perso_ledger_file_find(f->ledger, PERSO_STAGE_INGEST, again.sm3, &file, &f->err),
                  f->err);
    /* The tail of data/ that belonged to it goes at the next opening. */
    fixture_close(f);
    fixture_open(f, PERSO_LEDGER_WRITE);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
    free(before.bytes);
}

static int64_t
twin_seqs(struct fixture *f, int64_t file, uint32_t states, bool by_card_id)
{
    struct perso_card one;
    int64_t after = 0, ret = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = perso_ledger_twins(f->ledger, file, states, by_card_id, after, 1, &one, &n,
                                    &f->err)) == PERSO_OK) {
        assert_true(one.seq > after);
        after = one.seq;
        ret = ret * 10 + after;
    }
    assert_result(PERSO_END, rc, f->err);
    return ret;
}

static void
twins_are_found(void **state) /* CONTRACTS 4: a duplicate holds every card of its group */
{
    struct fixture *f = *state;

    fixture_begin(f);
    struct perso_ledger_file old = fixture_file(f, 1);
    fixture_card(f, &old, 1, 1, 1);
    fixture_card(f, &old, 2, 2, 2);
    fixture_card(f, &old, 3, 3, 3);
    struct perso_card held = { .file_id = old.id,
                               .has_key = true,
                               .state = PERSO_STATE_HELD,
                               .verdict = { .reject = PERSO_REJ_SSN_DATE } };
    memset(held.public_key, 0x77, sizeof held.public_key);
    assert_ok(perso_ledger_card_add(f->ledger, &held, &f->err), f->err);
    fixture_accept(f, &old);
    struct perso_ledger_file file = fixture_file(f, 2);
    fixture_card(f, &file, 5, 1, 5); /* key of accepted 1 */
    fixture_card(f, &file, 6, 6, 6);
    fixture_card(f, &file, 7, 6, 7); /* key of 6 */
    fixture_card(f, &file, 3, 8, 8); /* card id of accepted 3 */
    fixture_commit(f);

    assert_int_equal(twin_seqs(f, file.id, BIT(RECEIVED), false), 1567);
    assert_int_equal(twin_seqs(f, file.id, BIT(RECEIVED), true), 38);
    assert_int_equal(twin_seqs(f, file.id, BIT(BUNDLED), false), 67);
    assert_int_equal(twin_seqs(f, file.id, 0, true), 0);

    /* A held one counts where it is asked for; one without a key is nobody's twin. */
    fixture_begin(f);
    held.file_id = file.id;
    assert_ok(perso_ledger_card_add(f->ledger, &held, &f->err), f->err);
    held.has_key = false;
    assert_ok(perso_ledger_card_add(f->ledger, &held, &f->err), f->err);
    assert_ok(perso_ledger_card_add(f->ledger, &held, &f->err), f->err);
    assert_int_equal(twin_seqs(f, file.id, BIT(RECEIVED), false), 1567);
    assert_int_equal(twin_seqs(f, file.id, BIT(RECEIVED) | BIT(HELD), false), 145679);

    /* The set stands while its cards are held one by one. */
    struct perso_card one;
    size_t n = 0;
    assert_ok(perso_ledger_twins(f->ledger, file.id, BIT(RECEIVED), false, 0, 1, &one, &n, &f->err),
              f->err);
    assert_int_equal(one.seq, 1);
    one.state = PERSO_STATE_HELD;
    one.verdict.reject = PERSO_REJ_KEY_TWICE;
    assert_ok(f->store.set(f->store.self, &one, &f->err), f->err);
    assert_ok(perso_ledger_twins(f->ledger, file.id, BIT(RECEIVED), false, 1, 1, &one, &n, &f->err),
              f->err);
    assert_int_equal(one.seq, 5);
    fixture_commit(f);
}

static void
the_card_in_force_is_found(void **state)
{
    struct fixture *f = *state;
    struct perso_card found, card;

    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 1);
    for (int i = 0; i < 3; i++)
        card = fixture_card(f, &file, 1, 1, 1);
    for (int64_t seq = 1; seq <= 3; seq++) {
        card.seq = seq;
        card.application = seq;
        card.state = PERSO_STATE_HELD;
        card.verdict.reject = PERSO_REJ_CARD_TWICE;
        assert_ok(f->store.set(f->store.self, &card, &f->err), f->err);
    }
    fixture_accept(f, &file);
    assert_ok(perso_ledger_card_find(f->ledger, card.card_id, &found, &f->err), f->err);
    assert_int_equal(found.seq, 3);
    found.seq = 2;
    found.application = 2;
    assert_ok(f->store.move(f->store.self, &found, 1, PERSO_STATE_RECEIVED, &f->err), f->err);
    assert_ok(perso_ledger_card_find(f->ledger, card.card_id, &found, &f->err), f->err);
    assert_int_equal(found.seq, 2);
    assert_int_equal(found.verdict.reject, PERSO_REJ_NONE);
    assert_ok(perso_ledger_card_find_request(f->ledger, card.request_id, &found, &f->err), f->err);
    assert_int_equal(found.seq, 2);
    fixture_commit(f);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
}

static void
moves_are_all_or_none(void **state)
{
    struct fixture *f = *state;
    struct perso_card cards[3];
    uint32_t counts[PERSO_STATE_COUNT];
    size_t n = 0;

    fixture_cards(f, 3);
    assert_ok(f->store.scan(f->store.self, BIT(RECEIVED), 0, 3, cards, &n, &f->err), f->err);
    assert_result(PERSO_FATAL,
                  f->store.move(f->store.self, cards, 3, PERSO_STATE_RECONCILED, &f->err),
                  f->err); /* no transaction */
    fixture_begin(f);
    assert_result(PERSO_FATAL, f->store.move(f->store.self, cards, 3, PERSO_STATE_WRITTEN, &f->err),
                  f->err);
    assert_result(PERSO_FATAL, f->store.move(f->store.self, cards, 3, PERSO_STATE_HELD, &f->err),
                  f->err);
    cards[2].state = PERSO_STATE_APPROVED; /* it is not */
    assert_result(PERSO_FATAL,
                  f->store.move(f->store.self, cards, 3, PERSO_STATE_RECEIVED, &f->err), f->err);
    cards[2].state = PERSO_STATE_RECEIVED;
    assert_ok(f->store.move(f->store.self, cards, 2, PERSO_STATE_RECONCILED, &f->err), f->err);
    assert_result(PERSO_FATAL,
                  f->store.move(f->store.self, cards, 3, PERSO_STATE_RECONCILED, &f->err), f->err);
    fixture_commit(f);
    assert_ok(perso_ledger_counts(f->ledger, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECONCILED], 2);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 1);
}

static void
rejects_are_counted_in_order(void **state)
{
    static const struct {
        enum perso_state state;
        enum perso_stage stage;
        enum perso_reject reject;
    } rows[] = {
        { PERSO_STATE_HELD, PERSO_STAGE_RECONCILE, PERSO_REJ_FIELD_DIFFERS },
        { PERSO_STATE_HELD, PERSO_STAGE_INGEST, PERSO_REJ_SSN_CHECK },
        { PERSO_STATE_HELD, PERSO_STAGE_INGEST, PERSO_REJ_CARD_ID_SHAPE },
        { PERSO_STATE_HELD, PERSO_STAGE_INGEST, PERSO_REJ_SSN_CHECK },
        { PERSO_STATE_HELD, PERSO_STAGE_NONE, PERSO_REJ_OPERATOR_HELD },
    };
    struct fixture *f = *state;
    struct perso_reject_count have[8];
    size_t n = 0;

    fixture_begin(f);
    struct perso_ledger_file file = fixture_file(f, 1);
    for (size_t i = 0; i < 5; i++) {
        struct perso_card card = { .file_id = file.id,
                                   .state = rows[i].state,
                                   .reject_stage = rows[i].stage,
                                   .verdict.reject = rows[i].reject };
        assert_ok(perso_ledger_card_add(f->ledger, &card, &f->err), f->err);
    }
    fixture_accept(f, &file);
    fixture_commit(f);
    assert_ok(perso_ledger_reject_counts(f->ledger, have, 8, &n, &f->err), f->err);
    assert_int_equal(n, 4);
    assert_int_equal(have[0].reject, PERSO_REJ_OPERATOR_HELD);
    assert_int_equal(have[1].reject, PERSO_REJ_CARD_ID_SHAPE);
    assert_int_equal(have[2].reject, PERSO_REJ_SSN_CHECK);
    assert_int_equal(have[2].n, 2);
    assert_int_equal(have[3].stage, PERSO_STAGE_RECONCILE);
    assert_ok(perso_ledger_reject_counts(f->ledger, have, 2, &n, &f->err), f->err);
    assert_int_equal(n, 2);
    assert_int_equal(have[1].reject, PERSO_REJ_CARD_ID_SHAPE);
}

static void
values_and_waivers_are_kept(void **state)
{
    struct fixture *f = *state;
    const uint8_t row[PERSO_SM3_BYTES] = { 1 }, other_row[PERSO_SM3_BYTES] = { 2 };
    char *value = NULL;
    bool waived = false;

    fixture_cards(f, 1);
    assert_result(PERSO_END, perso_ledger_value(f->ledger, "date", &value, &f->err), f->err);
    fixture_begin(f);
    assert_ok(perso_ledger_value_set(f->ledger, "date", "2026-01-01", &f->err), f->err);
    assert_ok(perso_ledger_value_set(f->ledger, "date", "2026-01-02", &f->err), f->err);
    assert_result(PERSO_FATAL,
                  perso_ledger_waive(f->ledger, 1, PERSO_REJ_SSN_CHECK, row, "no", &f->err),
                  f->err);
    assert_ok(perso_ledger_waive(f->ledger, 1, PERSO_REJ_NAME_FOLDED, row, "seen", &f->err),
              f->err);
    assert_ok(perso_ledger_waive(f->ledger, 1, PERSO_REJ_NAME_FOLDED, row, "again", &f->err),
              f->err);
    assert_result(PERSO_FATAL,
                  perso_ledger_waive(f->ledger, 99, PERSO_REJ_NAME_FOLDED, row, "x", &f->err),
                  f->err);
    fixture_commit(f);
    assert_ok(perso_ledger_value(f->ledger, "date", &value, &f->err), f->err);
    assert_string_equal(value, "2026-01-02");
    free(value);
    assert_ok(perso_ledger_waived(f->ledger, 1, PERSO_REJ_NAME_FOLDED, row, &waived, &f->err),
              f->err);
    assert_true(waived);
    assert_ok(perso_ledger_waived(f->ledger, 1, PERSO_REJ_CARD_STATUS, row, &waived, &f->err),
              f->err);
    assert_false(waived);
    assert_ok(perso_ledger_waived(f->ledger, 1, PERSO_REJ_NAME_FOLDED, other_row, &waived, &f->err),
              f->err);
    assert_false(waived); /* given for one row, not for what comes later */
    fixture_begin(f);
    assert_ok(perso_ledger_waive_as(f->ledger, 1, other_row, row, &f->err), f->err); /* none */
    assert_ok(perso_ledger_waive_as(f->ledger, 1, row, other_row, &f->err), f->err);
    fixture_commit(f);
    assert_ok(perso_ledger_waived(f->ledger, 1, PERSO_REJ_NAME_FOLDED, other_row, &waived, &f->err),
              f->err);
    assert_true(waived); /* the same row, stored once more */
    fixture_begin(f);
    assert_ok(perso_ledger_unwaive(f->ledger, 1, &f->err), f->err);
    fixture_commit(f);
    assert_ok(perso_ledger_waived(f->ledger, 1, PERSO_REJ_NAME_FOLDED, row, &waived, &f->err),
              f->err);
    assert_false(waived);
}

/* A file that brings most of the cards is accepted by another way; it must say no all the same. */
static void
a_large_file_is_accepted_alike(void **state)
{
    struct fixture *f = *state;
    struct perso_card card = { .state = PERSO_STATE_RECEIVED, .has_key = true };
    uint32_t counts[PERSO_STATE_COUNT];

    for (int twin = 1; twin >= 0; twin--) {
        fixture_begin(f);
        struct perso_ledger_file file = fixture_file(f, 1);
        card.file_id = file.id;
        for (uint32_t i = 0; i < 20000; i++) {
            uint32_t number = twin && i == 19999 ? 5 : i;
            memcpy(card.public_key, &number, sizeof number);
            assert_ok(perso_ledger_card_add(f->ledger, &card, &f->err), f->err);
        }
        fixture_commit(f);
        fixture_begin(f);
        file.status = PERSO_FILE_ACCEPTED;
        enum perso_result rc = perso_ledger_file_set(f->ledger, &file, &f->err);
        assert_result(twin ? PERSO_FATAL : PERSO_OK, rc, f->err);
        if (twin) { /* nothing has changed, the indexes stand */
            assert_ok(perso_ledger_file_get(f->ledger, file.id, &file, &f->err), f->err);
            assert_int_equal(file.status, PERSO_FILE_READING);
            assert_ok(perso_ledger_file_drop(f->ledger, file.id, &f->err), f->err);
        }
        fixture_commit(f);
        assert_int_equal(fixture_number(f, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
                                           " AND name LIKE 'card_live_%'"),
                         3);
    }
    assert_ok(perso_ledger_counts(f->ledger, counts, &f->err), f->err);
    assert_int_equal(counts[PERSO_STATE_RECEIVED], 20000);
    assert_ok(perso_ledger_check(f->ledger, &f->err), f->err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_come_back_as_put),         TEST(records_come_back_as_put),
        TEST(cards_come_back_as_set),         TEST(rows_count_only_when_accepted),
        TEST(dropped_rows_leave_nothing),     TEST(twins_are_found),
        TEST(the_card_in_force_is_found),     TEST(moves_are_all_or_none),
        TEST(rejects_are_counted_in_order),   TEST(values_and_waivers_are_kept),
        TEST(a_large_file_is_accepted_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
