#include "pipeline/job/say.h"

#include <stdarg.h>
#include <string.h>

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
        fprintf(say->out, "%s:", what);
    }
}

static void
name_field(struct perso_say *say, const char *name)
{
    if (say->json) {
        fputs(", ", say->out);
        perso_json_string(say->out, name);
        fputs(": ", say->out);
    } else {
        fprintf(say->out, "%s %s ", say->first ? "" : ",", name);
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

void
perso_say_text(struct perso_say *say, const char *name, const char *value)
{
    name_field(say, name);
    if (say->json)
        perso_json_string(say->out, value);
    else
        print_plain(say->out, value);
}

void
perso_say_number(struct perso_say *say, const char *name, uint64_t value)
{
    name_field(say, name);
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
    const char *what = perso_reject_text(err->reject);

    if (err->file[0] != '\0')
        fprintf(stderr, "%s:", err->file);
    if (err->line != 0)
        fprintf(stderr, "%u:", err->line);
    if (err->file[0] != '\0' || err->line != 0)
        fputc(' ', stderr);
    if (err->field[0] != '\0')
        fprintf(stderr, "%s: ", err->field);
    fputs(what, stderr);
    if (strcmp(what, err->text) != 0)
        fprintf(stderr, "%s%s", what[0] != '\0' && err->text[0] != '\0' ? ": " : "", err->text);
    if (err->reject != PERSO_REJ_NONE)
        fprintf(stderr, " [%s %s]", perso_reject_code(err->reject),
                perso_reject_clause(err->reject));
    fputc('\n', stderr);
}

static void
print_line(const char *prefix, const char *format, va_list args)
{
    fputs(prefix, stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void
perso_hint(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("  hint: ", format, args);
    va_end(args);
}

void
perso_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("warning: ", format, args);
    va_end(args);
}
