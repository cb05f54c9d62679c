/* The language of messages: that of the user's locale, where po/ has a catalogue for it. */
#ifndef PIPELINE_LANGUAGE_H
#define PIPELINE_LANGUAGE_H

/** Once, first of all. Numbers and dates never depend on the locale. */
void perso_language_begin(void);

#endif
