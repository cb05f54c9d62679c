#include "pipeline/report/lists.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text/write.h"
#include "perso/text.h"
#include "pipeline/file/output.h"
#include "pipeline/job/cards.h"
#include "pipeline/job/job.h"
#include "pipeline/store/durable.h"
#include "pipeline/store/stream.h"

/* The lists of one stage, open side by side. Cards that an operator put aside are stage NONE. */
struct list {
    enum perso_stage stage;
    struct perso_durable *csv, *jsonl;
    struct perso_table_writer writer;
    struct perso_sink lines;
};

struct listing {
    struct perso_job *job;
    struct list lists[PERSO_STAGE_COUNT];
    size_t n;
    int64_t file_id; /* whose path is known */
    char path[512];
};

static const char *const header[] = {
    "seq",  "AAZ501", "stage",  "code",    "clause",  "field",
    "file", "line",   "record", "text_en", "text_zh", "from_state"
};

static const char *
list_name(enum perso_stage stage)
{
    return stage == PERSO_STAGE_NONE ? N_("operator") : perso_stage_name(stage);
}

static enum perso_result
open_list(struct listing *l, const char *folder, enum perso_stage stage, enum perso_charset charset,
          struct perso_error *err)
{
    struct list *list = &l->lists[l->n];
    struct perso_sink sink;
    char name[32];
    enum perso_result rc;

    *list = (struct list) { .stage = stage };
    snprintf(name, sizeof name, "%s.csv", list_name(stage));
    if ((rc = perso_output_open(l->job, folder, name, &list->csv, &sink, err)) != PERSO_OK)
        return rc;
    l->n++;
    perso_writer_init(&list->writer, sink, charset, true);
    snprintf(name, sizeof name, "%s.jsonl", list_name(stage));
    if ((rc = perso_output_open(l->job, folder, name, &list->jsonl, &list->lines, err)) !=
            PERSO_OK ||
        (rc = perso_writer_bom(&list->writer, err)) != PERSO_OK)
        return rc;
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        if ((rc = perso_writer_string(&list->writer, header[i], err)) != PERSO_OK)
            return rc;
    return perso_writer_row(&list->writer, err);
}

static enum perso_result
open_lists(struct listing *l, struct perso_error *err)
{
    enum perso_charset charset = PERSO_UTF8;
    char folder[PERSO_PATH_BYTES];
    enum perso_result rc = perso_job_folder(l->job, "held", folder, err);

    perso_charset_find(l->job->site.conf.list_encoding, &charset);
    for (const struct perso_role_stage *s = l->job->role->stages;
         rc == PERSO_OK && s->stage != PERSO_STAGE_NONE; s++)
        rc = open_list(l, folder, s->stage, charset, err);
    return rc == PERSO_OK ? open_list(l, folder, PERSO_STAGE_NONE, charset, err) : rc;
}

static enum perso_result
file_path(struct listing *l, int64_t file_id, struct perso_error *err)
{
    struct perso_ledger_file file;
    enum perso_result rc;

    if (file_id == l->file_id)
        return PERSO_OK;
    if ((rc = perso_ledger_file_get(l->job->ledger, file_id, &file, err)) != PERSO_OK)
        return rc;
    l->file_id = file_id;
    snprintf(l->path, sizeof l->path, "%s", file.path);
    return PERSO_OK;
}

/* The texts of a row: the code's own, and what is told besides. */
static void
row_texts(const struct perso_card *card, char *en, char *zh, size_t max)
{
    const struct perso_verdict *v = &card->verdict;
    const char *colon = v->note[0] != '\0' ? ": " : "";

    snprintf(en, max, "%s%s%s", perso_reject_text(v->reject), colon, v->note);
    snprintf(zh, max, "%s%s%s", perso_reject_text_zh(v->reject), colon, v->note);
}

static enum perso_result
write_csv(struct list *list, const struct perso_card *card, const char *path, uint32_t line,
          uint32_t record, const char *en, const char *zh, struct perso_error *err)
{
    struct perso_table_writer *w = &list->writer;
    enum perso_reject reject = card->verdict.reject;
    const char *const texts[] = { card->card_id,
                                  list_name(list->stage),
                                  perso_reject_code(reject),
                                  perso_reject_clause(reject),
                                  perso_column_code(card->verdict.column),
                                  path };
    enum perso_result rc = perso_writer_number(w, (uint64_t)card->seq, err);

    for (size_t i = 0; rc == PERSO_OK && i < sizeof texts / sizeof texts[0]; i++)
        rc = perso_writer_string(w, texts[i], err);
    if (rc != PERSO_OK || (rc = perso_writer_number(w, line, err)) != PERSO_OK ||
        (rc = perso_writer_number(w, record, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, en, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, zh, err)) != PERSO_OK ||
        (rc = perso_writer_string(w, perso_state_name(card->from_state), err)) != PERSO_OK)
        return rc;
    return perso_writer_row(w, err);
}

static enum perso_result
write_json(struct list *list, const struct perso_card *card, const char *path, uint32_t line,
           uint32_t record, const char *en, const char *zh, struct perso_error *err)
{
    enum perso_reject reject = card->verdict.reject;
    const char *const fields[][2] = { { "AAZ501", card->card_id },
                                      { "stage", list_name(list->stage) },
                                      { "code", perso_reject_code(reject) },
                                      { "clause", perso_reject_clause(reject) },
                                      { "field", perso_column_code(card->verdict.column) },
                                      { "file", path },
                                      { "text_en", en },
                                      { "text_zh", zh },
                                      { "from_state", perso_state_name(card->from_state) } };
    char *text = NULL;
    size_t n = 0;
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *out = stream.out;

    if (rc != PERSO_OK)
        return rc;
    fprintf(out, "{\"seq\": %lld", (long long)card->seq);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fprintf(out, ", \"%s\": ", fields[i][0]);
        perso_json_string(out, fields[i][1]);
    }
    fprintf(out, ", \"line\": %u, \"record\": %u}\n", line, record);
    rc = perso_stream_close(&stream, PERSO_OK, &text, &n, err);
    if (rc == PERSO_OK)
        rc = perso_sink_write(&list->lines, text, n, err);
    free(text);
    return rc;
}

static bool
is_plain_id(struct perso_text cell)
{
    for (uint32_t i = 0; i < cell.bytes; i++)
        if (!isalnum((unsigned char)cell.at[i]))
            return false;
    return cell.bytes == PERSO_CARD_ID_CHARS;
}

/* A card id that has not its shape is shown as it stands, where it cannot be anything personal: no
 * ID number and no name has 32 plain characters. */
static enum perso_result
show_bad_id(struct listing *l, struct perso_card *card, struct perso_error *err)
{
    struct perso_stored_record record;
    struct perso_cells cells;

    if (perso_ledger_purged(l->job->ledger))
        return PERSO_OK;
    enum perso_result rc = perso_job_cells(l->job, card->application, &cells, &record, err);

    if (rc == PERSO_OK && is_plain_id(cells.known[PERSO_COL_AAZ501]))
        memcpy(card->card_id, cells.known[PERSO_COL_AAZ501].at, PERSO_CARD_ID_CHARS);
    return rc;
}

static enum perso_result
list_card(struct listing *l, struct perso_card *card, struct perso_error *err)
{
    char en[512], zh[512];
    struct perso_stored_record record;
    struct list *list = &l->lists[l->n - 1];
    int64_t shown = card->verdict_record != 0 ? card->verdict_record : card->application;
    enum perso_result rc;

    for (size_t i = 0; i + 1 < l->n; i++)
        if (l->lists[i].stage == card->reject_stage)
            list = &l->lists[i];
    if ((rc = l->job->cards.get(l->job->cards.self, shown, &record, NULL, NULL, err)) != PERSO_OK ||
        (rc = file_path(l, record.file_id, err)) != PERSO_OK ||
        (card->card_id[0] == '\0' && (rc = show_bad_id(l, card, err)) != PERSO_OK))
        return rc;
    row_texts(card, en, zh, sizeof en);
    if ((rc = write_csv(list, card, l->path, record.line, record.record, en, zh, err)) != PERSO_OK)
        return rc;
    return write_json(list, card, l->path, record.line, record.record, en, zh, err);
}

static enum perso_result
list_cards(struct listing *l, struct perso_error *err)
{
    struct perso_card *cards = calloc(PERSO_BATCH_RECORDS, sizeof *cards);
    uint32_t states = 1u << PERSO_STATE_HELD | 1u << PERSO_STATE_REFUSED;
    int64_t after = 0;
    size_t n = 0;
    enum perso_result rc = cards != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = l->job->cards.scan(l->job->cards.self, states, after, PERSO_BATCH_RECORDS, cards,
                                    &n, err)) == PERSO_OK) {
        after = cards[n - 1].seq;
        perso_arena_reset(l->job->arena);
        for (size_t i = 0; rc == PERSO_OK && i < n; i++)
            rc = list_card(l, &cards[i], err);
    }
    free(cards);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
close_lists(struct listing *l, enum perso_result rc, struct perso_error *err)
{
    for (size_t i = 0; i < l->n; i++) {
        struct list *list = &l->lists[i];
        if (rc == PERSO_OK)
            rc = perso_writer_flush(&list->writer, err);
        if (rc == PERSO_OK)
            rc = perso_durable_commit(list->csv, NULL, NULL, err);
        else
            perso_durable_abandon(list->csv);
        if (rc == PERSO_OK)
            rc = perso_durable_commit(list->jsonl, NULL, NULL, err);
        else
            perso_durable_abandon(list->jsonl);
    }
    return rc;
}

enum perso_result
perso_lists_write(struct perso_job *job, struct perso_error *err)
{
    struct listing *l = calloc(1, sizeof *l);
    enum perso_result rc;

    if (l == NULL)
        return perso_error_errno(err, "memory");
    l->job = job;
    if ((rc = open_lists(l, err)) == PERSO_OK)
        rc = list_cards(l, err);
    rc = close_lists(l, rc, err);
    free(l);
    return rc == PERSO_REJECT ? PERSO_FATAL : rc;
}

enum perso_result
perso_lists_tell(struct perso_job *job, enum perso_stage stage, struct perso_error *err)
{
    struct perso_reject_count counts[PERSO_REJ_COUNT * 2];
    size_t n = 0;
    enum perso_result rc =
        perso_ledger_reject_counts(job->ledger, counts, sizeof counts / sizeof counts[0], &n, err);

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        if (counts[i].stage != stage && stage != PERSO_STAGE_NONE)
            continue;
        perso_say_begin(&job->say, perso_state_name(counts[i].state));
        perso_say_word(&job->say, "stage", list_name(counts[i].stage));
        perso_say_number(&job->say, "cards", counts[i].n);
        perso_say_text(&job->say, "code", perso_reject_code(counts[i].reject));
        perso_say_reject(&job->say, "text", counts[i].reject);
        perso_say_end(&job->say);
    }
    return rc == PERSO_END ? PERSO_OK : rc;
}
