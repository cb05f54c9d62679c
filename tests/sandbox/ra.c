/* persoline-sandbox ra: answers what is there once. Everything is verified before anything is
 * written; packages of kinds that are none of an RA are left alone. */
#include "ra.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "formats/base/encode.h"

static const char *const fault_names[] = {
#define FAULT_NAME(name, kind, stage, code) kind,
    SBX_RA_FAULTS(FAULT_NAME)
#undef FAULT_NAME
};

static void
read_mark(const struct sbx_option *option, uint8_t out[32], size_t *n)
{
    *n = 0;
    if (option->n == 0)
        return;
    const char *hex = option->values[0];
    *n = strlen(hex) / 2;
    if (*n == 0 || *n > 32 || !perso_hex_decode(hex, strlen(hex), out, *n))
        sbx_usage("--%s %s: want the hex of 1 to 32 bytes", option->name, hex);
}

static const struct {
    const char *name;
    enum sbx_ra_form form;
    bool archive;
} forms[] = {
    { "package", SBX_FORM_PACKAGE, false }, { "table", SBX_FORM_TABLE, false },
    { "table.zip", SBX_FORM_TABLE, true },  { "xml", SBX_FORM_XML, false },
    { "xml.zip", SBX_FORM_XML, true },      { "json", SBX_FORM_JSON, false },
    { "cer", SBX_FORM_CER, false },         { "cer.zip", SBX_FORM_CER, true },
    { "p7b", SBX_FORM_P7B, false },         { "mixed", SBX_FORM_MIXED, false },
    { "mixed.zip", SBX_FORM_MIXED, true },
};

/* Index of the option's value among n words. */
static size_t
word_of(const struct sbx_option *option, const char *const *words, size_t n)
{
    const char *value = sbx_option_text(option, words[0]);
    size_t i = 0;

    while (i < n && strcmp(words[i], value) != 0)
        i++;
    if (i == n)
        sbx_usage("--%s %s: no such one", option->name, value);
    return i;
}

/* How a return that is no package is written. */
static void
read_form(struct sbx_ra *ra, const struct sbx_option options[6])
{
    static const char *const secrets[] = { "wrapped", "sm2", "clear" };
    static const char *const delimiters[] = { "comma", "bar" };
    const char *names[sizeof forms / sizeof forms[0]];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        names[i] = forms[i].name;
    const size_t form = word_of(&options[0], names, sizeof forms / sizeof forms[0]);
    ra->form = forms[form].form;
    ra->archive = forms[form].archive;
    if (!perso_charset_find(sbx_option_text(&options[1], "utf-8"), &ra->charset))
        sbx_usage("--encoding: no such one");
    ra->secrets = (enum sbx_ra_secrets)word_of(&options[2], secrets, 3);
    ra->delimiter = word_of(&options[3], delimiters, 2) == 0 ? ',' : '|';
    ra->items = sbx_option_text(&options[4], "QMZS,JMZS,JMMY,GLYPIN,ZKMY");
    ra->unsigned_return = options[5].n > 0;
}

static void
read_options(struct sbx_ra *ra, int argc, char **argv)
{
    struct sbx_option options[] = {
        { .name = "in", .max = 1 },
        { .name = "out", .max = 1 },
        { .name = "state", .max = 1 },
        { .name = "fault", .max = SBX_OPTION_VALUES },
        { .name = "mark-pin", .max = 1 },
        { .name = "mark-key", .max = 1 },
        { .name = "envelope", .max = 1 },
        { .name = "return", .max = 1 },
        { .name = "encoding", .max = 1 },
        { .name = "secrets", .max = 1 },
        { .name = "delimiter", .max = 1 },
        { .name = "items", .max = 1 },
        { .name = "unsigned", .max = 1, .flag = true },
    };
    double sum = 0;

    sbx_options_read(argc, argv, options, sizeof options / sizeof options[0], NULL, 0);
    read_form(ra, &options[7]);
    ra->in = sbx_option_text(&options[0], NULL);
    ra->out = sbx_option_text(&options[1], NULL);
    ra->dir = sbx_option_text(&options[2], NULL);
    ra->n_faults = sbx_option_faults(&options[3], fault_names, SBX_RA_FAULT_NONE, ra->faults);
    for (size_t i = 0; i < ra->n_faults; i++)
        sum += ra->faults[i].rate;
    if (sum > 1.000001)
        sbx_usage("--fault: the rates add up to more than 1");
    read_mark(&options[4], ra->mark_pin, &ra->mark_pin_bytes);
    read_mark(&options[5], ra->mark_key, &ra->mark_key_bytes);
    ra->envelope = sbx_ra_envelope_kind(sbx_option_text(&options[6], "skf"));
}

static void
open_ra(struct sbx_ra *ra)
{
    char path[SBX_PATH_BYTES];
    size_t n;

    sbx_path(path, ra->dir, "seed");
    uint8_t *seed = sbx_file_read(path, 4096, &n);
    sbx_ra_keys(ra, (const char *)seed);
    free(seed);
    sbx_site_read(ra->dir, &ra->site);
    sbx_ra_state_load(ra);
}

/* At most one fault a request, drawn by its id alone. */
static void
draw_faults(const struct sbx_ra *ra, struct sbx_ra_work *work)
{
    for (size_t i = 0; i < work->n; i++) {
        struct sbx_ra_request *request = &work->requests[i];
        struct sbx_random r;
        double sum = 0;

        sbx_random_init(&r, ra->seed, "fault", request->id, strlen(request->id));
        const double v = (double)sbx_random_u32(&r) / 4294967296.0;
        request->fault = SBX_RA_FAULT_NONE;
        for (size_t k = 0; k < ra->n_faults && request->fault == SBX_RA_FAULT_NONE; k++)
            if (v < (sum += ra->faults[k].rate))
                request->fault = (enum sbx_ra_fault)ra->faults[k].kind;
    }
}

/* What was late first, then the new requests by name. */
static size_t
collect_work(struct sbx_ra *ra, struct sbx_ra_work **ret)
{
    struct sbx_names names;
    const size_t late = sbx_ra_late_count(ra);
    size_t n = 0;

    sbx_names_read(ra->in, ".zip", &names);
    *ret = sbx_memory(late + names.n, sizeof **ret);
    for (; n < late; n++)
        sbx_ra_late_get(ra, n, &(*ret)[n]);
    for (size_t i = 0; i < names.n; i++) {
        struct sbx_ra_work *work = &(*ret)[n];
        if (strncmp(names.at[i], "REQ-", 4) != 0 || !sbx_ra_work_read(ra, names.at[i], work) ||
            sbx_ra_answered(ra, work))
            continue;
        draw_faults(ra, work);
        n++;
    }
    sbx_names_free(&names);
    return n;
}

static bool
same_batch(const struct sbx_ra_work *a, const struct sbx_ra_work *b)
{
    char x[256], y[256];

    sbx_ra_batch_key(&a->manifest, x);
    sbx_ra_batch_key(&b->manifest, y);
    return strcmp(x, y) == 0;
}

void
sbx_ra(int argc, char **argv)
{
    struct sbx_ra ra = { .dir = NULL };
    struct sbx_ra_work *work;

    read_options(&ra, argc, argv);
    open_ra(&ra);
    sbx_folder(ra.out);
    const size_t n = collect_work(&ra, &work);
    sbx_ra_revoke(&ra);
    for (size_t i = 0; i < n; i++) {
        if (work[i].late)
            sbx_ra_late_drop_first(&ra);
        bool more = sbx_ra_late_any(&ra, &work[i].manifest);
        for (size_t k = i + 1; k < n; k++)
            more |= same_batch(&work[i], &work[k]);
        sbx_ra_return(&ra, &work[i], more);
        sbx_ra_state_save(&ra);
        free(work[i].requests);
    }
    free(work);
    json_decref(ra.state);
    sbx_site_free(&ra.site);
    sbx_curve_free(ra.curve);
}
