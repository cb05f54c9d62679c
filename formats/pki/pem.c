#include "formats/pki/pem.h"

#include <string.h>

#include "formats/base/encode.h"
#include "perso/text.h"

#define LABEL_CHARS 64u /* the longest in use has 23 */

static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

static const struct {
    const char *label;
    enum perso_pem_kind kind;
} labels[] = {
    { "CERTIFICATE", PERSO_PEM_CERTIFICATE },
    { "X509 CERTIFICATE", PERSO_PEM_CERTIFICATE },
    { "PKCS7", PERSO_PEM_PKCS7 },
    { "CMS", PERSO_PEM_PKCS7 },
    { "CERTIFICATE REQUEST", PERSO_PEM_REQUEST },
    { "NEW CERTIFICATE REQUEST", PERSO_PEM_REQUEST },
};

/* Why a block is refused, on the line where the reading stood. */
struct fault {
    const char *text;
    uint32_t line;
};

static bool
fault_at(struct fault *fault, const struct perso_pem *p, const char *text)
{
    *fault = (struct fault) { text, p->line };
    return false;
}

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool
starts_with(struct perso_cursor c, const char *text)
{
    return perso_left(&c) >= strlen(text) && memcmp(c.at, text, strlen(text)) == 0;
}

static bool
take_text(struct perso_cursor *c, const char *text)
{
    if (!starts_with(*c, text))
        return false;
    c->at += strlen(text);
    return true;
}

static void
step(struct perso_pem *p)
{
    p->line += *p->left.at == '\n';
    p->left.at++;
}

/* From the start of a line to the next one that begins a block or ends one; false: none. */
static bool
find_block(struct perso_pem *p)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, where an editor put one */

    while (p->left.at != p->left.end) {
        if (is_blank(*p->left.at)) {
            step(p);
        } else if (starts_with(p->left, begin) || starts_with(p->left, end)) {
            return true;
        } else if (!take_text(&p->left, mark)) {
            while (p->left.at != p->left.end && *p->left.at != '\n' && *p->left.at != '\r')
                p->left.at++;
        }
    }
    return false;
}

bool
perso_pem_looks(struct perso_cursor text)
{
    struct perso_pem p = perso_pem_of(text);
    return find_block(&p);
}

/* LABEL----- */
static bool
take_label(struct perso_cursor *c, struct perso_text *label)
{
    struct perso_cursor at = *c;
    uint32_t n = 0;

    while (n < perso_left(c) && n <= LABEL_CHARS && c->at[n] >= ' ' && c->at[n] <= '~' &&
           c->at[n] != '-')
        n++;
    at.at += n;
    if (n == 0 || n > LABEL_CHARS || !take_text(&at, dashes))
        return false;
    *label = (struct perso_text) { (const char *)c->at, n };
    *c = at;
    return true;
}

static bool
same(struct perso_text text, const char *name)
{
    return text.bytes == strlen(name) && memcmp(text.at, name, text.bytes) == 0;
}

/* RFC 1421: "Proc-Type: 4,ENCRYPTED" on the first line. */
static bool
has_header(struct perso_cursor body)
{
    while (body.at != body.end && is_blank(*body.at))
        body.at++;
    for (; body.at != body.end && *body.at != '\n' && !starts_with(body, dashes); body.at++)
        if (*body.at == ':')
            return true;
    return false;
}

/* Base64 up to a dash or the end, white space anywhere. */
static bool
decode(struct perso_pem *p, uint8_t *room, size_t max, size_t *n, struct fault *fault)
{
    char quad[4];
    size_t held = 0, made = 3;

    for (*n = 0; p->left.at != p->left.end && *p->left.at != '-'; step(p)) {
        uint8_t byte = *p->left.at;
        if (is_blank(byte))
            continue;
        if (made != 3)
            return fault_at(fault, p, N_("Base64 goes on after its padding"));
        if (max - *n < 3)
            return fault_at(fault, p, N_("longer than anything that is read here"));
        quad[held++] = (char)byte;
        if (held < sizeof quad)
            continue;
        if (!perso_base64_decode(quad, sizeof quad, room + *n, &made))
            return fault_at(fault, p, N_("not Base64"));
        *n += made;
        held = 0;
    }
    if (held != 0)
        return fault_at(fault, p, N_("Base64 is cut"));
    return *n != 0 || fault_at(fault, p, N_("nothing in it"));
}

static void
skip_body(struct perso_pem *p)
{
    while (p->left.at != p->left.end && !starts_with(p->left, end))
        step(p);
}

/* -----END LABEL----- */
static bool
take_end(struct perso_pem *p, struct perso_text label, struct fault *fault)
{
    struct perso_cursor at = p->left;
    struct perso_text other;

    if (!take_text(&at, end) || !take_label(&at, &other))
        return fault_at(fault, p, N_("block without its END"));
    if (other.bytes != label.bytes || memcmp(other.at, label.at, label.bytes) != 0)
        return fault_at(fault, p, N_("END of another block than BEGIN"));
    p->left = at;
    return true;
}

static bool
take_block(struct perso_pem *p, uint8_t *room, size_t max, struct perso_pem_block *ret,
           struct fault *fault)
{
    size_t n = 0;

    *ret = (struct perso_pem_block) { .kind = PERSO_PEM_OTHER, .line = p->line };
    if (!take_text(&p->left, begin))
        return fault_at(fault, p, N_("END without a BEGIN"));
    if (!take_label(&p->left, &ret->label))
        return fault_at(fault, p, N_("BEGIN without a label and five dashes"));
    if (same(ret->label, "TRUSTED CERTIFICATE"))
        return fault_at(fault, p, N_("TRUSTED CERTIFICATE is a form of OpenSSL's own"));
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (same(ret->label, labels[i].label))
            ret->kind = labels[i].kind;
    if (ret->kind == PERSO_PEM_OTHER)
        skip_body(p);
    else if (has_header(p->left))
        return fault_at(fault, p, N_("header fields in the block, as of an encrypted one"));
    else if (!decode(p, room, max, &n, fault))
        return false;
    ret->der = perso_cursor_of(room, n);
    return take_end(p, ret->label, fault);
}

enum perso_result
perso_pem_next(struct perso_pem *pem, uint8_t *room, size_t max, struct perso_pem_block *ret,
               struct perso_error *err)
{
    struct perso_pem p = *pem;
    struct perso_pem_block block;
    struct fault fault = { 0 };

    if (!find_block(&p))
        return PERSO_END;
    if (!take_block(&p, room, max, &block, &fault)) {
        err->line = fault.line;
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "PEM", "%s", fault.text);
    }
    *pem = p;
    *ret = block;
    return PERSO_OK;
}

bool
perso_pem_bare(struct perso_cursor text, uint8_t *room, size_t max, struct perso_cursor *der)
{
    struct perso_pem p = perso_pem_of(text);
    struct fault fault;
    size_t n;

    if (!decode(&p, room, max, &n, &fault) || p.left.at != p.left.end)
        return false;
    *der = perso_cursor_of(room, n);
    return true;
}
