#include <stdlib.h>
#include <string.h>

#include "formats/package/container.h"
#include "formats/sm2/sm3.h"
#include "formats/text/charset.h"
#include "perso/text.h"

#define SLOTS_MIN 64u

static bool
part_ok(const char *part, size_t n)
{
    return n > 0 && !(n == 1 && part[0] == '.') && !(n == 2 && part[0] == '.' && part[1] == '.');
}

/* What a base letter may be followed by in NFD, and kana and jamo that NFC would join: a name in
 * NFC has none of them, so it has no twin. */
static bool
is_combining(uint32_t scalar)
{
    return (scalar >= 0x0300 && scalar <= 0x036f) || (scalar >= 0x1100 && scalar <= 0x11ff) ||
           (scalar >= 0x1ab0 && scalar <= 0x1aff) || (scalar >= 0x1dc0 && scalar <= 0x1dff) ||
           (scalar >= 0x20d0 && scalar <= 0x20ff) || scalar == 0x3099 || scalar == 0x309a ||
           (scalar >= 0xfe20 && scalar <= 0xfe2f);
}

static bool
characters_ok(const char *name, size_t bytes)
{
    for (size_t at = 0, n; at < bytes; at += n) {
        uint32_t scalar = 0;
        if ((n = perso_utf8_next(name + at, bytes - at, &scalar)) == 0)
            return false;
        if (perso_is_control(scalar) || is_combining(scalar) || scalar == '\\')
            return false;
    }
    return true;
}

bool
perso_member_name_ok(const char *name, size_t bytes)
{
    if (bytes == 0 || bytes >= PERSO_MEMBER_NAME_BYTES || !characters_ok(name, bytes))
        return false;
    if (bytes > 1 && name[1] == ':') /* a drive */
        return false;
    for (size_t from = 0, at = 0; at <= bytes; at++) {
        if (at < bytes && name[at] != '/')
            continue;
        if (!part_ok(name + from, at - from))
            return false;
        from = at + 1;
    }
    return true;
}

static bool
is_utf8(const struct perso_raw_name *raw)
{
    uint32_t scalar;
    for (size_t at = 0, n; at < raw->bytes; at += n)
        if ((n = perso_utf8_next((const char *)raw->at + at, raw->bytes - at, &scalar)) == 0)
            return false;
    return true;
}

static bool
decode(enum perso_charset charset, const struct perso_raw_name *raw, uint8_t *text, size_t max,
       size_t *made)
{
    size_t used = 0;
    bool cut = false;

    return perso_charset_decode(charset, raw->at, raw->bytes, text, max, &used, made, &cut) &&
           !cut && used == raw->bytes;
}

bool
perso_member_name_read(const struct perso_raw_name *raw, enum perso_member_names names,
                       char out[PERSO_MEMBER_NAME_BYTES])
{
    uint8_t text[2 * PERSO_MEMBER_NAME_BYTES];
    size_t made = 0;
    bool utf8 = is_utf8(raw);

    if (utf8 && (raw->utf8 || names <= PERSO_NAMES_UTF8)) {
        memcpy(text, raw->at, raw->bytes);
        made = raw->bytes;
    } else if (raw->utf8 || names == PERSO_NAMES_UTF8 ||
               !decode(names == PERSO_NAMES_GBK ? PERSO_GBK : PERSO_GB18030, raw, text, sizeof text,
                       &made)) {
        return false;
    }
    /* "tar c ./x" is everyday; x is the same member */
    const char *name = (const char *)text;
    if (made > 2 && memcmp(name, "./", 2) == 0) {
        name += 2;
        made -= 2;
    }
    if (!perso_member_name_ok(name, made))
        return false;
    memcpy(out, name, made);
    out[made] = '\0';
    return true;
}

/* The slot of a digest: where it stands or where it belongs. 0 is free. */
static uint64_t *
slot_of(const struct perso_name_set *set, uint64_t digest)
{
    for (uint64_t at = digest;; at++) {
        uint64_t *slot = &set->slots[at & (set->n_slots - 1)];
        if (*slot == 0 || *slot == digest)
            return slot;
    }
}

static bool
grow(struct perso_name_set *set)
{
    struct perso_name_set more = { .n_slots = set->n_slots == 0 ? SLOTS_MIN : 2 * set->n_slots };

    if ((more.slots = calloc(more.n_slots, sizeof *more.slots)) == NULL)
        return false;
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i] != 0)
            *slot_of(&more, set->slots[i]) = set->slots[i];
    more.n_names = set->n_names;
    free(set->slots);
    *set = more;
    return true;
}

/* Lower case of the letters that have one and could be meant: Latin, Greek, Cyrillic, full width,
 * and the signs of kelvin and angstrom, which are letters of another look. */
static uint32_t
fold(uint32_t c)
{
    static const struct {
        uint32_t first, last, apart;
    } ranges[] = { { 0xc0, 0xd6, 32 },    { 0xd8, 0xde, 32 },   { 0x391, 0x3ab, 32 },
                   { 0x400, 0x40f, 80 },  { 0x410, 0x42f, 32 }, { 0x531, 0x556, 48 },
                   { 0xff21, 0xff3a, 32 } };
    static const struct {
        uint32_t first, last, odd; /* pairs: the first of one is odd or even */
    } pairs[] = { { 0x100, 0x137, 0 }, { 0x139, 0x148, 1 },   { 0x14a, 0x177, 0 },
                  { 0x179, 0x17e, 1 }, { 0x1cd, 0x1dc, 1 },   { 0x1de, 0x1ef, 0 },
                  { 0x1f8, 0x21f, 0 }, { 0x460, 0x481, 0 },   { 0x48a, 0x4bf, 0 },
                  { 0x4d0, 0x52f, 0 }, { 0x1e00, 0x1e95, 0 }, { 0x1ea0, 0x1eff, 0 } };

    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    if (c == 0x212a || c == 0x212b || c == 0x2126)
        return c == 0x212a ? 'k' : c == 0x212b ? 0xe5 : 0x3c9;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return c + ranges[i].apart;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (c >= pairs[i].first && c <= pairs[i].last && (c & 1) == pairs[i].odd)
            return c + 1;
    return c;
}

static bool
folded_digest(const char *name, uint64_t *ret)
{
    char folded[2 * PERSO_MEMBER_NAME_BYTES];
    uint8_t digest[PERSO_SM3_BYTES];
    size_t n = strlen(name), made = 0;

    for (size_t at = 0, step; at < n; at += step) {
        uint32_t scalar = 0;
        if ((step = perso_utf8_next(name + at, n - at, &scalar)) == 0)
            return false; /* names that were read are UTF-8 */
        made += perso_utf8_put(fold(scalar), folded + made);
    }
    if (!perso_sm3_of(folded, made, digest))
        return false;
    memcpy(ret, digest, sizeof *ret);
    *ret += *ret == 0;
    return true;
}

enum perso_result
perso_name_set_add(struct perso_name_set *set, const char *name, struct perso_error *err)
{
    uint64_t digest = 0;

    if (!folded_digest(name, &digest))
        return perso_error_openssl(err, "digest of a name");
    if (2 * set->n_names >= set->n_slots && !grow(set))
        return perso_error_errno(err, "names of members");
    uint64_t *slot = slot_of(set, digest);
    if (*slot == digest)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "name stands twice");
    *slot = digest;
    set->n_names++;
    return PERSO_OK;
}

void
perso_name_set_free(struct perso_name_set *set)
{
    free(set->slots);
    *set = (struct perso_name_set) { 0 };
}
