/* Issuance data of remade cards: the old rows with what a new card changes. */
#include "remake.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "people_names.h"

#define ISSUANCE_BYTES ((size_t)1 << 32)

static bool
is_blank_end(const char *name, size_t n, size_t *bytes)
{
    *bytes = n >= 1 && name[n - 1] == ' ' ? 1 : 3;
    return *bytes == 1 || (n >= 3 && memcmp(name + n - 3, "\u3000", 3) == 0);
}

/* The vendor has the name as it was applied for: without what data entry wrote another way. */
static void
fold(char *name, size_t max)
{
    static const char *const dots[] = { "\u2022", "\u30fb" };
    char wide[5] = "", narrow[2] = "";
    size_t n = strlen(name), bytes;

    for (; is_blank_end(name, n, &bytes); n -= bytes)
        name[n - bytes] = '\0';
    for (size_t i = 0; i < 2; i++)
        while (strstr(name, dots[i]) != NULL)
            sbx_name_replace(name, max, dots[i], "\u00b7");
    while (strstr(name, "\u3000") != NULL)
        sbx_name_replace(name, max, "\u3000", " ");
    for (uint32_t c = '!'; c <= '~'; c++) {
        wide[perso_utf8_put(c - '!' + 0xff01, wide)] = '\0';
        narrow[0] = (char)c;
        while (strstr(name, wide) != NULL)
            sbx_name_replace(name, max, wide, narrow);
    }
}

/* The whole file in UTF-8; its side manifest says what it is written in. */
static void
open_issuance(const struct sbx_remake *m, char path[SBX_PATH_BYTES], struct sbx_table_in *t)
{
    size_t n, used, made;
    bool cut;

    sbx_path(path, m->from, "issuance/issuance.csv");
    uint8_t *bytes = sbx_file_read(path, ISSUANCE_BYTES, &n);
    const size_t max = 2 * n + 8; /* at most three bytes for two, and four for four */
    uint8_t *text = sbx_memory(max + 1, 1);
    if (!perso_charset_decode(m->charset, bytes, n, text, max, &used, &made, &cut) || used != n)
        sbx_die("%s: not %s", path, perso_charset_name(m->charset));
    free(bytes);
    sbx_table_open(t, path, (char *)text, made);
}

static void
copy(const struct sbx_table_in *t, size_t column, char *out, size_t max)
{
    if ((size_t)snprintf(out, max, "%s", t->cells[column]) >= max)
        sbx_die("%s:%u: %s: too long", t->path, t->line, t->names[column]);
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

void
sbx_remake_people(struct sbx_remake *m)
{
    char path[SBX_PATH_BYTES];
    struct sbx_table_in t;

    open_issuance(m, path, &t);
    const size_t id = sbx_table_column(&t, "AAZ501"), number = sbx_table_column(&t, "AAZ500");
    const size_t name = sbx_table_column(&t, "AAC003"), ssn = sbx_table_column(&t, "AAC002");
    while (sbx_table_next(&t)) {
        char *taken = strdup(t.cells[number]);
        char **node = taken != NULL ? tsearch(taken, &m->numbers, by_bytes) : NULL;
        sbx_need(node != NULL, "memory");
        if (*node != taken)
            free(taken);
        struct sbx_listed *old = sbx_list_find(&m->list, t.cells[id]);
        if (old == NULL || old->found)
            continue;
        struct sbx_remade *card = &m->cards[old->at];
        old->found = true;
        copy(&t, name, card->name, sizeof card->name);
        copy(&t, ssn, card->ssn, sizeof card->ssn);
        fold(card->name, sizeof card->name);
    }
    sbx_table_free(&t);
    sbx_list_all_found(&m->list, path);
}

/* A new card has a number, a batch and a bank account number of its own. */
static void
put_row(const struct sbx_remake *m, const struct sbx_table_in *t, const struct sbx_remade *card,
        struct sbx_table_out *out)
{
    struct sbx_random r;
    char bank[32];

    sbx_random_init(&r, m->seed, "remade bank number", card->card_id, strlen(card->card_id));
    snprintf(bank, sizeof bank, "621400%013u", sbx_random_u32(&r));
    const struct {
        const char *column, *value;
    } changed[] = { { "AAZ501", card->card_id },
                    { "AAZ500", card->card_no },
                    { "BAZ033", m->batch },
                    { "AAE010", bank } };
    for (size_t i = 0; i < t->n_columns; i++) {
        const char *cell = t->cells[i];
        for (size_t k = 0; k < sizeof changed / sizeof changed[0]; k++)
            if (strcmp(t->names[i], changed[k].column) == 0)
                cell = changed[k].value;
        sbx_table_cell(out, cell);
    }
    sbx_table_row(out);
}

static void
join_names(const struct sbx_table_in *t, char *out, size_t max)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < t->n_columns; i++) {
        const int made = snprintf(out + n, max - n, "%s%s", i == 0 ? "" : ",", t->names[i]);
        if (made < 0 || (size_t)made >= max - n)
            sbx_die("%s:1: header too long", t->path);
        n += (size_t)made;
    }
}

void
sbx_remake_issuance(const struct sbx_remake *m)
{
    char from[SBX_PATH_BYTES], folder[SBX_PATH_BYTES], path[SBX_PATH_BYTES], header[2048];
    struct sbx_table_in t;
    struct sbx_table_out out;

    open_issuance(m, from, &t);
    join_names(&t, header, sizeof header);
    sbx_path(folder, m->dir, "issuance");
    sbx_folder(folder);
    sbx_path(path, folder, "issuance.csv");
    sbx_table_create(&out, path, m->charset, header);
    const size_t id = sbx_table_column(&t, "AAZ501");
    while (sbx_table_next(&t)) {
        struct sbx_listed *old = sbx_list_find(&m->list, t.cells[id]);
        if (old == NULL || !old->found)
            continue;
        old->found = false; /* of two rows the first */
        put_row(m, &t, &m->cards[old->at], &out);
    }
    sbx_table_close_beside(&out);
    sbx_table_free(&t);
}
