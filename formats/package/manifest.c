#include "formats/package/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/package/container.h"
#include "perso/mode.h"
#include "perso/text.h"

#define FORMAT "persoline-package-1"
#define MANIFEST_NAME "manifest.json"

static const char *const package_keys[] = { "format",   "kind",  "sender", "recipient", "division",
                                            "vendor",   "batch", "mode",   "date",      "sequence",
                                            "previous", "final", "cards",  "members",   NULL };
static const char *const member_keys[] = { "name", "bytes", "rows", "sm3", NULL };
static const char *const kinds[] = { "APP", "REQ", "RET", "FWD", "HLD", "RES", "RMK", "RVK" };

static enum perso_result
wrong(struct perso_error *err, const char *key, const char *text)
{
    return perso_error_set(err, PERSO_REJ_MANIFEST_SYNTAX, key, "%s", text);
}

static bool
is_digits(const char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

static bool
is_word(const char *text, const char *others, bool utf8)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || strchr(others, *c) != NULL;
        if (!plain && !(utf8 && (unsigned char)*c >= 0x80))
            return false;
    }
    return text[0] != '\0';
}

/* A party's name becomes a file name, peers/NAME.cer, and is shown to people. */
static bool
is_party(const char *text)
{
    return perso_text_is_plain(text) && is_word(text, "._-", true) && text[0] != '.';
}

static bool
is_division(const char *text)
{
    size_t n = strlen(text);
    return (n == 6 || n == 8 || n == 10) && is_digits(text, 0, n);
}

static bool
is_date(const char *text)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !is_digits(text, 0, 4) ||
        !is_digits(text, 5, 7) || !is_digits(text, 8, 10))
        return false;
    int y = atoi(text), m = atoi(text + 5), d = atoi(text + 8);
    if (y < 1980 || m < 1 || m > 12) /* a zip has no earlier year */
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

static bool
is_kind(const char *text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(text, kinds[i]) == 0)
            return true;
    return false;
}

static enum perso_result
check_members(const struct perso_manifest *m, struct perso_error *err)
{
    struct perso_name_set names = { 0 };
    enum perso_result rc = perso_name_set_add(&names, MANIFEST_NAME, err);

    for (uint32_t i = 0; i < m->n_members && rc == PERSO_OK; i++) {
        const struct perso_manifest_member *one = &m->members[i];
        if (!perso_member_name_ok(one->name, strlen(one->name)))
            rc = wrong(err, "name", "not a name of a member");
        else if (one->bytes > PERSO_ARCHIVE_ENTRY_BYTES)
            rc = wrong(err, "bytes", "too many");
        else if (one->rows > PERSO_FILE_ROWS)
            rc = wrong(err, "rows", "too many");
        else if ((rc = perso_name_set_add(&names, one->name, err)) == PERSO_REJECT)
            rc = wrong(err, "name", "member stands twice");
    }
    perso_name_set_free(&names);
    return rc;
}

/* What reader and writer hold to; the shapes of C have been seen to before. */
static enum perso_result
check(const struct perso_manifest *m, struct perso_error *err)
{
    if (!is_kind(m->kind))
        return wrong(err, "kind", "not known");
    if (!is_party(m->sender))
        return wrong(err, "sender", "not a name of a party");
    if (!is_party(m->recipient))
        return wrong(err, "recipient", "not a name of a party");
    if (!is_division(m->division))
        return wrong(err, "division", "not 6, 8 or 10 digits");
    if (!is_party(m->vendor))
        return wrong(err, "vendor", "not a name of a party");
    if (!is_word(m->batch, "_-", false))
        return wrong(err, "batch", "not letters, digits, _ and -");
    if (perso_mode_find(m->mode) == NULL)
        return wrong(err, "mode", "not 1 to 5");
    if (!is_date(m->date))
        return wrong(err, "date", "not YYYY-MM-DD");
    if (m->sequence == 0)
        return wrong(err, "sequence", "less than 1");
    if (m->has_previous && m->sequence == 1)
        return wrong(err, "previous", "nothing is before number 1");
    if (m->cards > PERSO_JOB_CARDS)
        return wrong(err, "cards", "too many");
    if (m->n_members > PERSO_PACKAGE_MEMBERS)
        return wrong(err, "members", "too many");
    return check_members(m, err);
}

static json_t *
hex_json(const uint8_t sm3[PERSO_SM3_BYTES])
{
    char hex[2 * PERSO_SM3_BYTES + 1];
    perso_hex_lower(sm3, PERSO_SM3_BYTES, hex);
    return json_string(hex);
}

/* The text of a document, which is taken over; keys sorted, so that same content is same bytes. */
static enum perso_result
dump(json_t *root, char **ret, size_t *n, struct perso_error *err)
{
    char *text = root != NULL ? json_dumps(root, JSON_SORT_KEYS | JSON_INDENT(2)) : NULL;
    size_t have = text != NULL ? strlen(text) : 0;
    char *out = text != NULL ? malloc(have + 2) : NULL;

    if (out != NULL) {
        memcpy(out, text, have);
        memcpy(out + have, "\n", 2);
    }
    free(text);
    json_decref(root);
    if (out == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "manifest: no memory, or not UTF-8");
    *ret = out;
    *n = have + 1;
    return PERSO_OK;
}

static json_t *
members_json(const struct perso_manifest *m)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < m->n_members && list != NULL; i++) {
        const struct perso_manifest_member *one = &m->members[i];
        json_t *object =
            json_pack("{s:s, s:I, s:I, s:o}", "name", one->name, "bytes", (json_int_t)one->bytes,
                      "rows", (json_int_t)one->rows, "sm3", hex_json(one->sm3));
        if (json_array_append_new(list, object) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

enum perso_result
perso_manifest_write(const struct perso_manifest *m, char **ret, size_t *n, struct perso_error *err)
{
    enum perso_result rc = check(m, err);

    if (rc != PERSO_OK)
        return rc;
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:o, s:b, s:I, s:o}", "format", FORMAT,
        "kind", m->kind, "sender", m->sender, "recipient", m->recipient, "division", m->division,
        "vendor", m->vendor, "batch", m->batch, "mode", m->mode, "date", m->date, "sequence",
        (json_int_t)m->sequence, "previous", m->has_previous ? hex_json(m->previous) : json_null(),
        "final", m->final, "cards", (json_int_t)m->cards, "members", members_json(m));
    char *text = NULL;
    size_t have = 0;
    if ((rc = dump(root, &text, &have, err)) != PERSO_OK)
        return rc;
    if (have > PERSO_MANIFEST_BYTES) {
        free(text);
        return perso_error_set(err, PERSO_REJ_MANIFEST_SYNTAX, "", "have %zu bytes, at most %u",
                               have, PERSO_MANIFEST_BYTES);
    }
    *ret = text;
    *n = have;
    return PERSO_OK;
}

static enum perso_result
get_text(const json_t *object, const char *key, char *out, size_t max, struct perso_error *err)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL)
        return wrong(err, key, "not a text");
    if (strlen(text) >= max)
        return wrong(err, key, "too long");
    snprintf(out, max, "%s", text);
    return PERSO_OK;
}

static enum perso_result
get_number(const json_t *object, const char *key, uint64_t max, uint64_t *ret,
           struct perso_error *err)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return wrong(err, key, "not a whole number from 0");
    if ((uint64_t)json_integer_value(value) > max)
        return wrong(err, key, "too large");
    *ret = (uint64_t)json_integer_value(value);
    return PERSO_OK;
}

static enum perso_result
get_u32(const json_t *object, const char *key, uint32_t *ret, struct perso_error *err)
{
    uint64_t number = 0;
    enum perso_result rc = get_number(object, key, UINT32_MAX, &number, err);

    if (rc == PERSO_OK)
        *ret = (uint32_t)number;
    return rc;
}

/* Lower case only: one digest has one text. */
static enum perso_result
get_sm3(const json_t *object, const char *key, uint8_t out[PERSO_SM3_BYTES],
        struct perso_error *err)
{
    const char *hex = json_string_value(json_object_get(object, key));

    if (hex == NULL || !perso_hex_decode(hex, strlen(hex), out, PERSO_SM3_BYTES) ||
        strpbrk(hex, "ABCDEF") != NULL)
        return wrong(err, key, "not 64 lower-case hexadecimal digits");
    return PERSO_OK;
}

static enum perso_result
only_keys(const json_t *object, const char *const *keys, struct perso_error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return wrong(err, "", "not an object");
    for (size_t i = 0; keys[i] != NULL; i++)
        if (json_object_get(object, keys[i]) == NULL)
            return wrong(err, keys[i], "missing");
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(key, keys[i]) != 0)
            i++;
        if (keys[i] == NULL)
            return wrong(err, key, "not known");
    }
    return PERSO_OK;
}

static enum perso_result
read_member(const json_t *object, struct perso_manifest_member *ret, struct perso_error *err)
{
    enum perso_result rc = only_keys(object, member_keys, err);

    if (rc == PERSO_OK)
        rc = get_text(object, "name", ret->name, sizeof ret->name, err);
    if (rc == PERSO_OK)
        rc = get_number(object, "bytes", PERSO_ARCHIVE_ENTRY_BYTES, &ret->bytes, err);
    if (rc == PERSO_OK)
        rc = get_u32(object, "rows", &ret->rows, err);
    if (rc == PERSO_OK)
        rc = get_sm3(object, "sm3", ret->sm3, err);
    return rc;
}

static enum perso_result
read_members(const json_t *list, struct perso_manifest *m, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (!json_is_array(list))
        return wrong(err, "members", "not a list");
    if (json_array_size(list) > PERSO_PACKAGE_MEMBERS)
        return wrong(err, "members", "too many");
    m->n_members = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < m->n_members && rc == PERSO_OK; i++)
        rc = read_member(json_array_get(list, i), &m->members[i], err);
    return rc;
}

static enum perso_result
read_texts(const json_t *root, struct perso_manifest *m, struct perso_error *err)
{
    char format[sizeof FORMAT];
    const struct {
        const char *key;
        char *out;
        size_t max;
    } texts[] = {
        { "format", format, sizeof format },
        { "kind", m->kind, sizeof m->kind },
        { "sender", m->sender, sizeof m->sender },
        { "recipient", m->recipient, sizeof m->recipient },
        { "division", m->division, sizeof m->division },
        { "vendor", m->vendor, sizeof m->vendor },
        { "batch", m->batch, sizeof m->batch },
        { "date", m->date, sizeof m->date },
    };
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && rc == PERSO_OK; i++)
        rc = get_text(root, texts[i].key, texts[i].out, texts[i].max, err);
    if (rc == PERSO_OK && strcmp(format, FORMAT) != 0)
        rc = wrong(err, "format", "not known");
    return rc;
}

static enum perso_result
read_others(const json_t *root, struct perso_manifest *m, struct perso_error *err)
{
    const json_t *final = json_object_get(root, "final");
    uint64_t mode = 0;
    enum perso_result rc = get_number(root, "mode", 5, &mode, err);

    m->mode = (int)mode;
    if (rc == PERSO_OK)
        rc = get_u32(root, "sequence", &m->sequence, err);
    if (rc == PERSO_OK)
        rc = get_u32(root, "cards", &m->cards, err);
    m->has_previous = !json_is_null(json_object_get(root, "previous"));
    if (rc == PERSO_OK && m->has_previous)
        rc = get_sm3(root, "previous", m->previous, err);
    if (rc == PERSO_OK && !json_is_boolean(final))
        rc = wrong(err, "final", "neither true nor false");
    m->final = json_is_true(final);
    return rc == PERSO_OK ? read_members(json_object_get(root, "members"), m, err) : rc;
}

static enum perso_result
load(struct perso_cursor json, json_t **ret, struct perso_error *err)
{
    json_error_t where;

    if (perso_left(&json) > PERSO_MANIFEST_BYTES)
        return perso_error_set(err, PERSO_REJ_MANIFEST_SYNTAX, "", "have %zu bytes, at most %u",
                               perso_left(&json), PERSO_MANIFEST_BYTES);
    *ret = json_loadb((const char *)json.at, perso_left(&json), JSON_REJECT_DUPLICATES, &where);
    if (*ret != NULL)
        return PERSO_OK;
    perso_error_at(err, NULL, where.line > 0 ? (uint32_t)where.line : 0, 0);
    return wrong(err, "", "not JSON, or a key stands twice");
}

enum perso_result
perso_manifest_read(struct perso_cursor json, struct perso_manifest *ret, struct perso_error *err)
{
    struct perso_manifest *m = calloc(1, sizeof *m);
    json_t *root = NULL;
    enum perso_result rc;

    if (m == NULL)
        return perso_error_errno(err, "manifest");
    if ((rc = load(json, &root, err)) == PERSO_OK &&
        (rc = only_keys(root, package_keys, err)) == PERSO_OK &&
        (rc = read_texts(root, m, err)) == PERSO_OK &&
        (rc = read_others(root, m, err)) == PERSO_OK && (rc = check(m, err)) == PERSO_OK)
        *ret = *m;
    json_decref(root);
    free(m);
    return rc;
}

const struct perso_manifest_member *
perso_manifest_find(const struct perso_manifest *manifest, const char *name)
{
    for (uint32_t i = 0; i < manifest->n_members; i++)
        if (strcmp(manifest->members[i].name, name) == 0)
            return &manifest->members[i];
    return NULL;
}

void
perso_package_name_of(const char *kind, const char *division, const char *batch, uint32_t sequence,
                      char *out, size_t max)
{
    snprintf(out, max, "%s-%s-%s-%04u.zip", kind, division, batch, sequence);
}

void
perso_package_name(const struct perso_manifest *m, char *out, size_t max)
{
    perso_package_name_of(m->kind, m->division, m->batch, m->sequence, out, max);
}

static enum perso_result
read_side(const json_t *root, struct perso_side_manifest *m, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (!json_is_object(root))
        return wrong(err, "", "not an object");
    m->has_rows = json_object_get(root, "rows") != NULL;
    m->has_sm3 = json_object_get(root, "sm3") != NULL;
    m->has_encoding = json_object_get(root, "encoding") != NULL;
    if (m->has_rows)
        rc = get_u32(root, "rows", &m->rows, err);
    if (rc == PERSO_OK && m->has_sm3)
        rc = get_sm3(root, "sm3", m->sm3, err);
    if (rc == PERSO_OK && m->has_encoding)
        rc = get_text(root, "encoding", m->encoding, sizeof m->encoding, err);
    if (rc == PERSO_OK && json_object_get(root, "date") != NULL)
        rc = get_text(root, "date", m->date, sizeof m->date, err);
    if (rc == PERSO_OK && json_object_get(root, "date") != NULL && !is_date(m->date))
        rc = wrong(err, "date", "not YYYY-MM-DD");
    return rc;
}

enum perso_result
perso_side_manifest_read(struct perso_cursor json, struct perso_side_manifest *ret,
                         struct perso_error *err)
{
    struct perso_side_manifest m = { 0 };
    json_t *root = NULL;
    enum perso_result rc = load(json, &root, err);

    if (rc == PERSO_OK && (rc = read_side(root, &m, err)) == PERSO_OK)
        *ret = m;
    json_decref(root);
    return rc;
}

enum perso_result
perso_side_manifest_write(const struct perso_side_manifest *m, char **ret, size_t *n,
                          struct perso_error *err)
{
    json_t *root = json_object();
    bool ok = root != NULL;

    if (m->date[0] != '\0')
        ok = ok && json_object_set_new(root, "date", json_string(m->date)) == 0;
    if (m->has_encoding)
        ok = ok && json_object_set_new(root, "encoding", json_string(m->encoding)) == 0;
    if (m->has_rows)
        ok = ok && json_object_set_new(root, "rows", json_integer(m->rows)) == 0;
    if (m->has_sm3)
        ok = ok && json_object_set_new(root, "sm3", hex_json(m->sm3)) == 0;
    if (!ok) {
        json_decref(root);
        root = NULL;
    }
    return dump(root, ret, n, err);
}
