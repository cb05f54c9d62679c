/* persoline-sandbox machine: plays every machine file that is there and not done yet. */
#include "machine.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "date.h"
#include "fail.h"
#include "formats/base/encode.h"
#include "hash.h"
#include "sm2.h"

#define MACHINE_FILE_BYTES ((size_t)1 << 32)
#define SIDE_BYTES 65536u

/* One machine file with its side files. */
struct machine_file {
    char name[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    char digest[65]; /* SM3 of the manifest */
    char time[32];   /* 00:00:00 UTC of the job's date */
    struct perso_seal *seal;
    struct sbx_table_in table;
};

static uint8_t *
read_side(const struct machine_file *f, const char *ending, size_t *n)
{
    char path[SBX_PATH_BYTES + 32];

    snprintf(path, sizeof path, "%s%s", f->path, ending);
    return sbx_file_read_if(path, SIDE_BYTES, n);
}

/* Rows, digest and date as the manifest has them. */
static void
read_manifest(struct machine_file *f, const uint8_t *json, size_t n, uint32_t *rows,
              uint8_t sm3[32])
{
    json_error_t error;
    json_t *manifest = json_loadb((const char *)json, n, JSON_REJECT_DUPLICATES, &error);
    struct sbx_date date;

    if (manifest == NULL)
        sbx_die("%s.manifest.json:%d: %s", f->path, error.line, error.text);
    const char *hex = json_string_value(json_object_get(manifest, "sm3"));
    const char *day = json_string_value(json_object_get(manifest, "date"));
    const char *encoding = json_string_value(json_object_get(manifest, "encoding"));
    const json_t *count = json_object_get(manifest, "rows");
    if (hex == NULL || !perso_hex_decode(hex, strlen(hex), sm3, 32) || !json_is_integer(count))
        sbx_die("%s.manifest.json: rows or sm3 missing", f->path);
    if (encoding != NULL && strcmp(encoding, "utf-8") != 0)
        sbx_die("%s.manifest.json: encoding %s: this machine reads utf-8", f->path, encoding);
    if (day != NULL && !sbx_date_read(day, &date))
        sbx_die("%s.manifest.json: date: want YYYY-MM-DD", f->path);
    if (day != NULL)
        snprintf(f->time, sizeof f->time, "%sT00:00:00Z", day);
    *rows = (uint32_t)json_integer_value(count);
    json_decref(manifest);
}

static void
unwrap_key(struct sbx_machine *m, struct machine_file *f)
{
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    uint8_t key[32];
    size_t n;
    uint8_t *wrapped = read_side(f, ".wrap", &n);

    if (wrapped == NULL)
        return;
    if (!sbx_unwrap(m->key, wrapped, n, key))
        sbx_die("%s.wrap: not wrapped to this machine", f->path);
    sbx_check(perso_seal_new(key, &f->seal, &err), f->path, &err);
    OPENSSL_cleanse(key, sizeof key);
    free(wrapped);
}

static uint32_t
count_rows(const char *path, const uint8_t *bytes, size_t n)
{
    char *copy = sbx_memory(n + 1, 1);
    struct sbx_table_in t;

    memcpy(copy, bytes, n);
    sbx_table_open(&t, path, copy, n);
    while (sbx_table_next(&t))
        continue;
    const uint32_t rows = t.rows;
    sbx_table_free(&t);
    return rows;
}

/* False where side files are still to come, or the file is done. */
static bool
open_file(struct sbx_machine *m, const char *name, struct machine_file *f)
{
    uint8_t digest[32], want[32];
    size_t json_n = 0, signature_n = 0, n;
    uint32_t rows;

    *f = (struct machine_file) { .time = "" };
    snprintf(f->name, sizeof f->name, "%s", name);
    sbx_path(f->path, m->in, name);
    uint8_t *json = read_side(f, ".manifest.json", &json_n);
    uint8_t *signature = read_side(f, ".sig", &signature_n);
    bool ready = json != NULL && signature != NULL;
    if (ready) {
        sbx_sm3(json, json_n, digest);
        perso_hex_lower(digest, sizeof digest, f->digest);
        ready = !sbx_machine_done(m, f->digest);
    }
    if (ready) {
        if (!sbx_verify(m->site.sender, json, json_n, signature, signature_n))
            sbx_die("%s.sig: not the site's signature of %s.manifest.json", f->path, name);
        read_manifest(f, json, json_n, &rows, want);
        uint8_t *bytes = sbx_file_read(f->path, MACHINE_FILE_BYTES, &n);
        sbx_sm3(bytes, n, digest);
        if (memcmp(digest, want, sizeof digest) != 0)
            sbx_die("%s: digest differs from the manifest's", f->path);
        const uint32_t have = count_rows(f->path, bytes, n);
        if (have != rows)
            sbx_die("%s: have %u rows, the manifest says %u", f->path, have, rows);
        unwrap_key(m, f);
        sbx_table_open(&f->table, f->path, (char *)bytes, n);
    }
    free(json);
    free(signature);
    return ready;
}

static const char *
cell(const struct sbx_table_in *t, const char *name)
{
    return t->cells[sbx_table_column(t, name)];
}

/* BATCH-NNNN.csv */
static uint32_t
number_of(const char *name)
{
    const char *dash = strrchr(name, '-');

    return dash == NULL ? 0 : (uint32_t)strtoul(dash + 1, NULL, 10);
}

static void
take_row(const struct sbx_table_in *t, struct sbx_machine_row *row)
{
    row->line = t->line;
    row->card_id = cell(t, "AAZ501");
    row->key = cell(t, "QMGY");
    row->qmzs = cell(t, "QMZS");
    row->jmzs = cell(t, "JMZS");
    row->jmmy = cell(t, "JMMY");
    row->pin = cell(t, "GLYPIN");
    row->master_key = cell(t, "ZKMY");
    row->ssse = cell(t, "SSSE");
    row->steps = cell(t, "steps");
    row->box = cell(t, "box");
}

/* What is read back of a card that was written; with a planted fault it is another's. */
static void
read_back(const struct sbx_machine *m, const struct sbx_machine_row *row, enum sbx_fate fate,
          struct sbx_curve *curve, char key[129], char qmzs_sm3[65], char atr[33])
{
    struct sbx_random r;
    struct sbx_key other;
    uint8_t bytes[32];

    sbx_random_init(&r, m->seed, "read back", row->card_id, strlen(row->card_id));
    snprintf(key, 129, "%s", row->key);
    if (fate == SBX_FATE_WRONG_KEY) {
        sbx_key_make(curve, &r, &other);
        perso_hex_upper(other.xy, sizeof other.xy, key);
    }
    if (fate == SBX_FATE_WRONG_CERT) {
        sbx_random_bytes(&r, bytes, sizeof bytes);
        perso_hex_lower(bytes, sizeof bytes, qmzs_sm3);
    }
    sbx_random_bytes(&r, bytes, 3);
    snprintf(atr, 33, "3B6D0000008654005386650300%02X%02X%02X", bytes[0], bytes[1], bytes[2]);
}

static const struct {
    const char *result, *step, *reason;
} said[SBX_FATE_COUNT] = {
    [SBX_FATE_OK] = { "ok", "", "" },
    [SBX_FATE_SPOIL] = { "spoiled", "QMZS", "芯片无响应" },
    [SBX_FATE_RETRY] = { "retry", "KEY", "接触不良" },
    [SBX_FATE_MISSING] = { "missing", "", "料盒中无此卡" },
    [SBX_FATE_WRONG_KEY] = { "ok", "", "" },
    [SBX_FATE_WRONG_CERT] = { "ok", "", "" },
};

/* Where it broke; without certificates a card breaks while its data are written. */
static const char *
step_of(const struct sbx_machine_row *row, enum sbx_fate fate)
{
    return fate == SBX_FATE_SPOIL && *row->qmzs == '\0' ? "DATA" : said[fate].step;
}

static void
play_row(struct sbx_machine *m, struct machine_file *f, struct sbx_curve *curve,
         struct sbx_table_out *out, const char *result_name)
{
    char key[129] = "", qmzs_sm3[65], jmzs_sm3[65], atr[33] = "";
    struct sbx_machine_row row;
    uint32_t attempt;

    take_row(&f->table, &row);
    row.file_number = number_of(f->name);
    sbx_chip_check(m, f->path, &row, f->seal);
    enum sbx_fate fate = sbx_machine_fate(m, row.card_id, &attempt);
    sbx_chip_digest(f->path, &row, row.qmzs, qmzs_sm3);
    sbx_chip_digest(f->path, &row, row.jmzs, jmzs_sm3);
    if (fate == SBX_FATE_WRONG_CERT && qmzs_sm3[0] == '\0')
        fate = SBX_FATE_OK; /* mode 4: there is no certificate to be wrong */
    if (strcmp(said[fate].result, "ok") == 0)
        read_back(m, &row, fate, curve, key, qmzs_sm3, atr);
    else
        qmzs_sm3[0] = jmzs_sm3[0] = '\0';
    const char *const cells[] = { row.card_id,
                                  said[fate].result,
                                  step_of(&row, fate),
                                  said[fate].reason,
                                  key,
                                  qmzs_sm3,
                                  jmzs_sm3,
                                  atr,
                                  row.box,
                                  f->time };
    sbx_table_cells(out, cells, sizeof cells / sizeof cells[0]);
    sbx_machine_chip_set(m, &row, fate, attempt, qmzs_sm3, jmzs_sm3, result_name, out->rows);
}

static void
play_file(struct sbx_machine *m, struct machine_file *f, struct sbx_curve *curve)
{
    char result_name[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    struct sbx_table_out out;

    snprintf(result_name, sizeof result_name, "%.*s.result.csv", (int)strlen(f->name) - 4, f->name);
    sbx_path(path, m->out, result_name);
    sbx_table_create(&out, path, PERSO_UTF8,
                     "AAZ501,result,step,reason,QMGY,QMZS_SM3,JMZS_SM3,ATR,box,time");
    while (sbx_table_next(&f->table))
        play_row(m, f, curve, &out, result_name);
    sbx_table_close_beside(&out);
    sbx_machine_done_set(m, f->digest, result_name);
    sbx_table_free(&f->table);
    perso_seal_free(f->seal);
}

static enum sbx_takes
read_takes(const char *name)
{
    static const char *const names[] = { "skf", "asn1", "any" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return (enum sbx_takes)i;
    sbx_usage("--envelope %s: want skf, asn1 or any", name);
}

static void
read_options(struct sbx_machine *m, int argc, char **argv)
{
    static const char *const kinds[] = { "wrong-key", "wrong-cert" };
    struct sbx_option options[] = {
        { .name = "in", .max = 1 },       { .name = "out", .max = 1 },
        { .name = "state", .max = 1 },    { .name = "seed", .max = 1 },
        { .name = "spoil", .max = 1 },    { .name = "retry", .max = 1 },
        { .name = "missing", .max = 1 },  { .name = "fault", .max = SBX_OPTION_VALUES },
        { .name = "envelope", .max = 1 }, { .name = "chips", .max = 1 },
    };
    struct sbx_fault_rate faults[SBX_OPTION_VALUES];
    double sum = 0;

    sbx_options_read(argc, argv, options, sizeof options / sizeof options[0], NULL, 0);
    m->in = sbx_option_text(&options[0], NULL);
    m->out = sbx_option_text(&options[1], NULL);
    m->dir = sbx_option_text(&options[2], NULL);
    sbx_seed_of(sbx_option_text(&options[3], "machine"), NULL, 0, m->seed);
    m->rates[SBX_FATE_SPOIL] = sbx_option_rate(&options[4]);
    m->rates[SBX_FATE_RETRY] = sbx_option_rate(&options[5]);
    m->rates[SBX_FATE_MISSING] = sbx_option_rate(&options[6]);
    const size_t n = sbx_option_faults(&options[7], kinds, 2, faults);
    for (size_t i = 0; i < n; i++)
        m->rates[SBX_FATE_WRONG_KEY + faults[i].kind] += faults[i].rate;
    for (size_t i = 0; i < SBX_FATE_COUNT; i++)
        sum += m->rates[i];
    m->takes = read_takes(sbx_option_text(&options[8], "skf"));
    if (options[9].n != 0)
        sbx_machine_chips_load(m, options[9].values[0]);
    if (sum > 1.000001)
        sbx_usage("the rates add up to more than 1");
}

static void
open_machine(struct sbx_machine *m)
{
    char path[SBX_PATH_BYTES];
    size_t n;

    sbx_path(path, m->dir, "machine.key");
    uint8_t *pem = sbx_file_read(path, SIDE_BYTES, &n);
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    sbx_need(bio != NULL && (m->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)) != NULL,
             path);
    BIO_free(bio);
    OPENSSL_cleanse(pem, n);
    free(pem);
    sbx_site_read(m->dir, &m->site);
    sbx_machine_state_load(m);
}

void
sbx_machine(int argc, char **argv)
{
    struct sbx_machine m = { .dir = NULL };
    struct sbx_names names;
    struct machine_file f;

    read_options(&m, argc, argv);
    open_machine(&m);
    sbx_folder(m.out);
    struct sbx_curve *curve = sbx_curve_new();
    sbx_names_read(m.in, ".csv", &names);
    for (size_t i = 0; i < names.n; i++) {
        if (strstr(names.at[i], ".result.csv") != NULL || !open_file(&m, names.at[i], &f))
            continue;
        play_file(&m, &f, curve);
        sbx_machine_state_save(&m);
    }
    sbx_names_free(&names);
    sbx_curve_free(curve);
    EVP_PKEY_free(m.key);
    sbx_machine_chips_free(&m);
    sbx_site_free(&m.site);
    json_decref(m.state);
}
