#include "tests/formats/pki/der_mutant.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <string.h>

#define ELEMENTS_MAX 256

/* Some bytes out, some in, at one place. */
struct edit {
    size_t at, out, n;
    uint8_t in[512];
};

uint64_t
mutant_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static size_t
below(uint64_t *state, size_t n)
{
    return (size_t)(mutant_random(state) >> 33) % n;
}

static void
splice(const struct made *from, size_t begin, size_t end, const struct edit *edit, struct made *to)
{
    size_t after = edit->at + edit->out < end ? edit->at + edit->out : end;

    made_add(to, from->at + begin, edit->at - begin);
    made_add(to, edit->in, edit->n);
    made_add(to, from->at + after, end - after);
}

/* The elements from begin to end; the one that has the edit in its contents gets a new length. */
static void
rewrite(const struct made *from, size_t begin, size_t end, const struct edit *edit, struct made *to)
{
    for (size_t at = begin; at < end;) {
        const uint8_t *body = from->at + at;
        long length;
        int tag, xclass;
        int flags = ASN1_get_object(&body, &length, &tag, &xclass, (long)(end - at));
        size_t contents = (size_t)(body - from->at), stop = contents + (size_t)length;
        if ((flags & 0x81) != 0 || edit->at == at || (edit->at > at && edit->at < contents)) {
            splice(from, at, end, edit, to);
            return;
        }
        if (edit->at >= stop && !(edit->at == stop && stop == end)) {
            made_add(to, from->at + at, stop - at);
            at = stop;
            continue;
        }
        struct made inner;
        inner.n = 0;
        if ((flags & V_ASN1_CONSTRUCTED) != 0)
            rewrite(from, contents, stop, edit, &inner);
        else
            splice(from, contents, stop, edit, &inner);
        if (contents == stop) /* nothing was in it */
            made_add(&inner, edit->in, edit->n);
        made_add_tlv(to, from->at[at], inner.at, inner.n);
        made_add(to, from->at + stop, end - stop);
        return;
    }
}

/* Where the elements of all levels begin and end. */
static size_t
list_elements(const struct made *in, size_t begin, size_t end, size_t (*list)[2], size_t n)
{
    while (begin < end && n < ELEMENTS_MAX) {
        const uint8_t *body = in->at + begin;
        long length;
        int tag, xclass;
        int flags = ASN1_get_object(&body, &length, &tag, &xclass, (long)(end - begin));
        if ((flags & 0x81) != 0)
            break;
        size_t contents = (size_t)(body - in->at), stop = contents + (size_t)length;
        list[n][0] = begin;
        list[n][1] = stop;
        n++;
        if ((flags & V_ASN1_CONSTRUCTED) != 0)
            n = list_elements(in, contents, stop, list, n);
        begin = stop;
    }
    return n;
}

/* An element left out, doubled, or one of another put in its place or before it. */
static bool
edit_element(uint64_t *state, const struct made *in, const struct made *other, struct edit *edit)
{
    size_t list[ELEMENTS_MAX][2], others[ELEMENTS_MAX][2];
    size_t n = list_elements(in, 0, in->n, list, 0);
    size_t m = list_elements(other, 0, other->n, others, 0);

    ERR_clear_error();
    if (n < 2 || m < 2)
        return false;
    const size_t *one = list[1 + below(state, n - 1)], *two = others[1 + below(state, m - 1)];
    size_t kind = below(state, 4);
    *edit = (struct edit) { .at = one[0], .out = kind % 2 == 0 ? one[1] - one[0] : 0 };
    if (kind == 0)
        return true;
    const uint8_t *from = kind == 1 ? in->at + one[0] : other->at + two[0];
    edit->n = kind == 1 ? one[1] - one[0] : two[1] - two[0];
    if (edit->n > sizeof edit->in)
        return false;
    memcpy(edit->in, from, edit->n);
    return true;
}

static void
edit_bytes(uint64_t *state, const struct made *in, struct edit *edit)
{
    static const uint8_t usual[] = { 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x0c, 0x13, 0x1e, 0x1f,
                                     0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xa3, 0xff };

    *edit = (struct edit) { .at = below(state, in->n), .out = below(state, 4) };
    edit->n = below(state, 4);
    for (size_t i = 0; i < edit->n; i++)
        edit->in[i] = below(state, 2) == 0 ? usual[below(state, sizeof usual)]
                                           : (uint8_t)mutant_random(state);
}

static void
change(uint64_t *state, const struct made *sound, size_t n, struct made *made)
{
    struct made out;
    struct edit edit;

    if (made->n == 0)
        return;
    out.n = 0;
    switch (below(state, 8)) {
    case 0:
    case 1:
        made->at[below(state, made->n)] ^= (uint8_t)(1u << below(state, 8));
        return;
    case 2:
        made->n = below(state, 64) == 0 ? below(state, made->n) : made->n;
        return;
    case 3:
        edit_bytes(state, made, &edit);
        splice(made, 0, made->n, &edit, &out);
        break;
    case 4:
    case 5:
        edit_bytes(state, made, &edit);
        rewrite(made, 0, made->n, &edit, &out);
        break;
    default:
        if (!edit_element(state, made, &sound[below(state, n)], &edit))
            return;
        rewrite(made, 0, made->n, &edit, &out);
        break;
    }
    ERR_clear_error();
    memcpy(made->at, out.at, out.n);
    made->n = out.n;
}

void
mutant_make(uint64_t *state, const struct made *sound, size_t n, struct made *out)
{
    const struct made *from = &sound[below(state, n)];
    size_t changes = 1 + below(state, 3);

    memcpy(out->at, from->at, from->n);
    out->n = from->n;
    while (changes-- > 0)
        change(state, sound, n, out);
}
