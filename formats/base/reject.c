#include "perso/reject.h"

#include <string.h>

#include "perso/text.h"

static const struct {
    const char *name, *code, *en, *zh, *clause;
    char class;
} rejects[PERSO_REJ_COUNT] = { [PERSO_REJ_NONE] = { "NONE", "", "", "", "", ' ' },
#define PERSO_REJECT_ROW(name, code, class, en, zh, clause)                                        \
    [PERSO_REJ_##name] = { #name, code, en, zh, clause, class },
                               PERSO_REJECTS(PERSO_REJECT_ROW)
#undef PERSO_REJECT_ROW
};

const char *
perso_reject_code(enum perso_reject reject)
{
    return rejects[reject].code;
}

const char *
perso_reject_name(enum perso_reject reject)
{
    return rejects[reject].name;
}

const char *
perso_reject_text(enum perso_reject reject)
{
    return rejects[reject].en;
}

const char *
perso_reject_text_zh(enum perso_reject reject)
{
    return rejects[reject].zh;
}

const char *
perso_reject_shown(enum perso_reject reject)
{
    /* Translators: the language of this catalogue. Texts of rejects are built in, not here. */
    bool chinese = strcmp(_("language: en"), "language: zh") == 0;
    return chinese ? rejects[reject].zh : rejects[reject].en;
}

const char *
perso_reject_clause(enum perso_reject reject)
{
    return rejects[reject].clause;
}

bool
perso_reject_of_file(enum perso_reject reject)
{
    return rejects[reject].class == 'F';
}

bool
perso_reject_waivable(enum perso_reject reject)
{
    return rejects[reject].class == 'W';
}

enum perso_reject
perso_reject_from_code(const char *code)
{
    for (int i = 1; i < PERSO_REJ_COUNT; i++)
        if (strcmp(rejects[i].code, code) == 0)
            return (enum perso_reject)i;
    return PERSO_REJ_NONE;
}
