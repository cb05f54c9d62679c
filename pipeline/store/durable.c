#include "pipeline/store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/sm2/sm3.h"
#include "pipeline/store/planted.h"

#define BUFFER_BYTES 65536u
#define HEAD_BYTES 8192u /* of a dry output, to be shown: a few rows */
#define NAME_BYTES 256u  /* NAME_MAX of Linux and a NUL */

/* ---- writing ---- */

struct perso_durable {
    int folder, fd;
    char name[NAME_BYTES], part[NAME_BYTES];
    struct perso_sm3 *sm3;
    uint64_t bytes;
    size_t held;
    bool failed;   /* a write failed: the file will not be committed */
    bool finished; /* whole, durable and digested; only its name is missing */
    bool noted;    /* so it stays, whatever comes: complete ends it */
    uint8_t digest[PERSO_SM3_BYTES];
    perso_durable_dry_end *dry_end; /* of a dry output */
    void *dry_arg;
    size_t head_n;
    uint8_t head[HEAD_BYTES];
    uint8_t buffer[BUFFER_BYTES];
};

static bool
name_is_plain(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static void
durable_free(struct perso_durable *file)
{
    if (file->fd >= 0)
        close(file->fd);
    if (file->folder >= 0)
        close(file->folder);
    perso_sm3_free(file->sm3);
    free(file);
}

static enum perso_result
part_open(struct perso_durable *file, const char *folder, const char *name, struct perso_error *err)
{
    int n = snprintf(file->part, sizeof file->part, ".%s.part", name);
    if (!name_is_plain(name) || n < 0 || (size_t)n >= sizeof file->part)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: not a file name", name);
    snprintf(file->name, sizeof file->name, "%s", name);
    if (PERSO_BUG(written_in_place))
        memcpy(file->part, file->name, sizeof file->part);
    file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (file->folder < 0)
        return perso_error_errno(err, folder);
    if (unlinkat(file->folder, file->part, 0) != 0 && errno != ENOENT)
        return perso_error_errno(err, file->part);
    file->fd = openat(file->folder, file->part,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return file->fd < 0 ? perso_error_errno(err, file->part) : PERSO_OK;
}

static enum perso_result
durable_new(struct perso_durable **ret, struct perso_error *err)
{
    struct perso_durable *file = malloc(sizeof *file);

    if (file == NULL || (file->sm3 = perso_sm3_new()) == NULL) {
        free(file);
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    }
    file->folder = file->fd = -1;
    file->name[0] = file->part[0] = '\0';
    file->bytes = file->held = 0;
    file->failed = file->finished = file->noted = false;
    file->dry_end = NULL;
    file->head_n = 0;
    *ret = file;
    return PERSO_OK;
}

enum perso_result
perso_durable_open(const char *folder, const char *name, struct perso_durable **ret,
                   struct perso_error *err)
{
    struct perso_durable *file = NULL;
    enum perso_result rc = durable_new(&file, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = part_open(file, folder, name, err)) != PERSO_OK) {
        durable_free(file);
        return rc;
    }
    *ret = file;
    return PERSO_OK;
}

enum perso_result
perso_durable_open_dry(perso_durable_dry_end *end, void *arg, struct perso_durable **ret,
                       struct perso_error *err)
{
    enum perso_result rc = durable_new(ret, err);

    if (rc == PERSO_OK) {
        (*ret)->dry_end = end;
        (*ret)->dry_arg = arg;
    }
    return rc;
}

static enum perso_result
write_all(struct perso_durable *file, const uint8_t *at, size_t n, struct perso_error *err)
{
    if (!perso_sm3_add(file->sm3, at, n)) {
        file->failed = true;
        return perso_error_openssl(err, "SM3");
    }
    file->bytes += n;
    if (file->dry_end != NULL && file->head_n < HEAD_BYTES) {
        size_t more = n < HEAD_BYTES - file->head_n ? n : HEAD_BYTES - file->head_n;
        memcpy(file->head + file->head_n, at, more);
        file->head_n += more;
    }
    while (n > 0 && file->fd >= 0) {
        ssize_t done = write(file->fd, at, n);
        if (done < 0 && errno != EINTR) {
            if (PERSO_BUG(write_error_ignored))
                return PERSO_OK;
            file->failed = true;
            return perso_error_errno(err, file->name);
        }
        if (done > 0) {
            at += done;
            n -= PERSO_BUG(short_write_is_whole) ? n : (size_t)done;
        }
    }
    return PERSO_OK;
}

static enum perso_result
flush(struct perso_durable *file, struct perso_error *err)
{
    size_t n = file->held;
    file->held = 0;
    return write_all(file, file->buffer, n, err);
}

static enum perso_result
durable_sink_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct perso_durable *file = self;
    enum perso_result rc = PERSO_OK;

    if (file->failed)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: an earlier write failed", file->name);
    if (file->held + n > BUFFER_BYTES && (rc = flush(file, err)) != PERSO_OK)
        return rc;
    if (n >= BUFFER_BYTES)
        return write_all(file, bytes, n, err);
    if (n > 0)
        memcpy(file->buffer + file->held, bytes, n);
    file->held += n;
    return PERSO_OK;
}

struct perso_sink
perso_durable_sink(struct perso_durable *file)
{
    return (struct perso_sink) { durable_sink_write, file };
}

void
perso_durable_abandon(struct perso_durable *file)
{
    if (file == NULL)
        return;
    if (file->folder >= 0 && !file->noted)
        unlinkat(file->folder, file->part, 0);
    durable_free(file);
}

/* The folder, too: from here on the name alone is missing, and a crash leaves the temporary file.
 */
static enum perso_result
make_durable(struct perso_durable *file, struct perso_error *err)
{
    int fd = file->fd;

    if (file->failed)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: an earlier write failed", file->name);
    if (fd < 0) /* dry: nothing was written */
        return PERSO_OK;
    if (!PERSO_BUG(no_fsync_before_rename) && fsync(fd) != 0 &&
        !(PERSO_BUG(failed_fsync_repeated) && fsync(fd) == 0))
        return perso_error_errno(err, file->name);
    file->fd = -1;
    return close(fd) == 0 ? PERSO_OK : perso_error_errno(err, file->name);
}

static enum perso_result
finish(struct perso_durable *file, struct perso_error *err)
{
    enum perso_result rc = flush(file, err);

    if (rc == PERSO_OK && !perso_sm3_end(file->sm3, file->digest))
        rc = perso_error_openssl(err, "SM3");
    if (rc == PERSO_OK)
        rc = make_durable(file, err);
    file->finished = rc == PERSO_OK;
    return rc;
}

enum perso_result
perso_durable_finish(struct perso_durable *file, uint8_t sm3[PERSO_SM3_BYTES], uint64_t *bytes,
                     struct perso_error *err)
{
    enum perso_result rc = finish(file, err);

    if (rc == PERSO_OK && file->folder >= 0 && !PERSO_BUG(noted_before_durable) &&
        fsync(file->folder) != 0)
        rc = perso_error_errno(err, file->name);
    if (rc != PERSO_OK) {
        perso_durable_abandon(file);
        return rc;
    }
    file->noted = true;
    memcpy(sm3, file->digest, sizeof file->digest);
    *bytes = file->bytes;
    return PERSO_OK;
}

static enum perso_result
give_name(int folder, const char *part, const char *name, struct perso_error *err)
{
    return renameat(folder, part, folder, name) == 0 &&
                   (PERSO_BUG(rename_not_synced) || fsync(folder) == 0)
               ? PERSO_OK
               : perso_error_errno(err, name);
}

enum perso_result
perso_durable_commit(struct perso_durable *file, uint8_t sm3[PERSO_SM3_BYTES], uint64_t *bytes,
                     struct perso_error *err)
{
    enum perso_result rc = file->finished ? PERSO_OK : finish(file, err);

    if (rc == PERSO_OK && file->folder >= 0)
        rc = give_name(file->folder, file->part, file->name, err);
    else if (rc == PERSO_OK && file->dry_end != NULL)
        file->dry_end(file->dry_arg, file->head, file->head_n);
    if (rc != PERSO_OK) {
        perso_durable_abandon(file);
        return rc;
    }
    if (sm3 != NULL)
        memcpy(sm3, file->digest, sizeof file->digest);
    if (bytes != NULL)
        *bytes = file->bytes;
    durable_free(file);
    return PERSO_OK;
}

enum perso_result
perso_durable_complete(const char *folder, const char *name, bool *stands, struct perso_error *err)
{
    char part[NAME_BYTES];
    struct stat st;
    int n = snprintf(part, sizeof part, ".%s.part", name);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum perso_result rc = PERSO_OK;

    *stands = false;
    if (fd < 0)
        return errno == ENOENT ? PERSO_OK : perso_error_errno(err, folder);
    if (!name_is_plain(name) || n < 0 || (size_t)n >= sizeof part)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: not a file name", name);
    else if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) /* cut off before its fsync */
        *stands = (rc = fsync(fd) == 0 ? PERSO_OK : perso_error_errno(err, name)) == PERSO_OK;
    else if (errno != ENOENT)
        rc = perso_error_errno(err, name);
    else if (fstatat(fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *stands = (rc = give_name(fd, part, name, err)) == PERSO_OK;
    else if (errno != ENOENT)
        rc = perso_error_errno(err, part);
    close(fd);
    return rc;
}

enum perso_result
perso_durable_write(const char *folder, const char *name, const void *bytes, size_t n,
                    struct perso_error *err)
{
    struct perso_durable *file = NULL;
    enum perso_result rc = perso_durable_open(folder, name, &file, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = durable_sink_write(file, bytes, n, err)) != PERSO_OK) {
        perso_durable_abandon(file);
        return rc;
    }
    return perso_durable_commit(file, NULL, NULL, err);
}

/* ---- folders ---- */

static enum perso_result
sync_parent(const char *path, struct perso_error *err)
{
    char parent[4096];
    enum perso_result rc = PERSO_OK;
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n >= sizeof parent)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: path too long", path);
    if (n == 0)
        memcpy(parent, ".", 2);
    else
        snprintf(parent, sizeof parent, "%.*s", (int)n, path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return perso_error_errno(err, parent);
    if (fsync(fd) != 0)
        rc = perso_error_errno(err, parent);
    close(fd);
    return rc;
}

enum perso_result
perso_durable_unlink(const char *path, struct perso_error *err)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int fd, n = slash == NULL ? snprintf(folder, sizeof folder, ".")
                              : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);

    if (n < 0 || (size_t)n >= sizeof folder)
        return perso_error_set(err, PERSO_REJ_NONE, "", "path too long");
    /* What is gone already may be back after a power loss, too. */
    if (unlink(path) != 0 && errno != ENOENT)
        return perso_error_errno(err, path);
    if ((fd = open(folder[0] != '\0' ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return errno == ENOENT ? PERSO_OK : perso_error_errno(err, folder);
    enum perso_result rc =
        !PERSO_BUG(unlink_not_synced) && fsync(fd) != 0 ? perso_error_errno(err, folder) : PERSO_OK;
    close(fd);
    return rc;
}

enum perso_result
perso_durable_sync(const char *folder, struct perso_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum perso_result rc = PERSO_OK;

    if (fd < 0)
        return errno == ENOENT ? PERSO_OK : perso_error_errno(err, folder);
    if (fsync(fd) != 0)
        rc = perso_error_errno(err, folder);
    close(fd);
    return rc;
}

enum perso_result
perso_durable_folder(const char *path, struct perso_error *err)
{
    struct stat st;

    if (mkdir(path, 0700) != 0) {
        if (errno != EEXIST)
            return perso_error_errno(err, path);
        if (lstat(path, &st) != 0)
            return perso_error_errno(err, path);
        if (!S_ISDIR(st.st_mode))
            return perso_error_set(err, PERSO_REJ_NONE, "", "%s: not a folder", path);
    }
    return sync_parent(path, err);
}

/* ---- reading ---- */

/* What the operator can set right refuses the file; what the machine lacks ends the run. */
static enum perso_result
open_error(const char *path, struct perso_error *err)
{
    int number = errno;

    perso_error_at(err, path, 0, 0);
    switch (number) {
    case ELOOP: /* O_NOFOLLOW met a link */
    case ENXIO: /* a socket */
        return perso_error_set(err, PERSO_REJ_FILE_KIND, "", "not a regular file");
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case ENAMETOOLONG:
        return perso_error_set(err, PERSO_REJ_FILE_OPEN, "", "%s", perso_errno_text(number));
    default:
        errno = number;
        return perso_error_errno(err, path);
    }
}

/* O_NONBLOCK: a FIFO must not hold us up before its kind is seen. */
static enum perso_result
open_regular(const char *path, int *ret, uint64_t *bytes, struct perso_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return open_error(path, err);
    if (fstat(fd, &st) != 0) {
        enum perso_result rc = perso_error_errno(err, path);
        close(fd);
        return rc;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        perso_error_at(err, path, 0, 0);
        return perso_error_set(err, PERSO_REJ_FILE_KIND, "", "not a regular file");
    }
    *ret = fd;
    *bytes = (uint64_t)st.st_size;
    return PERSO_OK;
}

/* 1..max bytes, or *n = 0 at the end. */
static enum perso_result
read_some(int fd, const char *path, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    ssize_t got;

    do
        got = read(fd, buf, max);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return perso_error_errno(err, path);
    *n = (size_t)got;
    return PERSO_OK;
}

static enum perso_result
too_large(const char *path, size_t max, struct perso_error *err)
{
    perso_error_at(err, path, 0, 0);
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "more than %zu bytes", max);
}

enum perso_result
perso_file_read(const char *path, size_t max, uint8_t **ret, size_t *n, struct perso_error *err)
{
    uint8_t *bytes = NULL;
    uint64_t size = 0;
    size_t have = 0, got = 0;
    int fd = -1;
    enum perso_result rc = open_regular(path, &fd, &size, err);

    if (rc != PERSO_OK)
        return rc;
    if (size > max) {
        rc = too_large(path, max, err);
        goto out;
    }
    if ((bytes = malloc((size_t)size + 1)) == NULL) {
        rc = perso_error_errno(err, path);
        goto out;
    }
    /* One byte more than the size tells a file that grows while it is read. */
    do {
        if ((rc = read_some(fd, path, bytes + have, (size_t)size + 1 - have, &got, err)) !=
            PERSO_OK)
            goto out;
        have += got;
    } while (got > 0 && have <= size);
    if (have > size) {
        perso_error_at(err, path, 0, 0);
        rc = perso_error_set(err, PERSO_REJ_FILE_OPEN, "", "grows while it is read");
        goto out;
    }
    *ret = bytes;
    bytes = NULL;
    *n = have;
out:
    free(bytes);
    close(fd);
    return rc;
}

struct perso_file_source {
    int fd;
    char *path;
    uint64_t bytes;
    size_t at, held; /* of the buffer */
    uint8_t buffer[BUFFER_BYTES];
};

enum perso_result
perso_file_source_open(const char *path, struct perso_file_source **ret, struct perso_error *err)
{
    struct perso_file_source *file = malloc(sizeof *file);
    enum perso_result rc;

    if (file == NULL)
        return perso_error_errno(err, path);
    file->fd = -1;
    file->at = file->held = 0;
    if ((file->path = strdup(path)) == NULL) {
        rc = perso_error_errno(err, path);
        free(file);
        return rc;
    }
    if ((rc = open_regular(path, &file->fd, &file->bytes, err)) != PERSO_OK) {
        perso_file_source_close(file);
        return rc;
    }
    posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret = file;
    return PERSO_OK;
}

static enum perso_result
file_source_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_file_source *file = self;
    size_t got = 0;
    enum perso_result rc = PERSO_OK;

    if (file->at == file->held && max >= BUFFER_BYTES) { /* no need to copy */
        rc = read_some(file->fd, file->path, buf, max, &got, err);
        if (rc != PERSO_OK || got == 0)
            return rc == PERSO_OK ? PERSO_END : rc;
        *n = got;
        return PERSO_OK;
    }
    if (file->at == file->held) {
        rc = read_some(file->fd, file->path, file->buffer, BUFFER_BYTES, &got, err);
        if (rc != PERSO_OK || got == 0)
            return rc == PERSO_OK ? PERSO_END : rc;
        file->at = 0;
        file->held = got;
    }
    got = file->held - file->at < max ? file->held - file->at : max;
    memcpy(buf, file->buffer + file->at, got);
    file->at += got;
    *n = got;
    return PERSO_OK;
}

struct perso_source
perso_file_source(struct perso_file_source *file)
{
    return (struct perso_source) { file_source_read, file };
}

uint64_t
perso_file_source_bytes(const struct perso_file_source *file)
{
    return file->bytes;
}

enum perso_result
perso_file_source_rewind(struct perso_file_source *file, struct perso_error *err)
{
    file->at = file->held = 0;
    if (lseek(file->fd, 0, SEEK_SET) != 0)
        return perso_error_errno(err, file->path);
    return PERSO_OK;
}

void
perso_file_source_close(struct perso_file_source *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    OPENSSL_cleanse(file->buffer, sizeof file->buffer); /* a return may carry secrets in clear */
    free(file->path);
    free(file);
}

enum perso_result
perso_source_sm3(const struct perso_source *source, uint8_t sm3[PERSO_SM3_BYTES], uint64_t *bytes,
                 struct perso_error *err)
{
    struct perso_sm3 *running = perso_sm3_new();
    uint8_t *buf = malloc(BUFFER_BYTES);
    uint64_t total = 0;
    size_t n = 0;
    enum perso_result rc = PERSO_OK;

    if (running == NULL || buf == NULL) {
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
        goto out;
    }
    while ((rc = perso_source_read(source, buf, BUFFER_BYTES, &n, err)) == PERSO_OK) {
        if (!perso_sm3_add(running, buf, n)) {
            rc = perso_error_openssl(err, "SM3");
            goto out;
        }
        total += n;
    }
    if (rc != PERSO_END)
        goto out;
    if (!perso_sm3_end(running, sm3)) {
        rc = perso_error_openssl(err, "SM3");
        goto out;
    }
    rc = PERSO_OK;
    if (bytes != NULL)
        *bytes = total;
out:
    perso_sm3_free(running);
    free(buf);
    return rc;
}
