/* Events: what happened, who did it (LD/T 03-2022 8.3.8 a: time, address, identity, content,
 * processing, result). Each carries the SM3 of the one before. */
#ifndef PERSO_EVENT_H
#define PERSO_EVENT_H

#include <stdint.h>

#include "perso/limits.h"
#include "perso/mode.h"
#include "perso/reject.h"
#include "perso/state.h"

/* Who acts; the same for all events of one command. */
struct perso_actor {
    char operator[64]; /* --by NAME, else the login name */
    char host[64];
    char address[46];  /* network address of the caller; "" for a local command */
    char identity[64]; /* client identity of the service; "" for a local command */
};

struct perso_event {
    enum perso_stage stage; /* PERSO_STAGE_NONE: not of a stage */
    char kind[24];          /* accept, refuse, move, hold, release, cancel, approve, make, ... */
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* "" : not of one card */
    int64_t first_seq, last_seq;           /* cards concerned lie in this range; 0: none */
    uint32_t n_cards;
    int64_t file_id; /* 0: none */
    enum perso_state from, to;
    enum perso_reject reject;
    uint8_t digest[PERSO_SM3_BYTES]; /* of the content; zero: none */
    char note[256];                  /* reason or detail; no personal value, no secret */
};

#endif
