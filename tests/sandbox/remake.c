/*
 * persoline-sandbox remake: a new chip with a new key for each card of a list, for the same person
 * (LD/T 03-2022 6.4.4). What a new card is hangs on seed, batch and the old card alone, so that
 * two lists of one batch never give two cards one key.
 */
#include "remake.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "formats/base/encode.h"
#include "options.h"

enum { FROM, CARDS, SEED, BATCH, BOXES, N_OPTIONS };

#define SIDE_BYTES 65536u

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
read_options(struct sbx_remake *m, int argc, char **argv)
{
    struct sbx_option options[N_OPTIONS] = {
        [FROM] = { .name = "from", .max = 1 },   [CARDS] = { .name = "cards", .max = 1 },
        [SEED] = { .name = "seed", .max = 1 },   [BATCH] = { .name = "batch", .max = 1 },
        [BOXES] = { .name = "boxes", .max = 1 },
    };

    sbx_options_read(argc, argv, options, N_OPTIONS, &m->dir, 1);
    if (options[BATCH].n == 0)
        sbx_usage("--batch: missing");
    m->batch = sbx_plain_name(&options[BATCH], "");
    m->from = sbx_option_text(&options[FROM], NULL);
    m->boxes = options[BOXES].n != 0 ? sbx_option_count(&options[BOXES], SBX_SAMPLE_CARDS) : 0;
    sbx_seed_of(sbx_option_text(&options[SEED], NULL), &m->batch, 1, m->seed);
    sbx_list_read(&m->list, sbx_option_text(&options[CARDS], NULL));
    m->cards = sbx_memory(m->list.n, sizeof *m->cards);
}

static void
read_charset(struct sbx_remake *m)
{
    char path[SBX_PATH_BYTES];
    json_error_t error;
    size_t n;

    sbx_path(path, m->from, "issuance/issuance.csv.manifest.json");
    char *text = (char *)sbx_file_read(path, SIDE_BYTES, &n);
    json_t *side = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    const char *encoding = json_string_value(json_object_get(side, "encoding"));
    if (encoding == NULL || !perso_charset_find(encoding, &m->charset))
        sbx_die("%s: encoding missing", path);
    json_decref(side);
    free(text);
}

/* A card number that no card of the issuance data has, nor one that was made here before. */
static void
draw_number(struct sbx_remake *m, const struct sbx_population *people, struct sbx_random *r,
            char card_no[32])
{
    char number[10];
    bool mine = false;

    while (!mine) {
        sbx_card_number(people, sbx_random_u32(r), number);
        char *copy = strdup(number);
        char **node = copy != NULL ? tsearch(copy, &m->numbers, by_bytes) : NULL;
        sbx_need(node != NULL, "memory");
        mine = *node == copy;
        if (!mine)
            free(copy);
    }
    snprintf(card_no, 32, "%s", number);
}

/* AAZ501 as sbx_card_id has it: division, bureau and chip, 16 hex digits of its own. */
static void
renew_card(struct sbx_remake *m, struct sbx_listed *old)
{
    struct sbx_remade *card = &m->cards[old->at];
    struct sbx_population people = { .number_offset = 0 };
    struct sbx_random r;

    if (strlen(old->card_id) != 32 || strspn(old->card_id, "0123456789") < 6)
        sbx_die("%s: %s: no card identification code", m->list.path, old->card_id);
    sbx_random_init(&r, m->seed, "remade card", old->card_id, strlen(old->card_id));
    const uint32_t first = sbx_random_u32(&r), second = sbx_random_u32(&r);
    snprintf(card->card_id, sizeof card->card_id, "%.16s%08X%08X", old->card_id, first, second);
    draw_number(m, &people, &r, card->card_no);
}

static void
make_application(const struct sbx_remake *m, const struct sbx_listed *old, struct sbx_curve *curve,
                 struct sbx_application *row)
{
    const struct sbx_remade *card = &m->cards[old->at];
    struct sbx_random r;
    struct sbx_key key;
    struct sbx_der der;

    sbx_random_init(&r, m->seed, "remade key", old->card_id, strlen(old->card_id));
    sbx_key_make(curve, &r, &key);
    const struct sbx_request request = { card->name,        card->ssn,       &key,
                                         SBX_SIGN_STANDARD, SBX_OID_SM2_SM3, SBX_ODD_NONE };
    sbx_request_make(curve, &request, &r, &der);
    sbx_need(PERSO_BASE64_CHARS(der.n) < sizeof row->p10, "request");
    perso_base64_encode(der.bytes, der.n, row->p10);
    perso_hex_upper(key.xy, sizeof key.xy, row->qmgy);
    memcpy(row->aaz501, card->card_id, sizeof row->aaz501);
    memcpy(row->aaz500, card->card_no, sizeof row->aaz500);
    memcpy(row->aac002, card->ssn, sizeof row->aac002);
    snprintf(row->aac003, sizeof row->aac003, "%s", card->name);
    snprintf(row->aab301, sizeof row->aab301, "%.6s", card->card_id);
}

static void
write_applications(const struct sbx_remake *m)
{
    char folder[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    const struct sbx_columns columns = { .p10 = true, .replaces = true, .boxes = m->boxes };
    struct sbx_curve *curve = sbx_curve_new();
    struct sbx_application row;
    struct sbx_table_out t;

    sbx_path(folder, m->dir, "keys");
    sbx_folder(folder);
    sbx_path(path, folder, "application.csv");
    sbx_application_table(&t, path, m->charset, &columns);
    for (size_t i = 0; i < m->list.n; i++) {
        make_application(m, &m->list.cards[i], curve, &row);
        sbx_application_put(&t, &row, &columns, m->list.cards[i].card_id, (uint32_t)i);
    }
    sbx_table_close_beside(&t);
    sbx_path(path, m->dir, "truth.csv");
    sbx_table_create(&t, path, PERSO_UTF8, "AAZ501,fault,stage,code,file,record,note");
    sbx_table_close(&t);
    sbx_curve_free(curve);
}

static void
free_numbers(struct sbx_remake *m)
{
    while (m->numbers != NULL) {
        char *number = *(char **)m->numbers;
        tdelete(number, &m->numbers, by_bytes);
        free(number);
    }
}

void
sbx_remake(int argc, char **argv)
{
    struct sbx_remake m = { .numbers = NULL };

    read_options(&m, argc, argv);
    if (m.list.n == 0)
        sbx_die("%s: names no card", m.list.path);
    read_charset(&m);
    sbx_remake_people(&m);
    for (size_t i = 0; i < m.list.n; i++)
        renew_card(&m, &m.list.cards[i]);
    sbx_folder(m.dir);
    sbx_remake_issuance(&m);
    write_applications(&m);
    free_numbers(&m);
    free(m.cards);
    sbx_list_free(&m.list);
}
