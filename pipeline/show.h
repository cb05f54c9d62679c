/* `show FILE` decodes any input, ledger or output, and changes nothing; personal values are masked.
 */
#ifndef PIPELINE_SHOW_H
#define PIPELINE_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "perso/result.h"
#include "pipeline/say.h"

/** The first rows, masked, of the beginning of a table in UTF-8 (a dry run's output). */
void perso_show_head(struct perso_say *say, const char *name, const uint8_t *bytes, size_t n);

enum perso_result perso_show(struct perso_say *say, const char *path, struct perso_error *err);

#endif
