/* Cardholders' certificates (RFC 5280, GM/T 0015) and the CA certificates over them. */
#ifndef FORMATS_PKI_CERTIFICATE_H
#define FORMATS_PKI_CERTIFICATE_H

#include "formats/pki/subject.h"
#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/result.h"

/* Key usage bits (RFC 5280 4.2.1.3), bit 0 = digitalSignature. */
#define PERSO_KU_DIGITAL_SIGNATURE 0x001u
#define PERSO_KU_NON_REPUDIATION 0x002u
#define PERSO_KU_KEY_ENCIPHERMENT 0x004u
#define PERSO_KU_DATA_ENCIPHERMENT 0x008u
#define PERSO_KU_KEY_AGREEMENT 0x010u
#define PERSO_KU_CERT_SIGN 0x020u
#define PERSO_KU_CRL_SIGN 0x040u

/* One certificate, borrowed from its DER. */
struct perso_certificate {
    struct perso_cursor tbs;             /* TBSCertificate, whole: what is signed */
    struct perso_cursor serial;          /* contents of the INTEGER */
    struct perso_cursor issuer, subject; /* whole Names, DER */
    int64_t begins_s, ends_s;            /* validity, seconds since 1970, both ends included */
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t rs[64];
    uint32_t key_usage;    /* 0: no such extension */
    bool is_ca;            /* basicConstraints cA */
    int32_t path_length;   /* basicConstraints pathLenConstraint; -1: none */
    bool unknown_critical; /* a critical extension that is not known here */
    struct perso_subject person;
};

/**
 * CERT_SYNTAX, CERT_TRAILING or CERT_ALGORITHM under PERSO_REJECT. Zero bytes are CERT_SYNTAX.
 * NULL parameters of the signature algorithm are read (some CAs write them, the chip does not
 * mind), GeneralizedTime before 2050 and critical FALSE written out as well. The point is not
 * checked against the curve here.
 */
enum perso_result perso_certificate_read(struct perso_cursor der, struct perso_certificate *ret,
                                         struct perso_error *err);

/* The CA certificates that a site trusts, with their chains checked once when loaded. */
struct perso_trust;

struct perso_trust *perso_trust_new(void);
/**
 * Add one CA certificate, DER (copied); order does not matter, the same bytes again are a no-op.
 * Under PERSO_REJECT, beside the codes of perso_certificate_read: CERT_USAGE where it is no CA
 * (basicConstraints cA, keyUsage keyCertSign, no unknown critical extension), KEY_CURVE.
 */
enum perso_result perso_trust_add(struct perso_trust *trust, struct perso_cursor der,
                                  const char *file, struct perso_error *err);
/** Check every chain to a self-signed root with the SM2 id on every level; certificates that reach
 *  none are left out, their count in *left_out. To be called once after the last add. */
enum perso_result perso_trust_ready(struct perso_trust *trust, size_t *left_out,
                                    struct perso_error *err);
void perso_trust_free(struct perso_trust *trust);

/* Times against which validity is judged (CONTRACTS 5, Validity). */
struct perso_validity {
    int64_t begin_by_s; /* notBefore at the latest */
    int64_t end_from_s; /* notAfter at the earliest */
};

/**
 * Judge signature, chain and validity of n certificates in the order of the table of rejects:
 * CERT_ISSUER, CERT_SM2_ID, CERT_SIGNATURE, CERT_NOT_YET, CERT_EXPIRED. The CAs above are judged
 * against the same two instants; where several chains lead up, one that holds is enough.
 * out[i] is PERSO_REJ_NONE where all holds. NULL entries are skipped, their out[i] stays as it was.
 * Key usage, the critical extensions of the certificate itself and its person are the caller's.
 */
enum perso_result perso_trust_judge(const struct perso_trust *trust,
                                    const struct perso_certificate *const *certificates, size_t n,
                                    const struct perso_validity *validity, enum perso_reject *out,
                                    struct perso_error *err);

#endif
