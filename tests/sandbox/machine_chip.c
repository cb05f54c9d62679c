/* What a chip and its machine would find wrong in a row: rule 3 of DESIGN 1 at the last gate. */
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "hash.h"
#include "machine.h"
#include "sm2.h"

#define ITEM_BYTES 12288u
#define ENVELOPE_BYTES 388u

static size_t
decode(const char *path, const struct sbx_machine_row *row, const char *cell, const char *field,
       uint8_t out[ITEM_BYTES])
{
    const size_t chars = strlen(cell);
    size_t n;

    if (chars > ITEM_BYTES / 3 * 4 || !perso_base64_decode(cell, chars, out, &n))
        sbx_die("%s:%u: %s: not Base64", path, row->line, field);
    return n;
}

static void
certificate_key(const char *path, const struct sbx_machine_row *row, const char *cell,
                const char *field, uint8_t xy[64])
{
    uint8_t der[ITEM_BYTES];
    const uint8_t *at = der;
    const size_t n = decode(path, row, cell, field, der);
    X509 *cert = d2i_X509(NULL, &at, (long)n);

    if (cert == NULL || at != der + n || !sbx_public_bytes(X509_get0_pubkey(cert), xy))
        sbx_die("%s:%u: %s: not one certificate of an SM2 key", path, row->line, field);
    X509_free(cert);
}

/* X and Y of ENVELOPEDKEYBLOB stand right-aligned at 80 and 144 (DOMAIN 5.9). */
static void
envelope_key(const char *path, const struct sbx_machine_row *row, uint8_t xy[64])
{
    uint8_t blob[ITEM_BYTES];

    if (decode(path, row, row->jmmy, "JMMY", blob) != ENVELOPE_BYTES)
        sbx_die("%s:%u: JMMY: not 388 bytes", path, row->line);
    memcpy(xy, blob + 112, 32);
    memcpy(xy + 32, blob + 176, 32);
}

static void
open_secret(const char *path, const struct sbx_machine_row *row, struct perso_seal *seal,
            const char *purpose, const char *cell)
{
    struct perso_error err = { .line = row->line };
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    size_t n;

    if (*cell == '\0')
        return;
    if (seal == NULL)
        sbx_die("%s:%u: %s: sealed, but there is no %s.wrap", path, row->line, purpose, path);
    sbx_check(perso_seal_open(seal, row->card_id, purpose, row->file_number,
                              (struct perso_text) { cell, (uint32_t)strlen(cell) }, plain, &n,
                              &err),
              path, &err);
    const bool good = strcmp(purpose, "ZKMY") == 0 ? n == 16 : n == 8;
    OPENSSL_cleanse(plain, sizeof plain);
    if (!good)
        sbx_die("%s:%u: %s: opens to %zu bytes", path, row->line, purpose, n);
}

void
sbx_chip_check(const char *path, const struct sbx_machine_row *row, struct perso_seal *seal)
{
    uint8_t key[64], other[64], encryption[64];

    if (!perso_hex_decode(row->key, strlen(row->key), key, sizeof key))
        sbx_die("%s:%u: QMGY: not 128 hex digits", path, row->line);
    if (*row->qmzs != '\0') {
        certificate_key(path, row, row->qmzs, "QMZS", other);
        if (memcmp(key, other, sizeof key) != 0)
            sbx_die("%s:%u: QMZS: not over the card's key", path, row->line);
    }
    if (*row->jmzs != '\0' && *row->jmmy != '\0') {
        certificate_key(path, row, row->jmzs, "JMZS", encryption);
        envelope_key(path, row, other);
        if (memcmp(encryption, other, sizeof other) != 0)
            sbx_die("%s:%u: JMMY: not the key of JMZS", path, row->line);
    }
    open_secret(path, row, seal, "GLYPIN", row->pin);
    open_secret(path, row, seal, "ZKMY", row->master_key);
}

void
sbx_chip_digest(const char *path, const struct sbx_machine_row *row, const char *cell, char out[65])
{
    uint8_t der[ITEM_BYTES], digest[32];

    out[0] = '\0';
    if (*cell == '\0')
        return;
    const size_t n = decode(path, row, cell, "certificate", der);
    sbx_sm3(der, n, digest);
    perso_hex_lower(digest, sizeof digest, out);
}
