/* A secret typed at the terminal: never in argv, environment, log or on the screen. */
#ifndef PIPELINE_TERMINAL_H
#define PIPELINE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/result.h"

/** Somebody can be asked: standard input and standard error are a terminal. */
bool perso_terminal_is_there(void);

/**
 * Writes the prompt to standard error and reads one line without echo; a signal finds the terminal
 * as it was. PERSO_END: nothing was typed, or more than max bytes. The caller wipes out.
 */
enum perso_result perso_terminal_ask(const char *prompt, uint8_t *out, size_t max, size_t *n,
                                     struct perso_error *err);

#endif
