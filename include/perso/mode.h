/* Modes, parties and stages are tables of constants (DESIGN 2); no stage switches on them. */
#ifndef PERSO_MODE_H
#define PERSO_MODE_H

#include <stdbool.h>
#include <stddef.h>

#include "perso/state.h"

enum perso_stage {
    PERSO_STAGE_NONE,
    PERSO_STAGE_PREPARE, /* before there are cards: no role's row has it */
    PERSO_STAGE_INGEST,
    PERSO_STAGE_RECONCILE,
    PERSO_STAGE_APPROVE,
    PERSO_STAGE_BUNDLE,
    PERSO_STAGE_SUBMIT,
    PERSO_STAGE_COLLECT,
    PERSO_STAGE_MATCH,
    PERSO_STAGE_FORWARD,
    PERSO_STAGE_PERSONALIZE,
    PERSO_STAGE_CLOSE,
    PERSO_STAGE_COUNT
};

#define PERSO_ROLE_STAGES_MAX 10

/* One stage of a role: the state in which it finds a card and the one in which it leaves it. */
struct perso_role_stage {
    enum perso_stage stage; /* PERSO_STAGE_NONE ends the row */
    enum perso_state from, to;
};

struct perso_role {
    const char *name; /* vendor, department, centre, all */
    bool finishes;    /* a vendor has two rows: in some jobs a centre finishes its cards */
    struct perso_role_stage stages[PERSO_ROLE_STAGES_MAX];
};

/* One mode of LD/T 03-2022 6.4.7. */
struct perso_mode {
    int number;           /* 1 to 5 */
    const char *title_zh; /* 卡商批量写入 ... */
    const char *title_en;
    const char *finisher; /* vendor or centre; NULL: init says which */
    bool batch;           /* keys come in files; else one card at a time over the real-time path */
    bool certificates_with_card; /* the finisher writes them; else they wait in the cupboard */
    bool replaces_ssse_keys;     /* SSSE master key and application keys (mode 2) */
    const char *clause;
};

const char *perso_stage_name(enum perso_stage stage);
enum perso_stage perso_stage_from_name(const char *name);
/** NULL where there is no such row. */
const struct perso_mode *perso_mode_find(int number);
/** finishes is asked for where the role has two rows. */
const struct perso_role *perso_role_find(const char *name, bool finishes);
/** The row of a stage in a role; NULL where the role has no such stage. */
const struct perso_role_stage *perso_role_stage_find(const struct perso_role *role,
                                                     enum perso_stage stage);

#endif
