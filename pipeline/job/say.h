/* What is printed: results on stdout (text or JSON Lines), messages on stderr (STYLE 5). */
#ifndef PIPELINE_SAY_H
#define PIPELINE_SAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "perso/result.h"

struct perso_say {
    FILE *out;
    bool json;
    bool first; /* no field of this line is printed yet */
};

/* One result line: begin, fields, end. In text: "what: name value, name value". */
void perso_say_begin(struct perso_say *say, const char *what);
void perso_say_text(struct perso_say *say, const char *name, const char *value);
void perso_say_number(struct perso_say *say, const char *name, uint64_t value);
void perso_say_end(struct perso_say *say);

/** "file:line: field: text [CODE clause]" on stderr. */
void perso_complain(const struct perso_error *err);
/** "  hint: ..." on stderr. */
void perso_hint(const char *format, ...) PERSO_PRINTF(1, 2);
/** A warning, as a message without a code. */
void perso_warn(const char *format, ...) PERSO_PRINTF(1, 2);

/** A JSON string with its quotes. */
void perso_json_string(FILE *out, const char *text);

#endif
