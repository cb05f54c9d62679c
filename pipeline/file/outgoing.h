/*
 * Outgoing files with their cards: planned in the ledger first, then written, then the cards move
 * (DESIGN 6: intent before effect). A crash in between writes the same bytes again.
 */
#ifndef PIPELINE_OUTGOING_H
#define PIPELINE_OUTGOING_H

#include <string.h>

#include "formats/package/package.h"
#include "pipeline/job/job.h"
#include "pipeline/store/durable.h"

struct perso_outgoing {
    enum perso_stage stage;
    const char *kind;     /* of a package; machine */
    const char *party;    /* recipient */
    const char *folder;   /* out/bundle, out/machine, ... */
    uint32_t from;        /* states of cards to take, bits */
    uint32_t stays;       /* of these, the ones that the file leaves as they are */
    enum perso_state to;  /* of the others */
    uint32_t cards_max;   /* of one file */
    enum perso_slot slot; /* where a card notes the file */
    bool (*takes)(const struct perso_job *job, const struct perso_card *card); /* NULL: all */
    /* Names a planned file by its sequence. */
    void (*name)(const struct perso_job *job, const char *kind, uint32_t sequence, char *out,
                 size_t max);
};

/* A planned file has its digest from the moment on that somebody may see it: what stands in it does
 * not change from there on. Before, its cards may still be put aside. */

/** Plan files over all cards that are ready and stand in none. */
enum perso_result perso_outgoing_plan(struct perso_job *job, const struct perso_outgoing *what,
                                      struct perso_error *err);

/** Write one planned file, with perso_outgoing_publish at its end; sets its rows and manifest_sm3
 * before. */
typedef enum perso_result perso_outgoing_write(struct perso_job *job,
                                               const struct perso_outgoing *what,
                                               struct perso_ledger_file *file,
                                               struct perso_error *err);

/** Write every planned file of this kind in order, and move its cards. */
enum perso_result perso_outgoing_make(struct perso_job *job, const struct perso_outgoing *what,
                                      perso_outgoing_write *write, struct perso_error *err);

/** The end of writing a file: its digest and size are in the ledger before its name stands in the
 * folder. A digest that the file has already must be it. durable is freed in every case. */
enum perso_result perso_outgoing_publish(struct perso_job *job, struct perso_ledger_file *file,
                                         struct perso_durable *durable, struct perso_error *err);
/** A planned file that was published, and cut off before its cards moved: they move. */
enum perso_result perso_outgoing_complete(struct perso_job *job, const struct perso_outgoing *what,
                                          struct perso_ledger_file *file, struct perso_error *err);
static inline bool
perso_outgoing_published(const struct perso_ledger_file *file)
{
    static const uint8_t none[PERSO_SM3_BYTES];
    return memcmp(file->sm3, none, sizeof none) != 0;
}

/* What becomes of cards of a file that were put aside since it was planned. */
enum perso_outgoing_aside {
    PERSO_ASIDE_LEAVES,  /* make: they are not in the file, a later one may take them */
    PERSO_ASIDE_FOLLOWS, /* submit: they are in it; their release finds them handed over */
};

/* One step of a file and its cards. */
struct perso_outgoing_step {
    enum perso_stage stage;
    const char *kind; /* of the event */
    uint32_t from;    /* states, bits */
    enum perso_state to;
    enum perso_outgoing_aside aside;
    enum perso_slot slot;
    const struct perso_outgoing *what; /* make: which cards are in the file; NULL: all in `from` */
};

/** In one transaction: the file's row as it is now, its cards that are still in one of the states
 * `from` moved, the others as `aside` says, one event. */
enum perso_result perso_outgoing_settle(struct perso_job *job,
                                        const struct perso_outgoing_step *step,
                                        struct perso_ledger_file *file, struct perso_error *err);

/** For every card that notes a file, in order, in batches. */
typedef enum perso_result perso_outgoing_visit(void *arg, const struct perso_card *cards, size_t n,
                                               struct perso_error *err);
enum perso_result perso_outgoing_cards(struct perso_job *job, int64_t file_id,
                                       perso_outgoing_visit *visit, void *arg,
                                       struct perso_error *err);
/** The same for those only that are in a file of this kind as they are now: others were put aside
 * since it was planned. */
enum perso_result perso_outgoing_standing(struct perso_job *job, const struct perso_outgoing *what,
                                          int64_t file_id, perso_outgoing_visit *visit, void *arg,
                                          struct perso_error *err);

/**
 * Detached signature of `message` as FOLDER/NAME.sig, and the file's key wrapped to the recipient
 * as FOLDER/NAME.wrap (recipient NULL: no secrets, no .wrap).
 */
enum perso_result perso_outgoing_sides(struct perso_job *job, const char *folder, const char *name,
                                       struct perso_cursor message,
                                       const struct perso_peer *recipient, struct perso_error *err);

/** Growing bytes in memory, as a sink; a member of a package before it is packed. */
struct perso_memory {
    uint8_t *bytes;
    size_t n, room;
};
struct perso_sink perso_memory_sink(struct perso_memory *memory);
void perso_memory_free(struct perso_memory *memory);

#endif
