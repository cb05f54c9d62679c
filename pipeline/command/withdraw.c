/* `withdraw`: an outgoing file is taken back, its cards go where they came from. */
#include <string.h>
#include <unistd.h>

#include "pipeline/command/operator.h"
#include "pipeline/file/outgoing.h"
#include "pipeline/job/path.h"

static enum perso_result
find_outgoing(struct perso_job *job, const char *file_name, struct perso_ledger_file *ret,
              struct perso_error *err)
{
    enum perso_result rc;

    ret->id = 0;
    while ((rc = perso_ledger_file_next(job->ledger, ret, err)) == PERSO_OK) {
        if (ret->outgoing && strcmp(perso_path_name(ret->path), perso_path_name(file_name)) == 0)
            return PERSO_OK;
    }
    return rc == PERSO_END ? perso_error_set(err, PERSO_REJ_NONE, "",
                                             "%.120s: not a file of this job", file_name)
                           : rc;
}

/* What a file of a kind did to its cards: where they note it, and whether it moved them. */
static const struct leaving {
    const char *kind;
    enum perso_slot slot;
    bool moves; /* from and to of its stage; else the file only tells of them */
    bool final; /* what it gave away is not ours to take back */
} leavings[] = {
    { "APP", PERSO_SLOT_BUNDLE, true, false },      { "REQ", PERSO_SLOT_BUNDLE, true, false },
    { "machine", PERSO_SLOT_MACHINE, true, false }, { "FWD", PERSO_SLOT_HANDED, true, false },
    { "HLD", PERSO_SLOT_HANDED, false, true },      { "RES", PERSO_SLOT_HANDED, false, false },
    { "RMK", PERSO_SLOT_REMAKE, false, false },     { "RVK", PERSO_SLOT_REVOKE, false, false },
    { "tosign", PERSO_SLOT_BUNDLE, false, false },
};

static const struct leaving *
leaving_of(const struct perso_ledger_file *file)
{
    for (size_t i = 0; i < sizeof leavings / sizeof leavings[0]; i++)
        if (strcmp(leavings[i].kind, file->kind) == 0)
            return &leavings[i];
    return NULL;
}

/* A later package of the chain names this one: without it the peer would wait for ever. */
static enum perso_result
check_last(struct perso_job *job, const struct perso_ledger_file *file, struct perso_error *err)
{
    struct perso_ledger_file other = { .id = 0 }, last = { 0 };
    enum perso_result rc;

    if (strcmp(file->kind, "machine") == 0 || strcmp(file->kind, "tosign") == 0) /* no chain */
        return PERSO_OK;
    while ((rc = perso_ledger_file_next(job->ledger, &other, err)) == PERSO_OK) {
        if (other.outgoing && other.status != PERSO_FILE_WITHDRAWN &&
            strcmp(other.kind, file->kind) == 0 && strcmp(other.party, file->party) == 0 &&
            other.sequence > file->sequence)
            last = other;
    }
    if (rc != PERSO_END)
        return rc;
    if (last.id == 0)
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_NONE, "",
                           "%.120s: a later package is chained to it: withdraw %.120s first",
                           perso_path_name(file->path), perso_path_name(last.path));
}

/* The recipient took it: it would refuse whatever is chained past it. */
static bool
is_acknowledged(const struct perso_job *job, const struct perso_ledger_file *file)
{
    static const char *const folders[] = { "in/keys", "in/ra", "in/result" };
    const char *name = perso_path_name(file->path);
    struct perso_error ignored = { 0 };
    char inside[512], path[PERSO_PATH_BYTES];

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(inside, sizeof inside, "%s/ACK-%.*s.json", folders[i], (int)strcspn(name, "."),
                 name);
        if (perso_path_join(job->folder, inside, path, sizeof path, &ignored) == PERSO_OK &&
            access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static enum perso_result
check_withdrawal(struct perso_job *job, const struct perso_ledger_file *file,
                 struct perso_error *err)
{
    const struct leaving *leaving = leaving_of(file);

    /* What was to be signed may be taken back at any time: it has no effect of its own. */
    bool signed_for = file->status == PERSO_FILE_SENT && strcmp(file->kind, "tosign") == 0;

    if (file->status != PERSO_FILE_PLANNED && file->status != PERSO_FILE_MADE && !signed_for)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s was handed over: hold or cancel its cards instead",
                               perso_path_name(file->path));
    if (leaving == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "%s cannot be withdrawn",
                               perso_path_name(file->path));
    if (leaving->final && file->status == PERSO_FILE_MADE)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s gave its cards back to the vendor and cannot be withdrawn: the "
                               "vendor sends them again",
                               perso_path_name(file->path));
    if (is_acknowledged(job, file))
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s was taken by %s, as its acknowledgement says: it cannot be "
                               "withdrawn any more",
                               perso_path_name(file->path), file->party);
    return check_last(job, file, err);
}

struct giving_back {
    struct perso_job *job;
    const struct perso_role_stage *stage;
    const struct leaving *leaving;
    uint32_t n, n_there;
};

static bool
still_there(const struct giving_back *g, const struct perso_card *card)
{
    return card->state == g->stage->to ||
           (card->state == PERSO_STATE_HELD && card->from_state == g->stage->to &&
            card->reject_stage != PERSO_STAGE_CLOSE);
}

/* A card that the machine or its finisher told of was handed over. Of a machine file that stopped
 * half-way the others go into another one. */
static enum perso_result
check_here(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct giving_back *g = arg;

    for (size_t i = 0; i < n; i++)
        if (g->leaving->slot == PERSO_SLOT_MACHINE)
            g->n_there += still_there(g, &cards[i]);
        else if (g->leaving->slot == PERSO_SLOT_HANDED && g->leaving->moves && cards[i].result != 0)
            return perso_error_set(err, PERSO_REJ_NONE, "AAZ501",
                                   "%s: its finisher has told of it: the package cannot be "
                                   "withdrawn any more",
                                   cards[i].card_id);
    return PERSO_OK;
}

static enum perso_result
give_back(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct giving_back *g = arg;
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_card card = cards[i];
        if (g->leaving->slot == PERSO_SLOT_MACHINE && !still_there(g, &card))
            continue; /* its result is of this file */
        *perso_card_slot(&card, g->leaving->slot) = 0;
        if (g->leaving->moves && card.state == g->stage->to)
            card.state = g->stage->from;
        if (g->leaving->moves && card.state == PERSO_STATE_HELD && card.from_state == g->stage->to)
            card.from_state = g->stage->from;
        g->n++;
        rc = g->job->cards.set(g->job->cards.self, &card, err);
    }
    return rc;
}

/* The package goes first: without it its side files mean nothing. */
static enum perso_result
unlink_files(struct perso_job *job, const struct perso_ledger_file *file, struct perso_error *err)
{
    static const char *const ends[] = { "", ".sig", ".wrap", ".manifest.json" };
    char base[PERSO_PATH_BYTES], path[PERSO_PATH_BYTES + 16];
    enum perso_result rc = perso_path_join(job->folder, file->path, base, sizeof base, err);

    if (rc != PERSO_OK || job->options.dry_run)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", base, ends[i]);
        rc = perso_durable_unlink(path, err);
    }
    return rc;
}

/* Another job may prepare the tables that the file was made of. */
static enum perso_result
release_tables(struct perso_job *job, const struct perso_ledger_file *file, struct perso_error *err)
{
    const struct perso_site_store *store = &job->site.store;
    struct perso_ledger_file table = { .id = 0 };
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &table, err)) == PERSO_OK)
        if (!table.outgoing && table.stage == PERSO_STAGE_PREPARE &&
            strcmp(table.note, file->path) == 0 &&
            (rc = store->file_release(store->self, job->name, PERSO_STAGE_PREPARE, table.sm3,
                                      err)) != PERSO_OK)
            return rc;
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_operator_withdraw(struct perso_job *job, const char *file_name, const char *reason,
                        struct perso_error *err)
{
    struct perso_event event = { .kind = "withdraw" };
    struct perso_ledger_file file;
    struct giving_back g = { .job = job };
    enum perso_result rc = find_outgoing(job, file_name, &file, err);

    if (rc != PERSO_OK || file.status == PERSO_FILE_WITHDRAWN ||
        (rc = check_withdrawal(job, &file, err)) != PERSO_OK)
        return rc;
    g.stage = perso_role_stage_find(job->role, file.stage);
    g.leaving = leaving_of(&file);
    if ((rc = perso_outgoing_cards(job, file.id, check_here, &g, err)) != PERSO_OK)
        return rc;
    if (g.leaving->slot == PERSO_SLOT_MACHINE && g.n_there == 0)
        return perso_error_set(err, PERSO_REJ_NONE, "",
                               "%s: no card of it waits for the machine any more",
                               perso_path_name(file.path));
    file.status = PERSO_FILE_WITHDRAWN;
    snprintf(file.note, sizeof file.note, "%s", reason);
    snprintf(event.note, sizeof event.note, "%s", reason);
    event.stage = file.stage;
    event.file_id = file.id;
    /* First the file, then the cards: cut in between, nobody has the file and a repeat ends it. */
    if ((rc = unlink_files(job, &file, err)) != PERSO_OK ||
        (strcmp(file.kind, "tosign") == 0 && (rc = release_tables(job, &file, err)) != PERSO_OK) ||
        (rc = perso_ledger_begin(job->ledger, err)) != PERSO_OK)
        return rc;
    if ((rc = perso_outgoing_cards(job, file.id, give_back, &g, err)) == PERSO_OK &&
        (rc = perso_ledger_file_set(job->ledger, &file, err)) == PERSO_OK) {
        event.n_cards = g.n;
        rc = job->cards.event(job->cards.self, &event, err);
    }
    if (rc == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}
