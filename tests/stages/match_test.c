#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/identity/name.h"
#include "make.h"
#include "stages/collect.h"
#include "stages/match.h"

#define SIGNING_USAGE (PERSO_KU_DIGITAL_SIGNATURE | PERSO_KU_NON_REPUDIATION)
#define ENCRYPTION_USAGE                                                                           \
    (PERSO_KU_KEY_ENCIPHERMENT | PERSO_KU_DATA_ENCIPHERMENT | PERSO_KU_KEY_AGREEMENT)
#define CERTIFICATES (PERSO_ITEM_QMZS | PERSO_ITEM_JMZS | PERSO_ITEM_JMMY)
#define DAY_S INT64_C(86400)
#define JUNE_2024_S INT64_C(1717200000) /* 2024-06-01T00:00:00Z */

static struct key root, ca, stranger, own, encryption, other;
static struct perso_trust *trust;
static struct perso_validity validity = { JUNE_2024_S, JUNE_2024_S };
static struct perso_match_rules rules;

/* Options that a test changes, and what is made of them. */
struct answer {
    struct certificate_options signing, encryption;
    const struct key *envelope_key;
    struct bytes signing_der, encryption_der, envelope;
};

static void
add_ca(const struct key *key, const char *name, const struct key *issuer_key, const char *issuer)
{
    const struct certificate_options options = { .key = key,
                                                 .issuer_key = issuer_key,
                                                 .issuer = issuer,
                                                 .common_name = name,
                                                 .serial = 1,
                                                 .usage = PERSO_KU_CERT_SIGN | PERSO_KU_CRL_SIGN,
                                                 .ca = true };
    struct perso_error err = { 0 };
    struct bytes der;

    make_certificate(&options, &der);
    if (perso_trust_add(trust, cursor_of(&der), "ca.cer", &err) != PERSO_OK)
        fail_msg("CA: %s %s", perso_reject_name(err.reject), err.text);
}

static int
set_up(void **state)
{
    struct perso_error err = { 0 };
    size_t left_out = 9;

    (void)state;
    root = make_key();
    ca = make_key();
    stranger = make_key();
    own = make_key();
    encryption = make_key();
    other = make_key();
    trust = perso_trust_new();
    add_ca(&root, "Root", &root, "Root");
    add_ca(&ca, "Issuing CA", &root, "Root");
    assert_int_equal(perso_trust_ready(trust, &left_out, &err), PERSO_OK);
    assert_int_equal(left_out, 0);
    rules = (struct perso_match_rules) { .trust = trust,
                                         .validities = &validity,
                                         .subject = { .need_name = true, .need_number = true },
                                         .items = CERTIFICATES };
    return 0;
}

static int
tear_down(void **state)
{
    struct key *const keys[] = { &root, &ca, &stranger, &own, &encryption, &other };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        free_key(keys[i]);
    perso_trust_free(trust);
    return 0;
}

static struct certificate_options
good_options(const struct key *key, unsigned serial, unsigned usage)
{
    return (struct certificate_options) { .key = key,
                                          .issuer_key = &ca,
                                          .issuer = "Issuing CA",
                                          .common_name = NAME,
                                          .number = SSN,
                                          .serial = serial,
                                          .usage = usage };
}

static void
good_answer(struct answer *a)
{
    a->signing = good_options(&own, 0x1001, SIGNING_USAGE);
    a->encryption = good_options(&encryption, 0x1002, ENCRYPTION_USAGE);
    a->envelope_key = &encryption;
}

static void
make(struct answer *a)
{
    make_certificate(&a->signing, &a->signing_der);
    make_certificate(&a->encryption, &a->encryption_der);
    make_envelope(a->envelope_key, &other, &a->envelope);
}

static struct perso_application
application(void)
{
    struct perso_application one = {
        .card_id = CARD_ID, .card_no = CARD_NO, .ssn = SSN, .division = DIVISION, .name = text(NAME)
    };

    memcpy(one.public_key, own.point, 64);
    return one;
}

static struct perso_answer
record(const struct answer *a)
{
    return (struct perso_answer) { .signing_certificate = cursor_of(&a->signing_der),
                                   .encryption_certificate = cursor_of(&a->encryption_der),
                                   .envelope = cursor_of(&a->envelope) };
}

static struct perso_verdict
match(const struct answer *a, struct perso_matched *matched)
{
    const struct perso_application one = application();
    const struct perso_issuance issuance = { .name = text(NAME) };
    const struct perso_answer answer = record(a);
    struct perso_verdict verdict;
    struct perso_error err = { 0 };

    assert_int_equal(
        perso_stage_match(&rules, &one, &issuance, &answer, 1, matched, &verdict, &err), PERSO_OK);
    return verdict;
}

static void
digest(const void *at, size_t n, uint8_t out[32])
{
    assert_int_equal(EVP_Digest(at, n, out, NULL, EVP_sm3(), NULL), 1);
}

static void
a_good_answer_matches(void **state) /* LD/T 03-2022 6.4.7.2 e */
{
    /* Name of the issuer: SEQUENCE { SET { SEQUENCE { 2.5.4.3, UTF8String } } }; then the serial */
    static const char name_and_serial[] = "\x30\x15\x31\x13\x30\x11\x06\x03\x55\x04\x03\x0c\x0a"
                                          "Issuing CA\x40\x00\x10\x01";
    struct perso_matched matched;
    struct answer a;
    uint8_t want[32];

    (void)state;
    good_answer(&a);
    make(&a);
    assert_int_equal(match(&a, &matched).reject, PERSO_REJ_NONE);
    digest(a.signing_der.at, a.signing_der.n, want);
    assert_memory_equal(matched.signing_sm3, want, 32);
    digest(a.encryption_der.at, a.encryption_der.n, want);
    assert_memory_equal(matched.encryption_sm3, want, 32);
    assert_memory_equal(matched.encryption_key, encryption.point, 64);
    digest(name_and_serial, sizeof name_and_serial - 1, want);
    assert_memory_equal(matched.signing_digest, want, 32);
    assert_memory_not_equal(matched.encryption_digest, want, 32);
}

/* Changes of one certificate's options, whichever of the two it is. */
static void
by_stranger_ca(struct certificate_options *o)
{
    o->issuer = "Nobody";
    o->issuer_key = &stranger;
}

static void
under_empty_id(struct certificate_options *o)
{
    o->signing = SIGN_EMPTY_ID;
}

static void
by_forger(struct certificate_options *o)
{
    o->issuer_key = &stranger;
}

static void
broken(struct certificate_options *o)
{
    o->signing = SIGN_BROKEN;
}

static void
begins_later(struct certificate_options *o)
{
    o->begins = "240601000001Z";
}

static void
begins_just_then(struct certificate_options *o)
{
    o->begins = "240601000000Z";
}

static void
ended_before(struct certificate_options *o)
{
    o->ends = "240531235959Z";
}

static void
ends_just_then(struct certificate_options *o)
{
    o->ends = "240601000000Z";
}

static void
no_usage(struct certificate_options *o)
{
    o->usage = 0;
}

static void
every_usage(struct certificate_options *o)
{
    o->usage = SIGNING_USAGE | ENCRYPTION_USAGE;
}

static void
other_usage(struct certificate_options *o)
{
    o->usage = o->usage == SIGNING_USAGE ? ENCRYPTION_USAGE : SIGNING_USAGE;
}

static void
signs_certificates(struct certificate_options *o)
{
    o->usage |= PERSO_KU_CERT_SIGN;
}

static void
is_a_ca(struct certificate_options *o)
{
    o->ca = true;
}

static void
critical_extension(struct certificate_options *o)
{
    o->unknown_critical = true;
}

static void
wrong_key(struct certificate_options *o)
{
    o->key = o->usage == SIGNING_USAGE ? &other : &own;
}

static void
wrong_name(struct certificate_options *o)
{
    o->common_name = "李四";
}

static void
wrong_number(struct certificate_options *o)
{
    o->number = "440524188001010014";
}

static void
no_number(struct certificate_options *o)
{
    o->number = NULL;
}

static void
trailing(struct certificate_options *o)
{
    o->trailing = 1;
}

static void
ecdsa(struct certificate_options *o)
{
    o->ecdsa = true;
}

static const struct {
    const char *what;
    void (*change)(struct certificate_options *options);
    enum perso_reject want;
} cases[] = {
    { "a byte after it", trailing, PERSO_REJ_CERT_TRAILING },
    { "ECDSA", ecdsa, PERSO_REJ_CERT_ALGORITHM },
    { "unknown CA", by_stranger_ca, PERSO_REJ_CERT_ISSUER },
    { "empty id", under_empty_id, PERSO_REJ_CERT_SM2_ID },
    { "forged", by_forger, PERSO_REJ_CERT_SIGNATURE },
    { "broken", broken, PERSO_REJ_CERT_SIGNATURE },
    { "begins a second later", begins_later, PERSO_REJ_CERT_NOT_YET },
    { "begins just then", begins_just_then, PERSO_REJ_NONE },
    { "ended a second before", ended_before, PERSO_REJ_CERT_EXPIRED },
    { "ends just then", ends_just_then, PERSO_REJ_NONE },
    { "no usage", no_usage, PERSO_REJ_CERT_USAGE },
    { "every usage", every_usage, PERSO_REJ_CERT_USAGE },
    { "the other usage", other_usage, PERSO_REJ_CERT_USAGE },
    { "keyCertSign", signs_certificates, PERSO_REJ_CERT_USAGE },
    { "a CA", is_a_ca, PERSO_REJ_CERT_USAGE },
    { "critical extension", critical_extension, PERSO_REJ_CERT_USAGE },
    { "wrong key", wrong_key, PERSO_REJ_CERT_KEY },
    { "another name", wrong_name, PERSO_REJ_CERT_PERSON },
    { "another number", wrong_number, PERSO_REJ_CERT_PERSON },
    { "no number", no_number, PERSO_REJ_CERT_PERSON },
};

static void
expect(const struct answer *a, const char *what, const char *what_else, enum perso_reject want,
       enum perso_column column)
{
    struct perso_matched matched;
    struct perso_verdict verdict = match(a, &matched);

    if (verdict.reject != want || verdict.column != column)
        fail_msg("%s, %s: want %s, have %s, column %s", what, what_else, perso_reject_name(want),
                 perso_reject_name(verdict.reject), perso_column_code(verdict.column));
}

static void
every_fault_of_a_certificate_has_its_code(void **state) /* RFC 5280 6.1, GM/T 0015, T11 */
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool good = cases[i].want == PERSO_REJ_NONE;
        struct answer a;

        good_answer(&a);
        cases[i].change(&a.signing);
        make(&a);
        expect(&a, cases[i].what, "QMZS", cases[i].want,
               good ? PERSO_COLUMN_OTHER : PERSO_COL_QMZS);
        good_answer(&a);
        cases[i].change(&a.encryption);
        make(&a);
        expect(&a, cases[i].what, "JMZS", cases[i].want,
               good ? PERSO_COLUMN_OTHER : PERSO_COL_JMZS);
    }
}

/* CONTRACTS 4: the earlier of the table is told; QMZS wholly before JMZS, that before JMMY. */
static void
the_first_fault_is_told(void **state)
{
    struct answer a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
            if (cases[i].want == PERSO_REJ_NONE || cases[k].want == PERSO_REJ_NONE)
                continue;
            good_answer(&a);
            cases[i].change(&a.signing);
            cases[k].change(&a.encryption);
            a.envelope_key = &other;
            make(&a);
            expect(&a, cases[i].what, cases[k].what, cases[i].want, PERSO_COL_QMZS);
        }
    for (size_t i = 0; i + 1 < sizeof cases / sizeof cases[0]; i++) {
        size_t k = i + 1;
        if (cases[i].want >= cases[k].want || cases[i].want == PERSO_REJ_NONE ||
            cases[i].want == PERSO_REJ_CERT_SM2_ID) /* of two wrong signatures only one is there */
            continue;
        good_answer(&a);
        cases[k].change(&a.signing);
        cases[i].change(&a.signing);
        make(&a);
        expect(&a, cases[i].what, cases[k].what, cases[i].want, PERSO_COL_QMZS);
    }
}

static void
bytes_that_are_no_certificate(void **state)
{
    struct answer a;

    (void)state;
    good_answer(&a);
    make(&a);
    a.signing_der.n--;
    expect(&a, "cut", "QMZS", PERSO_REJ_CERT_SYNTAX, PERSO_COL_QMZS);
    a.signing_der.n = 0;
    expect(&a, "none", "QMZS", PERSO_REJ_CERT_SYNTAX, PERSO_COL_QMZS);
    make(&a);
    a.encryption_der.n = 0;
    expect(&a, "none", "JMZS", PERSO_REJ_CERT_SYNTAX, PERSO_COL_JMZS);
}

static void
an_envelope_belongs_to_its_certificate(void **state) /* GM/T 0016-2012 */
{
    struct answer a;

    (void)state;
    good_answer(&a);
    a.envelope_key = &other;
    make(&a);
    expect(&a, "other key", "JMMY", PERSO_REJ_ENVELOPE_KEY, PERSO_COL_JMMY);
    a.envelope.n--;
    expect(&a, "387 bytes", "JMMY", PERSO_REJ_ENVELOPE_SHAPE, PERSO_COL_JMMY);
    a.envelope.n = 0;
    expect(&a, "none", "JMMY", PERSO_REJ_ENVELOPE_SHAPE, PERSO_COL_JMMY);
}

/* Every form, for every machine, and what is said of it. */
static void
an_envelope_has_a_form_that_the_machine_takes(void **state) /* GM/T 0009, 0010, 0016 */
{
    enum { SKF, ASN1, PADDED, CMS, CBC, OPAQUE, N };
    static const char *const names[N] = { "SKF", "ASN.1", "padded", "CMS", "CBC", "opaque" };
    static const enum perso_machine_envelope machines[] = { PERSO_MACHINE_AS_RECEIVED,
                                                            PERSO_MACHINE_SKF, PERSO_MACHINE_ASN1 };
    struct perso_matched matched;
    struct answer a;

    (void)state;
    good_answer(&a);
    make(&a);
    for (int form = 0; form < N; form++)
        for (size_t m = 0; m < 3; m++)
            for (int carry = 0; carry < 2; carry++) {
                bool stuck = form == PADDED || form == CBC || form == OPAQUE;
                enum perso_reject want = PERSO_REJ_NONE;
                rules.envelope = machines[m];
                rules.carry_opaque = carry == 1;
                make_envelope(&encryption, &other, &a.envelope);
                if (form == ASN1 || form == PADDED)
                    make_envelope_asn1(&encryption, &other, form == PADDED, &a.envelope);
                else if (form == CMS || form == CBC)
                    make_envelope_cms(&other, form == CBC, &a.envelope);
                else if (form == OPAQUE)
                    memset(a.envelope.at, 0xfe, a.envelope.n = 99);
                if (form == OPAQUE && !rules.carry_opaque)
                    want = PERSO_REJ_ENVELOPE_SHAPE;
                else if (stuck && rules.envelope != PERSO_MACHINE_AS_RECEIVED)
                    want = PERSO_REJ_ENVELOPE_FORM;
                struct perso_verdict verdict = match(&a, &matched);
                if (verdict.reject != want || (want != PERSO_REJ_NONE && verdict.note[0] == '\0'))
                    fail_msg("%s, machine %zu: %s", names[form], m,
                             perso_reject_name(verdict.reject));
            }
    make_envelope_asn1(&other, &other, true, &a.envelope); /* KEY stands before FORM */
    expect(&a, "padded, another key", "JMMY", PERSO_REJ_ENVELOPE_KEY, PERSO_COL_JMMY);
    rules.envelope = PERSO_MACHINE_AS_RECEIVED;
    rules.carry_opaque = false;
}

static void
one_certificate_for_both_is_refused(void **state) /* DOMAIN 0.5 */
{
    struct answer a;

    (void)state;
    good_answer(&a);
    make(&a);
    a.encryption_der = a.signing_der;
    expect(&a, "QMZS twice", "JMZS", PERSO_REJ_CERT_USAGE, PERSO_COL_JMZS);
}

static void
what_is_not_needed_is_judged_where_it_is(void **state) /* DESIGN 1, rule 3 */
{
    struct perso_matched matched;
    struct answer a;

    (void)state;
    rules.items = 0;
    good_answer(&a);
    a.signing.key = &other;
    make(&a);
    expect(&a, "wrong key", "not needed", PERSO_REJ_CERT_KEY, PERSO_COL_QMZS);
    a.signing_der.n = a.encryption_der.n = 0;
    expect(&a, "envelope", "no certificate", PERSO_REJ_ENVELOPE_KEY, PERSO_COL_JMMY);
    a.envelope.n = 0;
    assert_int_equal(match(&a, &matched).reject, PERSO_REJ_NONE);
    rules.items = CERTIFICATES;
}

static void
the_issuance_name_is_the_certificate_s(void **state) /* DOMAIN 3.1 */
{
    const struct perso_issuance issuances[] = { { .name = text("张山") }, { .name = text("") } };
    const enum perso_reject want[] = { PERSO_REJ_CERT_PERSON, PERSO_REJ_NONE };
    const struct perso_application one = application();
    struct perso_error err = { 0 };
    struct answer a;

    (void)state;
    good_answer(&a);
    make(&a);
    for (size_t i = 0; i < 2; i++) {
        const struct perso_answer answer = record(&a);
        struct perso_matched matched;
        struct perso_verdict verdict;

        assert_int_equal(
            perso_stage_match(&rules, &one, &issuances[i], &answer, 1, &matched, &verdict, &err),
            PERSO_OK);
        assert_int_equal(verdict.reject, want[i]);
    }
}

/* A full batch whose records came with three returns: each is judged at its own date. */
static void
a_full_batch_is_judged_at_each_return_s_date(void **state) /* CONTRACTS 5, Validity */
{
    enum { N = PERSO_BATCH_RECORDS };
    static struct perso_application applications[N];
    static struct perso_issuance issuances[N];
    static struct perso_answer answers[N];
    static struct perso_validity validities[N];
    static struct perso_matched matched[N];
    static struct perso_verdict verdicts[N];
    struct perso_error err = { 0 };
    struct answer a, stale;

    (void)state;
    good_answer(&a);
    a.signing.begins = "240601000000Z";
    make(&a);
    good_answer(&stale);
    stale.encryption.ends = "240601000000Z";
    make(&stale);
    for (size_t i = 0; i < N; i++) {
        applications[i] = application();
        issuances[i] = (struct perso_issuance) { .name = text(NAME) };
        answers[i] = record(i % 2 == 0 ? &a : &stale);
        validities[i] = (struct perso_validity) { JUNE_2024_S, JUNE_2024_S };
        if (i % 3 == 1)
            validities[i].begin_by_s -= 1;
        if (i % 3 == 2)
            validities[i].end_from_s += DAY_S;
    }
    rules.validities = validities;
    assert_int_equal(
        perso_stage_match(&rules, applications, issuances, answers, N, matched, verdicts, &err),
        PERSO_OK);
    rules.validities = &validity;
    for (size_t i = 0; i < N; i++) {
        enum perso_reject want = PERSO_REJ_NONE;
        if (i % 2 == 0 && i % 3 == 1)
            want = PERSO_REJ_CERT_NOT_YET;
        if (i % 2 == 1 && i % 3 == 2)
            want = PERSO_REJ_CERT_EXPIRED;
        if (verdicts[i].reject != want)
            fail_msg("record %zu: want %s, have %s", i, perso_reject_name(want),
                     perso_reject_name(verdicts[i].reject));
    }
    assert_int_equal(
        perso_stage_match(&rules, applications, issuances, answers, 0, matched, verdicts, &err),
        PERSO_OK);
}

/* A finisher without CA certificates: chain and signature were judged by the department. */
static void
without_trust_all_but_the_chain_is_judged(void **state) /* LD/T 03-2022 6.4.7.2 e */
{
    (void)state;
    rules.trust = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum perso_reject want = cases[i].want;
        struct answer a;

        if (want == PERSO_REJ_CERT_ISSUER || want == PERSO_REJ_CERT_SM2_ID ||
            want == PERSO_REJ_CERT_SIGNATURE)
            want = PERSO_REJ_NONE;
        good_answer(&a);
        cases[i].change(&a.signing);
        make(&a);
        expect(&a, cases[i].what, "no trust", want,
               want == PERSO_REJ_NONE ? PERSO_COLUMN_OTHER : PERSO_COL_QMZS);
    }
    rules.trust = trust;
}

static void
other_card(struct perso_issuance *one)
{
    one->card_id[31] = one->card_id[31] == '0' ? '1' : '0';
}

static void
no_card(struct perso_issuance *one)
{
    one->card_id[0] = '\0';
}

static void
other_card_no(struct perso_issuance *one)
{
    one->card_no[0] = 'Z';
}

static void
no_card_no(struct perso_issuance *one)
{
    one->card_no[0] = '\0'; /* personal.csv has none, cards.csv was compared by collect */
}

static void
other_key(struct perso_issuance *one)
{
    one->public_key[63] ^= 1;
}

static void
no_key(struct perso_issuance *one)
{
    one->has_key = false;
}

static void
other_ssn(struct perso_issuance *one)
{
    memcpy(one->ssn, "440524188001010014", sizeof one->ssn);
}

static void
other_name(struct perso_issuance *one)
{
    one->name = text("李四");
}

static void
padded_name(struct perso_issuance *one)
{
    one->name = text(NAME "\u3000");
}

static const struct {
    const char *what;
    void (*change)(struct perso_issuance *one);
    enum perso_column column; /* PERSO_COLUMN_OTHER: the same */
} persons[] = {
    { "another card", other_card, PERSO_COL_AAZ501 },
    { "no card", no_card, PERSO_COL_AAZ501 },
    { "another card number", other_card_no, PERSO_COL_AAZ500 },
    { "no card number", no_card_no, PERSO_COLUMN_OTHER },
    { "another key", other_key, PERSO_COL_QMGY },
    { "no key", no_key, PERSO_COL_QMGY },
    { "another person", other_ssn, PERSO_COL_AAC002 },
    { "another name", other_name, PERSO_COL_AAC003 },
    { "the name after a fold", padded_name, PERSO_COLUMN_OTHER },
};

static struct perso_issuance
department_s_row(void)
{
    struct perso_issuance one = {
        .card_id = CARD_ID, .card_no = CARD_NO, .ssn = SSN, .name = text(NAME), .has_key = true
    };

    memcpy(one.public_key, own.point, sizeof one.public_key);
    return one;
}

static void
whoever_does_not_reconcile_compares(void **state) /* LD/T 03-2022 6.4.7.2 e, 6.4.7.5 d */
{
    const struct perso_application one = application();
    struct answer a;

    (void)state;
    rules.compare = true;
    rules.subject.folds = PERSO_FOLD_ALL;
    good_answer(&a);
    make(&a);
    for (unsigned items = 0; items <= CERTIFICATES; items += CERTIFICATES)
        for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++) {
            bool same = persons[i].column == PERSO_COLUMN_OTHER;
            struct perso_issuance row = department_s_row();
            struct perso_answer answer = record(&a);
            struct perso_matched matched;
            struct perso_verdict verdict;
            struct perso_error err = { 0 };

            rules.items = items;
            if (items == 0)
                answer.signing_certificate = answer.encryption_certificate = answer.envelope =
                    perso_cursor_of("", 0);
            persons[i].change(&row);
            assert_int_equal(
                perso_stage_match(&rules, &one, &row, &answer, 1, &matched, &verdict, &err),
                PERSO_OK);
            if (verdict.column != persons[i].column ||
                verdict.reject != (same ? PERSO_REJ_NONE : PERSO_REJ_FIELD_DIFFERS))
                fail_msg("%s, items %u: have %s %s", persons[i].what, items,
                         perso_reject_name(verdict.reject), perso_column_code(verdict.column));
        }
    rules.compare = false;
    rules.subject.folds = 0;
}

static void
the_person_is_told_before_the_certificate(void **state) /* the order of the table of rejects */
{
    const struct perso_application one = application();
    struct perso_issuance row = department_s_row();
    struct perso_matched matched;
    struct perso_verdict verdict;
    struct perso_error err = { 0 };
    struct answer a;

    (void)state;
    rules.compare = true;
    other_ssn(&row);
    good_answer(&a);
    trailing(&a.signing);
    make(&a);
    const struct perso_answer answer = record(&a);
    assert_int_equal(perso_stage_match(&rules, &one, &row, &answer, 1, &matched, &verdict, &err),
                     PERSO_OK);
    assert_int_equal(verdict.reject, PERSO_REJ_FIELD_DIFFERS);
    rules.compare = false;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_matches),
        cmocka_unit_test(every_fault_of_a_certificate_has_its_code),
        cmocka_unit_test(the_first_fault_is_told),
        cmocka_unit_test(bytes_that_are_no_certificate),
        cmocka_unit_test(an_envelope_belongs_to_its_certificate),
        cmocka_unit_test(an_envelope_has_a_form_that_the_machine_takes),
        cmocka_unit_test(one_certificate_for_both_is_refused),
        cmocka_unit_test(what_is_not_needed_is_judged_where_it_is),
        cmocka_unit_test(the_issuance_name_is_the_certificate_s),
        cmocka_unit_test(a_full_batch_is_judged_at_each_return_s_date),
        cmocka_unit_test(without_trust_all_but_the_chain_is_judged),
        cmocka_unit_test(whoever_does_not_reconcile_compares),
        cmocka_unit_test(the_person_is_told_before_the_certificate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
