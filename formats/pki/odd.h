/*
 * What is unusual in a request, but understood: cards and their software write it (DOMAIN 5.3). A
 * profile says which of it is tolerated.
 */
#ifndef FORMATS_PKI_ODD_H
#define FORMATS_PKI_ODD_H

#include <stdint.h>

#define PERSO_ODD_PEM 0x01u        /* PEM text around the DER */
#define PERSO_ODD_ATTRIBUTES 0x02u /* the attributes field is missing */
#define PERSO_ODD_NULL 0x04u       /* NULL as parameters of the signature algorithm */
#define PERSO_ODD_RAW 0x08u        /* r || s in the BIT STRING of the signature */
#define PERSO_ODD_HYBRID 0x10u     /* point 06 or 07, X, Y */
#define PERSO_ODD_COMPRESSED 0x20u /* point 02 or 03, X */
#define PERSO_ODD_ALL 0x3fu
/* Stands outside of what is signed, so that the request can be written as usual. */
#define PERSO_ODD_MENDABLE (PERSO_ODD_PEM | PERSO_ODD_NULL | PERSO_ODD_RAW)

/** The profile's word for one bit: "pem", "attributes" ...; "" where it is none. */
const char *perso_odd_name(uint32_t bit);
/** The bit of a word; 0: no such word. */
uint32_t perso_odd_find(const char *name);
/** The sentence for a request that has it where it is not tolerated; a msgid. */
const char *perso_odd_refusal(uint32_t bit);

#endif
