#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "sink.h"
#include "stages/result_file.h"

#define HEADER "AAZ501,result,step,reason,QMGY,QMZS_SM3,JMZS_SM3,ATR,box,time\n"

static struct collected out;

static int
tear_down(void **state)
{
    (void)state;
    texts_free();
    return 0;
}

/* What is written of one card, without the header. */
static const char *
written(const struct perso_told_result *told)
{
    struct perso_table_writer w;
    struct perso_error err = { 0 };

    out.n = 0;
    perso_writer_init(&w, collecting_sink(&out), PERSO_UTF8, false);
    assert_int_equal(perso_results_header(&w, &err), PERSO_OK);
    assert_int_equal(perso_results_row(&w, told, &err), PERSO_OK);
    assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
    assert_memory_equal(collected_text(&out), HEADER, strlen(HEADER));
    return collected_text(&out) + strlen(HEADER);
}

static void
machine_row(struct perso_cells *cells)
{
    cells_clear(cells);
    cell_set(cells, PERSO_COL_AAZ501, CARD_ID);
    cell_set(cells, PERSO_COL_result, "ok");
    cell_set(cells, PERSO_COL_QMGY, "0A0B");
    cell_set(cells, PERSO_COL_QMZS_SM3, "aa");
    cell_set(cells, PERSO_COL_JMZS_SM3, "BB");
    cell_set(cells, PERSO_COL_ATR, "3B6D");
    cell_set(cells, PERSO_COL_box, "箱,3");
    cell_set(cells, PERSO_COL_time, "2025-03-14T08:00:00Z");
}

static void
values_stay_as_the_machine_gave_them(void **state) /* CONTRACTS 3 RES */
{
    struct perso_cells cells;
    struct perso_told_result told = { CARD_ID, PERSO_STATE_WRITTEN, &cells, { "", 0 } };

    (void)state;
    machine_row(&cells);
    assert_string_equal(written(&told),
                        CARD_ID ",ok,,,0A0B,aa,BB,3B6D,\"箱,3\",2025-03-14T08:00:00Z\n");
}

static void
a_state_is_a_result(void **state) /* LD/T 03-2022 6.4.7.2 e, 6.4.7.5 d */
{
    static const struct {
        enum perso_state state;
        const char *begins; /* of the row; NULL: nobody is told */
    } cases[] = {
        { PERSO_STATE_WRITTEN, CARD_ID ",ok," },
        { PERSO_STATE_DEFERRED, CARD_ID ",ok," },
        { PERSO_STATE_SPOILED, CARD_ID ",spoiled,QMZS,坏," },
        { PERSO_STATE_MISSING, CARD_ID ",missing," },
        { PERSO_STATE_TEST, CARD_ID ",test," },
        { PERSO_STATE_RETRY, NULL },
        { PERSO_STATE_HELD, NULL },
        { PERSO_STATE_PREPARED, NULL },
    };
    struct perso_table_writer w;
    struct perso_error err = { 0 };
    struct perso_cells cells;

    (void)state;
    machine_row(&cells);
    cell_set(&cells, PERSO_COL_step, "QMZS");
    cell_set(&cells, PERSO_COL_reason, "坏");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct perso_told_result told = { CARD_ID, cases[i].state, &cells, { "", 0 } };
        if (cases[i].begins == NULL) {
            out.n = 0;
            perso_writer_init(&w, collecting_sink(&out), PERSO_UTF8, false);
            assert_int_equal(perso_results_row(&w, &told, &err), PERSO_FATAL);
            assert_int_equal(perso_writer_flush(&w, &err), PERSO_OK);
            assert_int_equal(out.n, 0);
        } else if (cases[i].state == PERSO_STATE_SPOILED) {
            assert_memory_equal(written(&told), cases[i].begins, strlen(cases[i].begins));
        } else if (strncmp(written(&told), cases[i].begins, strlen(cases[i].begins)) != 0) {
            fail_msg("%s: %s", perso_state_name(cases[i].state), written(&told));
        }
    }
}

static void
a_cancelled_card_is_spoiled_in_cancel(void **state)
{
    const struct perso_told_result told = { CARD_ID, PERSO_STATE_CANCELLED, NULL,
                                            text("chip,dead") };

    (void)state;
    assert_string_equal(written(&told), CARD_ID ",spoiled,CANCEL,\"chip,dead\",,,,,,\n");
}

static void
free_text_is_made_fit_and_cut(void **state) /* DESIGN 6: no personal value by an echo */
{
    struct perso_cells cells;
    struct perso_told_result told = { CARD_ID, PERSO_STATE_SPOILED, &cells, { "", 0 } };

    (void)state;
    machine_row(&cells);
    cell_set(&cells, PERSO_COL_reason, "card of " SSN " is dead");
    assert_null(strstr(written(&told), SSN));
    cell_set(&cells, PERSO_COL_step, "A step of a name that is much too long");
    cell_set(&cells, PERSO_COL_reason,
             "一二三四五六七八九十一二三四五六七八九十"); /* 60 bytes: 16 characters fit into 50 */
    assert_memory_equal(written(&told),
                        CARD_ID ",spoiled,A step of a name,一二三四五六七八九十一二三四五六,0A0B",
                        strlen(CARD_ID) + strlen(",spoiled,A step of a name,") + 48 + 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(values_stay_as_the_machine_gave_them, tear_down),
        cmocka_unit_test_teardown(a_state_is_a_result, tear_down),
        cmocka_unit_test_teardown(a_cancelled_card_is_spoiled_in_cancel, tear_down),
        cmocka_unit_test_teardown(free_text_is_made_fit_and_cut, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
