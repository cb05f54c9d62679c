/* Mutants of DER, the same from the same seed; half of them with the lengths around the change
 * mended, so that it is reached. */
#ifndef TESTS_FORMATS_PKI_DER_MUTANT_H
#define TESTS_FORMATS_PKI_DER_MUTANT_H

#include "tests/formats/pki/pki_make.h"

/** xorshift64*; *state is not 0. */
uint64_t mutant_random(uint64_t *state);
/** 1 to 3 changes of one of n sound ones, into *out; elements may come from another one. */
void mutant_make(uint64_t *state, const struct made *sound, size_t n, struct made *out);

#endif
