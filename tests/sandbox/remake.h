/* New cards for old ones (普通换卡、质保换卡): what the parts of persoline-sandbox remake share. */
#ifndef SANDBOX_REMAKE_H
#define SANDBOX_REMAKE_H

#include "list.h"
#include "people.h"
#include "sample.h"

/* One old card's person, and the new card. */
struct sbx_remade {
    char name[256], ssn[32];
    char card_id[64], card_no[32];
};

struct sbx_remake {
    const char *dir, *from, *batch;
    uint32_t boxes; /* cards a box; 0: no boxes */
    struct sbx_list list;
    struct sbx_remade *cards; /* in the list's order */
    enum perso_charset charset;
    uint8_t seed[SBX_SEED_BYTES]; /* of the typed seed and the batch */
    void *numbers;                /* tsearch: card numbers that are taken */
};

/* remake_issuance.c: FROM/issuance/issuance.csv */
/** Persons of the listed cards, numbers that are taken; exits with 1 where a card is not there. */
void sbx_remake_people(struct sbx_remake *m);
/** issuance/issuance.csv of the new cards, in the order of the old file. */
void sbx_remake_issuance(const struct sbx_remake *m);

#endif
