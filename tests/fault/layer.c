/*
 * FAULT LAYER: preloaded before a program, it numbers the calls that change files below one folder
 * and makes one of them fail, or the process or the whole machine die there. What a power loss
 * leaves is told in disk.h; what modes there are, in modes.h.
 *
 *   PERSO_FAULT_ROOT   the folder, as realpath tells it
 *   PERSO_FAULT_HELD   a folder for the layer's own use, on the same file system, not below it
 *   PERSO_FAULT_COUNT  file that is given a line for each point of a run: operation, path
 *   PERSO_FAULT_POINT  number of the point, from 1, where
 *   PERSO_FAULT_MODE   this happens
 *   PERSO_FAULT_SEED   number that chooses what survives a power loss
 *   PERSO_FAULT_FIRED  file that is made when it happens: operation, path
 *   PERSO_FAULT_SEEN   folder that is given a copy of every file whose name was made before a power
 *                      loss: what a peer may have taken meanwhile; `/` in paths is `%`
 *
 *   PERSO_FAULT_AFTER  set: the process goes on where one was killed in mode "later"; power loss at
 *                      its end
 *
 * Counted are the calls of the program and its libraries through these names. What glibc does
 * inside (stdio, mkstemp) is not seen: the program writes no file so. SQLite calls through them;
 * its -shm is memory, not counted, and gone after a power loss. One process is one course: what was
 * written before it is durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disk.h"
#include "modes.h"

#define SHM_MAX 16

static char root[PATH_MAX];
static size_t root_n; /* 0: nothing is counted */
static FILE *count_to;
static unsigned long point_now, point_wanted;
static enum fault_mode mode = FAULT_MODE_COUNT;
static uint64_t seed;
static bool full;         /* the disk, since a point of mode enospc */
static bool lost_at_exit; /* since a point of mode failsync */
static char shm[SHM_MAX][PATH_MAX];
static int n_shm;

/* ---- what happens ---- */

struct answer {
    int error;  /* of the call; 0: it is made */
    bool half;  /* of a write */
    bool dying; /* after it */
};

static void
write_file(const char *path, const char *text, size_t n)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || syscall(SYS_write, fd, text, n) != (long)n)
        disk_fail(path);
    syscall(SYS_close, fd);
}

static void
tell_fired(enum fault_op op, const char *path)
{
    const char *fired = getenv("PERSO_FAULT_FIRED");
    char line[PATH_MAX + 32];
    int n = snprintf(line, sizeof line, "%s %s\n", fault_op_words[op], path);

    if (fired != NULL && n > 0)
        write_file(fired, line, (size_t)n);
}

static void
copy_seen(const char *folder, const char *name)
{
    char from[PATH_MAX + NAME_MAX + 2], to[2 * PATH_MAX + NAME_MAX];
    static char bytes[1 << 20];
    size_t have = 0;
    long got;

    snprintf(from, sizeof from, "%s/%s", folder, name);
    int n = snprintf(to, sizeof to, "%s/", getenv("PERSO_FAULT_SEEN"));
    snprintf(to + n, sizeof to - (size_t)n, "%s", from + root_n + 1);
    for (char *c = to + n; *c != '\0'; c++)
        if (*c == '/')
            *c = '%';
    int fd = (int)syscall(SYS_openat, AT_FDCWD, from, O_RDONLY, 0);
    if (fd < 0)
        return;
    while (have < sizeof bytes &&
           (got = syscall(SYS_read, fd, bytes + have, sizeof bytes - have)) > 0)
        have += (size_t)got;
    syscall(SYS_close, fd);
    write_file(to, bytes, have);
}

static void
lose_power(enum disk_loss loss)
{
    if (getenv("PERSO_FAULT_SEEN") != NULL)
        disk_each_new_name(copy_seen);
    disk_contents_lost(loss, seed);
    disk_names_lost(loss, seed);
    for (int i = 0; i < n_shm; i++)
        syscall(SYS_unlinkat, AT_FDCWD, shm[i], 0);
}

static _Noreturn void
die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    abort();
}

static const int errors[FAULT_MODE_COUNT] = {
    [FAULT_MODE_EIO] = EIO,       [FAULT_MODE_FAILSYNC] = EIO, [FAULT_MODE_ENOSPC] = ENOSPC,
    [FAULT_MODE_EDQUOT] = EDQUOT, [FAULT_MODE_EINTR] = EINTR,  [FAULT_MODE_EMFILE] = EMFILE,
    [FAULT_MODE_EACCES] = EACCES, [FAULT_MODE_EROFS] = EROFS,
};

static enum disk_loss
loss_of(enum fault_mode m)
{
    return m == FAULT_MODE_LOSE ? DISK_LOSE : m == FAULT_MODE_GHOST ? DISK_GHOST : DISK_REORDER;
}

static struct answer
strike(enum fault_op op)
{
    switch (mode) {
    case FAULT_MODE_LATER:
        root_n = 0;
        disk_save();
        die();
    case FAULT_MODE_KILL:
        die();
    case FAULT_MODE_TORN:
        return (struct answer) { .half = true, .dying = true };
    case FAULT_MODE_LOSE:
    case FAULT_MODE_GHOST:
    case FAULT_MODE_REORDER:
        lose_power(loss_of(mode));
        if (op == FAULT_EXIT)
            return (struct answer) { 0 };
        die();
    case FAULT_MODE_SHORT:
        return (struct answer) { .half = true };
    case FAULT_MODE_ENOSPC:
        full = true;
        if (op == FAULT_WRITE)
            return (struct answer) { .half = true };
        return (struct answer) { .error = ENOSPC };
    case FAULT_MODE_FAILSYNC:
        lost_at_exit = true;
        return (struct answer) { .error = EIO };
    default:
        return (struct answer) { .error = errors[mode] };
    }
}

static struct answer
point(enum fault_op op, const char *path)
{
    point_now++;
    if (count_to != NULL)
        fprintf(count_to, "%s %s\n", fault_op_words[op], path + (path[root_n] == '/' ? root_n : 0));
    if (point_now == point_wanted && (fault_modes[mode].where >> op & 1u) != 0) {
        tell_fired(op, path);
        return strike(op);
    }
    if (full && (fault_modes[FAULT_MODE_ENOSPC].where >> op & 1u) != 0 && op != FAULT_SYNC)
        return (struct answer) { .error = ENOSPC };
    return (struct answer) { 0 };
}

static bool
denied(struct answer answer)
{
    errno = answer.error;
    return answer.error != 0;
}

/* ---- beginning and end ---- */

static void
at_exit(int status, void *unused)
{
    (void)unused;
    if (root_n == 0)
        return;
    point(FAULT_EXIT, root);
    if (lost_at_exit)
        lose_power(DISK_LOSE);
    if (count_to != NULL && fclose(count_to) != 0)
        disk_fail("count");
    root_n = 0;
    (void)status;
}

static __attribute__((constructor)) void
begin(void)
{
    const char *folder = getenv("PERSO_FAULT_ROOT"), *held = getenv("PERSO_FAULT_HELD");
    const char *count = getenv("PERSO_FAULT_COUNT"), *wanted = getenv("PERSO_FAULT_POINT");
    const char *word = getenv("PERSO_FAULT_MODE"), *drawn = getenv("PERSO_FAULT_SEED");

    if (folder == NULL || held == NULL)
        return;
    snprintf(root, sizeof root, "%s", folder);
    disk_init(held);
    if (count != NULL && (count_to = fopen(count, "we")) == NULL)
        disk_fail(count);
    point_wanted = wanted != NULL ? strtoul(wanted, NULL, 10) : 0;
    seed = drawn != NULL ? strtoull(drawn, NULL, 10) : 0;
    for (int i = 0; word != NULL && i < FAULT_MODE_COUNT; i++)
        if (strcmp(word, fault_modes[i].word) == 0)
            mode = (enum fault_mode)i;
    if (mode == FAULT_MODE_COUNT && point_wanted != 0)
        disk_fail("no such mode");
    if (on_exit(at_exit, NULL) != 0)
        disk_fail("on_exit");
    if (getenv("PERSO_FAULT_AFTER") != NULL) {
        disk_load();
        lost_at_exit = true;
    }
    root_n = strlen(root);
}

/* ---- places ---- */

static bool
below_root(const char *path)
{
    return root_n > 0 && strncmp(path, root, root_n) == 0 &&
           (path[root_n] == '/' || path[root_n] == '\0');
}

static bool
path_of(int fd, char out[PATH_MAX])
{
    char own[64];

    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(own, out, PATH_MAX - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    return true;
}

/* false: not below the root, or nowhere at all. */
static bool
find_place(int folder_fd, const char *path, struct disk_place *ret)
{
    char whole[2 * PATH_MAX], base[PATH_MAX];

    if (root_n == 0)
        return false;
    if (path[0] == '/' || folder_fd == AT_FDCWD)
        snprintf(whole, sizeof whole, "%s", path);
    else if (path_of(folder_fd, base))
        snprintf(whole, sizeof whole, "%s/%s", base, path);
    else
        return false;
    for (size_t n = strlen(whole); n > 1 && whole[n - 1] == '/'; n--)
        whole[n - 1] = '\0';
    char *slash = strrchr(whole, '/');
    const char *name = slash != NULL ? slash + 1 : whole;
    if (strlen(name) > NAME_MAX)
        return false;
    strcpy(ret->name, name);
    if (slash != NULL)
        *slash = '\0';
    if (realpath(slash == NULL ? "." : slash == whole ? "/" : whole, ret->folder) == NULL)
        return false;
    return below_root(ret->folder);
}

static void
text_of(const struct disk_place *place, char out[PATH_MAX + NAME_MAX + 2])
{
    snprintf(out, PATH_MAX + NAME_MAX + 2, "%s/%s", place->folder, place->name);
}

static struct answer
point_at(enum fault_op op, const struct disk_place *place)
{
    char path[PATH_MAX + NAME_MAX + 2];

    text_of(place, path);
    return point(op, path);
}

static struct answer
point_of(enum fault_op op, int fd)
{
    char path[PATH_MAX] = "?";

    if (count_to != NULL || point_now + 1 == point_wanted)
        path_of(fd, path);
    return point(op, path);
}

static bool
is_shm(const struct disk_place *place)
{
    char path[PATH_MAX + NAME_MAX + 2];
    size_t n = strlen(place->name);

    if (n < 4 || strcmp(place->name + n - 4, "-shm") != 0)
        return false;
    text_of(place, path);
    for (int i = 0; i < n_shm; i++)
        if (strcmp(shm[i], path) == 0)
            return true;
    if (n_shm == SHM_MAX || strlen(path) >= PATH_MAX)
        disk_fail("too many -shm");
    strcpy(shm[n_shm++], path);
    return true;
}

/* ---- open, close ---- */

static int
open_as_asked(int folder, const char *path, int flags, mode_t permissions)
{
    return (int)syscall(SYS_openat, folder, path, flags, permissions);
}

static int
do_open(int folder, const char *path, int flags, mode_t permissions)
{
    struct disk_place place;
    struct stat st;
    char text[PATH_MAX + NAME_MAX + 2];
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;

    if (!writes || (flags & O_TMPFILE) == O_TMPFILE || !find_place(folder, path, &place) ||
        is_shm(&place))
        return open_as_asked(folder, path, flags, permissions);
    text_of(&place, text);
    bool there = lstat(text, &st) == 0;
    if (there ? (flags & O_EXCL) != 0 || !S_ISREG(st.st_mode) : (flags & O_CREAT) == 0)
        return open_as_asked(folder, path, flags, permissions);
    if (denied(point(there ? FAULT_OPEN : FAULT_CREATE, text)))
        return -1;
    if (there && (flags & O_TRUNC) != 0)
        disk_truncates(disk_hold(&place), 0);
    int fd = open_as_asked(folder, path, flags, permissions);
    if (fd < 0)
        return fd;
    int id = disk_file(fd, !there);
    if (!there)
        disk_named(&place, DISK_NONE, id, false);
    return fd;
}

#define PERMISSIONS(flags, permissions)                                                            \
    mode_t permissions = 0;                                                                        \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                  \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        permissions = va_arg(rest, mode_t);                                                        \
        va_end(rest);                                                                              \
    }

int
open(const char *path, int flags, ...)
{
    PERMISSIONS(flags, permissions)
    return do_open(AT_FDCWD, path, flags, permissions);
}

int
open64(const char *path, int flags, ...)
{
    PERMISSIONS(flags, permissions)
    return do_open(AT_FDCWD, path, flags, permissions);
}

int
openat(int folder, const char *path, int flags, ...)
{
    PERMISSIONS(flags, permissions)
    return do_open(folder, path, flags, permissions);
}

int
openat64(int folder, const char *path, int flags, ...)
{
    PERMISSIONS(flags, permissions)
    return do_open(folder, path, flags, permissions);
}

/* What -D_FORTIFY_SOURCE calls instead. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
    return do_open(AT_FDCWD, path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
    return do_open(AT_FDCWD, path, flags, 0);
}

int
__openat_2(int folder, const char *path, int flags)
{
    return do_open(folder, path, flags, 0);
}

int
__openat64_2(int folder, const char *path, int flags)
{
    return do_open(folder, path, flags, 0);
}

int
creat(const char *path, mode_t permissions)
{
    return do_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, permissions);
}

int
creat64(const char *path, mode_t permissions)
{
    return do_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, permissions);
}

int
close(int fd)
{
    struct answer answer = { 0 };

    if (root_n > 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && disk_find(fd) >= 0)
        answer = point_of(FAULT_CLOSE, fd);
    int ret = (int)syscall(SYS_close, fd); /* Linux closes it in any case */
    return denied(answer) ? -1 : ret;
}

/* ---- write ---- */

static ssize_t
as_asked(int fd, const void *bytes, size_t n, int64_t offset)
{
    return offset < 0 ? syscall(SYS_write, fd, bytes, n)
                      : syscall(SYS_pwrite64, fd, bytes, n, offset);
}

static ssize_t
do_write(int fd, const void *bytes, size_t n, int64_t offset)
{
    struct stat st;
    int id = root_n > 0 ? disk_find(fd) : DISK_NONE;
    int64_t at = offset;

    if (id < 0 || n == 0)
        return as_asked(fd, bytes, n, offset);
    struct answer answer = point_of(FAULT_WRITE, fd);
    if (answer.half && n == 1 && (answer.dying || full)) { /* none of it */
        answer = (struct answer) { .error = ENOSPC, .dying = answer.dying };
        n = 0;
    }
    if (answer.half && n > 1)
        n /= 2;
    if ((fcntl(fd, F_GETFL) & O_APPEND) != 0)
        at = fstat(fd, &st) == 0 ? st.st_size : 0;
    else if (at < 0)
        at = lseek(fd, 0, SEEK_CUR);
    ssize_t ret = -1;
    if (answer.error == 0) {
        disk_writes(id, (uint64_t)at, n);
        ret = as_asked(fd, bytes, n, offset);
    }
    if (answer.dying)
        die();
    return denied(answer) ? -1 : ret;
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
    return do_write(fd, bytes, n, -1);
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    return do_write(fd, bytes, n, offset);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
{
    return do_write(fd, bytes, n, offset);
}

/* Piece by piece: a short write is legal. */
ssize_t
writev(int fd, const struct iovec *pieces, int n)
{
    if (root_n == 0 || disk_find(fd) < 0)
        return syscall(SYS_writev, fd, pieces, n);
    return n > 0 ? do_write(fd, pieces[0].iov_base, pieces[0].iov_len, -1) : 0;
}

/* ---- fsync, truncate ---- */

static int
sync_folder(int fd, const char *path)
{
    if (denied(point(FAULT_SYNCDIR, path)))
        return -1;
    int ret = (int)syscall(SYS_fsync, fd);
    if (ret == 0)
        disk_folder_synced(path);
    return ret;
}

static int
do_sync(int fd, long number)
{
    char path[PATH_MAX];
    struct stat st;
    int id = root_n > 0 ? disk_find(fd) : DISK_NONE;

    if (id < 0 && root_n > 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && path_of(fd, path) &&
        below_root(path))
        return sync_folder(fd, path);
    if (id < 0)
        return (int)syscall(number, fd);
    if (denied(point_of(FAULT_SYNC, fd))) {
        if (errno != EINTR) {
            int number_of_error = errno;
            disk_sync_failed(id);
            errno = number_of_error;
        }
        return -1;
    }
    int ret = (int)syscall(number, fd);
    if (ret == 0)
        disk_synced(id);
    return ret;
}

int
fsync(int fd)
{
    return do_sync(fd, SYS_fsync);
}

int
fdatasync(int fd)
{
    return do_sync(fd, SYS_fdatasync);
}

static int
do_truncate(int fd, int64_t size)
{
    int id = root_n > 0 ? disk_find(fd) : DISK_NONE;

    if (id >= 0) {
        if (denied(point_of(FAULT_TRUNCATE, fd)))
            return -1;
        disk_truncates(id, (uint64_t)size);
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

int
ftruncate(int fd, off_t size)
{
    return do_truncate(fd, size);
}

int
ftruncate64(int fd, off64_t size)
{
    return do_truncate(fd, size);
}

/* ---- names ---- */

static int
do_rename(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    struct disk_place a, b;

    if (!find_place(from_folder, from, &a) || !find_place(to_folder, to, &b))
        return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (denied(point_at(FAULT_RENAME, &b)))
        return -1;
    int moved = disk_hold(&a), replaced = disk_hold(&b);
    int ret = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (ret == 0 && moved != replaced) {
        disk_named(&a, moved, DISK_NONE, false);
        disk_named(&b, replaced, moved, strcmp(a.folder, b.folder) == 0);
    }
    return ret;
}

int
rename(const char *from, const char *to)
{
    return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return do_rename(from_folder, from, to_folder, to, 0);
}

int
renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    return do_rename(from_folder, from, to_folder, to, flags);
}

int
linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    struct disk_place a, b;

    if (!find_place(from_folder, from, &a) || !find_place(to_folder, to, &b))
        return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    if (denied(point_at(FAULT_LINK, &b)))
        return -1;
    int ret = (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    if (ret == 0)
        disk_named(&b, DISK_NONE, disk_hold(&a), false);
    return ret;
}

int
link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlinkat(int folder, const char *path, int flags)
{
    struct disk_place place;
    char text[PATH_MAX + NAME_MAX + 2];
    struct stat st;

    if (!find_place(folder, path, &place) || is_shm(&place))
        return (int)syscall(SYS_unlinkat, folder, path, flags);
    text_of(&place, text);
    if (lstat(text, &st) != 0) /* nothing to be removed: no point */
        return (int)syscall(SYS_unlinkat, folder, path, flags);
    if (denied(point(FAULT_UNLINK, text)))
        return -1;
    int gone = disk_hold(&place);
    int ret = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (ret == 0)
        disk_named(&place, gone, DISK_NONE, false);
    return ret;
}

int
unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
mkdirat(int folder, const char *path, mode_t permissions)
{
    struct disk_place place;
    char text[PATH_MAX + NAME_MAX + 2];
    struct stat st;

    if (!find_place(folder, path, &place))
        return (int)syscall(SYS_mkdirat, folder, path, permissions);
    text_of(&place, text);
    if (lstat(text, &st) == 0)
        return (int)syscall(SYS_mkdirat, folder, path, permissions);
    if (denied(point(FAULT_MKDIR, text)))
        return -1;
    int ret = (int)syscall(SYS_mkdirat, folder, path, permissions);
    if (ret == 0)
        disk_named(&place, DISK_NONE, DISK_FOLDER, false);
    return ret;
}

int
mkdir(const char *path, mode_t permissions)
{
    return mkdirat(AT_FDCWD, path, permissions);
}
