/*
 * persoline-sandbox correct: the vendor, and with --issuance the department, who mend what a list
 * names. The sample is planned again from its arguments; a mended card's row is made of the same
 * person and key without the edit that planted the fault.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "list.h"
#include "options.h"
#include "sample.h"

enum { FROM, HELD, SEED, ISSUANCE, N_OPTIONS };

struct correction {
    struct sbx_sample sample;
    struct sbx_list list;
    uint8_t nonces[SBX_SEED_BYTES];
    bool *named; /* cards of the sample */
};

static bool
lies_in_issuance(enum sbx_fault fault)
{
    return sbx_fault_row(fault)->stage == PERSO_STAGE_RECONCILE;
}

/* Nothing is mended yet: the list has the cards as the application file has them. */
static void
find_cards(struct correction *c, const char *from)
{
    char card_id[64];

    c->named = sbx_memory(c->sample.cards, sizeof *c->named);
    for (uint32_t i = 0; i < c->sample.cards; i++) {
        sbx_application_card_id(&c->sample, i, card_id);
        struct sbx_listed *listed = sbx_list_find(&c->list, card_id);
        if (listed == NULL)
            continue;
        listed->found = true;
        c->named[i] = true;
    }
    sbx_list_all_found(&c->list, from);
}

/* not-correctable.csv: what no vendor can mend. */
static void
write_others(const struct correction *c)
{
    const struct sbx_sample *s = &c->sample;
    char path[SBX_PATH_BYTES], card_id[64];
    struct sbx_table_out t;

    sbx_path(path, s->dir, "not-correctable.csv");
    sbx_table_create(&t, path, PERSO_UTF8, "AAZ501,fault");
    for (uint32_t i = 0; i < s->cards; i++) {
        const enum sbx_fault fault = sbx_fault_of(s, i);
        if (!c->named[i] || (fault != SBX_FAULT_NONE && !lies_in_issuance(fault)))
            continue;
        sbx_application_card_id(s, i, card_id);
        const char *const cells[] = { card_id, fault == SBX_FAULT_NONE
                                                   ? "none"
                                                   : sbx_fault_row(fault)->kind };
        sbx_table_cells(&t, cells, 2);
    }
    sbx_table_close(&t);
}

/* Mends the named cards whose fault lies there; how many. */
static uint32_t
mend(struct correction *c, bool issuance)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->sample.cards; i++) {
        const enum sbx_fault fault = sbx_fault_of(&c->sample, i);
        c->sample.mended[i] =
            c->named[i] && fault != SBX_FAULT_NONE && lies_in_issuance(fault) == issuance;
        n += c->sample.mended[i];
    }
    return n;
}

/* keys/application-corrected.csv, and in corrected.csv which card each row was before. */
static void
write_applications(struct correction *c)
{
    struct sbx_sample *s = &c->sample;
    const struct sbx_columns columns = sbx_columns_of(s);
    char folder[SBX_PATH_BYTES], path[SBX_PATH_BYTES], before[64];
    struct sbx_table_out t, corrected;
    struct sbx_application row;

    sbx_path(folder, s->dir, "keys");
    sbx_folder(folder);
    sbx_path(path, folder, "application-corrected.csv");
    sbx_application_table(&t, path, s->people.charset, &columns);
    sbx_path(path, s->dir, "corrected.csv");
    sbx_table_create(&corrected, path, PERSO_UTF8, "AAZ501,fault,corrected");
    for (uint32_t i = 0; i < s->cards; i++) {
        if (!s->mended[i])
            continue;
        s->mended[i] = false;
        sbx_application_card_id(s, i, before);
        s->mended[i] = true;
        sbx_application_make(s, i, &row);
        sbx_application_put(&t, &row, &columns, NULL, i);
        const char *const cells[] = { before, sbx_fault_row(sbx_fault_of(s, i))->kind, row.aaz501 };
        sbx_table_cells(&corrected, cells, 3);
    }
    sbx_table_close(&corrected);
    sbx_table_close_beside(&t);
}

void
sbx_correct(int argc, char **argv)
{
    struct sbx_option options[N_OPTIONS] = {
        [FROM] = { .name = "from", .max = 1 },
        [HELD] = { .name = "held", .max = 1 },
        [SEED] = { .name = "seed", .max = 1 },
        [ISSUANCE] = { .name = "issuance", .max = 1, .flag = true },
    };
    struct correction c;
    const char *dir;

    sbx_options_read(argc, argv, options, N_OPTIONS, &dir, 1);
    const char *from = sbx_option_text(&options[FROM], NULL);
    const char *held = sbx_option_text(&options[HELD], NULL);
    sbx_sample_arguments_read(&c.sample, from);
    sbx_list_read(&c.list, held);
    c.sample.dir = dir;
    if (options[SEED].n != 0) {
        sbx_seed_of(options[SEED].values[0], NULL, 0, c.nonces);
        c.sample.nonces = c.nonces;
    }
    find_cards(&c, from);
    sbx_folder(dir);
    write_others(&c);
    if (mend(&c, false) != 0)
        write_applications(&c);
    mend(&c, true);
    if (options[ISSUANCE].n != 0)
        sbx_issuance_write(&c.sample);
    free(c.named);
    sbx_list_free(&c.list);
    sbx_sample_end(&c.sample);
}
