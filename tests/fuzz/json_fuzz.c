/* Records in JSON: as for XML; and another reader's grammar, jansson's, is ours. */
#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "tests/fuzz/record_outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Documents one behind the other, without marks; numbers too large for jansson are sound JSON. */
static bool
jansson_reads(const char *at, size_t n)
{
    while (n != 0) {
        json_error_t error;
        json_t *root = json_loadb(at, n, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
        if (root == NULL)
            return json_error_code(&error) == json_error_numeric_overflow;
        json_decref(root);
        size_t used = (size_t)error.position;
        while (used < n && strchr(" \t\r\n", at[used]) != NULL)
            used++;
        at += used;
        n -= used;
    }
    return true;
}

static bool
jansson_reads_one(const char *at, size_t n)
{
    json_error_t error;
    json_t *root = json_loadb(at, n, JSON_REJECT_DUPLICATES, &error);
    json_decref(root);
    return root != NULL;
}

/* Refused for the grammar, which jansson knows as well, and not for a limit or a rule of ours; nor
 * for a NUL, which jansson passes over behind a number. */
static bool
is_of_grammar(const struct perso_error *err)
{
    return strcmp(err->field, "JSON") == 0 && err->reject == PERSO_REJ_FILE_FORMAT &&
           strcmp(err->text, "nested too deep") != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > (1 << 20))
        return 0;
    struct record_outcome o = record_outcome_of(PERSO_RECORD_JSON, data, size);
    const char *text = (const char *)data + 2;
    size_t n = size - 2;
    if (data[0] % 3 != PERSO_UTF8)
        return 0;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (o.rc == PERSO_END)
        assert(jansson_reads(text, n));
    else if (is_of_grammar(&o.err) || o.err.reject == PERSO_REJ_TEXT_ENCODING)
        assert(!jansson_reads_one(text, n));
    return 0;
}
