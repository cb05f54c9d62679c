#include "pipeline/file/opening.h"

#include "pipeline/file/known.h"

static enum perso_result
refuse_unread(struct perso_job *job, enum perso_stage stage, const char *display,
              const struct perso_error *why, struct perso_error *err)
{
    enum perso_result rc = perso_file_refuse_unread(job, stage, display, why, err);

    return rc == PERSO_OK ? PERSO_END : rc;
}

enum perso_result
perso_opening_input(struct perso_job *job, enum perso_stage stage, const char *path,
                    const struct perso_table_profile *profile, const char *encoding,
                    struct perso_input *ret, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc = perso_input_open(job, path, profile, encoding, ret, &why);

    if (rc == PERSO_REJECT)
        return refuse_unread(job, stage, ret->display, &why, err);
    if (rc != PERSO_OK)
        *err = why;
    return rc;
}

enum perso_result
perso_opening_package(struct perso_job *job, enum perso_stage stage, const char *path,
                      struct perso_incoming *ret, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc = perso_incoming_open(job, stage, path, ret, &why);

    if (rc == PERSO_REJECT)
        return refuse_unread(job, stage, ret->display, &why, err);
    if (rc == PERSO_RETRY) {
        job->waits = true;
        perso_complain(&why);
        return PERSO_END;
    }
    if (rc != PERSO_OK)
        *err = why;
    return rc;
}

enum perso_result
perso_opening_begin(struct perso_job *job, struct perso_ledger_file *file, const char *display,
                    uint64_t bytes, const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    enum perso_result rc = perso_file_begin(job, file, display, bytes, sm3, err);

    return rc == PERSO_OK ? perso_file_claim(job, file, err) : rc;
}

enum perso_result
perso_opening_outcome(struct perso_job *job, struct perso_ledger_file *file, enum perso_result rc,
                      const struct perso_error *why, struct perso_error *err)
{
    if (rc == PERSO_REJECT) {
        rc = perso_file_refuse(job, file, why, err);
        return rc == PERSO_OK ? PERSO_END : rc;
    }
    if (rc != PERSO_OK)
        *err = *why;
    return rc;
}
