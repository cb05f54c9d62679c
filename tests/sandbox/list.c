#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "table.h"

#define LIST_BYTES ((size_t)1 << 30)

static void
take(const struct sbx_table_in *t, char *cell, struct sbx_listed *card)
{
    size_t n = strlen(cell);

    if (n > 3 && strncmp(cell, "=\"", 2) == 0 && cell[n - 1] == '"') {
        cell[n - 1] = '\0';
        cell += 2;
        n -= 3;
    }
    if (n == 0 || n >= sizeof card->card_id)
        sbx_die("%s:%u: AAZ501: empty or too long", t->path, t->line);
    memcpy(card->card_id, cell, n + 1);
}

static int
by_card(const void *a, const void *b)
{
    const struct sbx_listed *x = *(struct sbx_listed *const *)a;
    const struct sbx_listed *y = *(struct sbx_listed *const *)b;
    const int order = strcmp(x->card_id, y->card_id);

    return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

static void
sort(struct sbx_list *list)
{
    list->sorted = sbx_memory(list->n, sizeof(struct sbx_listed *));
    for (size_t i = 0; i < list->n; i++)
        list->sorted[i] = &list->cards[i];
    if (list->n != 0)
        qsort(list->sorted, list->n, sizeof(struct sbx_listed *), by_card);
}

/* Later rows of a card go; the others keep their order. */
static void
drop_repeated(struct sbx_list *list)
{
    size_t n = 0;

    sort(list);
    for (size_t i = 1; i < list->n; i++)
        list->sorted[i]->found =
            strcmp(list->sorted[i]->card_id, list->sorted[i - 1]->card_id) == 0;
    free(list->sorted);
    for (size_t i = 0; i < list->n; i++)
        if (!list->cards[i].found) {
            list->cards[n] = list->cards[i];
            list->cards[n].at = n;
            n++;
        }
    list->n = n;
    sort(list);
}

void
sbx_list_read(struct sbx_list *list, const char *path)
{
    struct sbx_table_in t;
    size_t bytes, max = 0;

    *list = (struct sbx_list) { .path = path };
    char *text = (char *)sbx_file_read(path, LIST_BYTES, &bytes);
    for (size_t i = 0; i < bytes; i++)
        max += text[i] == '\n';
    list->cards = sbx_memory(max + 1, sizeof *list->cards);
    sbx_table_open(&t, path, text, bytes);
    const size_t column = sbx_table_column(&t, "AAZ501");
    while (sbx_table_next(&t)) {
        struct sbx_listed *card = &list->cards[list->n];
        take(&t, t.cells[column], card);
        card->at = list->n++;
    }
    sbx_table_free(&t);
    drop_repeated(list);
}

static int
against(const void *key, const void *element)
{
    return strcmp(key, (*(struct sbx_listed *const *)element)->card_id);
}

struct sbx_listed *
sbx_list_find(const struct sbx_list *list, const char *card_id)
{
    struct sbx_listed *const *found =
        list->n == 0 ? NULL
                     : bsearch(card_id, list->sorted, list->n, sizeof *list->sorted, against);
    return found != NULL ? *found : NULL;
}

void
sbx_list_all_found(const struct sbx_list *list, const char *whose)
{
    for (size_t i = 0; i < list->n; i++)
        if (!list->cards[i].found)
            sbx_die("%s: %s: no card of %s", list->path, list->cards[i].card_id, whose);
}

void
sbx_list_free(struct sbx_list *list)
{
    free(list->sorted);
    free(list->cards);
}
