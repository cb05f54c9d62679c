/* What one row of a package does to its card. Inside a transaction. */
#ifndef PIPELINE_COLLECT_TAKE_H
#define PIPELINE_COLLECT_TAKE_H

#include "pipeline/drive/drive.h"
#include "pipeline/job/cards.h"

/* Of the rows of a package: their sum, but for outstanding and late, is the number of rows. */
struct perso_collect_counts {
    uint32_t issued, refused, held;
    uint32_t doubled; /* the same again */
    uint32_t orphans; /* of no request of this job, or of a card that is cancelled or further on */
    uint32_t taken_back;  /* held because the department cancelled them */
    uint32_t noted;       /* HLD: of cards that are held or cancelled here already */
    uint32_t late;        /* HLD: of cards that are finished here */
    uint32_t past;        /* orphans: another answer to a card that is past match */
    uint32_t outstanding; /* FWD: cards that are in none yet */
};

/* Marks of a stored row that stands for no card (perso_stored_record.symbol). */
#define PERSO_ANSWER_UNKNOWN 'u'    /* no such request in this job */
#define PERSO_ANSWER_PAST 'p'       /* card cancelled or further on */
#define PERSO_ANSWER_SUPERSEDED 's' /* a later answer took its place, or it contradicts another */

struct perso_taking {
    struct perso_job *job;
    const struct perso_ledger_file *file;
    struct perso_collect_counts *counts;
    enum perso_state from, issued; /* collect's, of the role */
    int64_t first_seq, last_seq;   /* of the cards that are issued */
};

typedef enum perso_result perso_collect_take(struct perso_taking *t, void *arg,
                                             struct perso_error *err);

/** An answer of RET or FWD; personal: the record of the person that came with it, 0: none. */
enum perso_result perso_take_answer(struct perso_taking *t, struct perso_stored_record *record,
                                    int64_t personal, struct perso_error *err);
/** The department gives a card back, or cancelled it (record->verdict): it is held, wherever it is
 * here, unless it is finished. */
enum perso_result perso_take_held(struct perso_taking *t, struct perso_stored_record *record,
                                  struct perso_error *err);
/** True where perso_take_held would still keep the card from its machine file: a card that the
 * department cancelled is taken back before, not after. */
bool perso_may_take_back(const struct perso_taking *t, const struct perso_card *card);

/** Collect's states in the role of the job. */
void perso_taking_init(struct perso_taking *t, struct perso_job *job,
                       const struct perso_ledger_file *file, struct perso_collect_counts *counts);

#endif
