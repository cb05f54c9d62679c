/*
 * persoline-sandbox sign: plays the cards of the form sig. Of what --in lists the sample's cards
 * sign e as it stands, and the vendor writes his table with QM in front of the department: all rows
 * of the sample (those that were not to be signed without QM), or with --listed those alone. With
 * --mended nothing planted is left.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "formats/base/encode.h"
#include "options.h"
#include "perso/limits.h"
#include "sample.h"

enum { IN, OUT, SAMPLE, LISTED, MENDED, N_OPTIONS };

#define TOSIGN_BYTES (512u << 20) /* a million rows have 230 MB */

/* One row of --in. */
struct to_sign {
    const char *card_id, *key;
    uint8_t e[32];
};

struct signing {
    struct sbx_sample sample;
    const char *in;
    struct sbx_table_in table;
    struct to_sign *rows; /* by card and key */
    size_t n;
    bool listed;
};

static int
by_card_and_key(const void *a, const void *b)
{
    const struct to_sign *x = a, *y = b;
    const int order = strcmp(x->card_id, y->card_id);

    return order != 0 ? order : strcmp(x->key, y->key);
}

static void
read_rows(struct signing *s)
{
    size_t n, room = 0;
    char *text = (char *)sbx_file_read(s->in, TOSIGN_BYTES, &n);

    sbx_table_open(&s->table, s->in, text, n);
    const size_t card_id = sbx_table_column(&s->table, "AAZ501");
    const size_t key = sbx_table_column(&s->table, "QMGY"), e = sbx_table_column(&s->table, "e");
    while (sbx_table_next(&s->table)) {
        if (s->n == room) {
            room = room != 0 ? 2 * room : 1024;
            s->rows = realloc(s->rows, room * sizeof *s->rows);
            sbx_need(s->rows != NULL, "memory");
        }
        struct to_sign *row = &s->rows[s->n++];
        *row = (struct to_sign) { s->table.cells[card_id], s->table.cells[key], { 0 } };
        if (!perso_hex_decode(s->table.cells[e], strlen(s->table.cells[e]), row->e, sizeof row->e))
            sbx_die("%s:%u: e: not 64 hex digits", s->in, s->table.line);
    }
    if (s->n > 0)
        qsort(s->rows, s->n, sizeof *s->rows, by_card_and_key);
}

/* A card whose program takes another e than it was given. */
static void
own_e(const struct signing *s, const struct sbx_application *row, const struct sbx_key *key,
      enum sbx_signing how, uint8_t e[32])
{
    struct sbx_der info;
    uint8_t standard[32];

    sbx_request_info(row->aaz501, key->xy, &info);
    sbx_signing_e(SBX_SIGN_STANDARD, key->xy, info.bytes, info.n, standard);
    if (memcmp(standard, e, sizeof standard) != 0)
        sbx_die("%s: %s: e is not of a subject CN={AAZ501}: no fault can be planted", s->in,
                row->aaz501);
    sbx_signing_e(how, key->xy, info.bytes, info.n, e);
}

/* false: the card was not to sign. */
static bool
sign_row(const struct signing *s, uint32_t card, struct sbx_application *row)
{
    const struct to_sign wanted = { row->aaz501, row->qmgy, { 0 } };
    const enum sbx_fault fault = sbx_fault_planted(&s->sample, card);
    const enum sbx_signing how = sbx_fault_signing(fault);
    struct sbx_random nonce;
    struct sbx_key key;
    uint8_t e[32], rs[64];

    const struct to_sign *found =
        s->n > 0 ? bsearch(&wanted, s->rows, s->n, sizeof *s->rows, by_card_and_key) : NULL;
    if (found == NULL)
        return false;
    memcpy(e, found->e, sizeof e);
    sbx_sample_key(&s->sample, card, &key);
    if (how != SBX_SIGN_STANDARD)
        own_e(s, row, &key, how, e);
    sbx_random_of_index(&nonce, s->sample.people.seed, "signature", card);
    sbx_sign_e(s->sample.curve, key.d, e, &nonce, rs);
    perso_hex_upper(rs, sizeof rs, row->qm);
    sbx_fault_signature_edit(fault, &nonce, row->qm);
    return true;
}

static uint32_t
write_part(const struct signing *s, const char *dir, uint32_t first, uint32_t *n_signed)
{
    const uint32_t left = s->sample.cards - first;
    const uint32_t end = first + (left < PERSO_FILE_ROWS ? left : PERSO_FILE_ROWS);
    struct sbx_columns columns = sbx_columns_of(&s->sample);
    char name[64], path[SBX_PATH_BYTES];
    struct sbx_application row;
    struct sbx_table_out t;

    columns.qm = true;
    sbx_application_name(first, "csv", name);
    sbx_path(path, dir, name);
    sbx_application_table(&t, path, s->sample.people.charset, &columns);
    for (uint32_t card = first; card < end; card++) {
        sbx_application_make(&s->sample, card, &row);
        const bool is_signed = sign_row(s, card, &row);
        *n_signed += is_signed;
        if (is_signed || !s->listed)
            sbx_application_put(&t, &row, &columns, NULL, card);
    }
    sbx_table_close_beside(&t);
    return end;
}

void
sbx_sign_cards(int argc, char **argv)
{
    struct sbx_option options[N_OPTIONS] = {
        [IN] = { .name = "in", .max = 1 },
        [OUT] = { .name = "out", .max = 1 },
        [SAMPLE] = { .name = "sample", .max = 1 },
        [LISTED] = { .name = "listed", .max = 1, .flag = true },
        [MENDED] = { .name = "mended", .max = 1, .flag = true },
    };
    struct signing s = { .n = 0 };
    uint32_t n_signed = 0;

    sbx_options_read(argc, argv, options, N_OPTIONS, NULL, 0);
    s.in = sbx_option_text(&options[IN], NULL);
    const char *dir = sbx_option_text(&options[OUT], NULL);
    const char *sample = sbx_option_text(&options[SAMPLE], NULL);
    s.listed = options[LISTED].n != 0;
    sbx_sample_arguments_read(&s.sample, sample);
    if (s.sample.form != SBX_FORM_SIG)
        sbx_die("%s: not a sample of the form sig", sample);
    for (uint32_t i = 0; options[MENDED].n != 0 && i < s.sample.cards; i++)
        s.sample.mended[i] = true;
    read_rows(&s);
    sbx_folder(dir);
    for (uint32_t first = 0; first < s.sample.cards;)
        first = write_part(&s, dir, first, &n_signed);
    if (n_signed == 0)
        sbx_die("%s: none of these cards is of %s", s.in, sample);
    sbx_table_free(&s.table);
    free(s.rows);
    sbx_sample_end(&s.sample);
}
