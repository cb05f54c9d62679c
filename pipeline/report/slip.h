/* 移交单: the paper that goes with a hand-over; counts, digests, two signature lines. */
#ifndef PIPELINE_SLIP_H
#define PIPELINE_SLIP_H

#include "pipeline/job/job.h"

/** slip.txt of a package: its own digest is not known yet, so that of its table stands. malloc. */
enum perso_result perso_slip_package(const struct perso_job *job,
                                     const struct perso_ledger_file *file,
                                     const uint8_t table_sm3[PERSO_SM3_BYTES], char **ret,
                                     struct perso_error *err);
/** 移交单 of the finished cards, with the balance. malloc. */
enum perso_result perso_slip_close(struct perso_job *job, char **ret, struct perso_error *err);

#endif
