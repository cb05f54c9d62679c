#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text/table.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* A source that gives at most step bytes a turn. */
struct memory {
    const char *at;
    size_t left, step;
    unsigned retries; /* every other one is PERSO_RETRY */
};

static enum perso_result
memory_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct memory *m = self;
    size_t take = m->left < m->step ? m->left : m->step;

    (void)err;
    if (m->retries != 0 && m->retries-- % 2 == 0)
        return PERSO_RETRY;
    if (m->left == 0)
        return PERSO_END;
    if (take > max)
        take = max;
    memcpy(buf, m->at, take);
    m->at += take;
    m->left -= take;
    *n = take;
    return PERSO_OK;
}

/* All of a table, shown as [cell][cell]@line; and so on, or its refusal. */
struct outcome {
    struct perso_error err;
    enum perso_result rc;
    uint32_t rows;
    char shown[1024];
};

static void
show_rows(const struct perso_table *table, const struct perso_row *rows, size_t n,
          struct outcome *o)
{
    size_t used = strlen(o->shown);

    for (size_t i = 0; i < n && used < sizeof o->shown; i++) {
        for (uint16_t k = 0; k < perso_table_layout(table)->n_columns; k++) {
            struct perso_text cell = rows[i].cells[k];
            if (used < sizeof o->shown)
                used += (size_t)snprintf(o->shown + used, sizeof o->shown - used, "[%.*s]",
                                         (int)cell.bytes, cell.at);
        }
        if (used < sizeof o->shown)
            used += (size_t)snprintf(o->shown + used, sizeof o->shown - used, "@%u ",
                                     (unsigned)rows[i].origin.line);
    }
}

static struct outcome
read_all(const struct perso_table_options *options, const char *bytes, size_t n, size_t step,
         size_t batch)
{
    struct outcome o = { 0 };
    struct memory m = { bytes, n, step, 0 };
    struct perso_source source = { memory_read, &m };
    struct perso_table *table = NULL;
    struct perso_arena *arena = perso_arena_new();
    struct perso_row rows[16];
    size_t have;

    o.rc = perso_table_open(&source, options, &table, &o.err);
    assert_int_equal(o.rc == PERSO_OK, table != NULL);
    while (o.rc == PERSO_OK) {
        perso_arena_reset(arena);
        o.rc = perso_table_read(table, arena, rows, batch, &have, &o.err);
        if (o.rc == PERSO_OK) {
            assert_in_range(have, 1, batch);
            show_rows(table, rows, have, &o);
        }
    }
    if (table != NULL)
        o.rows = perso_table_rows(table);
    if (o.rc == PERSO_END)
        o.rc = perso_table_shapes(table, &o.err);
    else if (table != NULL) { /* a refusal stays */
        struct perso_error again = { 0 };
        assert_int_equal(perso_table_read(table, arena, rows, batch, &have, &again), PERSO_REJECT);
        assert_int_equal(again.reject, o.err.reject);
        assert_int_equal(again.line, o.err.line);
    }
    perso_table_free(table);
    perso_arena_free(arena);
    return o;
}

enum { U = PERSO_UTF8, K = PERSO_GBK, G = PERSO_GB18030 };

static const struct {
    const char *what;
    const char *kind; /* delimiter; then n: quoted newlines, p: quotes are plain */
    const char *bytes;
    const char *want; /* rows; NULL: refused */
    uint32_t line;
    int charset;
    enum perso_reject reject;
} corpus[] = {
    { "plain", ",", "box,x\n1,2\n3,4\n", "[1][2]@2 [3][4]@3 ", 0, U, 0 },
    { "no newline at the end", ",", "box,x\n1,2\n3,4", "[1][2]@2 [3][4]@3 ", 0, U, 0 },
    { "CRLF", ",", "box,x\r\n1,2\r\n3,4\r\n", "[1][2]@2 [3][4]@3 ", 0, U, 0 },
    { "CRLF and LF mixed", ",", "box,x\n1,2\r\n3,4\n", "[1][2]@2 [3][4]@3 ", 0, U, 0 },
    { "byte order mark", ",",
      "\xef\xbb\xbf"
      "box,x\n1,2\n",
      "[1][2]@2 ", 0, U, 0 },
    { "byte order mark, GB18030", ",",
      "\x84\x31\x95\x33"
      "box,x\n1,2\n",
      "[1][2]@2 ", 0, G, 0 },
    { "header alone", ",", "box,x\n", "", 0, U, 0 },
    { "header alone, no newline", ",", "box,x", "", 0, U, 0 },
    { "blank last line", ",", "box,x\n1,2\n\n", "[1][2]@2 ", 0, U, 0 },
    { "blank last lines, CRLF", ",", "box,x\r\n1,2\r\n\r\n\r\n", "[1][2]@2 ", 0, U, 0 },
    { "empty cells", ",", "box,x\n,\n", "[][]@2 ", 0, U, 0 },
    { "blanks are kept", ",", "box,x\n 1 , 2\n", "[ 1 ][ 2]@2 ", 0, U, 0 },
    { "blanks around a header", ",", " box ,x\n1,2\n", "[1][2]@2 ", 0, U, 0 },
    { "quotes", ",", "\"box\",\"x\"\n\"1,\"\"\",\"2\"\n", "[1,\"][2]@2 ", 0, U, 0 },
    { "quotes are plain", "|p", "box|x\n1\"|\"2\n", "[1\"][\"2]@2 ", 0, U, 0 },
    { "Excel", ",", "box,x\n=\"0012\",2\n", "[0012][2]@2 ", 0, U, 0 },
    { "Excel quoted", ",", "box,x\n\"=\"\"0012\"\"\",2\n", "[0012][2]@2 ", 0, U, 0 },
    { "formula is a cell", ",", "box,x\n=cmd,2\n", "[=cmd][2]@2 ", 0, U, 0 },
    { "pipe", "|", "box|x\n1|2,3\n", "[1][2,3]@2 ", 0, U, 0 },
    { "tab", "\t", "box\tx\n1\t2\n", "[1][2]@2 ", 0, U, 0 },
    { "semicolon", ";", "box;x\n1;2\n", "[1][2]@2 ", 0, U, 0 },
    { "reordered header", ",", "x,BOX\n1,2\n", "[1][2]@2 ", 0, U, 0 },
    { "newline in quotes", ",n", "box,x\n\"1\n2\",3\n4,5\n", "[1\n2][3]@2 [4][5]@4 ", 0, U, 0 },
    { "CRLF in quotes", ",n", "box,x\n\"1\r\n\",3\r\n4,5\r\n", "[1\r\n][3]@2 [4][5]@4 ", 0, U, 0 },
    { "names in GBK", ",", "box,x\n\xd5\xc5\xce\xb0,1\n", "[张伟][1]@2 ", 0, K, 0 },
    { "second byte is a pipe", "|", "box|x\n\x81\x7c|1\n", "[亅][1]@2 ", 0, K, 0 },
    { "second byte is a backslash", "|", "box|x\n\x81\x5c|1\n", "[乗][1]@2 ", 0, K, 0 },
    { "four bytes", ",", "box,x\n\x82\x32\x8d\x37,1\n", "[㼆][1]@2 ", 0, G, 0 },
    { "private use name is content", ",", "box,x\n\xfe\x51,1\n", "[\uE816][1]@2 ", 0, G, 0 },
    { "Chinese header in GBK", ",", "\xd0\xd5\xc3\xfb,x\n\xd5\xc5,1\n", "[张][1]@2 ", 0, K, 0 },
    { "few characters are no proof", ",", "box,x\n\xc2\xbd,1\n", "[陆][1]@2 ", 0, K, 0 },
    { "empty", ",", "", NULL, 0, U, PERSO_REJ_FILE_EMPTY },
    { "byte order mark alone", ",", "\xef\xbb\xbf", NULL, 0, U, PERSO_REJ_FILE_EMPTY },
    { "newlines alone", ",", "\n\r\n", NULL, 0, U, PERSO_REJ_FILE_EMPTY },
    { "empty line first", ",", "\nbox,x\n", NULL, 1, U, PERSO_REJ_TEXT_COLUMNS },
    { "empty line inside", ",", "box,x\n1,2\n\n3,4\n", NULL, 3, U, PERSO_REJ_TEXT_COLUMNS },
    { "empty lines inside", ",", "box,x\n1,2\n\n\n3,4", NULL, 3, U, PERSO_REJ_TEXT_COLUMNS },
    { "column missing in a row", ",", "box,x\n1,2\n3\n", NULL, 3, U, PERSO_REJ_TEXT_COLUMNS },
    { "column too many", ",", "box,x\n1,2\n3,4,5\n", NULL, 3, U, PERSO_REJ_TEXT_COLUMNS },
    { "cut inside the last row", ",", "box,x\n1,2\n3", NULL, 3, U, PERSO_REJ_TEXT_COLUMNS },
    { "lone carriage return", ",", "box,x\n1,2\r3,4\n", NULL, 2, U, PERSO_REJ_TEXT_COLUMNS },
    { "two carriage returns", ",", "box,x\n1,2\r\r\n", NULL, 2, U, PERSO_REJ_TEXT_COLUMNS },
    { "carriage returns alone", ",", "box,x\r1,2\r3,4\r", NULL, 1, U, PERSO_REJ_TEXT_COLUMNS },
    { "carriage return at the end", ",", "box,x\n1,2\r", NULL, 2, U, PERSO_REJ_TEXT_COLUMNS },
    { "stray quote", ",", "box,x\n1,2\n3,4\"5\n6,7\n", NULL, 3, U, PERSO_REJ_TEXT_QUOTE },
    { "open quote", ",", "box,x\n1,2\n\"3,4\n5,6\n", NULL, 3, U, PERSO_REJ_TEXT_QUOTE },
    { "open quote, last row", ",", "box,x\n1,\"2", NULL, 2, U, PERSO_REJ_TEXT_QUOTE },
    { "open quote in the header", ",", "\"box,x\n1,2\n", NULL, 1, U, PERSO_REJ_TEXT_QUOTE },
    { "newline in quotes, not allowed", ",", "box,x\n\"1\n2\",3\n", NULL, 2, U,
      PERSO_REJ_TEXT_QUOTE },
    { "text after a quote", ",", "box,x\n\"1\"2,3\n", NULL, 2, U, PERSO_REJ_TEXT_QUOTE },
    { "open to the end", ",n", "box,x\n1,2\n\"3,4\n5,6\n", NULL, 3, U, PERSO_REJ_TEXT_QUOTE },
    { "open on the second line", ",n", "box,x\n\"1\n2\",\"3\n4\n", NULL, 3, U,
      PERSO_REJ_TEXT_QUOTE },
    { "stray quotes far apart", ",n", "box,x\n1\",2\n3,4\"\n", NULL, 2, U, PERSO_REJ_TEXT_QUOTE },
    { "stray quote after a newline", ",n", "box,x\n\"1\n\"2,3\n", NULL, 3, U,
      PERSO_REJ_TEXT_QUOTE },
    { "UTF-8 cut", ",", "box,x\n\xe5\xbc", NULL, 2, U, PERSO_REJ_TEXT_ENCODING },
    { "GBK declared UTF-8", ",", "box,x\n1,2\n\xd5\xc5,2\n", NULL, 3, U, PERSO_REJ_TEXT_ENCODING },
    { "GB18030 declared GBK", ",", "box,x\n\x82\x32\x8d\x37,1\n", NULL, 2, K,
      PERSO_REJ_TEXT_ENCODING },
    { "odd UTF-8 declared GBK", ",", "box,x\n张,1\n", NULL, 2, K, PERSO_REJ_TEXT_ENCODING },
    { "even UTF-8 declared GBK", ",", "box,x\n1,1\n张伟张伟,1\n2,2\n", NULL, 3, K,
      PERSO_REJ_TEXT_ENCODING },
    { "UTF-8 header declared GBK", ",", "姓名,卡号\n\n", NULL, 1, K, PERSO_REJ_TEXT_ENCODING },
    { "UTF-8 mark declared GB18030", ",",
      "\xef\xbb\xbf"
      "box,x\n",
      NULL, 1, G, PERSO_REJ_TEXT_ENCODING },
    { "UTF-16", ",",
      "\xff\xfe"
      "b\0o\0x\0",
      NULL, 1, U, PERSO_REJ_TEXT_ENCODING },
    { "UTF-16, the other end", ",", "\xfe\xff", NULL, 1, U, PERSO_REJ_TEXT_ENCODING },
    { "pair with bad trail", ",", "box,x\n\xb0\xff,1\n", NULL, 2, K, PERSO_REJ_TEXT_ENCODING },
    { "pair eats the delimiter", ",", "box,x\n\xb0,1\n", NULL, 2, K, PERSO_REJ_TEXT_ENCODING },
    { "GB18030 cut at the end", ",", "box,x\n1,\x82\x32", NULL, 2, G, PERSO_REJ_TEXT_ENCODING },
    { "rows before bad bytes count first", ",", "box,x\n1\n\xff,1\n", NULL, 2, U,
      PERSO_REJ_TEXT_COLUMNS },
    { "column twice", ",", "box,BOX\n1,2\n", NULL, 1, U, PERSO_REJ_COLUMN_TWICE },
    { "column twice by two names", ",", "box,装箱位置\n1,2\n", NULL, 1, U, PERSO_REJ_COLUMN_TWICE },
    { "unknown column twice", ",", "box,x,x\n1,2,3\n", NULL, 1, U, PERSO_REJ_COLUMN_TWICE },
    { "delimiter is a pipe", ",", "box|x\n1|2\n", NULL, 1, U, PERSO_REJ_TEXT_DELIMITER },
    { "delimiter is a comma", "|", "x,\"box\"\n1,2\n", NULL, 1, U, PERSO_REJ_TEXT_DELIMITER },
    { "delimiter is a tab", ",", "x\tbox\n1\t2\n", NULL, 1, U, PERSO_REJ_TEXT_DELIMITER },
    { "delimiter is a semicolon", "\t", "x;box\n1;2\n", NULL, 1, U, PERSO_REJ_TEXT_DELIMITER },
};

static struct perso_table_options
options_of(size_t i)
{
    const char *kind = corpus[i].kind;
    return (struct perso_table_options) {
        .charset = (enum perso_charset)corpus[i].charset,
        .delimiter = kind[0],
        .quotes = kind[1] != 'p',
        .quoted_newlines = kind[1] == 'n',
        .file = "a.csv",
    };
}

static void
the_corpus_is_read_or_refused_by_line(void **state) /* CONTRACTS 2; RELIABILITY T12, 5.3 */
{
    static const size_t steps[] = { 65536, 1, 3 };

    (void)state;
    for (size_t i = 0; i < COUNT(corpus); i++)
        for (size_t k = 0; k < COUNT(steps); k++) {
            struct perso_table_options options = options_of(i);
            /* UTF-16 has NULs inside. */
            size_t n = corpus[i].bytes[0] == '\xff' ? 8 : strlen(corpus[i].bytes);
            struct outcome o = read_all(&options, corpus[i].bytes, n, steps[k], 1 + k);
            if (corpus[i].want != NULL) {
                if (o.rc != PERSO_OK || strcmp(o.shown, corpus[i].want) != 0)
                    fail_msg("%s: %s %s", corpus[i].what, perso_reject_name(o.err.reject), o.shown);
                continue;
            }
            if (o.rc != PERSO_REJECT || o.err.reject != corpus[i].reject ||
                o.err.line != corpus[i].line)
                fail_msg("%s: %s at line %u", corpus[i].what, perso_reject_name(o.err.reject),
                         (unsigned)o.err.line);
            assert_string_equal(o.err.file, "a.csv");
            assert_true(perso_reject_of_file(o.err.reject));
        }
}

static struct outcome
read_bytes(const char *bytes, size_t n, bool newlines, const enum perso_column *required)
{
    struct perso_table_options options = { .charset = PERSO_UTF8,
                                           .delimiter = ',',
                                           .quotes = true,
                                           .quoted_newlines = newlines,
                                           .required = required,
                                           .file = "a.csv" };
    return read_all(&options, bytes, n, 65536, 16);
}

static void
nul_is_refused_where_it_stands(void **state) /* CONTRACTS 2: libcsv never sees one */
{
    static const char bytes[] = "box,x\n1,2\n3,\0004\n";

    (void)state;
    struct outcome o = read_bytes(bytes, sizeof bytes - 1, false, NULL);
    assert_int_equal(o.err.reject, PERSO_REJ_TEXT_NUL);
    assert_int_equal(o.err.line, 3);
}

static void
messages_name_what_helps(void **state)
{
    static const enum perso_column required[] = { PERSO_COL_box, PERSO_COL_AAC002,
                                                  PERSO_COLUMN_OTHER };
    struct outcome o = read_bytes("box,x\n", 6, false, required);

    (void)state;
    assert_int_equal(o.err.reject, PERSO_REJ_COLUMN_MISSING);
    assert_string_equal(o.err.field, "AAC002");
    assert_int_equal(o.err.line, 1);
    o = read_bytes("x|box\n", 6, false, NULL);
    assert_string_equal(o.err.text, "have \"|\", want \",\"");
    o = read_bytes("box,x\n1\n", 8, false, NULL);
    assert_string_equal(o.err.text, "have 1, want 2");
    o = read_bytes("box,x\n\xd5\xc5\xce\xb0,2\n", 13, false, NULL);
    assert_string_equal(o.err.text, "not utf-8; valid gb18030");
    o = read_bytes("box,x\n\xff,2\n", 10, false, NULL);
    assert_string_equal(o.err.text, "not utf-8");
}

static void
a_profile_names_columns(void **state) /* DOMAIN 0.6: codes are not stable */
{
    static const struct perso_alias aliases[] = { { "AAZ500", PERSO_COL_AAZ501 },
                                                  { "aac500", PERSO_COL_AAZ500 } };
    struct perso_table_options options = { .delimiter = ',',
                                           .quotes = true,
                                           .file = "a.csv",
                                           .aliases = aliases,
                                           .n_aliases = COUNT(aliases) };
    struct memory m = { "AAZ500,AAC500,x\n1,2,3\n", 22, 99, 0 };
    struct perso_source source = { memory_read, &m };
    struct perso_table *table = NULL;
    struct perso_error err = { 0 };

    (void)state;
    assert_int_equal(perso_table_open(&source, &options, &table, &err), PERSO_OK);
    const struct perso_layout *layout = perso_table_layout(table);
    assert_int_equal(layout->at[PERSO_COL_AAZ501], 0);
    assert_int_equal(layout->at[PERSO_COL_AAZ500], 1);
    assert_string_equal(layout->name[0], "AAZ501");
    assert_string_equal(layout->name[2], "x");
    perso_table_free(table);
}

/* "box,x\n", then a row whose first cell has n letters, in quotes or not, and one row more. */
static struct outcome
row_of(size_t n, size_t second, bool quoted, const char *end)
{
    static char bytes[4 * PERSO_LINE_BYTES];
    size_t used = (size_t)sprintf(bytes, "box,x\n%s", quoted ? "\"" : "");

    memset(bytes + used, 'a', n);
    used += n;
    used += (size_t)sprintf(bytes + used, "%s,", quoted ? "\"" : "");
    memset(bytes + used, 'b', second);
    used += second;
    used += (size_t)sprintf(bytes + used, "%s", end);
    return read_bytes(bytes, used, false, NULL);
}

static void
cells_and_lines_have_limits(void **state) /* limits.h, at n and n + 1 */
{
    static const char header[] = "box,a,b,c,d\n";
    static char bytes[4 * PERSO_LINE_BYTES];

    (void)state;
    for (int quoted = 0; quoted < 2; quoted++) {
        assert_int_equal(row_of(PERSO_CELL_BYTES, 1, quoted, "\n").rc, PERSO_OK);
        struct outcome o = row_of(PERSO_CELL_BYTES + 1, 1, quoted, "\n");
        assert_int_equal(o.err.reject, PERSO_REJ_TEXT_LINE);
        assert_string_equal(o.err.field, "box");
        assert_int_equal(o.err.line, 2);
    }
    for (size_t more = 0; more < 2; more++)
        for (int ending = 0; ending < 3; ending++) {
            size_t used = sizeof header - 1, line = PERSO_LINE_BYTES + more;
            memcpy(bytes, header, used);
            memset(bytes + used, 'a', line);
            for (size_t i = 1; i < 5; i++)
                bytes[used + i * PERSO_CELL_BYTES - 1] = ',';
            used += line;
            used += (size_t)sprintf(bytes + used, "%s",
                                    ending == 0   ? ""
                                    : ending == 1 ? "\n"
                                                  : "\r\n");
            struct outcome o = read_bytes(bytes, used, false, NULL);
            assert_int_equal(o.rc, more == 0 ? PERSO_OK : PERSO_REJECT);
            assert_int_equal(o.err.reject, more == 0 ? 0 : PERSO_REJ_TEXT_LINE);
        }
    struct outcome o = row_of(3 * PERSO_LINE_BYTES, 1, false, "\n");
    assert_int_equal(o.err.reject, PERSO_REJ_TEXT_LINE);
    assert_int_equal(o.err.line, 2);
}

static void
a_quote_does_not_swallow_the_file(void **state) /* RELIABILITY 5.3: one stray quote */
{
    static char bytes[1 << 20];
    size_t used = (size_t)sprintf(bytes, "box,x\n1,2\n3,\"4\n"), n = 4;

    (void)state;
    while (used < sizeof bytes - 64)
        used += (size_t)sprintf(bytes + used, "%zu,some more text\n", n++);
    for (int close = 0; close < 2; close++) {
        struct outcome o = read_bytes(bytes, used, true, NULL);
        assert_int_equal(o.err.reject, PERSO_REJ_TEXT_QUOTE);
        assert_int_equal(o.err.line, 3);
        o = read_bytes(bytes, used, false, NULL);
        assert_int_equal(o.err.reject, PERSO_REJ_TEXT_QUOTE);
        assert_int_equal(o.err.line, 3);
        bytes[PERSO_LINE_BYTES + 500] = '"'; /* and one that seems to close it, far away */
    }
}

static void
columns_have_a_limit(void **state) /* limits.h */
{
    char bytes[2048];

    (void)state;
    for (unsigned n = PERSO_COLUMNS_MAX; n <= PERSO_COLUMNS_MAX + 1; n++) {
        size_t used = 0;
        for (unsigned i = 0; i < n; i++)
            used += (size_t)sprintf(bytes + used, "%sc%u", i != 0 ? "," : "", i);
        struct outcome o = read_bytes(bytes, used, false, NULL);
        assert_int_equal(o.rc, n == PERSO_COLUMNS_MAX ? PERSO_OK : PERSO_REJECT);
        if (o.rc != PERSO_OK)
            assert_int_equal(o.err.reject, PERSO_REJ_TEXT_COLUMNS);
    }
}

/* "x\n1\n1\n..." without the memory for it. */
struct counted {
    size_t left;
    bool begun;
};

static enum perso_result
counted_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct counted *c = self;
    (void)err;
    (void)max;
    if (!c->begun) {
        c->begun = true;
        memcpy(buf, "x\n", *n = 2);
        return PERSO_OK;
    }
    if (c->left == 0)
        return PERSO_END;
    size_t rows = c->left < 5000 ? c->left : 5000;
    for (size_t i = 0; i < rows; i++)
        memcpy(buf + 2 * i, "1\n", 2);
    c->left -= rows;
    *n = 2 * rows;
    return PERSO_OK;
}

static void
rows_have_a_limit(void **state) /* limits.h: PERSO_FILE_ROWS, at n and n + 1 */
{
    static struct perso_row rows[PERSO_BATCH_RECORDS];
    struct perso_table_options options = { .delimiter = ',', .quotes = true, .file = "a.csv" };

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct counted c = { PERSO_FILE_ROWS + more, false };
        struct perso_source source = { counted_read, &c };
        struct perso_arena *arena = perso_arena_new();
        struct perso_table *table = NULL;
        struct perso_error err = { 0 };
        enum perso_result rc = perso_table_open(&source, &options, &table, &err);
        for (size_t n; rc == PERSO_OK; perso_arena_reset(arena))
            rc = perso_table_read(table, arena, rows, COUNT(rows), &n, &err);
        assert_int_equal(rc, more == 0 ? PERSO_END : PERSO_REJECT);
        assert_int_equal(perso_table_rows(table), PERSO_FILE_ROWS);
        if (more != 0) {
            assert_int_equal(err.reject, PERSO_REJ_ROW_COUNT);
            assert_int_equal(err.line, PERSO_FILE_ROWS + 2);
            assert_string_equal(err.text, "more than 1000000 rows");
        }
        perso_table_free(table);
        perso_arena_free(arena);
    }
}

/* A table of AAC002 (required) and AAC006 with bad cells in its first rows. */
static struct outcome
shaped(unsigned rows, unsigned bad, const char *id, const char *date)
{
    static const enum perso_column required[] = { PERSO_COL_AAC002, PERSO_COLUMN_OTHER };
    static char bytes[1 << 16];
    size_t used = (size_t)sprintf(bytes, "AAC002,AAC006\n");

    for (unsigned i = 0; i < rows; i++)
        used += (size_t)sprintf(bytes + used, "%s,%s\n", i < bad ? id : "11010519491231002X",
                                i < bad ? date : "19491231");
    return read_bytes(bytes, used, false, required);
}

static void
swapped_columns_refuse_the_file(void **state) /* CONTRACTS 2: max(20, 5 %), or all */
{
    (void)state;
    assert_int_equal(shaped(0, 0, "", "").rc, PERSO_OK);
    assert_int_equal(shaped(100, 20, "1", "19491231").rc, PERSO_OK);
    struct outcome o = shaped(100, 21, "1", "19491231");
    assert_int_equal(o.err.reject, PERSO_REJ_COLUMN_SHAPE);
    assert_string_equal(o.err.field, "AAC002");
    assert_string_equal(o.err.text, "in 21 of 100 rows");
    assert_int_equal(o.err.line, 2);
    assert_int_equal(shaped(1000, 50, "1", "19491231").rc, PERSO_OK);
    assert_int_equal(shaped(1000, 51, "1", "19491231").rc, PERSO_REJECT);
    assert_int_equal(shaped(2, 1, "1", "19491231").rc, PERSO_OK);
    assert_int_equal(shaped(2, 2, "1", "19491231").rc, PERSO_REJECT);
    o = shaped(3, 3, "4.116E+17", "19491231");
    assert_string_equal(o.err.text, "in 3 of 3 rows; damaged by a spreadsheet program?");
    /* Empty cells break only the shape of a column that is required. */
    assert_int_equal(shaped(3, 3, "11010519491231002X", "").rc, PERSO_OK);
    o = shaped(3, 3, "", "19491231");
    assert_string_equal(o.err.field, "AAC002");
}

static void
a_sparse_table_may_have_empty_cells(void **state) /* result files: a spoiled card shows no key */
{
    static const enum perso_column required[] = { PERSO_COL_QMGY, PERSO_COLUMN_OTHER };
    static const char bytes[] = "box,QMGY\n1,\n2,\n";
    struct perso_table_options options = {
        .charset = PERSO_UTF8, .delimiter = ',', .required = required, .file = "a.csv"
    };

    (void)state;
    assert_int_equal(read_all(&options, bytes, sizeof bytes - 1, 65536, 16).err.reject,
                     PERSO_REJ_COLUMN_SHAPE);
    options.sparse = true;
    assert_int_equal(read_all(&options, bytes, sizeof bytes - 1, 65536, 16).rc, PERSO_OK);
}

static void
a_busy_source_loses_nothing(void **state) /* PERSO_RETRY: nothing changed */
{
    struct memory m = { "box,x\n1,2\n3,4\n5,6\n", 18, 5, 0 };
    struct perso_source source = { memory_read, &m };
    struct perso_table_options options = { .delimiter = ',', .quotes = true, .file = "a.csv" };
    struct perso_arena *arena = perso_arena_new();
    struct perso_table *table = NULL;
    struct perso_error err = { 0 };
    struct perso_row rows[16];
    struct outcome o = { 0 };
    size_t n;

    (void)state;
    assert_int_equal(perso_table_open(&source, &options, &table, &err), PERSO_OK);
    m.retries = 8;
    enum perso_result rc;
    while ((rc = perso_table_read(table, arena, rows, 16, &n, &err)) != PERSO_END) {
        assert_true(rc == PERSO_OK || rc == PERSO_RETRY);
        if (rc == PERSO_OK)
            show_rows(table, rows, n, &o);
    }
    assert_string_equal(o.shown, "[1][2]@2 [3][4]@3 [5][6]@4 ");
    perso_table_free(table);
    perso_arena_free(arena);
}

static enum perso_result
broken_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct counted *c = self;
    if (c->begun)
        return perso_error_set(err, PERSO_REJ_NONE, "", "input/output error");
    c->begun = true;
    memcpy(buf, "box,x\n1,2\n", *n = 10);
    assert_true(max >= *n);
    return PERSO_OK;
}

static void
a_failure_stays(void **state) /* RELIABILITY T6: no lied success after it */
{
    struct counted c = { 0, false };
    struct perso_source source = { broken_read, &c };
    struct perso_table_options options = { .delimiter = ',', .file = "a.csv" };
    struct perso_arena *arena = perso_arena_new();
    struct perso_table *table = NULL;
    struct perso_row rows[4];
    size_t n;

    (void)state;
    struct perso_error err = { 0 };
    assert_int_equal(perso_table_open(&source, &options, &table, &err), PERSO_OK);
    for (int turn = 0; turn < 2; turn++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(perso_table_read(table, arena, rows, 4, &n, &err), PERSO_FATAL);
        assert_string_equal(err.text, "input/output error");
        c.begun = false; /* the disk is well again */
    }
    perso_table_free(table);
    perso_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_is_read_or_refused_by_line),
        cmocka_unit_test(nul_is_refused_where_it_stands),
        cmocka_unit_test(messages_name_what_helps),
        cmocka_unit_test(a_profile_names_columns),
        cmocka_unit_test(cells_and_lines_have_limits),
        cmocka_unit_test(a_quote_does_not_swallow_the_file),
        cmocka_unit_test(columns_have_a_limit),
        cmocka_unit_test(rows_have_a_limit),
        cmocka_unit_test(swapped_columns_refuse_the_file),
        cmocka_unit_test(a_sparse_table_may_have_empty_cells),
        cmocka_unit_test(a_busy_source_loses_nothing),
        cmocka_unit_test(a_failure_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
