/* What a result file of the machine or a finisher's RES does to cards. */
#ifndef PIPELINE_CLOSE_ACCEPT_H
#define PIPELINE_CLOSE_ACCEPT_H

#include "pipeline/job/job.h"

/* Whose results a job waits for: of cards at its machine, or of cards that went to their finisher
 * in a FWD. Zero but for job at first; the last file that was looked at is remembered. */
struct perso_awaiting {
    struct perso_job *job;
    int64_t file_id;
    bool forwarded;
};
enum perso_result perso_awaits(struct perso_awaiting *awaiting, const struct perso_card *card,
                               bool *ret, struct perso_error *err);

struct perso_close_counts {
    uint32_t by_state[PERSO_STATE_COUNT];
    uint32_t unchanged;
    uint32_t past; /* of cards that are cancelled, confirmed, or were for a test */
};

/** How a stored result names its state (perso_stored_record.symbol). */
char perso_result_mark(enum perso_state state);

/** Accept a file whose results are stored: its cards move, in one transaction. note: what the event
 * tells besides ("" : nothing). file->rows is set. */
enum perso_result perso_close_accept(struct perso_job *job, struct perso_ledger_file *file,
                                     const char *note, struct perso_close_counts *counts,
                                     struct perso_error *err);

#endif
