/* Trees of files: read, copied, removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sweep.h"

#define DEPTH 32

bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

uint8_t *
file_read(const char *path, size_t *n)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        sweep_fail("%s: %s", path, strerror(errno));
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    if (bytes == NULL)
        sweep_fail("memory");
    ssize_t got = read(fd, bytes, (size_t)st.st_size);
    if (got != st.st_size)
        sweep_fail("%s: cannot be read", path);
    bytes[got] = '\0';
    close(fd);
    *n = (size_t)got;
    return bytes;
}

static void
join(char out[PATH_MAX], const char *folder, const char *name)
{
    if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        sweep_fail("%s: path too long", name);
}

static void
add(struct tree *tree, const char *job, const char *path)
{
    char whole[PATH_MAX];

    if (tree->n == tree->room) {
        tree->room = tree->room * 2 + 64;
        tree->files = realloc(tree->files, tree->room * sizeof *tree->files);
        if (tree->files == NULL)
            sweep_fail("memory");
    }
    struct tree_file *file = &tree->files[tree->n++];
    join(whole, job, path);
    file->path = strdup(path);
    file->bytes = file_read(whole, &file->n);
    if (file->path == NULL || file->bytes == NULL)
        sweep_fail("%s: cannot be read", whole);
}

static void
read_below(struct tree *tree, const char *job, const char *folder)
{
    char whole[PATH_MAX], path[PATH_MAX], entry_path[PATH_MAX];
    struct stat st;
    const struct dirent *entry;

    join(whole, job, folder);
    DIR *dir = opendir(whole);
    if (dir == NULL && errno == ENOENT)
        return;
    if (dir == NULL)
        sweep_fail("%s: %s", whole, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        join(path, folder, entry->d_name);
        join(entry_path, job, path);
        if (lstat(entry_path, &st) != 0)
            sweep_fail("%s: %s", entry_path, strerror(errno));
        if (S_ISDIR(st.st_mode))
            read_below(tree, job, path);
        else
            add(tree, job, path);
    }
    closedir(dir);
}

static int
by_path(const void *a, const void *b)
{
    const struct tree_file *x = a, *y = b;

    return strcmp(x->path, y->path);
}

void
tree_read(const char *job, struct tree *ret)
{
    *ret = (struct tree) { 0 };
    read_below(ret, job, "out");
    read_below(ret, job, "held");
    read_below(ret, job, "reports");
    if (ret->n > 1)
        qsort(ret->files, ret->n, sizeof *ret->files, by_path);
}

const struct tree_file *
tree_find(const struct tree *tree, const char *path)
{
    const struct tree_file key = { .path = (char *)(uintptr_t)path };

    return tree->n == 0 ? NULL : bsearch(&key, tree->files, tree->n, sizeof *tree->files, by_path);
}

void
tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->n; i++) {
        free(tree->files[i].path);
        free(tree->files[i].bytes);
    }
    free(tree->files);
    *tree = (struct tree) { 0 };
}

static void
copy_file(const char *from, const char *to)
{
    size_t n = 0;
    uint8_t *bytes = file_read(from, &n);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (bytes == NULL || fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd) != 0)
        sweep_fail("%s: cannot be copied: %s", from, strerror(errno));
    free(bytes);
}

static void
copy_below(const char *from, const char *to, int depth)
{
    char a[PATH_MAX], b[PATH_MAX];
    struct stat st;
    const struct dirent *entry;
    DIR *dir = opendir(from);

    if (dir == NULL || mkdir(to, 0700) != 0 || depth == DEPTH)
        sweep_fail("%s: cannot be copied: %s", from, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        join(a, from, entry->d_name);
        join(b, to, entry->d_name);
        if (lstat(a, &st) != 0)
            sweep_fail("%s: %s", a, strerror(errno));
        if (S_ISDIR(st.st_mode))
            copy_below(a, b, depth + 1);
        else
            copy_file(a, b);
    }
    closedir(dir);
}

void
tree_copy(const char *from, const char *to)
{
    copy_below(from, to, 0);
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void
tree_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
