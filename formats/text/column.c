#include "perso/column.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *code, *aliases;
    bool personal;
} columns[PERSO_COLUMN_COUNT] = { [PERSO_COLUMN_OTHER] = { "", "", false },
#define PERSO_COLUMN_ROW(code, personal, aliases) [PERSO_COL_##code] = { #code, aliases, personal },
                                  PERSO_COLUMNS(PERSO_COLUMN_ROW)
#undef PERSO_COLUMN_ROW
};

const char *
perso_column_code(enum perso_column column)
{
    return columns[column].code;
}

bool
perso_column_personal(enum perso_column column)
{
    return columns[column].personal;
}

const char *
perso_column_aliases(enum perso_column column)
{
    return columns[column].aliases;
}

/* ASCII letters compare without case. */
static bool
same(struct perso_text text, const char *name, size_t bytes)
{
    return bytes != 0 && text.bytes == bytes && strncasecmp(text.at, name, bytes) == 0;
}

static bool
is_alias(const char *aliases, struct perso_text text)
{
    while (*aliases != '\0') {
        size_t bytes = strcspn(aliases, "|");
        if (same(text, aliases, bytes))
            return true;
        aliases += bytes + (aliases[bytes] == '|');
    }
    return false;
}

enum perso_column
perso_column_find(struct perso_text header)
{
    for (int i = 1; i < PERSO_COLUMN_COUNT; i++)
        if (same(header, columns[i].code, strlen(columns[i].code)) ||
            is_alias(columns[i].aliases, header))
            return (enum perso_column)i;
    return PERSO_COLUMN_OTHER;
}

void
perso_layout_init(struct perso_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    for (int i = 0; i < PERSO_COLUMN_COUNT; i++)
        layout->at[i] = -1;
}

/* A name of an unknown column is not told: a table without a header has a person's row there. */
static enum perso_result
check_name(const struct perso_layout *layout, struct perso_text name, struct perso_error *err)
{
    if (name.bytes >= PERSO_COLUMN_NAME_BYTES)
        return perso_error_set(err, PERSO_REJ_TEXT_COLUMNS, "", "name of column %u is too long",
                               layout->n_columns + 1u);
    if (name.bytes != 0 && memchr(name.at, '\0', name.bytes) != NULL)
        return perso_error_set(err, PERSO_REJ_TEXT_NUL, "", "in the name of column %u",
                               layout->n_columns + 1u);
    for (unsigned i = 0; i < layout->n_columns; i++)
        if (strlen(layout->name[i]) == name.bytes &&
            (name.bytes == 0 || memcmp(layout->name[i], name.at, name.bytes) == 0))
            return perso_error_set(err, PERSO_REJ_COLUMN_TWICE, "",
                                   "columns %u and %u have the same name", i + 1,
                                   layout->n_columns + 1u);
    return PERSO_OK;
}

enum perso_result
perso_layout_add(struct perso_layout *layout, enum perso_column known, struct perso_text name,
                 struct perso_error *err)
{
    uint16_t n = layout->n_columns;
    enum perso_result rc;

    if (n == PERSO_COLUMNS_MAX)
        return perso_error_set(err, PERSO_REJ_TEXT_COLUMNS, "", "more than %u columns",
                               PERSO_COLUMNS_MAX);
    if (known == PERSO_COLUMN_OTHER) {
        if ((rc = check_name(layout, name, err)) != PERSO_OK)
            return rc;
        if (name.bytes != 0)
            memcpy(layout->name[n], name.at, name.bytes);
        layout->name[n][name.bytes] = '\0';
    } else {
        if (layout->at[known] >= 0)
            return perso_error_set(err, PERSO_REJ_COLUMN_TWICE, columns[known].code,
                                   "columns %d and %d", layout->at[known] + 1, n + 1);
        snprintf(layout->name[n], sizeof layout->name[n], "%s", columns[known].code);
        layout->at[known] = (int16_t)n;
    }
    layout->known[n] = known;
    layout->n_columns++;
    return PERSO_OK;
}
