/* Synthetic people and cards: a pure function of a sample's seed and the card's index. */
#ifndef SANDBOX_PEOPLE_H
#define SANDBOX_PEOPLE_H

#include "formats/text/charset.h"
#include "seeded.h"

#define SBX_NAME_BYTES 128u

/* What a planted fault needs of its card; ANY draws a mixture. */
enum sbx_person_kind {
    SBX_ANY,
    SBX_HAN,       /* citizen, name of two or three characters */
    SBX_RARE,      /* citizen, a rare character in the name */
    SBX_MINORITY,  /* citizen, name with a middle dot */
    SBX_PERMIT,    /* HK, Macao, Taiwan residence permit */
    SBX_FOREIGN15, /* permanent resident card of 2017, Latin name */
    SBX_FOREIGN18, /* permanent resident card of 2023, Latin name */
};

struct sbx_person {
    enum sbx_person_kind kind;
    char ssn[19];
    char name[SBX_NAME_BYTES];
    char birth[9];      /* YYYYMMDD */
    char sex[2];        /* 1, 2 */
    char nation[3];     /* GB/T 3304 */
    char birthplace[7]; /* GB/T 2260 */
};

/* All cards of one sample. */
struct sbx_population {
    uint8_t seed[SBX_SEED_BYTES];
    const char *division;
    enum perso_charset charset; /* names stay inside it */
    uint32_t serial_offset, number_offset, person_offset;
};

/** A permutation of 0 .. n-1 for numbers that must not repeat; step and n have no common factor. */
uint32_t sbx_unique(uint32_t index, uint32_t step, uint32_t offset, uint32_t n);

void sbx_population_init(struct sbx_population *p, const char *seed, const char *division,
                         const char *batch, const char *vendor, enum perso_charset charset);
void sbx_person_make(const struct sbx_population *p, uint32_t index, enum sbx_person_kind kind,
                     struct sbx_person *ret);
/** The citizen's number again with another place, day of birth and sequence. */
void sbx_person_other_number(const struct sbx_population *p, uint32_t index,
                             struct sbx_person *person);
void sbx_card_id(const struct sbx_population *p, uint32_t index, char out[33]);
void sbx_card_number(const struct sbx_population *p, uint32_t index, char out[10]);
/** MOD 11-2 (ISO 7064) over 17 digits. */
char sbx_mod11_2(const char digits[17]);
/** True where the charset has the name and it takes at most 50 bytes in GB18030. */
bool sbx_name_fits(const char *name, enum perso_charset charset);
/** Another division than this one, of six digits. */
const char *sbx_other_division(const char *division);

#endif
