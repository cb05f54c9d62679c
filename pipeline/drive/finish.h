/* The parts of finishing: what is told to the other parties after results were taken, and the
 * lists for people. All are safe to repeat. */
#ifndef PIPELINE_FINISH_H
#define PIPELINE_FINISH_H

#include "formats/text/write.h"
#include "pipeline/file/outgoing.h"

/** A finisher's RES to its department, for the cards that were not told yet; other roles: none. */
enum perso_result perso_results_out(struct perso_job *job, struct perso_error *err);

/** What the site has to know of confirmed cards (6.4.4): that they may be made again, and that
 * their certificates wait for nobody. */
enum perso_result perso_confirmed_register(struct perso_job *job, const struct perso_card *card,
                                           struct perso_error *err);

/** A department's RMK to the vendor, for the cards whose remaking is confirmed. */
enum perso_result perso_remake_out(struct perso_job *job, struct perso_error *err);
/** RVK to the RA, for the certificates of confirmed cards. */
enum perso_result perso_revoke_out(struct perso_job *job, struct perso_error *err);
/** Proposal: revoke.csv in a folder; remake.csv is perso_drive_remake_list. */
enum perso_result perso_revoke_list(struct perso_job *job, const char *folder,
                                    struct perso_error *err);
/** True where the answer in force of a card has a certificate. */
enum perso_result perso_has_certificate(struct perso_job *job, const struct perso_card *card,
                                        bool *ret, struct perso_error *err);

/** Whether the job closed, and whether anything happened since. */
enum perso_result perso_is_closed(struct perso_job *job, bool *closed, bool *since,
                                  struct perso_error *err);
/** True in the roles that the department plays: it confirms, and asks the RA. */
bool perso_is_department(const struct perso_job *job);

/* ---- lists ---- */

typedef enum perso_result perso_list_card(struct perso_job *job, struct perso_table_writer *w,
                                          const struct perso_card *card, struct perso_error *err);
struct perso_list {
    const char *name; /* of the file */
    const char *const *header;
    size_t n_header;
    uint32_t states; /* of cards, bits */
    perso_list_card *write;
};
/** A list for people of cards in some states, in order. */
enum perso_result perso_list_write(struct perso_job *job, const char *folder,
                                   const struct perso_list *list, struct perso_error *err);
/** One row. */
enum perso_result perso_list_row(struct perso_table_writer *w, const char *const *texts, size_t n,
                                 struct perso_error *err);

/* ---- packages of such rows ---- */

/** Pack one table of the cards that stand in a planned file, with its slip, and `more` (name NULL:
 * nothing more). One call of `write` a card; n_rows: of the table, counted by it. */
struct perso_close_package {
    struct perso_job *job;
    const struct perso_outgoing *what;
    const char *table;
    enum perso_result (*header)(struct perso_table_writer *w, struct perso_error *err);
    /* adds the rows of one card; *rows grows by them */
    enum perso_result (*write)(struct perso_job *job, struct perso_table_writer *w,
                               const struct perso_card *card, uint32_t *rows,
                               struct perso_error *err);
    struct perso_package_member more;
};
enum perso_result perso_close_pack(const struct perso_close_package *package,
                                   struct perso_ledger_file *file, struct perso_error *err);

#endif
