/* collect of returns that are no packages. */
#include "pipeline/drive/gather.h"

#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/drive/collect_accept.h"
#include "pipeline/drive/collect_loose.h"
#include "pipeline/file/known.h"
#include "pipeline/job/clear_files.h"

static void
tell(const struct perso_gathering *g)
{
    struct perso_say *say = &g->c.job->say;
    const struct perso_collect_counts *c = &g->c.counts;

    perso_say_begin(say, "collect");
    perso_say_text(say, "file", g->in.display);
    perso_say_number(say, "records", g->counts.records);
    perso_say_number(say, "certificates", g->counts.certificates);
    perso_say_number(say, "issued", c->issued);
    perso_say_number(say, "refused", c->refused);
    perso_say_number(say, "held", c->held);
    perso_say_number(say, "doubled", c->doubled);
    perso_say_number(say, "orphans", c->orphans);
    perso_say_number(say, "CA certificates", g->counts.cas);
    perso_say_end(say);
    perso_collect_tell_past(g->in.display, c);
    if (g->counts.stray > 0)
        perso_warn("%s: %u members are no part of a return by their names: they are left out",
                   g->in.display, g->counts.stray);
    if (g->counts.empty > 0)
        perso_warn("%s: %u records have neither a code nor an item: they are left out",
                   g->in.display, g->counts.empty);
    if (g->counts.unclear > 0)
        perso_warn("%s: %u encryption certificates fit more than one card: none of them is taken",
                   g->in.display, g->counts.unclear);
}

static enum perso_result
take_answers(struct perso_taking *t, void *gathering, struct perso_error *err)
{
    const struct perso_gathering *g = gathering;
    struct perso_stored_record record;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < g->n_answers; i++)
        if (g->answers[i] != 0 && (rc = t->job->cards.get(t->job->cards.self, g->answers[i],
                                                          &record, NULL, NULL, err)) == PERSO_OK)
            rc = perso_take_answer(t, &record, 0, err);
    return rc;
}

static enum perso_result
begin_file(struct perso_gathering *g, struct perso_error *err)
{
    struct perso_ledger_file *file = &g->c.file;
    enum perso_result rc;

    *file = (struct perso_ledger_file) { .stage = PERSO_STAGE_COLLECT };
    snprintf(file->kind, sizeof file->kind, "%s", PERSO_RETURN_KIND);
    if (g->is_signed)
        snprintf(file->party, sizeof file->party, "%s", g->c.job->conf.ra);
    if (g->in.side.date[0] != '\0' && !perso_date_read(g->in.side.date, &file->date_s))
        return perso_error_set(err, PERSO_REJ_MANIFEST_SYNTAX, "date", "no such date");
    rc = perso_file_begin(g->c.job, file, g->in.display, g->in.bytes, g->in.sm3, err);
    return rc == PERSO_OK ? perso_file_claim(g->c.job, file, err) : rc;
}

/* unread: nothing of it stands in the ledger. */
static enum perso_result
refuse(struct perso_gathering *g, bool unread, const struct perso_error *why,
       struct perso_error *err)
{
    enum perso_result rc =
        unread ? perso_file_refuse_unread(g->c.job, PERSO_STAGE_COLLECT, g->in.display, why, err)
               : perso_file_refuse(g->c.job, &g->c.file, why, err);

    if (g->hint != NULL)
        perso_hint("%s", _(g->hint));
    return rc;
}

static enum perso_result
gather(struct perso_gathering *g, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc;

    if ((rc = perso_job_seal(g->c.job, err)) != PERSO_OK || (rc = begin_file(g, err)) != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    g->c.rules.to = g->c.job->seal;
    g->c.rules.success = g->of_ra.success;
    g->c.rules.secrets = g->of_ra.secrets;
    if ((rc = perso_gather_read(g, &why)) == PERSO_REJECT)
        return refuse(g, false, &why, err);
    if (rc == PERSO_OK)
        rc = perso_gather_merge(g, &why);
    if (rc != PERSO_OK) {
        *err = why;
        return rc;
    }
    if (g->has_secrets && g->of_ra.secrets == PERSO_SECRETS_CLEAR)
        perso_clear_note(g->in.path, g->in.display, g->c.file.note, sizeof g->c.file.note);
    if ((rc = perso_collect_accept(g->c.job, &g->c.file, &g->c.counts, take_answers, g, err)) ==
        PERSO_OK)
        tell(g);
    return rc;
}

static enum perso_result
open_return(struct perso_gathering *g, const char *path, struct perso_error *err)
{
    enum perso_result rc = perso_rules_of_return(&g->c.job->profile, &g->of_ra, err);

    if (rc != PERSO_OK)
        return rc;
    g->issued = perso_answer_success(g->of_ra.success);
    if ((rc = perso_loose_open(g->c.job, path, &g->in, err)) == PERSO_OK &&
        (rc = perso_file_known(g->c.job, PERSO_STAGE_COLLECT, g->in.sm3, g->in.display, err)) ==
            PERSO_OK)
        rc = perso_gather_vouched(g, err);
    return rc;
}

enum perso_result
perso_collect_loose(struct perso_job *job, const char *path, struct perso_error *err)
{
    struct perso_gathering *g = calloc(1, sizeof *g);
    struct perso_error why = { 0 };
    enum perso_result rc;

    if (g == NULL)
        return perso_error_errno(err, "memory");
    g->c.job = job;
    rc = open_return(g, path, &why);
    if (rc == PERSO_OK)
        rc = gather(g, err);
    else if (rc == PERSO_REJECT)
        rc = refuse(g, true, &why, err);
    else if (rc == PERSO_END) /* known: said already */
        rc = PERSO_OK;
    else
        *err = why;
    perso_loose_close(&g->in);
    perso_seal_free(g->c.rules.from);
    perso_card_index_free(g->persons);
    free(g->parts);
    free(g->answers);
    free(g);
    return rc;
}
