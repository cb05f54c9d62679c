#include "pipeline/job/clear_files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"

#define CLEAR "secrets in clear"
#define GONE CLEAR ", destroyed"

void
perso_clear_note(const char *path, const char *display, char *note, size_t max)
{
    char whole[PATH_MAX];

    snprintf(note, max, CLEAR);
    /* Outside the job the operator may have named it from any folder. */
    if (strcmp(path, display) == 0 && realpath(path, whole) != NULL &&
        strlen(whole) + strlen(CLEAR) + 3 <= max)
        snprintf(note, max, CLEAR ": %.*s", (int)(max - strlen(CLEAR) - 3), whole);
}

static bool
is_clear(const struct perso_ledger_file *file)
{
    const size_t n = strlen(CLEAR);

    return !file->outgoing && file->stage == PERSO_STAGE_COLLECT &&
           file->status == PERSO_FILE_ACCEPTED && strncmp(file->note, CLEAR, n) == 0 &&
           (file->note[n] == '\0' || file->note[n] == ':');
}

/* Only what is surely not there is gone; a medium that cannot be read is not. */
static enum perso_result
stands(const struct perso_job *job, const struct perso_ledger_file *file, bool *ret,
       struct perso_error *err)
{
    const char *outside = strchr(file->note, ':');
    char path[PERSO_PATH_BYTES];
    struct stat st;
    enum perso_result rc = outside != NULL
                               ? perso_path_join("", outside + 2, path, sizeof path, err)
                               : perso_path_join(job->folder, file->path, path, sizeof path, err);

    if (rc == PERSO_OK)
        *ret = lstat(path, &st) == 0 || errno != ENOENT;
    return rc;
}

typedef enum perso_result visit_clear(struct perso_job *job, struct perso_ledger_file *file,
                                      bool there, struct perso_error *err);

static enum perso_result
each_clear(struct perso_job *job, visit_clear *visit, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    bool there = false;
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (!is_clear(&file))
            continue;
        if ((rc = stands(job, &file, &there, err)) != PERSO_OK ||
            (rc = visit(job, &file, there, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
ask(struct perso_job *job, struct perso_ledger_file *file, bool there, struct perso_error *err)
{
    (void)err;
    if (!there)
        return PERSO_OK;
    perso_say_begin(&job->say, "destroy");
    perso_say_text(&job->say, "file", file->path);
    perso_say_word(&job->say, "because it has", "secrets in clear");
    perso_say_end(&job->say);
    return PERSO_OK;
}

enum perso_result
perso_clear_tell(struct perso_job *job, struct perso_error *err)
{
    return each_clear(job, ask, err);
}

static enum perso_result
record_gone(struct perso_job *job, struct perso_ledger_file *file, bool there,
            struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_COLLECT,
                                 .kind = "destroyed",
                                 .file_id = file->id };

    if (there)
        return PERSO_OK;
    memcpy(event.digest, file->sm3, sizeof event.digest);
    snprintf(event.note, sizeof event.note, "%.200s: no longer there", file->path);
    snprintf(file->note, sizeof file->note, GONE);
    return perso_job_file_event(job, file, &event, err);
}

enum perso_result
perso_clear_gone(struct perso_job *job, struct perso_error *err)
{
    return each_clear(job, record_gone, err);
}
