/*
 * RA port (CONTRACTS 6), asynchronous: what is submitted is answered some time later, whole, in
 * parts, late or twice. The spool folder is one transport; online ones answer by poll.
 */
#ifndef PERSO_RA_H
#define PERSO_RA_H

#include <stddef.h>

#include "perso/record.h"
#include "perso/result.h"

/* A set of requests to hand over. A spool takes files, an online RA the requests. */
struct perso_ra_set {
    const char *id;           /* submission id: the same set has the same id for ever */
    const char *folder;       /* where the files are */
    const char *const *files; /* names in the folder; the package comes last */
    size_t n_files;
    const struct perso_application *requests; /* NULL where only files travel */
    size_t n_requests;
};

struct perso_ra_receipt {
    char text[128]; /* what the peer gave back; no personal value */
};

typedef enum perso_result perso_ra_answer(void *arg, const struct perso_answer *answer,
                                          struct perso_error *err);

struct perso_ra {
    /* Hand over once: the same id again is success. PERSO_RETRY: not taken, nothing changed. */
    enum perso_result (*submit)(void *self, const struct perso_ra_set *set,
                                struct perso_ra_receipt *receipt, struct perso_error *err);
    /* What became of these requests? Answers come by poll. PERSO_END: this peer cannot be asked. */
    enum perso_result (*query)(void *self, const uint8_t (*ids)[PERSO_REQUEST_ID_BYTES], size_t n,
                               struct perso_error *err);
    /* Give the answers that are there; PERSO_END: none, or they come as files. */
    enum perso_result (*poll)(void *self, perso_ra_answer *on_answer, void *arg,
                              struct perso_error *err);
    void (*free)(void *self);
    void *self;
};

#endif
