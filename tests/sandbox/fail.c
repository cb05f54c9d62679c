#include "fail.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char forms[] =
    "usage: persoline-sandbox sample DIR --cards N --seed S [--batch B1] [--division 411600]\n"
    "           [--vendor V1] [--faults RATE] [--encoding utf-8|gbk|gb18030] [--form p10]\n"
    "           [--archive csv|tar.zst|tar.gz|zip] [--boxes N] [--ssse]\n"
    "       persoline-sandbox remake DIR --from SAMPLE --cards LIST.csv --seed S --batch B\n"
    "           [--boxes N]\n"
    "       persoline-sandbox correct DIR --from SAMPLE --held LIST.csv [--seed S] [--issuance]\n"
    "       persoline-sandbox ra init DIR --site SITE --seed S\n"
    "       persoline-sandbox ra --in FOLDER --out FOLDER --state DIR [--fault KIND:RATE]...\n"
    "           [--mark-pin HEX] [--mark-key HEX] [--items QMZS,JMZS,JMMY,GLYPIN,ZKMY]\n"
    "           [--return "
    "package|table|table.zip|xml|xml.zip|json|cer|cer.zip|p7b|mixed|mixed.zip\n"
    "            [--encoding E] [--delimiter comma|bar] [--secrets wrapped|sm2|clear] "
    "[--unsigned]]\n"
    "       persoline-sandbox machine init DIR --site SITE\n"
    "       persoline-sandbox machine --in FOLDER --out FOLDER --state DIR [--seed S]\n"
    "           [--spoil RATE] [--retry RATE] [--missing RATE] [--fault KIND:RATE]...\n";

void
sbx_die(const char *format, ...)
{
    va_list args;

    fputs("persoline-sandbox: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void
sbx_usage(const char *format, ...)
{
    va_list args;

    fputs("persoline-sandbox: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n%s", forms);
    exit(2);
}

void
sbx_need(bool ok, const char *what)
{
    if (ok)
        return;
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    sbx_die("%s: %s", what, reason != NULL ? reason : "failed");
}

void
sbx_check(enum perso_result rc, const char *file, const struct perso_error *err)
{
    if (rc == PERSO_OK)
        return;
    sbx_die("%s:%u: %s%s%s%s%s", err->file[0] != '\0' ? err->file : file, err->line, err->field,
            err->field[0] != '\0' ? ": " : "",
            err->text[0] != '\0' ? err->text : perso_reject_text(err->reject),
            err->reject != PERSO_REJ_NONE ? " " : "", perso_reject_code(err->reject));
}

void *
sbx_memory(size_t n, size_t bytes)
{
    void *p = calloc(n != 0 ? n : 1, bytes);
    if (p == NULL)
        sbx_die("no memory for %zu bytes", n * bytes);
    return p;
}
