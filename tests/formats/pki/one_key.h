/* One key for all tests of a program: make and free it as the group's set-up and tear-down. */
#ifndef TESTS_FORMATS_PKI_ONE_KEY_H
#define TESTS_FORMATS_PKI_ONE_KEY_H

#include <openssl/evp.h>
#include <stdint.h>

extern EVP_PKEY *key;
extern uint8_t point[64];

int keys_make(void **state);
int keys_free(void **state);

#endif
