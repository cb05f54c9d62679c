/*
 * A return that is no package: one file, an archive, or a folder with the regular files in it and
 * in its folders. What stands in it is its members, one by one; what they mean is the reader's.
 * A folder's listing has a line a member, "SM3  name" in the order of the names' bytes: its digest
 * is the folder's, and NAME.sig beside it is over the listing.
 */
#ifndef PIPELINE_FILE_LOOSE_H
#define PIPELINE_FILE_LOOSE_H

#include "formats/package/archive.h"
#include "formats/package/manifest.h"
#include "formats/pki/certificate_file.h"
#include "pipeline/file/archive_in.h"
#include "pipeline/file/digest_source.h"
#include "pipeline/job/job.h"
#include "pipeline/job/path.h"

/* What a member is, by its name's end; what a certificate file is, its bytes tell. */
enum perso_loose_part {
    PERSO_PART_CERTIFICATES,
    PERSO_PART_TABLE,
    PERSO_PART_XML,
    PERSO_PART_JSON,
    PERSO_PART_OTHER
};

enum perso_loose_form { PERSO_LOOSE_FILE, PERSO_LOOSE_ARCHIVE, PERSO_LOOSE_FOLDER };

struct perso_loose_member {
    const char *name; /* borrowed until the next one; may name a person: never said */
    uint32_t number;  /* from 1 */
    struct perso_source source;
};

struct perso_loose {
    char display[512];           /* as the ledger and messages name it */
    char path[PERSO_PATH_BYTES]; /* without a slash at its end */
    enum perso_loose_form form;
    uint8_t sm3[PERSO_SM3_BYTES];
    uint64_t bytes;
    struct perso_side_manifest side; /* of NAME.manifest.json; has_* false where there is none */
    struct perso_file_source *file;
    struct perso_archive *archive;
    struct perso_archive_in reader; /* how the profile wants archives to be read */
    struct perso_loose_file *files; /* of a folder, in the order of their names */
    size_t n_files;
    char *listing; /* of a folder */
    size_t listing_bytes;
    struct perso_digest_source digest; /* of the member in hand */
    uint32_t n_members;                /* so far */
};

/**
 * Open and digest it; nothing is read yet. FILE_OPEN, FILE_KIND (a link, a device, more than one
 * folder deep), FILE_EMPTY, ARCHIVE_LIMIT (too many files), FILE_DIGEST (side manifest),
 * MANIFEST_SYNTAX.
 */
enum perso_result perso_loose_open(const struct perso_job *job, const char *path,
                                   struct perso_loose *ret, struct perso_error *err);

/**
 * The next member; the one before must have been read to its end: FILE_DIGEST where it is not what
 * was digested. PERSO_END after the last.
 */
enum perso_result perso_loose_next(struct perso_loose *loose, struct perso_loose_member *ret,
                                   struct perso_error *err);

enum perso_loose_part perso_loose_part(const char *name);
/** What a member of certificates has in it. *whole: it was read to its end, and what is not
 * PERSO_OK is said of what stands in it. ARCHIVE_LIMIT: too many bytes. */
enum perso_result perso_loose_certificates(const struct perso_loose_member *member,
                                           const struct perso_certificate_visitor *visitor,
                                           bool *whole, struct perso_error *err);

/** Passes over a member that is no part of a return: beside others it is somebody's note, or what a
 *  file manager left. FILE_FORMAT where it is all there is. */
enum perso_result perso_loose_pass(const struct perso_loose *loose,
                                   const struct perso_loose_member *member,
                                   struct perso_error *err);
/** FILE_EMPTY, ROW_COUNT: answers and certificates that were read, against the side manifest. */
enum perso_result perso_loose_totals(const struct perso_loose *loose, uint32_t have,
                                     struct perso_error *err);

/** The bytes that NAME.sig is over, from the first: of the file, or of a folder's listing. */
enum perso_result perso_loose_signed(struct perso_loose *loose, const struct perso_peer *peer,
                                     struct perso_cursor signature, struct perso_error *err);

void perso_loose_close(struct perso_loose *loose);

#endif
