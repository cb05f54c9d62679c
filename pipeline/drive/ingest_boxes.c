#include "pipeline/drive/ingest_boxes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/job/cards.h"

#define ALL_BUT_CANCELLED (~(1u << PERSO_STATE_CANCELLED))

struct box {
    struct perso_counted said;
    uint32_t listed; /* cards of the job that lie in it */
    uint32_t moved;  /* held, or let go on */
};

struct counting {
    struct perso_job *job;
    int64_t file_id;
    struct box *boxes;
    size_t n;
    struct perso_card *cards; /* PERSO_BATCH_RECORDS */
};

bool
perso_counted_read(const char *text, struct perso_counted *ret)
{
    const char *equals = strrchr(text, '=');
    char *end;

    if (equals == NULL || equals == text || (size_t)(equals - text) > PERSO_BOX_BYTES ||
        equals[1] < '0' || equals[1] > '9')
        return false;
    errno = 0;
    unsigned long n = strtoul(equals + 1, &end, 10);
    if (errno != 0 || *end != '\0' || n > PERSO_JOB_CARDS)
        return false;
    snprintf(ret->box, sizeof ret->box, "%.*s", (int)(equals - text), text);
    ret->counted = (uint32_t)n;
    return true;
}

/* ---- cards of the boxes ---- */

static struct box *
box_of(const struct counting *c, const struct perso_cells *cells)
{
    struct perso_text name = cells->known[PERSO_COL_box];

    for (size_t i = 0; i < c->n; i++)
        if (strlen(c->boxes[i].said.box) == name.bytes &&
            memcmp(c->boxes[i].said.box, name.at, name.bytes) == 0)
            return &c->boxes[i];
    return NULL;
}

/* Of several rows of one card one stands for the card in the box. */
static enum perso_result
is_first(struct perso_job *job, const struct perso_card *card, bool *ret, struct perso_error *err)
{
    struct perso_card in_force = *card;
    enum perso_result rc = PERSO_OK;

    if (card->card_id[0] != '\0')
        rc = perso_ledger_card_find(job->ledger, card->card_id, &in_force, err);
    *ret = in_force.seq == card->seq;
    return rc;
}

typedef enum perso_result visit(struct counting *c, struct box *box, struct perso_card *card,
                                const struct perso_stored_record *record, struct perso_error *err);

static enum perso_result
visit_card(struct counting *c, struct perso_card *card, visit *what, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;
    struct box *box;
    bool first = false;
    enum perso_result rc;

    if (card->application == 0)
        return PERSO_OK;
    if ((rc = perso_job_cells(c->job, card->application, &cells, &record, err)) != PERSO_OK ||
        (box = box_of(c, &cells)) == NULL ||
        (rc = is_first(c->job, card, &first, err)) != PERSO_OK || !first)
        return rc;
    return what(c, box, card, &record, err);
}

static enum perso_result
for_cards(struct counting *c, uint32_t states, visit *what, struct perso_error *err)
{
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc;

    while ((rc = c->job->cards.scan(c->job->cards.self, states, after, PERSO_BATCH_RECORDS,
                                    c->cards, &n, err)) == PERSO_OK) {
        after = c->cards[n - 1].seq;
        perso_arena_reset(c->job->arena);
        for (size_t i = 0; i < n; i++)
            if ((rc = visit_card(c, &c->cards[i], what, err)) != PERSO_OK)
                return rc;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
count(struct counting *c, struct box *box, struct perso_card *card,
      const struct perso_stored_record *record, struct perso_error *err)
{
    (void)c, (void)card, (void)record, (void)err;
    box->listed++;
    return PERSO_OK;
}

/* ---- what follows ---- */

static enum perso_result
hold(struct counting *c, struct box *box, struct perso_card *card,
     const struct perso_stored_record *record, struct perso_error *err)
{
    struct perso_verdict verdict = { .reject = PERSO_REJ_BOX_COUNT, .column = PERSO_COL_box };
    bool waived = false;
    enum perso_result rc = perso_ledger_waived(c->job->ledger, card->seq, PERSO_REJ_BOX_COUNT,
                                               record->sm3, &waived, err);

    if (rc != PERSO_OK || waived)
        return rc;
    snprintf(verdict.note, sizeof verdict.note, "counted %u, listed %u", box->said.counted,
             box->listed);
    box->moved++;
    return perso_job_hold(c->job, card, PERSO_STATE_HELD, PERSO_STAGE_INGEST, &verdict, record->id,
                          err);
}

static enum perso_result
let_go(struct counting *c, struct perso_card *card, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_INGEST,
                                 .kind = "release",
                                 .first_seq = card->seq,
                                 .last_seq = card->seq,
                                 .n_cards = 1,
                                 .from = PERSO_STATE_HELD,
                                 .to = card->from_state };
    enum perso_result rc;

    memcpy(event.card_id, card->card_id, sizeof event.card_id);
    perso_job_clear(card, card->from_state);
    rc = c->job->cards.set(c->job->cards.self, card, err);
    return rc == PERSO_OK ? c->job->cards.event(c->job->cards.self, &event, err) : rc;
}

static enum perso_result
settle_card(struct counting *c, struct box *box, struct perso_card *card,
            const struct perso_stored_record *record, struct perso_error *err)
{
    bool agrees = box->said.counted == box->listed;

    if (!agrees && card->state == PERSO_STATE_RECEIVED)
        return hold(c, box, card, record, err);
    if (agrees && card->state == PERSO_STATE_HELD && card->verdict.reject == PERSO_REJ_BOX_COUNT) {
        box->moved++;
        return let_go(c, card, err);
    }
    return PERSO_OK;
}

/* The same numbers again are no news: a repeated command leaves no second event. */
static enum perso_result
note_count(struct counting *c, const struct box *box, struct perso_error *err)
{
    struct perso_event event = { .stage = PERSO_STAGE_INGEST,
                                 .kind = "counted",
                                 .n_cards = box->said.counted,
                                 .file_id = c->file_id };
    char name[PERSO_BOX_BYTES + 8], *before = NULL;
    enum perso_result rc;

    snprintf(name, sizeof name, "box %s", box->said.box);
    snprintf(event.note, sizeof event.note, "box=%s counted=%u listed=%u", box->said.box,
             box->said.counted, box->listed);
    rc = perso_ledger_value(c->job->ledger, name, &before, err);
    bool news = rc == PERSO_END || (rc == PERSO_OK && strcmp(before, event.note) != 0);
    free(before);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (!news)
        return PERSO_OK;
    rc = perso_ledger_value_set(c->job->ledger, name, event.note, err);
    return rc == PERSO_OK ? c->job->cards.event(c->job->cards.self, &event, err) : rc;
}

static enum perso_result
settle(struct counting *c, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(c->job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = for_cards(c, ALL_BUT_CANCELLED, count, err)) == PERSO_OK)
        rc = for_cards(c, 1u << PERSO_STATE_RECEIVED | 1u << PERSO_STATE_HELD, settle_card, err);
    for (size_t i = 0; rc == PERSO_OK && i < c->n; i++)
        rc = note_count(c, &c->boxes[i], err);
    if (rc == PERSO_OK)
        return perso_ledger_commit(c->job->ledger, err);
    perso_ledger_rollback(c->job->ledger);
    return rc;
}

static void
tell(struct counting *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct box *box = &c->boxes[i];
        bool agrees = box->said.counted == box->listed;
        perso_say_begin(&c->job->say, "ingest");
        perso_say_text(&c->job->say, "box", box->said.box);
        perso_say_number(&c->job->say, "counted", box->said.counted);
        perso_say_number(&c->job->say, "listed", box->listed);
        perso_say_number(&c->job->say, agrees ? N_("go on") : N_("held"), box->moved);
        perso_say_end(&c->job->say);
        if (agrees || box->listed > 0)
            continue;
        perso_warn("box %s: no row of this job names it: its cards wait for their data",
                   box->said.box);
        c->job->waits = true;
    }
}

/* ---- after a file ---- */

static enum perso_result
is_taken(struct counting *c, const uint8_t sm3[PERSO_SM3_BYTES], const char *display, bool *ret,
         struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc =
        perso_ledger_file_find(c->job->ledger, PERSO_STAGE_INGEST, sm3, &file, err);

    *ret = rc == PERSO_OK && file.status == PERSO_FILE_ACCEPTED;
    c->file_id = *ret ? file.id : 0;
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (!*ret)
        perso_warn("%s: not taken: nothing is counted against it", display);
    return PERSO_OK;
}

enum perso_result
perso_ingest_count_boxes(struct perso_job *job, const uint8_t sm3[PERSO_SM3_BYTES],
                         const char *display, const struct perso_file_options *options,
                         struct perso_error *err)
{
    struct counting c = { .job = job, .n = options->n_counted };
    bool taken = false;
    enum perso_result rc;

    if (c.n == 0)
        return PERSO_OK;
    if ((rc = is_taken(&c, sm3, display, &taken, err)) != PERSO_OK || !taken)
        return rc;
    c.boxes = calloc(c.n, sizeof *c.boxes);
    c.cards = calloc(PERSO_BATCH_RECORDS, sizeof *c.cards);
    rc = c.boxes != NULL && c.cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");
    for (size_t i = 0; rc == PERSO_OK && i < c.n; i++)
        if (!perso_counted_read(options->counted[i], &c.boxes[i].said))
            rc = perso_error_set(err, PERSO_REJ_NONE, "counted", "want BOX=N");
    if (rc == PERSO_OK && (rc = settle(&c, err)) == PERSO_OK)
        tell(&c);
    free(c.boxes);
    free(c.cards);
    return rc;
}
