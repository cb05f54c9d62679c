#include "ra-client/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct spool {
    perso_spool_copy *copy;
    void *arg;
    char folder[];
};

/*
 * The package appears last, so that a peer who sees it finds its side files too (CONTRACTS 3). A
 * hand-over that stopped half-way is begun again: the copy of what is there already is success.
 */
static enum perso_result
submit(void *self, const struct perso_ra_set *set, struct perso_ra_receipt *receipt,
       struct perso_error *err)
{
    const struct spool *spool = self;
    enum perso_result rc;

    if (set->n_files == 0)
        return perso_error_set(err, PERSO_REJ_NONE, "", "submission without a file");
    for (size_t i = 0; i < set->n_files; i++) {
        rc = spool->copy(spool->arg, set->folder, set->files[i], spool->folder, err);
        if (rc != PERSO_OK)
            return rc;
    }
    snprintf(receipt->text, sizeof receipt->text, "spooled %s", set->files[set->n_files - 1]);
    return PERSO_OK;
}

static enum perso_result
query(void *self, const uint8_t (*ids)[PERSO_REQUEST_ID_BYTES], size_t n, struct perso_error *err)
{
    (void)self, (void)ids, (void)n, (void)err;
    return PERSO_END; /* a folder cannot be asked */
}

static enum perso_result
poll(void *self, perso_ra_answer *on_answer, void *arg, struct perso_error *err)
{
    (void)self, (void)on_answer, (void)arg, (void)err;
    return PERSO_END; /* answers come as files */
}

enum perso_result
perso_spool_open(const char *folder, perso_spool_copy *copy, void *arg, struct perso_ra *ret,
                 struct perso_error *err)
{
    size_t n = strlen(folder) + 1;
    struct spool *spool;

    if (n == 1)
        return perso_error_set(err, PERSO_REJ_NONE, "", "spool folder without a name");
    if ((spool = malloc(sizeof *spool + n)) == NULL)
        return perso_error_errno(err, "spool");
    spool->copy = copy;
    spool->arg = arg;
    memcpy(spool->folder, folder, n);
    *ret = (struct perso_ra) { submit, query, poll, free, spool };
    return PERSO_OK;
}
