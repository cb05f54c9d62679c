#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "make.h"
#include "stages/approve.h"

static const uint8_t request_id[16] = { 1 }, application[32] = { 2 }, issuance[32] = { 3 };

static void
the_digest_is_over_all_cards_in_order(void **state) /* LD/T 03-2022 8.3.7 b, 8.3.8 c */
{
    uint8_t content[2 * (32 + 16 + 32 + 32)], want[32], have[32];
    struct perso_approval approval;
    struct perso_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t *at = content + i * 112;
        memcpy(at, CARD_ID, 32);
        memcpy(at + 32, request_id, 16);
        memcpy(at + 48, i == 0 ? application : issuance, 32);
        memcpy(at + 80, i == 0 ? issuance : application, 32);
    }
    assert_int_equal(EVP_Digest(content, sizeof content, want, NULL, EVP_sm3(), NULL), 1);
    assert_int_equal(perso_approval_begin(&approval, &err), PERSO_OK);
    assert_int_equal(
        perso_approval_add(&approval, CARD_ID, request_id, application, issuance, &err), PERSO_OK);
    assert_int_equal(
        perso_approval_add(&approval, CARD_ID, request_id, issuance, application, &err), PERSO_OK);
    assert_int_equal(approval.n_cards, 2);
    assert_int_equal(perso_approval_end(&approval, have, &err), PERSO_OK);
    assert_memory_equal(have, want, 32);
    assert_null(approval.sm3);
}

static void
an_approval_can_be_dropped(void **state)
{
    struct perso_approval approval;
    struct perso_error err = { 0 };

    (void)state;
    assert_int_equal(perso_approval_begin(&approval, &err), PERSO_OK);
    assert_int_equal(perso_approval_end(&approval, NULL, &err), PERSO_OK);
    assert_null(approval.sm3);
}

static void
a_card_without_its_id_is_not_approved(void **state)
{
    struct perso_approval approval;
    struct perso_error err = { 0 };

    (void)state;
    assert_int_equal(perso_approval_begin(&approval, &err), PERSO_OK);
    assert_int_equal(perso_approval_add(&approval, "", request_id, application, issuance, &err),
                     PERSO_FATAL);
    assert_int_equal(approval.n_cards, 0);
    assert_int_equal(perso_approval_end(&approval, NULL, &err), PERSO_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_over_all_cards_in_order),
        cmocka_unit_test(an_approval_can_be_dropped),
        cmocka_unit_test(a_card_without_its_id_is_not_approved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
