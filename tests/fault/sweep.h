/* The sweep (sweep.c) and its parts: trees of files, programs that are run, signatures and keys. */
#ifndef FAULT_SWEEP_H
#define FAULT_SWEEP_H

#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modes.h"

#define WHY_BYTES 600
#define KEYS_MAX 8

_Noreturn void sweep_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- trees ---- */

struct tree_file {
    char *path; /* below the folder of the tree */
    uint8_t *bytes;
    size_t n;
};

/* Files in the order of their paths. */
struct tree {
    struct tree_file *files;
    size_t n, room;
};

/* The outputs of a job: what is below out/, held/ and reports/. */
void tree_read(const char *job, struct tree *ret);
const struct tree_file *tree_find(const struct tree *tree, const char *path);
void tree_free(struct tree *tree);
void tree_copy(const char *from, const char *to);
void tree_remove(const char *path);
uint8_t *file_read(const char *path, size_t *n); /* NULL: not there */
bool ends_with(const char *text, const char *end);

/* ---- what is swept ---- */

struct point {
    enum fault_op op;
    char *path;
};

struct sweep {
    const char *name, *world, *job, *layer, *proof;
    const char *work; /* folders of the cycles lie here */
    char *const *command;
    const char *only;  /* POINT:MODE */
    const char *where; /* text in operation and path of the points */
    uint64_t seed;
    double seconds; /* 0: as long as it takes */
    unsigned modes; /* by number */
    size_t each;    /* modes of a point */
    bool once, first, unsettled;
    EVP_PKEY *signers[KEYS_MAX], *openers[KEYS_MAX];
    size_t n_signers, n_openers;
    /* as the undisturbed run has it */
    int code;
    struct tree before, after;
    uint8_t *dump;
    size_t dump_n;
    struct point *points;
    size_t n_points;
};

/* ---- one cycle ---- */

struct cycle {
    size_t point; /* from 0 */
    enum fault_mode mode;
};

/* In the folder WORK/NAME. false: why is told. *fired: the fault happened. */
bool cycle_run(const struct sweep *sweep, const struct cycle *cycle, const char *name, bool *fired,
               char why[WHY_BYTES]);
/* Runs the command undisturbed, twice, and learns what it makes. */
void cycle_learn(struct sweep *sweep);

/* ---- signatures and keys ---- */

void proof_signers_read(struct sweep *sweep, const char *path);
/* KEY or KEY:PASSWORD_FILE. */
void proof_opener_read(struct sweep *sweep, const char *path);
bool proof_signature(const struct sweep *sweep, const struct tree *tree,
                     const struct tree_file *signature);
/* What the key files hold is the same. */
bool proof_same_key(const struct sweep *sweep, const struct tree_file *a,
                    const struct tree_file *b);

#endif
