/*
 * Archives in and out: zstd through libarchive, tar, zip and gzip here (container.h says why).
 * Read: streamed, regular members only, with caps on entries, bytes and ratio (limits.h), names
 * checked (no folder parts that climb, no NUL, no duplicates, case folds counted as duplicates, no
 * combining marks), nested archives refused; cut, damaged or followed by anything: refused. A zip
 * may be encrypted with AES (zip_aes.h); the older encryption of PKWARE hides nothing and is
 * refused, and so is a zip of which only some members are encrypted: what is not could be
 * anybody's. Write: stored zip, the same bytes for the same content in any time zone.
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

/* What members' names are written in where the archive does not say: zip has a flag for UTF-8, tar
 * its pax headers. */
enum perso_member_names {
    PERSO_NAMES_EITHER, /* UTF-8 where they can be, else GB18030 */
    PERSO_NAMES_UTF8,
    PERSO_NAMES_GBK,
    PERSO_NAMES_GB18030
};

/* A passphrase; whoever has one wipes it. */
struct perso_passphrase {
    uint8_t at[PERSO_PASSPHRASE_BYTES];
    size_t bytes;
};

/* Who knows the passphrase of an encrypted archive. */
struct perso_passphrase_port {
    /* Asked at the first encrypted member; attempt counts from 0, and up while what was given is
     * wrong. ARCHIVE_PASSPHRASE where there is none, or no other. */
    enum perso_result (*get)(void *self, unsigned attempt, struct perso_passphrase *ret,
                             struct perso_error *err);
    void *self;
};

/* How an archive of strangers is read; zeros are how packages are. */
struct perso_archive_ways {
    enum perso_member_names names;
    uint32_t ratio; /* bytes out for one in; 0: PERSO_ARCHIVE_RATIO */
    bool folders;   /* entries of folders themselves are passed over, not refused */
    /* Members that an earlier walk has read: they are passed over, what is encrypted unopened,
     * since each has a key of its own that takes a millisecond to make. NULL: none. */
    bool (*passes)(const char *name);
    struct perso_passphrase_port passphrase; /* get NULL: there is none */
};

struct perso_archive;

/** The source is borrowed. Only the forms above are enabled. */
enum perso_result perso_archive_open(const struct perso_source *source,
                                     const struct perso_archive_limits *limits,
                                     struct perso_archive **ret, struct perso_error *err);
/** Before the first member is asked for; copied, the port's self is borrowed. */
void perso_archive_set(struct perso_archive *archive, const struct perso_archive_ways *ways);
/** The next regular member: its name (borrowed until the next call) and a source for its bytes.
 *  PERSO_END at the end, after which the whole archive is known to be sound. */
enum perso_result perso_archive_next(struct perso_archive *archive, const char **name,
                                     struct perso_source *member, struct perso_error *err);
/** Members so far, folders' own entries counted: the number that messages tell. */
uint32_t perso_archive_members(const struct perso_archive *archive);
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
