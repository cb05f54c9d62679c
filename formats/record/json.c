#include "formats/record/json.h"

#include <string.h>

#include "perso/text.h"

static enum perso_result
refuse(const struct perso_json *j, struct perso_error *err, enum perso_reject reject,
       const char *text)
{
    err->line = j->line;
    return perso_error_set(err, reject, "JSON", "%s", text);
}

static enum perso_result
not_json(const struct perso_json *j, struct perso_error *err, const char *text)
{
    return refuse(j, err, PERSO_REJ_FILE_FORMAT, text);
}

void
perso_json_init(struct perso_json *json, const struct perso_record_options *options,
                struct perso_tree *tree)
{
    json->options = options;
    json->tree = tree;
    json->line = 1;
    json->fresh = true;
}

static struct perso_json_level *
top(struct perso_json *j)
{
    return &j->levels[j->depth - 1];
}

/* A value is complete. */
static void
done(struct perso_json *j)
{
    j->member = PERSO_COLUMN_OTHER;
    j->expects = j->depth != 0 ? PERSO_JSON_COMMA : PERSO_JSON_DOCUMENT;
    j->fresh = false;
}

/* ---- strings and words ---- */

static void
begin_token(struct perso_json *j, bool name, bool kept, uint32_t max)
{
    struct perso_json_token *t = &j->token;
    t->name = name;
    t->kept = kept;
    t->line = j->line;
    t->bytes = 0;
    t->max = max;
    t->escape = 0;
    t->unit = t->high = 0;
}

static enum perso_result
add(struct perso_json *j, const char *bytes, size_t n, struct perso_error *err)
{
    struct perso_json_token *t = &j->token;

    if (!t->kept)
        return PERSO_OK;
    if (n > t->max - t->bytes) {
        err->line = t->line;
        return perso_error_set(err, PERSO_REJ_TEXT_LINE,
                               t->name ? "JSON" : perso_column_code(j->member), "%s",
                               t->name ? N_("name is too long") : N_("value is too long"));
    }
    memcpy(t->at + t->bytes, bytes, n);
    t->bytes += (uint32_t)n;
    return PERSO_OK;
}

static enum perso_result
add_scalar(struct perso_json *j, uint32_t scalar, struct perso_error *err)
{
    char utf8[4];
    return add(j, utf8, perso_utf8_put(scalar, utf8), err);
}

/* Four digits of \u are there (RFC 8259 7): a character, or half of one. */
static enum perso_result
add_unit(struct perso_json *j, struct perso_error *err)
{
    struct perso_json_token *t = &j->token;
    uint32_t unit = t->unit, high = t->high;
    bool low = unit >= 0xdc00 && unit <= 0xdfff;

    t->escape = 0;
    t->high = 0;
    if (low != (high != 0))
        return not_json(j, err, N_("half of a surrogate pair"));
    if (unit == 0)
        return refuse(j, err, PERSO_REJ_TEXT_NUL, "");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        t->high = unit;
        return PERSO_OK;
    }
    return add_scalar(j, low ? 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00) : unit, err);
}

static enum perso_result
add_escaped(struct perso_json *j, char c, struct perso_error *err)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    struct perso_json_token *t = &j->token;

    if (t->escape == 1) {
        const char *at = memchr(letters, c, sizeof letters - 1);
        t->unit = 0;
        t->escape = c == 'u' ? 2 : 0;
        if (c != 'u' && t->high != 0)
            return not_json(j, err, N_("half of a surrogate pair"));
        if (c == 'u')
            return PERSO_OK;
        return at != NULL ? add(j, means + (at - letters), 1, err)
                          : not_json(j, err, N_("escape that JSON does not have"));
    }
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0)
        return not_json(j, err, N_("escape that JSON does not have"));
    t->unit = t->unit << 4 | (uint32_t)digit;
    return ++t->escape == 6 ? add_unit(j, err) : PERSO_OK;
}

/* FNV-1a, 64 bits. */
static uint64_t
digest(const char *at, uint32_t n)
{
    uint64_t ret = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < n; i++)
        ret = (ret ^ (uint8_t)at[i]) * UINT64_C(1099511628211);
    return ret;
}

static enum perso_result
end_name(struct perso_json *j, struct perso_error *err)
{
    struct perso_json_level *level = top(j);
    struct perso_text name = { j->token.at, j->token.bytes };
    uint64_t d = digest(name.at, name.bytes);

    j->member = perso_alias_find(j->options->aliases, j->options->n_aliases, name);
    for (uint16_t i = 0; i < level->n_names; i++)
        if (level->names[i] == d) {
            err->line = j->token.line;
            return perso_error_set(err, PERSO_REJ_COLUMN_TWICE, perso_column_code(j->member), "%s",
                                   N_("a name stands twice in an object"));
        }
    if (level->n_names == PERSO_RECORD_NAMES)
        return refuse(j, err, PERSO_REJ_TEXT_COLUMNS, N_("too many names in an object"));
    level->names[level->n_names++] = d;
    j->expects = PERSO_JSON_COLON;
    return PERSO_OK;
}

/* The scalar in the token is the member's; of an array's elements and unknown members nothing. */
static enum perso_result
end_value(struct perso_json *j, struct perso_error *err)
{
    struct perso_text value = { j->token.at, j->token.bytes };
    enum perso_result rc = PERSO_OK;

    if (j->member != PERSO_COLUMN_OTHER)
        rc = perso_tree_field(j->tree, j->member, value, j->token.line, err);
    done(j);
    return rc;
}

static size_t
plain_run(const char *at, size_t n)
{
    size_t i = 0;
    while (i < n && at[i] != '"' && at[i] != '\\' && (uint8_t)at[i] >= 0x20)
        i++;
    return i;
}

/* Some of a string; *used bytes of at[0..n). */
static enum perso_result
in_string(struct perso_json *j, const char *at, size_t n, size_t *used, struct perso_error *err)
{
    struct perso_json_token *t = &j->token;

    *used = 1;
    if (t->escape != 0)
        return add_escaped(j, *at, err);
    if (*at == '\\') {
        t->escape = 1;
        return PERSO_OK;
    }
    if (t->high != 0)
        return not_json(j, err, N_("half of a surrogate pair"));
    if (*at == '"')
        return t->name ? end_name(j, err) : end_value(j, err);
    if ((*used = plain_run(at, n)) == 0)
        return not_json(j, err, N_("control character in a string"));
    return add(j, at, *used, err);
}

static size_t
digits(const char *at, size_t n)
{
    size_t i = 0;
    while (i < n && at[i] >= '0' && at[i] <= '9')
        i++;
    return i;
}

/* RFC 8259 6. */
static bool
is_number(const char *at, size_t n)
{
    const char *end = at + n;
    size_t run;

    at += at != end && *at == '-';
    run = digits(at, (size_t)(end - at));
    if (run == 0 || (*at == '0' && run > 1))
        return false;
    at += run;
    if (at != end && *at == '.') {
        at++;
        if ((run = digits(at, (size_t)(end - at))) == 0)
            return false;
        at += run;
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at != end && (*at == '+' || *at == '-');
        if ((run = digits(at, (size_t)(end - at))) == 0)
            return false;
        at += run;
    }
    return at == end;
}

static bool
is_word(const struct perso_json_token *t, const char *word)
{
    return t->bytes == strlen(word) && memcmp(t->at, word, t->bytes) == 0;
}

static enum perso_result
end_word(struct perso_json *j, struct perso_error *err)
{
    struct perso_json_token *t = &j->token;
    bool empty = is_word(t, "null");

    if (!empty && !is_word(t, "true") && !is_word(t, "false") && !is_number(t->at, t->bytes))
        return not_json(j, err, N_("neither a number nor true, false or null"));
    if (j->member != PERSO_COLUMN_OTHER && !empty && perso_tree_of_card(j->member)) {
        err->line = t->line;
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, perso_column_code(j->member), "%s",
                               N_("a number or true or false, where a string is expected"));
    }
    if (empty)
        t->bytes = 0;
    return end_value(j, err);
}

static bool
is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

/* ---- objects and arrays ---- */

static enum perso_result
open_level(struct perso_json *j, bool object, struct perso_error *err)
{
    bool entry = j->depth == 0 || !top(j)->object;

    if (j->depth == PERSO_RECORD_DEPTH)
        return not_json(j, err, N_("nested too deep"));
    if (j->member != PERSO_COLUMN_OTHER && perso_tree_of_card(j->member)) {
        err->line = j->line;
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, perso_column_code(j->member), "%s",
                               N_("an object or array, where a string is expected"));
    }
    j->member = PERSO_COLUMN_OTHER;
    j->depth++;
    top(j)->object = object;
    top(j)->n_names = 0;
    if (object)
        perso_tree_open(j->tree, j->line, entry);
    j->expects = object ? PERSO_JSON_FIRST_NAME : PERSO_JSON_FIRST_VALUE;
    return PERSO_OK;
}

static enum perso_result
close_level(struct perso_json *j, bool object, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (top(j)->object != object)
        return not_json(j, err, N_("brackets and braces do not match"));
    if (object)
        rc = perso_tree_close(j->tree, err);
    j->depth--;
    j->lines = object;
    done(j);
    return rc;
}

static enum perso_result
begin_value(struct perso_json *j, char c, struct perso_error *err)
{
    bool kept = j->member != PERSO_COLUMN_OTHER;

    switch (c) {
    case '{':
        return open_level(j, true, err);
    case '[':
        return open_level(j, false, err);
    case '"':
        begin_token(j, false, kept, sizeof j->token.at);
        j->expects = PERSO_JSON_IN_STRING;
        return PERSO_OK;
    default:
        if (!is_word_byte(c))
            return not_json(j, err, N_("no value where one is expected"));
        begin_token(j, false, true, PERSO_RECORD_NAME_BYTES);
        j->expects = PERSO_JSON_IN_WORD;
        return add(j, &c, 1, err);
    }
}

static enum perso_result
begin_document(struct perso_json *j, char c, struct perso_error *err)
{
    if (j->any && (!j->lines || !j->fresh || c != '{'))
        return not_json(j, err, N_("something after the end"));
    if (c != '{' && c != '[')
        return not_json(j, err, N_("neither an object nor an array"));
    j->any = true;
    return begin_value(j, c, err);
}

static enum perso_result
begin_name(struct perso_json *j, char c, struct perso_error *err)
{
    if (c != '"')
        return not_json(j, err, N_("no name where one is expected"));
    begin_token(j, true, true, PERSO_RECORD_NAME_BYTES);
    j->expects = PERSO_JSON_IN_STRING;
    return PERSO_OK;
}

/* A byte outside strings and words that is no white space. */
static enum perso_result
between(struct perso_json *j, char c, struct perso_error *err)
{
    bool ends = c == '}' || c == ']';

    switch (j->expects) {
    case PERSO_JSON_DOCUMENT:
        return begin_document(j, c, err);
    case PERSO_JSON_FIRST_VALUE:
        return ends ? close_level(j, c == '}', err) : begin_value(j, c, err);
    case PERSO_JSON_FIRST_NAME:
        return ends ? close_level(j, c == '}', err) : begin_name(j, c, err);
    case PERSO_JSON_NAME:
        return begin_name(j, c, err);
    case PERSO_JSON_COLON:
        j->expects = PERSO_JSON_VALUE;
        return c == ':' ? PERSO_OK : not_json(j, err, N_("no colon behind a name"));
    case PERSO_JSON_COMMA:
        if (ends)
            return close_level(j, c == '}', err);
        j->expects = top(j)->object ? PERSO_JSON_NAME : PERSO_JSON_VALUE;
        return c == ',' ? PERSO_OK : not_json(j, err, N_("no comma between two values"));
    default:
        return begin_value(j, c, err);
    }
}

static bool
is_blank(struct perso_json *j, char c)
{
    if (c == '\n') {
        j->line++;
        j->fresh = true;
    }
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum perso_result
perso_json_feed(struct perso_json *json, struct perso_text text, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0, used; i < text.bytes && rc == PERSO_OK; i += used) {
        char c = text.at[i];
        used = 1;
        if (json->expects == PERSO_JSON_IN_STRING)
            rc = in_string(json, text.at + i, text.bytes - i, &used, err);
        else if (json->expects != PERSO_JSON_IN_WORD) {
            if (!is_blank(json, c))
                rc = between(json, c, err);
        } else if (is_word_byte(c))
            rc = add(json, &c, 1, err);
        else {
            used = 0; /* the byte is looked at again */
            rc = end_word(json, err);
        }
    }
    return rc;
}

enum perso_result
perso_json_finish(struct perso_json *json, struct perso_error *err)
{
    if (json->expects != PERSO_JSON_DOCUMENT)
        return not_json(json, err, N_("cut: the end is missing"));
    return json->any ? PERSO_OK : refuse(json, err, PERSO_REJ_FILE_EMPTY, "");
}
