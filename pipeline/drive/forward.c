#include "stages/forward.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "formats/sm2/sm3.h"
#include "pipeline/drive/card_data.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/forward_held.h"
#include "pipeline/drive/outstanding.h"
#include "pipeline/file/packing.h"
#include "pipeline/file/preview.h"
#include "pipeline/job/party.h"
#include "pipeline/job/path.h"
#include "pipeline/job/progress.h"
#include "pipeline/report/pickup.h"
#include "pipeline/report/slip.h"

#define KIND "FWD"

enum { CARDS, PERSONAL, CERTIFICATES, TABLES };
static const char *const table_names[TABLES] = { "cards.csv", "personal.csv", "certificates.csv" };

/* Of one run: what is the same in all its packages. */
struct forwarding {
    struct perso_outgoing what; /* first: the writer of a package gets this one */
    char *chain;
    size_t chain_n;
    struct perso_memory outstanding;
    uint32_t n_outstanding;
};

/* One package. */
struct packaging {
    struct perso_job *job;
    const struct perso_outgoing *what;
    struct perso_forward_file out;
    struct perso_table_writer writers[TABLES];
    struct perso_memory tables[TABLES];
    struct perso_card_data data; /* of the card in hand */
    struct perso_progress progress;
};

/* ---- tables ---- */

static enum perso_result
note_others(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct packaging *p = arg;
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(p->job->arena);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if ((rc = perso_card_data_load(p->job, &cards[i], &p->data, err)) == PERSO_OK)
            perso_others_note(&p->out.others, &p->data.issuance);
    return rc;
}

static enum perso_result
write_rows(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    struct packaging *p = arg;
    const struct perso_forward_card card = { &p->data.application, &p->data.issuance,
                                             &p->data.answer };
    enum perso_result rc = PERSO_OK;

    perso_arena_reset(p->job->arena);
    perso_progress_add(&p->progress, n);
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        if ((rc = perso_card_data_load(p->job, &cards[i], &p->data, err)) == PERSO_OK)
            rc = perso_forward_row(&p->out, &card, err);
    return rc;
}

static enum perso_result
write_tables(struct packaging *p, const struct perso_ledger_file *file, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = perso_outgoing_standing(p->job, p->what, file->id, note_others, p, err)) !=
            PERSO_OK ||
        (rc = perso_forward_headers(&p->out, err)) != PERSO_OK ||
        (rc = perso_outgoing_standing(p->job, p->what, file->id, write_rows, p, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; rc == PERSO_OK && i < TABLES; i++)
        rc = perso_writer_flush(&p->writers[i], err);
    return rc;
}

static enum perso_result
make_tables(struct packaging *p, const struct perso_ledger_file *file, struct perso_error *err)
{
    uint8_t key[PERSO_SEAL_KEY_BYTES];
    enum perso_result rc = perso_job_seal(p->job, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < TABLES; i++)
        perso_writer_init(&p->writers[i], perso_memory_sink(&p->tables[i]), PERSO_UTF8, false);
    p->out = (struct perso_forward_file) {
        .cards = &p->writers[CARDS],
        .personal = &p->writers[PERSONAL],
        .certificates = &p->writers[CERTIFICATES],
        .from = p->job->seal,
        .sequence = file->sequence,
        .items = { p->job->mode->certificates_with_card,
                   p->job->mode->certificates_with_card ||
                       perso_conf_yes(p->job->profile.keys_at_issue) },
    };
    if (!perso_file_key(p->job->job_key, perso_path_name(file->path), key))
        return perso_error_openssl(err, "key of the file");
    rc = perso_seal_new(key, &p->out.to, err);
    OPENSSL_cleanse(key, sizeof key);
    if (rc != PERSO_OK)
        return rc;
    perso_progress_begin(&p->progress, file->path, file->cards);
    rc = write_tables(p, file, err);
    perso_progress_end(&p->progress);
    perso_packing_others(&p->out.others, perso_path_name(file->path));
    perso_seal_free(p->out.to);
    return rc;
}

/* ---- package ---- */

static enum perso_result
pack(struct packaging *p, struct perso_ledger_file *file, struct perso_error *err)
{
    const struct forwarding *f = (const struct forwarding *)p->what;
    const struct perso_memory *t = p->tables;
    uint8_t digest[PERSO_SM3_BYTES];
    char *slip = NULL;
    enum perso_result rc;

    if (!perso_sm3_of(t[CARDS].bytes, t[CARDS].n, digest))
        return perso_error_openssl(err, "SM3");
    if ((rc = perso_slip_package(p->job, p->what, file, digest, &slip, err)) != PERSO_OK)
        return rc;
    const struct perso_package_member members[] = {
        { table_names[CARDS], t[CARDS].bytes, t[CARDS].n, file->rows },
        { table_names[PERSONAL], t[PERSONAL].bytes, t[PERSONAL].n, file->rows },
        { table_names[CERTIFICATES], t[CERTIFICATES].bytes, t[CERTIFICATES].n, file->rows },
        { "chain.pem", f->chain, f->chain_n, 0 },
        { "outstanding.csv", f->outstanding.bytes, f->outstanding.n, f->n_outstanding },
        { "slip.txt", slip, strlen(slip), 0 },
    };
    rc = perso_packing_write(p->job, file, members, sizeof members / sizeof members[0], true, err);
    free(slip);
    return rc;
}

static void
preview(struct packaging *p)
{
    const struct forwarding *f = (const struct forwarding *)p->what;

    for (size_t i = 0; i < TABLES; i++)
        perso_preview_head(&p->job->say, table_names[i], p->tables[i].bytes, p->tables[i].n);
    perso_preview_head(&p->job->say, "outstanding.csv", f->outstanding.bytes, f->outstanding.n);
}

static enum perso_result
write_package(struct perso_job *job, const struct perso_outgoing *what,
              struct perso_ledger_file *file, struct perso_error *err)
{
    struct packaging *p = calloc(1, sizeof *p);
    enum perso_result rc;

    if (p == NULL)
        return perso_error_errno(err, "memory");
    p->job = job;
    p->what = what;
    if ((rc = make_tables(p, file, err)) == PERSO_OK) {
        file->rows = p->out.rows;
        if (job->options.dry_run)
            preview(p);
        rc = pack(p, file, err);
    }
    for (size_t i = 0; i < TABLES; i++)
        perso_memory_free(&p->tables[i]);
    free(p);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

/* ---- one run ---- */

/* Matched cards, or packages that a run before this one planned and did not make. */
static enum perso_result
has_work(struct perso_job *job, const struct perso_role_stage *stage, bool *ret,
         struct perso_error *err)
{
    uint32_t counts[PERSO_STATE_COUNT];
    struct perso_ledger_file file = { .id = 0 };
    enum perso_result rc = perso_ledger_counts(job->ledger, counts, err);

    *ret = rc == PERSO_OK && counts[stage->from] > 0;
    while (rc == PERSO_OK && !*ret &&
           (rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        *ret = file.outgoing && file.status == PERSO_FILE_PLANNED && strcmp(file.kind, KIND) == 0;
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
make_packages(struct perso_job *job, struct forwarding *f, struct perso_error *err)
{
    struct perso_peer finisher;
    enum perso_result rc;

    /* Before a package is planned: its recipient cannot be changed any more. */
    if ((rc = perso_site_peer(&job->site, f->what.party, &finisher, err)) != PERSO_OK ||
        (rc = perso_site_chain(&job->site, &f->chain, &f->chain_n, err)) != PERSO_OK ||
        (rc = perso_outgoing_plan(job, &f->what, err)) != PERSO_OK ||
        (rc = perso_outstanding_table(job, &f->outstanding, &f->n_outstanding, err)) != PERSO_OK)
        return rc;
    return perso_outgoing_make(job, &f->what, write_package, err);
}

void
perso_outgoing_of_forward(const struct perso_job *job, struct perso_outgoing *ret)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_FORWARD);

    *ret = (struct perso_outgoing) { .stage = PERSO_STAGE_FORWARD,
                                     .kind = KIND,
                                     .folder = "out/forward",
                                     .from = 1u << stage->from,
                                     .to = stage->to,
                                     .cards_max = job->site.conf.package_cards,
                                     .slot = PERSO_SLOT_HANDED,
                                     .name = perso_packing_name };
}

static enum perso_result
forward_matched(struct perso_job *job, struct perso_error *err)
{
    const struct perso_role_stage *stage = perso_role_stage_find(job->role, PERSO_STAGE_FORWARD);
    char party[PERSO_PARTY_BYTES];
    bool work = false;
    struct forwarding f = { 0 };
    enum perso_result rc = has_work(job, stage, &work, err);

    perso_outgoing_of_forward(job, &f.what);
    f.what.party = party;
    if (rc != PERSO_OK || !work || (rc = perso_job_party(job, KIND, party, err)) != PERSO_OK)
        return rc;
    if (party[0] == '\0') {
        job->waits = true;
        perso_warn("matched cards wait: no package brought them, so it is not known whose they "
                   "are");
        perso_hint("put the certificate of vendor %s into %s", job->conf.vendor,
                   job->site.conf.peers);
        return PERSO_OK;
    }
    rc = make_packages(job, &f, err);
    free(f.chain);
    perso_memory_free(&f.outstanding);
    return rc;
}

enum perso_result
perso_drive_forward(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc;

    if ((rc = perso_drive_cupboard(job, PERSO_STAGE_FORWARD, err)) != PERSO_OK ||
        (rc = forward_matched(job, err)) != PERSO_OK ||
        (rc = perso_forward_held(job, err)) != PERSO_OK)
        return rc;
    return perso_pickup_due(job, err);
}
