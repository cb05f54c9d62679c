/*
 * RVK packages: certificates of cards that will not be used (LD/T 03-2022 6.4.4). DIR/revoked.csv
 * has each revoked certificate once, in the order in which they came. Everything is checked before
 * anything is written.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "ra.h"

#define REVOKED_BYTES ((size_t)1 << 30)

struct revoked {
    char sm3[65]; /* first: the key of the tree */
    char serial[SBX_SERIAL_CHARS], certificate[5], card_id[64];
    bool is_new;
};

struct revoking {
    struct sbx_ra *ra;
    struct sbx_ra_issued issued;
    void *by_sm3; /* tsearch of struct revoked */
    struct revoked **order;
    size_t n, max, n_new;
};

static int
by_sm3(const void *a, const void *b)
{
    return strcmp(((const struct revoked *)a)->sm3, ((const struct revoked *)b)->sm3);
}

static void
add(struct revoking *v, const struct revoked *one)
{
    struct revoked *copy = sbx_memory(1, sizeof *copy);

    *copy = *one;
    if (v->n == v->max) {
        v->max = 2 * v->max + 64;
        v->order = realloc(v->order, v->max * sizeof(struct revoked *));
    }
    sbx_need(v->order != NULL && tsearch(copy, &v->by_sm3, by_sm3) != NULL, "memory");
    v->order[v->n++] = copy;
    v->n_new += copy->is_new;
}

static void
take_cell(const struct sbx_table_in *t, const char *column, char *out, size_t max)
{
    const size_t at = sbx_table_column(t, column);

    if ((size_t)snprintf(out, max, "%s", t->cells[at]) >= max)
        sbx_die("%s:%u: %s: too long", t->path, t->line, column);
}

static void
take_row(const struct sbx_table_in *t, struct revoked *row)
{
    take_cell(t, "AAZ501", row->card_id, sizeof row->card_id);
    take_cell(t, "certificate", row->certificate, sizeof row->certificate);
    take_cell(t, "serial", row->serial, sizeof row->serial);
    take_cell(t, "SM3", row->sm3, sizeof row->sm3);
    for (char *c = row->serial; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
    for (char *c = row->sm3; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
}

/* What a cut certificate cannot tell, its sender knows: the serial may be empty. */
static void
check_row(struct revoking *v, const struct sbx_table_in *t, struct revoked *row)
{
    const struct sbx_ra_certificate *issued = sbx_ra_issued_find(&v->issued, row->sm3);

    if (row->card_id[0] == '\0')
        sbx_die("%s:%u: AAZ501: empty", t->path, t->line);
    if (issued == NULL)
        sbx_die("%s:%u: SM3: no certificate that was issued here", t->path, t->line);
    if (row->serial[0] == '\0')
        memcpy(row->serial, issued->serial, sizeof row->serial);
    if (strcmp(issued->serial, row->serial) != 0)
        sbx_die("%s:%u: serial: not that of the certificate with this SM3", t->path, t->line);
    if (strcmp(issued->certificate, row->certificate) != 0)
        sbx_die("%s:%u: certificate: have %s, it was issued as %s", t->path, t->line,
                row->certificate, issued->certificate);
    struct revoked *const *before = tfind(row, &v->by_sm3, by_sm3);
    if (before != NULL && strcmp((*before)->card_id, row->card_id) != 0)
        sbx_die("%s:%u: AAZ501: the certificate was revoked for another card", t->path, t->line);
    if (before == NULL)
        add(v, row);
}

static void
read_package(struct revoking *v, const char *name)
{
    struct sbx_ra_package package;
    struct sbx_table_in t;

    if (!sbx_ra_package_open(v->ra, name, "RVK", &package))
        return;
    const uint32_t rows = sbx_ra_package_table(&package, "revoke.csv", &t);
    (void)sbx_table_column(&t, "reason");
    while (sbx_table_next(&t)) {
        struct revoked row = { .is_new = true };
        take_row(&t, &row);
        check_row(v, &t, &row);
    }
    if (t.rows != rows)
        sbx_die("%s: have %u rows, the manifest says %u", t.path, t.rows, rows);
    sbx_table_free(&t);
    sbx_ra_package_close(&package);
}

static void
load(struct revoking *v, const char *path)
{
    struct sbx_table_in t;
    size_t n;
    char *text = (char *)sbx_file_read_if(path, REVOKED_BYTES, &n);

    if (text == NULL)
        return;
    sbx_table_open(&t, path, text, n);
    while (sbx_table_next(&t)) {
        struct revoked row = { .is_new = false };
        take_row(&t, &row);
        add(v, &row);
    }
    sbx_table_free(&t);
}

static void
save(const struct revoking *v, const char *path)
{
    struct sbx_table_out t;

    sbx_table_create(&t, path, PERSO_UTF8, "serial,AAZ501,certificate,SM3");
    for (size_t i = 0; i < v->n; i++) {
        const struct revoked *one = v->order[i];
        const char *const cells[] = { one->serial, one->card_id, one->certificate, one->sm3 };
        sbx_table_cells(&t, cells, 4);
    }
    sbx_table_close(&t);
}

static void
revoke(struct revoking *v, const struct sbx_names *names, const char *path)
{
    sbx_ra_issued_load(v->ra, &v->issued);
    load(v, path);
    for (size_t i = 0; i < names->n; i++)
        if (strncmp(names->at[i], "RVK-", 4) == 0)
            read_package(v, names->at[i]);
    if (v->n_new != 0)
        save(v, path);
    for (size_t i = 0; i < v->n; i++) {
        tdelete(v->order[i], &v->by_sm3, by_sm3);
        free(v->order[i]);
    }
    free(v->order);
    free(v->issued.at);
}

void
sbx_ra_revoke(struct sbx_ra *ra)
{
    struct revoking v = { .ra = ra };
    char path[SBX_PATH_BYTES];
    struct sbx_names names;
    bool any = false;

    sbx_path(path, ra->dir, "revoked.csv");
    sbx_names_read(ra->in, ".zip", &names);
    for (size_t i = 0; i < names.n; i++)
        any |= strncmp(names.at[i], "RVK-", 4) == 0;
    if (any)
        revoke(&v, &names, path);
    sbx_names_free(&names);
}
