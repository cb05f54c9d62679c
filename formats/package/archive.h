/*
 * Archives in and out: tar and zstd through libarchive, zip and gzip on zlib (container.h says
 * why). Read: streamed, regular members only, with caps on entries, bytes and ratio (limits.h),
 * names checked (no folder parts that climb, no NUL, no duplicates, case folds counted as
 * duplicates), nested archives refused; cut, damaged or followed by anything: refused. Write:
 * stored zip, the same bytes for the same content in any time zone.
 */
#ifndef FORMATS_PACKAGE_ARCHIVE_H
#define FORMATS_PACKAGE_ARCHIVE_H

#include <stdbool.h>

#include "perso/io.h"
#include "perso/limits.h"

enum perso_archive_form {
    PERSO_ARCHIVE_NONE,
    PERSO_ARCHIVE_ZIP,
    PERSO_ARCHIVE_TAR_ZST,
    PERSO_ARCHIVE_TAR_GZ,
    PERSO_ARCHIVE_TAR
};

/** By the first bytes of a file (at least 512 where it has them). */
enum perso_archive_form perso_archive_sniff(const uint8_t *head, size_t n);

struct perso_archive_limits {
    uint32_t members; /* at most */
    uint64_t member_bytes, total_bytes;
};

struct perso_archive;

/** The source is borrowed. Only the forms above are enabled. */
enum perso_result perso_archive_open(const struct perso_source *source,
                                     const struct perso_archive_limits *limits,
                                     struct perso_archive **ret, struct perso_error *err);
/** The next regular member: its name (borrowed until the next call) and a source for its bytes.
 *  PERSO_END at the end, after which the whole archive is known to be sound. */
enum perso_result perso_archive_next(struct perso_archive *archive, const char **name,
                                     struct perso_source *member, struct perso_error *err);
void perso_archive_free(struct perso_archive *archive);

struct perso_archive_writer;

/** date_s: the time of every member, the job's date at noon UTC, seconds since 1970. */
enum perso_result perso_archive_create(const struct perso_sink *sink, enum perso_archive_form form,
                                       int64_t date_s, struct perso_archive_writer **ret,
                                       struct perso_error *err);
/** A member whose bytes are all given; mode 0600, no owner. */
enum perso_result perso_archive_add(struct perso_archive_writer *writer, const char *name,
                                    const void *bytes, size_t n, struct perso_error *err);
/** A member of a known size, read from a source; in a zip its data are blocks of deflate that hold
 *  them as they are, since a CRC that comes last cannot stand behind stored bytes. */
enum perso_result perso_archive_add_source(struct perso_archive_writer *writer, const char *name,
                                           uint64_t size, const struct perso_source *source,
                                           struct perso_error *err);
enum perso_result perso_archive_finish(struct perso_archive_writer *writer,
                                       struct perso_error *err);
void perso_archive_writer_free(struct perso_archive_writer *writer);

#endif
