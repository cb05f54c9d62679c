/* manifest.json and NAME.manifest.json (CONTRACTS 2, 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/package/manifest.h"

static void
sample(struct perso_manifest *m)
{
    *m = (struct perso_manifest) { .kind = "APP",
                                   .sender = "V1",
                                   .recipient = "河南人社",
                                   .division = "411600",
                                   .vendor = "V1",
                                   .batch = "B1-2024_7",
                                   .mode = 1,
                                   .date = "2024-02-29",
                                   .sequence = 2,
                                   .has_previous = true,
                                   .final = true,
                                   .cards = 3,
                                   .n_members = 2 };
    memset(m->previous, 0xab, sizeof m->previous);
    m->members[0] = (struct perso_manifest_member) { .name = "application.csv",
                                                     .bytes = UINT64_C(2147483648),
                                                     .rows = 3 };
    m->members[1] = (struct perso_manifest_member) { .name = "slip.txt", .bytes = 7 };
}

static const char want_json[] =
    "{\n"
    "  \"batch\": \"B1-2024_7\",\n"
    "  \"cards\": 3,\n"
    "  \"date\": \"2024-02-29\",\n"
    "  \"division\": \"411600\",\n"
    "  \"final\": true,\n"
    "  \"format\": \"persoline-package-1\",\n"
    "  \"kind\": \"APP\",\n"
    "  \"members\": [\n"
    "    {\n"
    "      \"bytes\": 2147483648,\n"
    "      \"name\": \"application.csv\",\n"
    "      \"rows\": 3,\n"
    "      \"sm3\": \"0000000000000000000000000000000000000000000000000000000000000000\"\n"
    "    },\n"
    "    {\n"
    "      \"bytes\": 7,\n"
    "      \"name\": \"slip.txt\",\n"
    "      \"rows\": 0,\n"
    "      \"sm3\": \"0000000000000000000000000000000000000000000000000000000000000000\"\n"
    "    }\n"
    "  ],\n"
    "  \"mode\": 1,\n"
    "  \"previous\": \"abababababababababababababababababababababababababababababababab\",\n"
    "  \"recipient\": \"河南人社\",\n"
    "  \"sender\": \"V1\",\n"
    "  \"sequence\": 2,\n"
    "  \"vendor\": \"V1\"\n"
    "}\n";

static void
bytes_are_the_agreed_ones(void **state)
{
    struct perso_manifest m;
    struct perso_error err = { 0 };
    char *json = NULL;
    size_t n = 0;

    (void)state;
    sample(&m);
    assert_int_equal(perso_manifest_write(&m, &json, &n, &err), PERSO_OK);
    assert_string_equal(json, want_json);
    assert_int_equal(n, strlen(want_json));
    free(json);
}

static void
what_is_written_is_read(void **state)
{
    struct perso_manifest m, back;
    struct perso_error err = { 0 };
    char name[128];

    (void)state;
    sample(&m);
    memset(&back, 0x55, sizeof back);
    struct perso_cursor json = perso_cursor_of(want_json, strlen(want_json));
    assert_int_equal(perso_manifest_read(json, &back, &err), PERSO_OK);
    assert_memory_equal(&back, &m, sizeof m);
    assert_ptr_equal(perso_manifest_find(&back, "slip.txt"), &back.members[1]);
    assert_null(perso_manifest_find(&back, "slip"));
    perso_package_name(&back, name, sizeof name);
    assert_string_equal(name, "APP-411600-B1-2024_7-0002.zip");
    back.sequence = 12345;
    perso_package_name(&back, name, sizeof name);
    assert_string_equal(name, "APP-411600-B1-2024_7-12345.zip");
}

/* One text of the sample put in the place of another. */
static const struct {
    const char *from, *to, *field; /* field NULL: accepted */
} changes[] = {
    { "true", "false", NULL },
    { "\"abababababababababababababababababababababababababababababababab\"", "null", NULL },
    { "}\n", "}\n \t\r\n", NULL },
    { "2024-02-29", "2000-02-29", NULL },
    { "\"mode\": 1", "\"mode\": 5", NULL },
    { "\"411600\"", "\"4116000001\"", NULL },
    { "\"slip.txt\"", "\"dir/\\u540d.txt\"", NULL },
    { "persoline-package-1", "persoline-package-2", "format" },
    { "persoline-package-1", "", "format" },
    { "\"APP\"", "\"APQ\"", "kind" },
    { "\"APP\"", "\"app\"", "kind" },
    { "\"APP\"", "\"APPX\"", "kind" },
    { "\"APP\"", "7", "kind" },
    { "\"sender\": \"V1\"", "\"sender\": \"\"", "sender" },
    { "\"sender\": \"V1\"", "\"sender\": \"../V1\"", "sender" },
    { "\"sender\": \"V1\"", "\"sender\": \".V1\"", "sender" },
    { "\"sender\": \"V1\"", "\"sender\": \"a b\"", "sender" },
    { "\"sender\": \"V1\"", "\"sender\": \"a\\u0000b\"", "" },
    { "\"sender\": \"V1\"", "\"sender\": \"a\\u001bb\"", "sender" },
    { "\"河南人社\"", "\"\xc4\xe3\"", "" },
    { "\"河南人社\"", "null", "recipient" },
    { "\"411600\"", "\"41160\"", "division" },
    { "\"411600\"", "\"4116000\"", "division" },
    { "\"411600\"", "\"41160a\"", "division" },
    { "\"411600\"", "411600", "division" },
    { "\"vendor\": \"V1\"", "\"vendor\": \"V/1\"", "vendor" },
    { "B1-2024_7", "", "batch" },
    { "B1-2024_7", "B1.2024", "batch" },
    { "B1-2024_7", "B 1", "batch" },
    { "B1-2024_7", "批", "batch" },
    { "B1-2024_7", "123456789012345678901234567890123", "batch" },
    { "B1-2024_7", "12345678901234567890123456789012", NULL },
    { "\"mode\": 1", "\"mode\": 0", "mode" },
    { "\"mode\": 1", "\"mode\": 6", "mode" },
    { "\"mode\": 1", "\"mode\": -1", "mode" },
    { "\"mode\": 1", "\"mode\": 1.0", "mode" },
    { "\"mode\": 1", "\"mode\": \"1\"", "mode" },
    { "2024-02-29", "2023-02-29", "date" },
    { "2024-02-29", "1900-02-29", "date" },
    { "2024-02-29", "2024-13-01", "date" },
    { "2024-02-29", "2024-00-01", "date" },
    { "2024-02-29", "2024-04-31", "date" },
    { "2024-02-29", "2024-04-00", "date" },
    { "2024-02-29", "2024-4-030", "date" },
    { "2024-02-29", "20240229", "date" },
    { "2024-02-29", "2024-02-291", "date" },
    { "2024-02-29", "+024-02-29", "date" },
    { "\"sequence\": 2", "\"sequence\": 0", "sequence" },
    { "\"sequence\": 2", "\"sequence\": 4294967295", NULL },
    { "\"sequence\": 2", "\"sequence\": 4294967296", "sequence" },
    { "\"sequence\": 2", "\"sequence\": 18446744073709551616", "" },
    { "\"sequence\": 2", "\"sequence\": 1", "previous" },
    { "abababab", "ABabABab", "previous" },
    { "abababab", "ababab", "previous" },
    { "abababab", "abababag", "previous" },
    { "true", "1", "final" },
    { "true", "\"true\"", "final" },
    { "\"cards\": 3", "\"cards\": 10000000", NULL },
    { "\"cards\": 3", "\"cards\": 10000001", "cards" },
    { "\"cards\": 3", "\"cards\": 03", "" },
    { "\"bytes\": 2147483648", "\"bytes\": 2147483649", "bytes" },
    { "\"bytes\": 7", "\"bytes\": -7", "bytes" },
    { "\"rows\": 3", "\"rows\": 1000000", NULL },
    { "\"rows\": 3", "\"rows\": 1000001", "rows" },
    { "\"slip.txt\"", "\"../slip.txt\"", "name" },
    { "\"slip.txt\"", "\"\"", "name" },
    { "\"slip.txt\"", "\"Application.CSV\"", "name" },
    { "\"slip.txt\"", "\"manifest.json\"", "name" },
    { "\"slip.txt\"", "\"Manifest.JSON\"", "name" },
    { "\"name\": \"slip.txt\"", "\"nome\": \"slip.txt\"", "name" },
    { "\"bytes\": 7", "\"bytes\": 7, \"more\": 7", "more" },
    { "\"bytes\": 7", "\"bytes\": 7, \"bytes\": 7", "" },
    { "\"mode\": 1", "\"mode\": 1, \"mode\": 1", "" },
    { "\"mode\": 1", "\"mode\": 1, \"note\": \"\"", "note" },
    { "\"mode\": 1,", "", "mode" },
    { "}\n", "}\n{", "" },
    { "{\n", "\xef\xbb\xbf{\n", "" },
    { "{\n", "[", "" },
    { "\"V1\"", "'V1'", "" },
};

static char *
changed(const char *from, const char *to)
{
    /* the last place, so that "}\n" is the end of the text */
    const char *at = NULL, *next = want_json;
    char *ret = malloc(sizeof want_json + strlen(to));

    while ((next = strstr(next, from)) != NULL)
        at = next++;
    if (strcmp(from, "{\n") == 0)
        at = want_json;
    assert_non_null(ret);
    assert_non_null(at);
    sprintf(ret, "%.*s%s%s", (int)(at - want_json), want_json, to, at + strlen(from));
    return ret;
}

static void
every_field_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct perso_manifest m;
        struct perso_error err = { 0 };
        char *json = changed(changes[i].from, changes[i].to);
        enum perso_result rc = perso_manifest_read(perso_cursor_of(json, strlen(json)), &m, &err);
        bool ok = changes[i].field == NULL
                      ? rc == PERSO_OK
                      : rc == PERSO_REJECT && err.reject == PERSO_REJ_MANIFEST_SYNTAX &&
                            strcmp(err.field, changes[i].field) == 0;
        if (!ok)
            fail_msg("%s -> %s: have %d %s: %s", changes[i].from, changes[i].to, (int)rc, err.field,
                     err.text);
        free(json);
    }
}

static void
a_cut_at_any_length_is_refused(void **state)
{
    struct perso_manifest m;

    (void)state;
    for (size_t n = 0; n + 1 < strlen(want_json); n++) {
        struct perso_error err = { 0 };
        assert_int_equal(perso_manifest_read(perso_cursor_of(want_json, n), &m, &err),
                         PERSO_REJECT);
    }
}

static void
size_stands_at_n_and_n_plus_1(void **state)
{
    struct perso_manifest m;
    struct perso_error err = { 0 };
    char *json = malloc(PERSO_MANIFEST_BYTES + 1);

    (void)state;
    assert_non_null(json);
    memset(json, ' ', PERSO_MANIFEST_BYTES + 1);
    memcpy(json, want_json, strlen(want_json));
    assert_int_equal(perso_manifest_read(perso_cursor_of(json, PERSO_MANIFEST_BYTES), &m, &err),
                     PERSO_OK);
    assert_int_equal(perso_manifest_read(perso_cursor_of(json, PERSO_MANIFEST_BYTES + 1), &m, &err),
                     PERSO_REJECT);
    free(json);
}

static void
members_stand_at_n_and_n_plus_1(void **state)
{
    struct perso_manifest m, back;
    struct perso_error err = { 0 };
    char *json = NULL;
    size_t n = 0;

    (void)state;
    sample(&m);
    for (m.n_members = 0; m.n_members < PERSO_PACKAGE_MEMBERS; m.n_members++) {
        struct perso_manifest_member *one = &m.members[m.n_members];
        *one = (struct perso_manifest_member) { .bytes = m.n_members };
        memset(one->name, 'x', sizeof one->name - 1);
        snprintf(one->name, 3, "%02u", m.n_members % 100);
        one->name[2] = 'x';
    }
    assert_int_equal(perso_manifest_write(&m, &json, &n, &err), PERSO_OK);
    assert_int_equal(perso_manifest_read(perso_cursor_of(json, n), &back, &err), PERSO_OK);
    assert_int_equal(back.n_members, PERSO_PACKAGE_MEMBERS);
    char *more = malloc(n + 400);
    assert_non_null(more);
    char *list = strstr(json, "\"members\": [") + strlen("\"members\": [");
    sprintf(more, "%.*s{\"name\":\"y\",\"bytes\":0,\"rows\":0,\"sm3\":\"%064d\"},%s",
            (int)(list - json), json, 0, list);
    assert_int_equal(perso_manifest_read(perso_cursor_of(more, strlen(more)), &back, &err),
                     PERSO_REJECT);
    assert_string_equal(err.field, "members");
    free(more);
    free(json);
}

static void
nothing_is_written_that_would_not_be_read(void **state)
{
    struct perso_manifest m;
    struct perso_error err = { 0 };
    char *json = NULL;
    size_t n = 0;

    (void)state;
    sample(&m);
    m.sequence = 0;
    assert_int_equal(perso_manifest_write(&m, &json, &n, &err), PERSO_REJECT);
    assert_string_equal(err.field, "sequence");
    sample(&m);
    strcpy(m.sender, "\xc4\xe3"); /* not UTF-8 */
    assert_int_not_equal(perso_manifest_write(&m, &json, &n, &err), PERSO_OK);
    assert_null(json);
}

static const struct {
    const char *json, *field; /* NULL: accepted */
    bool rows, sm3, encoding;
} sides[] = {
    { "{}", NULL, false, false, false },
    { "{\"rows\": 1000000}", NULL, true, false, false },
    { "{\"rows\": 7, \"columns\": [1, 2], \"bytes\": 9}", NULL, true, false, false },
    { "{\"encoding\": \"gb18030\", \"rows\": 7, \"sm3\": "
      "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}",
      NULL, true, true, true },
    { "{\"date\": \"2024-02-29\"}", NULL, false, false, false },
    { "{\"date\": \"2023-02-29\"}", "date", false, false, false },
    { "{\"date\": \"\"}", "date", false, false, false },
    { "{\"rows\": -1}", "rows", false, false, false },
    { "{\"rows\": 4294967296}", "rows", false, false, false },
    { "{\"rows\": null}", "rows", false, false, false },
    { "{\"rows\": \"7\"}", "rows", false, false, false },
    { "{\"sm3\": \"00\"}", "sm3", false, false, false },
    { "{\"encoding\": 7}", "encoding", false, false, false },
    { "{\"encoding\": \"0123456789abcdef\"}", "encoding", false, false, false },
    { "{\"rows\": 1, \"rows\": 1}", "", false, false, false },
    { "[]", "", false, false, false },
    { "7", "", false, false, false },
    { "", "", false, false, false },
};

static void
side_manifests_are_read_and_written(void **state) /* CONTRACTS 2: control totals */
{
    (void)state;
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        struct perso_side_manifest m = { 0 }, back = { 0 };
        struct perso_error err = { 0 };
        char *json = NULL;
        size_t n = 0;
        struct perso_cursor text = perso_cursor_of(sides[i].json, strlen(sides[i].json));
        enum perso_result rc = perso_side_manifest_read(text, &m, &err);
        if (sides[i].field != NULL) {
            if (rc != PERSO_REJECT || strcmp(err.field, sides[i].field) != 0)
                fail_msg("%s: have %d %s", sides[i].json, (int)rc, err.field);
            continue;
        }
        assert_int_equal(rc, PERSO_OK);
        assert_int_equal(m.has_rows, sides[i].rows);
        assert_int_equal(m.has_sm3, sides[i].sm3);
        assert_int_equal(m.has_encoding, sides[i].encoding);
        assert_int_equal(perso_side_manifest_write(&m, &json, &n, &err), PERSO_OK);
        assert_int_equal(perso_side_manifest_read(perso_cursor_of(json, n), &back, &err), PERSO_OK);
        assert_memory_equal(&m, &back, sizeof m);
        free(json);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_the_agreed_ones),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test(a_cut_at_any_length_is_refused),
        cmocka_unit_test(size_stands_at_n_and_n_plus_1),
        cmocka_unit_test(members_stand_at_n_and_n_plus_1),
        cmocka_unit_test(nothing_is_written_that_would_not_be_read),
        cmocka_unit_test(side_manifests_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
