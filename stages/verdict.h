/* Verdicts of stages, and texts of other parties made fit for a note. Inside stages/ only. */
#ifndef STAGES_VERDICT_H
#define STAGES_VERDICT_H

#include <stddef.h>

#include "perso/record.h"

void perso_verdict_clear(struct perso_verdict *verdict);
/** The note is copied, cut on a character; NULL: none. */
void perso_verdict_set(struct perso_verdict *verdict, enum perso_reject reject,
                       enum perso_column column, const char *note);

/** PERSO_REJECT with a code and no text of its own. */
enum perso_result perso_refuse(struct perso_error *err, enum perso_reject reject);

/**
 * Append another party's text to the NUL-terminated out, which never holds more than max bytes with
 * its NUL: controls become dots, what looks like an ID number, a PIN, a date or a telephone becomes
 * ***, blanks between its digits or not, and the cut is on a character. A careless RA or machine
 * may echo a person's number in its reason.
 */
void perso_note_add(char *out, size_t max, struct perso_text text);

#endif
