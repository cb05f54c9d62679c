/* What every driver does to cards and records of a job's ledger. */
#ifndef PIPELINE_JOB_CARDS_H
#define PIPELINE_JOB_CARDS_H

#include "formats/base/row_payload.h"
#include "pipeline/job/job.h"

/** In one transaction: what a file is now, and the event that tells it. */
enum perso_result perso_job_file_event(struct perso_job *job, const struct perso_ledger_file *file,
                                       const struct perso_event *event, struct perso_error *err);
/** Begin, append one event, commit. */
enum perso_result perso_job_event(struct perso_job *job, const struct perso_event *event,
                                  struct perso_error *err);
/** Put a card aside with a verdict, and write its event; inside a transaction. */
enum perso_result perso_job_hold(struct perso_job *job, struct perso_card *card,
                                 enum perso_state to, enum perso_stage stage,
                                 const struct perso_verdict *verdict, int64_t record,
                                 struct perso_error *err);
/**
 * A report that the state just changed has to be written anew. Set in the transaction of the
 * change, it is still due after a crash; cleared when the report is durable.
 */
enum perso_result perso_job_due_set(struct perso_job *job, const char *report,
                                    struct perso_error *err);
enum perso_result perso_job_due(struct perso_job *job, const char *report, bool *ret,
                                struct perso_error *err);
enum perso_result perso_job_due_clear(struct perso_job *job, const char *report,
                                      struct perso_error *err);
/** Waivers of the cards of a batch. */
struct perso_job_waivers {
    struct perso_job *job;
    const struct perso_card *cards;
    /* SM3 of the row that is judged for card i; false: it cannot be told, nothing is waived. */
    bool (*content)(void *arg, size_t i, uint8_t sm3[PERSO_SM3_BYTES]);
    void *arg;
};
bool perso_job_waived(void *self, size_t i, enum perso_reject reject);

/** The cells of a stored record, in job->arena. */
enum perso_result perso_job_cells(struct perso_job *job, int64_t record_id,
                                  struct perso_cells *cells, struct perso_stored_record *record,
                                  struct perso_error *err);

/* Every card in one of the states, and every record of a file after one (0: all), in order. The
 * visits may change what they see, not what is still to come. */
typedef enum perso_result perso_job_visit_cards(void *arg, const struct perso_card *cards, size_t n,
                                                struct perso_error *err);
enum perso_result perso_job_each_cards(struct perso_job *job, uint32_t states,
                                       perso_job_visit_cards *visit, void *arg,
                                       struct perso_error *err);
typedef enum perso_result perso_job_visit_record(void *arg, struct perso_stored_record *record,
                                                 struct perso_error *err);
enum perso_result perso_job_each_record(struct perso_job *job, int64_t file_id, int64_t after,
                                        perso_job_visit_record *visit, void *arg,
                                        struct perso_error *err);

/** The card is in this state and nothing speaks against it; the caller stores it. */
void perso_job_clear(struct perso_card *card, enum perso_state to);

#endif
