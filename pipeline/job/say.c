#include "pipeline/job/say.h"

#include <stdarg.h>
#include <string.h>

#include "perso/limits.h"
#include "perso/text.h"

#define MESSAGE_BYTES 8192 /* a message may name a path */

/* All controls are of one UTF-16 unit; a byte of another encoding is told as Latin-1. */
static void
put_escaped(FILE *out, const char *at, size_t n)
{
    uint32_t scalar = (uint8_t)at[0];

    if (n == 2 || n == 3)
        scalar &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++)
        scalar = scalar << 6 | ((uint8_t)at[i] & 0x3fu);
    fprintf(out, "\\u%04x", (unsigned)scalar);
}

void
perso_json_string(FILE *out, const char *text)
{
    bool shown;

    fputc('"', out);
    for (size_t n; *text != '\0'; text += n) {
        n = perso_text_step(text, &shown);
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if (shown)
            fwrite(text, 1, n, out);
        else
            put_escaped(out, text, n);
    }
    fputc('"', out);
}

void
perso_say_begin(struct perso_say *say, const char *what)
{
    say->first = true;
    if (say->json) {
        fputs("{\"what\": ", say->out);
        perso_json_string(say->out, what);
        say->first = false;
    } else {
        fprintf(say->out, "%s:", _(what));
    }
}

static void
name_field(struct perso_say *say, const char *name, const char *shown)
{
    if (say->json) {
        fputs(", ", say->out);
        perso_json_string(say->out, name);
        fputs(": ", say->out);
    } else {
        fprintf(say->out, "%s %s ", say->first ? "" : ",", shown);
    }
    say->first = false;
}

/* Names of files are other people's: none may steer a terminal. */
static void
print_plain(FILE *out, const char *text)
{
    bool shown;

    for (size_t n; *text != '\0'; text += n) {
        n = perso_text_step(text, &shown);
        fwrite(shown ? text : ".", 1, shown ? n : 1, out);
    }
}

static void
print_value(struct perso_say *say, const char *value)
{
    if (say->json)
        perso_json_string(say->out, value);
    else
        print_plain(say->out, value);
}

void
perso_say_text(struct perso_say *say, const char *name, const char *value)
{
    name_field(say, name, _(name));
    print_value(say, value);
}

void
perso_say_word(struct perso_say *say, const char *name, const char *word)
{
    name_field(say, name, _(name));
    print_value(say, say->json ? word : _(word));
}

void
perso_say_reject(struct perso_say *say, const char *name, enum perso_reject reject)
{
    perso_say_text(say, name, say->json ? perso_reject_text(reject) : perso_reject_shown(reject));
}

void
perso_say_column(struct perso_say *say, const char *column, const char *value)
{
    char shown[PERSO_COLUMN_NAME_BYTES];

    snprintf(shown, sizeof shown, "%s", column); /* a table's own name, perhaps */
    perso_text_plain(shown);
    name_field(say, column, shown);
    print_value(say, value);
}

void
perso_say_number(struct perso_say *say, const char *name, uint64_t value)
{
    name_field(say, name, _(name));
    fprintf(say->out, "%llu", (unsigned long long)value);
}

void
perso_say_end(struct perso_say *say)
{
    fputs(say->json ? "}\n" : "\n", say->out);
    fflush(say->out);
}

void
perso_complain(const struct perso_error *err)
{
    const char *what = perso_reject_shown(err->reject);
    const char *text = err->shown[0] != '\0' ? err->shown : err->text;

    if (err->file[0] != '\0')
        fprintf(stderr, "%s:", err->file);
    if (err->line != 0)
        fprintf(stderr, "%u:", err->line);
    if (err->file[0] != '\0' || err->line != 0)
        fputc(' ', stderr);
    if (err->field[0] != '\0')
        fprintf(stderr, "%s: ", err->field);
    fputs(what, stderr);
    if (strcmp(perso_reject_text(err->reject), err->text) != 0)
        fprintf(stderr, "%s%s", what[0] != '\0' && text[0] != '\0' ? ": " : "", text);
    if (err->reject != PERSO_REJ_NONE)
        fprintf(stderr, " [%s %s]", perso_reject_code(err->reject),
                perso_reject_clause(err->reject));
    fputc('\n', stderr);
}

static void
print_line(const char *prefix, const char *format, va_list args)
{
    char text[MESSAGE_BYTES];

    vsnprintf(text, sizeof text, _(format), args);
    fputs(prefix, stderr);
    print_plain(stderr, text);
    fputc('\n', stderr);
}

void
perso_hint(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(_("  hint: "), format, args);
    va_end(args);
}

void
perso_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(_("warning: "), format, args);
    va_end(args);
}
