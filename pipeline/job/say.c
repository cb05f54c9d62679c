#include "pipeline/job/say.h"

#include <stdarg.h>
#include <string.h>

#include "perso/text.h"

void
perso_json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
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
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        fputc(*c < 0x20 || *c == 0x7f ? '.' : *c, out);
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
    name_field(say, column, column);
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
    fputs(prefix, stderr);
    vfprintf(stderr, _(format), args);
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
