#include "perso/text.h"

#include <stddef.h>

/* The one global of formats/: a language is the process's, and no result depends on it. */
static const char *(*translate_text)(const char *msgid);

const char *
perso_text(const char *msgid)
{
    /* The empty msgid is the header of a catalogue. */
    return translate_text != NULL && msgid[0] != '\0' ? translate_text(msgid) : msgid;
}

void
perso_text_set(const char *(*translate)(const char *msgid))
{
    translate_text = translate;
}
