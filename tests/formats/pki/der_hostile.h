/*
 * The hostile corpus of DER (RELIABILITY T11): requests and certificates written by hand, each with
 * its verdict, and the list of what OpenSSL reads and Persoline does not, with the reasons.
 */
#ifndef TESTS_FORMATS_PKI_DER_HOSTILE_H
#define TESTS_FORMATS_PKI_DER_HOSTILE_H

#include "perso/reject.h"
#include "tests/formats/pki/recipe.h"

/* A sound request or certificate of which one part is replaced; it is signed after that, where the
 * part does not belong to the signature. */
struct der_case {
    const char *what, *part, *recipe;
    enum perso_reject want; /* of form, then of the subject (DER alone), then of the signature */
    const char *text;       /* NULL: any */
};

extern const struct der_case der_request_cases[], der_certificate_cases[];
extern const size_t der_n_request_cases, der_n_certificate_cases;

/* What OpenSSL reads though we refuse it. */
struct der_difference {
    const char *text;   /* of our refusal */
    const char *reason; /* why OpenSSL reads it, and why we do not */
};

extern const struct der_difference der_differences[];
extern const size_t der_n_differences;

/** X.690 by a walk of its own over OpenSSL's reader of headers: DER all through, as far as elements
 *  are constructed. */
bool der_holds(const uint8_t *at, size_t n);
bool der_openssl_reads_request(const uint8_t *at, size_t n);
bool der_openssl_reads_certificate(const uint8_t *at, size_t n);

#define DER_NOT_DER SIZE_MAX /* der_holds says no: OpenSSL reads BER */
#define DER_UNEXPLAINED (SIZE_MAX - 1)
/** The row of der_differences that explains a refusal, DER_NOT_DER or DER_UNEXPLAINED. */
size_t der_explain(const uint8_t *at, size_t n, const char *refusal);

/* The parts of which sound ones are made, for one key; the key signs its own certificate. */
struct der_parts {
    EVP_PKEY *key;
    char x[65], y[65], r[65], s[65], der_r[75], der_s[75]; /* hex */
};

void der_parts_make(struct der_parts *parts);
void der_parts_free(struct der_parts *parts);
/** With one part replaced; part NULL: none. */
struct made der_make_request(struct der_parts *parts, const char *part, const char *recipe);
struct made der_make_certificate(struct der_parts *parts, const char *part, const char *recipe);

#endif
