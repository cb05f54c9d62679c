/* Members of a loose return. */
#include "pipeline/drive/gather.h"

static enum perso_result
read_member(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc;

    switch (perso_loose_part(g->member.name)) {
    case PERSO_PART_CERTIFICATES:
        return perso_gather_certificates(g, err);
    case PERSO_PART_OTHER:
        g->counts.stray++;
        return perso_loose_pass(&g->in, &g->member, err);
    default:
        rc = perso_gather_flush(g, err);
        return rc == PERSO_OK ? perso_gather_records(g, err) : rc;
    }
}

/* All of them, where there are several: not the cards' fault, but the profile's. */
static enum perso_result
check_secrets(const struct perso_gathering *g, struct perso_error *err)
{
    if (g->c.opened > 0 || g->c.shut < 2)
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "secrets",
                           "none of %u answers has secrets that can be read as [return] secrets = "
                           "%s says",
                           g->c.shut, g->c.job->profile.secrets);
}

static enum perso_result
check_totals(const struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc =
        perso_loose_totals(&g->in, g->counts.records + g->counts.certificates, err);

    if (rc == PERSO_OK)
        rc = perso_code_tally_check(&g->c.codes, err);
    return rc == PERSO_OK ? check_secrets(g, err) : rc;
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
