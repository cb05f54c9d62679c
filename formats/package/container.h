/*
 * Inside formats/package only: what archive.c asks of the containers it reads and writes.
 *
 * zstd is libarchive's work. tar, zip and gzip are read here, gzip on zlib, because
 * libarchive 3.6.2 would pass damage on: its gzip filter does not look at CRC and length, its
 * streaming zip reader skips whatever stands between members and never sees the central directory,
 * its tar reader cuts a name at a NUL, takes a tar that was cut between two members for a whole
 * one, and types that it does not know for files. zip is written here, because libarchive writes
 * zip times in local time.
 */
#ifndef FORMATS_PACKAGE_CONTAINER_H
#define FORMATS_PACKAGE_CONTAINER_H

#include <stdbool.h>

#include "formats/package/archive.h"
#include "perso/cursor.h"

#define PERSO_BLOCK_BYTES 65536u
#define PERSO_SNIFF_BYTES 512u /* a tar header */

/* The archive's bytes as they come, from the sniffed head on, and what was made of them. */
struct perso_raw {
    struct perso_source source;
    uint8_t head[PERSO_SNIFF_BYTES];
    size_t head_n, head_at;
    uint64_t taken, made;
    uint32_t ratio; /* bytes out for one in */
    bool ended;
};

/** Fills the head. */
enum perso_result perso_raw_open(struct perso_raw *input, const struct perso_source *source,
                                 struct perso_error *err);
enum perso_result perso_raw_read(struct perso_raw *input, uint8_t *buf, size_t max, size_t *n,
                                 struct perso_error *err);
/** n more bytes were unpacked; ARCHIVE_LIMIT where that is out of proportion to what came in. */
enum perso_result perso_raw_made(struct perso_raw *input, size_t n, struct perso_error *err);

/* A member's name as the container has it. */
struct perso_raw_name {
    uint8_t at[PERSO_MEMBER_NAME_BYTES];
    size_t bytes;
    bool utf8;   /* the container says that it is UTF-8 */
    bool folder; /* an entry of a folder itself, without bytes */
};

struct perso_container {
    /* The next regular member. PERSO_END where the container ends, and is whole. */
    enum perso_result (*next)(void *self, struct perso_raw_name *name, struct perso_error *err);
    /* Bytes of this member; PERSO_END after its last one, and its check sum was right. */
    enum perso_result (*read)(void *self, uint8_t *buf, size_t max, size_t *n,
                              struct perso_error *err);
    /* This member's bytes are not wanted, nor looked at where they are encrypted; before its first
     * read, which gives PERSO_END then. NULL: it is read all the same. */
    void (*pass)(void *self);
    void (*free)(void *self);
    void *self;
};

/* The ways may be set later, until the first member is asked for. */
enum perso_result perso_zip_open(struct perso_raw *input, const struct perso_archive_ways *ways,
                                 struct perso_container *ret, struct perso_error *err);
enum perso_result perso_tar_open(struct perso_raw *input, enum perso_archive_form form,
                                 const struct perso_archive_ways *ways, struct perso_container *ret,
                                 struct perso_error *err);

/* The tar in a compressed file. PERSO_END: the compressed file ended as it should. */
struct perso_unpack;
enum perso_result perso_unpack_new(struct perso_raw *input, enum perso_archive_form form,
                                   struct perso_unpack **ret, struct perso_error *err);
enum perso_result perso_unpack_read(struct perso_unpack *unpack, uint8_t *buf, size_t max,
                                    size_t *n, struct perso_error *err);
void perso_unpack_free(struct perso_unpack *unpack);

/** A name that no folder, device or other member can hide behind: relative, no "." or ".." or
 *  empty part, no backslash, no control character, no combining mark (NFD has a twin in NFC),
 *  UTF-8. */
bool perso_member_name_ok(const char *name, size_t bytes);
/** A raw name as such a name; false where it is none. */
bool perso_member_name_read(const struct perso_raw_name *raw, enum perso_member_names names,
                            char out[PERSO_MEMBER_NAME_BYTES]);

/* Names already met, case folded: 8 bytes of an SM3 each, so that a million cost 16 MB; two of a
 * million are taken for one by chance once in 40,000,000 archives. */
struct perso_name_set {
    uint64_t *slots; /* 0: free */
    size_t n_slots, n_names;
};
/** ARCHIVE_MEMBER where it is there already. */
enum perso_result perso_name_set_add(struct perso_name_set *set, const char *name,
                                     struct perso_error *err);
void perso_name_set_free(struct perso_name_set *set);

struct perso_zip_writer;
enum perso_result perso_zip_create(const struct perso_sink *sink, int64_t date_s,
                                   struct perso_zip_writer **ret, struct perso_error *err);
enum perso_result perso_zip_add(struct perso_zip_writer *zip, const char *name, const void *bytes,
                                size_t n, struct perso_error *err);
enum perso_result perso_zip_add_source(struct perso_zip_writer *zip, const char *name,
                                       uint64_t size, const struct perso_source *source,
                                       struct perso_error *err);
enum perso_result perso_zip_finish(struct perso_zip_writer *zip, struct perso_error *err);
void perso_zip_writer_free(struct perso_zip_writer *zip);

/** Fill buf, at most *left bytes, of a source that must have *left more; counts them off. */
enum perso_result perso_source_take(const struct perso_source *source, uint64_t *left, uint8_t *buf,
                                    size_t max, size_t *n, struct perso_error *err);

#endif
