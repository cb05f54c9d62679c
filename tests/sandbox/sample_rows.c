/* Rows of a sample: each is made anew from seed and index, so that no table of cards is kept. */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "people_names.h"
#include "sample.h"

#define OTHER_PEOPLE 0x40000000u /* indexes of people and keys outside the sample */

enum sbx_fault
sbx_fault_of(const struct sbx_sample *s, uint32_t card)
{
    return card < s->cards ? (enum sbx_fault)s->fault[card] : SBX_FAULT_NONE;
}

enum sbx_fault
sbx_fault_planted(const struct sbx_sample *s, uint32_t card)
{
    return card < s->cards && s->mended[card] ? SBX_FAULT_NONE : sbx_fault_of(s, card);
}

static void
person_of(const struct sbx_sample *s, uint32_t card, struct sbx_person *ret)
{
    sbx_person_make(&s->people, card, sbx_fault_row(sbx_fault_of(s, card))->needs, ret);
}

static void
key_of(const struct sbx_sample *s, uint32_t card, struct sbx_key *ret)
{
    struct sbx_random r;

    sbx_random_of_index(&r, s->people.seed, "key", card);
    sbx_key_make(s->curve, &r, ret);
}

/* The second card of a pair is the one with the higher number. */
static bool
is_second(const struct sbx_sample *s, uint32_t card, enum sbx_fault fault)
{
    return sbx_fault_planted(s, card) == fault && s->partner[card] < card;
}

void
sbx_sample_key(const struct sbx_sample *s, uint32_t card, struct sbx_key *ret)
{
    key_of(s, is_second(s, card, SBX_FAULT_KEY_TWICE) ? s->partner[card] : card, ret);
}

static void
make_p10(const struct sbx_sample *s, uint32_t card, const struct sbx_person *person,
         const struct sbx_key *key, char *p10)
{
    const enum sbx_fault fault = sbx_fault_planted(s, card);
    struct sbx_person named = *person;
    struct sbx_key signing = *key;
    struct sbx_request request = {
        named.name,      named.ssn,
        &signing,        sbx_fault_signing(fault),
        SBX_OID_SM2_SM3, fault != SBX_FAULT_NONE ? sbx_fault_odd(fault) : s->odd
    };
    struct sbx_random nonce;
    struct sbx_der der;

    sbx_random_of_index(&nonce, s->nonces != NULL ? s->nonces : s->people.seed, "request", card);
    if (fault == SBX_FAULT_REQUEST_KEY)
        key_of(s, card + OTHER_PEOPLE, &signing);
    else if (fault == SBX_FAULT_REQUEST_SUBJECT)
        do
            sbx_person_make(&s->people, sbx_random_u32(&nonce), SBX_HAN, &named);
        while (strcmp(named.name, person->name) == 0);
    else if (fault == SBX_FAULT_REQUEST_ALGORITHM)
        request.algorithm = sbx_random_chance(&nonce, 0.5) ? SBX_OID_ECDSA_SHA256 : SBX_OID_RSA_SM3;
    sbx_request_make(s->curve, &request, &nonce, &der);
    sbx_fault_request_edit(fault, &nonce, &der);
    sbx_request_text(&der, request.odd, &nonce, p10, sizeof((struct sbx_application *)0)->p10);
}

static void
make_card_id(const struct sbx_sample *s, uint32_t card, char out[64])
{
    sbx_card_id(&s->people, is_second(s, card, SBX_FAULT_CARD_TWICE) ? s->partner[card] : card,
                out);
}

void
sbx_application_card_id(const struct sbx_sample *s, uint32_t card, char out[64])
{
    const enum sbx_fault fault = sbx_fault_planted(s, card);
    struct sbx_application row = { .aaz501 = "" };

    make_card_id(s, card, row.aaz501);
    if (fault == SBX_FAULT_CARD_ID_SHAPE || fault == SBX_FAULT_CARD_DIVISION ||
        fault == SBX_FAULT_DIVISION_OTHER)
        sbx_fault_row_edit(s, fault, card, &row);
    memcpy(out, row.aaz501, sizeof row.aaz501);
}

void
sbx_application_make(const struct sbx_sample *s, uint32_t card, struct sbx_application *row)
{
    struct sbx_person person;
    struct sbx_key key;

    person_of(s, card, &person);
    *row = (struct sbx_application) { .aaz501 = "" };
    sbx_sample_key(s, card, &key);
    make_card_id(s, card, row->aaz501);
    sbx_card_number(&s->people, card, row->aaz500);
    snprintf(row->aac002, sizeof row->aac002, "%s", person.ssn);
    snprintf(row->aac003, sizeof row->aac003, "%s", person.name);
    snprintf(row->aab301, sizeof row->aab301, "%s", s->people.division);
    perso_hex_upper(key.xy, sizeof key.xy, row->qmgy);
    if (s->form == SBX_FORM_P10)
        make_p10(s, card, &person, &key, row->p10);
    sbx_fault_row_edit(s, sbx_fault_planted(s, card), card, row);
}

/*
 * What data entry at the department writes another way, and the default profile folds: dots,
 * full-width letters, blanks at the end. Not a fault.
 */
static void
soften(const struct sbx_sample *s, uint32_t card, const struct sbx_person *person,
       struct sbx_issuance *row)
{
    char soft[sizeof row->aac003];
    struct sbx_random r;

    sbx_random_of_index(&r, s->people.seed, "soften", card);
    snprintf(soft, sizeof soft, "%s", person->name);
    if (person->kind == SBX_MINORITY && sbx_random_chance(&r, 0.3))
        sbx_name_replace(soft, sizeof soft, "\u00b7",
                         sbx_random_chance(&r, 0.5) ? "\u2022" : "\u30fb");
    else if (person->kind == SBX_FOREIGN15 && sbx_random_chance(&r, 0.3))
        sbx_name_widen(person->name, soft, sizeof soft);
    else if (sbx_random_chance(&r, 0.02))
        snprintf(soft, sizeof soft, "%s%s", person->name,
                 sbx_random_chance(&r, 0.5) ? "  " : "\u3000");
    if (sbx_name_fits(soft, s->people.charset))
        snprintf(row->aac003, sizeof row->aac003, "%s", soft);
}

/* What of the name lies beyond the 30 bytes of tag 09, cut on a character (DOMAIN 3.4). */
static void
name_extension(const char *name, char *out, size_t max)
{
    size_t bytes = 0, n = strlen(name);
    uint32_t scalar;
    uint8_t gb[4];

    while (n != 0) {
        const size_t step = perso_utf8_next(name, n, &scalar);
        bytes += perso_gb18030_put(scalar, gb);
        if (step == 0 || bytes > 30)
            break;
        name += step;
        n -= step;
    }
    snprintf(out, max, "%s", name);
}

static void
make_status(struct sbx_random *r, struct sbx_issuance *row)
{
    const uint32_t v = sbx_random_below(r, 10);

    /* All of these are accepted by default: empty, 0 and 1 of the card, empty and 1 of the person
     */
    snprintf(row->aaz502, sizeof row->aaz502, "%s", v == 0 ? "" : v < 4 ? "0" : "1");
    snprintf(row->aac008, sizeof row->aac008, "%s", v == 9 ? "" : "1");
}

void
sbx_issuance_make(const struct sbx_sample *s, uint32_t card, int copy, struct sbx_issuance *row)
{
    struct sbx_person person;
    struct sbx_random r;

    *row = (struct sbx_issuance) { .aaz501 = "" };
    sbx_random_of_index(&r, s->people.seed, "issuance", card);
    person_of(s, card, &person);
    sbx_card_id(&s->people, card, row->aaz501);
    sbx_card_number(&s->people, card, row->aaz500);
    snprintf(row->aac002, sizeof row->aac002, "%s", person.ssn);
    snprintf(row->aac003, sizeof row->aac003, "%s", person.name);
    snprintf(row->aab301, sizeof row->aab301, "%s", s->people.division);
    memcpy(row->aac004, person.sex, sizeof row->aac004);
    memcpy(row->aac005, person.nation, sizeof row->aac005);
    memcpy(row->aac006, person.birth, sizeof row->aac006);
    memcpy(row->aac025, person.birthplace, sizeof row->aac025);
    snprintf(row->baz033, sizeof row->baz033, "%.32s", s->batch);
    if (card >= s->cards && card % 2 == 0) /* half of what is not in the batch belongs to another */
        snprintf(row->baz033, sizeof row->baz033, "%.32s-LATER", s->batch);
    make_status(&r, row);
    memcpy(row->aaz503, "20260301", 9);
    memcpy(row->kyxq, "20360301", 9);
    snprintf(row->cshjgbm, sizeof row->cshjgbm, "%.6s000001", s->people.division);
    snprintf(row->aae010, sizeof row->aae010, "621400%013u", sbx_random_u32(&r));
    if (sbx_fault_of(s, card) == SBX_FAULT_NONE)
        soften(s, card, &person, row);
    sbx_fault_issuance_edit(s, sbx_fault_planted(s, card), card, copy, row);
    name_extension(row->aac003, row->baz103, sizeof row->baz103);
}
