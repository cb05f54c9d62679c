#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "perso/result.h"

/* A file's bytes may have come into a text: nothing of it may steer a terminal. */
static void
escape_controls(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '.';
}

enum perso_result
perso_error_set(struct perso_error *err, enum perso_reject reject, const char *field,
                const char *format, ...)
{
    va_list args;

    err->reject = reject;
    snprintf(err->field, sizeof err->field, "%s", field != NULL ? field : "");
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    escape_controls(err->text);
    escape_controls(err->field);
    return reject == PERSO_REJ_NONE ? PERSO_FATAL : PERSO_REJECT;
}

enum perso_result
perso_error_errno(struct perso_error *err, const char *what)
{
    int number = errno;
    return perso_error_set(err, PERSO_REJ_NONE, "", "%s: %s", what, strerror(number));
}

enum perso_result
perso_error_openssl(struct perso_error *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return perso_error_set(err, PERSO_REJ_NONE, "", "%s: %s", what,
                           reason != NULL ? reason : "failed");
}

void
perso_error_at(struct perso_error *err, const char *file, uint32_t line, uint32_t record)
{
    if (err->file[0] == '\0' && file != NULL) {
        snprintf(err->file, sizeof err->file, "%s", file);
        escape_controls(err->file);
    }
    if (err->line == 0)
        err->line = line;
    if (err->record == 0)
        err->record = record;
}
