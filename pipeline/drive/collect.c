#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/drive/collect_accept.h"
#include "pipeline/drive/collect_loose.h"
#include "pipeline/drive/collect_read.h"
#include "pipeline/file/acknowledge.h"
#include "pipeline/file/known.h"
#include "pipeline/job/clear_files.h"

/* Which numbers a kind's line has, beside rows, held and orphans. */
enum { ISSUED = 1, REFUSED = 2, DOUBLED = 4, OUTSTANDING = 8, GIVEN_BACK = 16 };

struct kind {
    const char *name;
    enum perso_result (*read)(struct perso_collecting *s, struct perso_error *err);
    perso_collect_take *take;
    unsigned tells;
};

static const struct kind kinds[] = {
    { "RET", perso_collect_read_answers, perso_collect_take_answers, ISSUED | REFUSED | DOUBLED },
    { "FWD", perso_collect_read_handed, perso_collect_take_handed, ISSUED | DOUBLED | OUTSTANDING },
    { "HLD", perso_collect_read_held, perso_collect_take_held, GIVEN_BACK },
};

/* NULL: the table of readings has a kind that this one has not. */
static const struct kind *
kind_of(const struct perso_collecting *s)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, s->in.view.manifest.kind) == 0)
            return &kinds[i];
    return NULL;
}

static void
tell(const struct perso_collecting *s, const struct kind *kind)
{
    struct perso_say *say = &s->job->say;
    const struct perso_collect_counts *c = &s->counts;

    perso_say_begin(say, "collect");
    perso_say_text(say, "file", s->in.display);
    perso_say_number(say, "rows", s->file.rows);
    if (kind->tells & ISSUED)
        perso_say_number(say, "issued", c->issued);
    if (kind->tells & REFUSED)
        perso_say_number(say, "refused", c->refused);
    perso_say_number(say, "held", c->held);
    if (kind->tells & DOUBLED)
        perso_say_number(say, "doubled", c->doubled);
    perso_say_number(say, "orphans", c->orphans);
    if (kind->tells & OUTSTANDING)
        perso_say_number(say, "outstanding", c->outstanding);
    if (kind->tells & (OUTSTANDING | GIVEN_BACK))
        perso_say_number(say, "taken back", c->taken_back);
    if (kind->tells & GIVEN_BACK) {
        perso_say_number(say, "held before", c->noted + c->doubled);
        perso_say_number(say, "too late", c->late);
    }
    perso_say_end(say);
    perso_collect_tell_past(s->in.display, c);
    if (c->late > 0)
        perso_warn("%s: %u CARDS THAT THE DEPARTMENT GIVES BACK ARE FINISHED HERE: they may have "
                   "left the house; trace shows which",
                   s->in.display, c->late);
}

static enum perso_result
begin_file(struct perso_collecting *s, struct perso_error *err)
{
    perso_incoming_file(&s->in, &s->file);
    return perso_file_begin(s->job, &s->file, s->in.display, s->in.bytes, s->in.sm3, err);
}

static enum perso_result
read_package(struct perso_collecting *s, const struct kind *kind, struct perso_error *err)
{
    struct perso_error why = { 0 };
    enum perso_result rc;

    if ((rc = perso_job_seal(s->job, err)) != PERSO_OK || (rc = begin_file(s, err)) != PERSO_OK ||
        (rc = perso_file_claim(s->job, &s->file, err)) != PERSO_OK)
        return rc == PERSO_END ? PERSO_OK : rc;
    s->rules = (struct perso_collect_rules) { .from = s->in.seal,
                                              .sequence = s->in.view.manifest.sequence,
                                              .to = s->job->seal };
    rc = kind->read(s, &why);
    if (rc == PERSO_REJECT)
        return perso_file_refuse(s->job, &s->file, &why, err);
    if (rc != PERSO_OK) {
        *err = why;
        return rc;
    }
    if ((rc = perso_collect_accept(s->job, &s->file, &s->counts, kind->take, s, err)) != PERSO_OK)
        return rc;
    tell(s, kind);
    return PERSO_OK;
}

/* The cards of a centre come with the package itself: ingest reads it before collect does. */
static enum perso_result
wait_for_ingest(struct perso_collecting *s, struct perso_error *err)
{
    const struct perso_manifest *m = &s->in.view.manifest;
    struct perso_ledger_file file;
    enum perso_result rc;

    if (perso_job_reads(s->job, PERSO_STAGE_INGEST, m->kind) == NULL)
        return PERSO_OK;
    rc = perso_ledger_file_number(s->job->ledger, false, m->kind, m->sender, m->sequence, &file,
                                  err);
    if (rc == PERSO_FATAL ||
        (rc == PERSO_OK && file.stage == PERSO_STAGE_INGEST && file.status == PERSO_FILE_ACCEPTED))
        return rc;
    perso_error_set(err, PERSO_REJ_NONE, "", "waits for ingest to read it");
    perso_error_at(err, s->in.display, 0, 0);
    return PERSO_RETRY;
}

enum perso_result
perso_drive_collected(struct perso_job *job, struct perso_error *err)
{
    enum perso_result rc = perso_collect_kept(job, err);

    if (rc == PERSO_OK)
        rc = perso_collect_orphans(job, err);
    if (rc == PERSO_OK)
        rc = perso_clear_gone(job, err);
    return rc == PERSO_OK ? perso_acknowledge_all(job, PERSO_STAGE_COLLECT, err) : rc;
}

/* A vendor whose cards a centre finishes gets them back at most, no certificate. */
static bool
takes(const struct perso_collecting *s)
{
    const struct perso_role_stage *stage = perso_role_stage_find(s->job->role, PERSO_STAGE_COLLECT);
    const struct kind *kind = kind_of(s);

    return kind != NULL && ((kind->tells & ISSUED) == 0 || stage->from != stage->to);
}

static enum perso_result
open_package(struct perso_collecting *s, const char *path, struct perso_error *err)
{
    enum perso_result rc = perso_incoming_open(s->job, PERSO_STAGE_COLLECT, path, &s->in, err);

    if (rc == PERSO_OK && !takes(s)) {
        rc = perso_error_set(err, PERSO_REJ_FILE_FORMAT, "kind",
                             "%s: another party finishes the cards of this job",
                             s->in.view.manifest.kind);
        perso_error_at(err, s->in.display, 0, 0);
    }
    return rc == PERSO_OK ? wait_for_ingest(s, err) : rc;
}

static enum perso_result
collect_package(struct perso_job *job, const char *path, struct perso_error *err)
{
    struct perso_collecting *s = calloc(1, sizeof *s);
    struct perso_error why = { 0 };
    enum perso_result rc;

    if (s == NULL)
        return perso_error_errno(err, "memory");
    s->job = job;
    rc = open_package(s, path, &why);
    if (rc == PERSO_OK) {
        rc = read_package(s, kind_of(s), err);
    } else if (rc == PERSO_REJECT) {
        rc = perso_file_refuse_unread(job, PERSO_STAGE_COLLECT, s->in.display, &why, err);
    } else if (rc == PERSO_RETRY) {
        job->waits = true;
        perso_complain(&why);
        rc = PERSO_OK;
    } else if (rc == PERSO_END) { /* known: said already */
        rc = PERSO_OK;
    } else {
        *err = why;
    }
    perso_incoming_close(&s->in);
    free(s->handed);
    free(s->by_id);
    free(s);
    return rc;
}

/* Only who asked an RA takes what one really sends; what others send is packages. */
static enum perso_result
is_loose(const struct perso_job *job, const char *path, bool *ret, struct perso_error *err)
{
    struct perso_error ignored = { 0 };
    struct stat st;
    char kind[4];
    enum perso_result rc;

    *ret = false;
    if (perso_job_reads(job, PERSO_STAGE_COLLECT, "RET") == NULL)
        return PERSO_OK;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        *ret = true;
        return PERSO_OK;
    }
    if ((rc = perso_incoming_kind(path, kind, &ignored)) == PERSO_END)
        *ret = true;
    if (rc == PERSO_FATAL)
        *err = ignored;
    return rc == PERSO_FATAL ? rc : PERSO_OK; /* a package's reader says what is wrong with it */
}

enum perso_result
perso_drive_collect(struct perso_job *job, const char *path, struct perso_error *err)
{
    bool loose = false;
    enum perso_result rc = is_loose(job, path, &loose, err);

    if (rc == PERSO_OK)
        rc = loose ? perso_collect_loose(job, path, err) : collect_package(job, path, err);
    return rc == PERSO_OK ? perso_drive_collected(job, err) : rc;
}
