#include "formats/pki/odd.h"

#include <stddef.h>
#include <string.h>

#include "perso/text.h"

static const struct {
    uint32_t bit;
    const char *name, *refusal;
} odds[] = {
    { PERSO_ODD_PEM, "pem", N_("PEM text: pem is not tolerated") },
    { PERSO_ODD_ATTRIBUTES, "attributes",
      N_("attributes field missing: attributes is not tolerated") },
    { PERSO_ODD_NULL, "null", N_("NULL parameters: null is not tolerated") },
    { PERSO_ODD_RAW, "raw", N_("raw r||s in the BIT STRING: raw is not tolerated") },
    { PERSO_ODD_HYBRID, "hybrid", N_("hybrid point: hybrid is not tolerated") },
    { PERSO_ODD_COMPRESSED, "compressed", N_("compressed point: compressed is not tolerated") },
};

#define N_ODDS (sizeof odds / sizeof odds[0])

const char *
perso_odd_name(uint32_t bit)
{
    for (size_t i = 0; i < N_ODDS; i++)
        if (odds[i].bit == bit)
            return odds[i].name;
    return "";
}

uint32_t
perso_odd_find(const char *name)
{
    for (size_t i = 0; i < N_ODDS; i++)
        if (strcmp(odds[i].name, name) == 0)
            return odds[i].bit;
    return 0;
}

const char *
perso_odd_refusal(uint32_t bit)
{
    for (size_t i = 0; i < N_ODDS; i++)
        if (odds[i].bit == bit)
            return odds[i].refusal;
    return "";
}
