#include "formats/pki/request_pem.h"

#include <string.h>

#include "formats/base/encode.h"
#include "perso/text.h"

#define DASHES "-----"

static const char *const labels[] = { "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST" };

static bool
take_text(struct perso_cursor *c, const char *text)
{
    struct perso_cursor at = *c, taken;

    if (!perso_take(&at, strlen(text), &taken) || memcmp(taken.at, text, strlen(text)) != 0)
        return false;
    *c = at;
    return true;
}

/* "-----BEGIN LABEL-----" or END; nothing moved where it does not stand there. */
static bool
take_boundary(struct perso_cursor *c, const char *word, const char *label)
{
    struct perso_cursor at = *c;

    if (!take_text(&at, DASHES) || !take_text(&at, word) || !take_text(&at, label) ||
        !take_text(&at, DASHES))
        return false;
    *c = at;
    return true;
}

static bool
take_break(struct perso_cursor *c)
{
    return take_text(c, "\r\n") || take_text(c, "\n");
}

bool
perso_request_pem_is(struct perso_cursor text)
{
    return take_text(&text, DASHES "BEGIN ");
}

/* Lines up to the dashes, joined; a blank line is not one. false where they are more than max. */
static bool
join_lines(struct perso_cursor *c, char *out, size_t max, size_t *n)
{
    *n = 0;
    take_break(c);
    while (c->at != c->end && *c->at != '-') {
        if (*n == max)
            return false;
        out[(*n)++] = (char)*c->at++;
        take_break(c);
    }
    return true;
}

const char *
perso_request_pem_read(struct perso_cursor text, uint8_t room[PERSO_REQUEST_DER_BYTES],
                       struct perso_cursor *der)
{
    char base64[PERSO_BASE64_CHARS(PERSO_REQUEST_DER_BYTES)];
    uint8_t bytes[sizeof base64 / 4 * 3];
    const char *label = NULL;
    size_t chars, n;

    for (size_t i = 0; i < sizeof labels / sizeof labels[0] && label == NULL; i++)
        if (take_boundary(&text, "BEGIN ", labels[i]))
            label = labels[i];
    if (label == NULL)
        return N_("PEM text of something else than a request");
    if (!join_lines(&text, base64, sizeof base64, &chars))
        return N_("PEM text is too long");
    if (!take_boundary(&text, "END ", label))
        return N_("PEM text is cut, or its end is another one's");
    if (!perso_base64_decode(base64, chars, bytes, &n))
        return N_("PEM text is not Base64");
    take_break(&text);
    if (perso_left(&text) == 1 && *text.at == '\0')
        text.at++;
    if (perso_left(&text) != 0)
        return N_("bytes after the PEM text");
    if (n > PERSO_REQUEST_DER_BYTES)
        return N_("PEM text is too long");
    memcpy(room, bytes, n);
    *der = perso_cursor_of(room, n);
    return NULL;
}
