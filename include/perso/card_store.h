/*
 * Card-store port (CONTRACTS 6): cards with their states, what was read about them, events. The
 * job's ledger is one; a site's store for single cards and the service's client are others.
 */
#ifndef PERSO_CARD_STORE_H
#define PERSO_CARD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "perso/arena.h"
#include "perso/column.h"
#include "perso/event.h"
#include "perso/record.h"

/* One record of an incoming file, about one card or about none. Its payload is a row payload
 * (formats/base/row_payload.h) in data/. */
struct perso_stored_record {
    int64_t id; /* set when put */
    int64_t file_id;
    uint32_t line, record;        /* where it stands in that file */
    int64_t card_seq;             /* 0: of no card of this store (orphan, issuance only) */
    uint32_t bytes;               /* of the payload */
    uint8_t sm3[PERSO_SM3_BYTES]; /* of the payload: the same content, the same digest */
    struct perso_verdict verdict; /* what its stage said of it */
    char symbol;                  /* reconcile: = * ! - + (CONTRACTS 4); 0 elsewhere */
    uint32_t folds;               /* reconcile: PERSO_FOLD_ bits that were needed */
};

struct perso_card {
    int64_t seq;                           /* order of acceptance, from 1 */
    int64_t file_id;                       /* the file that brought it */
    char card_id[PERSO_CARD_ID_CHARS + 1]; /* "" where the row had none of its shape */
    bool has_key, has_request;
    uint8_t public_key[PERSO_POINT_BYTES];
    uint8_t request_id[PERSO_REQUEST_ID_BYTES];
    enum perso_state state;
    enum perso_state from_state;   /* of held, refused, spoiled: where it came from */
    enum perso_stage reject_stage; /* which stage said so; NONE with OPERATOR_ codes */
    struct perso_verdict verdict;  /* of held, refused, spoiled */
    int64_t verdict_record;        /* the record that shows the fault; 0: none */
    int64_t application, issuance, answer, result; /* records in force; 0: none */
    /* outgoing files it stands in; 0: none */
    int64_t bundle;         /* APP, REQ */
    int64_t machine;        /* machine file */
    int64_t handed;         /* FWD or HLD of a department, RES of a finisher */
    int64_t remake, revoke; /* RMK, RVK */
    bool confirmed;         /* the department confirmed remaking or revocation (6.4.4) */
};

/* Which of a card's outgoing files: a card stands in one of each kind at most. */
enum perso_slot {
    PERSO_SLOT_BUNDLE,
    PERSO_SLOT_MACHINE,
    PERSO_SLOT_HANDED,
    PERSO_SLOT_REMAKE,
    PERSO_SLOT_REVOKE,
};

static inline int64_t *
perso_card_slot(struct perso_card *card, enum perso_slot slot)
{
    int64_t *const slots[] = { &card->bundle, &card->machine, &card->handed, &card->remake,
                               &card->revoke };
    return slots[slot];
}

struct perso_card_store {
    /* Cards in one of the states (bit 1 << state), seq > after, in order; PERSO_END when none. */
    enum perso_result (*scan)(void *self, uint32_t states, int64_t after, size_t max,
                              struct perso_card *out, size_t *n, struct perso_error *err);
    /* Move cards, each from the state it shows, to one state; all or none. Their other fields stay,
     * but a verdict ends with held, refused or spoiled; these three need set, which gives a code.
     * PERSO_FATAL where the table of moves forbids it or a card is no longer in that state. */
    enum perso_result (*move)(void *self, const struct perso_card *cards, size_t n,
                              enum perso_state to, struct perso_error *err);
    /* Write one card back whole; the move from its stored state must be allowed (or none). Verdict
     * and from_state are kept in held, refused and spoiled only. */
    enum perso_result (*set)(void *self, const struct perso_card *card, struct perso_error *err);
    /* Append a record and its payload; sets id, bytes and sm3. */
    enum perso_result (*put)(void *self, struct perso_stored_record *record,
                             struct perso_cursor payload, struct perso_error *err);
    /* A record by id; payload (may be NULL) goes into the arena and its digest is checked. */
    enum perso_result (*get)(void *self, int64_t id, struct perso_stored_record *record,
                             struct perso_arena *arena, struct perso_cursor *payload,
                             struct perso_error *err);
    enum perso_result (*event)(void *self, const struct perso_event *event,
                               struct perso_error *err);
    void *self;
};

#endif
