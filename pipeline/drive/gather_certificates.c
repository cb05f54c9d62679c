/* Certificates of a loose return, whatever the file's form. */
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/drive/gather.h"

struct reading {
    struct perso_gathering *g;
    struct perso_cells response; /* the parts of a CSRResponse belong together */
    bool has_response;
};

static enum perso_result
encode(struct perso_gathering *g, struct perso_cursor der, struct perso_text *ret,
       struct perso_error *err)
{
    const size_t n = perso_left(&der);
    char *base64 = perso_arena_take(g->c.job->arena, PERSO_BASE64_CHARS(n) + 1);

    if (base64 == NULL)
        return perso_error_errno(err, "memory");
    perso_base64_encode(der.at, n, base64);
    *ret = (struct perso_text) { base64, (uint32_t)PERSO_BASE64_CHARS(n) };
    return PERSO_OK;
}

static enum perso_result
visit(void *self, const struct perso_certificate_item *item, struct perso_error *err)
{
    static const enum perso_column columns[] = { [PERSO_ROLE_SIGNING] = PERSO_COL_QMZS,
                                                 [PERSO_ROLE_ENCRYPTION] = PERSO_COL_JMZS,
                                                 [PERSO_ROLE_ENVELOPE] = PERSO_COL_JMMY };
    struct reading *r = self;
    struct perso_gathering *g = r->g;
    struct perso_text *cell;
    enum perso_result rc;

    if (item->role != PERSO_ROLE_ANY) {
        r->has_response = true;
        return encode(g, item->der, &r->response.known[columns[item->role]], err);
    }
    if (g->n == PERSO_BATCH_RECORDS && (rc = perso_gather_flush(g, err)) != PERSO_OK)
        return rc;
    perso_cells_clear(&g->c.cells[g->n]);
    cell = &g->c.cells[g->n].known[PERSO_COL_QMZS];
    if ((rc = encode(g, item->der, cell, err)) != PERSO_OK)
        return rc;
    perso_gather_add(g, PERSO_ENTRY_CERTIFICATE, item->line, item->number);
    g->counts.certificates++;
    return PERSO_OK;
}

/* One of many that cannot be read is told; the others are somebody else's. */
static enum perso_result
tell_unreadable(struct perso_gathering *g, const struct perso_error *fault, struct perso_error *err)
{
    enum perso_result rc;

    perso_warn("%s: member %u: not a certificate: %s", g->in.display, g->member.number,
               fault->text);
    if (g->n == PERSO_BATCH_RECORDS && (rc = perso_gather_flush(g, err)) != PERSO_OK)
        return rc;
    perso_cells_clear(&g->c.cells[g->n]);
    perso_gather_add(g, PERSO_ENTRY_CERTIFICATE, 0, 0);
    return PERSO_OK;
}

enum perso_result
perso_gather_certificates(struct perso_gathering *g, struct perso_error *err)
{
    struct reading r = { .g = g, .has_response = false };
    const struct perso_certificate_visitor visitor = { visit, &r };
    struct perso_error fault = { 0 };
    bool whole;
    enum perso_result rc;

    /* Room for one record: the parts of a response stay in the arena until they are one. */
    if (g->n == PERSO_BATCH_RECORDS && (rc = perso_gather_flush(g, err)) != PERSO_OK)
        return rc;
    perso_cells_clear(&r.response);
    rc = perso_loose_certificates(&g->member, &visitor, &whole, &fault);
    if (rc == PERSO_OK && r.has_response) {
        g->c.cells[g->n] = r.response;
        perso_gather_add(g, PERSO_ENTRY_RECORD, 0, 1);
        g->counts.records++;
    }
    if (rc == PERSO_REJECT && whole && g->in.form != PERSO_LOOSE_FILE)
        return tell_unreadable(g, &fault, err);
    if (rc != PERSO_OK)
        *err = fault;
    return rc;
}
