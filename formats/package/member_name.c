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

static bool
characters_ok(const char *name, size_t bytes)
{
    for (size_t at = 0, n; at < bytes; at += n) {
        uint32_t scalar = 0;
        if ((n = perso_utf8_next(name + at, bytes - at, &scalar)) == 0)
            return false;
        if (perso_is_control(scalar) || scalar == '\\')
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

bool
perso_member_name_read(const struct perso_raw_name *raw, char out[PERSO_MEMBER_NAME_BYTES])
{
    uint8_t text[2 * PERSO_MEMBER_NAME_BYTES];
    size_t used = 0, made = 0;
    bool cut = false;

    if (is_utf8(raw)) {
        memcpy(text, raw->at, raw->bytes);
        made = raw->bytes;
    } else if (raw->utf8 ||
               !perso_charset_decode(PERSO_GB18030, raw->at, raw->bytes, text, sizeof text, &used,
                                     &made, &cut) ||
               cut || used != raw->bytes) {
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

/* The slot of a digest: where it stands or where it belongs. A slot of zeros is free. */
static uint8_t *
slot_of(const struct perso_name_set *set, const uint8_t digest[16])
{
    static const uint8_t none[16];
    uint64_t at;

    memcpy(&at, digest, sizeof at);
    for (;; at++) {
        uint8_t *slot = set->slots[at & (set->n_slots - 1)];
        if (memcmp(slot, none, 16) == 0 || memcmp(slot, digest, 16) == 0)
            return slot;
    }
}

static bool
grow(struct perso_name_set *set)
{
    static const uint8_t none[16];
    struct perso_name_set more = { .n_slots = set->n_slots == 0 ? SLOTS_MIN : 2 * set->n_slots };

    if ((more.slots = calloc(more.n_slots, 16)) == NULL)
        return false;
    for (size_t i = 0; i < set->n_slots; i++)
        if (memcmp(set->slots[i], none, 16) != 0)
            memcpy(slot_of(&more, set->slots[i]), set->slots[i], 16);
    more.n_names = set->n_names;
    free(set->slots);
    *set = more;
    return true;
}

enum perso_result
perso_name_set_add(struct perso_name_set *set, const char *name, struct perso_error *err)
{
    char folded[PERSO_MEMBER_NAME_BYTES];
    uint8_t digest[PERSO_SM3_BYTES];
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        folded[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
    if (!perso_sm3_of(folded, n, digest))
        return perso_error_openssl(err, "digest of a name");
    if (2 * set->n_names >= set->n_slots && !grow(set))
        return perso_error_errno(err, "names of members");
    uint8_t *slot = slot_of(set, digest);
    if (memcmp(slot, digest, 16) == 0)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "name stands twice");
    memcpy(slot, digest, 16);
    set->n_names++;
    return PERSO_OK;
}

void
perso_name_set_free(struct perso_name_set *set)
{
    free(set->slots);
    *set = (struct perso_name_set) { 0 };
}
