/* What a reading of records gives, checked on the way; for the targets of both forms. */
#ifndef TESTS_FUZZ_RECORD_OUTCOME_H
#define TESTS_FUZZ_RECORD_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include "formats/record/record.h"

struct record_outcome {
    enum perso_result rc; /* PERSO_END or PERSO_REJECT */
    struct perso_error err;
    uint32_t rows, line; /* of the last row */
    uint64_t sum;        /* over all cells and their bounds */
};

/** Two bytes of options, then the document: read whole and in blocks, which must agree. */
struct record_outcome record_outcome_of(enum perso_record_form form, const uint8_t *data,
                                        size_t size);

#endif
