#include "pipeline/report/slip.h"

#include <stdlib.h>

#include "formats/base/encode.h"
#include "pipeline/job/balance.h"
#include "pipeline/job/path.h"

static void
head(FILE *out, const struct perso_job *job, const char *title_zh, const char *title_en)
{
    fprintf(out, "%s / %s\n\n", title_zh, title_en);
    fprintf(out, "制卡批次 batch:      %s\n", job->conf.batch);
    fprintf(out, "模式 mode:           %d %s (%s)\n", job->mode->number, job->mode->title,
            job->mode->clause);
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

static enum perso_result
finish(FILE *out, enum perso_result rc, char **text, char **ret, struct perso_error *err)
{
    if (fclose(out) != 0 && rc == PERSO_OK)
        rc = perso_error_errno(err, "memory");
    if (rc == PERSO_OK) {
        *ret = *text;
        *text = NULL;
    }
    free(*text);
    return rc;
}

enum perso_result
perso_slip_package(const struct perso_job *job, const struct perso_ledger_file *file,
                   const uint8_t table_sm3[PERSO_SM3_BYTES], char **ret, struct perso_error *err)
{
    char *text = NULL, hex[2 * PERSO_SM3_BYTES + 1];
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (out == NULL)
        return perso_error_errno(err, "memory");
    perso_hex_lower(table_sm3, PERSO_SM3_BYTES, hex);
    head(out, job, "移交单", "hand-over slip");
    fprintf(out, "数据包 package:      %s\n", perso_path_name(file->path));
    fprintf(out, "发送方 sender:       %s\n", job->site.conf.site_name);
    fprintf(out, "接收方 recipient:    %s\n", file->party);
    fprintf(out, "卡数 cards:          %u\n", file->rows);
    fprintf(out, "数据摘要 SM3:        %s\n", hex);
    signatures(out);
    return finish(out, PERSO_OK, &text, ret, err);
}

static enum perso_result
files_of_close(FILE *out, struct perso_job *job, struct perso_error *err)
{
    struct perso_ledger_file file;
    char hex[2 * PERSO_SM3_BYTES + 1];
    int64_t after = 0;
    size_t n;
    enum perso_result rc;

    fputs("\n文件 files:\n", out);
    while ((rc = perso_ledger_files(job->ledger, after, 1, &file, &n, err)) == PERSO_OK) {
        after = file.id;
        if (file.stage != PERSO_STAGE_PERSONALIZE && file.stage != PERSO_STAGE_CLOSE)
            continue;
        perso_hex_lower(file.sm3, sizeof file.sm3, hex);
        fprintf(out, "  %-32s %8u  SM3 %s\n", perso_path_name(file.path), file.rows, hex);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_slip_close(struct perso_job *job, char **ret, struct perso_error *err)
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
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    enum perso_result rc;

    if (out == NULL)
        return perso_error_errno(err, "memory");
    head(out, job, "制卡移交单", "hand-over slip of finished cards");
    if ((rc = perso_balance_take(job, &balance, err)) == PERSO_OK) {
        fprintf(out, "\n收入 in: %u\n", balance.in);
        for (int i = 0; i < PERSO_BALANCE_COUNT; i++)
            fprintf(out, "  %s %s: %u\n", chinese[i],
                    perso_balance_name((enum perso_balance_line)i), balance.lines[i]);
        rc = files_of_close(out, job, err);
    }
    signatures(out);
    return finish(out, rc, &text, ret, err);
}
