/* Durable contents of files. Calls the kernel by number: the names are the layer's. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 512u
#define FILES_MAX 4096

struct file {
    ino_t inode;
    bool captured, changed; /* bytes are known; they may differ from what stands there */
    size_t size;
    uint8_t *bytes; /* the durable ones */
    size_t n_dirty; /* blocks that the table has */
    uint8_t *dirty; /* written since the last sync */
};

static struct file files[FILES_MAX];
static int n_files;
static char held[PATH_MAX];

void
disk_fail(const char *what)
{
    int number = errno;

    dprintf(2, "fault layer: %s: %s\n", what, strerror(number));
    syscall(SYS_exit_group, 99);
    abort();
}

void
disk_init(const char *folder)
{
    snprintf(held, sizeof held, "%s", folder);
}

void
disk_held_path(int id, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s/%d", held, id) >= PATH_MAX)
        disk_fail("path too long");
}

uint64_t
disk_draw(uint64_t seed, uint64_t a, uint64_t b) /* splitmix64 */
{
    uint64_t z = seed * 0x9e3779b97f4a7c15u + a * 0xbf58476d1ce4e5b9u + b * 0x94d049bb133111ebu +
                 0x2545f4914f6cdd1du;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int
by_inode(ino_t inode)
{
    for (int i = n_files; i-- > 0;)
        if (files[i].inode == inode)
            return i;
    return DISK_NONE;
}

static int
add(ino_t inode, bool created)
{
    if (n_files == FILES_MAX)
        disk_fail("too many files");
    files[n_files] = (struct file) { .inode = inode, .captured = created };
    return n_files++;
}

int
disk_find(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? by_inode(st.st_ino) : DISK_NONE;
}

int
disk_file(int fd, bool created)
{
    char own[64], path[PATH_MAX];
    struct stat st;
    int id = disk_find(fd);

    if (id != DISK_NONE)
        return id;
    if (fstat(fd, &st) != 0)
        disk_fail("fstat");
    if (!S_ISREG(st.st_mode))
        return DISK_NONE;
    id = add(st.st_ino, created);
    disk_held_path(id, path);
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    if (syscall(SYS_linkat, AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0)
        disk_fail(path);
    return id;
}

int
disk_hold(const struct disk_place *place)
{
    char from[PATH_MAX + NAME_MAX + 2], path[PATH_MAX];
    struct stat st;
    int id;

    snprintf(from, sizeof from, "%s/%s", place->folder, place->name);
    if (lstat(from, &st) != 0)
        return DISK_NONE;
    if (S_ISDIR(st.st_mode))
        return DISK_FOLDER;
    if ((id = by_inode(st.st_ino)) != DISK_NONE)
        return id;
    id = add(st.st_ino, false);
    disk_held_path(id, path);
    if (syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, path, 0) != 0)
        disk_fail(from);
    return id;
}

/* ---- what stands there ---- */

static int
open_held(int id, size_t *size)
{
    char path[PATH_MAX];
    struct stat st;

    disk_held_path(id, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0 || fstat(fd, &st) != 0)
        disk_fail(path);
    *size = (size_t)st.st_size;
    return fd;
}

static void
read_at(int fd, uint8_t *to, size_t n, size_t offset)
{
    for (size_t done = 0; done < n;) {
        long got = syscall(SYS_pread64, fd, to + done, n - done, offset + done);
        if (got < 0)
            disk_fail("read");
        if (got == 0) {
            memset(to + done, 0, n - done);
            return;
        }
        done += (size_t)got;
    }
}

static uint8_t *
grown(uint8_t *bytes, size_t from, size_t to)
{
    uint8_t *more = realloc(bytes, to > 0 ? to : 1);

    if (more == NULL)
        disk_fail("memory");
    if (to > from)
        memset(more + from, 0, to - from);
    return more;
}

static void
resize(struct file *f, size_t size)
{
    f->bytes = grown(f->bytes, f->size, size);
    f->size = size;
}

static void
mark(struct file *f, size_t from, size_t end)
{
    size_t blocks = (end + BLOCK - 1) / BLOCK;

    if (blocks > f->n_dirty) {
        f->dirty = grown(f->dirty, f->n_dirty, 2 * blocks);
        f->n_dirty = 2 * blocks;
    }
    for (size_t i = from / BLOCK; i < blocks; i++)
        f->dirty[i] = 1;
}

/* Before its first change the file is as it is on the disk. */
static size_t
capture(int id)
{
    struct file *f = &files[id];
    size_t size = 0;
    int fd = open_held(id, &size);

    if (!f->captured) {
        resize(f, size);
        read_at(fd, f->bytes, size, 0);
        f->captured = true;
    }
    syscall(SYS_close, fd);
    f->changed = true;
    return size;
}

void
disk_writes(int id, uint64_t offset, size_t n)
{
    size_t size = capture(id);

    mark(&files[id], size < offset ? size : (size_t)offset, (size_t)offset + n);
}

void
disk_truncates(int id, uint64_t size)
{
    size_t now = capture(id);

    mark(&files[id], now < size ? now : (size_t)size, now < size ? (size_t)size : now);
}

void
disk_synced(int id)
{
    struct file *f = &files[id];
    size_t size = 0;

    if (!f->changed)
        return;
    int fd = open_held(id, &size);
    resize(f, size);
    for (size_t i = 0; i < f->n_dirty && i * BLOCK < size; i++)
        if (f->dirty[i] != 0)
            read_at(fd, f->bytes + i * BLOCK, size - i * BLOCK < BLOCK ? size - i * BLOCK : BLOCK,
                    i * BLOCK);
    syscall(SYS_close, fd);
    if (f->n_dirty > 0)
        memset(f->dirty, 0, f->n_dirty);
}

/* Linux marks the pages clean that it could not write: the next sync has nothing to do. */
void
disk_sync_failed(int id)
{
    if (files[id].n_dirty > 0)
        memset(files[id].dirty, 0, files[id].n_dirty);
}

/* ---- power loss ---- */

static void
write_back(int fd, const uint8_t *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        long got = syscall(SYS_pwrite64, fd, bytes + done, n - done, done);
        if (got < 0)
            disk_fail("write");
        done += (size_t)got;
    }
    if (syscall(SYS_ftruncate, fd, n) != 0)
        disk_fail("truncate");
}

/* Some of the blocks that were on their way have arrived, in units of 512 B or 4 KiB. */
static void
mix(int id, int fd, size_t now, uint64_t seed)
{
    struct file *f = &files[id];
    size_t unit = disk_draw(seed, (uint64_t)id, 1) % 2 == 0 ? 1 : 8;

    if (disk_draw(seed, (uint64_t)id, 2) % 2 == 0)
        resize(f, now);
    for (size_t i = 0; i < f->n_dirty && i * BLOCK < f->size; i++)
        if (f->dirty[i] != 0 && i * BLOCK < now &&
            disk_draw(seed, (uint64_t)id, 3 + i / unit) % 2 == 0) {
            size_t end = f->size < now ? f->size : now;
            size_t left = end - i * BLOCK;
            read_at(fd, f->bytes + i * BLOCK, left < BLOCK ? left : BLOCK, i * BLOCK);
        }
}

void
disk_contents_lost(enum disk_loss loss, uint64_t seed)
{
    for (int id = 0; id < n_files; id++) {
        struct file *f = &files[id];
        size_t now = 0;
        if (!f->changed)
            continue;
        int fd = open_held(id, &now);
        /* The size may have come through without the bytes. */
        if (loss == DISK_GHOST && now > f->size && disk_draw(seed, (uint64_t)id, 0) % 2 == 0)
            resize(f, now);
        if (loss == DISK_REORDER)
            mix(id, fd, now, seed);
        write_back(fd, f->bytes, f->size);
        syscall(SYS_close, fd);
    }
}

/* ---- from one process to the next ---- */

void
disk_put(FILE *file, const void *bytes, size_t n)
{
    if (n > 0 && fwrite(bytes, 1, n, file) != n)
        disk_fail("state");
}

void
disk_get(FILE *file, void *bytes, size_t n)
{
    if (n > 0 && fread(bytes, 1, n, file) != n)
        disk_fail("state");
}

static FILE *
open_state(const char *how)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/state", held);
    FILE *file = fopen(path, how);
    if (file == NULL)
        disk_fail(path);
    return file;
}

void
disk_save(void)
{
    FILE *file = open_state("we");

    disk_put(file, &n_files, sizeof n_files);
    for (int i = 0; i < n_files; i++) {
        disk_put(file, &files[i], sizeof files[i]);
        disk_put(file, files[i].bytes, files[i].size);
        disk_put(file, files[i].dirty, files[i].n_dirty);
    }
    names_save(file);
    if (fclose(file) != 0)
        disk_fail("state");
}

void
disk_load(void)
{
    FILE *file = open_state("re");

    disk_get(file, &n_files, sizeof n_files);
    for (int i = 0; i < n_files; i++) {
        disk_get(file, &files[i], sizeof files[i]);
        files[i].bytes = grown(NULL, 0, files[i].size);
        files[i].dirty = grown(NULL, 0, files[i].n_dirty);
        disk_get(file, files[i].bytes, files[i].size);
        disk_get(file, files[i].dirty, files[i].n_dirty);
    }
    names_load(file);
    fclose(file);
}
