/* A document that a test builds by parts, of up to 3 MiB. */
#ifndef TESTS_FORMATS_RECORD_BIG_H
#define TESTS_FORMATS_RECORD_BIG_H

#include "tests/formats/record/record_read.h"

/** Text, or n times a character, at an offset of the document; where it ends. */
size_t put(size_t at, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t put_many(size_t at, char c, size_t n);

/** read_records of the first n bytes. */
const char *big_read(const struct perso_record_options *options, size_t n, size_t step);
/** Fails where that is another text. */
void big_expect(const struct perso_record_options *options, size_t n, size_t step,
                const char *want);

#endif
