#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/report/profile.h"

static void
tell_key(struct perso_say *say, const struct perso_ini_key *key,
         const struct perso_profile *profile, const struct perso_profile *fallback)
{
    char number[PERSO_INI_NUMBER_CHARS], other[PERSO_INI_NUMBER_CHARS], name[64];
    const char *value = perso_ini_value(key, profile, number);
    const char *usual = perso_ini_value(key, fallback, other);

    snprintf(name, sizeof name, "%s.%s", key->section, key->name);
    perso_say_begin(say, "key");
    perso_say_text(say, "name", name);
    perso_say_text(say, "value", value);
    perso_say_word(say, "default", strcmp(value, usual) == 0 ? N_("yes") : N_("no"));
    perso_say_text(say, "of default", usual);
    if (key->unit[0] != '\0')
        perso_say_word(say, "unit", key->unit);
    if (key->kind == PERSO_INI_CHOICE)
        perso_say_text(say, "one of", key->choices);
    perso_say_word(say, "reason", key->reason);
    perso_say_end(say);
}

/* The profile's own names of a column, joined as the built-in ones are. */
static void
own_headers(const struct perso_profile *profile, enum perso_column column, char *out, size_t max)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < profile->n_aliases && n < max; i++)
        if (profile->aliases[i].column == column)
            n += (size_t)snprintf(out + n, max - n, "%s%s", n > 0 ? "|" : "",
                                  profile->aliases[i].name);
}

static void
tell_headers(struct perso_say *say, const struct perso_profile *profile)
{
    char own[PERSO_ALIASES_MAX * (PERSO_COLUMN_NAME_BYTES + 1)];

    for (int i = 1; i < PERSO_COLUMN_COUNT; i++) {
        enum perso_column column = (enum perso_column)i;
        own_headers(profile, column, own, sizeof own);
        perso_say_begin(say, "column");
        perso_say_text(say, "code", perso_column_code(column));
        if (perso_column_aliases(column)[0] != '\0')
            perso_say_text(say, "other headers", perso_column_aliases(column));
        if (own[0] != '\0')
            perso_say_text(say, "of this profile", own);
        perso_say_end(say);
    }
}

enum perso_result
perso_profile_show(struct perso_say *say, const struct perso_profile *profile,
                   struct perso_error *err)
{
    struct perso_profile *fallback = calloc(1, sizeof *fallback);
    size_t n;
    const struct perso_ini_key *keys = perso_profile_keys(&n);
    enum perso_result rc = fallback != NULL ? perso_profile_make("default", fallback, err)
                                            : perso_error_errno(err, "memory");

    if (rc == PERSO_OK) {
        for (size_t i = 0; i < n; i++)
            tell_key(say, &keys[i], profile, fallback);
        tell_headers(say, profile);
    }
    free(fallback);
    return rc;
}
