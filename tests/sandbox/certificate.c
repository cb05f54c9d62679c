#include "certificate.h"

#include <openssl/pem.h>
#include <string.h>

#include "fail.h"
#include "hash.h"

void
sbx_serial(struct sbx_random *random, uint8_t out[16])
{
    sbx_random_bytes(random, out, 16);
    out[0] = (uint8_t)((out[0] & 0x7f) | 0x40);
}

/* UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
static void
put_time(struct sbx_der *d, const char *time)
{
    const bool utc = strncmp(time, "2050", 4) < 0;
    sbx_der_text(d, utc ? 0x17 : 0x18, utc ? time + 2 : time);
}

static size_t
open_extension(struct sbx_der *d, const char *oid, bool critical, size_t *whole)
{
    *whole = sbx_der_open(d, 0x30);
    sbx_der_oid(d, oid);
    if (critical)
        sbx_der_put(d, 0x01, "\xff", 1);
    return sbx_der_open(d, 0x04);
}

static void
close_extension(struct sbx_der *d, size_t value, size_t whole)
{
    sbx_der_close(d, value);
    sbx_der_close(d, whole);
}

static void
put_key_usage(struct sbx_der *d, uint8_t bits)
{
    uint8_t body[2] = { 0, bits };
    size_t whole, value = open_extension(d, "2.5.29.15", true, &whole);

    while ((bits >> body[0] & 1) == 0)
        body[0]++;
    sbx_der_put(d, 0x03, body, sizeof body);
    close_extension(d, value, whole);
}

static void
put_constraints(struct sbx_der *d)
{
    size_t whole, value = open_extension(d, "2.5.29.19", true, &whole);
    const size_t sequence = sbx_der_open(d, 0x30);

    sbx_der_put(d, 0x01, "\xff", 1);
    sbx_der_close(d, sequence);
    close_extension(d, value, whole);
}

static void
put_key_identifiers(struct sbx_der *d, const uint8_t *subject_xy, const uint8_t *issuer_xy)
{
    uint8_t digest[32];
    size_t whole, value = open_extension(d, "2.5.29.14", false, &whole);

    sbx_sm3(subject_xy, 64, digest);
    sbx_der_put(d, 0x04, digest, 20);
    close_extension(d, value, whole);
    value = open_extension(d, "2.5.29.35", false, &whole);
    const size_t sequence = sbx_der_open(d, 0x30);
    sbx_sm3(issuer_xy, 64, digest);
    sbx_der_put(d, 0x80, digest, 20);
    sbx_der_close(d, sequence);
    close_extension(d, value, whole);
}

/* identifyCode [0] residenterCardNumber, tagged explicitly, and insuranceNumber (DOMAIN 5.1). */
static void
put_person(struct sbx_der *d, const char *number)
{
    size_t whole, value = open_extension(d, "1.2.156.10260.4.1.1", false, &whole);
    const size_t choice = sbx_der_open(d, 0xa0);

    sbx_der_text(d, 0x13, number);
    sbx_der_close(d, choice);
    close_extension(d, value, whole);
    value = open_extension(d, "1.2.156.10260.4.1.2", false, &whole);
    sbx_der_text(d, 0x13, number);
    close_extension(d, value, whole);
}

static void
put_tbs(struct sbx_der *d, const struct sbx_certificate *c)
{
    const size_t tbs = sbx_der_open(d, 0x30), version = sbx_der_open(d, 0xa0);

    sbx_der_put(d, 0x02, "\x02", 1);
    sbx_der_close(d, version);
    sbx_der_unsigned(d, c->serial, sizeof c->serial);
    sbx_der_algorithm(d, c->algorithm);
    sbx_der_name(d, &c->issuer->name);
    const size_t validity = sbx_der_open(d, 0x30);
    put_time(d, c->begins);
    put_time(d, c->ends);
    sbx_der_close(d, validity);
    sbx_der_name(d, &c->subject);
    sbx_der_key(d, c->xy);
    const size_t outer = sbx_der_open(d, 0xa3), list = sbx_der_open(d, 0x30);
    if (c->is_ca)
        put_constraints(d);
    put_key_usage(d, c->key_usage);
    put_key_identifiers(d, c->xy, c->issuer->key.xy);
    if (c->person != NULL)
        put_person(d, c->person);
    sbx_der_close(d, list);
    sbx_der_close(d, outer);
    sbx_der_close(d, tbs);
}

void
sbx_certificate_make(struct sbx_curve *curve, const struct sbx_certificate *c,
                     struct sbx_random *nonce, struct sbx_der *ret)
{
    struct sbx_der signature = { .n = 0 };
    uint8_t e[32], rs[64];

    ret->n = 0;
    const size_t whole = sbx_der_open(ret, 0x30);
    put_tbs(ret, c);
    sbx_signing_e(c->signing, c->issuer->key.xy, ret->bytes + whole, ret->n - whole, e);
    sbx_sign_e(curve, c->issuer->key.d, e, nonce, rs);
    sbx_der_algorithm(ret, c->algorithm);
    sbx_der_rs(&signature, rs);
    sbx_der_bits(ret, signature.bytes, signature.n);
    sbx_der_close(ret, whole);
}

char *
sbx_certificate_pem(const struct sbx_der *der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;

    sbx_need(bio != NULL && PEM_write_bio(bio, "CERTIFICATE", "", der->bytes, (long)der->n) > 0,
             "PEM");
    const size_t n = (size_t)BIO_get_mem_data(bio, &text);
    copy = sbx_memory(n + 1, 1);
    memcpy(copy, text, n);
    BIO_free(bio);
    return copy;
}
