/*
 * DER, and what only looks like it, written by hand. A recipe has
 *     30 0aFF    bytes in hex, blanks between them ignored
 *     'text'     its bytes
 *     {...}      the length of the contents, then the contents; the tag stands before it
 *     :2{ +1{ -1{  the same with the length in so many bytes behind the first, too large, too small
 *     #13{       the tag before it nested so often
 *     00*64      the byte before it so often in all
 *     $name      the recipe of a part
 */
#ifndef TESTS_FORMATS_PKI_RECIPE_H
#define TESTS_FORMATS_PKI_RECIPE_H

#include "tests/formats/pki/pki_make.h"

struct recipe_part {
    const char *name, *recipe;
};

/* The parts that one names, up to one without a name. Of equal names the first counts. */
struct made recipe_cook(const struct recipe_part *parts, const char *recipe);
/** Bytes as hex, for a part; a NUL behind them. */
void recipe_hex(const void *bytes, size_t n, char *out);

#endif
