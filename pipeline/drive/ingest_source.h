/* Where application rows come from: text tables of a key-generation output, a vendor's package, the
 * department's package of cards to be finished. Read in one way, judged in one way. */
#ifndef PIPELINE_INGEST_SOURCE_H
#define PIPELINE_INGEST_SOURCE_H

#include "pipeline/drive/drive.h"

struct perso_ingest_source {
    /* set by open: how the ledger knows the file; its stage, kind and what a manifest says of it */
    struct perso_ledger_file file;
    const char *display;
    uint64_t bytes;
    uint8_t sm3[PERSO_SM3_BYTES];
    /*
     * The next rows, at most PERSO_BATCH_RECORDS, in the arena; unknown columns' names are borrowed
     * until the next call. PERSO_END when all were read and their number and digest are vouched
     * for; PERSO_REJECT where the file is not to be taken.
     */
    enum perso_result (*read)(void *self, struct perso_arena *arena, struct perso_cells *cells,
                              struct perso_origin *origins, size_t *n, struct perso_error *err);
    /* After the end: rows and encoding of the file. */
    void (*finish)(const void *self, struct perso_ledger_file *file);
    void (*close)(void *self);
    void *self;
};

/**
 * kind of a package, "" of tables (perso_incoming_kind). PERSO_END: there is nothing to read:
 * refused, known, waiting; it was said. Closed with perso_ingest_source_close in every case.
 */
enum perso_result perso_ingest_source_open(struct perso_job *job, const char *path,
                                           const char *kind,
                                           const struct perso_file_options *options,
                                           struct perso_ingest_source *ret,
                                           struct perso_error *err);
void perso_ingest_source_close(struct perso_ingest_source *source);

/* Of a package (ingest_package.c); the ones above choose. */
enum perso_result perso_ingest_package_open(struct perso_job *job, const char *path,
                                            struct perso_ingest_source *ret,
                                            struct perso_error *err);

#endif
