/* persoline-sandbox sample: synthetic cards, their issuance data, planted faults (CONTRACTS 7). */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "options.h"

enum {
    CARDS,
    SEED,
    BATCH,
    DIVISION,
    VENDOR,
    FAULTS,
    ENCODING,
    FORM,
    ARCHIVE,
    BOXES,
    SSSE,
    ODD,
    N_OPTIONS
};

static bool
is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

enum sbx_form
sbx_form_find(const char *name)
{
    static const char *const names[SBX_FORM_COUNT] = { "p10", "sig", "bare" };
    int form = SBX_FORM_P10;

    while (form < SBX_FORM_COUNT && strcmp(names[form], name) != 0)
        form++;
    return (enum sbx_form)form;
}

static void
read_options(struct sbx_sample *s, const struct sbx_option *options)
{
    static const char *const archives[] = { "csv", "tar.zst", "tar.gz", "zip" };
    const char *form = sbx_option_text(&options[FORM], "p10");
    const char *odd = sbx_option_text(&options[ODD], "none");
    enum perso_charset charset;

    s->seed = sbx_option_text(&options[SEED], NULL);
    s->division = sbx_option_text(&options[DIVISION], "411600");
    s->vendor = sbx_plain_name(&options[VENDOR], "V1");
    s->encoding = sbx_option_text(&options[ENCODING], "utf-8");
    s->cards = sbx_option_count(&options[CARDS], SBX_SAMPLE_CARDS);
    s->boxes = options[BOXES].n != 0 ? sbx_option_count(&options[BOXES], SBX_SAMPLE_CARDS) : 0;
    s->ssse = options[SSSE].n != 0;
    s->faults = sbx_option_rate(&options[FAULTS]);
    s->batch = sbx_plain_name(&options[BATCH], "B1");
    s->archive = sbx_option_text(&options[ARCHIVE], "csv");
    if (strlen(s->division) != 6 || strspn(s->division, "0123456789") != 6)
        sbx_usage("--division %s: want six digits", s->division);
    if (!perso_charset_find(s->encoding, &charset))
        sbx_usage("--encoding %s: want utf-8, gbk or gb18030", s->encoding);
    if ((s->form = sbx_form_find(form)) == SBX_FORM_COUNT)
        sbx_usage("--form %s: want p10, sig or bare", form);
    if ((s->odd = sbx_odd_find(odd)) == SBX_ODD_COUNT)
        sbx_usage("--odd %s: want pem, attributes, null, raw, hybrid or compressed", odd);
    if (s->odd != SBX_ODD_NONE && s->form != SBX_FORM_P10)
        sbx_usage("--odd is of the form p10");
    if (!is_one_of(s->archive, archives, 4))
        sbx_usage("--archive %s: want csv, tar.zst, tar.gz or zip", s->archive);
}

void
sbx_sample_begin(struct sbx_sample *s)
{
    enum perso_charset charset;

    sbx_need(perso_charset_find(s->encoding, &charset), "encoding");
    sbx_population_init(&s->people, s->seed, s->division, s->batch, s->vendor, charset);
    s->extras = s->cards / 20 != 0 ? s->cards / 20 : 1;
    s->fault = sbx_memory(s->cards, sizeof *s->fault);
    s->partner = sbx_memory(s->cards, sizeof *s->partner);
    s->issuance_record = sbx_memory(s->cards, sizeof *s->issuance_record);
    s->mended = sbx_memory(s->cards, sizeof *s->mended);
    s->curve = sbx_curve_new();
    sbx_faults_plan(s);
}

void
sbx_sample_end(struct sbx_sample *s)
{
    sbx_curve_free(s->curve);
    free(s->mended);
    free(s->issuance_record);
    free(s->partner);
    free(s->fault);
    json_decref(s->arguments);
}

void
sbx_sample(int argc, char **argv)
{
    struct sbx_option options[N_OPTIONS] = {
        [CARDS] = { .name = "cards", .max = 1 },
        [SEED] = { .name = "seed", .max = 1 },
        [BATCH] = { .name = "batch", .max = 1 },
        [DIVISION] = { .name = "division", .max = 1 },
        [VENDOR] = { .name = "vendor", .max = 1 },
        [FAULTS] = { .name = "faults", .max = 1 },
        [ENCODING] = { .name = "encoding", .max = 1 },
        [FORM] = { .name = "form", .max = 1 },
        [ARCHIVE] = { .name = "archive", .max = 1 },
        [BOXES] = { .name = "boxes", .max = 1 },
        [SSSE] = { .name = "ssse", .max = 1, .flag = true },
        [ODD] = { .name = "odd", .max = 1 },
    };
    struct sbx_sample s = { .dir = NULL };

    sbx_options_read(argc, argv, options, N_OPTIONS, &s.dir, 1);
    read_options(&s, options);
    sbx_sample_begin(&s);
    sbx_folder(s.dir);
    sbx_sample_arguments_write(&s);
    sbx_issuance_write(&s);
    sbx_application_write(&s);
    sbx_sample_end(&s);
}
