/* The columns and first rows of a table, personal values masked. */
#ifndef PIPELINE_FILE_PREVIEW_H
#define PIPELINE_FILE_PREVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "formats/text/table.h"
#include "pipeline/job/say.h"

/** A whole table: its columns, its first rows, its number of rows. */
enum perso_result perso_preview_table(struct perso_say *say, const struct perso_source *source,
                                      const char *name, enum perso_charset charset,
                                      struct perso_error *err);
/** The first rows, masked, of the beginning of a table in UTF-8 (a dry run's output). */
void perso_preview_head(struct perso_say *say, const char *name, const uint8_t *bytes, size_t n);

#endif
