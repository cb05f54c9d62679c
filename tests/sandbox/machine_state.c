/*
 * DIR/state.json of the machine: done (SM3 of a machine file's manifest to the result file), chips
 * (by card: attempts, fate of the last, key and digests in the chip, what is true of it). Written
 * whole under a temporary name after every machine file; DIR/truth.csv is made of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "machine.h"

#define STATE_BYTES ((size_t)1 << 31)

static const struct {
    const char *kind;
    enum perso_reject code;
} fates[SBX_FATE_COUNT] = {
#define FATE_ROW(name, kind, code) { kind, PERSO_REJ_##code },
    SBX_MACHINE_FATES(FATE_ROW)
#undef FATE_ROW
};

static json_t *
part(const struct sbx_machine *m, const char *name)
{
    json_t *object = json_object_get(m->state, name);
    sbx_need(json_is_object(object), "state.json");
    return object;
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    sbx_need(text != NULL, "state.json");
    return text;
}

void
sbx_machine_state_load(struct sbx_machine *m)
{
    char path[SBX_PATH_BYTES];
    json_error_t error;
    size_t n;

    sbx_path(path, m->dir, "state.json");
    uint8_t *text = sbx_file_read_if(path, STATE_BYTES, &n);
    if (text == NULL) {
        m->state = json_pack("{s:{}, s:{}}", "done", "chips");
        sbx_need(m->state != NULL, "state.json");
        return;
    }
    if ((m->state = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &error)) == NULL)
        sbx_die("%s:%d: %s", path, error.line, error.text);
    free(text);
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
truth_row(struct sbx_table_out *t, const char *card_id, const json_t *chip)
{
    const int fate = (int)json_integer_value(json_object_get(chip, "fate"));
    char record[16];

    sbx_need(fate >= 0 && fate < SBX_FATE_COUNT, "state.json");
    if (fate == SBX_FATE_OK)
        return;
    snprintf(record, sizeof record, "%d", (int)json_integer_value(json_object_get(chip, "record")));
    const char *const cells[] = { card_id,
                                  fates[fate].kind,
                                  perso_stage_name(PERSO_STAGE_CLOSE),
                                  perso_reject_code(fates[fate].code),
                                  text_of(chip, "file"),
                                  record,
                                  "" };
    sbx_table_cells(t, cells, sizeof cells / sizeof cells[0]);
}

static void
write_truth(const struct sbx_machine *m)
{
    json_t *chips = part(m, "chips"), *chip;
    const char **ids = sbx_memory(json_object_size(chips), sizeof *ids), *id;
    char path[SBX_PATH_BYTES];
    struct sbx_table_out t;
    size_t n = 0;

    json_object_foreach(chips, id, chip) ids[n++] = id;
    if (n != 0)
        qsort(ids, n, sizeof *ids, by_bytes);
    sbx_path(path, m->dir, "truth.csv");
    sbx_table_create(&t, path, PERSO_UTF8, "AAZ501,fault,stage,code,file,record,note");
    for (size_t i = 0; i < n; i++)
        truth_row(&t, ids[i], json_object_get(chips, ids[i]));
    sbx_table_close(&t);
    free(ids);
}

void
sbx_machine_state_save(struct sbx_machine *m)
{
    char path[SBX_PATH_BYTES], *text = json_dumps(m->state, JSON_SORT_KEYS | JSON_INDENT(1));

    sbx_need(text != NULL, "state.json");
    write_truth(m);
    sbx_path(path, m->dir, "state.json");
    sbx_file_put(path, text, strlen(text));
    free(text);
}

bool
sbx_machine_done(const struct sbx_machine *m, const char *digest)
{
    return json_object_get(part(m, "done"), digest) != NULL;
}

void
sbx_machine_done_set(struct sbx_machine *m, const char *digest, const char *name)
{
    sbx_need(json_object_set_new(part(m, "done"), digest, json_string(name)) == 0, "state.json");
}

enum sbx_fate
sbx_machine_fate(const struct sbx_machine *m, const char *card_id, uint32_t *attempt)
{
    const json_t *chip = json_object_get(part(m, "chips"), card_id);
    const json_int_t last = json_integer_value(json_object_get(chip, "fate"));
    struct sbx_random r;
    char thing[128];
    double sum = 0;

    *attempt = (uint32_t)json_integer_value(json_object_get(chip, "attempts")) + 1;
    if (chip != NULL && last == SBX_FATE_RETRY)
        return SBX_FATE_OK;
    snprintf(thing, sizeof thing, "%.64s/%u", card_id, *attempt);
    sbx_random_init(&r, m->seed, "fate", thing, strlen(thing));
    const double v = (double)sbx_random_u32(&r) / 4294967296.0;
    for (int fate = SBX_FATE_OK + 1; fate < SBX_FATE_COUNT; fate++)
        if (v < (sum += m->rates[fate]))
            return (enum sbx_fate)fate;
    return SBX_FATE_OK;
}

void
sbx_machine_chip_set(struct sbx_machine *m, const struct sbx_machine_row *row, enum sbx_fate fate,
                     uint32_t attempt, const char *qmzs_sm3, const char *jmzs_sm3, const char *file,
                     uint32_t record)
{
    json_t *chip = json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:i}", "attempts", (int)attempt,
                             "fate", (int)fate, "QMGY", row->key, "QMZS_SM3", qmzs_sm3, "JMZS_SM3",
                             jmzs_sm3, "file", file, "record", (int)record);

    sbx_need(chip != NULL && json_object_set_new(part(m, "chips"), row->card_id, chip) == 0,
             "state.json");
}
