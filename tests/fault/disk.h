/*
 * The disk below the layer: what of the tree is durable. Files have a durable content (disk.c),
 * folders durable names (names.c); a power loss puts both back.
 *
 * A file is durable as it was when it was last synced; what stands in it when the process begins is
 * durable. A sync that failed has dropped what was written since: no later sync brings it back. A
 * name is durable when its folder was synced after it was made, renamed or removed, and not
 * earlier; a rename within one folder is one step, and the steps in one folder keep their order.
 * Nothing else is assumed: not that the sync of a file keeps its name, nor that one rename waits
 * for the data of another. Shared memory of SQLite (-shm) is gone after a power loss.
 *
 * Each file that is written or loses a name gets a second name in the folder $PERSO_FAULT_HELD, on
 * the same file system: so it can be put back whatever became of its names.
 */
#ifndef FAULT_DISK_H
#define FAULT_DISK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum disk_loss { DISK_LOSE, DISK_GHOST, DISK_REORDER };

#define DISK_NONE (-1)   /* no file */
#define DISK_FOLDER (-2) /* a folder */

struct disk_place {
    char folder[PATH_MAX]; /* as realpath tells it */
    char name[NAME_MAX + 1];
};

void disk_init(const char *held);

/* ---- files, by a number of ours ---- */

int disk_file(int fd, bool created); /* known from here on */
int disk_find(int fd);               /* DISK_NONE: never written here */
int disk_hold(const struct disk_place *place);
/* Before the call that changes the file. */
void disk_writes(int id, uint64_t offset, size_t n);
void disk_truncates(int id, uint64_t size);
void disk_synced(int id);
void disk_sync_failed(int id);
void disk_contents_lost(enum disk_loss loss, uint64_t seed);

/* ---- names ---- */

/* The place had the file `old` and now has `now`. joined: one step with the change before. */
void disk_named(const struct disk_place *place, int old, int now, bool joined);
void disk_folder_synced(const char *folder);
void disk_names_lost(enum disk_loss loss, uint64_t seed);
/* Every name that was made since the beginning and stands now. */
void disk_each_new_name(void (*visit)(const char *folder, const char *name));

/* ---- from one process to the next ---- */

/* What is not durable, for a process that goes on where this one is killed. */
void disk_save(void);
void disk_load(void);
void names_save(FILE *file);
void names_load(FILE *file);
void disk_put(FILE *file, const void *bytes, size_t n);
void disk_get(FILE *file, void *bytes, size_t n);

/* ---- below both ---- */

void disk_held_path(int id, char out[PATH_MAX]);
uint64_t disk_draw(uint64_t seed, uint64_t a, uint64_t b);
_Noreturn void disk_fail(const char *what);

#endif
