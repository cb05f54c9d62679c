/*
 * A package from a peer, checked whole before any effect (CONTRACTS 3): members and digests,
 * sender's signature, recipient, batch, sequence, key of the file.
 */
#ifndef PIPELINE_INCOMING_H
#define PIPELINE_INCOMING_H

#include "formats/base/row_payload.h"
#include "formats/package/package.h"
#include "pipeline/file/digest_source.h"
#include "pipeline/job/job.h"
#include "pipeline/job/progress.h"

struct perso_incoming {
    char display[512];
    struct perso_file_source *file;
    uint8_t sm3[PERSO_SM3_BYTES];
    uint64_t bytes;
    struct perso_package_view view;
    uint8_t manifest_sm3[PERSO_SM3_BYTES];
    int64_t date_s;
    struct perso_seal *seal; /* NULL where the kind carries no secrets */
    struct perso_archive *archive;
    struct perso_digest_source digest;
    struct perso_source source;
    struct perso_table *table;
    const struct perso_manifest_member *member;
    struct perso_progress progress;
};

/**
 * Open PATH as a package of this kind from this peer. PERSO_RETRY: a side file (.sig, .wrap) is not
 * there yet. PERSO_REJECT: nothing of it may have an effect.
 */
enum perso_result perso_incoming_open(struct perso_job *job, const char *path, const char *kind,
                                      const char *party, bool secrets, struct perso_incoming *ret,
                                      struct perso_error *err);
/** Open one CSV member as a table. */
enum perso_result perso_incoming_table(struct perso_incoming *in, const char *member,
                                       const enum perso_column *required, struct perso_error *err);
/** Rows of it; PERSO_END when rows and digest are what the manifest says. */
enum perso_result perso_incoming_rows(struct perso_incoming *in, struct perso_arena *arena,
                                      struct perso_row *rows, struct perso_cells *cells, size_t max,
                                      size_t *n, struct perso_error *err);
void perso_incoming_close(struct perso_incoming *in);

#endif
