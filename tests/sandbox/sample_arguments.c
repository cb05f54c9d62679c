/* DIR/sample.json: what a sample was asked for; it lies outside keys/ and issuance/. */
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "sample.h"

#define ARGUMENTS_BYTES 65536u

void
sbx_sample_arguments_write(const struct sbx_sample *s)
{
    char path[SBX_PATH_BYTES];
    json_t *json =
        json_pack("{s:s, s:i, s:i, s:s, s:s, s:f, s:i, s:i, s:s, s:b, s:s}", "batch", s->batch,
                  "boxes", (int)s->boxes, "cards", (int)s->cards, "division", s->division,
                  "encoding", s->encoding, "faults", s->faults, "form", (int)s->form, "odd",
                  (int)s->odd, "seed", s->seed, "ssse", (int)s->ssse, "vendor", s->vendor);
    char *text = json != NULL ? json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;

    sbx_need(text != NULL, "sample.json");
    sbx_path(path, s->dir, "sample.json");
    sbx_file_put(path, text, strlen(text));
    free(text);
    json_decref(json);
}

void
sbx_sample_arguments_read(struct sbx_sample *s, const char *dir)
{
    char path[SBX_PATH_BYTES];
    enum perso_charset charset;
    json_error_t error;
    int boxes, cards, form, odd, ssse;
    size_t n;

    *s = (struct sbx_sample) { .dir = NULL };
    sbx_path(path, dir, "sample.json");
    char *text = (char *)sbx_file_read(path, ARGUMENTS_BYTES, &n);
    s->arguments = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (s->arguments == NULL ||
        json_unpack_ex(s->arguments, &error, 0,
                       "{s:s, s:i, s:i, s:s, s:s, s:F, s:i, s:i, s:s, s:b, s:s}", "batch",
                       &s->batch, "boxes", &boxes, "cards", &cards, "division", &s->division,
                       "encoding", &s->encoding, "faults", &s->faults, "form", &form, "odd", &odd,
                       "seed", &s->seed, "ssse", &ssse, "vendor", &s->vendor) != 0)
        sbx_die("%s:%d: %s", path, error.line, error.text);
    if (cards < 1 || (uint32_t)cards > SBX_SAMPLE_CARDS || boxes < 0 ||
        (uint32_t)boxes > SBX_SAMPLE_CARDS || strlen(s->division) != 6 || form < 0 ||
        form >= SBX_FORM_COUNT || odd < 0 || odd >= SBX_ODD_COUNT ||
        !perso_charset_find(s->encoding, &charset))
        sbx_die("%s: not the arguments of a sample", path);
    s->cards = (uint32_t)cards;
    s->boxes = (uint32_t)boxes;
    s->ssse = ssse != 0;
    s->form = (enum sbx_form)form;
    s->odd = (enum sbx_odd)odd;
    sbx_sample_begin(s);
}
