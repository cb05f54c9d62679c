#include "tests/formats/record/big.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

static char big[3 << 20];

size_t
put(size_t at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(big + at, sizeof big - at, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof big - at);
    return at + (size_t)n;
}

size_t
put_many(size_t at, char c, size_t n)
{
    assert_true(n < sizeof big - at);
    memset(big + at, c, n);
    return at + n;
}

const char *
big_read(const struct perso_record_options *options, size_t n, size_t step)
{
    return read_records(options, (struct read_bytes) { big, n }, step);
}

void
big_expect(const struct perso_record_options *options, size_t n, size_t step, const char *want)
{
    const char *have = big_read(options, n, step);
    if (strcmp(have, want) != 0)
        fail_msg("have %s, want %s", have, want);
}
