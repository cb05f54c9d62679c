#include "pipeline/job/ini.h"
#include "pipeline/store/stream.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES (INI_MAX_LINE - 2u) /* with its end and a NUL it fits */

struct reading {
    const struct perso_ini_key *keys;
    size_t n;
    perso_ini_other *other;
    void *target;
    bool *seen;
    struct perso_error *err;
    bool failed;
    FILE *file;
    uint32_t line, long_line; /* long_line: the first one that inih has no room for; 0: none */
    bool continues;           /* the line in hand begins with a blank */
};

static bool
is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);
    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        if (*at == '|')
            at++;
        if (strncmp(at, value, n) == 0 && (at[n] == '|' || at[n] == '\0'))
            return n > 0;
    }
    return false;
}

static bool
store(const struct perso_ini_key *key, void *target, const char *value, struct perso_error *err)
{
    char *place = (char *)target + key->offset;

    if (key->kind == PERSO_INI_NUMBER) {
        char *end;
        errno = 0;
        unsigned long number = strtoul(value, &end, 10);
        if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || number < key->min ||
            number > key->max) {
            perso_error_set(err, PERSO_REJ_NONE, key->name,
                            "have \"%s\", want a number of %u to %u", value, key->min, key->max);
            return false;
        }
        *(uint32_t *)(void *)place = (uint32_t)number;
        return true;
    }
    if (key->kind == PERSO_INI_CHOICE && !is_choice(key->choices, value)) {
        perso_error_set(err, PERSO_REJ_NONE, key->name, "have \"%s\", want one of %s", value,
                        key->choices);
        return false;
    }
    if (strlen(value) >= key->size) {
        perso_error_set(err, PERSO_REJ_NONE, key->name, "longer than %zu bytes", key->size - 1);
        return false;
    }
    strcpy(place, value);
    return true;
}

void
perso_ini_defaults(const struct perso_ini_key *keys, size_t n, void *target)
{
    struct perso_error ignored;

    for (size_t i = 0; i < n; i++)
        if (keys[i].fallback != NULL)
            store(&keys[i], target, keys[i].fallback, &ignored);
}

static size_t
find(const struct perso_ini_key *keys, size_t n, const char *section, const char *name)
{
    size_t i = 0;

    while (i < n && (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0))
        i++;
    return i;
}

bool
perso_ini_set(const struct perso_ini_key *keys, size_t n, perso_ini_other *other, void *target,
              const char *section, const char *name, const char *value, struct perso_error *err)
{
    size_t i = find(keys, n, section, name);

    if (i < n)
        return store(&keys[i], target, value, err);
    if (other != NULL && other(target, section, name, value))
        return true;
    perso_error_set(err, PERSO_REJ_NONE, name, "no such key in section [%s]", section);
    return false;
}

/* A list goes on in a line that begins with a blank, behind a comma: inih has no longer lines. */
static bool
append(const struct perso_ini_key *key, void *target, const char *value, struct perso_error *err)
{
    char *place = (char *)target + key->offset;
    size_t n = strlen(place);

    if (key->kind != PERSO_INI_TEXT || n == 0 || place[n - 1] != ',') {
        perso_error_set(err, PERSO_REJ_NONE, key->name,
                        "a line that begins with a blank continues a list after a comma");
        return false;
    }
    if (n + strlen(value) >= key->size) {
        perso_error_set(err, PERSO_REJ_NONE, key->name, "longer than %zu bytes", key->size - 1);
        return false;
    }
    strcpy(place + n, value);
    return true;
}

/* inih's reader. A line that it would cut in two is told. */
static char *
next_line(char *out, int max, void *arg)
{
    struct reading *r = arg;
    size_t n = 0;
    int c = EOF;

    while ((c = getc(r->file)) != EOF) {
        if (n + 1 < (size_t)max)
            out[n] = (char)c;
        n++;
        if (c == '\n')
            break;
    }
    if (n == 0)
        return NULL;
    r->line++;
    out[n + 1 < (size_t)max ? n : (size_t)max - 1] = '\0';
    char first = out[strspn(out, " \t")];
    if (n + 1 > (size_t)max && r->long_line == 0 && first != ';' && first != '#')
        r->long_line = r->line;
    r->continues = out[0] == ' ' || out[0] == '\t';
    return out;
}

/* inih goes on after an error and returns the first line: so only the first is kept. */
static int
take(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;
    struct perso_error ignored = { 0 }, *err = r->failed ? &ignored : r->err;
    size_t i = find(r->keys, r->n, section, name);

    if (r->long_line != 0) {
        perso_error_set(err, PERSO_REJ_NONE, "",
                        "line too long: at most %u bytes; a list goes on in the next line, after a "
                        "comma and a blank",
                        LINE_BYTES);
    } else if (i < r->n && r->seen[i] && r->continues) {
        if (append(&r->keys[i], r->target, value, err))
            return 1;
    } else if (i < r->n && r->seen[i]) {
        perso_error_set(err, PERSO_REJ_NONE, name, "stands twice");
    } else {
        if (i < r->n)
            r->seen[i] = true;
        if (perso_ini_set(r->keys, r->n, r->other, r->target, section, name, value, err))
            return 1;
    }
    r->failed = true;
    return 0;
}

static enum perso_result
check_missing(struct reading *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->keys[i].fallback == NULL && !r->seen[i])
            return perso_error_set(r->err, PERSO_REJ_NONE, r->keys[i].name,
                                   "missing in section [%s]", r->keys[i].section);
    return PERSO_OK;
}

enum perso_result
perso_ini_read(const char *path, const struct perso_ini_key *keys, size_t n, perso_ini_other *other,
               void *target, struct perso_error *err)
{
    struct reading r = { .keys = keys,
                         .n = n,
                         .other = other,
                         .target = target,
                         .seen = calloc(n, sizeof(bool)),
                         .err = err };
    enum perso_result rc;

    if (r.seen == NULL || (r.file = fopen(path, "re")) == NULL) {
        rc = perso_error_errno(err, "configuration");
        goto out;
    }
    perso_ini_defaults(keys, n, target);
    int line = ini_parse_stream(next_line, &r, take, &r);
    if (line == 0 && r.long_line != 0) /* of a comment, or of what was no key */
        line = (int)r.long_line;
    if (line != 0 && !r.failed && r.long_line != 0)
        perso_error_set(err, PERSO_REJ_NONE, "", "line too long: at most %u bytes", LINE_BYTES);
    else if (line != 0 && !r.failed)
        perso_error_set(err, PERSO_REJ_NONE, "", "neither a section nor key = value");
    if (line > 0)
        err->line = (uint32_t)line;
    rc = line != 0 ? PERSO_FATAL : check_missing(&r);
out:
    if (rc != PERSO_OK)
        perso_error_at(err, path, 0, 0);
    if (r.file != NULL)
        fclose(r.file);
    free(r.seen);
    return rc;
}

const char *
perso_ini_value(const struct perso_ini_key *key, const void *target,
                char number[PERSO_INI_NUMBER_CHARS])
{
    const char *place = (const char *)target + key->offset;

    if (key->kind != PERSO_INI_NUMBER)
        return place;
    snprintf(number, PERSO_INI_NUMBER_CHARS, "%u", *(const uint32_t *)(const void *)place);
    return number;
}

/* A long list goes on in the next line. */
static void
print_value(FILE *out, size_t column, const char *value)
{
    while (column + strlen(value) > LINE_BYTES) {
        size_t n = LINE_BYTES - column;
        while (n > 0 && (value[n - 1] != ',' || value[n] == ' ' || value[n] == ','))
            n--;
        if (n == 0)
            break;
        fprintf(out, "%.*s\n    ", (int)n, value);
        value += n;
        column = 4;
    }
    fprintf(out, "%s\n", value);
}

static void
print_key(FILE *out, const struct perso_ini_key *key, const void *target)
{
    char number[PERSO_INI_NUMBER_CHARS];

    fprintf(out, "\n; %s", key->reason);
    if (key->unit != NULL && key->unit[0] != '\0')
        fprintf(out, "\n; unit: %s", key->unit);
    if (key->kind == PERSO_INI_CHOICE)
        fprintf(out, "\n; one of: %s", key->choices);
    if (key->fallback != NULL)
        fprintf(out, "\n; default: %s", key->fallback);
    fprintf(out, "\n%s = ", key->name);
    print_value(out, strlen(key->name) + 3, perso_ini_value(key, target, number));
}

enum perso_result
perso_ini_text(const char *title, const struct perso_ini_key *keys, size_t n, const void *target,
               char **out, struct perso_error *err)
{
    size_t bytes = 0;
    const char *section = "";
    struct perso_stream stream;
    enum perso_result rc = perso_stream_open(&stream, err);
    FILE *file = stream.out;

    if (rc != PERSO_OK)
        return rc;
    fprintf(file, "; %s\n", title);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(section, keys[i].section) != 0)
            fprintf(file, "\n[%s]\n", keys[i].section);
        section = keys[i].section;
        print_key(file, &keys[i], target);
    }
    return perso_stream_close(&stream, PERSO_OK, out, &bytes, err);
}
