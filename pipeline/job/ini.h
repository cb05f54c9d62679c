/* Configuration files as tables of keys: one row gives name, unit, default, reason and place. */
#ifndef PIPELINE_INI_H
#define PIPELINE_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "perso/result.h"

enum perso_ini_kind {
    PERSO_INI_TEXT,   /* char[size] */
    PERSO_INI_NUMBER, /* uint32_t between min and max */
    PERSO_INI_CHOICE, /* char[size], one of choices, separated by | */
};

struct perso_ini_key {
    const char *section, *name;
    const char *fallback; /* NULL: the key must be there */
    const char *unit, *reason;
    enum perso_ini_kind kind;
    size_t offset, size; /* in the structure that is filled */
    uint32_t min, max;
    const char *choices;
};

/* Takes keys of sections that no row names; false where it does not know the key either. */
typedef bool perso_ini_other(void *target, const char *section, const char *name,
                             const char *value);

/** Set every key to its default; keys without one become empty. */
void perso_ini_defaults(const struct perso_ini_key *keys, size_t n, void *target);

/**
 * Read a file over the defaults. An unknown key, a wrong value or a missing one is an error that
 * names file, line and key.
 */
enum perso_result perso_ini_read(const char *path, const struct perso_ini_key *keys, size_t n,
                                 perso_ini_other *other, void *target, struct perso_error *err);

/** Take one key as if it stood in a file; false with *err where that would be an error. */
bool perso_ini_set(const struct perso_ini_key *keys, size_t n, perso_ini_other *other, void *target,
                   const char *section, const char *name, const char *value,
                   struct perso_error *err);

#define PERSO_INI_NUMBER_CHARS 11

/** The value of a key as text: borrowed of target, or in number. */
const char *perso_ini_value(const struct perso_ini_key *key, const void *target,
                            char number[PERSO_INI_NUMBER_CHARS]);

/** The file as text, every key with its unit, reason and the value of target, into out (malloc). */
enum perso_result perso_ini_text(const char *title, const struct perso_ini_key *keys, size_t n,
                                 const void *target, char **out, struct perso_error *err);

#endif
