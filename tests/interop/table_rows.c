/*
 * What formats/text makes of tables, for a judge to compare. A line of stdin asks for one:
 *   CHARSET DELIMITER NEWLINES PATH      DELIMITER in hexadecimal; NEWLINES 1: allowed in quotes
 * Told is "row", and the cells in hexadecimal with a comma before each, of the header and of every
 * row; then "end", or "refused CODE LINE TEXT".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text/table.h"

#define ROWS 64u

static enum perso_result
file_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    FILE *f = self;

    *n = fread(buf, 1, max, f);
    if (*n != 0)
        return PERSO_OK;
    return ferror(f) ? perso_error_set(err, PERSO_REJ_NONE, "", "read error") : PERSO_END;
}

static void
tell_cell(const char *at, size_t n)
{
    putchar(',');
    for (size_t i = 0; i < n; i++)
        printf("%02x", (unsigned)(uint8_t)at[i]);
}

static void
tell_header(const struct perso_table *table)
{
    fputs("row ", stdout);
    for (uint16_t i = 0; i < perso_table_layout(table)->n_columns; i++) {
        const char *name = perso_table_header(table, i);
        tell_cell(name, strlen(name));
    }
    putchar('\n');
}

static void
tell_rows(const struct perso_table *table, const struct perso_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fputs("row ", stdout);
        for (uint16_t k = 0; k < perso_table_layout(table)->n_columns; k++)
            tell_cell(rows[i].cells[k].at, rows[i].cells[k].bytes);
        putchar('\n');
    }
}

static enum perso_result
tell_table(const struct perso_source *source, const struct perso_table_options *options,
           struct perso_arena *arena, struct perso_error *err)
{
    struct perso_row rows[ROWS];
    struct perso_table *table = NULL;
    enum perso_result rc = perso_table_open(source, options, &table, err);
    size_t n;

    if (rc == PERSO_OK)
        tell_header(table);
    while (rc == PERSO_OK) {
        perso_arena_reset(arena);
        rc = perso_table_read(table, arena, rows, ROWS, &n, err);
        if (rc == PERSO_OK)
            tell_rows(table, rows, n);
    }
    perso_table_free(table);
    return rc;
}

static int
answer(const char *charset, unsigned delimiter, int newlines, const char *path,
       struct perso_arena *arena)
{
    struct perso_table_options options = {
        .delimiter = (char)delimiter, .quotes = true, .quoted_newlines = newlines != 0, .file = path
    };
    struct perso_error err = { 0 };
    FILE *f = fopen(path, "rb");
    struct perso_source source = { file_read, f };

    if (f == NULL || !perso_charset_find(charset, &options.charset)) {
        fprintf(stderr, "table_rows: %s, %s: cannot be asked for\n", charset, path);
        return 1;
    }
    enum perso_result rc = tell_table(&source, &options, arena, &err);
    fclose(f);
    if (rc == PERSO_END)
        puts("end");
    else if (rc == PERSO_REJECT)
        printf("refused %s %u %s\n", perso_reject_code(err.reject), (unsigned)err.line, err.text);
    else {
        fprintf(stderr, "table_rows: %s: %s\n", path, err.text);
        return 1;
    }
    return 0;
}

int
main(void)
{
    struct perso_arena *arena = perso_arena_new();
    char charset[16], path[512];
    unsigned delimiter;
    int newlines, rc = arena == NULL;

    while (rc == 0 && scanf("%15s %x %d %511s", charset, &delimiter, &newlines, path) == 4)
        rc = answer(charset, delimiter, newlines, path, arena);
    perso_arena_free(arena);
    return rc;
}
