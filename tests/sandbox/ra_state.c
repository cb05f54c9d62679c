/*
 * DIR/state.json of the RA: answered (SM3 of a REQ's manifest to the return's name), batches (the
 * chain of returns), late (rows kept back, with the manifest of their REQ), truth. Written whole
 * under a temporary name after every return; DIR/truth.csv is made of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "ra.h"
#include "table.h"

#define STATE_BYTES ((size_t)1 << 31)

static const struct {
    const char *kind;
    enum perso_stage stage;
    enum perso_reject code;
} faults[] = {
#define FAULT_ROW(name, kind, stage, code) { kind, PERSO_STAGE_##stage, PERSO_REJ_##code },
    SBX_RA_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

static json_t *
need_json(json_t *value)
{
    sbx_need(value != NULL, "state.json");
    return value;
}

static void
need_set(json_t *object, const char *key, json_t *value)
{
    sbx_need(json_object_set_new(object, key, value) == 0, "state.json");
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    sbx_need(text != NULL, "state.json");
    return text;
}

void
sbx_ra_state_load(struct sbx_ra *ra)
{
    char path[SBX_PATH_BYTES];
    json_error_t error;
    size_t n;

    sbx_path(path, ra->dir, "state.json");
    uint8_t *text = sbx_file_read_if(path, STATE_BYTES, &n);
    if (text == NULL) {
        ra->state = need_json(
            json_pack("{s:{}, s:{}, s:[], s:[]}", "answered", "batches", "late", "truth"));
        return;
    }
    if ((ra->state = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &error)) == NULL)
        sbx_die("%s:%d: %s", path, error.line, error.text);
    free(text);
}

static int
by_request(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    return strcmp(text_of(x, "request_id"), text_of(y, "request_id"));
}

static void
write_truth(struct sbx_ra *ra)
{
    static const char *const columns[] = { "request_id", "AAZ500", "fault",  "stage",
                                           "code",       "file",   "record", "note" };
    const json_t *truth = json_object_get(ra->state, "truth");
    const size_t n = json_array_size(truth);
    json_t **sorted = sbx_memory(n, sizeof *sorted);
    char path[SBX_PATH_BYTES];
    struct sbx_table_out t;

    for (size_t i = 0; i < n; i++)
        sorted[i] = json_array_get(truth, i);
    if (n != 0)
        qsort(sorted, n, sizeof *sorted, by_request);
    sbx_path(path, ra->dir, "truth.csv");
    sbx_table_create(&t, path, PERSO_UTF8, "request_id,AAZ500,fault,stage,code,file,record,note");
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
            sbx_table_cell(&t, text_of(sorted[i], columns[c]));
        sbx_table_row(&t);
    }
    sbx_table_close(&t);
    free(sorted);
}

void
sbx_ra_state_save(struct sbx_ra *ra)
{
    char path[SBX_PATH_BYTES], *text = json_dumps(ra->state, JSON_SORT_KEYS | JSON_INDENT(1));

    sbx_need(text != NULL, "state.json");
    write_truth(ra);
    sbx_path(path, ra->dir, "state.json");
    sbx_file_put(path, text, strlen(text));
    free(text);
}

bool
sbx_ra_answered(const struct sbx_ra *ra, const struct sbx_ra_work *work)
{
    return json_object_get(json_object_get(ra->state, "answered"), work->digest) != NULL;
}

void
sbx_ra_answered_set(struct sbx_ra *ra, const struct sbx_ra_work *work, const char *name)
{
    need_set(json_object_get(ra->state, "answered"), work->digest, json_string(name));
}

void
sbx_ra_batch_key(const struct perso_manifest *m, char out[256])
{
    snprintf(out, 256, "%s/%s/%s", m->sender, m->division, m->batch);
}

uint32_t
sbx_ra_chain(const struct sbx_ra *ra, const struct perso_manifest *m, uint8_t previous[32])
{
    char key[256];

    sbx_ra_batch_key(m, key);
    const json_t *chain = json_object_get(json_object_get(ra->state, "batches"), key);
    if (chain == NULL)
        return 0;
    const char *hex = text_of(chain, "previous");
    sbx_need(perso_hex_decode(hex, strlen(hex), previous, 32), "state.json");
    return (uint32_t)json_integer_value(json_object_get(chain, "sequence"));
}

void
sbx_ra_chain_set(struct sbx_ra *ra, const struct perso_manifest *m, uint32_t sequence,
                 const uint8_t digest[32])
{
    char key[256], hex[65];

    sbx_ra_batch_key(m, key);
    perso_hex_lower(digest, 32, hex);
    need_set(json_object_get(ra->state, "batches"), key,
             json_pack("{s:i, s:s}", "sequence", (int)sequence, "previous", hex));
}

void
sbx_ra_late_add(struct sbx_ra *ra, const struct perso_manifest *m,
                const struct sbx_ra_request *requests, size_t n)
{
    json_t *rows = need_json(json_array());
    char hex[129];

    for (size_t i = 0; i < n; i++) {
        if (requests[i].fault != SBX_RA_LATE)
            continue;
        perso_hex_lower(requests[i].xy, 64, hex);
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s}", "request_id", requests[i].id, "AAC003",
                                requests[i].name, "AAC002", requests[i].ssn, "AAZ500",
                                requests[i].card_no, "QMGY", hex);
        sbx_need(json_array_append_new(rows, need_json(row)) == 0, "state.json");
    }
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:o}", "sender", m->sender,
                              "division", m->division, "vendor", m->vendor, "batch", m->batch,
                              "date", m->date, "mode", m->mode, "requests", rows);
    sbx_need(json_array_append_new(json_object_get(ra->state, "late"), need_json(entry)) == 0,
             "state.json");
}

static void
manifest_of(const json_t *entry, struct perso_manifest *m)
{
    *m =
        (struct perso_manifest) { .mode = (int)json_integer_value(json_object_get(entry, "mode")) };
    snprintf(m->sender, sizeof m->sender, "%s", text_of(entry, "sender"));
    snprintf(m->division, sizeof m->division, "%s", text_of(entry, "division"));
    snprintf(m->vendor, sizeof m->vendor, "%s", text_of(entry, "vendor"));
    snprintf(m->batch, sizeof m->batch, "%s", text_of(entry, "batch"));
    snprintf(m->date, sizeof m->date, "%s", text_of(entry, "date"));
}

bool
sbx_ra_late_any(const struct sbx_ra *ra, const struct perso_manifest *m)
{
    const json_t *late = json_object_get(ra->state, "late"), *entry;
    char want[256], have[256];
    struct perso_manifest other;
    size_t i;

    sbx_ra_batch_key(m, want);
    json_array_foreach(late, i, entry)
    {
        manifest_of(entry, &other);
        sbx_ra_batch_key(&other, have);
        if (strcmp(want, have) == 0)
            return true;
    }
    return false;
}

size_t
sbx_ra_late_count(const struct sbx_ra *ra)
{
    return json_array_size(json_object_get(ra->state, "late"));
}

void
sbx_ra_late_get(const struct sbx_ra *ra, size_t index, struct sbx_ra_work *ret)
{
    const json_t *entry = json_array_get(json_object_get(ra->state, "late"), index), *row;
    const json_t *rows = json_object_get(entry, "requests");
    size_t i;

    *ret = (struct sbx_ra_work) { .late = true, .n = json_array_size(rows) };
    manifest_of(entry, &ret->manifest);
    ret->requests = sbx_memory(ret->n, sizeof *ret->requests);
    json_array_foreach(rows, i, row)
    {
        struct sbx_ra_request *one = &ret->requests[i];
        const char *hex = text_of(row, "QMGY");
        snprintf(one->id, sizeof one->id, "%s", text_of(row, "request_id"));
        snprintf(one->name, sizeof one->name, "%s", text_of(row, "AAC003"));
        snprintf(one->ssn, sizeof one->ssn, "%s", text_of(row, "AAC002"));
        snprintf(one->card_no, sizeof one->card_no, "%s", text_of(row, "AAZ500"));
        sbx_need(perso_hex_decode(hex, strlen(hex), one->xy, 64), "state.json");
        one->fault = SBX_RA_FAULT_NONE;
    }
}

void
sbx_ra_late_drop_first(struct sbx_ra *ra)
{
    sbx_need(json_array_remove(json_object_get(ra->state, "late"), 0) == 0, "state.json");
}

/* A late row's truth is told anew when it is answered. */
static void
forget(json_t *truth, const char *id)
{
    for (size_t i = json_array_size(truth); i-- > 0;)
        if (strcmp(text_of(json_array_get(truth, i), "request_id"), id) == 0)
            json_array_remove(truth, i);
}

void
sbx_ra_truth_add(struct sbx_ra *ra, const struct sbx_ra_request *request, const char *file,
                 uint32_t record, const char *note)
{
    json_t *truth = json_object_get(ra->state, "truth");
    const enum sbx_ra_fault fault =
        request->fault == SBX_RA_FAULT_NONE ? SBX_RA_LATE : request->fault;
    char number[16] = "";

    if (record != 0)
        snprintf(number, sizeof number, "%u", record);
    if (request->fault == SBX_RA_FAULT_NONE)
        forget(truth, request->id);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "request_id", request->id,
                            "AAZ500", request->card_no, "fault", faults[fault].kind, "stage",
                            perso_stage_name(faults[fault].stage), "code",
                            perso_reject_code(faults[fault].code), "file", file, "record", number,
                            "note", note);
    sbx_need(json_array_append_new(truth, need_json(row)) == 0, "state.json");
}
