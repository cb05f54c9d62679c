/*
 * Files of what cards are to sign (form sig): out/tosign/tosign.csv, then tosign-0002.csv and so
 * on. An incoming table that was prepared names its file in its note; the file keeps the SM3 of the
 * profile's subject as its manifest_sm3.
 */
#ifndef PIPELINE_FILE_TOSIGN_H
#define PIPELINE_FILE_TOSIGN_H

#include "pipeline/job/job.h"

#define PERSO_TOSIGN_KIND "tosign"
#define PERSO_TOSIGN_FOLDER "out/tosign"

void perso_tosign_name(const struct perso_job *job, const char *kind, uint32_t sequence, char *out,
                       size_t max);

/** The file of this path that was not withdrawn; PERSO_END: none. */
enum perso_result perso_tosign_find(struct perso_job *job, const char *path,
                                    struct perso_ledger_file *ret, struct perso_error *err);

/**
 * *first: the first file of which a card is not in this job yet; id 0: none. note: files,
 * all of whose cards came, are noted so (status SENT, an event), and not looked at again.
 */
enum perso_result perso_tosign_waits(struct perso_job *job, bool note,
                                     struct perso_ledger_file *first, struct perso_error *err);

#endif
