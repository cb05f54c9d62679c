/* Command lines of the rehearsal program. */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SBX_OPTION_VALUES 64u

/* --name VALUE, at most max times; a flag is --name alone. */
struct sbx_option {
    const char *name;
    size_t max;
    bool flag;
    size_t n; /* found */
    const char *values[SBX_OPTION_VALUES];
};

/** Reads argv[0..argc-1]; what is no option goes to words, exactly n_words of them. */
void sbx_options_read(int argc, char **argv, struct sbx_option *options, size_t n_options,
                      const char **words, size_t n_words);
/** The value, or the default where the option was not given; NULL as default: it is needed. */
const char *sbx_option_text(const struct sbx_option *option, const char *fallback);
/** The same for a batch or a vendor, which stand in names of jobs and packages. */
const char *sbx_plain_name(const struct sbx_option *option, const char *fallback);
/** 1 .. max */
uint32_t sbx_option_count(const struct sbx_option *option, uint32_t max);
/** 0 .. 1; 0 where it was not given. */
double sbx_option_rate(const struct sbx_option *option);
double sbx_rate(const char *option, const char *text);

/* One KIND:RATE. */
struct sbx_fault_rate {
    size_t kind; /* index into the names */
    double rate;
};
/** Every --fault; kinds by name. */
size_t sbx_option_faults(const struct sbx_option *option, const char *const *names, size_t n_names,
                         struct sbx_fault_rate out[SBX_OPTION_VALUES]);

#endif
