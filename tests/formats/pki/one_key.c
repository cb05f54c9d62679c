#include "tests/formats/pki/one_key.h"

#include "tests/formats/pki/pki_make.h"

EVP_PKEY *key;
uint8_t point[64];

int
keys_make(void **state)
{
    (void)state;
    key = make_key();
    make_point(key, point);
    return 0;
}

int
keys_free(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}
