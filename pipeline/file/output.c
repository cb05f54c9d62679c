#include "pipeline/file/output.h"

#include <string.h>

#include "pipeline/file/preview.h"
#include "pipeline/job/path.h"

static void
show_dry(void *arg, const uint8_t *head, size_t n)
{
    perso_preview_head(arg, "rows", head, n);
}

/* A dry run says the name of what it would write, and of a table its first rows. */
static enum perso_result
output_dry(struct perso_job *job, const char *folder, const char *name, struct perso_durable **file,
           struct perso_error *err)
{
    char display[PERSO_PATH_BYTES];
    bool table = perso_ends_with(name, ".csv");

    snprintf(display, sizeof display, "%s/%s", folder, name);
    perso_say_begin(&job->say, "would write");
    perso_say_text(&job->say, "file", display);
    perso_say_end(&job->say);
    return perso_durable_open_dry(table ? show_dry : NULL, &job->say, file, err);
}

enum perso_result
perso_output_open(struct perso_job *job, const char *folder, const char *name,
                  struct perso_durable **file, struct perso_sink *sink, struct perso_error *err)
{
    enum perso_result rc = job->options.dry_run ? output_dry(job, folder, name, file, err)
                                                : perso_durable_open(folder, name, file, err);

    if (rc == PERSO_OK)
        *sink = perso_durable_sink(*file);
    return rc;
}

enum perso_result
perso_output_write(struct perso_job *job, const char *folder, const char *name, const void *bytes,
                   size_t n, struct perso_error *err)
{
    struct perso_durable *file = NULL;
    struct perso_sink sink;
    enum perso_result rc = perso_output_open(job, folder, name, &file, &sink, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_sink_write(&sink, bytes, n, err)) != PERSO_OK) {
        perso_durable_abandon(file);
        return rc;
    }
    return perso_durable_commit(file, NULL, NULL, err);
}
