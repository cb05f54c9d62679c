#include "formats/record/decoder.h"

#include <string.h>

#include "perso/text.h"

#define HINT_BYTES 32u /* looked at, where bytes are not of the set, for what they may be */

void
perso_decoder_init(struct perso_decoder *d, const struct perso_source *source,
                   enum perso_charset charset, uint64_t bytes_max)
{
    d->source = *source;
    d->charset = charset;
    d->left = bytes_max;
    d->begun = d->ended = d->any = false;
    d->fault = NULL;
    d->line = 1;
    d->raw_n = 0;
    d->doubt = (struct perso_utf8_doubt) { .line = 1, .settled = charset == PERSO_UTF8 };
}

static bool
begins_with(const struct perso_decoder *d, const char *mark, size_t n)
{
    return d->raw_n >= n && memcmp(d->raw, mark, n) == 0;
}

/* A byte order mark tells the encoding: ours is taken off, another one is refused. */
static void
skip_mark(struct perso_decoder *d)
{
    size_t n = 0;

    d->begun = true;
    if (begins_with(d, "\xff\xfe", 2) || begins_with(d, "\xfe\xff", 2))
        d->fault = N_("not %s; byte order mark of utf-16");
    else if (begins_with(d, "\xef\xbb\xbf", 3) && d->charset != PERSO_UTF8)
        d->fault = N_("not %s; byte order mark of utf-8");
    else if (begins_with(d, "\xef\xbb\xbf", 3))
        n = 3;
    else if (d->charset == PERSO_GB18030 && begins_with(d, "\x84\x31\x95\x33", 4))
        n = 4;
    d->raw_n -= n;
    memmove(d->raw, d->raw + n, d->raw_n);
}

/* What the bytes may be that are not of the set: as a format. */
static const char *
hint(const struct perso_decoder *d, size_t bad)
{
    char out[64];
    size_t used, made;
    bool cut;

    if (d->charset != PERSO_UTF8)
        return d->doubt.weight != 0 && !d->doubt.settled ? N_("not %s; valid utf-8") : N_("not %s");
    size_t n = d->raw_n - bad < HINT_BYTES ? d->raw_n - bad : HINT_BYTES;
    bool gb = perso_charset_decode(PERSO_GB18030, d->raw + bad, n, (uint8_t *)out, sizeof out,
                                   &used, &made, &cut);
    return gb && used > 1 ? N_("not %s; valid gb18030") : N_("not %s");
}

static enum perso_result
fill(struct perso_decoder *d, struct perso_error *err)
{
    size_t max = sizeof d->raw - d->raw_n, n;
    enum perso_result rc;

    /* One byte beyond what is allowed shows that there is more. */
    if (max > d->left)
        max = (size_t)d->left + 1;
    rc = perso_source_read(&d->source, d->raw + d->raw_n, max, &n, err);
    if (rc == PERSO_END) {
        d->ended = true;
        return PERSO_OK;
    }
    if (rc != PERSO_OK)
        return rc;
    d->any = true;
    if (n > d->left) {
        err->line = d->line;
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "", "%s",
                               N_("larger than a file of records may be"));
    }
    d->left -= n;
    d->raw_n += n;
    return PERSO_OK;
}

/* Text from the raw bytes up to what cannot be handed out. */
static struct perso_text
decode(struct perso_decoder *d)
{
    size_t used, made;
    bool cut;

    bool good = perso_charset_decode(d->charset, d->raw, d->raw_n, (uint8_t *)d->text,
                                     sizeof d->text, &used, &made, &cut);
    perso_utf8_weigh(&d->doubt, d->raw, used);
    if (!good && (d->raw_n - used >= HINT_BYTES || d->ended)) /* else more is read first */
        d->fault = hint(d, used);
    else if (cut && d->ended)
        d->fault = N_("not %s; cut at the end of the file");
    d->raw_n -= used;
    memmove(d->raw, d->raw + used, d->raw_n);
    return (struct perso_text) { d->text, (uint32_t)made };
}

static enum perso_result
at_fault(const struct perso_decoder *d, struct perso_error *err)
{
    err->line = d->line;
    if (d->fault[0] == '\0')
        return perso_error_set(err, PERSO_REJ_TEXT_NUL, "", "%s", "");
    return perso_error_set(err, PERSO_REJ_TEXT_ENCODING, "", d->fault,
                           perso_charset_name(d->charset));
}

static enum perso_result
at_end(const struct perso_decoder *d, struct perso_error *err)
{
    if (!perso_utf8_likely(&d->doubt))
        return PERSO_END;
    err->line = d->doubt.line;
    return perso_error_set(err, PERSO_REJ_TEXT_ENCODING, "", "have utf-8, want %s",
                           perso_charset_name(d->charset));
}

enum perso_result
perso_decoder_next(struct perso_decoder *d, struct perso_text *text, struct perso_error *err)
{
    struct perso_text ready = { d->text, 0 };
    enum perso_result rc;

    while (ready.bytes == 0) {
        if (d->fault != NULL)
            return at_fault(d, err);
        if (d->ended && d->raw_n == 0)
            return at_end(d, err);
        while (!d->ended && d->raw_n < sizeof d->raw)
            if ((rc = fill(d, err)) != PERSO_OK)
                return rc;
        if (!d->begun)
            skip_mark(d);
        if (d->fault == NULL)
            ready = decode(d);
        const char *nul = ready.bytes != 0 ? memchr(ready.at, '\0', ready.bytes) : NULL;
        if (nul != NULL) {
            d->fault = "";
            ready.bytes = (uint32_t)(nul - ready.at);
        }
    }
    for (uint32_t i = 0; i < ready.bytes; i++)
        d->line += ready.at[i] == '\n';
    *text = ready;
    return PERSO_OK;
}
