/* Members of a loose return. */
#include <string.h>
#include <strings.h>

#include "pipeline/drive/gather.h"

enum member_form { CERTIFICATES, TABLE, XML, JSON, OTHER };

/* By its name's end; what a certificate file is, its bytes tell. */
static enum member_form
form_of(const char *name)
{
    static const struct {
        const char *end;
        enum member_form form;
    } forms[] = {
        { "cer", CERTIFICATES }, { "crt", CERTIFICATES }, { "der", CERTIFICATES },
        { "pem", CERTIFICATES }, { "p7b", CERTIFICATES }, { "p7c", CERTIFICATES },
        { "csv", TABLE },        { "txt", TABLE },        { "xml", XML },
        { "json", JSON },        { "jsonl", JSON },
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof forms / sizeof forms[0]; i++)
        if (strcasecmp(dot + 1, forms[i].end) == 0)
            return forms[i].form;
    return OTHER;
}

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
    const struct perso_profile *profile = &g->c.job->profile;
    const enum member_form form = form_of(g->member.name);
    struct perso_table_options options;
    enum perso_result rc;

    if (form == CERTIFICATES)
        return perso_gather_certificates(g, err);
    if (form == OTHER)
        return refuse_form(g, err);
    if ((rc = perso_gather_flush(g, err)) != PERSO_OK ||
        (rc = perso_profile_table(profile, &profile->returned,
                                  g->in.side.has_encoding ? g->in.side.encoding : "", g->in.display,
                                  &options, err)) != PERSO_OK)
        return rc;
    snprintf(g->c.file.encoding, sizeof g->c.file.encoding, "%s",
             perso_charset_name(options.charset));
    if (form == TABLE)
        return perso_gather_table(g, &options, err);
    return perso_gather_records(g, &options, form == XML ? PERSO_RECORD_XML : PERSO_RECORD_JSON,
                                err);
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
