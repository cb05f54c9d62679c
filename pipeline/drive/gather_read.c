/* Members of a loose return. */
#include "pipeline/drive/gather.h"

/* Beside others it is somebody's note, or what a file manager left. */
static enum perso_result
pass_over(struct perso_gathering *g, struct perso_error *err)
{
    uint8_t block[4096];
    size_t n;
    enum perso_result rc;

    if (g->in.form == PERSO_LOOSE_FILE)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "",
                               "neither a package nor a return: want a table (.csv, .txt), records "
                               "(.xml, .json, .jsonl) or certificates (.cer, .crt, .der, .pem, "
                               ".p7b, .p7c), alone or in an archive");
    g->counts.stray++;
    while ((rc = perso_source_read(&g->member.source, block, sizeof block, &n, err)) == PERSO_OK)
        ;
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
read_member(struct perso_gathering *g, struct perso_error *err)
{
    enum perso_result rc;

    switch (perso_loose_part(g->member.name)) {
    case PERSO_PART_CERTIFICATES:
        return perso_gather_certificates(g, err);
    case PERSO_PART_OTHER:
        return pass_over(g, err);
    default:
        rc = perso_gather_flush(g, err);
        return rc == PERSO_OK ? perso_gather_records(g, err) : rc;
    }
}

/* All of them, where there are several: not the cards' fault, but the profile's. */
static enum perso_result
check_secrets(const struct perso_gathering *g, struct perso_error *err)
{
    static const char *const kinds[] = { [PERSO_SECRETS_WRAPPED] = "wrapped",
                                         [PERSO_SECRETS_SM2] = "sm2",
                                         [PERSO_SECRETS_CLEAR] = "clear" };

    if (g->c.opened > 0 || g->c.shut < 2)
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "secrets",
                           "none of %u answers has secrets that can be read as [return] secrets = "
                           "%s says",
                           g->c.shut, kinds[g->of_ra.secrets]);
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
    enum perso_result rc = perso_collect_check_codes(&g->c, err);
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
