/* The committed table behind charset.c. */
#ifndef FORMATS_TEXT_GB18030_TABLE_H
#define FORMATS_TEXT_GB18030_TABLE_H

#include <stdint.h>

#define PERSO_GB_PAGES 131
#define PERSO_GB_RANGES 206
#define PERSO_GB_SWAPS 19

/* From here up to the next row linear and scalar rise together. */
struct perso_gb_range {
    uint16_t linear; /* of a four-byte code, 81308130 being 0 */
    uint16_t scalar;
};

struct perso_gb_swap {
    uint16_t scalar, private_use;
};

extern const uint16_t perso_gb_two[126 * 190];
extern const uint8_t perso_gb_page[256];
extern const uint16_t perso_gb_code[PERSO_GB_PAGES][256];
extern const struct perso_gb_range perso_gb_ranges[PERSO_GB_RANGES];
extern const struct perso_gb_swap perso_gb_swaps[PERSO_GB_SWAPS];

#endif
