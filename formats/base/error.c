#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "perso/result.h"
#include "perso/text.h"

/* In the user's language, where that differs. "%s" alone is a sentence that came as an argument. */
static void
show(struct perso_error *err, const char *format, va_list args)
{
    bool whole = strcmp(format, "%s") == 0;
    const char *translated = perso_text(whole ? err->text : format);

    err->shown[0] = '\0';
    if (whole)
        snprintf(err->shown, sizeof err->shown, "%s", translated);
    else if (translated != format)
        vsnprintf(err->shown, sizeof err->shown, translated, args);
    perso_text_plain(err->shown);
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
    perso_text_plain(err->text);
    perso_text_plain(err->field);
    va_start(args, format);
    show(err, format, args);
    va_end(args);
    return reject == PERSO_REJ_NONE ? PERSO_FATAL : PERSO_REJECT;
}

void
perso_error_prefix(struct perso_error *err, const char *format, ...)
{
    char text[sizeof err->text], shown[sizeof err->shown];
    const char *detail = err->shown[0] != '\0' ? err->shown : perso_text(err->text);
    size_t n;
    va_list args;

    va_start(args, format);
    vsnprintf(shown, sizeof shown, perso_text(format), args);
    va_end(args);
    n = strlen(shown);
    snprintf(shown + n, sizeof shown - n, "%s",
             detail[0] != '\0' ? detail : perso_reject_shown(err->reject));
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    n = strlen(text);
    if (strncmp(err->text, text, n) == 0) /* who is nearer to it has said so already */
        return;
    snprintf(text + n, sizeof text - n, "%s",
             err->text[0] != '\0' ? err->text : perso_reject_text(err->reject));
    memcpy(err->text, text, sizeof err->text);
    memcpy(err->shown, shown, sizeof err->shown);
}

/* glibc's own words, so that a translated and an untranslated system say the same; those that a
 * site meets have a translation of ours, since glibc's is seldom installed. */
static const struct {
    int number;
    const char *text;
} errnos[] = {
    { ENOENT, N_("No such file or directory") },
    { EACCES, N_("Permission denied") },
    { EPERM, N_("Operation not permitted") },
    { EIO, N_("Input/output error") },
    { ENOSPC, N_("No space left on device") },
    { EDQUOT, N_("Disk quota exceeded") },
    { EFBIG, N_("File too large") },
    { EROFS, N_("Read-only file system") },
    { EEXIST, N_("File exists") },
    { ENOTDIR, N_("Not a directory") },
    { EISDIR, N_("Is a directory") },
    { ENOTEMPTY, N_("Directory not empty") },
    { ELOOP, N_("Too many levels of symbolic links") },
    { ENAMETOOLONG, N_("File name too long") },
    { EXDEV, N_("Invalid cross-device link") },
    { EBUSY, N_("Device or resource busy") },
    { EMFILE, N_("Too many open files") },
    { ENFILE, N_("Too many open files in system") },
    { ENOMEM, N_("Cannot allocate memory") },
    { EINVAL, N_("Invalid argument") },
};

const char *
perso_errno_text(int number)
{
    for (size_t i = 0; i < sizeof errnos / sizeof errnos[0]; i++)
        if (errnos[i].number == number)
            return errnos[i].text;
    return strerror(number);
}

enum perso_result
perso_error_errno(struct perso_error *err, const char *what)
{
    int number = errno;
    const char *reason = perso_errno_text(number);

    perso_error_set(err, PERSO_REJ_NONE, "", "%s: %s", what, reason);
    snprintf(err->shown, sizeof err->shown, "%s: %s", perso_text(what), perso_text(reason));
    perso_text_plain(err->shown);
    return PERSO_FATAL;
}

enum perso_result
perso_error_openssl(struct perso_error *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    perso_error_set(err, PERSO_REJ_NONE, "", "%s: OpenSSL: %s", what,
                    reason != NULL ? reason : "failed");
    snprintf(err->shown, sizeof err->shown, perso_text("%s: OpenSSL: %s"), perso_text(what),
             reason != NULL ? reason : "failed");
    perso_text_plain(err->shown);
    return PERSO_FATAL;
}

void
perso_error_at(struct perso_error *err, const char *file, uint32_t line, uint32_t record)
{
    if (err->file[0] == '\0' && file != NULL) {
        snprintf(err->file, sizeof err->file, "%s", file);
        perso_text_plain(err->file);
    }
    if (err->line == 0)
        err->line = line;
    if (err->record == 0)
        err->record = record;
}
