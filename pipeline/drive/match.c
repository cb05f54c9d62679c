#include <stdlib.h>
#include <string.h>

#include "formats/identity/name.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/match_parts.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/progress.h"
#include "pipeline/job/rules.h"
#include "stages/application.h"
#include "stages/collect.h"
#include "stages/match.h"

#define DAY_S 86400

/* CONTRACTS 5: the beginning is judged at the return's date, the end at the later of that and the
 * job's date; never at the machine's present time. Dates are whole days. */
static enum perso_result
take_validity(struct perso_matching *m, int64_t file_id, struct perso_validity *ret,
              struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc;

    if (file_id != m->file_id) {
        if ((rc = perso_ledger_file_get(m->job->ledger, file_id, &file, err)) != PERSO_OK)
            return rc;
        if (file.date_s == 0 && /* a return without a manifest */
            (rc = perso_ledger_event_time(m->job->ledger, file_id, "accept", &file.date_s, err)) !=
                PERSO_OK)
            return rc;
        m->file_id = file_id;
        m->file_date_s = file.date_s - file.date_s % DAY_S;
    }
    ret->begin_by_s = m->file_date_s + DAY_S - 1;
    ret->end_from_s =
        (m->file_date_s > m->job->date_s ? m->file_date_s : m->job->date_s) + DAY_S - 1;
    return PERSO_OK;
}

static enum perso_result
load(struct perso_matching *m, size_t i, struct perso_error *err)
{
    struct perso_arena *arena = m->job->arena;
    struct perso_stored_record record;
    struct perso_cells cells;
    struct perso_origin origin = { "", 0, 0 };
    enum perso_result rc;

    if ((rc = perso_job_cells(m->job, m->cards[i].application, &cells, &record, err)) != PERSO_OK ||
        (rc = perso_application_parse(&cells, &origin, arena, &m->applications[i], err)) !=
            PERSO_OK ||
        (rc = perso_job_cells(m->job, m->cards[i].issuance, &cells, &record, err)) != PERSO_OK)
        return rc;
    perso_issuance_parse(&cells, &origin, &m->issuances[i]);
    if ((rc = perso_job_cells(m->job, m->cards[i].answer, &cells, &record, err)) != PERSO_OK ||
        (rc = perso_answer_parse(&cells, &origin, arena, &m->answers[i], err)) != PERSO_OK)
        return rc;
    return take_validity(m, record.file_id, &m->validities[i], err);
}

/* ---- effects ---- */

static enum perso_result
move_run(struct perso_matching *m, size_t first, size_t end, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_MATCH,
                                 .kind = "move",
                                 .first_seq = m->cards[first].seq,
                                 .last_seq = m->cards[end - 1].seq,
                                 .n_cards = (uint32_t)(end - first),
                                 .from = m->stage->from,
                                 .to = m->stage->to };
    enum perso_result rc =
        m->job->cards.move(m->job->cards.self, m->cards + first, end - first, m->stage->to, err);
    if (rc != PERSO_OK)
        return rc;
    m->matched += event.n_cards;
    return m->job->cards.event(m->job->cards.self, &event, err);
}

static enum perso_result
settle_cards(struct perso_matching *m, size_t n, struct perso_error *err)
{
    size_t first = 0, end;
    enum perso_result rc = PERSO_OK;

    for (; rc == PERSO_OK && first < n; first = end) {
        for (end = first; end < n && m->verdicts[end].reject == PERSO_REJ_NONE; end++)
            ;
        if (end > first) {
            rc = move_run(m, first, end, err);
            continue;
        }
        rc = perso_job_hold(m->job, &m->cards[end], PERSO_STATE_HELD, PERSO_STAGE_MATCH,
                            &m->verdicts[end], m->cards[end].answer, err);
        m->held++;
        end++;
    }
    return rc;
}

/* Cards of earlier batches that a card of this one shares a certificate with. */
static enum perso_result
hold_others(struct perso_matching *m, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < m->n_others; i++) {
        rc = perso_job_hold(m->job, &m->others[i], PERSO_STATE_HELD, PERSO_STAGE_MATCH,
                            &m->other_verdicts[i], m->others[i].answer, err);
        m->held++;
    }
    return rc;
}

static enum perso_result
match_batch(struct perso_matching *m, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(m->job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = load(m, i, err);
    if (rc != PERSO_OK)
        return rc;
    m->rules.validities = m->validities;
    if ((rc = perso_stage_match(&m->rules, m->applications, m->issuances, m->answers, n,
                                m->matched_items, m->verdicts, err)) != PERSO_OK ||
        (rc = perso_match_claim(m, n, err)) != PERSO_OK ||
        (rc = perso_ledger_begin(m->job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = settle_cards(m, n, err)) == PERSO_OK && (rc = hold_others(m, err)) == PERSO_OK)
        return perso_ledger_commit(m->job->ledger, err);
    perso_ledger_rollback(m->job->ledger);
    return rc;
}

static enum perso_result
match_all(struct perso_matching *m, uint32_t n_cards, struct perso_error *err)
{
    struct perso_progress progress;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    perso_progress_begin(&progress, "match", n_cards);
    while ((rc = m->job->cards.scan(m->job->cards.self, 1u << m->stage->from, after,
                                    PERSO_BATCH_RECORDS, m->cards, &n, err)) == PERSO_OK) {
        after = m->cards[n - 1].seq;
        perso_progress_add(&progress, n);
        if ((rc = match_batch(m, n, err)) != PERSO_OK)
            break;
    }
    perso_progress_end(&progress);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* The department has judged the chain before a vendor or centre sees the certificate; these may do
 * without the CA certificates. */
static enum perso_result
take_trust(struct perso_matching *m, struct perso_trust **trust, struct perso_error *err)
{
    size_t left_out = 0;
    enum perso_result rc = perso_site_trust(&m->job->site, trust, &left_out, err);

    if (rc == PERSO_END && !m->rules.compare)
        return PERSO_FATAL;
    if (rc == PERSO_END && (m->rules.items & (PERSO_ITEM_QMZS | PERSO_ITEM_JMZS)) != 0)
        perso_warn("trust is empty: the chain was judged by the department");
    if (rc == PERSO_OK && left_out > 0)
        perso_warn("trust: %zu CA certificates reach no root and are left out", left_out);
    m->rules.trust = *trust;
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* A department has its items even where the finisher gets none: they wait in its cupboard. */
static enum perso_result
take_items(const struct perso_job *job, uint32_t *items, struct perso_error *err)
{
    bool finisher = perso_role_stage_find(job->role, PERSO_STAGE_RECONCILE) == NULL;
    struct perso_return_rules of_ra;
    enum perso_result rc = perso_rules_of_return(&job->profile, &of_ra, err);

    if (rc == PERSO_OK)
        *items = finisher && !job->mode->certificates_with_card ? 0 : of_ra.items;
    return rc;
}

/* Who writes no machine file forwards envelopes as they came, or keeps them in the cupboard. */
static enum perso_machine_envelope
envelope_of(const struct perso_job *job)
{
    bool writes = perso_role_stage_find(job->role, PERSO_STAGE_PERSONALIZE) != NULL &&
                  job->mode->certificates_with_card;

    return writes ? perso_rules_of_envelope(&job->profile) : PERSO_MACHINE_AS_RECEIVED;
}

static enum perso_result
take_rules(struct perso_matching *m, struct perso_trust **trust, struct perso_error *err)
{
    const struct perso_profile *p = &m->job->profile;
    m->rules = (struct perso_match_rules) {
        .subject = { perso_conf_yes(p->certificate_name), perso_conf_yes(p->certificate_number),
                     PERSO_FOLD_DOT | PERSO_FOLD_SPACE | PERSO_FOLD_WIDTH },
        .compare = perso_role_stage_find(m->job->role, PERSO_STAGE_RECONCILE) == NULL,
        .envelope = envelope_of(m->job),
        .carry_opaque = strcmp(p->opaque_envelope, "carry") == 0,
    };
    enum perso_result rc = take_items(m->job, &m->rules.items, err);
    return rc == PERSO_OK ? take_trust(m, trust, err) : rc;
}

enum perso_result
perso_drive_match(struct perso_job *job, struct perso_error *err)
{
    struct perso_matching *m = calloc(1, sizeof *m);
    struct perso_trust *trust = NULL;
    uint32_t counts[PERSO_STATE_COUNT];
    enum perso_result rc;

    if (m == NULL)
        return perso_error_errno(err, "memory");
    m->job = job;
    m->stage = perso_role_stage_find(job->role, PERSO_STAGE_MATCH);
    if ((rc = perso_ledger_counts(job->ledger, counts, err)) != PERSO_OK ||
        counts[m->stage->from] == 0 || (rc = take_rules(m, &trust, err)) != PERSO_OK ||
        (rc = perso_match_flags(m, err)) != PERSO_OK ||
        (rc = match_all(m, counts[m->stage->from], err)) != PERSO_OK)
        goto out;
    perso_say_begin(&job->say, "match");
    perso_say_number(&job->say, "matched", m->matched);
    perso_say_number(&job->say, "held", m->held);
    perso_say_end(&job->say);
out:
    perso_trust_free(trust);
    free(m->flags);
    free(m);
    return rc;
}
