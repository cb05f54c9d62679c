/* Cards that a list names in its column AAZ501: held lists, members of HLD and RMK packages. */
#ifndef SANDBOX_LIST_H
#define SANDBOX_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct sbx_listed {
    char card_id[64];
    size_t at;  /* its place in the list */
    bool found; /* the caller's */
};

/* Each card once, where it stands first. */
struct sbx_list {
    const char *path; /* borrowed */
    size_t n;
    struct sbx_listed *cards;   /* in the list's order */
    struct sbx_listed **sorted; /* by card */
};

/** A UTF-8 table, with or without BOM; Excel's ="..." is taken off. */
void sbx_list_read(struct sbx_list *list, const char *path);
/** NULL where the list does not name the card. */
struct sbx_listed *sbx_list_find(const struct sbx_list *list, const char *card_id);
/** Exits with 1 where a card was not found; whose: where it was looked for. */
void sbx_list_all_found(const struct sbx_list *list, const char *whose);
void sbx_list_free(struct sbx_list *list);

#endif
