/*
 * The key envelope of one answer, in a form that CAs send (DOMAIN 0.3, 5.5). The session key and
 * its ciphertext are the same in every form, so that all of them are one key to the card.
 */
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "ra.h"

#define SGD_SM4_ECB 0x00000401u /* GM/T 0006 */
#define SGD_SM2_3 0x00020800u
#define OID_SM4 "1.2.156.10197.1.104"
#define OID_SM4_ECB "1.2.156.10197.1.104.1"
#define OID_SM3 "1.2.156.10197.1.401"
#define OID_SM2_SIGN "1.2.156.10197.1.301.1"
#define OID_SM2_ENCRYPT "1.2.156.10197.1.301.3"
#define OID_DATA "1.2.156.10197.6.1.4.2.1"
#define OID_ENVELOPED "1.2.156.10197.6.1.4.2.3"
#define OID_SIGNED_ENVELOPED "1.2.156.10197.6.1.4.2.4"

static const char *const kind_names[] = {
    [SBX_ENVELOPE_SKF] = "skf",         [SBX_ENVELOPE_SKF_LONG] = "skf-long",
    [SBX_ENVELOPE_SDF] = "sdf",         [SBX_ENVELOPE_ASN1] = "asn1",
    [SBX_ENVELOPE_CMS] = "cms",         [SBX_ENVELOPE_ENVELOPED] = "enveloped",
    [SBX_ENVELOPE_PADDED] = "padded",   [SBX_ENVELOPE_OPAQUE] = "opaque",
    [SBX_ENVELOPE_FOREIGN] = "foreign", [SBX_ENVELOPE_OTHER_CARD] = "other-card",
    [SBX_ENVELOPE_MIXED] = "mixed",
};

enum sbx_envelope
sbx_ra_envelope_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
        if (strcmp(kind_names[i], name) == 0)
            return (enum sbx_envelope)i;
    sbx_usage("--envelope %s: no such form", name);
}

/* ---- parts ---- */

struct parts {
    struct sbx_cipher16 cipher;
    uint8_t session[16];
    const struct sbx_key *key; /* that is enveloped */
};

static void
sm4_ecb(const uint8_t key[16], const uint8_t *plain, size_t bytes, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    sbx_need(ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_sm4_ecb(), NULL, key, NULL) == 1 &&
                 EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
                 EVP_EncryptUpdate(ctx, out, &n, plain, (int)bytes) == 1 && n == (int)bytes,
             "SM4");
    EVP_CIPHER_CTX_free(ctx);
}

/* d with bytes before and after it, encrypted. */
static void
private_key(const struct parts *p, size_t zeros, size_t padding, uint8_t *out)
{
    uint8_t plain[80] = { 0 };

    memcpy(plain + zeros, p->key->d, 32);
    memset(plain + zeros + 32, 16, padding);
    sm4_ecb(p->session, plain, zeros + 32 + padding, out);
}

/* ---- blobs ---- */

static void
put_number(struct sbx_der *d, uint32_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const uint8_t b = i < 4 ? (uint8_t)(v >> 8 * i) : 0;
        sbx_der_raw(d, &b, 1);
    }
}

static void
put_padded(struct sbx_der *d, const uint8_t number[32])
{
    static const uint8_t zeros[32];

    sbx_der_raw(d, zeros, sizeof zeros);
    sbx_der_raw(d, number, 32);
}

static void
put_private(struct sbx_der *d, const struct parts *p)
{
    uint8_t encrypted[32];

    private_key(p, 0, 0, encrypted);
    put_padded(d, encrypted);
}

static void
put_public(struct sbx_der *d, const struct parts *p, size_t ulong)
{
    put_number(d, 256, ulong);
    put_padded(d, p->key->xy);
    put_padded(d, p->key->xy + 32);
}

static void
put_cipher(struct sbx_der *d, const struct parts *p, size_t ulong)
{
    put_padded(d, p->cipher.x);
    put_padded(d, p->cipher.y);
    sbx_der_raw(d, p->cipher.hash, 32);
    put_number(d, 16, ulong);
    sbx_der_raw(d, p->cipher.cipher, 16);
}

/* GM/T 0016 ENVELOPEDKEYBLOB as DOMAIN 5.9 lays it out. */
static void
make_skf(const struct parts *p, size_t ulong, struct sbx_der *ret)
{
    put_number(ret, 1, ulong);
    put_number(ret, SGD_SM4_ECB, ulong);
    put_number(ret, 256, ulong);
    put_private(ret, p);
    put_public(ret, p, ulong);
    put_cipher(ret, p, ulong);
}

/* GM/T 0018 EnvelopedKeyBlob, the order that most headers have. */
static void
make_sdf(const struct parts *p, struct sbx_der *ret)
{
    put_number(ret, SGD_SM2_3, 4);
    put_number(ret, SGD_SM4_ECB, 4);
    put_cipher(ret, p, 4);
    put_public(ret, p, 4);
    put_private(ret, p);
}

/* ---- DER ---- */

static void
put_sm2_cipher(struct sbx_der *d, const struct parts *p)
{
    const size_t cipher = sbx_der_open(d, 0x30);

    sbx_der_unsigned(d, p->cipher.x, 32);
    sbx_der_unsigned(d, p->cipher.y, 32);
    sbx_der_put(d, 0x04, p->cipher.hash, 32);
    sbx_der_put(d, 0x04, p->cipher.cipher, 16);
    sbx_der_close(d, cipher);
}

/* SM2EnvelopedKey of GM/T 0009; padded as PKCS#7 has it, or not. */
static void
make_asn1(const struct parts *p, bool padded, struct sbx_der *ret)
{
    uint8_t point[65] = { 4 }, encrypted[48];
    const size_t whole = sbx_der_open(ret, 0x30), algorithm = sbx_der_open(ret, 0x30);

    sbx_der_oid(ret, OID_SM4_ECB);
    sbx_der_put(ret, 0x05, "", 0);
    sbx_der_close(ret, algorithm);
    put_sm2_cipher(ret, p);
    memcpy(point + 1, p->key->xy, 64);
    sbx_der_bits(ret, point, sizeof point);
    private_key(p, 0, padded ? 16 : 0, encrypted);
    sbx_der_bits(ret, encrypted, padded ? 48 : 32);
    sbx_der_close(ret, whole);
}

/* ---- GM/T 0010 ---- */

static void
put_version(struct sbx_der *d, uint8_t version)
{
    sbx_der_put(d, 0x02, &version, 1);
}

static void
put_issuer(struct sbx_der *d, const struct sbx_name *issuer, const uint8_t serial[16])
{
    const size_t mark = sbx_der_open(d, 0x30);

    sbx_der_name(d, issuer);
    sbx_der_unsigned(d, serial, 16);
    sbx_der_close(d, mark);
}

static void
put_recipients(struct sbx_der *d, const struct sbx_ra *ra, const struct parts *p,
               const uint8_t serial[16])
{
    const size_t set = sbx_der_open(d, 0x31), recipient = sbx_der_open(d, 0x30);

    put_version(d, 0);
    put_issuer(d, &ra->issuing.name, serial);
    sbx_der_algorithm(d, OID_SM2_ENCRYPT);
    const size_t key = sbx_der_open(d, 0x04);
    put_sm2_cipher(d, p);
    sbx_der_close(d, key);
    sbx_der_close(d, recipient);
    sbx_der_close(d, set);
}

static void
put_content(struct sbx_der *d, const uint8_t *encrypted, size_t n)
{
    const size_t mark = sbx_der_open(d, 0x30);

    sbx_der_oid(d, OID_DATA);
    sbx_der_algorithm(d, OID_SM4);
    sbx_der_put(d, 0x80, encrypted, n);
    sbx_der_close(d, mark);
}

/* The key management centre that signs; its certificate stands beside the signature. */
static void
put_signer(struct sbx_der *d, const struct sbx_ra *ra, const struct parts *p,
           const uint8_t serial[16], const struct sbx_key *key, struct sbx_random *r)
{
    uint8_t plain[64] = { 0 }, e[32], rs[64];
    struct sbx_der signature = { .n = 0 };

    memcpy(plain + 32, p->key->d, 32);
    sbx_e(key->xy, SBX_ID, plain, sizeof plain, e);
    sbx_sign_e(ra->curve, key->d, e, r, rs);
    sbx_der_rs(&signature, rs);
    const size_t set = sbx_der_open(d, 0x31), signer = sbx_der_open(d, 0x30);
    put_version(d, 1);
    put_issuer(d, &ra->issuing.name, serial);
    sbx_der_algorithm(d, OID_SM3);
    sbx_der_algorithm(d, OID_SM2_SIGN);
    sbx_der_put(d, 0x04, signature.bytes, signature.n);
    sbx_der_close(d, signer);
    sbx_der_close(d, set);
}

static void
put_certificate(struct sbx_der *d, const struct sbx_ra *ra, const uint8_t xy[64], uint8_t usage,
                const uint8_t serial[16], struct sbx_random *r)
{
    struct sbx_certificate c = { .issuer = &ra->issuing,
                                 .subject = { SBX_ORGANIZATION, "KMC", NULL },
                                 .xy = xy,
                                 .begins = "20200101000000Z",
                                 .ends = "20491231235959Z",
                                 .key_usage = usage,
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    struct sbx_der der;

    memcpy(c.serial, serial, sizeof c.serial);
    sbx_certificate_make(ra->curve, &c, r, &der);
    sbx_der_raw(d, der.bytes, der.n);
}

/* The certificate of the centre, and where the key is another than JMZS's a certificate of it. */
static void
put_certificates(struct sbx_der *d, const struct sbx_ra *ra, const struct parts *p,
                 const uint8_t xy[64], const struct sbx_key *centre, const uint8_t serial[16],
                 struct sbx_random *r)
{
    const size_t set = sbx_der_open(d, 0xa0);
    uint8_t other[16];

    put_certificate(d, ra, centre->xy, SBX_KU_DIGITAL_SIGNATURE, serial, r);
    if (memcmp(p->key->xy, xy, 64) != 0) {
        sbx_serial(r, other);
        put_certificate(d, ra, p->key->xy, SBX_KU_KEY_ENCIPHERMENT, other, r);
    }
    sbx_der_close(d, set);
}

/*
 * envelopedData, or signedAndEnvelopedData as a CA of this country sends it: the private key
 * right-aligned in 64 bytes, SM4 without a mode, a serial number of the recipient that is not the
 * card's signing certificate's.
 */
static void
make_cms(const struct sbx_ra *ra, const struct parts *p, const uint8_t xy[64], bool is_signed,
         struct sbx_random *r, struct sbx_der *ret)
{
    uint8_t encrypted[64], recipient[16], serial[16];
    struct sbx_key centre;

    sbx_serial(r, recipient);
    sbx_serial(r, serial);
    sbx_key_make(ra->curve, r, &centre);
    const size_t whole = sbx_der_open(ret, 0x30);
    sbx_der_oid(ret, is_signed ? OID_SIGNED_ENVELOPED : OID_ENVELOPED);
    const size_t outer = sbx_der_open(ret, 0xa0), data = sbx_der_open(ret, 0x30);
    put_version(ret, 1);
    put_recipients(ret, ra, p, recipient);
    if (is_signed) {
        const size_t set = sbx_der_open(ret, 0x31);
        sbx_der_algorithm(ret, OID_SM3);
        sbx_der_close(ret, set);
    }
    private_key(p, is_signed ? 32 : 0, 0, encrypted);
    put_content(ret, encrypted, is_signed ? 64 : 32);
    if (is_signed) {
        put_certificates(ret, ra, p, xy, &centre, serial, r);
        put_signer(ret, ra, p, serial, &centre, r);
    }
    sbx_der_close(ret, data);
    sbx_der_close(ret, outer);
    sbx_der_close(ret, whole);
}

/* ---- one ---- */

/* One of five ways in which it is no envelope any more; its size is what is left. */
static void
break_skf(struct sbx_random *r, struct sbx_der *blob)
{
    switch (sbx_random_below(r, 5)) {
    case 0:
        blob->n--;
        break;
    case 1: /* BitLen 512 */
        blob->bytes[77] = 2;
        break;
    case 2: /* not right-aligned: a byte in the padding of X */
        blob->bytes[80] = 1;
        break;
    case 3: /* C1 leaves the curve */
        blob->bytes[335] ^= 1;
        break;
    default:
        blob->bytes[368] = 15;
        break;
    }
}

/* Mixed: by the request alone, of those that can be converted. */
static enum sbx_envelope
kind_of(const struct sbx_ra *ra, const struct sbx_ra_request *request)
{
    struct sbx_random r;

    if (ra->envelope != SBX_ENVELOPE_MIXED)
        return ra->envelope;
    sbx_random_init(&r, ra->seed, "envelope", request->id, strlen(request->id));
    return (enum sbx_envelope)sbx_random_below(&r, SBX_ENVELOPE_PADDED);
}

static void
make_kind(const struct sbx_ra *ra, enum sbx_envelope kind, const struct parts *p,
          const uint8_t xy[64], struct sbx_random *r, struct sbx_der *ret)
{
    switch (kind) {
    case SBX_ENVELOPE_SKF:
    case SBX_ENVELOPE_OTHER_CARD:
        make_skf(p, 4, ret);
        break;
    case SBX_ENVELOPE_SKF_LONG:
        make_skf(p, 8, ret);
        break;
    case SBX_ENVELOPE_SDF:
        make_sdf(p, ret);
        break;
    case SBX_ENVELOPE_ASN1:
    case SBX_ENVELOPE_PADDED:
        make_asn1(p, kind == SBX_ENVELOPE_PADDED, ret);
        break;
    case SBX_ENVELOPE_CMS:
    case SBX_ENVELOPE_ENVELOPED:
    case SBX_ENVELOPE_FOREIGN:
        make_cms(ra, p, xy, kind == SBX_ENVELOPE_CMS, r, ret);
        break;
    default: /* a device's own */
        sbx_der_put(ret, 0xfe, p->cipher.hash, sizeof p->cipher.hash);
    }
}

void
sbx_ra_envelope_make(const struct sbx_ra *ra, const struct sbx_ra_request *request,
                     const struct sbx_key *key, const uint8_t xy[64], struct sbx_random *r,
                     struct sbx_der *ret)
{
    enum sbx_envelope kind = kind_of(ra, request);
    struct parts p = { .key = key };
    struct sbx_key other;

    ret->n = 0;
    if (kind == SBX_ENVELOPE_ENVELOPED && request->fault == SBX_RA_ENVELOPE_KEY)
        kind = SBX_ENVELOPE_CMS; /* without a certificate nothing could tell */
    if (kind == SBX_ENVELOPE_FOREIGN || kind == SBX_ENVELOPE_OTHER_CARD)
        sbx_key_make(ra->curve, r, &other);
    if (kind == SBX_ENVELOPE_FOREIGN)
        p.key = &other;
    sbx_random_bytes(r, p.session, sizeof p.session);
    sbx_encrypt16(ra->curve, kind == SBX_ENVELOPE_OTHER_CARD ? other.xy : request->xy, p.session, r,
                  &p.cipher);
    make_kind(ra, kind, &p, xy, r, ret);
    if (request->fault == SBX_RA_ENVELOPE_SHAPE && kind == SBX_ENVELOPE_SKF)
        break_skf(r, ret);
    else if (request->fault == SBX_RA_ENVELOPE_SHAPE)
        ret->n--;
}
