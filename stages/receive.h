#ifndef STAGES_RECEIVE_H
#define STAGES_RECEIVE_H

#include "formats/base/row_payload.h"

/**
 * Receive: the application record of a card that comes to its finisher, out of the two tables of
 * the department's package, joined by the card; ingest judges it (rules.requested).
 * in       cards: rows of cards.csv; personal: rows of personal.csv; [i] of both is one card
 * out      AAZ501,AAZ500,QMGY,request_id,box,position of the one, AAC002,AAC003,AAB301,replaces of
 *          the other with the columns that Persoline does not know; texts are borrowed
 * effects  none
 * clause   LD/T 03-2022 6.4.7.3
 */
void perso_stage_receive(const struct perso_cells *cards, const struct perso_cells *personal,
                         size_t n, struct perso_cells *out);

#endif
