/* Commands that work on a job. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "perso/text.h"
#include "pipeline/command/command.h"
#include "pipeline/command/operator.h"
#include "pipeline/drive/complete.h"
#include "pipeline/drive/drive.h"
#include "pipeline/drive/ingest_boxes.h"
#include "pipeline/drive/prepare.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/clear_files.h"
#include "pipeline/job/purged.h"
#include "pipeline/report/lists.h"

typedef enum perso_result work(struct perso_job *job, const struct perso_command_line *line,
                               struct perso_error *err);

/* Stages before which cards wait for somebody: for a file, a peer or an operator. */
static bool
waits_for_others(const struct perso_role_stage *stage)
{
    static const enum perso_stage such[] = { PERSO_STAGE_RECONCILE, PERSO_STAGE_APPROVE,
                                             PERSO_STAGE_COLLECT, PERSO_STAGE_CLOSE };

    for (size_t i = 0; i < sizeof such / sizeof such[0]; i++)
        if (such[i] == stage->stage)
            return stage->from != stage->to;
    return false;
}

static bool
waits_before(const struct perso_job *job, enum perso_stage stage,
             const struct perso_balance *balance)
{
    const struct perso_role_stage *row = perso_role_stage_find(job->role, stage);

    return row != NULL && waits_for_others(row) &&
           (balance->by_state[row->from] > 0 ||
            (stage == PERSO_STAGE_CLOSE && balance->by_state[PERSO_STATE_RETRY] > 0));
}

/* The exit code follows the state of the job, so that a repeated command gives the same one. */
static enum perso_result
exit_code(struct perso_job *job, enum perso_stage stage, enum perso_exit *ret,
          struct perso_error *err)
{
    struct perso_reject_count rejects[PERSO_REJ_COUNT * 2];
    struct perso_balance balance;
    size_t n = 0;
    bool waits = job->waits, held = job->left_out;
    enum perso_result rc = perso_balance_take(job, &balance, err);

    if (rc == PERSO_OK)
        rc = perso_ledger_reject_counts(job->ledger, rejects, sizeof rejects / sizeof rejects[0],
                                        &n, err);
    if (rc != PERSO_OK && rc != PERSO_END)
        return rc;
    if (stage == PERSO_STAGE_NONE)
        waits = waits || balance.lines[PERSO_BALANCE_OPEN] > 0 ||
                waits_before(job, PERSO_STAGE_CLOSE, &balance);
    else
        waits = waits || waits_before(job, stage, &balance);
    for (size_t i = 0; i < n; i++)
        held = held || ((stage == PERSO_STAGE_NONE || rejects[i].stage == stage) &&
                        rejects[i].state != PERSO_STATE_SPOILED);
    *ret = job->refused ? PERSO_EXIT_FAILED
           : waits      ? PERSO_EXIT_WAITS
           : held       ? PERSO_EXIT_HELD
                        : PERSO_EXIT_DONE;
    return PERSO_OK;
}

/* The head of the event chain goes to the site, so that a cut or rolled-back ledger is seen. */
static enum perso_result
keep_head(struct perso_job *job, struct perso_error *err)
{
    uint8_t sm3[PERSO_SM3_BYTES];
    int64_t event = 0;
    enum perso_result rc = perso_ledger_head(job->ledger, &event, sm3, err);

    if (rc != PERSO_OK || event == 0)
        return rc == PERSO_END ? PERSO_OK : rc;
    return job->site.store.head_set(job->site.store.self, job->name, event, sm3, err);
}

static work work_purge;

/* What a crash cut off is ended before anything else is done; only of a job whose purge has begun
 * nothing is left to be ended. */
static enum perso_result
may_work(struct perso_job *job, work *what, struct perso_error *err)
{
    enum perso_purge_state state = PERSO_PURGE_NONE;
    enum perso_result rc =
        what == work_purge ? perso_purge_state(job, &state, err) : perso_purge_refuses(job, err);

    return rc == PERSO_OK && state == PERSO_PURGE_NONE ? perso_drive_complete(job, err) : rc;
}

static enum perso_exit
work_on(const char *folder, const struct perso_command_line *line, enum perso_stage stage,
        work *what)
{
    struct perso_job *job = calloc(1, sizeof *job);
    struct perso_error err = { 0 }, later = { 0 };
    enum perso_exit code = PERSO_EXIT_FAILED;

    if (job == NULL)
        return perso_command_failed(&err, perso_error_errno(&err, "memory"));
    enum perso_result rc = perso_job_open(folder, true, &line->options, job, &err);
    if (rc == PERSO_OK && (rc = may_work(job, what, &err)) == PERSO_OK) {
        rc = what(job, line, &err);
        /* The lists are of the state as it is, also where the work failed half-way. */
        enum perso_result after = PERSO_OK;
        if (!line->options.dry_run && (after = perso_lists_write(job, &later)) == PERSO_OK)
            after = keep_head(job, &later);
        if (rc == PERSO_OK) {
            rc = after;
            err = later;
        }
        if (rc == PERSO_OK)
            rc = exit_code(job, stage, &code, &err);
    }
    perso_job_close(job);
    free(job);
    return rc == PERSO_OK ? code : perso_command_failed(&err, rc);
}

/* ---- stages ---- */

static bool
file_options(const struct perso_command_line *line, struct perso_file_options *ret)
{
    struct perso_counted counted;
    char *end;

    *ret = (struct perso_file_options) { line->encoding != NULL ? line->encoding : "", UINT32_MAX,
                                         line->counted, line->n_counted };
    for (size_t i = 0; i < line->n_counted; i++) {
        if (perso_counted_read(line->counted[i], &counted))
            continue;
        perso_warn("counted: want BOX=N");
        return false;
    }
    if (line->rows == NULL)
        return true;
    errno = 0;
    unsigned long rows = strtoul(line->rows, &end, 10);
    if (errno != 0 || *end != '\0' || line->rows[0] < '0' || line->rows[0] > '9' ||
        rows >= UINT32_MAX) {
        perso_warn("rows: want a number");
        return false;
    }
    ret->rows = (uint32_t)rows;
    return true;
}

static enum perso_result
work_files(struct perso_job *job, enum perso_stage stage, const struct perso_command_line *line,
           struct perso_error *err)
{
    const char *const *files = line->more + 1;
    size_t n = line->n_words - 1;
    struct perso_file_options options;
    enum perso_result rc = PERSO_OK;

    file_options(line, &options); /* looked at before the job was opened */
    if (stage == PERSO_STAGE_RECONCILE)
        return n > 0 ? perso_drive_reconcile(job, files, n, &options, err) : PERSO_OK;
    for (size_t i = 0; rc == PERSO_OK && i < n; i++)
        rc = stage == PERSO_STAGE_INGEST    ? perso_drive_ingest(job, files[i], &options, err)
             : stage == PERSO_STAGE_COLLECT ? perso_drive_collect(job, files[i], err)
                                            : perso_drive_close(job, files[i], err);
    if (rc == PERSO_OK && stage == PERSO_STAGE_CLOSE)
        rc = perso_drive_finish(job, err);
    return rc;
}

static enum perso_result
work_stage(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    enum perso_stage stage = perso_stage_from_name(line->command);
    enum perso_result rc;

    if (perso_role_stage_find(job->role, stage) == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "role %s has no stage %s",
                               _(job->role->name), _(line->command));
    switch (stage) {
    case PERSO_STAGE_APPROVE:
        rc = perso_drive_approve(job, line->digest, err);
        break;
    case PERSO_STAGE_BUNDLE:
        rc = perso_drive_bundle(job, err);
        break;
    case PERSO_STAGE_SUBMIT:
        rc = perso_drive_submit(job, err);
        break;
    case PERSO_STAGE_MATCH:
        rc = perso_drive_match(job, err);
        break;
    case PERSO_STAGE_FORWARD:
        rc = perso_drive_forward(job, err);
        break;
    case PERSO_STAGE_PERSONALIZE:
        rc = perso_drive_personalize(job, err);
        break;
    default:
        rc = work_files(job, stage, line, err);
        break;
    }
    if (rc == PERSO_OK && stage == PERSO_STAGE_COLLECT)
        rc = perso_clear_tell(job, err);
    return rc == PERSO_OK ? perso_lists_tell(job, stage, err) : rc;
}

enum perso_exit
perso_command_stage(const struct perso_command_line *line)
{
    enum perso_stage stage = perso_stage_from_name(line->command);
    bool takes_files = stage == PERSO_STAGE_INGEST || stage == PERSO_STAGE_RECONCILE ||
                       stage == PERSO_STAGE_COLLECT || stage == PERSO_STAGE_CLOSE;

    struct perso_file_options options;
    size_t least = takes_files && stage != PERSO_STAGE_CLOSE ? 2 : 1;

    if (line->n_words < least || (!takes_files && line->n_words > 1) ||
        (line->n_counted > 0 && stage != PERSO_STAGE_INGEST) || !file_options(line, &options))
        return PERSO_EXIT_USAGE;
    return work_on(line->words[0], line, stage, work_stage);
}

static enum perso_result
work_prepare(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    struct perso_file_options options;

    file_options(line, &options); /* looked at before the job was opened */
    return perso_drive_prepare(job, line->more + 1, line->n_words - 1, &options, err);
}

enum perso_exit
perso_command_prepare(const struct perso_command_line *line)
{
    struct perso_file_options options;

    if (line->n_words < 2 || line->n_counted > 0 || !file_options(line, &options))
        return PERSO_EXIT_USAGE;
    return work_on(line->words[0], line, PERSO_STAGE_PREPARE, work_prepare);
}

static enum perso_result
work_run(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    enum perso_result rc = perso_drive_run(job, err);

    (void)line;
    if (rc == PERSO_OK)
        rc = perso_clear_tell(job, err);
    return rc == PERSO_OK ? perso_lists_tell(job, PERSO_STAGE_NONE, err) : rc;
}

enum perso_exit
perso_command_all_stages(const struct perso_command_line *line)
{
    if (line->n_words != 1)
        return PERSO_EXIT_USAGE;
    return work_on(line->words[0], line, PERSO_STAGE_NONE, work_run);
}

/* ---- cards ---- */

static const struct {
    const char *name;
    perso_operator_act *act;
} acts[] = {
    { N_("hold"), perso_operator_hold },       { N_("release"), perso_operator_release },
    { N_("cancel"), perso_operator_cancel },   { N_("reject"), perso_operator_reject },
    { N_("confirm"), perso_operator_confirm },
};

#define LIST_BYTES_MAX (256u << 20) /* a million rows of held/ */

struct acting {
    perso_operator_act *act;
    const char *reason;
    uint32_t n;
};

/* First line of the lists in out/close and in packages: no card. */
static bool
is_heading(const char *row)
{
    return strncmp(row, "AAZ501", 6) == 0 && (row[6] == ',' || row[6] == '\0');
}

/* One line of a list: of held/ the number of the card (its first column), else a card id. */
static enum perso_result
act_on_line(struct perso_job *job, struct acting *a, char *row, bool numbered,
            struct perso_error *err)
{
    char number[32];

    row[strcspn(row, ",")] = '\0';
    if (numbered)
        snprintf(number, sizeof number, "#%s", row);
    enum perso_result rc = a->act(job, numbered ? number : row, a->reason, err);
    a->n += rc == PERSO_OK;
    return rc;
}

static enum perso_result
act_on_list(struct perso_job *job, struct acting *a, const char *path, struct perso_error *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    char *text = NULL, *save = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    enum perso_result rc = perso_file_read(path, LIST_BYTES_MAX, &bytes, &n, err);

    if (rc != PERSO_OK)
        return rc;
    if ((text = malloc(n + 1)) == NULL) {
        free(bytes);
        return perso_error_errno(err, "memory");
    }
    memcpy(text, bytes, n);
    text[n] = '\0';
    free(bytes);
    char *start = strncmp(text, bom, 3) == 0 ? text + 3 : text;
    char *row = strtok_r(start, "\r\n", &save);
    bool numbered = row != NULL && strncmp(row, "seq,", 4) == 0;
    if (numbered || (row != NULL && is_heading(row)))
        row = strtok_r(NULL, "\r\n", &save);
    for (; rc == PERSO_OK && row != NULL; row = strtok_r(NULL, "\r\n", &save))
        rc = act_on_line(job, a, row, numbered, err);
    free(text);
    return rc;
}

static enum perso_result
work_cards(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    struct acting a = { .reason = line->reason };
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].name, line->command) == 0)
            a.act = acts[i].act;
    for (size_t i = 1; rc == PERSO_OK && i < line->n_words; i++) {
        if (line->more[i][0] == '@') {
            rc = act_on_list(job, &a, line->more[i] + 1, err);
        } else {
            rc = a.act(job, line->more[i], line->reason, err);
            a.n += rc == PERSO_OK;
        }
    }
    if (rc != PERSO_OK) {
        if (a.n > 0)
            perso_warn("%s: %u cards before the one that is refused are done", _(line->command),
                       a.n);
        return rc;
    }
    perso_say_begin(&job->say, line->command);
    perso_say_number(&job->say, "cards", a.n);
    perso_say_end(&job->say);
    return PERSO_OK;
}

enum perso_exit
perso_command_cards(const struct perso_command_line *line)
{
    if (line->n_words < 2 || line->reason == NULL || line->reason[0] == '\0')
        return PERSO_EXIT_USAGE;
    /* What was asked is done; what else the job waits for is run's and status's to say. */
    return work_on(line->words[0], line, PERSO_STAGE_BUNDLE, work_cards);
}

static enum perso_result
work_withdraw(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    enum perso_result rc = perso_operator_withdraw(job, line->words[1], line->reason, err);

    if (rc != PERSO_OK)
        return rc;
    perso_say_begin(&job->say, "withdraw");
    perso_say_text(&job->say, "file", line->words[1]);
    perso_say_end(&job->say);
    return PERSO_OK;
}

enum perso_exit
perso_command_withdraw(const struct perso_command_line *line)
{
    if (line->n_words != 2 || line->reason == NULL || line->reason[0] == '\0')
        return PERSO_EXIT_USAGE;
    return work_on(line->words[0], line, PERSO_STAGE_BUNDLE, work_withdraw);
}

static enum perso_result
work_purge(struct perso_job *job, const struct perso_command_line *line, struct perso_error *err)
{
    return perso_drive_purge(job, line->digest, line->reason, err);
}

enum perso_exit
perso_command_purge(const struct perso_command_line *line)
{
    if (line->n_words != 1 ||
        (line->digest != NULL && (line->reason == NULL || line->reason[0] == '\0')))
        return PERSO_EXIT_USAGE;
    return work_on(line->words[0], line, PERSO_STAGE_BUNDLE, work_purge);
}
