/* Rows of a return that is no package: of its tables, XML and JSON, which are read alike. */
#ifndef PIPELINE_FILE_LOOSE_ROWS_H
#define PIPELINE_FILE_LOOSE_ROWS_H

#include "formats/base/row_payload.h"
#include "formats/record/record.h"
#include "formats/text/table.h"
#include "pipeline/file/loose.h"

struct perso_loose_rows {
    struct perso_table *table; /* one of the two */
    struct perso_records *records;
    const struct perso_layout *layout;
    enum perso_charset charset;
    bool coded; /* of a form in which a code must stand */
};

/**
 * Open the member in hand, a table or records by its name, as the profile's [return] says; encoding
 * "": the side manifest's, else the profile's. Close it whatever comes of it.
 */
enum perso_result perso_loose_rows_open(const struct perso_loose *loose,
                                        const struct perso_loose_member *member,
                                        const struct perso_profile *profile, const char *encoding,
                                        struct perso_loose_rows *ret, struct perso_error *err);
/**
 * As perso_table_read, with the cells of each row: Base64 without blanks and without PEM's lines
 * around it, as it is compared and kept.
 */
enum perso_result perso_loose_rows_read(struct perso_loose_rows *of, struct perso_arena *arena,
                                        struct perso_row *rows, struct perso_cells *cells,
                                        size_t max, size_t *n, struct perso_error *err);
void perso_loose_rows_close(struct perso_loose_rows *rows);

#endif
