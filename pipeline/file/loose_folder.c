#include "pipeline/file/loose_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/job/conf.h"
#include "pipeline/job/path.h"
#include "pipeline/store/durable.h"

struct listing {
    const char *folder;
    struct perso_loose_file *files;
    size_t n, room;
    uint64_t bytes;
};

void
perso_loose_files_free(struct perso_loose_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(files[i].name);
    free(files);
}

static enum perso_result
add(struct listing *l, const char *name, struct perso_error *err)
{
    if (l->n == PERSO_RETURN_MEMBERS)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "more than %u files",
                               PERSO_RETURN_MEMBERS);
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 256 : 2 * l->room;
        struct perso_loose_file *grown = realloc(l->files, room * sizeof *grown);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        l->files = grown;
        l->room = room;
    }
    if ((l->files[l->n].name = strdup(name)) == NULL)
        return perso_error_errno(err, "memory");
    l->n++;
    return PERSO_OK;
}

static enum perso_result list_folder(struct listing *l, const char *inside,
                                     struct perso_error *err);

/* A line of the listing is one name. */
static bool
has_control(const char *name)
{
    for (; *name != '\0'; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            return true;
    return false;
}

static enum perso_result
take_entry(struct listing *l, const char *inside, const char *name, struct perso_error *err)
{
    char relative[PERSO_PATH_BYTES], path[PERSO_PATH_BYTES];
    struct stat st;
    enum perso_result rc;
    int n =
        snprintf(relative, sizeof relative, "%s%s%s", inside, inside[0] != '\0' ? "/" : "", name);

    if (has_control(name))
        return perso_error_set(err, PERSO_REJ_FILE_KIND, "",
                               "a name with control characters stands in it");
    if (n < 0 || (size_t)n >= sizeof relative)
        return perso_error_set(err, PERSO_REJ_FILE_OPEN, "", "path too long");
    if ((rc = perso_path_join(l->folder, relative, path, sizeof path, err)) != PERSO_OK)
        return rc;
    if (lstat(path, &st) != 0)
        return perso_error_errno(err, "folder");
    if (S_ISREG(st.st_mode))
        return add(l, relative, err);
    if (S_ISDIR(st.st_mode) && inside[0] == '\0')
        return list_folder(l, name, err);
    return perso_error_set(err, PERSO_REJ_FILE_KIND, "",
                           "a link, a device or a folder in a folder stands in it");
}

static enum perso_result
list_folder(struct listing *l, const char *inside, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    const struct dirent *entry;
    DIR *dir;
    enum perso_result rc = perso_path_join(l->folder, inside, path, sizeof path, err);

    if (rc != PERSO_OK)
        return rc;
    if ((dir = opendir(path)) == NULL)
        return perso_error_errno(err, "folder");
    while (rc == PERSO_OK && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            rc = take_entry(l, inside, entry->d_name, err);
    closedir(dir);
    return rc;
}

static int
by_name(const void *a, const void *b)
{
    const struct perso_loose_file *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static enum perso_result
digest(struct listing *l, struct perso_loose_file *file, struct perso_error *err)
{
    struct perso_file_source *source = NULL;
    char path[PERSO_PATH_BYTES];
    uint64_t bytes = 0;
    enum perso_result rc = perso_path_join(l->folder, file->name, path, sizeof path, err);

    if (rc == PERSO_OK && (rc = perso_file_source_open(path, &source, err)) == PERSO_OK) {
        const struct perso_source all = perso_file_source(source);
        rc = perso_source_sm3(&all, file->sm3, &bytes, err);
    }
    perso_file_source_close(source);
    l->bytes += bytes;
    return rc;
}

enum perso_result
perso_loose_files(const char *folder, struct perso_loose_file **ret, size_t *n, uint64_t *bytes,
                  struct perso_error *err)
{
    struct listing l = { .folder = folder };
    enum perso_result rc = list_folder(&l, "", err);

    if (rc == PERSO_OK && l.n > 1)
        qsort(l.files, l.n, sizeof *l.files, by_name);
    for (size_t i = 0; rc == PERSO_OK && i < l.n; i++)
        rc = digest(&l, &l.files[i], err);
    if (rc != PERSO_OK) {
        perso_loose_files_free(l.files, l.n);
        return rc;
    }
    *ret = l.files;
    *n = l.n;
    *bytes = l.bytes;
    return PERSO_OK;
}
