/* 移交单: the paper that goes with a hand-over; counts, digests, two signature lines. */
#ifndef PIPELINE_SLIP_H
#define PIPELINE_SLIP_H

#include "pipeline/file/outgoing.h"

/** slip.txt of a package that is being written: its own digest is not known yet, so that of its
 * table stands; with the boxes of the cards that stand in it, where they have any. malloc. */
enum perso_result perso_slip_package(struct perso_job *job, const struct perso_outgoing *what,
                                     const struct perso_ledger_file *file,
                                     const uint8_t table_sm3[PERSO_SM3_BYTES], char **ret,
                                     struct perso_error *err);
/** 移交单 of the finished cards, with the balance and the boxes. looks_only: the ledger was opened
 * for reading. malloc. */
enum perso_result perso_slip_close(struct perso_job *job, bool looks_only, char **ret,
                                   struct perso_error *err);
/** First line of a slip that is printed again. */
#define PERSO_SLIP_REPRINT "补打 / REPRINT\n\n"

#endif
