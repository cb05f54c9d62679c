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
#include "pipeline/job/party.h"
#include "pipeline/job/progress.h"

struct perso_incoming {
    char display[512];
    const struct perso_reading *reading;
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

/** Kind of a package of ours ("APP"), "?" where its manifest cannot be read; PERSO_END: the file is
 * something else. Only its first member is looked at, nothing is checked. */
enum perso_result perso_incoming_kind(const char *path, char kind[4], struct perso_error *err);

/**
 * Open PATH as a package that this stage of the job's role reads, of the kind that it says it is,
 * from the peer that may send it. PERSO_RETRY: a side file (.sig, .wrap) or a package before it is
 * not there yet. PERSO_REJECT: nothing of it may have an effect. PERSO_END: known, said aloud.
 */
enum perso_result perso_incoming_open(struct perso_job *job, enum perso_stage stage,
                                      const char *path, struct perso_incoming *ret,
                                      struct perso_error *err);

/**
 * Manifest of a package that begins a job (init --from): checked whole, with the signature of the
 * peer that it names as its sender, and meant for this site.
 */
enum perso_result perso_incoming_first(const struct perso_site *site, const char *path,
                                       struct perso_manifest *ret, struct perso_error *err);

/** The file row of a package as it begins to be read (perso_file_begin). One about cards of another
 * batch has no number of this job's: its note is BATCH-NNNN. */
void perso_incoming_file(const struct perso_incoming *in, struct perso_ledger_file *ret);
/** Open one CSV member as a table; a table before it is closed, its end must have been reached.
 * required NULL: its columns need not be known ones. */
enum perso_result perso_incoming_table(struct perso_incoming *in, const char *member,
                                       const enum perso_column *required, struct perso_error *err);
/** Rows of it; PERSO_END when rows and digest are what the manifest says. */
enum perso_result perso_incoming_rows(struct perso_incoming *in, struct perso_arena *arena,
                                      struct perso_row *rows, struct perso_cells *cells, size_t max,
                                      size_t *n, struct perso_error *err);
void perso_incoming_close(struct perso_incoming *in);

#endif
