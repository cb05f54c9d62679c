/* The rehearsal program ends at the first thing that goes wrong: 1 failure, 2 usage. */
#ifndef SANDBOX_FAIL_H
#define SANDBOX_FAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "perso/result.h"

/** Says "persoline-sandbox: text" and exits with 1. */
_Noreturn void sbx_die(const char *format, ...) PERSO_PRINTF(1, 2);
/** Says the text and the forms of the command, exits with 2. */
_Noreturn void sbx_usage(const char *format, ...) PERSO_PRINTF(1, 2);
/** Exits with 1 unless ok: a library call that cannot fail on good input and enough memory. */
void sbx_need(bool ok, const char *what);
/** Exits with 1 and the error's file, line, field and text unless rc is PERSO_OK. */
void sbx_check(enum perso_result rc, const char *file, const struct perso_error *err);
void *sbx_memory(size_t n, size_t bytes);

#endif
