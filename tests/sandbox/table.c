#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

#define CELL_BYTES 16384u

void
sbx_table_create(struct sbx_table_out *t, const char *path, enum perso_charset charset,
                 const char *header)
{
    t->charset = charset;
    t->begun = false;
    t->rows = 0;
    sbx_file_open(&t->file, path);
    sbx_file_write(&t->file, header, strlen(header));
    sbx_file_write(&t->file, "\n", 1);
}

void
sbx_table_cell(struct sbx_table_out *t, const char *utf8)
{
    uint8_t bytes[CELL_BYTES];
    size_t n;
    const bool quoted = strpbrk(utf8, ",\"\r\n") != NULL;

    if (!perso_charset_encode(t->charset, utf8, strlen(utf8), bytes, sizeof bytes, &n))
        sbx_die("%s:%u: cell has no %s form", t->file.path, t->rows + 2,
                perso_charset_name(t->charset));
    if (t->begun)
        sbx_file_write(&t->file, ",", 1);
    t->begun = true;
    if (!quoted) {
        sbx_file_write(&t->file, bytes, n);
        return;
    }
    /* No character of GBK or GB18030 has 0x22 as a second byte or later. */
    sbx_file_write(&t->file, "\"", 1);
    for (size_t i = 0; i < n; i++)
        sbx_file_write(&t->file, bytes[i] == '"' ? "\"\"" : (const char *)&bytes[i],
                       bytes[i] == '"' ? 2 : 1);
    sbx_file_write(&t->file, "\"", 1);
}

void
sbx_table_row(struct sbx_table_out *t)
{
    sbx_file_write(&t->file, "\n", 1);
    t->begun = false;
    t->rows++;
}

void
sbx_table_cells(struct sbx_table_out *t, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sbx_table_cell(t, cells[i]);
    sbx_table_row(t);
}

void
sbx_table_close(struct sbx_table_out *t)
{
    sbx_file_close(&t->file, NULL);
}

void
sbx_table_close_beside(struct sbx_table_out *t)
{
    uint8_t sm3[32];

    sbx_file_finish(&t->file, sm3);
    sbx_side_manifest(t->file.path, perso_charset_name(t->charset), t->rows, sm3);
    sbx_file_publish(&t->file);
}

/* The cell at t->at, unquoted in place; *more where a comma followed. */
static char *
take_cell(struct sbx_table_in *t, bool *more)
{
    char *cell = t->at, *to = t->at;

    if (*t->at == '"') {
        t->at++;
        for (; t->at < t->end && (*t->at != '"' || t->at[1] == '"'); t->at++) {
            t->at += *t->at == '"';
            *to++ = *t->at;
        }
        if (t->at == t->end)
            sbx_die("%s:%u: quote without an end", t->path, t->line);
        t->at++;
    } else {
        while (t->at < t->end && strchr(",\r\n", *t->at) == NULL)
            *to++ = *t->at++;
    }
    *more = *t->at == ',';
    if (!*more && *t->at == '\r')
        t->at++;
    if (!*more && *t->at != '\n' && t->at != t->end)
        sbx_die("%s:%u: bytes after a quote", t->path, t->line);
    if (t->at < t->end)
        t->at++;
    *to = '\0';
    return cell;
}

static size_t
take_row(struct sbx_table_in *t, char *cells[SBX_COLUMNS_MAX])
{
    size_t n = 0;
    bool more;

    t->line++;
    do {
        if (n == SBX_COLUMNS_MAX)
            sbx_die("%s:%u: too many columns", t->path, t->line);
        cells[n++] = take_cell(t, &more);
    } while (more);
    return n;
}

void
sbx_table_open(struct sbx_table_in *t, const char *path, char *bytes, size_t n)
{
    *t = (struct sbx_table_in) { .path = path, .bytes = bytes, .at = bytes, .end = bytes + n };
    if (memchr(bytes, '\0', n) != NULL)
        sbx_die("%s: NUL byte", path);
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        t->at += 3;
    if (t->at == t->end)
        sbx_die("%s: empty", path);
    t->n_columns = take_row(t, t->names);
}

bool
sbx_table_next(struct sbx_table_in *t)
{
    if (t->at == t->end)
        return false;
    const size_t n = take_row(t, t->cells);
    if (n != t->n_columns)
        sbx_die("%s:%u: have %zu columns, want %zu", t->path, t->line, n, t->n_columns);
    t->rows++;
    return true;
}

size_t
sbx_table_column(const struct sbx_table_in *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (strcmp(t->names[i], name) == 0)
            return i;
    sbx_die("%s:1: no column %s", t->path, name);
}

void
sbx_table_free(struct sbx_table_in *t)
{
    free(t->bytes);
}
