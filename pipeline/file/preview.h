/* The columns and first rows of a table, personal values masked. */
#ifndef PIPELINE_FILE_PREVIEW_H
#define PIPELINE_FILE_PREVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "formats/record/record.h"
#include "formats/text/table.h"
#include "pipeline/job/say.h"

/** A whole table: its columns, its first rows, its number of rows. */
enum perso_result perso_preview_table(struct perso_say *say, const struct perso_source *source,
                                      const char *name, enum perso_charset charset,
                                      struct perso_error *err);
/** The same of records in XML or JSON. */
enum perso_result perso_preview_records(struct perso_say *say, const struct perso_source *source,
                                        const char *name, enum perso_record_form form,
                                        enum perso_charset charset, struct perso_error *err);
/** One row, masked: of columns whose cells say nothing of a person what has its column's shape is
 *  shown, of every other cell the first character alone. */
void perso_preview_row(struct perso_say *say, const struct perso_layout *layout,
                       const struct perso_row *row);
/** The same of the cells that are not empty: a record's layout has every known column. */
void perso_preview_filled(struct perso_say *say, const struct perso_layout *layout,
                          const struct perso_row *row);
/** The first rows, masked, of the beginning of a table in UTF-8 (a dry run's output). */
void perso_preview_head(struct perso_say *say, const char *name, const uint8_t *bytes, size_t n);

#endif
