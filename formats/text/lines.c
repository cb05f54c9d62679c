#include "formats/text/lines.h"

#include <string.h>

#include "perso/text.h"

/* A character of two bytes is UTF-8 by chance in one of eight GBK ones, one of three in 300. */
#define DOUBT_TWO 1u
#define DOUBT_MORE 3u
#define DOUBT_ENOUGH 9u

void
perso_lines_init(struct perso_lines *l, const struct perso_source *source,
                 enum perso_charset charset, bool join)
{
    l->source = *source;
    l->charset = charset;
    l->join = join;
    l->begun = l->ended = l->undecodable = false;
    l->hint = N_("not %s");
    l->line = 1;
    l->raw_n = l->from = l->to = 0;
    l->doubt = (struct perso_utf8_doubt) { .line = 1, .settled = charset == PERSO_UTF8 };
}

/* One byte more of a character; settles the doubt where it cannot be UTF-8. */
static void
weigh_byte(struct perso_utf8_doubt *d, uint8_t byte)
{
    uint8_t out[4];
    size_t used, made;
    bool cut;

    d->held[d->n_held++] = byte;
    if (!perso_charset_decode(PERSO_UTF8, d->held, d->n_held, out, sizeof out, &used, &made, &cut))
        d->settled = true;
    if (!cut) {
        d->weight += d->n_held == 2 ? DOUBT_TWO : DOUBT_MORE;
        d->n_held = 0;
    }
}

void
perso_utf8_weigh(struct perso_utf8_doubt *doubt, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n && !doubt->settled && doubt->weight < UINT32_MAX / 2; i++) {
        if (bytes[i] >= 0x80 || doubt->n_held != 0)
            weigh_byte(doubt, bytes[i]);
        else if (doubt->weight == 0 && bytes[i] == '\n')
            doubt->line++;
    }
}

bool
perso_utf8_likely(const struct perso_utf8_doubt *doubt)
{
    return !doubt->settled && doubt->n_held == 0 && doubt->weight >= DOUBT_ENOUGH;
}

bool
perso_lines_look_utf8(const struct perso_lines *l)
{
    return perso_utf8_likely(&l->doubt);
}

static enum perso_result
refuse(struct perso_error *err, uint32_t line, enum perso_reject reject, const char *text)
{
    err->line = line;
    return perso_error_set(err, reject, "", "%s", text);
}

enum perso_result
perso_lines_refuse_utf8(const struct perso_lines *l, struct perso_error *err)
{
    err->line = l->doubt.line;
    return perso_error_set(err, PERSO_REJ_TEXT_ENCODING, "", "have utf-8, want %s",
                           perso_charset_name(l->charset));
}

static bool
decodes(enum perso_charset charset, const uint8_t *p, size_t n)
{
    uint8_t out[512];
    size_t used, made;
    bool cut = false;

    while (n != 0 && !cut) {
        if (!perso_charset_decode(charset, p, n, out, sizeof out, &used, &made, &cut))
            return false;
        p += used;
        n -= used;
    }
    return true;
}

/* Which other set has the bytes of the line around raw[bad]; as a format. */
static const char *
find_hint(const struct perso_lines *l, size_t n, size_t bad)
{
    const uint8_t *newline;
    size_t from = bad;

    while (from > 0 && l->raw[from - 1] != '\n')
        from--;
    newline = memchr(l->raw + bad, '\n', n - bad);
    size_t to = newline != NULL ? (size_t)(newline - l->raw) : n;
    if (l->charset != PERSO_UTF8 && decodes(PERSO_UTF8, l->raw + from, to - from))
        return N_("not %s; valid utf-8");
    if (l->charset != PERSO_GB18030 && decodes(PERSO_GB18030, l->raw + from, to - from))
        return N_("not %s; valid gb18030");
    return N_("not %s");
}

/* A byte order mark tells the encoding: ours is taken off, another one is refused. */
static size_t
skip_mark(struct perso_lines *l, size_t n)
{
    static const uint8_t utf8[] = { 0xef, 0xbb, 0xbf }, gb[] = { 0x84, 0x31, 0x95, 0x33 };

    l->begun = true;
    if (n >= 2 &&
        ((l->raw[0] == 0xff && l->raw[1] == 0xfe) || (l->raw[0] == 0xfe && l->raw[1] == 0xff))) {
        l->undecodable = true;
        l->hint = N_("not %s; byte order mark of utf-16");
    } else if (n >= sizeof utf8 && memcmp(l->raw, utf8, sizeof utf8) == 0) {
        l->undecodable = l->charset != PERSO_UTF8;
        l->hint = l->undecodable ? N_("not %s; byte order mark of utf-8") : N_("not %s");
        return sizeof utf8;
    } else if (l->charset == PERSO_GB18030 && n >= sizeof gb &&
               memcmp(l->raw, gb, sizeof gb) == 0) {
        return sizeof gb;
    }
    return 0;
}

static void
decode(struct perso_lines *l)
{
    size_t n = l->raw_n, from = 0, used = 0, made = 0;
    bool cut = false;

    if (!l->begun && (n >= 4 || l->ended))
        from = skip_mark(l, n);
    if (!l->begun || l->undecodable)
        return;
    if (!perso_charset_decode(l->charset, l->raw + from, n - from, (uint8_t *)l->text + l->to,
                              sizeof l->text - l->to, &used, &made, &cut)) {
        l->undecodable = true;
        l->hint = find_hint(l, n, from + used);
    }
    l->to += made;
    l->raw_n = n - from - used;
    memmove(l->raw, l->raw + from + used, l->raw_n);
    if (cut && l->ended) {
        l->undecodable = true;
        l->hint = N_("not %s; cut at the end of the file");
    }
}

/* More text behind what is there, or ended or undecodable is set. */
static enum perso_result
refill(struct perso_lines *l, struct perso_error *err)
{
    size_t got;

    memmove(l->text, l->text + l->from, l->to - l->from);
    l->to -= l->from;
    l->from = 0;
    if (l->raw_n < sizeof l->raw && !l->ended) {
        enum perso_result rc =
            perso_source_read(&l->source, l->raw + l->raw_n, sizeof l->raw - l->raw_n, &got, err);
        if (rc == PERSO_END)
            l->ended = true;
        else if (rc != PERSO_OK)
            return rc;
        else {
            perso_utf8_weigh(&l->doubt, l->raw + l->raw_n, got);
            l->raw_n += got;
        }
    }
    decode(l);
    return PERSO_OK;
}

/* What is known of the record that begins at from. */
struct scan {
    size_t piece;        /* offset from from of the physical line looked at now */
    uint32_t n_newlines; /* before piece */
    uint32_t opened;     /* line on which a quote is open; 0: none */
};

/* One physical line: NUL, stray carriage returns, open quotes. ended: a newline follows. */
static enum perso_result
scan_piece(const struct perso_lines *l, struct scan *s, size_t n, bool ended,
           struct perso_error *err)
{
    const char *at = l->text + l->from + s->piece, *end = at + n, *cr, *quote;
    uint32_t line = l->line + s->n_newlines;

    if (n == 0)
        return PERSO_OK;
    if (memchr(at, '\0', n) != NULL)
        return refuse(err, line, PERSO_REJ_TEXT_NUL, "");
    if ((cr = memchr(at, '\r', n)) != NULL && (cr + 1 != end || !ended))
        return refuse(err, line, PERSO_REJ_TEXT_COLUMNS, "carriage return that ends no line");
    while (l->join && (quote = memchr(at, '"', (size_t)(end - at))) != NULL) {
        s->opened = s->opened == 0 ? line : 0;
        at = quote + 1;
    }
    return PERSO_OK;
}

/* What of the text may belong to one record: a line that just fits, its CRLF, or one byte more. */
static size_t
window(const struct perso_lines *l)
{
    size_t n = l->to - l->from;
    return n < PERSO_LINE_BYTES + 2 ? n : PERSO_LINE_BYTES + 2;
}

/* No newline follows: the record is over with the text, or something is wrong. */
static enum perso_result
at_text_end(const struct perso_lines *l, struct scan *s, struct perso_error *err)
{
    size_t n = window(l);
    bool full = n == PERSO_LINE_BYTES + 2; /* then a newline may follow a carriage return */
    enum perso_result rc = scan_piece(l, s, n - s->piece - full, false, err);

    if (rc != PERSO_OK)
        return rc;
    if (l->undecodable && n <= PERSO_LINE_BYTES) {
        err->line = l->line + s->n_newlines;
        return perso_error_set(err, PERSO_REJ_TEXT_ENCODING, "", l->hint,
                               perso_charset_name(l->charset));
    }
    if (s->opened != 0)
        return refuse(err, s->opened, PERSO_REJ_TEXT_QUOTE, "opened here and not closed");
    if (n > PERSO_LINE_BYTES)
        return refuse(err, l->line, PERSO_REJ_TEXT_LINE, "line too long");
    return PERSO_OK;
}

static enum perso_result
find_end(struct perso_lines *l, struct scan *s, size_t *end, bool *newline, struct perso_error *err)
{
    enum perso_result rc;

    for (;;) {
        const char *at = l->text + l->from + s->piece, *found = NULL;
        size_t left = window(l) - s->piece;
        if (left != 0)
            found = memchr(at, '\n', left);
        *newline = found != NULL;
        if (found == NULL) {
            *end = window(l);
            if (*end == PERSO_LINE_BYTES + 2 || l->undecodable || (l->ended && l->raw_n == 0))
                return at_text_end(l, s, err);
            if ((rc = refill(l, err)) != PERSO_OK)
                return rc;
            continue;
        }
        size_t n = (size_t)(found - at);
        if ((rc = scan_piece(l, s, n, true, err)) != PERSO_OK)
            return rc;
        *end = s->piece + n;
        if (s->opened == 0)
            return PERSO_OK;
        s->piece = *end + 1;
        s->n_newlines++;
        if (s->piece > PERSO_LINE_BYTES)
            return refuse(err, s->opened, PERSO_REJ_TEXT_QUOTE, "opened here and not closed");
    }
}

enum perso_result
perso_lines_next(struct perso_lines *l, struct perso_text *record, uint32_t *line,
                 struct perso_error *err)
{
    struct scan s = { 0 };
    bool newline = false;
    size_t end = 0;
    enum perso_result rc = find_end(l, &s, &end, &newline, err);

    if (rc != PERSO_OK)
        return rc;
    if (!newline && end == 0)
        return perso_lines_look_utf8(l) ? perso_lines_refuse_utf8(l, err) : PERSO_END;
    size_t bytes = end;
    if (newline && end != 0 && l->text[l->from + end - 1] == '\r')
        bytes--;
    if (bytes > PERSO_LINE_BYTES)
        return refuse(err, l->line, PERSO_REJ_TEXT_LINE, "line too long");
    *record = (struct perso_text) { l->text + l->from, (uint32_t)bytes };
    *line = l->line;
    l->from += end + newline;
    l->line += s.n_newlines + newline;
    return PERSO_OK;
}
