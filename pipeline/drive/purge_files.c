#include "pipeline/drive/purge_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/job/path.h"
#include "pipeline/job/purged.h"
#include "pipeline/store/durable.h"

#define DEPTH_MAX 16 /* folders in folders; links are not followed */

static enum perso_result
add(struct perso_purge_files *files, const char *path, uint64_t bytes,
    const uint8_t sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    if (files->n == files->room) {
        size_t room = files->room > 0 ? 2 * files->room : 64;
        struct perso_purge_file *more = realloc(files->files, room * sizeof *more);
        if (more == NULL)
            return perso_error_errno(err, "memory");
        files->files = more;
        files->room = room;
    }
    struct perso_purge_file *file = &files->files[files->n];
    if ((file->path = strdup(path)) == NULL)
        return perso_error_errno(err, "memory");
    file->bytes = bytes;
    memcpy(file->sm3, sm3, sizeof file->sm3);
    files->bytes += bytes;
    files->n++;
    return PERSO_OK;
}

/* A file of the job by its path inside, with its content. */
static enum perso_result
add_inside(struct perso_job *job, struct perso_purge_files *files, const char *inside,
           struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    struct perso_file_source *file = NULL;
    uint8_t sm3[PERSO_SM3_BYTES];
    uint64_t bytes = 0;
    enum perso_result rc;

    if ((rc = perso_path_join(job->folder, inside, path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_file_source_open(path, &file, err)) != PERSO_OK)
        return rc == PERSO_REJECT ? PERSO_FATAL : rc;
    const struct perso_source source = perso_file_source(file);
    if ((rc = perso_source_sm3(&source, sm3, &bytes, err)) == PERSO_OK)
        rc = add(files, inside, bytes, sm3, err);
    perso_file_source_close(file);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

/* ---- walking ---- */

struct walk {
    struct perso_job *job;
    struct perso_purge_files *files;
    bool (*takes)(const char *path); /* NULL: all */
    bool names_only;
};

static enum perso_result walk(const struct walk *w, const char *inside, int depth,
                              struct perso_error *err);

static enum perso_result
walk_entry(const struct walk *w, DIR *dir, const char *inside, const char *name, int depth,
           struct perso_error *err)
{
    static const uint8_t unknown[PERSO_SM3_BYTES];
    char path[PERSO_PATH_BYTES];
    struct stat st;
    enum perso_result rc = perso_path_join(inside, name, path, sizeof path, err);

    if (rc != PERSO_OK)
        return rc;
    if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return perso_error_errno(err, path);
    if (S_ISDIR(st.st_mode))
        return depth > 0 ? walk(w, path, depth - 1, err) : PERSO_OK;
    if (!S_ISREG(st.st_mode) || (w->takes != NULL && !w->takes(path)))
        return PERSO_OK;
    return w->names_only ? add(w->files, path, (uint64_t)st.st_size, unknown, err)
                         : add_inside(w->job, w->files, path, err);
}

/* Regular files of a folder of the job, hidden ones too, and of the folders in it down to depth. */
static enum perso_result
walk(const struct walk *w, const char *inside, int depth, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    const struct dirent *entry;
    enum perso_result rc = perso_path_join(w->job->folder, inside, path, sizeof path, err);

    if (rc != PERSO_OK)
        return rc;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return errno == ENOENT ? PERSO_OK : perso_error_errno(err, path);
    while (rc == PERSO_OK && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = walk_entry(w, dir, inside, entry->d_name, depth, err);
    closedir(dir);
    return rc;
}

/* ---- our own ---- */

static int
by_path(const void *a, const void *b)
{
    const struct perso_purge_file *one = a, *other = b;
    int order = strcmp(one->path, other->path);
    return order != 0 ? order : memcmp(one->sm3, other->sm3, sizeof one->sm3);
}

static void
sort(struct perso_purge_files *files)
{
    if (files->n > 1)
        qsort(files->files, files->n, sizeof *files->files, by_path);
}

static enum perso_result
own(struct perso_job *job, bool names_only, struct perso_purge_files *ret, struct perso_error *err)
{
    const struct walk w = { job, ret, perso_purge_takes, names_only };
    enum perso_result rc = PERSO_OK;

    *ret = (struct perso_purge_files) { 0 };
    for (const char *const *folder = perso_purge_folders; rc == PERSO_OK && *folder != NULL;
         folder++)
        rc = walk(&w, *folder, 0, err);
    sort(ret);
    return rc;
}

enum perso_result
perso_purge_files_own(struct perso_job *job, struct perso_purge_files *ret, struct perso_error *err)
{
    return own(job, false, ret, err);
}

enum perso_result
perso_purge_files_remove(struct perso_job *job, struct perso_error *err)
{
    struct perso_purge_files files;
    char path[PERSO_PATH_BYTES];
    enum perso_result rc = own(job, true, &files, err);

    for (size_t i = 0; rc == PERSO_OK && i < files.n; i++)
        if (strncmp(files.files[i].path, "data/", 5) != 0 &&
            (rc = perso_path_join(job->folder, files.files[i].path, path, sizeof path, err)) ==
                PERSO_OK)
            rc = perso_durable_unlink(path, err);
    /* Also where a purge that was cut off left nothing to unlink: that may not be durable. */
    for (const char *const *folder = perso_purge_folders; rc == PERSO_OK && *folder != NULL;
         folder++)
        if ((rc = perso_path_join(job->folder, *folder, path, sizeof path, err)) == PERSO_OK)
            rc = perso_durable_sync(path, err);
    perso_purge_files_free(&files);
    return rc;
}

/* ---- the operator's ---- */

static bool
has(const struct perso_purge_files *files, const struct perso_ledger_file *file)
{
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->files[i].path, file->path) == 0 &&
            memcmp(files->files[i].sm3, file->sm3, sizeof file->sm3) == 0)
            return true;
    return false;
}

enum perso_result
perso_purge_files_theirs(struct perso_job *job, struct perso_purge_files *ret,
                         struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };

    const struct walk w = { job, ret, NULL, false };

    *ret = (struct perso_purge_files) { 0 };
    enum perso_result rc = walk(&w, "in", DEPTH_MAX, err);
    while (rc == PERSO_OK && (rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (!file.outgoing && strncmp(file.path, "in/", 3) != 0 && !has(ret, &file))
            rc = add(ret, file.path, file.bytes, file.sm3, err);
    }
    sort(ret);
    return rc == PERSO_END ? PERSO_OK : rc;
}

void
perso_purge_files_free(struct perso_purge_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->files[i].path);
    free(files->files);
    *files = (struct perso_purge_files) { 0 };
}
