/* Durable names of folders: each change is kept until its folder is synced. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

#define CHANGES_MAX 16384

struct change {
    char *folder;
    char name[NAME_MAX + 1];
    int old, now;
    bool joined, durable;
};

static struct change changes[CHANGES_MAX];
static size_t n_changes;

void
disk_named(const struct disk_place *place, int old, int now, bool joined)
{
    if (n_changes == CHANGES_MAX)
        disk_fail("too many changes of names");
    struct change *c = &changes[n_changes++];
    *c = (struct change) { strdup(place->folder), "", old, now, joined, false };
    if (c->folder == NULL)
        disk_fail("memory");
    memcpy(c->name, place->name, sizeof c->name);
}

void
disk_folder_synced(const char *folder)
{
    for (size_t i = 0; i < n_changes; i++)
        if (strcmp(changes[i].folder, folder) == 0)
            changes[i].durable = true;
}

static void
path_of(const struct change *c, char out[PATH_MAX + NAME_MAX + 2])
{
    snprintf(out, PATH_MAX + NAME_MAX + 2, "%s/%s", c->folder, c->name);
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)ftw;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, kind == FTW_DP ? AT_REMOVEDIR : 0);
}

static void
undo(const struct change *c)
{
    char path[PATH_MAX + NAME_MAX + 2], from[PATH_MAX];

    if (access(c->folder, F_OK) != 0) /* it was undone itself */
        return;
    path_of(c, path);
    if (c->now == DISK_FOLDER)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    else
        syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (c->old == DISK_FOLDER && syscall(SYS_mkdirat, AT_FDCWD, path, 0700) != 0)
        disk_fail(path);
    if (c->old < 0)
        return;
    disk_held_path(c->old, from);
    if (syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, path, 0) != 0)
        disk_fail(path);
}

static bool
same_folder(size_t i, size_t k)
{
    return strcmp(changes[i].folder, changes[k].folder) == 0;
}

/* Of the steps in one folder that were not synced the first few have arrived. */
static bool
has_arrived(size_t i, uint64_t seed)
{
    size_t before = 0, all = 0, first = i;

    for (size_t k = n_changes; k-- > 0;)
        if (same_folder(k, i))
            first = k;
    for (size_t k = first; k < n_changes; k++)
        if (same_folder(k, i) && !changes[k].durable && !changes[k].joined) {
            all++;
            before += k < i && !(changes[i].joined && k == i - 1);
        }
    return before < disk_draw(seed, first, 99) % (all + 1);
}

void
disk_names_lost(enum disk_loss loss, uint64_t seed)
{
    if (loss == DISK_GHOST)
        return;
    for (size_t i = n_changes; i-- > 0;)
        if (!changes[i].durable && (loss == DISK_LOSE || !has_arrived(i, seed)))
            undo(&changes[i]);
}

void
disk_each_new_name(void (*visit)(const char *folder, const char *name))
{
    char path[PATH_MAX + NAME_MAX + 2];

    for (size_t i = 0; i < n_changes; i++) {
        path_of(&changes[i], path);
        if (changes[i].now >= 0 && access(path, F_OK) == 0)
            visit(changes[i].folder, changes[i].name);
    }
}

void
names_save(FILE *file)
{
    disk_put(file, &n_changes, sizeof n_changes);
    for (size_t i = 0; i < n_changes; i++) {
        size_t n = strlen(changes[i].folder) + 1;
        disk_put(file, &changes[i], sizeof changes[i]);
        disk_put(file, &n, sizeof n);
        disk_put(file, changes[i].folder, n);
    }
}

void
names_load(FILE *file)
{
    disk_get(file, &n_changes, sizeof n_changes);
    for (size_t i = 0; i < n_changes; i++) {
        size_t n = 0;
        disk_get(file, &changes[i], sizeof changes[i]);
        disk_get(file, &n, sizeof n);
        if ((changes[i].folder = malloc(n)) == NULL)
            disk_fail("memory");
        disk_get(file, changes[i].folder, n);
    }
}
