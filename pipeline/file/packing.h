/* The one writer of packages (CONTRACTS 3): KIND-DIVISION-BATCH-NNNN.zip, with its signature and,
 * where it carries secrets, its wrapped key. */
#ifndef PIPELINE_PACKING_H
#define PIPELINE_PACKING_H

#include "pipeline/file/outgoing.h"
#include "stages/others.h"

/** Name of a planned package (perso_outgoing.name). */
void perso_packing_name(const struct perso_job *job, const char *kind, uint32_t sequence, char *out,
                        size_t max);

/**
 * Write a planned package into its folder: signature and key first, the package last. Its kind,
 * recipient and number are the file's, its cards file->rows, its chain goes through the packages of
 * this kind to this recipient that were not withdrawn. Sets sm3, bytes and manifest_sm3.
 * secrets: the key of the file is wrapped to the recipient (perso_file_key of the name).
 */
enum perso_result perso_packing_write(struct perso_job *job, struct perso_ledger_file *file,
                                      const struct perso_package_member *members, size_t n_members,
                                      bool secrets, struct perso_error *err);

/** Warn where a table could not carry all columns that are not known here. */
void perso_packing_others(const struct perso_others *others, const char *file);

#endif
