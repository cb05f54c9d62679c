/* One request's answer, right or wrong on purpose. */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "people_names.h"
#include "ra.h"

#define YEARS 10 /* LD/T 03-2022 6.4.2 */

#define SIGNING_USAGE (SBX_KU_DIGITAL_SIGNATURE | SBX_KU_NON_REPUDIATION)
#define ENCRYPTION_USAGE (SBX_KU_KEY_ENCIPHERMENT | SBX_KU_DATA_ENCIPHERMENT | SBX_KU_KEY_AGREEMENT)

/* Streams of one request: independent of the others, so that a fault changes no other item. */
static void
stream(const struct sbx_ra *ra, const struct sbx_ra_request *request, const char *purpose,
       int variant, struct sbx_random *ret)
{
    char thing[64];

    snprintf(thing, sizeof thing, "%s/%d", request->id, variant);
    sbx_random_init(ret, ra->seed, purpose, thing, strlen(thing));
}

/* What a card's certificates have in common. */
struct subject {
    char name[256], ssn[32];
    char begins[SBX_TIME_CHARS + 1], ends[SBX_TIME_CHARS + 1];
};

static void
set_validity(enum sbx_ra_fault fault, struct sbx_date date, struct subject *ret)
{
    struct sbx_date begins = date, ends = sbx_date_add_years(date, YEARS);

    if (fault == SBX_RA_EXPIRED) {
        begins = sbx_date_add_years(date, -2);
        ends = sbx_date_add_days(date, -1);
    } else if (fault == SBX_RA_NOT_YET) {
        begins = sbx_date_add_days(date, 30);
    }
    sbx_date_time(begins, ret->begins);
    sbx_date_time(ends, ret->ends);
}

/* Another person: another name, and the number with its last character but one changed. */
static void
set_person(const struct sbx_ra *ra, const struct sbx_ra_request *request, struct subject *ret)
{
    struct sbx_random r;

    snprintf(ret->name, sizeof ret->name, "%s", request->name);
    snprintf(ret->ssn, sizeof ret->ssn, "%s", request->ssn);
    if (request->fault != SBX_RA_WRONG_PERSON)
        return;
    stream(ra, request, "another person", 0, &r);
    do
        sbx_name_han(&r, ret->name, sizeof ret->name);
    while (strcmp(ret->name, request->name) == 0);
    const size_t at = strlen(ret->ssn) >= 2 ? strlen(ret->ssn) - 2 : 0;
    ret->ssn[at] = ret->ssn[at] == '7' ? '8' : '7';
}

static void
issue(const struct sbx_ra *ra, const struct sbx_ra_request *request, const struct subject *subject,
      const uint8_t xy[64], uint8_t key_usage, int variant, struct sbx_der *ret)
{
    const enum sbx_ra_fault fault = request->fault;
    struct sbx_certificate c = { .issuer = fault == SBX_RA_FOREIGN_CA ? &ra->foreign : &ra->issuing,
                                 .subject = { SBX_ORGANIZATION, subject->name, subject->ssn },
                                 .xy = xy,
                                 .begins = subject->begins,
                                 .ends = subject->ends,
                                 .key_usage = key_usage,
                                 .person = subject->ssn,
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    const bool signing = key_usage == SIGNING_USAGE;
    struct sbx_random r;

    stream(ra, request, signing ? "QMZS" : "JMZS", variant, &r);
    sbx_serial(&r, c.serial);
    if (fault == SBX_RA_WRONG_ID)
        c.signing = SBX_SIGN_EMPTY_ID;
    else if (fault == SBX_RA_BAD_SIGNATURE && signing)
        c.signing = SBX_SIGN_OTHER;
    else if (fault == SBX_RA_WRONG_ALGORITHM && signing)
        c.algorithm = sbx_random_chance(&r, 0.5) ? SBX_OID_ECDSA_SHA256 : SBX_OID_RSA_SM3;
    sbx_certificate_make(ra->curve, &c, &r, ret);
    if (fault == SBX_RA_CUT && signing)
        ret->n -= 1 + sbx_random_below(&r, (uint32_t)ret->n - 2);
    else if (fault == SBX_RA_TRAILING && signing)
        sbx_der_raw(ret, "", 1);
}

static void
put_envelope(const struct sbx_ra *ra, const struct sbx_ra_request *request,
             const struct sbx_key *encryption, char out[SBX_ITEM_CHARS])
{
    struct sbx_key key = *encryption;
    struct sbx_der envelope;
    struct sbx_random r;

    stream(ra, request, "JMMY", 0, &r);
    if (request->fault == SBX_RA_ENVELOPE_KEY)
        sbx_key_make(ra->curve, &r, &key);
    sbx_ra_envelope_make(ra, request, &key, encryption->xy, &r, &envelope);
    sbx_need(PERSO_BASE64_CHARS(envelope.n) < SBX_ITEM_CHARS, "envelope too long");
    perso_base64_encode(envelope.bytes, envelope.n, out);
}

static void
put_secrets(const struct sbx_ra *ra, const struct sbx_ra_request *request,
            struct sbx_ra_answer *ret)
{
    struct sbx_random r;

    stream(ra, request, "secrets", 0, &r);
    ret->pin_bytes = 8;
    for (size_t i = 0; i < ret->pin_bytes; i++)
        ret->pin[i] = (uint8_t)('0' + sbx_random_below(&r, 10));
    ret->key_bytes = 16;
    sbx_random_bytes(&r, ret->key, ret->key_bytes);
    if (ra->mark_pin_bytes != 0) {
        ret->pin_bytes = ra->mark_pin_bytes;
        memcpy(ret->pin, ra->mark_pin, ret->pin_bytes);
    }
    if (ra->mark_key_bytes != 0) {
        ret->key_bytes = ra->mark_key_bytes;
        memcpy(ret->key, ra->mark_key, ret->key_bytes);
    }
    if (request->fault == SBX_RA_SECRET_SHAPE)
        ret->pin_bytes--;
}

static void
put_certificates(const struct sbx_ra *ra, const struct sbx_ra_request *request, int variant,
                 struct sbx_date date, const struct sbx_key *encryption, struct sbx_ra_answer *ret)
{
    struct subject subject;
    struct sbx_key other;
    struct sbx_der qmzs, jmzs;
    struct sbx_random r;
    const bool swapped = request->fault == SBX_RA_SWAPPED;

    set_person(ra, request, &subject);
    set_validity(request->fault, date, &subject);
    stream(ra, request, "another key", 0, &r);
    sbx_key_make(ra->curve, &r, &other);
    issue(ra, request, &subject, request->fault == SBX_RA_WRONG_KEY ? other.xy : request->xy,
          SIGNING_USAGE, variant, &qmzs);
    issue(ra, request, &subject, encryption->xy, ENCRYPTION_USAGE, variant, &jmzs);
    sbx_need(PERSO_BASE64_CHARS(qmzs.n) < SBX_ITEM_CHARS &&
                 PERSO_BASE64_CHARS(jmzs.n) < SBX_ITEM_CHARS,
             "certificate too long");
    perso_base64_encode(qmzs.bytes, qmzs.n, swapped ? ret->jmzs : ret->qmzs);
    perso_base64_encode(jmzs.bytes, jmzs.n, swapped ? ret->qmzs : ret->jmzs);
}

/* What this RA does not send at all (--items). */
static void
leave_out(const struct sbx_ra *ra, struct sbx_ra_answer *ret)
{
    if (strstr(ra->items, "QMZS") == NULL)
        ret->qmzs[0] = '\0';
    if (strstr(ra->items, "JMZS") == NULL)
        ret->jmzs[0] = '\0';
    if (strstr(ra->items, "JMMY") == NULL)
        ret->jmmy[0] = '\0';
    if (strstr(ra->items, "GLYPIN") == NULL)
        ret->pin_bytes = 0;
    if (strstr(ra->items, "ZKMY") == NULL)
        ret->key_bytes = 0;
}

static void
make_answer(const struct sbx_ra *ra, const struct sbx_ra_request *request, int variant,
            struct sbx_date date, struct sbx_ra_answer *ret)
{
    struct sbx_key encryption;
    struct sbx_random r;

    *ret = (struct sbx_ra_answer) { .code = "00", .reason = "" };
    put_secrets(ra, request, ret);
    if (request->fault == SBX_RA_REFUSED) {
        ret->code = "4107";
        ret->reason = "该人员已持有有效证书";
        ret->pin_bytes = ret->key_bytes = 0;
        return;
    }
    stream(ra, request, "encryption key", 0, &r);
    sbx_key_make(ra->curve, &r, &encryption);
    put_certificates(ra, request, variant, date, &encryption, ret);
    put_envelope(ra, request, &encryption, ret->jmmy);
    if (request->fault == SBX_RA_PARTIAL)
        ret->jmmy[0] = '\0';
    else if (request->fault == SBX_RA_ZERO_BYTE)
        ret->qmzs[0] = '\0';
    else if (request->fault == SBX_RA_ITEM_SHAPE)
        ret->qmzs[strlen(ret->qmzs) / 2] = '*';
}

void
sbx_ra_answer_make(const struct sbx_ra *ra, const struct sbx_ra_request *request, int variant,
                   struct sbx_date date, struct sbx_ra_answer *ret)
{
    make_answer(ra, request, variant, date, ret);
    leave_out(ra, ret);
}
