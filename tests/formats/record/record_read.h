/* Reads a document and writes down what came of it, so that a test can compare texts. */
#ifndef TESTS_FORMATS_RECORD_RECORD_READ_H
#define TESTS_FORMATS_RECORD_RECORD_READ_H

#include <stddef.h>

#include "formats/record/record.h"

struct read_bytes {
    const char *at;
    size_t n;
};

/** A string literal, which may have NUL in it. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

struct read_case {
    const char *what;
    struct read_bytes document;
    const char *want;
};

/**
 * "LINE CODE=VALUE CODE=VALUE\n" for each record, in the order of the columns, long values as their
 * length; then "REJECT FIELD LINE text\n" where the file was refused. Read in blocks of step bytes,
 * from a copy of its own size. The text is valid until the next call.
 */
const char *read_records(const struct perso_record_options *options, struct read_bytes document,
                         size_t step);

/** Fails where a case gives another text than wanted; each is read in blocks of three sizes. */
void read_cases(const struct perso_record_options *options, const struct read_case *cases,
                size_t n);

#endif
