#include "pipeline/report/slip.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/path.h"
#include "pipeline/report/boxes.h"
#include "pipeline/store/stream.h"

static void
head(FILE *out, const struct perso_job *job, const char *title_zh, const char *title_en)
{
    fprintf(out, "%s / %s\n\n", title_zh, title_en);
    fprintf(out, "制卡批次 batch:      %s\n", job->conf.batch);
    fprintf(out, "模式 mode:           %d %s / %s (%s)\n", job->mode->number, job->mode->title_zh,
            job->mode->title_en, job->mode->clause);
    fprintf(out, "行政区划 division:   %s\n", job->conf.division);
    fprintf(out, "卡商 vendor:         %s\n", job->conf.vendor);
    fprintf(out, "日期 date:           %s\n", job->conf.date);
}

static void
signatures(FILE *out)
{
    fputs("\n移交人 handed over by: ____________________   日期 date: ____________\n"
          "接收人 received by:    ____________________   日期 date: ____________\n",
          out);
}

struct counting {
    struct perso_job *job;
    struct perso_boxes *boxes;
};

static enum perso_result
count_boxes(void *arg, const struct perso_card *cards, size_t n, struct perso_error *err)
{
    const struct counting *c = arg;

    return perso_boxes_count(c->boxes, c->job, cards, n, err);
}

static enum perso_result
boxes_of_file(FILE *out, struct perso_job *job, const struct perso_outgoing *what, int64_t file_id,
              struct perso_error *err)
{
    struct counting c = { .job = job };
    enum perso_result rc = perso_boxes_new(&c.boxes, err);

    if (rc == PERSO_OK &&
        (rc = perso_outgoing_standing(job, what, file_id, count_boxes, &c, err)) == PERSO_OK)
        perso_boxes_write(c.boxes, out);
    perso_boxes_free(c.boxes);
    return rc;
}

enum perso_result
perso_slip_package(struct perso_job *job, const struct perso_outgoing *what,
                   const struct perso_ledger_file *file, const uint8_t table_sm3[PERSO_SM3_BYTES],
                   char **ret, struct perso_error *err)
{
    char hex[2 * PERSO_SM3_BYTES + 1];
    size_t n = 0;
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *out = stream.out;

    if (rc != PERSO_OK)
        return rc;
    perso_hex_lower(table_sm3, PERSO_SM3_BYTES, hex);
    head(out, job, "移交单", "hand-over slip");
    fprintf(out, "数据包 package:      %s\n", perso_path_name(file->path));
    fprintf(out, "发送方 sender:       %s\n", job->site.conf.site_name);
    fprintf(out, "接收方 recipient:    %s\n", file->party);
    fprintf(out, "卡数 cards:          %u\n", file->rows);
    fprintf(out, "数据摘要 SM3:        %s\n", hex);
    rc = boxes_of_file(out, job, what, file->id, err);
    signatures(out);
    return perso_stream_close(&stream, rc, ret, &n, err);
}

/* ---- close ---- */

/* All cards that were not taken out: of a million without a box each would be looked at every time,
 * so it is remembered up to which file none had one. */
#define NO_BOXES ".no-boxes"

static enum perso_result
last_input(struct perso_job *job, char out[24], struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    int64_t last = 0;
    enum perso_result rc;

    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if (file.stage == PERSO_STAGE_INGEST)
            last = file.id;
    }
    snprintf(out, 24, "%lld", (long long)last);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
remember(struct perso_job *job, const char *last, struct perso_error *err)
{
    enum perso_result rc = perso_ledger_begin(job->ledger, err);

    if (rc != PERSO_OK)
        return rc;
    if ((rc = perso_ledger_value_set(job->ledger, NO_BOXES, last, err)) == PERSO_OK)
        return perso_ledger_commit(job->ledger, err);
    perso_ledger_rollback(job->ledger);
    return rc;
}

static enum perso_result
boxes_of_close(FILE *out, struct perso_job *job, bool looks_only, struct perso_error *err)
{
    const uint32_t states = ~(1u << PERSO_STATE_CANCELLED | 1u << PERSO_STATE_RETURNED);
    struct counting c = { job, NULL };
    char last[24], *none = NULL;
    enum perso_result rc = last_input(job, last, err);

    if (rc != PERSO_OK ||
        ((rc = perso_ledger_value(job->ledger, NO_BOXES, &none, err)) != PERSO_OK &&
         rc != PERSO_END))
        return rc;
    bool known = none != NULL && strcmp(none, last) == 0;
    free(none);
    if (known)
        return PERSO_OK;
    if ((rc = perso_boxes_new(&c.boxes, err)) == PERSO_OK &&
        (rc = perso_job_each_cards(job, states, count_boxes, &c, err)) == PERSO_OK) {
        perso_boxes_write(c.boxes, out);
        if (perso_boxes_none(c.boxes) && !looks_only)
            rc = remember(job, last, err);
    }
    perso_boxes_free(c.boxes);
    return rc;
}

static enum perso_result
files_of_close(FILE *out, struct perso_job *job, struct perso_error *err)
{
    struct perso_ledger_file file = { .id = 0 };
    char hex[2 * PERSO_SM3_BYTES + 1];
    enum perso_result rc;

    fputs("\n文件 files:\n", out);
    while ((rc = perso_ledger_file_next(job->ledger, &file, err)) == PERSO_OK) {
        if ((file.stage != PERSO_STAGE_PERSONALIZE && file.stage != PERSO_STAGE_CLOSE) ||
            file.status == PERSO_FILE_WITHDRAWN)
            continue;
        perso_hex_lower(file.sm3, sizeof file.sm3, hex);
        fprintf(out, "  %-32s %8u  SM3 %s\n", perso_path_name(file.path), file.rows, hex);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_slip_close(struct perso_job *job, bool looks_only, char **ret, struct perso_error *err)
{
    static const char *const chinese[PERSO_BALANCE_COUNT] = {
        [PERSO_BALANCE_WRITTEN] = "已写入",   [PERSO_BALANCE_DEFERRED] = "待写入",
        [PERSO_BALANCE_FORWARDED] = "已转发", [PERSO_BALANCE_SPOILED] = "损坏",
        [PERSO_BALANCE_MISSING] = "缺失",     [PERSO_BALANCE_TEST] = "测试",
        [PERSO_BALANCE_RETURNED] = "退回",    [PERSO_BALANCE_REFUSED] = "拒绝",
        [PERSO_BALANCE_CANCELLED] = "取消",   [PERSO_BALANCE_HELD] = "扣留",
        [PERSO_BALANCE_OPEN] = "在办",
    };
    struct perso_balance balance;
    size_t n = 0;
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *out = stream.out;

    if (rc != PERSO_OK)
        return rc;
    head(out, job, "制卡移交单", "hand-over slip of finished cards");
    if ((rc = perso_balance_take(job, &balance, err)) == PERSO_OK) {
        fprintf(out, "\n收入 in: %u\n", balance.in);
        for (int i = 0; i < PERSO_BALANCE_COUNT; i++)
            fprintf(out, "  %s %s: %u\n", chinese[i],
                    perso_balance_name((enum perso_balance_line)i), balance.lines[i]);
        rc = boxes_of_close(out, job, looks_only, err);
    }
    if (rc == PERSO_OK)
        rc = files_of_close(out, job, err);
    signatures(out);
    return perso_stream_close(&stream, rc, ret, &n, err);
}
