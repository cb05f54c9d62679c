/* persoline-sandbox sample: synthetic cards, their issuance data, planted faults (CONTRACTS 7). */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "options.h"

enum { CARDS, SEED, BATCH, DIVISION, VENDOR, FAULTS, ENCODING, FORM, ARCHIVE, N_OPTIONS };

static bool
is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

/* Batch and vendor stand in names of jobs and packages. */
static const char *
plain_name(const struct sbx_option *option, const char *fallback)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = sbx_option_text(option, fallback);

    if (*text == '\0' || strlen(text) > 32 || text[strspn(text, allowed)] != '\0')
        sbx_usage("--%s %s: want 1 to 32 letters, digits, - and _", option->name, text);
    return text;
}

static void
read_options(struct sbx_sample *s, const struct sbx_option *options)
{
    static const char *const archives[] = { "csv", "tar.zst", "tar.gz", "zip" };
    const char *division = sbx_option_text(&options[DIVISION], "411600");
    const char *encoding = sbx_option_text(&options[ENCODING], "utf-8");
    const char *form = sbx_option_text(&options[FORM], "p10");
    enum perso_charset charset;

    s->cards = sbx_option_count(&options[CARDS], SBX_SAMPLE_CARDS);
    s->extras = s->cards / 20 != 0 ? s->cards / 20 : 1;
    s->faults = sbx_option_rate(&options[FAULTS]);
    s->batch = plain_name(&options[BATCH], "B1");
    s->archive = sbx_option_text(&options[ARCHIVE], "csv");
    if (strlen(division) != 6 || strspn(division, "0123456789") != 6)
        sbx_usage("--division %s: want six digits", division);
    if (!perso_charset_find(encoding, &charset))
        sbx_usage("--encoding %s: want utf-8, gbk or gb18030", encoding);
    if (strcmp(form, "p10") != 0)
        sbx_usage("--form %s: want p10", form);
    if (!is_one_of(s->archive, archives, 4))
        sbx_usage("--archive %s: want csv, tar.zst, tar.gz or zip", s->archive);
    sbx_population_init(&s->people, sbx_option_text(&options[SEED], NULL), division, s->batch,
                        plain_name(&options[VENDOR], "V1"), charset);
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
    };
    struct sbx_sample s = { .dir = NULL };

    sbx_options_read(argc, argv, options, N_OPTIONS, &s.dir, 1);
    read_options(&s, options);
    s.fault = sbx_memory(s.cards, sizeof *s.fault);
    s.partner = sbx_memory(s.cards, sizeof *s.partner);
    s.issuance_record = sbx_memory(s.cards, sizeof *s.issuance_record);
    s.curve = sbx_curve_new();
    sbx_folder(s.dir);
    sbx_faults_plan(&s);
    sbx_issuance_write(&s);
    sbx_application_write(&s);
    sbx_curve_free(s.curve);
    free(s.issuance_record);
    free(s.partner);
    free(s.fault);
}
