/* Text tables of the rehearsal program, its own (CONTRACTS 2), so that no error of the product's
 * reader can hide behind itself. */
#ifndef SANDBOX_TABLE_H
#define SANDBOX_TABLE_H

#include "files.h"
#include "formats/text/charset.h"

#define SBX_COLUMNS_MAX 128u

struct sbx_table_out {
    struct sbx_file file;
    enum perso_charset charset;
    bool begun;
    uint32_t rows; /* data rows ended; the header row is not counted */
};

/** Opens path and writes the header row, names separated by commas. */
void sbx_table_create(struct sbx_table_out *t, const char *path, enum perso_charset charset,
                      const char *header);
void sbx_table_cell(struct sbx_table_out *t, const char *utf8);
void sbx_table_row(struct sbx_table_out *t);
/** A row of n cells. */
void sbx_table_cells(struct sbx_table_out *t, const char *const *cells, size_t n);
void sbx_table_close(struct sbx_table_out *t);
/** The same with NAME.manifest.json, which stands there before NAME does. */
void sbx_table_close_beside(struct sbx_table_out *t);

/* A UTF-8 table in memory, read row by row; cells are NUL-terminated in place. */
struct sbx_table_in {
    const char *path;
    char *bytes, *at, *end; /* owned */
    uint32_t line;          /* of the row read last */
    uint32_t rows;
    size_t n_columns;
    char *names[SBX_COLUMNS_MAX];
    char *cells[SBX_COLUMNS_MAX];
};

/** Takes over the bytes (with a NUL after them) and reads the header. */
void sbx_table_open(struct sbx_table_in *t, const char *path, char *bytes, size_t n);
/** The next row's cells; false at the end. */
bool sbx_table_next(struct sbx_table_in *t);
/** Index of a column; exits with 1 where the table has none. */
size_t sbx_table_column(const struct sbx_table_in *t, const char *name);
void sbx_table_free(struct sbx_table_in *t);

#endif
