/* Files of the rehearsal program: 0600, made under a temporary name, renamed when whole. */
#ifndef SANDBOX_FILES_H
#define SANDBOX_FILES_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "perso/io.h"

#define SBX_PATH_BYTES 1024u

/* A file on its way out, with the SM3 of what was written. */
struct sbx_file {
    FILE *stream;
    EVP_MD_CTX *digest;
    uint64_t bytes;
    char path[SBX_PATH_BYTES], temporary[SBX_PATH_BYTES];
};

/** "folder/name" into out. */
void sbx_path(char out[SBX_PATH_BYTES], const char *folder, const char *name);
/** Folder and its parents, 0700. */
void sbx_folder(const char *path);

void sbx_file_open(struct sbx_file *f, const char *path);
void sbx_file_write(struct sbx_file *f, const void *bytes, size_t n);
/** All bytes are on the medium; gives the digest. sbx_file_publish must follow. */
void sbx_file_finish(struct sbx_file *f, uint8_t sm3[32]);
/** The file gets its name. */
void sbx_file_publish(struct sbx_file *f);
/** Both; the digest may be NULL. */
void sbx_file_close(struct sbx_file *f, uint8_t sm3[32]);
/** For the product's encoders. */
struct perso_sink sbx_file_sink(struct sbx_file *f);

void sbx_file_put(const char *path, const void *bytes, size_t n);
bool sbx_file_exists(const char *path);
/** The whole of a file, with a NUL after it; the caller frees. max: larger is an error. */
uint8_t *sbx_file_read(const char *path, size_t max, size_t *n);
/** As above, NULL where there is no such file. */
uint8_t *sbx_file_read_if(const char *path, size_t max, size_t *n);
struct perso_source sbx_stream_source(FILE *stream);

/* Names of a folder, sorted by bytes. */
struct sbx_names {
    char **at;
    size_t n;
};
/** Regular files whose name ends so; none where the folder is not there. */
void sbx_names_read(const char *folder, const char *ending, struct sbx_names *ret);
void sbx_names_free(struct sbx_names *names);

/** NAME.manifest.json beside NAME: encoding (NULL: none), rows, SM3. */
void sbx_side_manifest(const char *path, const char *encoding, uint32_t rows,
                       const uint8_t sm3[32]);

#endif
