/* The software side of the secrets port: PKCS#8 keys under SM4-CBC with a password file. */
#ifndef FORMATS_SEAL_SOFT_KEYS_H
#define FORMATS_SEAL_SOFT_KEYS_H

#include "perso/secrets.h"

/**
 * Make one SM2 key pair and its self-signed certificate (CN = common_name, valid from 2020-01-01
 * for 30 years, usage digitalSignature or keyEncipherment by `seals`).
 * *key_pem and *cert_pem are allocated with malloc, *_n their bytes; the caller frees, and wipes
 * the key.
 */
enum perso_result perso_soft_key_make(const char *common_name, bool seals, const char *password,
                                      char **key_pem, size_t *key_n, char **cert_pem,
                                      size_t *cert_n, struct perso_error *err);

/** Open both keys; the PEM texts and the password are only read. */
enum perso_result perso_soft_keys_open(struct perso_cursor sender_pem,
                                       struct perso_cursor sealing_pem, const char *password,
                                       struct perso_secrets *ret, struct perso_error *err);

#endif
