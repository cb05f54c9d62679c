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

/* One result line: begin, fields, end. In text: "what: name value, name value",
 * with what and names in the user's language; in JSON they are as given. */
void perso_say_begin(struct perso_say *say, const char *what);
void perso_say_text(struct perso_say *say, const char *name, const char *value);
/* A value that is a word of ours: translated in text, as it is in JSON. */
void perso_say_word(struct perso_say *say, const char *name, const char *word);
/* The text of a code: in text in the user's language, English in JSON. */
void perso_say_reject(struct perso_say *say, const char *name, enum perso_reject reject);
/* A cell or property of a file's column: its name is the file's and is never translated. */
void perso_say_column(struct perso_say *say, const char *column, const char *value);
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
