#include "pipeline/file/outgoing.h"
#include "pipeline/file/output.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static enum perso_result
memory_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct perso_memory *m = self;

    if (n > m->room - m->n) {
        size_t room = m->room == 0 ? 1u << 16 : m->room;
        while (room - m->n < n)
            room *= 2;
        uint8_t *grown = realloc(m->bytes, room);
        if (grown == NULL)
            return perso_error_errno(err, "memory");
        m->bytes = grown;
        m->room = room;
    }
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
    return PERSO_OK;
}

struct perso_sink
perso_memory_sink(struct perso_memory *memory)
{
    return (struct perso_sink) { memory_write, memory };
}

void
perso_memory_free(struct perso_memory *memory)
{
    free(memory->bytes);
    *memory = (struct perso_memory) { 0 };
}

/* ---- plan ---- */

static enum perso_result
plan_file(struct perso_job *job, const struct perso_outgoing *what, perso_outgoing_name *name,
          struct perso_ledger_file *file, struct perso_error *err)
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
    name(job, file->sequence, plain, sizeof plain);
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
        if (what->machine)
            cards[i].machine = file->id;
        else
            cards[i].bundle = file->id;
        rc = job->cards.set(job->cards.self, &cards[i], err);
    }
    file->cards += (uint32_t)n;
    return rc;
}

/* Cards that are ready and stand in no planned or made file of this kind. */
static size_t
keep_free(const struct perso_outgoing *what, struct perso_card *cards, size_t n)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        if ((what->machine ? cards[i].machine : cards[i].bundle) == 0)
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
        if ((rc = assign(job, what, cards, keep_free(what, cards, n), file, err)) != PERSO_OK)
            return rc;
    }
    return rc;
}

static enum perso_result
plan_one(struct perso_job *job, const struct perso_outgoing *what, perso_outgoing_name *name,
         struct perso_card *cards, int64_t *after, bool *end, uint32_t *n, struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc;

    if ((rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = plan_file(job, what, name, &file, err)) == PERSO_OK &&
        (rc = fill_file(job, what, &file, cards, after, end, err)) == PERSO_OK && file.cards > 0 &&
        (rc = perso_ledger_file_set(job->ledger, &file, err)) == PERSO_OK) {
        (*n)++;
        return perso_ledger_commit(job->ledger, err);
    }
    perso_ledger_rollback(job->ledger); /* an empty file takes no number */
    return rc;
}

enum perso_result
perso_outgoing_plan(struct perso_job *job, const struct perso_outgoing *what,
                    perso_outgoing_name *name, uint32_t *n, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    int64_t after = 0;
    bool end = false;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    *n = 0;
    while (rc == PERSO_OK && !end)
        rc = plan_one(job, what, name, cards, &after, &end, n, err);
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

struct moving {
    struct perso_job *job;
    const struct perso_outgoing_step *step;
    struct perso_event *event;
};

static enum perso_result
settle_aside(struct moving *m, const struct perso_card *aside, struct perso_error *err)
{
    struct perso_card card = *aside;

    if (m->step->aside == PERSO_ASIDE_LEAVES) {
        if (m->step->machine)
            card.machine = 0;
        else
            card.bundle = 0;
    } else if (card.state == PERSO_STATE_HELD && (m->step->from >> card.from_state & 1u) != 0) {
        card.from_state = m->step->to;
    }
    return m->job->cards.set(m->job->cards.self, &card, err);
}

static enum perso_result
move_cards(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct moving *m = arg;
    size_t first = 0, end;
    enum perso_result rc = PERSO_OK;

    /* Runs of cards that are still where the plan found them; others were put aside meanwhile. */
    for (; rc == PERSO_OK && first < n; first = end) {
        for (end = first; end < n && (m->step->from >> cards[end].state & 1u) != 0; end++) {
            if (m->event->first_seq == 0)
                m->event->first_seq = cards[end].seq;
            m->event->last_seq = cards[end].seq;
            m->event->from = cards[end].state;
            m->event->n_cards++;
        }
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

struct counting {
    uint32_t from, n;
};

static enum perso_result
count_ready(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct counting *c = arg;

    (void)err;
    for (size_t i = 0; i < n; i++)
        c->n += c->from >> cards[i].state & 1u;
    return PERSO_OK;
}

/* A file whose cards were all put aside since it was planned is not written at all. */
static enum perso_result
make_one(struct perso_job *job, const struct perso_outgoing *what, enum perso_state to,
         perso_outgoing_write *write, struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_outgoing_step step = { what->stage,        "make",       what->from, to,
                                        PERSO_ASIDE_LEAVES, what->machine };
    struct counting ready = { what->from, 0 };
    enum perso_result rc = perso_outgoing_cards(job, file->id, count_ready, &ready, err);

    if (rc != PERSO_OK)
        return rc;
    if (ready.n == 0) {
        step.kind = "withdraw";
        file->status = PERSO_FILE_WITHDRAWN;
        return perso_outgoing_settle(job, &step, file, err);
    }
    if ((rc = write(job, file, err)) != PERSO_OK)
        return rc;
    file->status = PERSO_FILE_MADE;
    file->cards = file->rows;
    if ((rc = perso_outgoing_settle(job, &step, file, err)) == PERSO_OK)
        tell(job, what, file);
    return rc;
}

enum perso_result
perso_outgoing_make(struct perso_job *job, const struct perso_outgoing *what, enum perso_state to,
                    perso_outgoing_write *write, struct perso_error *err)
{
    struct perso_ledger_file file;
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    while ((rc = perso_ledger_files(job->ledger, after, 1, &file, &n, err)) == PERSO_OK) {
        after = file.id;
        if (file.outgoing && file.status == PERSO_FILE_PLANNED &&
            strcmp(file.kind, what->kind) == 0 &&
            (rc = make_one(job, what, to, write, &file, err)) != PERSO_OK)
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
