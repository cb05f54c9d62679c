/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "formats/record/record.h"

/* The n-th allocation of our own code fails, expat's among them, since ours serves it. */
static unsigned calls, failing;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);

void *
__wrap_malloc(size_t bytes)
{
    return ++calls == failing ? NULL : __real_malloc(bytes);
}

void *
__wrap_calloc(size_t n, size_t bytes)
{
    return ++calls == failing ? NULL : __real_calloc(n, bytes);
}

static enum perso_result
read_text(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_text *left = self;
    (void)err;
    if (left->bytes == 0)
        return PERSO_END;
    *n = left->bytes < max ? left->bytes : max;
    memcpy(buf, left->at, *n);
    *left = (struct perso_text) { left->at + *n, left->bytes - (uint32_t)*n };
    return PERSO_OK;
}

/* Reads all of a document; PERSO_END, or PERSO_FATAL where an allocation failed. */
static enum perso_result
read_document(enum perso_record_form form, const char *document, struct perso_error *err)
{
    struct perso_record_options options = { .form = form, .file = "f" };
    struct perso_text text = { document, (uint32_t)strlen(document) };
    struct perso_source source = { read_text, &text };
    struct perso_arena *arena = perso_arena_new();
    struct perso_records *records = NULL;
    struct perso_row row;
    size_t n, rows = 0;
    enum perso_result rc = PERSO_FATAL;

    if (arena == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    rc = perso_records_open(&source, &options, &records, err);
    assert_int_equal(rc == PERSO_OK, records != NULL);
    while (rc == PERSO_OK) {
        rc = perso_records_read(records, arena, &row, 1, &n, err);
        rows += rc == PERSO_OK;
    }
    assert_true(rc != PERSO_END || rows == 2);
    perso_records_free(records);
    perso_arena_free(arena);
    return rc;
}

static void
every_allocation_may_fail(enum perso_record_form form, const char *document)
{
    enum perso_result rc = PERSO_FATAL;

    for (failing = 1; rc == PERSO_FATAL; failing++) {
        struct perso_error err = { 0 };
        calls = 0;
        rc = read_document(form, document, &err);
        if (rc == PERSO_FATAL)
            assert_string_equal(err.text, "no memory");
        assert_true(failing < 1000);
    }
    assert_int_equal(rc, PERSO_END);
    assert_true(failing > 5); /* some failed */
}

static void
xml_without_memory_fails_cleanly(void **state)
{
    (void)state;
    every_allocation_may_fail(PERSO_RECORD_XML,
                              "<?xml version='1.0' encoding='UTF-8'?><m><code>0</code><!-- c -->"
                              "<r KH='1' a='&lt;' b='2' c='3' d='4' e='5' f='6' g='7' h='8' i='9'/>"
                              "<r><KH>2</KH><XM>&amp;<![CDATA[x]]></XM></r></m>");
}

static void
json_without_memory_fails_cleanly(void **state)
{
    (void)state;
    every_allocation_may_fail(PERSO_RECORD_JSON, "{\"l\":[{\"KH\":\"1\"},{\"KH\":\"2\"}]}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_without_memory_fails_cleanly),
        cmocka_unit_test(json_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
