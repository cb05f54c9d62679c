#include "pipeline/file/outgoing.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "pipeline/file/output.h"
#include "pipeline/job/path.h"
#include "pipeline/store/planted.h"

/* ---- plan ---- */

static enum perso_result
plan_file(struct perso_job *job, const struct perso_outgoing *what, struct perso_ledger_file *file,
          struct perso_error *err)
{
    uint32_t last = 0;
    char plain[PERSO_MEMBER_NAME_BYTES];
    enum perso_result rc;

    if ((rc = perso_ledger_file_last(job->ledger, true, what->kind, "", &last, err)) != PERSO_OK)
        return rc;
    *file = (struct perso_ledger_file) { .stage = what->stage,
                                         .outgoing = true,
                                         .status = PERSO_FILE_PLANNED,
                                         .sequence = last + 1,
                                         .date_s = job->date_s };
    what->name(job, what->kind, file->sequence, plain, sizeof plain);
    snprintf(file->kind, sizeof file->kind, "%s", what->kind);
    snprintf(file->party, sizeof file->party, "%s", what->party);
    snprintf(file->path, sizeof file->path, "%s/%s", what->folder, plain);
    return perso_ledger_file_add(job->ledger, file, err);
}

static enum perso_result
assign(struct perso_job *job, const struct perso_outgoing *what, struct perso_card *cards, size_t n,
       struct perso_ledger_file *file, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        *perso_card_slot(&cards[i], what->slot) = file->id;
        rc = job->cards.set(job->cards.self, &cards[i], err);
    }
    file->cards += (uint32_t)n;
    return rc;
}

static bool
stands(const struct perso_job *job, const struct perso_outgoing *what,
       const struct perso_card *card)
{
    return (what->from >> card->state & 1u) != 0 && (what->takes == NULL || what->takes(job, card));
}

/* Cards that are ready and stand in no planned or made file of this kind. */
static size_t
keep_free(const struct perso_job *job, const struct perso_outgoing *what, struct perso_card *cards,
          size_t n)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        if (*perso_card_slot(&cards[i], what->slot) == 0 && stands(job, what, &cards[i]))
            cards[m++] = cards[i];
    }
    return m;
}

static enum perso_result
fill_file(struct perso_job *job, const struct perso_outgoing *what, struct perso_ledger_file *file,
          struct perso_card *cards, int64_t *after, bool *end, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    while (file->cards < what->cards_max) {
        size_t n = 0, max = what->cards_max - file->cards;
        if (max > PERSO_BATCH_RECORDS)
            max = PERSO_BATCH_RECORDS;
        rc = job->cards.scan(job->cards.self, what->from, *after, max, cards, &n, err);
        if (rc == PERSO_END) {
            *end = true;
            return PERSO_OK;
        }
        if (rc != PERSO_OK)
            return rc;
        *after = cards[n - 1].seq;
        if ((rc = assign(job, what, cards, keep_free(job, what, cards, n), file, err)) != PERSO_OK)
            return rc;
    }
    return rc;
}

static enum perso_result
plan_one(struct perso_job *job, const struct perso_outgoing *what, struct perso_card *cards,
         int64_t *after, bool *end, struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc;

    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = plan_file(job, what, &file, err)) == PERSO_OK &&
        (rc = fill_file(job, what, &file, cards, after, end, err)) == PERSO_OK && file.cards > 0 &&
        (rc = perso_ledger_file_set(job->ledger, &file, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger); /* an empty file takes no number */
    return rc;
}

enum perso_result
perso_outgoing_plan(struct perso_job *job, const struct perso_outgoing *what,
                    struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    bool end = false;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK && !end)
        rc = plan_one(job, what, cards, &after, &end, err);
    free(cards);
    return rc;
}

/* ---- make ---- */

enum perso_result
perso_outgoing_cards(struct perso_job *job, int64_t file_id, perso_outgoing_visit *visit, void *arg,
                     struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = perso_ledger_cards_of_file(job->ledger, file_id, after, PERSO_BATCH_RECORDS, cards,
                                            &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        rc = visit(arg, cards, n, err);
    }
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

struct sieve {
    struct perso_job *job;
    const struct perso_outgoing *what;
    perso_outgoing_visit *visit;
    void *arg;
    struct perso_card *cards; /* those of a batch that stand in the file */
};

static enum perso_result
pass_standing(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct sieve *s = arg;
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (stands(s->job, s->what, &cards[i]))
            s->cards[m++] = cards[i];
    return m == 0 ? PERSO_OK : s->visit(s->arg, s->cards, m, err);
}

enum perso_result
perso_outgoing_standing(struct perso_job *job, const struct perso_outgoing *what, int64_t file_id,
                        perso_outgoing_visit *visit, void *arg, struct perso_error *err)
{
    struct sieve s = { job, what, visit, arg, calloc(PERSO_BATCH_RECORDS, sizeof *s.cards) };
    enum perso_result rc = s.cards != NULL
                               ? perso_outgoing_cards(job, file_id, pass_standing, &s, err)
                               : perso_error_errno(err, "memory");

    free(s.cards);
    return rc;
}

struct moving {
    struct perso_job *job;
    const struct perso_outgoing_step *step;
    struct perso_event *event;
};

static enum perso_result
settle_aside(struct moving *m, const struct perso_card *aside, struct perso_error *err)
{
    struct perso_card card = *aside;

    if (m->step->aside == PERSO_ASIDE_LEAVES)
        *perso_card_slot(&card, m->step->slot) = 0;
    else if (card.state == PERSO_STATE_HELD && (m->step->from >> card.from_state & 1u) != 0)
        card.from_state = m->step->to;
    return m->job->cards.set(m->job->cards.self, &card, err);
}

static bool
goes(const struct moving *m, const struct perso_card *card)
{
    const struct perso_outgoing *what = m->step->what;

    return what != NULL ? stands(m->job, what, card) : (m->step->from >> card->state & 1u) != 0;
}

static bool
remains(const struct moving *m, const struct perso_card *card)
{
    return m->step->what != NULL && (m->step->what->stays >> card->state & 1u) != 0;
}

static void
count_card(struct perso_event *event, const struct perso_card *card)
{
    if (event->first_seq == 0)
        event->first_seq = card->seq;
    event->last_seq = card->seq;
    event->from = card->state;
    event->n_cards++;
}

static enum perso_result
move_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct moving *m = arg;
    size_t first = 0, end;
    enum perso_result rc = PERSO_OK;

    /* Runs of cards that are still where the plan found them; others were put aside meanwhile. */
    for (; rc == PERSO_OK && first < n; first = end) {
        end = first;
        if (goes(m, &cards[first]) && remains(m, &cards[first])) {
            count_card(m->event, &cards[end++]);
            continue;
        }
        for (; end < n && goes(m, &cards[end]) && !remains(m, &cards[end]); end++)
            count_card(m->event, &cards[end]);
        if (end > first)
            rc = m->job->cards.move(m->job->cards.self, cards + first, end - first, m->step->to,
                                    err);
        else
            rc = settle_aside(m, &cards[end++], err);
    }
    return rc;
}

enum perso_result
perso_outgoing_settle(struct perso_job *job, const struct perso_outgoing_step *step,
                      struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_event event = { .stage = step->stage, .file_id = file->id, .to = step->to };
    struct moving moving = { job, step, &event };
    enum perso_result rc;

    snprintf(event.kind, sizeof event.kind, "%s", step->kind);
    snprintf(event.note, sizeof event.note, "%s", file->note);
    memcpy(event.digest, file->sm3, sizeof event.digest);
    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_file_set(job->ledger, file, err)) == PERSO_OK &&
        (rc = perso_outgoing_cards(job, file->id, move_cards, &moving, err)) == PERSO_OK &&
        (!PERSO_BUG(event_apart) || ((rc = perso_ledger_commit(job->ledger, err)) == PERSO_OK &&
                                     (rc = perso_ledger_begin(job->ledger, err)) == PERSO_OK)) &&
        (rc = job->cards.event(job->cards.self, &event, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

static void
tell(struct perso_job *job, const struct perso_outgoing *what, const struct perso_ledger_file *file)
{
    perso_say_begin(&job->say, perso_stage_name(what->stage));
    perso_say_text(&job->say, "file", file->path);
    perso_say_number(&job->say, "cards", file->rows);
    perso_say_end(&job->say);
}

static enum perso_result
count_ready(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    uint32_t *count = arg;

    (void)cards, (void)err;
    *count += (uint32_t)n;
    return PERSO_OK;
}

static enum perso_result
made(struct perso_job *job, const struct perso_outgoing *what, struct perso_ledger_file *file,
     struct perso_error *err)
{
    const struct perso_outgoing_step step = { what->stage,        "make",     what->from, what->to,
                                              PERSO_ASIDE_LEAVES, what->slot, what };
    enum perso_result rc;

    file->status = PERSO_FILE_MADE;
    file->cards = file->rows;
    if ((rc = perso_outgoing_settle(job, &step, file, err)) == PERSO_OK)
        tell(job, what, file);
    return rc;
}

enum perso_result
perso_outgoing_publish(struct perso_job *job, struct perso_ledger_file *file,
                       struct perso_durable *durable, struct perso_error *err)
{
    uint8_t sm3[PERSO_SM3_BYTES];
    enum perso_result rc = perso_durable_finish(durable, sm3, &file->bytes, err);

    if (rc != PERSO_OK)
        return rc;
    if (perso_outgoing_published(file) && memcmp(file->sm3, sm3, sizeof sm3) != 0)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "%s: two writings differ", file->path);
    memcpy(file->sm3, sm3, sizeof sm3);
    if (rc == PERSO_OK && (rc = perso_ledger_begin(job->ledger, err)) == PERSO_OK) {
        if ((rc = perso_ledger_file_set(job->ledger, file, err)) == PERSO_OK)
            rc = perso_ledger_commit(job->ledger, err);
        else
            perso_ledger_rollback(job->ledger);
    }
    if (rc == PERSO_OK)
        return perso_durable_commit(durable, NULL, NULL, err);
    perso_durable_abandon(durable);
    return rc;
}

enum perso_result
perso_outgoing_complete(struct perso_job *job, const struct perso_outgoing *what,
                        struct perso_ledger_file *file, struct perso_error *err)
{
    const char *name = perso_path_name(file->path);
    char folder[PERSO_PATH_BYTES];
    bool stands = false;
    enum perso_result rc = perso_job_folder(job, what->folder, folder, err);

    if (rc == PERSO_OK && !job->options.dry_run &&
        (rc = perso_durable_complete(folder, name, &stands, err)) == PERSO_OK && !stands)
        perso_warn("%s is not there any more: somebody took it, or withdraw it", file->path);
    return rc == PERSO_OK ? made(job, what, file, err) : rc;
}

/* A file whose cards were all put aside since it was planned is not written at all. */
static enum perso_result
make_one(struct perso_job *job, const struct perso_outgoing *what, perso_outgoing_write *write,
         struct perso_ledger_file *file, struct perso_error *err)
{
    const struct perso_outgoing_step gone = { what->stage,        "withdraw", what->from, what->to,
                                              PERSO_ASIDE_LEAVES, what->slot, what };
    uint32_t ready = 0;
    enum perso_result rc = perso_outgoing_standing(job, what, file->id, count_ready, &ready, err);

    if (rc != PERSO_OK)
        return rc;
    if (ready == 0) {
        file->status = PERSO_FILE_WITHDRAWN;
        return perso_outgoing_settle(job, &gone, file, err);
    }
    rc = write(job, what, file, err);
    return rc == PERSO_OK ? made(job, what, file, err) : rc;
}

enum perso_result
perso_outgoing_make(struct perso_job *job, const struct perso_outgoing *what,
                    perso_outgoing_write *write, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.outgoing && file.status == PERSO_FILE_PLANNED &&
            strcmp(file.kind, what->kind) == 0 &&
            (rc = perso_outgoing_published(&file)
                      ? perso_outgoing_complete(job, what, &file, err)
                      : make_one(job, what, write, &file, err)) != PERSO_OK)
            return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- side files ---- */

enum perso_result
perso_outgoing_sides(struct perso_job *job, const char *folder, const char *name,
                     struct perso_cursor message, const struct perso_peer *recipient,
                     struct perso_error *err)
{
    uint8_t signature[PERSO_SIGNATURE_DER_BYTES], key[PERSO_SEAL_KEY_BYTES];
    uint8_t wrapped[PERSO_WRAPPED_BYTES];
    char side[PERSO_MEMBER_NAME_BYTES + 8];
    size_t n = 0;
    enum perso_result rc;

    if ((rc = perso_job_seal(job, err)) != PERSO_OK ||
        (rc = job->site.secrets.sign(job->site.secrets.self, message, signature, &n, err)) !=
            PERSO_OK)
        return rc;
    snprintf(side, sizeof side, "%s.sig", name);
    if ((rc = perso_output_write(job, folder, side, signature, n, err)) != PERSO_OK ||
        recipient == NULL)
        return rc;
    if (!perso_file_key(job->job_key, name, key))
        return perso_error_openssl(err, "key of the file");
    if ((rc = perso_wrap_key(recipient->sealing_key, key, wrapped, &n, err)) == PERSO_OK) {
        snprintf(side, sizeof side, "%s.wrap", name);
        rc = perso_output_write(job, folder, side, wrapped, n, err);
    }
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}
