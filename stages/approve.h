/*
 * Approve: what the operator approves is named by count and digest (LD/T 03-2022 8.3.7 b, 8.3.8 c):
 * SM3 over, for each card in order, card id, request id, digests of its application and issuance
 * rows.
 */
#ifndef STAGES_APPROVE_H
#define STAGES_APPROVE_H

#include "formats/sm2/sm3.h"
#include "perso/limits.h"
#include "perso/result.h"

struct perso_approval {
    struct perso_sm3 *sm3;
    uint32_t n_cards;
};

enum perso_result perso_approval_begin(struct perso_approval *approval, struct perso_error *err);
enum perso_result perso_approval_add(struct perso_approval *approval, const char *card_id,
                                     const uint8_t request_id[PERSO_REQUEST_ID_BYTES],
                                     const uint8_t application_sm3[PERSO_SM3_BYTES],
                                     const uint8_t issuance_sm3[PERSO_SM3_BYTES],
                                     struct perso_error *err);
/** Gives the digest and lets go of the approval; digest may be NULL. */
enum perso_result perso_approval_end(struct perso_approval *approval,
                                     uint8_t digest[PERSO_SM3_BYTES], struct perso_error *err);

#endif
