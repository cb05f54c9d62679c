/*
 * Inside gather*.c: a return that is no package while it is read. Its parts, records and single
 * certificates in any order, stand in the ledger under a file that counts nowhere, each with the
 * card that it names; then those of one card become one answer, and all answers take effect in one
 * transaction (collect_accept.h).
 */
#ifndef PIPELINE_GATHER_H
#define PIPELINE_GATHER_H

#include "formats/record/record.h"
#include "pipeline/drive/card_index.h"
#include "pipeline/drive/collect_read.h"
#include "pipeline/file/loose.h"
#include "pipeline/job/rules.h"
#include "stages/correlate.h"

#define PERSO_RETURN_KIND "return" /* of the ledger's file row */

/* A part whose card is known. */
struct perso_gathered {
    int64_t seq, record;
    uint32_t items; /* PERSO_ITEM_ bits that it has */
    enum perso_reject reject;
};

/* What the next entry of the batch is. */
enum perso_entry_kind { PERSO_ENTRY_RECORD, PERSO_ENTRY_CERTIFICATE, PERSO_ENTRY_LEFT };

struct perso_gather_counts {
    uint32_t records, certificates; /* read */
    uint32_t cas;                   /* of the chain: nothing to do with them */
    uint32_t stray;                 /* members that are no part of a return by their names */
    uint32_t empty;                 /* records with neither code nor item */
    uint32_t unclear;               /* encryption certificates that fit several cards */
};

struct perso_gathering {
    /* job, file row, rules and counts of collect, and the batch: cells of records, or QMZS, JMZS
     * alone of certificates */
    struct perso_collecting c;
    struct perso_loose in;
    struct perso_loose_member member; /* in hand */
    struct perso_return_rules of_ra;
    struct perso_text issued; /* a code of success */
    struct perso_gather_counts counts;
    bool is_signed, has_secrets;
    const char *hint;                 /* what to say beside a refusal; NULL: nothing */
    struct perso_card_index *persons; /* by card number and by SSN; NULL: nobody asked yet */
    struct perso_gathered *parts;
    size_t n_parts, room;
    int64_t *answers; /* records, in the order of their cards; 0: nothing new */
    size_t n_answers;
    size_t n; /* entries in the batch */
    enum perso_entry_kind kinds[PERSO_BATCH_RECORDS];
    bool coded[PERSO_BATCH_RECORDS];                 /* of a form in which a code must stand */
    struct perso_verdict found[PERSO_BATCH_RECORDS]; /* what finding the card said */
    char seal_ids[PERSO_BATCH_RECORDS][2 * PERSO_REQUEST_ID_BYTES + 1];
    const char *seal_id_of[PERSO_BATCH_RECORDS];
};

/** Signature, key, trust: before anything is read. Sets hint where it refuses. */
enum perso_result perso_gather_vouched(struct perso_gathering *g, struct perso_error *err);
/** The first secret of the return: may it have any? */
enum perso_result perso_gather_secrets(struct perso_gathering *g, struct perso_error *err);

/* ---- the batch ---- */

/** The entry whose cells were just set is one; there must be room. line and record: where it stands
 *  in its member. */
void perso_gather_add(struct perso_gathering *g, enum perso_entry_kind kind, uint32_t line,
                      uint32_t record);
/** Takes the entries into the ledger; the arena is empty afterwards. */
enum perso_result perso_gather_flush(struct perso_gathering *g, struct perso_error *err);

/* ---- members: the one in hand, read to its end ---- */

enum perso_result perso_gather_certificates(struct perso_gathering *g, struct perso_error *err);
enum perso_result perso_gather_records(struct perso_gathering *g, struct perso_error *err);

/** Read all members, batch by batch. */
enum perso_result perso_gather_read(struct perso_gathering *g, struct perso_error *err);

/**
 * Which card entry i of the batch is of: sets c.cards[i] (seq 0: none), found[i], the request_id of
 * its cells and the id of its seals. Inside a transaction.
 */
enum perso_result perso_gather_find(struct perso_gathering *g, size_t i, struct perso_error *err);

/** Parts to answers. */
enum perso_result perso_gather_merge(struct perso_gathering *g, struct perso_error *err);

#endif
