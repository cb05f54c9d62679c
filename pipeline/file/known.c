#include "pipeline/file/known.h"

#include <string.h>

#include "perso/text.h"
#include "pipeline/job/cards.h"

static void
tell_refusal(struct perso_job *job, const char *display, const struct perso_error *why,
             struct perso_event *event)
{
    perso_complain(why);
    if (!job->refused)
        perso_hint("nothing of it counts; run tries it again each time until it is put right or "
                   "taken away");
    job->refused = true;
    event->reject = why->reject;
    snprintf(event->note, sizeof event->note, "%.120s: %.120s", display, why->text);
    perso_text_plain(event->note);
}

enum perso_result
perso_file_refuse_unread(struct perso_job *job, enum perso_stage stage, const char *display,
                         const struct perso_error *why, struct perso_error *err)
{
    struct perso_event event = { .stage = stage, .kind = "refuse" };

    tell_refusal(job, display, why, &event);
    return perso_job_event(job, &event, err);
}

enum perso_result
perso_file_refuse(struct perso_job *job, struct perso_ledger_file *file,
                  const struct perso_error *why, struct perso_error *err)
{
    struct perso_event event = { .stage = file->stage, .kind = "refuse" };
    enum perso_result rc;

    tell_refusal(job, file->path, why, &event);
    memcpy(event.digest, file->sm3, sizeof event.digest);
    if ((rc = job->site.store.file_release(job->site.store.self, job->name, file->stage, file->sm3,
                                           err)) != PERSO_OK ||
        (rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((file->id != 0 && (rc = perso_ledger_file_drop(job->ledger, file->id, err)) != PERSO_OK) ||
        (rc = job->cards.event(job->cards.self, &event, err)) != PERSO_OK) {
        perso_ledger_rollback(job->ledger);
        return rc;
    }
    file->id = 0;
    return perso_ledger_commit(job->ledger, err);
}

enum perso_result
perso_file_known(struct perso_job *job, enum perso_stage stage, const uint8_t sm3[PERSO_SM3_BYTES],
                 const char *display, struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc = perso_ledger_file_find(job->ledger, stage, sm3, &file, err);

    if (rc == PERSO_END)
        return PERSO_OK;
    if (rc != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, perso_stage_name(stage));
    perso_say_text(&job->say, "file", display);
    perso_say_word(&job->say, "known", "nothing to do");
    perso_say_end(&job->say);
    return PERSO_END;
}

enum perso_result
perso_file_claim(struct perso_job *job, struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc =
        job->site.store.file_claim(job->site.store.self, job->name, file->stage, file->sm3, &why);

    if (rc == PERSO_REJECT) {
        perso_error_at(&why, file->path, 0, 0);
        rc = perso_file_refuse(job, file, &why, err);
        return rc == PERSO_OK ? PERSO_END : rc;
    }
    if (rc != PERSO_OK)
        *err = why;
    return rc;
}

enum perso_result
perso_file_begin(struct perso_job *job, struct perso_ledger_file *file, const char *display,
                 uint64_t bytes, const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_event event = { .stage = file->stage, .kind = "read" };
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    file->status = PERSO_FILE_READING;
    file->bytes = bytes;
    snprintf(file->path, sizeof file->path, "%s", display);
    memcpy(file->sm3, sm3, sizeof file->sm3);
    memcpy(event.digest, sm3, sizeof event.digest);
    if ((rc = perso_ledger_file_add(job->ledger, file, err)) == PERSO_OK) {
        event.file_id = file->id;
        rc = job->cards.event(job->cards.self, &event, err);
    }
    if (rc == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

enum perso_result
perso_file_name_check(const char *display, struct perso_error *err)
{
    return perso_text_is_plain(display)
               ? PERSO_OK
               : perso_error_set(err, PERSO_REJ_FILE_KIND, "",
                                 "its name is not UTF-8 or has control characters: rename it");
}
