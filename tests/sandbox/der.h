/* A DER writer (X.690) for synthetic requests and certificates; OpenSSL judges it in the tests. */
#ifndef SANDBOX_DER_H
#define SANDBOX_DER_H

#include <stddef.h>
#include <stdint.h>

struct sbx_der {
    uint8_t bytes[4096];
    size_t n;
};

/** Begin a constructed element; close it with the mark. */
size_t sbx_der_open(struct sbx_der *d, uint8_t tag);
void sbx_der_close(struct sbx_der *d, size_t mark);
void sbx_der_put(struct sbx_der *d, uint8_t tag, const void *bytes, size_t n);
/** Bytes that are DER already. */
void sbx_der_raw(struct sbx_der *d, const void *bytes, size_t n);
void sbx_der_text(struct sbx_der *d, uint8_t tag, const char *text);
/** "1.2.156.10197.1.501" */
void sbx_der_oid(struct sbx_der *d, const char *dotted);
/** INTEGER without sign, minimal. */
void sbx_der_unsigned(struct sbx_der *d, const uint8_t *bytes, size_t n);
/** BIT STRING without unused bits. */
void sbx_der_bits(struct sbx_der *d, const void *bytes, size_t n);
/** SubjectPublicKeyInfo of an SM2 key. */
void sbx_der_key(struct sbx_der *d, const uint8_t xy[64]);
/** The same with the point in another form: 04, 06 (hybrid), 02 (compressed). */
void sbx_der_key_as(struct sbx_der *d, const uint8_t xy[64], uint8_t form);
/** AlgorithmIdentifier without parameters. */
void sbx_der_algorithm(struct sbx_der *d, const char *oid);
/** SEQUENCE { r, s } */
void sbx_der_rs(struct sbx_der *d, const uint8_t rs[64]);

/* Who a request or certificate names; NULL leaves a part out, without an organization the C too. */
struct sbx_name {
    const char *organization, *common_name, *serial_number;
};
void sbx_der_name(struct sbx_der *d, const struct sbx_name *name);

#define SBX_OID_SM2_SM3 "1.2.156.10197.1.501"
#define SBX_OID_ECDSA_SHA256 "1.2.840.10045.4.3.2"
#define SBX_OID_RSA_SM3 "1.2.156.10197.1.504"
#define SBX_ORGANIZATION "人力资源社会保障"

#endif
