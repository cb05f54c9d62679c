/* Members of a loose return. */
#include "pipeline/drive/gather.h"

static enum perso_result
refuse_form(const struct perso_gathering *g, struct perso_error *err)
{
    if (g->in.form == PERSO_LOOSE_FILE)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "",
                               "neither a package nor a return: want a table (.csv, .txt), records "
                               "(.xml, .json, .jsonl) or certificates (.cer, .crt, .der, .pem, "
                               ".p7b, .p7c), alone or in an archive");
    return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "", "no part of a return by its name");
}

static enum perso_result
read_member(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc;

    switch (perso_loose_part(g->member.name)) {
    case PERSO_PART_CERTIFICATES:
        return perso_gather_certificates(g, err);
    case PERSO_PART_OTHER:
        return refuse_form(g, err);
    default:
        rc = perso_gather_flush(g, err);
        return rc == PERSO_OK ? perso_gather_records(g, err) : rc;
    }
}

static enum perso_result
check_totals(const struct perso_gathering *g, struct perso_error *err)
{
    const uint32_t have = g->counts.records + g->counts.certificates;

    if (g->in.side.has_rows && g->in.side.rows != have)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "have %u rows, want %u", have,
                               g->in.side.rows);
    if (have == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "no record and no certificate in it");
    return PERSO_OK;
}

enum perso_result
perso_gather_read(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc;

    perso_arena_reset(g->c.job->arena);
    while ((rc = perso_loose_next(&g->in, &g->member, err)) == PERSO_OK) {
        if ((rc = read_member(g, err)) == PERSO_OK)
            continue;
        if (rc == PERSO_REJECT && g->in.form != PERSO_LOOSE_FILE)
            perso_error_prefix(err, "member %u: ", g->member.number);
        break;
    }
    if (rc == PERSO_END && (rc = perso_gather_flush(g, err)) == PERSO_OK)
        rc = check_totals(g, err);
    g->c.file.rows = g->counts.records + g->counts.certificates;
    if (rc == PERSO_REJECT)
        perso_error_at(err, g->in.display, 0, 0);
    return rc;
}
