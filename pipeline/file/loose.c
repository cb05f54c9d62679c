#include "pipeline/file/loose.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/encode.h"
#include "pipeline/file/known.h"
#include "pipeline/file/loose_folder.h"
#include "pipeline/file/side.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/stream.h"

/* ---- open ---- */

static enum perso_result
open_folder(struct perso_loose *loose, struct perso_error *err)
{
    struct perso_stream listing;
    char hex[2 * PERSO_SM3_BYTES + 1];
    enum perso_result rc = perso_stream_open(&listing, err);

    if (rc != PERSO_OK)
        return rc;
    rc = perso_loose_files(loose->path, &loose->files, &loose->n_files, &loose->bytes, err);
    for (size_t i = 0; rc == PERSO_OK && i < loose->n_files; i++) {
        perso_hex_lower(loose->files[i].sm3, PERSO_SM3_BYTES, hex);
        fprintf(listing.out, "%s  %s\n", hex, loose->files[i].name);
    }
    rc = perso_stream_close(&listing, rc, &loose->listing, &loose->listing_bytes, err);
    if (rc == PERSO_OK && loose->n_files == 0)
        rc = perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "a folder without files");
    if (rc == PERSO_OK && !perso_sm3_of(loose->listing, loose->listing_bytes, loose->sm3))
        rc = perso_error_openssl(err, "SM3");
    return rc;
}

static enum perso_result
open_file(struct perso_loose *loose, struct perso_error *err)
{
    uint8_t head[512];
    size_t n = 0;
    enum perso_result rc = perso_file_source_open(loose->path, &loose->file, err);

    if (rc != PERSO_OK)
        return rc;
    const struct perso_source source = perso_file_source(loose->file);
    if ((loose->bytes = perso_file_source_bytes(loose->file)) == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "empty file");
    if ((rc = perso_source_read(&source, head, sizeof head, &n, err)) != PERSO_OK ||
        (rc = perso_file_source_rewind(loose->file, err)) != PERSO_OK ||
        (rc = perso_source_sm3(&source, loose->sm3, NULL, err)) != PERSO_OK)
        return rc;
    if (perso_archive_sniff(head, n) != PERSO_ARCHIVE_NONE)
        loose->form = PERSO_LOOSE_ARCHIVE;
    return PERSO_OK;
}

static enum perso_result
open_path(struct perso_loose *loose, struct perso_error *err)
{
    struct stat st;
    enum perso_result rc;

    if (lstat(loose->path, &st) == 0 && S_ISDIR(st.st_mode)) {
        loose->form = PERSO_LOOSE_FOLDER;
        rc = open_folder(loose, err);
    } else {
        rc = open_file(loose, err);
    }
    if (rc == PERSO_OK)
        rc = perso_side_manifest_of(loose->path, &loose->side, err);
    return rc == PERSO_OK ? perso_side_manifest_fits(&loose->side, loose->sm3, err) : rc;
}

enum perso_result
perso_loose_open(const struct perso_job *job, const char *path, struct perso_loose *ret,
                 struct perso_error *err)
{
    enum perso_result rc;
    size_t n;

    *ret = (struct perso_loose) { .form = PERSO_LOOSE_FILE };
    snprintf(ret->path, sizeof ret->path, "%s", path);
    for (n = strlen(ret->path); n > 1 && ret->path[n - 1] == '/'; n--)
        ret->path[n - 1] = '\0';
    perso_job_display(job, ret->path, ret->display, sizeof ret->display);
    perso_archive_in_begin(&ret->reader, &job->profile.archive, job->site.folder, ret->display);
    if ((rc = perso_digest_source_new(&ret->digest, err)) == PERSO_OK &&
        (rc = perso_file_name_check(ret->display, err)) == PERSO_OK)
        rc = open_path(ret, err);
    if (rc == PERSO_REJECT)
        perso_error_at(err, ret->display, 0, 0);
    return rc;
}

/* ---- members ---- */

static enum perso_result
end_member(struct perso_loose *loose, struct perso_error *err)
{
    const uint8_t *want =
        loose->form == PERSO_LOOSE_FOLDER ? loose->files[loose->n_members - 1].sm3 : loose->sm3;
    uint8_t sm3[PERSO_SM3_BYTES] = { 0 };
    enum perso_result rc = perso_digest_source_end(&loose->digest, sm3, err);

    if (rc == PERSO_OK && memcmp(sm3, want, sizeof sm3) != 0)
        rc = perso_error_set(err, PERSO_REJ_FILE_DIGEST, "", "changed while it was read");
    return rc;
}

static enum perso_result
next_in_archive(struct perso_loose *loose, struct perso_loose_member *ret, struct perso_error *err)
{
    const struct perso_source source = perso_file_source(loose->file);
    enum perso_result rc = PERSO_OK;

    if (loose->archive == NULL && (rc = perso_file_source_rewind(loose->file, err)) == PERSO_OK)
        rc = perso_archive_in_open(&loose->reader, &source, &loose->archive, err);
    if (rc == PERSO_OK)
        rc = perso_archive_next(loose->archive, &ret->name, &ret->source, err);
    return rc;
}

static enum perso_result
next_in_folder(struct perso_loose *loose, struct perso_loose_member *ret, struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];
    enum perso_result rc = loose->n_members > 0 ? end_member(loose, err) : PERSO_OK;

    perso_file_source_close(loose->file);
    loose->file = NULL;
    if (rc != PERSO_OK || loose->n_members == loose->n_files)
        return rc == PERSO_OK ? PERSO_END : rc;
    ret->name = loose->files[loose->n_members].name;
    if ((rc = perso_path_join(loose->path, ret->name, path, sizeof path, err)) != PERSO_OK ||
        (rc = perso_file_source_open(path, &loose->file, err)) != PERSO_OK)
        return rc;
    const struct perso_source source = perso_file_source(loose->file);
    ret->source = perso_digest_source_of(&loose->digest, &source);
    return PERSO_OK;
}

static enum perso_result
next_of_file(struct perso_loose *loose, struct perso_loose_member *ret, struct perso_error *err)
{
    const struct perso_source source = perso_file_source(loose->file);
    enum perso_result rc =
        loose->n_members > 0 ? end_member(loose, err) : perso_file_source_rewind(loose->file, err);

    if (rc != PERSO_OK || loose->n_members > 0)
        return rc == PERSO_OK ? PERSO_END : rc;
    ret->name = perso_path_name(loose->path);
    ret->source = perso_digest_source_of(&loose->digest, &source);
    return PERSO_OK;
}

enum perso_result
perso_loose_next(struct perso_loose *loose, struct perso_loose_member *ret, struct perso_error *err)
{
    enum perso_result rc = loose->form == PERSO_LOOSE_ARCHIVE  ? next_in_archive(loose, ret, err)
                           : loose->form == PERSO_LOOSE_FOLDER ? next_in_folder(loose, ret, err)
                                                               : next_of_file(loose, ret, err);
    if (rc == PERSO_OK)
        ret->number = ++loose->n_members;
    if (rc == PERSO_REJECT)
        perso_error_at(err, loose->display, 0, 0);
    return rc;
}

enum perso_result
perso_loose_signed(struct perso_loose *loose, const struct perso_peer *peer,
                   struct perso_cursor signature, struct perso_error *err)
{
    enum perso_result rc;

    if (loose->form == PERSO_LOOSE_FOLDER)
        return perso_peer_verify(peer, perso_cursor_of(loose->listing, loose->listing_bytes),
                                 signature, err);
    const struct perso_source source = perso_file_source(loose->file);
    if ((rc = perso_file_source_rewind(loose->file, err)) != PERSO_OK)
        return rc;
    const struct perso_source digested = perso_digest_source_of(&loose->digest, &source);
    if ((rc = perso_peer_verify_source(peer, &digested, signature, err)) != PERSO_OK)
        return rc;
    return end_member(loose, err); /* what is signed is what was digested */
}

void
perso_loose_close(struct perso_loose *loose)
{
    perso_archive_free(loose->archive);
    perso_archive_in_end(&loose->reader);
    perso_file_source_close(loose->file);
    perso_loose_files_free(loose->files, loose->n_files);
    free(loose->listing);
    perso_digest_source_free(&loose->digest);
    *loose = (struct perso_loose) { .form = PERSO_LOOSE_FILE };
}
