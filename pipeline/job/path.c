#include "pipeline/job/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum perso_result
perso_path_join(const char *folder, const char *name, char *out, size_t max,
                struct perso_error *err)
{
    int n =
        name[0] == '/' ? snprintf(out, max, "%s", name) : snprintf(out, max, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= max)
        return perso_error_set(err, PERSO_REJ_NONE, "", "path too long");
    return PERSO_OK;
}

const char *
perso_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

bool
perso_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_regular(DIR *folder, const char *name)
{
    struct stat st;
    return fstatat(dirfd(folder), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool
append(struct perso_names *names, const char *name)
{
    char **grown = realloc(names->names, (names->n + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    names->names = grown;
    if ((grown[names->n] = strdup(name)) == NULL)
        return false;
    names->n++;
    return true;
}

enum perso_result
perso_folder_files(const char *folder, struct perso_names *ret, struct perso_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    *ret = (struct perso_names) { 0 };
    if (dir == NULL)
        return errno == ENOENT ? PERSO_OK : perso_error_errno(err, folder);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (!is_regular(dir, entry->d_name)) {
            ret->n_passed_over++;
            continue;
        }
        if (!append(ret, entry->d_name)) {
            closedir(dir);
            perso_names_free(ret);
            return perso_error_errno(err, "memory");
        }
    }
    closedir(dir);
    if (ret->n > 1)
        qsort(ret->names, ret->n, sizeof *ret->names, by_name);
    return PERSO_OK;
}

void
perso_names_free(struct perso_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct perso_names) { 0 };
}
