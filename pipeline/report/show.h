/* `show FILE` decodes any input, ledger or output, and changes nothing; personal values are masked.
 */
#ifndef PIPELINE_SHOW_H
#define PIPELINE_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "perso/result.h"
#include "pipeline/job/say.h"

enum perso_result perso_show(struct perso_say *say, const char *path, struct perso_error *err);

#endif
