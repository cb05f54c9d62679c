/* Physical cards: what was counted in a box against what the job's rows say (LD/T 03-2022 6.4.7.3).
 */
#ifndef PIPELINE_INGEST_BOXES_H
#define PIPELINE_INGEST_BOXES_H

#include "pipeline/drive/drive.h"

#define PERSO_BOX_BYTES 64u /* of a box that was counted */

struct perso_counted {
    char box[PERSO_BOX_BYTES + 1];
    uint32_t counted;
};

/** "BOX=N"; false where it is not of that form. */
bool perso_counted_read(const char *text, struct perso_counted *ret);

/**
 * After a file was taken, now or before (sm3; of another one nothing is counted): every box of
 * options->counted against the cards of the job that lie in it, one row a card, cancelled ones left
 * out. What was counted is an event, once for each outcome. Where the numbers differ, cards of the
 * box that are still received are held (BOX_COUNT); where they agree, cards that were held for it
 * go on. A box that no row names is said, and the job waits for its rows.
 */
enum perso_result perso_ingest_count_boxes(struct perso_job *job,
                                           const uint8_t sm3[PERSO_SM3_BYTES], const char *display,
                                           const struct perso_file_options *options,
                                           struct perso_error *err);

#endif
