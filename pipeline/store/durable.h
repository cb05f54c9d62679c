/*
 * Files that outlive a crash (DESIGN 6): written under a temporary name, fsync, rename, fsync of
 * the folder. A failed fsync ends the run; it is never repeated. Mode 0600, folders 0700, no links
 * followed.
 */
#ifndef PIPELINE_DURABLE_H
#define PIPELINE_DURABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "perso/io.h"
#include "perso/limits.h"

struct perso_durable; /* one file being written; counts bytes and digests them */

/** Starts FOLDER/.NAME.part, replacing a left-over one. */
enum perso_result perso_durable_open(const char *folder, const char *name,
                                     struct perso_durable **ret, struct perso_error *err);
/**
 * The same calls without a file: for a dry run, and to learn the digest of what would be written.
 * At commit `end` (may be NULL) is given the first bytes of it.
 */
typedef void perso_durable_dry_end(void *arg, const uint8_t *head, size_t n);
enum perso_result perso_durable_open_dry(perso_durable_dry_end *end, void *arg,
                                         struct perso_durable **ret, struct perso_error *err);
struct perso_sink perso_durable_sink(struct perso_durable *file);
/** fsync, rename to NAME, fsync of the folder. sm3 and bytes (may be NULL) of what was written.
 *  The file is freed in every case. */
enum perso_result perso_durable_commit(struct perso_durable *file, uint8_t sm3[PERSO_SM3_BYTES],
                                       uint64_t *bytes, struct perso_error *err);
/**
 * What commit does before the rename: then the caller notes that the name will stand, and commits.
 * Cut off in between, complete ends it. Where it fails the file is freed.
 */
enum perso_result perso_durable_finish(struct perso_durable *file, uint8_t sm3[PERSO_SM3_BYTES],
                                       uint64_t *bytes, struct perso_error *err);
/** A file that was finished: the rename where it was not made yet. *stands: NAME is there; else
 *  somebody took it away since. */
enum perso_result perso_durable_complete(const char *folder, const char *name, bool *stands,
                                         struct perso_error *err);
/** Unlinks the temporary file, unless it is finished: then somebody may have noted it. Accepts
 * NULL.
 */
void perso_durable_abandon(struct perso_durable *file);

/** The three calls in one, for bytes in memory. */
enum perso_result perso_durable_write(const char *folder, const char *name, const void *bytes,
                                      size_t n, struct perso_error *err);
/** Unlink a file (one that is not there is success) and fsync its folder. */
enum perso_result perso_durable_unlink(const char *path, struct perso_error *err);
/** fsync of a folder: what was renamed or unlinked in it stays so. One that is not there is
 * success.
 */
enum perso_result perso_durable_sync(const char *folder, struct perso_error *err);
/** Unlink every file of a folder, left-overs of a crash too, but no folder in it; one that is not
 *  there is empty. fsync of the folder. */
enum perso_result perso_durable_clear(const char *folder, struct perso_error *err);
/** mkdir 0700 where it is not there, fsync of the parent. */
enum perso_result perso_durable_folder(const char *path, struct perso_error *err);

/** A regular file (O_NOFOLLOW) whole into memory, at most max bytes; malloc, the caller frees.
 *  FILE_OPEN, FILE_KIND, FILE_EMPTY is not an error here. */
enum perso_result perso_file_read(const char *path, size_t max, uint8_t **ret, size_t *n,
                                  struct perso_error *err);

struct perso_file_source; /* a buffered source over a regular file */
enum perso_result perso_file_source_open(const char *path, struct perso_file_source **ret,
                                         struct perso_error *err);
struct perso_source perso_file_source(struct perso_file_source *file);
uint64_t perso_file_source_bytes(const struct perso_file_source *file); /* size when opened */
/** Back to the first byte. */
enum perso_result perso_file_source_rewind(struct perso_file_source *file, struct perso_error *err);
void perso_file_source_close(struct perso_file_source *file);
/** SM3 of what is left; the source is used up. */
enum perso_result perso_source_sm3(const struct perso_source *source, uint8_t sm3[PERSO_SM3_BYTES],
                                   uint64_t *bytes, struct perso_error *err);

#endif
