/* Boxes of physical cards on slips: how many cards each has, in the order of first appearance. */
#ifndef PIPELINE_BOXES_H
#define PIPELINE_BOXES_H

#include "pipeline/file/outgoing.h"

struct perso_boxes;

/** The caller frees. */
enum perso_result perso_boxes_new(struct perso_boxes **ret, struct perso_error *err);
void perso_boxes_free(struct perso_boxes *boxes);

/** Count the boxes of these cards, as their application data name them; a perso_outgoing_visit but
 * for its first argument. */
enum perso_result perso_boxes_count(struct perso_boxes *boxes, struct perso_job *job,
                                    const struct perso_card *cards, size_t n,
                                    struct perso_error *err);
/** No card had one. */
bool perso_boxes_none(const struct perso_boxes *boxes);
/** Lines of a slip; nothing where no card has a box. */
void perso_boxes_write(const struct perso_boxes *boxes, FILE *out);

#endif
