/*
 * The language of messages. What is stored or sent (ledger, CSV, JSON, slips) never depends on it:
 * only what people read on a terminal goes through perso_text.
 */
#ifndef PERSO_TEXT_H
#define PERSO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PERSO_FORMAT_ARG(n) __attribute__((format_arg(n)))
#else
#define PERSO_FORMAT_ARG(n)
#endif

/** A message in the user's language; msgid itself where it has no translation; "" stays "". */
const char *perso_text(const char *msgid) PERSO_FORMAT_ARG(1);
/** Installed once by the driver, before any other call; until then messages are English. */
void perso_text_set(const char *(*translate)(const char *msgid));

/** C0, DEL, C1, and what turns the direction of a text or breaks its line (U+061C, U+200E, U+200F,
 * U+2028 to U+202E, U+2066 to U+2069): what may come into no terminal and no list. */
bool perso_is_control(uint32_t scalar);
/** Bytes of the next character of a text that is not at its end, 1 where it is not UTF-8; *shown is
 * false there, and where it is a control. */
size_t perso_text_step(const char *at, bool *shown);
bool perso_text_is_plain(const char *text); /* all of it is to be shown */
/** Each character that is not to be shown becomes a dot; what is left is UTF-8 and never longer. */
void perso_text_plain(char *text);

#define _(text) perso_text(text) /* translated here */
#define N_(text) text            /* extracted here, translated where it is shown */

#endif
