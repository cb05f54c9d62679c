#include "stages/reseal.h"

#include <openssl/crypto.h>

enum perso_result
perso_reseal(struct perso_seal *from, struct perso_seal *to, const char *id, const char *purpose,
             uint32_t sequence, struct perso_text sealed, char out[PERSO_SEALED_CHARS + 1],
             struct perso_error *err)
{
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    enum perso_result rc;
    size_t n;

    out[0] = '\0';
    if (sealed.bytes == 0)
        return PERSO_OK;
    rc = perso_seal_open(from, id, purpose, 0, sealed, plain, &n, err);
    if (rc == PERSO_OK)
        rc = perso_seal_field(to, id, purpose, sequence, perso_cursor_of(plain, n), out, err);
    OPENSSL_cleanse(plain, sizeof plain);
    return rc;
}
