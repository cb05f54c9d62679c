#include "perso/mode.h"

#include <string.h>

#include "perso/text.h"

static const struct perso_mode modes[] = {
    { 1, "卡商批量写入数字证书", "the vendor writes the certificates, in batches", "vendor", true,
      true, false, "LD/T 03-2022 6.4.7.2" },
    { 2, "个人化中心批量写入数字证书", "a centre writes the certificates, in batches", "centre",
      true, true, true, "LD/T 03-2022 6.4.7.3" },
    { 3, "快速发卡系统写入数字证书", "a rapid-issue station writes the certificates", "station",
      false, true, false, "LD/T 03-2022 6.4.7.4" },
    { 4, "服务窗口或持卡人自助写入数字证书", "a window or the holder writes the certificates", NULL,
      true, false, false, "LD/T 03-2022 6.4.7.5" },
    { 5, "服务窗口申请并写入数字证书", "a window applies for the certificates and writes them",
      "window", false, true, false, "LD/T 03-2022 6.4.7.6" },
};

#define S(stage, from, to)                                                                         \
    {                                                                                              \
        PERSO_STAGE_##stage, PERSO_STATE_##from, PERSO_STATE_##to                                  \
    }

static const struct perso_role roles[] = {
    { N_("vendor"),
      true,
      { S(INGEST, NONE, RECEIVED), S(BUNDLE, RECEIVED, BUNDLED), S(SUBMIT, BUNDLED, SUBMITTED),
        S(COLLECT, SUBMITTED, ISSUED), S(MATCH, ISSUED, MATCHED), S(PERSONALIZE, MATCHED, PREPARED),
        S(CLOSE, PREPARED, WRITTEN) } },
    /* The cards leave with the applications; what comes back is what the department holds. */
    { N_("vendor"),
      false,
      { S(INGEST, NONE, RECEIVED), S(BUNDLE, RECEIVED, BUNDLED), S(SUBMIT, BUNDLED, FORWARDED),
        S(COLLECT, FORWARDED, FORWARDED), S(CLOSE, NONE, NONE) } },
    { N_("department"),
      false,
      { S(INGEST, NONE, RECEIVED), S(RECONCILE, RECEIVED, RECONCILED),
        S(APPROVE, RECONCILED, APPROVED), S(BUNDLE, APPROVED, BUNDLED),
        S(SUBMIT, BUNDLED, SUBMITTED), S(COLLECT, SUBMITTED, ISSUED), S(MATCH, ISSUED, MATCHED),
        S(FORWARD, MATCHED, FORWARDED), S(CLOSE, FORWARDED, WRITTEN) } },
    { N_("centre"),
      true,
      { S(INGEST, NONE, RECEIVED), S(COLLECT, RECEIVED, ISSUED), S(MATCH, ISSUED, MATCHED),
        S(PERSONALIZE, MATCHED, PREPARED), S(CLOSE, PREPARED, WRITTEN) } },
    { N_("all"),
      true,
      { S(INGEST, NONE, RECEIVED), S(RECONCILE, RECEIVED, RECONCILED),
        S(APPROVE, RECONCILED, APPROVED), S(BUNDLE, APPROVED, BUNDLED),
        S(SUBMIT, BUNDLED, SUBMITTED), S(COLLECT, SUBMITTED, ISSUED), S(MATCH, ISSUED, MATCHED),
        S(PERSONALIZE, MATCHED, PREPARED), S(CLOSE, PREPARED, WRITTEN) } },
};

static const char *const stage_names[PERSO_STAGE_COUNT] = {
    [PERSO_STAGE_NONE] = "",
    [PERSO_STAGE_PREPARE] = N_("prepare"),
    [PERSO_STAGE_INGEST] = N_("ingest"),
    [PERSO_STAGE_RECONCILE] = N_("reconcile"),
    [PERSO_STAGE_APPROVE] = N_("approve"),
    [PERSO_STAGE_BUNDLE] = N_("bundle"),
    [PERSO_STAGE_SUBMIT] = N_("submit"),
    [PERSO_STAGE_COLLECT] = N_("collect"),
    [PERSO_STAGE_MATCH] = N_("match"),
    [PERSO_STAGE_FORWARD] = N_("forward"),
    [PERSO_STAGE_PERSONALIZE] = N_("personalize"),
    [PERSO_STAGE_CLOSE] = N_("close"),
};

const char *
perso_stage_name(enum perso_stage stage)
{
    return stage_names[stage];
}

enum perso_stage
perso_stage_from_name(const char *name)
{
    for (int i = 1; i < PERSO_STAGE_COUNT; i++)
        if (strcmp(stage_names[i], name) == 0)
            return (enum perso_stage)i;
    return PERSO_STAGE_NONE;
}

const struct perso_mode *
perso_mode_find(int number)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (modes[i].number == number)
            return &modes[i];
    return NULL;
}

const struct perso_role *
perso_role_find(const char *name, bool finishes)
{
    const struct perso_role *ret = NULL;

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].name, name) == 0 && (ret == NULL || roles[i].finishes == finishes))
            ret = &roles[i];
    return ret;
}

const struct perso_role_stage *
perso_role_stage_find(const struct perso_role *role, enum perso_stage stage)
{
    for (const struct perso_role_stage *s = role->stages; s->stage != PERSO_STAGE_NONE; s++)
        if (s->stage == stage)
            return s;
    return NULL;
}
