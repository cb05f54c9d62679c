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

bool
sbx_chip_has_step(const struct sbx_machine_row *row, const char *step)
{
    const size_t n = strlen(step);

    for (const char *at = row->steps; *at != '\0';) {
        const size_t length = strcspn(at, "+");
        if (length == n && memcmp(at, step, n) == 0)
            return true;
        at += length;
        at += *at == '+';
    }
    return false;
}

/* A step needs what it writes; a certificate or its key that no step writes is one too many. */
static void
check_steps(const char *path, const struct sbx_machine_row *row)
{
    const struct {
        const char *step, *cell;
        bool both_ways;
    } items[] = { { "QMZS", row->qmzs, true },        { "JMZS", row->jmzs, true },
                  { "JMMY", row->jmmy, true },        { "GLYPIN", row->pin, false },
                  { "ZKMY", row->master_key, false }, { "SSSE", row->ssse, false } };

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        const bool step = sbx_chip_has_step(row, items[i].step), cell = *items[i].cell != '\0';
        if (step && !cell)
            sbx_die("%s:%u: %s: a step, but the column is empty", path, row->line, items[i].step);
        if (cell && !step && items[i].both_ways)
            sbx_die("%s:%u: %s: in its column, but no step", path, row->line, items[i].step);
    }
    if (sbx_chip_has_step(row, "READ") && *row->qmzs == '\0' && *row->jmzs == '\0')
        sbx_die("%s:%u: READ: a step, but there is no certificate", path, row->line);
}

/* Keys of the device are named, never told: 32 hex digits in a row are the value of one. */
static void
check_references(const char *path, const struct sbx_machine_row *row)
{
    for (const char *at = row->ssse; *at != '\0';) {
        const size_t digits = strspn(at, "0123456789ABCDEFabcdef");
        if (digits >= 32)
            sbx_die("%s:%u: SSSE: looks like the value of a key", path, row->line);
        at += digits;
        at += *at != '\0';
    }
}

void
sbx_chip_check(const struct sbx_machine *m, const char *path, const struct sbx_machine_row *row,
               struct perso_seal *seal)
{
    uint8_t key[64], other[64], envelope[ITEM_BYTES];

    if (!perso_hex_decode(row->key, strlen(row->key), key, sizeof key))
        sbx_die("%s:%u: QMGY: not 128 hex digits", path, row->line);
    check_steps(path, row);
    check_references(path, row);
    if (*row->qmzs != '\0') {
        certificate_key(path, row, row->qmzs, "QMZS", other);
        if (memcmp(key, other, sizeof key) != 0)
            sbx_die("%s:%u: QMZS: not over the card's key", path, row->line);
    }
    if (*row->jmzs != '\0' && *row->jmmy != '\0') {
        certificate_key(path, row, row->jmzs, "JMZS", other);
        const size_t n = decode(path, row, row->jmmy, "JMMY", envelope);
        sbx_machine_envelope_check(m, path, row->line, envelope, n, key, other);
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
