#include "tests/formats/record/record_read.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 3
#define LONG_VALUE 100u

struct memory {
    const char *at;
    size_t left, step;
    unsigned calls;
};

/* Every third call finds the disk busy. */
static enum perso_result
memory_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct memory *m = self;
    (void)err;
    if (++m->calls % 3 == 0)
        return PERSO_RETRY;
    if (m->left == 0)
        return PERSO_END;
    *n = m->left < m->step ? m->left : m->step;
    *n = *n < max ? *n : max;
    memcpy(buf, m->at, *n);
    m->at += *n;
    m->left -= *n;
    return PERSO_OK;
}

static char out[1 << 18];
static size_t out_n;

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out + out_n, sizeof out - out_n, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof out - out_n);
    out_n += (size_t)n;
}

static void
say_row(const struct perso_layout *layout, const struct perso_row *row)
{
    say("%u", row->origin.line);
    for (uint16_t i = 0; i < layout->n_columns; i++) {
        struct perso_text cell = row->cells[i];
        assert_non_null(cell.at);
        assert_true(perso_row_cell(layout, row, layout->known[i]).at == cell.at);
        if (cell.bytes > LONG_VALUE)
            say(" %s=%u bytes", layout->name[i], cell.bytes);
        else if (cell.bytes != 0)
            say(" %s=%.*s", layout->name[i], (int)cell.bytes, cell.at);
    }
    say("\n");
}

static enum perso_result
say_rows(struct perso_records *records, struct perso_arena *arena, struct perso_error *err)
{
    struct perso_row rows[BATCH];
    size_t n;
    uint32_t seen = 0;
    enum perso_result rc;

    do {
        perso_arena_reset(arena);
        rc = perso_records_read(records, arena, rows, BATCH, &n, err);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
            assert_int_equal(rows[i].origin.record, ++seen);
            assert_string_equal(rows[i].origin.file, "answers");
            say_row(perso_records_layout(records), &rows[i]);
        }
    } while (rc == PERSO_OK || rc == PERSO_RETRY);
    if (rc == PERSO_END)
        assert_int_equal(perso_records_rows(records), seen);
    return rc;
}

const char *
read_records(const struct perso_record_options *options, struct read_bytes document, size_t step)
{
    char *copy = malloc(document.n + (document.n == 0));
    struct memory m = { copy, document.n, step, 0 };
    struct perso_source source = { memory_read, &m };
    struct perso_record_options own = *options;
    struct perso_error err = { .line = 7, .file = "another" }, again;
    struct perso_records *records = NULL;
    struct perso_arena *arena = perso_arena_new();
    struct perso_row row;
    size_t n;

    assert_true(copy != NULL && arena != NULL);
    memcpy(copy, document.at, document.n);
    own.file = "answers";
    out_n = 0;
    out[0] = '\0';
    assert_int_equal(perso_records_open(&source, &own, &records, &err), PERSO_OK);
    enum perso_result rc = say_rows(records, arena, &err);
    if (rc == PERSO_REJECT) {
        assert_true(perso_reject_of_file(err.reject));
        assert_string_equal(err.file, "answers");
        say("%s %s %u %s\n", perso_reject_name(err.reject), err.field, err.line, err.text);
        assert_int_equal(perso_records_read(records, arena, &row, 1, &n, &again), PERSO_REJECT);
        assert_memory_equal(&again, &err, sizeof err);
    } else
        assert_int_equal(rc, PERSO_END);
    perso_records_free(records);
    perso_arena_free(arena);
    free(copy);
    return out;
}

/* What was refused may have given rows before, more or fewer by the size of the blocks. */
static const char *
last_line(const char *text)
{
    size_t n = strlen(text);
    while (n > 1 && text[n - 2] != '\n')
        n--;
    return n == 0 ? text : text + n - 1;
}

static bool
is_refusal(const char *text)
{
    return *last_line(text) >= 'A';
}

void
read_cases(const struct perso_record_options *options, const struct read_case *cases, size_t n)
{
    static const size_t steps[] = { 1 << 16, 1, 7 };

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
            const char *have = read_records(options, cases[i].document, steps[k]);
            if (is_refusal(cases[i].want) && is_refusal(have))
                have = last_line(have);
            if (strcmp(have, cases[i].want) != 0)
                fail_msg("%s, blocks of %zu: have\n%s\nwant\n%s", cases[i].what, steps[k], have,
                         cases[i].want);
        }
}
