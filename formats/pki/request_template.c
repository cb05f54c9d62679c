#include "formats/pki/request_template.h"

#include <string.h>
#include <strings.h>

#include "formats/pki/der.h"
#include "formats/pki/der_write.h"
#include "formats/text/charset.h"
#include "perso/text.h"

#define VALUE_BYTES (128u * 4u) /* the largest upper bound, in UTF-8 */

enum { TYPE_C, TYPE_ST, TYPE_L, TYPE_O, TYPE_OU, TYPE_CN, TYPE_SERIAL_NUMBER, N_TYPES };

/* X.520 and RFC 5280 appendix A.1: id-at arc, upper bound in characters. */
static const struct {
    const char *name;
    uint8_t arc, max;
} types[N_TYPES] = {
    [TYPE_C] = { "C", 6, 2 },
    [TYPE_ST] = { "ST", 8, 128 },
    [TYPE_L] = { "L", 7, 128 },
    [TYPE_O] = { "O", 10, 64 },
    [TYPE_OU] = { "OU", 11, 64 },
    [TYPE_CN] = { "CN", 3, 64 },
    [TYPE_SERIAL_NUMBER] = { "serialNumber", 5, 64 },
};

/* The columns that a template may take, and the codes for values that a subject cannot have. */
static const struct {
    enum perso_column column;
    enum perso_reject empty, character, length;
} columns[] = {
    { PERSO_COL_AAZ501, PERSO_REJ_CARD_ID_SHAPE, PERSO_REJ_CARD_ID_SHAPE, PERSO_REJ_CARD_ID_SHAPE },
    { PERSO_COL_AAZ500, PERSO_REJ_CARD_NO_SHAPE, PERSO_REJ_CARD_NO_SHAPE, PERSO_REJ_CARD_NO_SHAPE },
    { PERSO_COL_AAC002, PERSO_REJ_SSN_LENGTH, PERSO_REJ_SSN_CHARACTER, PERSO_REJ_SSN_LENGTH },
    { PERSO_COL_AAC003, PERSO_REJ_NAME_EMPTY, PERSO_REJ_NAME_CHARACTER, PERSO_REJ_NAME_LENGTH },
    { PERSO_COL_AAB301, PERSO_REJ_DIVISION_SHAPE, PERSO_REJ_DIVISION_SHAPE,
      PERSO_REJ_DIVISION_SHAPE },
};

#define N_COLUMNS (sizeof columns / sizeof columns[0])

/* ---- values ---- */

/* Characters of a text; false where it is not UTF-8 or has a control. */
static bool
count_characters(struct perso_text text, size_t *ret)
{
    uint32_t scalar;

    *ret = 0;
    for (size_t at = 0, step; at < text.bytes; at += step, (*ret)++)
        if ((step = perso_utf8_next(text.at + at, text.bytes - at, &scalar)) == 0 ||
            perso_is_control(scalar))
            return false;
    return true;
}

static size_t
index_of(enum perso_column column)
{
    size_t i = 0;

    while (i < N_COLUMNS && columns[i].column != column)
        i++;
    return i;
}

/* One attribute's value, its parts joined. */
struct value {
    char at[VALUE_BYTES];
    size_t bytes, characters;
    enum perso_column longest; /* of the columns in it; OTHER: none */
    size_t longest_characters;
};

static struct perso_text
part_of(const struct perso_request_template *t, const struct perso_text *values, size_t part)
{
    enum perso_column column = t->parts[part].column;

    return column != PERSO_COLUMN_OTHER
               ? values[column]
               : (struct perso_text) { t->text + t->parts[part].at, t->parts[part].bytes };
}

static enum perso_result
check_part(enum perso_column column, struct perso_text text, size_t *characters,
           struct perso_error *err)
{
    bool sound = count_characters(text, characters);
    size_t i = index_of(column);

    if (column == PERSO_COLUMN_OTHER)
        return PERSO_OK; /* checked when it was compiled */
    if (text.bytes == 0)
        return perso_error_set(err, columns[i].empty, perso_column_code(column), "empty");
    if (!sound)
        return perso_error_set(err, columns[i].character, perso_column_code(column),
                               "not UTF-8, or a control character in it");
    return PERSO_OK;
}

static enum perso_result
too_long(uint8_t type, enum perso_column longest, size_t characters, struct perso_error *err)
{
    return perso_error_set(err, columns[index_of(longest)].length, perso_column_code(longest),
                           "%s would have %zu characters, want at most %u", types[type].name,
                           characters, types[type].max);
}

static enum perso_result
join_value(const struct perso_request_template *t, size_t attribute,
           const struct perso_text *values, struct value *ret, struct perso_error *err)
{
    uint8_t first = t->attributes[attribute].first, type = t->attributes[attribute].type;
    enum perso_result rc;

    ret->bytes = ret->characters = ret->longest_characters = 0;
    ret->longest = PERSO_COLUMN_OTHER;
    for (size_t i = first; i < (size_t)first + t->attributes[attribute].n; i++) {
        struct perso_text text = part_of(t, values, i);
        size_t characters;
        if ((rc = check_part(t->parts[i].column, text, &characters, err)) != PERSO_OK)
            return rc;
        if (t->parts[i].column != PERSO_COLUMN_OTHER && characters > ret->longest_characters) {
            ret->longest = t->parts[i].column;
            ret->longest_characters = characters;
        }
        ret->characters += characters;
        if (ret->characters <= types[type].max) {
            memcpy(ret->at + ret->bytes, text.at, text.bytes);
            ret->bytes += text.bytes;
        }
    }
    return ret->characters <= types[type].max ? PERSO_OK
                                              : too_long(type, ret->longest, ret->characters, err);
}

/* ---- DER ---- */

/* X.680 41.4 */
static bool
is_printable(const struct value *value)
{
    for (size_t i = 0; i < value->bytes; i++) {
        char c = value->at[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr(" '()+,-./:=?", c) != NULL)))
            return false;
    }
    return true;
}

/* RelativeDistinguishedName ::= SET { SEQUENCE { type, value } } */
static void
put_attribute(struct perso_der_writer *w, uint8_t type, const struct value *value)
{
    const uint8_t oid[] = { 0x55, 0x04, types[type].arc };
    bool printable = (type == TYPE_C || type == TYPE_SERIAL_NUMBER) && is_printable(value);
    size_t mark = perso_der_mark(w);

    perso_der_put_element(w, printable ? PERSO_DER_PRINTABLE_STRING : PERSO_DER_UTF8_STRING,
                          value->at, value->bytes);
    perso_der_put_element(w, PERSO_DER_OID, oid, sizeof oid);
    perso_der_put_header(w, PERSO_DER_SEQUENCE, mark);
    perso_der_put_header(w, PERSO_DER_SET, mark);
}

static void
put_key(struct perso_der_writer *w, const uint8_t public_key[PERSO_POINT_BYTES])
{
    static const uint8_t algorithm[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                         0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d };
    static const uint8_t uncompressed[] = { 0x00, 0x04 };
    size_t mark = perso_der_mark(w), point = mark;

    perso_der_put(w, public_key, PERSO_POINT_BYTES);
    perso_der_put(w, uncompressed, sizeof uncompressed);
    perso_der_put_header(w, PERSO_DER_BIT_STRING, point);
    perso_der_put(w, algorithm, sizeof algorithm);
    perso_der_put_header(w, PERSO_DER_SEQUENCE, mark);
}

enum perso_result
perso_request_info(const struct perso_request_template *compiled,
                   const struct perso_text values[PERSO_COLUMN_COUNT],
                   const uint8_t public_key[PERSO_POINT_BYTES], uint8_t *out, size_t max, size_t *n,
                   struct perso_error *err)
{
    static const uint8_t version[] = { 0 };
    struct perso_der_writer w = perso_der_writer_of(out, max);
    struct value value;
    enum perso_result rc;
    size_t name;

    for (size_t i = 0; i < compiled->n_attributes; i++) /* of several faults the first is told */
        if ((rc = join_value(compiled, i, values, &value, err)) != PERSO_OK)
            return rc;
    perso_der_put_element(&w, PERSO_DER_CONTEXT(0), NULL, 0);
    put_key(&w, public_key);
    name = perso_der_mark(&w);
    for (size_t i = compiled->n_attributes; i-- > 0;) {
        join_value(compiled, i, values, &value, err);
        put_attribute(&w, compiled->attributes[i].type, &value);
    }
    perso_der_put_header(&w, PERSO_DER_SEQUENCE, name);
    perso_der_put_element(&w, PERSO_DER_INTEGER, version, sizeof version);
    perso_der_put_header(&w, PERSO_DER_SEQUENCE, 0);
    return perso_der_written(&w, n)
               ? PERSO_OK
               : perso_error_set(err, PERSO_REJ_NONE, "", "no room for the request");
}

/* ---- the template ---- */

/* What is left of the text, and what was made of it. */
struct compiler {
    const char *at, *end;
    struct perso_request_template made;
    size_t text_bytes;
    struct perso_error *err;
};

static enum perso_result
read_type(struct compiler *c, uint8_t *type)
{
    const char *begin;

    while (c->at != c->end && *c->at == ' ')
        c->at++;
    for (begin = c->at; c->at != c->end && *c->at != '=' && *c->at != ',';)
        c->at++;
    if (c->at == c->end || *c->at != '=')
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "TYPE=VALUE expected: %.*s",
                               (int)(c->at - begin), begin);
    size_t n = (size_t)(c->at - begin);
    for (*type = 0; *type < N_TYPES; (*type)++)
        if (strlen(types[*type].name) == n && strncasecmp(types[*type].name, begin, n) == 0)
            break;
    if (*type == N_TYPES)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject",
                               "%.*s is none of C, ST, L, O, OU, CN, serialNumber", (int)n, begin);
    c->at++;
    for (size_t i = 0; i < c->made.n_attributes; i++)
        if (c->made.attributes[i].type == *type && *type != TYPE_OU)
            return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "%s stands twice",
                                   types[*type].name);
    return PERSO_OK;
}

static enum perso_result
add_part(struct compiler *c, enum perso_column column, size_t at, size_t bytes)
{
    if (c->made.n_parts == PERSO_TEMPLATE_PARTS)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "too many parts");
    c->made.parts[c->made.n_parts].column = column;
    c->made.parts[c->made.n_parts].at = (uint16_t)at;
    c->made.parts[c->made.n_parts].bytes = (uint16_t)bytes;
    c->made.n_parts++;
    return PERSO_OK;
}

/* {COLUMN} */
static enum perso_result
read_column(struct compiler *c, uint8_t type)
{
    const char *begin = c->at + 1, *close = memchr(begin, '}', (size_t)(c->end - begin));
    struct perso_text name;

    if (close == NULL)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "{ without }");
    name = (struct perso_text) { begin, (uint32_t)(close - begin) };
    enum perso_column column = perso_column_find(name);
    if (index_of(column) == N_COLUMNS)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject",
                               "{%.*s} is none of {AAZ501}, {AAZ500}, {AAC002}, {AAC003}, {AAB301}",
                               (int)name.bytes, name.at);
    if (type == TYPE_C)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "C takes no column");
    c->at = close + 1;
    return add_part(c, column, 0, 0);
}

/* Text up to a comma, a column or the end. */
static enum perso_result
read_text(struct compiler *c)
{
    size_t begin = c->text_bytes;

    for (; c->at != c->end && *c->at != ',' && *c->at != '{'; c->at++) {
        if (*c->at == '=' || *c->at == '}')
            return perso_error_set(c->err, PERSO_REJ_NONE, "subject",
                                   "%c in a value: \\%c is meant?", *c->at, *c->at);
        if (*c->at == '\\' && (++c->at == c->end || strchr(",=\\{}", *c->at) == NULL))
            return perso_error_set(c->err, PERSO_REJ_NONE, "subject",
                                   "\\ stands before none of , = \\ { }");
        c->made.text[c->text_bytes++] = *c->at;
    }
    return add_part(c, PERSO_COLUMN_OTHER, begin, c->text_bytes - begin);
}

/* ISO 3166-1 alpha-2, in its form; C has one part, text. */
static bool
is_country(const struct perso_request_template *t, uint8_t part)
{
    const char *at = t->text + t->parts[part].at;

    if (t->parts[part].bytes != 2)
        return false;
    for (int i = 0; i < 2; i++)
        if (!((at[i] >= 'A' && at[i] <= 'Z') || (at[i] >= 'a' && at[i] <= 'z')))
            return false;
    return true;
}

/* What can be said of a value before a card is there. */
static enum perso_result
check_text(struct compiler *c, uint8_t type, uint8_t first)
{
    size_t characters, all = 0;
    bool has_column = false;

    for (size_t i = first; i < c->made.n_parts; i++) {
        struct perso_text text = { c->made.text + c->made.parts[i].at, c->made.parts[i].bytes };
        has_column = has_column || c->made.parts[i].column != PERSO_COLUMN_OTHER;
        if (!count_characters(text, &characters))
            return perso_error_set(c->err, PERSO_REJ_NONE, "subject",
                                   "%s is not UTF-8, or has a control character", types[type].name);
        all += characters;
    }
    if (all == 0 && !has_column)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "%s is empty", types[type].name);
    if (all > types[type].max)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject",
                               "%s has %zu characters, want at most %u", types[type].name, all,
                               types[type].max);
    if (type == TYPE_C && !is_country(&c->made, first))
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "C is two letters");
    return PERSO_OK;
}

static enum perso_result
read_attribute(struct compiler *c)
{
    uint8_t type = N_TYPES, first = c->made.n_parts;
    enum perso_result rc;

    if (c->made.n_attributes == PERSO_TEMPLATE_ATTRIBUTES)
        return perso_error_set(c->err, PERSO_REJ_NONE, "subject", "too many parts");
    if ((rc = read_type(c, &type)) != PERSO_OK)
        return rc;
    while (c->at != c->end && *c->at != ',')
        if ((rc = *c->at == '{' ? read_column(c, type) : read_text(c)) != PERSO_OK)
            return rc;
    if ((rc = check_text(c, type, first)) != PERSO_OK)
        return rc;
    c->made.attributes[c->made.n_attributes].type = type;
    c->made.attributes[c->made.n_attributes].first = first;
    c->made.attributes[c->made.n_attributes].n = (uint8_t)(c->made.n_parts - first);
    c->made.n_attributes++;
    return PERSO_OK;
}

enum perso_result
perso_request_template_read(struct perso_text text, struct perso_request_template *ret,
                            struct perso_error *err)
{
    struct compiler c = { .at = text.at, .end = text.at + text.bytes, .err = err };
    enum perso_result rc;

    if (text.bytes > PERSO_TEMPLATE_BYTES)
        return perso_error_set(err, PERSO_REJ_NONE, "subject", "have %u bytes, want at most %u",
                               text.bytes, PERSO_TEMPLATE_BYTES);
    for (;;) {
        if ((rc = read_attribute(&c)) != PERSO_OK)
            return rc;
        if (c.at == c.end)
            break;
        c.at++; /* the comma: another one follows */
    }
    *ret = c.made;
    return PERSO_OK;
}

bool
perso_request_template_has(const struct perso_request_template *compiled, enum perso_column column)
{
    for (size_t i = 0; i < compiled->n_parts; i++)
        if (compiled->parts[i].column == column)
            return true;
    return false;
}
