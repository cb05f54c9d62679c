#include "pipeline/drive/ingest_request.h"

#include <string.h>

#include "formats/base/encode.h"
#include "formats/pki/pkcs10.h"

enum perso_result
perso_ingest_keep_request(struct perso_arena *arena, const struct perso_application *application,
                          struct perso_cells *cells, bool *changed, struct perso_error *err)
{
    struct perso_text *cell = &cells->known[PERSO_COL_P10];
    size_t n = perso_left(&application->request), chars = PERSO_BASE64_CHARS(n);
    char *text;

    *changed = false;
    if (n == 0)
        return PERSO_OK;
    if ((text = perso_arena_take(arena, chars + 1)) == NULL)
        return perso_error_errno(err, "memory");
    perso_base64_encode(application->request.at, n, text);
    *changed = cell->bytes != chars || memcmp(cell->at, text, chars) != 0;
    *cell = (struct perso_text) { text, (uint32_t)chars };
    return PERSO_OK;
}

/* ---- what is unusual ---- */

void
perso_ingest_odd_words(uint32_t odd, char out[PERSO_ODD_WORDS_BYTES])
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < PERSO_ODD_KINDS; i++)
        if ((odd >> i & 1u) != 0)
            at += (size_t)snprintf(out + at, PERSO_ODD_WORDS_BYTES - at, "%s%s", at > 0 ? "," : "",
                                   perso_odd_name(1u << i));
}

void
perso_ingest_odd_add(struct perso_odd_counts *counts, uint32_t odd)
{
    for (uint32_t i = 0; i < PERSO_ODD_KINDS; i++)
        counts->n[i] += odd >> i & 1u;
}

static void
tell_kind(uint32_t bit, uint32_t n, const char *file)
{
    switch (bit) {
    case PERSO_ODD_PEM:
        perso_warn("%s: P10: %u requests in PEM", file, n);
        break;
    case PERSO_ODD_ATTRIBUTES:
        perso_warn("%s: P10: %u requests without the attributes field", file, n);
        break;
    case PERSO_ODD_NULL:
        perso_warn("%s: P10: %u requests with NULL parameters of the algorithm", file, n);
        break;
    case PERSO_ODD_RAW:
        perso_warn("%s: P10: %u requests whose signature is r and s without DER", file, n);
        break;
    case PERSO_ODD_HYBRID:
        perso_warn("%s: P10: %u requests with a hybrid point", file, n);
        break;
    case PERSO_ODD_COMPRESSED:
        perso_warn("%s: P10: %u requests with a compressed point", file, n);
        break;
    default:
        break;
    }
}

void
perso_ingest_odd_tell(const struct perso_odd_counts *counts, const char *file)
{
    for (uint32_t i = 0; i < PERSO_ODD_KINDS; i++)
        if (counts->n[i] > 0)
            tell_kind(1u << i, counts->n[i], file);
}
