#include "pipeline/store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/store/planted.h"

#define BUFFER_BYTES (PERSO_SEGMENT_PREFIX + PERSO_SEGMENT_PAYLOAD_BYTES)
#define NUMBER_MAX 9999u /* 9,999 GiB: a thousand times the largest job */
#define NAME_BYTES 16

struct perso_segments {
    enum perso_segment_access access;
    int folder;
    uint64_t max_bytes;
    uint32_t number;  /* the one being written; 0: none */
    int fd;           /* of it; -1: not open */
    uint64_t flushed; /* its bytes in the file; the rest is held */
    size_t held;
    bool unsynced;
    bool broken; /* a write or sync failed: it is never repeated */
    int *readers;
    size_t n_readers; /* descriptors by number, -1: not open */
    uint8_t buffer[BUFFER_BYTES];
};

static const char *
segment_name(uint32_t number, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "%04u.seg", number % (NUMBER_MAX + 1));
    return name;
}

static enum perso_result
segment_error(struct perso_segments *s, uint32_t number, struct perso_error *err)
{
    char name[NAME_BYTES];
    s->broken = s->access != PERSO_SEGMENT_READ;
    return perso_error_errno(err, segment_name(number, name));
}

static void
close_current(struct perso_segments *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* Later segments hold nothing that the ledger knows. */
static enum perso_result
remove_after(struct perso_segments *s, uint32_t last, struct perso_error *err)
{
    char name[NAME_BYTES];
    bool removed = false;

    for (uint32_t n = last + 1; n <= NUMBER_MAX; n++) {
        if (unlinkat(s->folder, segment_name(n, name), 0) != 0) {
            if (errno == ENOENT)
                break;
            return segment_error(s, n, err);
        }
        removed = true;
        if (n < s->n_readers && s->readers[n] >= 0) {
            close(s->readers[n]);
            s->readers[n] = -1;
        }
    }
    if (removed && fsync(s->folder) != 0)
        return segment_error(s, last, err);
    return PERSO_OK;
}

/* Take up a segment at its end; what lies behind it is cut. */
static enum perso_result
resume_at(struct perso_segments *s, struct perso_segment_place end, struct perso_error *err)
{
    char name[NAME_BYTES];
    struct stat st;
    enum perso_result rc;

    close_current(s);
    s->number = end.segment;
    s->flushed = end.offset;
    s->held = 0;
    s->unsynced = false; /* what stands before the end was committed */
    if ((rc = remove_after(s, end.segment, err)) != PERSO_OK || end.segment == 0)
        return rc;
    s->fd = openat(s->folder, segment_name(end.segment, name),
                   O_RDWR | O_NOFOLLOW | O_CLOEXEC | (PERSO_BUG(tail_not_cut) ? O_APPEND : 0));
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return segment_error(s, end.segment, err);
    if ((uint64_t)st.st_size < end.offset) {
        s->broken = true;
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s: have %jd bytes, the ledger knows %ju",
                               name, (intmax_t)st.st_size, (uintmax_t)end.offset);
    }
    if ((uint64_t)st.st_size == end.offset || PERSO_BUG(tail_not_cut))
        return PERSO_OK;
    if (ftruncate(s->fd, (off_t)end.offset) != 0 || fsync(s->fd) != 0)
        return segment_error(s, end.segment, err);
    return PERSO_OK;
}

static enum perso_result
start_dry(struct perso_segments *s, uint32_t number, struct perso_error *err)
{
    char name[] = "/.dry-XXXXXX", path[4096];
    char folder[32];

    /* The folder's own descriptor names it, wherever it was opened from. */
    snprintf(folder, sizeof folder, "/proc/self/fd/%d", s->folder);
    ssize_t n = readlink(folder, path, sizeof path - sizeof name);
    if (n < 0)
        return segment_error(s, number, err);
    memcpy(path + n, name, sizeof name);
    if ((s->fd = mkstemp(path)) < 0)
        return segment_error(s, number, err);
    if (unlink(path) != 0 || fcntl(s->fd, F_SETFD, FD_CLOEXEC) != 0)
        return segment_error(s, number, err);
    s->number = number;
    return PERSO_OK;
}

enum perso_result
perso_segments_open(const char *folder, enum perso_segment_access access,
                    struct perso_segment_place end, uint64_t max_bytes, struct perso_segments **ret,
                    struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;
    struct perso_segments *s = calloc(1, sizeof *s);

    if (s == NULL)
        return perso_error_errno(err, "segments");
    s->access = access;
    s->max_bytes = max_bytes;
    s->fd = -1;
    s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->folder < 0)
        rc = perso_error_errno(err, folder);
    if (rc == PERSO_OK && access == PERSO_SEGMENT_WRITE)
        rc = resume_at(s, end, err);
    if (rc == PERSO_OK && access == PERSO_SEGMENT_DRY)
        rc = start_dry(s, end.segment + 1, err);
    if (rc != PERSO_OK) {
        perso_segments_close(s);
        return rc;
    }
    *ret = s;
    return PERSO_OK;
}

static enum perso_result
flush(struct perso_segments *s, struct perso_error *err)
{
    for (size_t done = 0; done < s->held;) {
        ssize_t n = pwrite(s->fd, s->buffer + done, s->held - done, (off_t)(s->flushed + done));
        if (n < 0 && errno != EINTR)
            return segment_error(s, s->number, err);
        if (n > 0)
            done += (size_t)n;
    }
    s->flushed += s->held;
    s->held = 0;
    return PERSO_OK;
}

enum perso_result
perso_segments_sync(struct perso_segments *s, struct perso_error *err)
{
    enum perso_result rc;

    if (s->broken)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: an earlier write failed");
    if (!s->unsynced || s->access == PERSO_SEGMENT_DRY)
        return PERSO_OK;
    if ((rc = flush(s, err)) != PERSO_OK)
        return rc;
    if (!PERSO_BUG(payload_not_synced) && fdatasync(s->fd) != 0)
        return segment_error(s, s->number, err);
    s->unsynced = false;
    return PERSO_OK;
}

static enum perso_result
next_segment(struct perso_segments *s, struct perso_error *err)
{
    char name[NAME_BYTES];
    enum perso_result rc = perso_segments_sync(s, err);

    if (rc != PERSO_OK)
        return rc;
    if (s->number == NUMBER_MAX)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: too many segments");
    close_current(s);
    s->fd = openat(s->folder, segment_name(s->number + 1, name),
                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->fd < 0 || fsync(s->folder) != 0)
        return segment_error(s, s->number + 1, err);
    s->number++;
    s->flushed = 0;
    return PERSO_OK;
}

enum perso_result
perso_segments_append(struct perso_segments *s, struct perso_cursor payload,
                      struct perso_segment_place *place, struct perso_error *err)
{
    size_t n = perso_left(&payload);
    uint64_t end = s->flushed + s->held;
    enum perso_result rc = PERSO_OK;

    if (s->broken || s->access == PERSO_SEGMENT_READ)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: cannot be written");
    if (n > PERSO_SEGMENT_PAYLOAD_BYTES)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: record of %zu bytes", n);
    if (s->number == 0 || (s->access != PERSO_SEGMENT_DRY && end > 0 &&
                           end + PERSO_SEGMENT_PREFIX + n > s->max_bytes))
        rc = next_segment(s, err);
    if (rc == PERSO_OK && s->held + PERSO_SEGMENT_PREFIX + n > BUFFER_BYTES)
        rc = flush(s, err);
    if (rc != PERSO_OK)
        return rc;
    *place = (struct perso_segment_place) { s->number, s->flushed + s->held };
    uint8_t *at = s->buffer + s->held;
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(n >> (24 - 8 * i));
    if (n > 0)
        memcpy(at + PERSO_SEGMENT_PREFIX, payload.at, n);
    s->held += PERSO_SEGMENT_PREFIX + n;
    s->unsynced = true;
    return PERSO_OK;
}

static enum perso_result
reader_of(struct perso_segments *s, uint32_t number, int *ret, struct perso_error *err)
{
    char name[NAME_BYTES];

    if (number == s->number && s->fd >= 0) {
        *ret = s->fd;
        return PERSO_OK;
    }
    if (number == 0 || number > NUMBER_MAX)
        return perso_error_set(err, PERSO_REJ_NONE, "", "data: no segment %u", number);
    if (number >= s->n_readers) {
        int *more = realloc(s->readers, (number + 1) * sizeof *more);
        if (more == NULL)
            return perso_error_errno(err, "segments");
        s->readers = more;
        while (s->n_readers <= number)
            s->readers[s->n_readers++] = -1;
    }
    if (s->readers[number] < 0)
        s->readers[number] =
            openat(s->folder, segment_name(number, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (s->readers[number] < 0)
        return perso_error_errno(err, name);
    *ret = s->readers[number];
    return PERSO_OK;
}

static enum perso_result
read_at(int fd, uint8_t *buf, size_t n, uint64_t offset, uint32_t number, struct perso_error *err)
{
    char name[NAME_BYTES];

    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, buf + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR)
            return perso_error_errno(err, segment_name(number, name));
        if (got == 0)
            return perso_error_set(err, PERSO_REJ_NONE, "", "%s: ends inside a record",
                                   segment_name(number, name));
        if (got > 0)
            done += (size_t)got;
    }
    return PERSO_OK;
}

enum perso_result
perso_segments_read(struct perso_segments *s, struct perso_segment_place place, uint32_t bytes,
                    uint8_t *buf, struct perso_error *err)
{
    size_t n = PERSO_SEGMENT_PREFIX + (size_t)bytes;
    char name[NAME_BYTES];
    enum perso_result rc = PERSO_OK;
    int fd = -1;

    if (place.segment == s->number && place.offset >= s->flushed) {
        if (place.offset + n > s->flushed + s->held)
            return perso_error_set(err, PERSO_REJ_NONE, "", "%s: ends inside a record",
                                   segment_name(place.segment, name));
        memcpy(buf, s->buffer + (place.offset - s->flushed), n);
    } else if ((rc = reader_of(s, place.segment, &fd, err)) == PERSO_OK) {
        rc = read_at(fd, buf, n, place.offset, place.segment, err);
    }
    struct perso_cursor prefix = { buf, buf + PERSO_SEGMENT_PREFIX };
    uint32_t length = 0;
    if (rc == PERSO_OK && perso_take_u32be(&prefix, &length) && length != bytes)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: have a record of %u bytes, want %u",
                             segment_name(place.segment, name), length, bytes);
    return rc;
}

struct perso_segment_place
perso_segments_end(const struct perso_segments *s)
{
    return (struct perso_segment_place) { s->number, s->flushed + s->held };
}

enum perso_result
perso_segments_rewind(struct perso_segments *s, struct perso_segment_place end,
                      struct perso_error *err)
{
    if (s->broken || s->access == PERSO_SEGMENT_READ)
        return PERSO_OK; /* cut on the next opening */
    if (end.segment != s->number)
        return resume_at(s, end, err);
    if (end.offset >= s->flushed) {
        s->held = (size_t)(end.offset - s->flushed);
        return PERSO_OK;
    }
    if (ftruncate(s->fd, (off_t)end.offset) != 0)
        return segment_error(s, s->number, err);
    s->flushed = end.offset;
    s->held = 0;
    return PERSO_OK;
}

void
perso_segments_leave(struct perso_segments *s)
{
    s->broken = true;
}

void
perso_segments_close(struct perso_segments *s)
{
    if (s == NULL)
        return;
    close_current(s);
    for (size_t i = 0; i < s->n_readers; i++)
        if (s->readers[i] >= 0)
            close(s->readers[i]);
    free(s->readers);
    if (s->folder >= 0)
        close(s->folder);
    free(s);
}
