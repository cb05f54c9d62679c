#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make.h"
#include "stages/machine_envelope.h"

static struct key encryption, any;
static struct bytes certificate, skf, asn1, padded;

static int
set_up(void **state)
{
    (void)state;
    encryption = make_key();
    any = make_key();
    const struct certificate_options options = {
        .key = &encryption, .issuer_key = &any, .issuer = "CA", .common_name = NAME, .serial = 5
    };
    make_certificate(&options, &certificate);
    make_envelope(&encryption, &any, &skf);
    make_envelope_asn1(&encryption, &any, false, &asn1);
    make_envelope_asn1(&encryption, &any, true, &padded);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    free_key(&encryption);
    free_key(&any);
    return 0;
}

static enum perso_reject
make(enum perso_machine_envelope machine, const struct bytes *came, const struct bytes *jmzs,
     uint8_t room[PERSO_ENVELOPE_BYTES], struct perso_cursor *ret, const char **note)
{
    const struct perso_answer answer = { .encryption_certificate = cursor_of(jmzs),
                                         .envelope = cursor_of(came) };

    return perso_machine_envelope_make(machine, &answer, room, ret, note);
}

static void
what_needs_no_change_is_not_copied(void **state)
{
    static const struct bytes none = { .n = 0 };
    const enum perso_machine_envelope machines[] = { PERSO_MACHINE_AS_RECEIVED, PERSO_MACHINE_SKF };
    uint8_t room[PERSO_ENVELOPE_BYTES];
    struct perso_cursor ret;
    const char *note;

    (void)state;
    for (size_t i = 0; i < 2; i++) { /* not even the certificate is wanted */
        assert_int_equal(make(machines[i], &skf, &none, room, &ret, &note), PERSO_REJ_NONE);
        assert_ptr_equal(ret.at, skf.at);
        assert_int_equal(perso_left(&ret), 388);
    }
    assert_int_equal(make(PERSO_MACHINE_AS_RECEIVED, &padded, &none, room, &ret, &note),
                     PERSO_REJ_NONE);
    assert_ptr_equal(ret.at, padded.at);
}

static void
what_is_converted_stands_in_the_room(void **state) /* GM/T 0009, 0016 */
{
    uint8_t room[PERSO_ENVELOPE_BYTES];
    struct perso_cursor ret;
    const char *note;

    (void)state;
    assert_int_equal(make(PERSO_MACHINE_SKF, &asn1, &certificate, room, &ret, &note),
                     PERSO_REJ_NONE);
    assert_ptr_equal(ret.at, room);
    assert_int_equal(perso_left(&ret), skf.n);
    assert_memory_equal(room, skf.at, skf.n);
    assert_int_equal(make(PERSO_MACHINE_ASN1, &skf, &certificate, room, &ret, &note),
                     PERSO_REJ_NONE);
    assert_int_equal(perso_left(&ret), asn1.n);
    assert_memory_equal(room, asn1.at, asn1.n);
}

static void
what_cannot_be_is_told(void **state)
{
    uint8_t room[PERSO_ENVELOPE_BYTES];
    struct bytes cut = asn1;
    struct perso_cursor ret = { NULL, NULL };
    const char *note;

    (void)state;
    for (int machine = PERSO_MACHINE_SKF; machine <= PERSO_MACHINE_ASN1; machine++) {
        assert_int_equal(
            make((enum perso_machine_envelope)machine, &padded, &certificate, room, &ret, &note),
            PERSO_REJ_ENVELOPE_FORM);
        assert_string_equal(note, "private key is padded");
    }
    cut.n--;
    assert_int_equal(make(PERSO_MACHINE_SKF, &cut, &certificate, room, &ret, &note),
                     PERSO_REJ_ENVELOPE_SHAPE);
    assert_int_equal(make(PERSO_MACHINE_SKF, &asn1, &cut, room, &ret, &note),
                     PERSO_REJ_ENVELOPE_KEY); /* no certificate to belong to */
    assert_null(ret.at);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_change_is_not_copied),
        cmocka_unit_test(what_is_converted_stands_in_the_room),
        cmocka_unit_test(what_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
