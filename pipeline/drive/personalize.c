#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "formats/package/manifest.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/drive.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/file/output.h"
#include "pipeline/file/packing.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/job/progress.h"
#include "pipeline/job/rules.h"
#include "stages/application.h"
#include "stages/collect.h"
#include "stages/personalize.h"

#define KIND "machine"

struct planning {
    struct perso_job *job;
    const struct perso_outgoing *what;
    uint32_t from; /* states of cards that go to the machine */
    struct perso_machine_file *out;
    struct perso_progress progress;
    uint32_t held;
    uint32_t rows; /* of the table last written */
    size_t n;
    struct perso_card cards[PERSO_BATCH_RECORDS];
    struct perso_application applications[PERSO_BATCH_RECORDS];
    struct perso_cells issuances[PERSO_BATCH_RECORDS];
    struct perso_answer answers[PERSO_BATCH_RECORDS];
    struct perso_write_plan plans[PERSO_BATCH_RECORDS];
    struct perso_verdict verdicts[PERSO_BATCH_RECORDS];
};

/* ---- load ---- */

static enum perso_result
load(struct planning *p, const struct perso_card *card, struct perso_error *err)
{
    size_t i = p->n;
    struct perso_stored_record record;
    struct perso_cells application, answer;
    const struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    p->cards[i] = *card;
    if ((rc = perso_job_cells(p->job, card->application, &application, &record, err)) != PERSO_OK ||
        (rc = perso_application_parse(&application, &origin, p->job->arena, &p->applications[i],
                                      err)) != PERSO_OK ||
        (rc = perso_job_cells(p->job, card->issuance, &p->issuances[i], &record, err)) !=
            PERSO_OK ||
        (rc = perso_others_merge(&application, &p->issuances[i], p->job->arena, err)) != PERSO_OK ||
        (rc = perso_job_cells(p->job, card->answer, &answer, &record, err)) != PERSO_OK ||
        (rc = perso_answer_parse(&answer, &origin, p->job->arena, &p->answers[i], err)) != PERSO_OK)
        return rc;
    p->n++;
    return PERSO_OK;
}

static enum perso_result
plan_batch(struct planning *p, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(p->job->arena);
    p->n = 0;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if ((p->from >> cards[i].state & 1u) != 0)
            rc = load(p, &cards[i], err);
    if (rc != PERSO_OK || p->n == 0)
        return rc;
    const struct perso_personalize_rules rules = { p->job->mode, p->job->profile.ssse_keys,
                                                   perso_conf_yes(p->job->profile.keys_at_issue),
                                                   perso_rules_of_envelope(&p->job->profile) };
    return perso_stage_personalize(&rules, p->applications, p->issuances, p->answers, p->n,
                                   p->plans, p->verdicts, err);
}

/* ---- first: what no machine could write is held before a file is planned ---- */

static enum perso_result
hold_bad(struct planning *p, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(p->job->ledger, err);

    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++) {
        if (p->verdicts[i].reject == PERSO_REJ_NONE)
            continue;
        p->held++;
        rc = perso_job_hold(p->job, &p->cards[i], PERSO_STATE_HELD, PERSO_STAGE_PERSONALIZE,
                            &p->verdicts[i], p->cards[i].issuance, err);
    }
    if (rc == PERSO_OK)
        return perso_ledger_commit(p->job->ledger, err);
    perso_ledger_rollback(p->job->ledger);
    return rc;
}

static enum perso_result
judge_all(struct planning *p, struct perso_card *cards, struct perso_error *err)
{
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = p->job->cards.scan(p->job->cards.self, p->from, after, PERSO_BATCH_RECORDS, cards,
                                    &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        if ((rc = plan_batch(p, cards, n, err)) != PERSO_OK || (rc = hold_bad(p, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- machine file ---- */

static enum perso_result
note_others(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct planning *p = arg;
    enum perso_result rc = plan_batch(p, cards, n, err);

    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++)
        perso_others_note(&p->out->others, &p->issuances[i]);
    return rc;
}

static enum perso_result
write_rows(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct planning *p = arg;
    enum perso_result rc = plan_batch(p, cards, n, err);

    perso_progress_add(&p->progress, n);
    for (size_t i = 0; rc == PERSO_OK && i < p->n; i++)
        rc = p->verdicts[i].reject == PERSO_REJ_NONE
                 ? perso_machine_row(p->out, &p->plans[i], err)
                 : perso_error_set(err, PERSO_REJ_NONE, "", "card %s was planned but cannot be",
                                   p->cards[i].card_id);
    return rc;
}

static enum perso_result
write_table(struct planning *p, const struct perso_ledger_file *file, const char *name,
            const struct perso_sink *sink, struct perso_error *err)
{
    struct perso_table_writer *writer = calloc(1, sizeof *writer);
    struct perso_machine_file out = { .writer = writer,
                                      .sequence = file->sequence,
                                      .envelope = perso_rules_of_envelope(&p->job->profile) };
    uint8_t key[PERSO_SEAL_KEY_BYTES];
    enum perso_charset charset = PERSO_UTF8;
    enum perso_result rc;

    if (writer == NULL)
        return perso_error_errno(err, "memory");
    perso_charset_find(p->job->profile.machine_encoding, &charset);
    perso_writer_init(writer, *sink, charset, false);
    if ((rc = perso_job_seal(p->job, err)) != PERSO_OK)
        goto out;
    out.from = p->job->seal;
    if (!perso_file_key(p->job->job_key, name, key)) {
        rc = perso_error_openssl(err, "key of the file");
        goto out;
    }
    rc = perso_seal_new(key, &out.to, err);
    OPENSSL_cleanse(key, sizeof key);
    p->out = &out;
    perso_progress_begin(&p->progress, file->path, file->cards);
    if (rc == PERSO_OK &&
        (rc = perso_outgoing_standing(p->job, p->what, file->id, note_others, p, err)) ==
            PERSO_OK &&
        (rc = perso_machine_header(&out, err)) == PERSO_OK &&
        (rc = perso_outgoing_standing(p->job, p->what, file->id, write_rows, p, err)) == PERSO_OK)
        rc = perso_writer_flush(writer, err);
    perso_packing_others(&out.others, name);
    p->rows = out.rows;
    perso_progress_end(&p->progress);
out:
    perso_seal_free(out.to);
    free(writer);
    return rc;
}

static enum perso_result
write_sides(struct perso_job *job, const char *folder, const char *name,
            const struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_side_manifest side = {
        .has_rows = true, .has_sm3 = true, .has_encoding = true, .rows = file->rows
    };
    struct perso_peer machine;
    char manifest[PERSO_MEMBER_NAME_BYTES + 16], *json = NULL;
    size_t n = 0;
    enum perso_result rc;

    memcpy(side.sm3, file->sm3, sizeof side.sm3);
    snprintf(side.encoding, sizeof side.encoding, "%s", job->profile.machine_encoding);
    snprintf(side.date, sizeof side.date, "%s", job->conf.date);
    snprintf(manifest, sizeof manifest, "%s.manifest.json", name);
    if ((rc = perso_site_peer(&job->site, job->conf.machine, &machine, err)) == PERSO_OK &&
        (rc = perso_side_manifest_write(&side, &json, &n, err)) == PERSO_OK &&
        (rc = perso_output_write(job, folder, manifest, json, n, err)) == PERSO_OK)
        rc = perso_outgoing_sides(job, folder, name, perso_cursor_of(json, n), &machine, err);
    free(json);
    return rc;
}

/* The digest is needed in the side files, which must stand before the file does: so the table is
 * made twice, once only to be digested. The same content gives the same bytes. */
static enum perso_result
write_machine_file(struct perso_job *job, const struct perso_outgoing *what,
                   struct perso_ledger_file *file, struct perso_error *err)
{
    struct planning *p = calloc(1, sizeof *p);
    struct perso_durable *out = NULL;
    struct perso_sink sink;
    const char *name = perso_path_name(file->path);
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc;

    if (p == NULL)
        return perso_error_errno(err, "memory");
    p->job = job;
    p->what = what;
    p->from = what->from;
    if ((rc = perso_job_folder(job, "out/machine", folder, err)) != PERSO_OK ||
        (rc = perso_durable_open_dry(NULL, NULL, &out, err)) != PERSO_OK)
        goto out;
    sink = perso_durable_sink(out);
    if ((rc = write_table(p, file, name, &sink, err)) != PERSO_OK) {
        perso_durable_abandon(out);
        goto out;
    }
    uint64_t bytes = 0;
    if ((rc = perso_durable_commit(out, file->sm3, &bytes, err)) != PERSO_OK)
        goto out;
    file->rows = p->rows;
    file->bytes = bytes;
    if ((rc = write_sides(job, folder, name, file, err)) != PERSO_OK ||
        (rc = perso_output_open(job, folder, name, &out, &sink, err)) != PERSO_OK)
        goto out;
    if ((rc = write_table(p, file, name, &sink, err)) != PERSO_OK) {
        perso_durable_abandon(out);
        goto out;
    }
    rc = perso_outgoing_publish(job, file, out, err);
out:
    free(p);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

static void
machine_name(const struct perso_job *job, const char *kind, uint32_t sequence, char *out,
             size_t max)
{
    (void)kind;
    snprintf(out, max, "%s-%04u.csv", job->conf.batch, sequence);
}

static enum perso_result
hold_unwritable(struct perso_job *job, uint32_t from, struct perso_error *err)
{
    struct planning *p = calloc(1, sizeof *p);
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    enum perso_result rc = PERSO_OK;

    if (p == NULL || cards == NULL) {
        rc = perso_error_errno(err, "memory");
    } else {
        p->job = job;
        p->from = from;
        rc = judge_all(p, cards, err);
        if (rc == PERSO_OK && p->held > 0) {
            perso_say_begin(&job->say, "personalize");
            perso_say_number(&job->say, "held", p->held);
            perso_say_end(&job->say);
        }
    }
    free(cards);
    free(p);
    return rc;
}

void
perso_outgoing_of_machine(const struct perso_job *job, struct perso_outgoing *ret)
{
    const struct perso_role_stage *stage =
        perso_role_stage_find(job->role, PERSO_STAGE_PERSONALIZE);

    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_PERSONALIZE,
                                     .kind = KIND,
                                     .party = job->conf.machine,
                                     .folder = "out/machine",
                                     .from = 1u << stage->from | 1u << PERSO_STATE_RETRY,
                                     .to = stage->to,
                                     .cards_max = job->site.conf.machine_cards,
                                     .slot = PERSO_SLOT_MACHINE,
                                     .name = machine_name };
}

enum perso_result
perso_drive_personalize(struct perso_job *job, struct perso_error *err)
{
    struct perso_outgoing what;
    enum perso_result rc;

    perso_outgoing_of_machine(job, &what);
    /* A department that finishes its cards itself. */
    if (perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE) != NULL &&
        (rc = perso_drive_cupboard(job, PERSO_STAGE_PERSONALIZE, err)) != PERSO_OK)
        return rc;
    if ((rc = hold_unwritable(job, what.from, err)) != PERSO_OK ||
        (rc = perso_outgoing_plan(job, &what, err)) != PERSO_OK)
        return rc;
    return perso_outgoing_make(job, &what, write_machine_file, err);
}
