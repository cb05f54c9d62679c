/* Certificates of the rehearsal's CAs, right or wrong on purpose (RFC 5280, GM/T 0015). */
#ifndef SANDBOX_CERTIFICATE_H
#define SANDBOX_CERTIFICATE_H

#include <stdbool.h>

#include "request.h"

/* Bits as they stand in the first byte of the BIT STRING (RFC 5280 4.2.1.3). */
#define SBX_KU_DIGITAL_SIGNATURE 0x80u
#define SBX_KU_NON_REPUDIATION 0x40u
#define SBX_KU_KEY_ENCIPHERMENT 0x20u
#define SBX_KU_DATA_ENCIPHERMENT 0x10u
#define SBX_KU_KEY_AGREEMENT 0x08u
#define SBX_KU_CERT_SIGN 0x04u
#define SBX_KU_CRL_SIGN 0x02u

/* Who signs. */
struct sbx_issuer {
    struct sbx_name name;
    struct sbx_key key;
};

struct sbx_certificate {
    const struct sbx_issuer *issuer;
    struct sbx_name subject;
    const uint8_t *xy;
    uint8_t serial[16];
    const char *begins, *ends; /* YYYYMMDDHHMMSSZ */
    uint8_t key_usage;
    bool is_ca;
    const char *person; /* number in identifyCode and insuranceNumber; NULL: neither */
    enum sbx_signing signing;
    const char *algorithm; /* OID */
};

/** A serial number of full length, positive. */
void sbx_serial(struct sbx_random *random, uint8_t out[16]);
void sbx_certificate_make(struct sbx_curve *curve, const struct sbx_certificate *certificate,
                          struct sbx_random *nonce, struct sbx_der *ret);
/** PEM text of DER; the caller frees. */
char *sbx_certificate_pem(const struct sbx_der *der);

#endif
