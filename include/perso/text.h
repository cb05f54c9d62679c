/*
 * The language of messages. What is stored or sent (ledger, CSV, JSON, slips) never depends on it:
 * only what people read on a terminal goes through perso_text.
 */
#ifndef PERSO_TEXT_H
#define PERSO_TEXT_H

#if defined(__GNUC__)
#define PERSO_FORMAT_ARG(n) __attribute__((format_arg(n)))
#else
#define PERSO_FORMAT_ARG(n)
#endif

/** A message in the user's language; msgid itself where it has no translation; "" stays "". */
const char *perso_text(const char *msgid) PERSO_FORMAT_ARG(1);
/** Installed once by the driver, before any other call; until then messages are English. */
void perso_text_set(const char *(*translate)(const char *msgid));

#define _(text) perso_text(text) /* translated here */
#define N_(text) text            /* extracted here, translated where it is shown */

#endif
