/* Packages between parties (CONTRACTS 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "formats/package/package.h"
#include "formats/sm2/sm3.h"
#include "memory_io.h"

static const struct perso_package_member members[] = {
    { "application.csv", "AAZ501\n1\n2\n", 11, 2 },
    { "slip.txt", "two cards\n", 10, 0 },
};

static const struct perso_manifest empty_manifest = {
    .kind = "APP",
    .sender = "V1",
    .recipient = "D1",
    .division = "411600",
    .vendor = "V1",
    .batch = "B1",
    .mode = 1,
    .date = "2024-02-29",
    .sequence = 1,
    .final = true,
    .cards = 2,
};

static void
write_sample(struct memory *m, struct perso_manifest *manifest, char **json, size_t *n)
{
    struct perso_error err = { 0 };
    struct perso_sink sink = memory_sink(m);

    *manifest = empty_manifest;
    if (perso_package_write(manifest, members, 2, NOON_2024_02_29, &sink, json, n, &err) !=
        PERSO_OK)
        fail_msg("%s", err.text);
}

static enum perso_result
check(struct memory *m, struct perso_error *err)
{
    struct perso_package_view view = { 0 };
    struct perso_source source = memory_source(m);

    *err = (struct perso_error) { 0 };
    enum perso_result rc = perso_package_check(&source, &view, err);
    assert_true((rc == PERSO_OK) == (view.manifest_json != NULL));
    perso_package_view_free(&view);
    return rc;
}

static void
what_is_written_is_checked_and_found(void **state)
{
    struct memory m = { 0 };
    struct perso_manifest manifest;
    struct perso_package_view view = { 0 };
    struct perso_error err = { 0 };
    char *json = NULL;
    size_t n = 0;

    (void)state;
    write_sample(&m, &manifest, &json, &n);
    struct perso_source source = memory_source(&m);
    assert_int_equal(perso_package_check(&source, &view, &err), PERSO_OK);
    assert_int_equal(view.manifest_n, n); /* what the signature covers */
    assert_memory_equal(view.manifest_json, json, n);
    assert_memory_equal(&view.manifest, &manifest, sizeof manifest);
    uint8_t digest[PERSO_SM3_BYTES];
    assert_true(perso_sm3_of(members[1].bytes, members[1].n, digest));
    assert_memory_equal(view.manifest.members[1].sm3, digest, sizeof digest);
    assert_int_equal(view.manifest.members[0].rows, 2);
    perso_package_view_free(&view);
    perso_package_view_free(&view); /* twice is harmless */
    perso_package_view_free(NULL);
    free(json);
    memory_free(&m);
}

static void
same_content_is_same_bytes(void **state)
{
    struct memory a = { 0 }, b = { 0 };
    struct perso_manifest manifest;
    char *json = NULL;
    size_t n = 0;

    (void)state;
    write_sample(&a, &manifest, &json, &n);
    free(json);
    write_sample(&b, &manifest, &json, &n);
    free(json);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.at, b.at, a.n);
    memory_free(&a);
    memory_free(&b);
}

static void
the_second_pass_finds_members(void **state)
{
    struct memory m = { 0 };
    struct perso_manifest manifest;
    char *json = NULL;
    size_t n = 0;

    (void)state;
    write_sample(&m, &manifest, &json, &n);
    free(json);
    for (size_t i = 0; i < 3; i++) {
        const char *const names[] = { "application.csv", "slip.txt", "personal.csv" };
        struct perso_error err = { 0 };
        struct perso_archive *archive = NULL;
        struct perso_source source = memory_source(&m), member;
        uint8_t bytes[64];
        assert_int_equal(perso_archive_open(&source, &wide_limits, &archive, &err), PERSO_OK);
        enum perso_result rc = perso_package_seek(archive, names[i], &member, &err);
        if (i == 2) {
            assert_int_equal(rc, PERSO_REJECT);
            assert_int_equal(err.reject, PERSO_REJ_FILE_FORMAT);
        } else {
            assert_int_equal(rc, PERSO_OK);
            assert_int_equal(perso_source_read(&member, bytes, sizeof bytes, &n, &err), PERSO_OK);
            assert_int_equal(n, members[i].n);
            assert_memory_equal(bytes, members[i].bytes, n);
        }
        perso_archive_free(archive);
    }
    memory_free(&m);
}

/* Where our zip has bytes that say nothing of its content: the versions needed (local 4-5, central
 * 6-7) and made by (4-5), internal attributes (36-37) and permissions (38-41). */
static bool
is_void(const struct memory *m, size_t at)
{
    for (size_t i = 0; i + 4 <= m->n && i <= at; i++) {
        size_t o = at - i;
        if (memcmp(m->at + i, "PK\3\4", 4) == 0 && (o == 4 || o == 5))
            return true;
        if (memcmp(m->at + i, "PK\1\2", 4) == 0 && ((o >= 4 && o < 8) || (o >= 36 && o < 42)))
            return true;
    }
    return false;
}

static void
every_flipped_bit_is_refused(void **state) /* RELIABILITY: signed bundles, a 1-bit change */
{
    struct memory m = { 0 };
    struct perso_manifest manifest;
    struct perso_error err;
    char *json = NULL;
    size_t n = 0, taken = 0;

    (void)state;
    write_sample(&m, &manifest, &json, &n);
    for (size_t i = 0; i < m.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            bool nothing = is_void(&m, i);
            m.at[i] ^= (uint8_t)(1 << bit);
            enum perso_result rc = check(&m, &err);
            m.at[i] ^= (uint8_t)(1 << bit);
            if (rc == PERSO_OK && !nothing)
                fail_msg("bit %d of byte %zu may be flipped", bit, i);
            taken += rc == PERSO_OK;
        }
    assert_true(taken <= 3 * 8 * (2 + 10)); /* three members */
    free(json);
    memory_free(&m);
}

static void
a_cut_at_any_length_is_refused(void **state)
{
    struct memory m = { 0 };
    struct perso_manifest manifest;
    struct perso_error err;
    char *json = NULL;
    size_t n = 0;

    (void)state;
    write_sample(&m, &manifest, &json, &n);
    for (size_t cut = m.n; cut-- > 0;) {
        m.n = cut;
        assert_int_equal(check(&m, &err), PERSO_REJECT);
    }
    free(json);
    memory_free(&m);
}

/* m: manifest, a: application.csv, s: slip.txt, x: another one, A: application.csv changed,
 * l: application.csv longer, M: a second manifest's name in capitals. */
static const struct {
    const char *what, *order;
    enum perso_reject want;
} orders[] = {
    { "as written", "mas", PERSO_REJ_NONE },
    { "members in another order", "msa", PERSO_REJ_NONE },
    { "manifest not first", "ams", PERSO_REJ_PACKAGE_MEMBER },
    { "no manifest", "as", PERSO_REJ_PACKAGE_MEMBER },
    { "nothing", "", PERSO_REJ_PACKAGE_MEMBER },
    { "manifest alone", "m", PERSO_REJ_PACKAGE_MEMBER },
    { "one missing", "ma", PERSO_REJ_PACKAGE_MEMBER },
    { "one more", "masx", PERSO_REJ_PACKAGE_MEMBER },
    { "one in the other's place", "max", PERSO_REJ_PACKAGE_MEMBER },
    { "other content", "mAs", PERSO_REJ_FILE_DIGEST },
    { "longer content", "mls", PERSO_REJ_FILE_DIGEST },
};

static void
only_what_is_listed_is_there(void **state)
{
    static const enum perso_archive_form forms[] = { PERSO_ARCHIVE_ZIP, PERSO_ARCHIVE_TAR_GZ,
                                                     PERSO_ARCHIVE_TAR_ZST };
    struct memory whole = { 0 };
    struct perso_manifest manifest;
    char *json = NULL;
    size_t json_n = 0;

    (void)state;
    write_sample(&whole, &manifest, &json, &json_n);
    const struct {
        char key;
        const char *name;
        const void *bytes;
        size_t n;
    } parts[] = {
        { 'm', "manifest.json", json, json_n },
        { 'a', "application.csv", members[0].bytes, 11 },
        { 's', "slip.txt", members[1].bytes, 10 },
        { 'x', "extra.csv", "x", 1 },
        { 'A', "application.csv", "AAZ501\n1\n3\n", 11 },
        { 'l', "application.csv", "AAZ501\n1\n2\n3\n", 13 },
    };
    for (size_t f = 0; f < 3; f++)
        for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
            struct memory m = { 0 };
            struct perso_error err = { 0 };
            struct perso_archive_writer *w = NULL;
            struct perso_sink sink = memory_sink(&m);
            if (orders[i].order[0] == '\0' && forms[f] != PERSO_ARCHIVE_ZIP)
                continue; /* a tar of nothing is no tar */
            assert_int_equal(perso_archive_create(&sink, forms[f], NOON_2024_02_29, &w, &err),
                             PERSO_OK);
            for (const char *o = orders[i].order; *o != '\0'; o++)
                for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
                    if (parts[p].key == *o)
                        assert_int_equal(
                            perso_archive_add(w, parts[p].name, parts[p].bytes, parts[p].n, &err),
                            PERSO_OK);
            assert_int_equal(perso_archive_finish(w, &err), PERSO_OK);
            enum perso_result rc = check(&m, &err);
            if ((rc == PERSO_OK) != (orders[i].want == PERSO_REJ_NONE) ||
                err.reject != orders[i].want)
                fail_msg("%s: have %s %s", orders[i].what, perso_reject_code(err.reject), err.text);
            perso_archive_writer_free(w);
            memory_free(&m);
        }
    free(json);
    memory_free(&whole);
}

static void
a_manifest_that_is_wrong_or_huge_is_refused(void **state)
{
    static char huge[PERSO_MANIFEST_BYTES + 100];
    const struct {
        const char *json;
        size_t n;
    } wrong[] = { { "{}", 2 }, { "", 0 }, { huge, sizeof huge } };

    (void)state;
    memset(huge, ' ', sizeof huge);
    for (size_t i = 0; i < 3; i++) {
        struct memory m = { 0 };
        struct perso_error err = { 0 };
        struct perso_archive_writer *w = NULL;
        struct perso_sink sink = memory_sink(&m);
        assert_int_equal(perso_archive_create(&sink, PERSO_ARCHIVE_ZIP, NOON_2024_02_29, &w, &err),
                         PERSO_OK);
        assert_int_equal(perso_archive_add(w, "manifest.json", wrong[i].json, wrong[i].n, &err),
                         PERSO_OK);
        assert_int_equal(perso_archive_finish(w, &err), PERSO_OK);
        assert_int_equal(check(&m, &err), PERSO_REJECT);
        assert_int_equal(err.reject, PERSO_REJ_MANIFEST_SYNTAX);
        perso_archive_writer_free(w);
        memory_free(&m);
    }
}

static void
members_stand_at_n_and_n_plus_1(void **state)
{
    static char names[PERSO_PACKAGE_MEMBERS + 1][8];
    struct perso_package_member many[PERSO_PACKAGE_MEMBERS + 1];

    (void)state;
    for (unsigned i = 0; i <= PERSO_PACKAGE_MEMBERS; i++) {
        snprintf(names[i], sizeof names[i], "m%u", i);
        many[i] = (struct perso_package_member) { names[i], "x", 1, 0 };
    }
    for (unsigned over = 0; over < 2; over++) {
        struct memory m = { 0 };
        struct perso_error err = { 0 };
        struct perso_manifest manifest = empty_manifest;
        struct perso_sink sink = memory_sink(&m);
        char *json = NULL;
        size_t n = 0;
        enum perso_result rc = perso_package_write(&manifest, many, PERSO_PACKAGE_MEMBERS + over,
                                                   NOON_2024_02_29, &sink, &json, &n, &err);
        assert_int_equal(rc, over ? PERSO_REJECT : PERSO_OK);
        if (over)
            assert_int_equal(manifest.n_members, 0); /* as it was */
        else
            assert_int_equal(check(&m, &err), PERSO_OK);
        free(json);
        memory_free(&m);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_checked_and_found),
        cmocka_unit_test(same_content_is_same_bytes),
        cmocka_unit_test(the_second_pass_finds_members),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(a_cut_at_any_length_is_refused),
        cmocka_unit_test(only_what_is_listed_is_there),
        cmocka_unit_test(a_manifest_that_is_wrong_or_huge_is_refused),
        cmocka_unit_test(members_stand_at_n_and_n_plus_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
