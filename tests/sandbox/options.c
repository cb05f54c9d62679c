#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

static struct sbx_option *
find_option(struct sbx_option *options, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    sbx_usage("--%s: no such option", name);
}

void
sbx_options_read(int argc, char **argv, struct sbx_option *options, size_t n_options,
                 const char **words, size_t n_words)
{
    size_t have = 0;

    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            if (have == n_words)
                sbx_usage("%s: one argument too many", argv[i]);
            words[have++] = argv[i];
            continue;
        }
        struct sbx_option *option = find_option(options, n_options, argv[i] + 2);
        if (option->n == option->max)
            sbx_usage("--%s: given too often", option->name);
        if (option->flag) {
            option->n++;
            continue;
        }
        if (i + 1 == argc)
            sbx_usage("--%s: value missing", option->name);
        option->values[option->n++] = argv[++i];
    }
    if (have != n_words)
        sbx_usage("folder missing");
}

const char *
sbx_option_text(const struct sbx_option *option, const char *fallback)
{
    if (option->n == 0 && fallback == NULL)
        sbx_usage("--%s: missing", option->name);
    return option->n != 0 ? option->values[0] : fallback;
}

const char *
sbx_plain_name(const struct sbx_option *option, const char *fallback)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = sbx_option_text(option, fallback);

    if (*text == '\0' || strlen(text) > 32 || text[strspn(text, allowed)] != '\0')
        sbx_usage("--%s %s: want 1 to 32 letters, digits, - and _", option->name, text);
    return text;
}

uint32_t
sbx_option_count(const struct sbx_option *option, uint32_t max)
{
    const char *text = sbx_option_text(option, NULL);
    const size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9 || text[digits] != '\0')
        sbx_usage("--%s %s: not a count", option->name, text);
    const unsigned long n = strtoul(text, NULL, 10);
    if (n < 1 || n > max)
        sbx_usage("--%s %s: want 1 to %u", option->name, text, max);
    return (uint32_t)n;
}

double
sbx_rate(const char *option, const char *text)
{
    char *end;
    const double rate = strtod(text, &end);

    if (*text == '\0' || *end != '\0' || strspn(text, "0123456789.") != strlen(text) || rate > 1)
        sbx_usage("--%s %s: want a rate from 0 to 1", option, text);
    return rate;
}

double
sbx_option_rate(const struct sbx_option *option)
{
    return option->n == 0 ? 0 : sbx_rate(option->name, option->values[0]);
}

size_t
sbx_option_faults(const struct sbx_option *option, const char *const *names, size_t n_names,
                  struct sbx_fault_rate out[SBX_OPTION_VALUES])
{
    for (size_t i = 0; i < option->n; i++) {
        const char *text = option->values[i], *colon = strchr(text, ':');
        if (colon == NULL)
            sbx_usage("--%s %s: want KIND:RATE", option->name, text);
        const size_t length = (size_t)(colon - text);
        size_t kind = 0;
        while (kind < n_names &&
               (strlen(names[kind]) != length || strncmp(names[kind], text, length) != 0))
            kind++;
        if (kind == n_names)
            sbx_usage("--%s %s: no such kind", option->name, text);
        out[i] = (struct sbx_fault_rate) { kind, sbx_rate(option->name, colon + 1) };
    }
    return option->n;
}
