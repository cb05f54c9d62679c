#include <assert.h>
#include <string.h>

#include "formats/identity/name.h"
#include "formats/text/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that passes goes onto a card and comes back whole. */
static void
check_card(struct perso_text name)
{
    struct perso_card_name card;
    uint8_t gb[64], utf8[2 * sizeof gb];
    size_t used, made;
    bool cut;

    assert(perso_name_split(name, &card));
    assert(card.name_bytes <= 30 && card.extension_bytes <= 20);
    memcpy(gb, card.name, card.name_bytes);
    memcpy(gb + card.name_bytes, card.extension, card.extension_bytes);
    size_t n = (size_t)card.name_bytes + card.extension_bytes;
    assert(perso_charset_decode(PERSO_GB18030, gb, n, utf8, sizeof utf8, &used, &made, &cut));
    name = perso_name_strip(name);
    assert(used == n && made == name.bytes && memcmp(utf8, name.at, made) == 0);
    assert(made <= PERSO_NAME_UTF8_BYTES);
}

/* Two names with FF between them: comparison has no direction, and folds are named truly. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *middle = size != 0 ? memchr(data, 0xff, size) : NULL;
    uint32_t folds = 99, back = 99;
    char text[32];

    if (middle == NULL || size > 4096)
        return 0;
    struct perso_text a = { (const char *)data, (uint32_t)(middle - data) };
    struct perso_text b = { (const char *)middle + 1, (uint32_t)(size - a.bytes - 1) };
    if (perso_name_check(a) == PERSO_REJ_NONE)
        check_card(a);
    enum perso_name_match match = perso_name_compare(a, b, &folds);
    assert(match == perso_name_compare(b, a, &back) && folds == back);
    assert((match == PERSO_NAME_EQUAL_FOLDED) == (folds != 0));
    assert((match == PERSO_NAME_EXACT) == (a.bytes == b.bytes && memcmp(a.at, b.at, a.bytes) == 0));
    assert(perso_name_compare(a, a, &back) == PERSO_NAME_EXACT);
    if (match == PERSO_NAME_EXACT)
        assert(perso_name_check(a) == perso_name_check(b));
    perso_fold_names(folds, text, sizeof text);
    assert((text[0] != '\0') == (folds != 0));
    return 0;
}
