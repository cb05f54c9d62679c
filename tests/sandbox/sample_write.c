/* Files of a sample. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "formats/package/archive.h"
#include "perso/limits.h"
#include "sample.h"

#define SAMPLE_DATE_S INT64_C(1772366400) /* 2026-03-01 12:00 UTC, time of archive members */

/* Device keys by reference and version, never by value (CONTRACTS 2). */
#define SSSE_KEYS "SSSE-MK:2;SSSE-AK1:1;SSSE-AK2:1"
#define ISSUANCE_COLUMNS                                                                           \
    "AAZ501,AAZ500,AAC002,AAC003,AAC004,AAC005,AAC006,AAB301,BAZ033,AAC008,AAZ502,AAC025,AAZ503,"  \
    "KYXQ,CSHJGBM,BAZ103,AAE010"

struct truth {
    char aaz501[64];
    uint32_t card, record;
    char file[64]; /* relative to the sample's folder */
};

/* Every row once, in an order of its own: the join may not rest on the order (DOMAIN 3.5). */
static uint32_t *
shuffled(const struct sbx_sample *s, uint32_t n)
{
    uint32_t *order = sbx_memory(n, sizeof *order);
    struct sbx_random r;

    sbx_random_of_index(&r, s->people.seed, "shuffle", 0);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t k = sbx_random_below(&r, i), held = order[i - 1];
        order[i - 1] = order[k];
        order[k] = held;
    }
    return order;
}

static void
issuance_row(struct sbx_table_out *t, const struct sbx_sample *s, uint32_t card, int copy)
{
    struct sbx_issuance row;

    sbx_issuance_make(s, card, copy, &row);
    const char *const cells[] = { row.aaz501, row.aaz500, row.aac002, row.aac003, row.aac004,
                                  row.aac005, row.aac006, row.aab301, row.baz033, row.aac008,
                                  row.aaz502, row.aac025, row.aaz503, row.kyxq,   row.cshjgbm,
                                  row.baz103, row.aae010, SSSE_KEYS };
    const size_t n = sizeof cells / sizeof cells[0];
    sbx_table_cells(t, cells, s->ssse ? n : n - 1);
}

void
sbx_issuance_write(struct sbx_sample *s)
{
    const uint32_t n = s->cards + s->extras;
    uint32_t *order = shuffled(s, n);
    char folder[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    struct sbx_table_out t;

    sbx_path(folder, s->dir, "issuance");
    sbx_folder(folder);
    sbx_path(path, folder, "issuance.csv");
    sbx_table_create(&t, path, s->people.charset,
                     s->ssse ? ISSUANCE_COLUMNS ",SSSE" : ISSUANCE_COLUMNS);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t card = order[i];
        const enum sbx_fault fault = sbx_fault_planted(s, card);
        if (fault == SBX_FAULT_ISSUE_ABSENT)
            continue;
        issuance_row(&t, s, card, 0);
        if (card < s->cards)
            s->issuance_record[card] = t.rows;
        if (fault == SBX_FAULT_ISSUE_TWICE)
            issuance_row(&t, s, card, 1);
    }
    sbx_table_close_beside(&t);
    free(order);
}

/* NAME.csv and its manifest into one archive; the loose files go. */
static void
pack(const struct sbx_sample *s, const char *csv_path, const char *csv_name, uint32_t rows,
     const char *archive_path)
{
    static const struct {
        const char *name;
        enum perso_archive_form form;
    } forms[] = { { "zip", PERSO_ARCHIVE_ZIP },
                  { "tar.zst", PERSO_ARCHIVE_TAR_ZST },
                  { "tar.gz", PERSO_ARCHIVE_TAR_GZ } };
    char side_path[SBX_PATH_BYTES], side_name[SBX_PATH_BYTES];
    struct perso_archive_writer *writer = NULL;
    struct perso_error err = { 0 };
    struct sbx_file out;
    size_t n, form = 0;
    uint8_t sm3[32], *manifest;

    while (strcmp(forms[form].name, s->archive) != 0)
        form++;
    snprintf(side_name, sizeof side_name, "%s.manifest.json", csv_name);
    if ((size_t)snprintf(side_path, sizeof side_path, "%s.manifest.json", csv_path) >=
        sizeof side_path)
        sbx_die("%s: path too long", csv_path);
    manifest = sbx_file_read(side_path, 4096, &n);
    FILE *csv = fopen(csv_path, "rb");
    sbx_need(csv != NULL && fseeko(csv, 0, SEEK_END) == 0, csv_path);
    const off_t size = ftello(csv);
    sbx_need(size >= 0 && fseeko(csv, 0, SEEK_SET) == 0, csv_path);
    const struct perso_source source = sbx_stream_source(csv);
    sbx_file_open(&out, archive_path);
    const struct perso_sink sink = sbx_file_sink(&out);
    enum perso_result rc =
        perso_archive_create(&sink, forms[form].form, SAMPLE_DATE_S, &writer, &err);
    if (rc == PERSO_OK)
        rc = perso_archive_add(writer, side_name, manifest, n, &err);
    if (rc == PERSO_OK)
        rc = perso_archive_add_source(writer, csv_name, (uint64_t)size, &source, &err);
    if (rc == PERSO_OK)
        rc = perso_archive_finish(writer, &err);
    sbx_check(rc, archive_path, &err);
    perso_archive_writer_free(writer);
    sbx_file_finish(&out, sm3);
    sbx_side_manifest(archive_path, perso_charset_name(s->people.charset), rows, sm3);
    sbx_file_publish(&out);
    fclose(csv);
    free(manifest);
    sbx_need(remove(csv_path) == 0 && remove(side_path) == 0, csv_path);
}

static int
truth_order(const void *a, const void *b)
{
    const struct truth *x = a, *y = b;
    const int order = strcmp(x->aaz501, y->aaz501);

    if (order != 0)
        return order;
    return x->card < y->card ? -1 : x->card > y->card;
}

static void
truth_note(const struct sbx_sample *s, uint32_t card, char *out, size_t max)
{
    const struct sbx_fault_row *fault = sbx_fault_row((enum sbx_fault)s->fault[card]);

    out[0] = '\0';
    if (fault->where == SBX_WHERE_PAIR)
        snprintf(out, max, "with record %u", s->partner[card] % PERSO_FILE_ROWS + 1);
    else if (fault->stage == PERSO_STAGE_RECONCILE && s->issuance_record[card] != 0)
        snprintf(out, max, "issuance/issuance.csv record %u", s->issuance_record[card]);
}

static void
write_truth(const struct sbx_sample *s, struct truth *truth, size_t n)
{
    char path[SBX_PATH_BYTES], record[16], note[64];
    struct sbx_table_out t;

    if (n != 0)
        qsort(truth, n, sizeof *truth, truth_order);
    sbx_path(path, s->dir, "truth.csv");
    sbx_table_create(&t, path, PERSO_UTF8, "AAZ501,fault,stage,code,file,record,note");
    for (size_t i = 0; i < n; i++) {
        const struct sbx_fault_row *fault = sbx_fault_row((enum sbx_fault)s->fault[truth[i].card]);
        snprintf(record, sizeof record, "%u", truth[i].record);
        truth_note(s, truth[i].card, note, sizeof note);
        const char *const cells[] = { truth[i].aaz501,
                                      fault->kind,
                                      perso_stage_name(fault->stage),
                                      perso_reject_code(fault->code),
                                      truth[i].file,
                                      record,
                                      note };
        sbx_table_cells(&t, cells, sizeof cells / sizeof cells[0]);
    }
    sbx_table_close(&t);
}

struct sbx_columns
sbx_columns_of(const struct sbx_sample *s)
{
    return (struct sbx_columns) { .p10 = s->form == SBX_FORM_P10, .boxes = s->boxes };
}

void
sbx_application_table(struct sbx_table_out *t, const char *path, enum perso_charset charset,
                      const struct sbx_columns *columns)
{
    char header[128];

    snprintf(header, sizeof header, "AAZ501,AAZ500,AAC002,AAC003,AAB301,QMGY%s%s%s%s",
             columns->p10 ? ",P10" : "", columns->qm ? ",QM" : "",
             columns->replaces ? ",replaces" : "", columns->boxes != 0 ? ",box,position" : "");
    sbx_table_create(t, path, charset, header);
}

void
sbx_application_put(struct sbx_table_out *t, const struct sbx_application *row,
                    const struct sbx_columns *columns, const char *replaces, uint32_t place)
{
    const char *const cells[] = { row->aaz501, row->aaz500, row->aac002,
                                  row->aac003, row->aab301, row->qmgy };
    char box[32], position[16];

    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        sbx_table_cell(t, cells[i]);
    if (columns->p10)
        sbx_table_cell(t, row->p10);
    if (columns->qm)
        sbx_table_cell(t, row->qm);
    if (columns->replaces)
        sbx_table_cell(t, replaces);
    if (columns->boxes != 0) {
        snprintf(box, sizeof box, "BOX-%04u", place / columns->boxes + 1);
        snprintf(position, sizeof position, "%u", place % columns->boxes + 1);
        sbx_table_cell(t, box);
        sbx_table_cell(t, position);
    }
    sbx_table_row(t);
}

void
sbx_application_name(uint32_t first, const char *archive, char out[64])
{
    if (first < PERSO_FILE_ROWS)
        snprintf(out, 64, "application.%s", archive);
    else
        snprintf(out, 64, "application-%u.%s", first / PERSO_FILE_ROWS + 1, archive);
}

/* One file of at most PERSO_FILE_ROWS cards, from the first on. What is wrong with a card of the
 * form sig is found in the table that comes back signed. */
static uint32_t
write_part(const struct sbx_sample *s, uint32_t first, struct truth *truth, size_t *n_truth)
{
    const uint32_t left = s->cards - first, rows = left < PERSO_FILE_ROWS ? left : PERSO_FILE_ROWS;
    const bool loose = strcmp(s->archive, "csv") == 0, apart = s->form == SBX_FORM_SIG;
    const struct sbx_columns columns = sbx_columns_of(s);
    char csv_name[64], name[64], csv_path[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    char folder[SBX_PATH_BYTES];
    struct sbx_application row;
    struct sbx_table_out t;

    sbx_application_name(first, "csv", csv_name);
    sbx_application_name(first, s->archive, name);
    sbx_path(folder, s->dir, "keys");
    sbx_path(csv_path, folder, csv_name);
    sbx_path(path, folder, name);
    sbx_application_table(&t, csv_path, s->people.charset, &columns);
    for (uint32_t card = first; card < first + rows; card++) {
        sbx_application_make(s, card, &row);
        sbx_application_put(&t, &row, &columns, NULL, card);
        if (s->fault[card] == SBX_FAULT_NONE)
            continue;
        struct truth *one = &truth[(*n_truth)++];
        *one = (struct truth) { .card = card, .record = t.rows };
        memcpy(one->aaz501, row.aaz501, sizeof one->aaz501);
        snprintf(one->file, sizeof one->file, "%s/%.50s", apart ? "signed" : "keys",
                 apart ? csv_name : name);
    }
    sbx_table_close_beside(&t);
    if (!loose)
        pack(s, csv_path, csv_name, rows, path);
    return first + rows;
}

void
sbx_application_write(struct sbx_sample *s)
{
    char folder[SBX_PATH_BYTES];
    size_t faulty = 0, n = 0;

    for (uint32_t i = 0; i < s->cards; i++)
        faulty += s->fault[i] != SBX_FAULT_NONE;
    struct truth *truth = sbx_memory(faulty, sizeof *truth);
    sbx_path(folder, s->dir, "keys");
    sbx_folder(folder);
    for (uint32_t first = 0; first < s->cards;)
        first = write_part(s, first, truth, &n);
    write_truth(s, truth, n);
    free(truth);
}
