/* Archives in: forms, foreign writers, caps, cuts (DESIGN 6, RELIABILITY T10, PLATFORM 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "memory_io.h"

static const enum perso_archive_form forms[] = { PERSO_ARCHIVE_ZIP, PERSO_ARCHIVE_TAR_ZST,
                                                 PERSO_ARCHIVE_TAR_GZ, PERSO_ARCHIVE_TAR };
#define N_FORMS (sizeof forms / sizeof forms[0])

static void
assert_lists(struct memory *m, const char *want)
{
    struct perso_error err = { 0 };
    struct memory list = { 0 };

    if (memory_list(m, &wide_limits, &list, &err) != PERSO_OK)
        fail_msg("%s: %s", perso_reject_code(err.reject), err.text);
    memory_write(&list, "", 1, &err);
    assert_string_equal((char *)list.at, want);
    memory_free(&list);
}

static void
assert_refused(struct memory *m, const struct perso_archive_limits *limits, enum perso_reject want)
{
    struct perso_error err = { 0 };
    struct memory list = { 0 };

    assert_int_equal(memory_list(m, limits, &list, &err), PERSO_REJECT);
    if (err.reject != want)
        fail_msg("have %s %s, want %s", perso_reject_code(err.reject), err.text,
                 perso_reject_code(want));
    memory_free(&list);
}

static void
every_form_is_read_back_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = { 0, 1, 7, 511, 512, 513 };

    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 };
        memory_sample(&m, forms[f]);
        assert_int_equal(perso_archive_sniff(m.at, m.n), forms[f]);
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            m.piece = pieces[p];
            assert_lists(&m, SAMPLE_LIST);
        }
        memory_free(&m);
    }
}

static void
a_cut_at_any_length_is_refused(void **state) /* RELIABILITY T10 */
{
    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 };
        memory_sample(&m, forms[f]);
        for (size_t n = m.n; n-- > 0;) {
            struct perso_error err = { 0 };
            struct memory list = { 0 };
            m.n = n;
            if (memory_list(&m, &wide_limits, &list, &err) != PERSO_REJECT)
                fail_msg("form %d cut at %zu is taken", forms[f], n);
            memory_free(&list);
        }
        memory_free(&m);
    }
}

static void
bytes_after_the_end_are_refused(void **state) /* RELIABILITY T10: trailing data, two archives */
{
    struct perso_error err = { 0 };

    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 }, twice = { 0 };
        memory_sample(&m, forms[f]);
        memory_write(&twice, m.at, m.n, &err);
        memory_write(&twice, m.at, m.n, &err);
        assert_refused(&twice, &wide_limits, PERSO_REJ_ARCHIVE_DAMAGED);
        memory_write(&m, "x", 1, &err);
        assert_refused(&m, &wide_limits, PERSO_REJ_ARCHIVE_DAMAGED);
        memory_free(&m);
        memory_free(&twice);
    }
}

static void
what_is_no_archive_is_refused(void **state)
{
    struct perso_error err = { 0 };
    struct memory m = { 0 }, gz = { 0 };
    uint8_t packed[200];
    z_stream z = { 0 };

    (void)state;
    assert_refused(&m, &wide_limits, PERSO_REJ_FILE_EMPTY);
    memory_write(&m, "AAZ501,AAZ500\n", 14, &err);
    assert_refused(&m, &wide_limits, PERSO_REJ_FILE_FORMAT);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = m.at;
    z.avail_in = (uInt)m.n;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    memory_write(&gz, packed, z.total_out, &err);
    deflateEnd(&z);
    assert_refused(&gz, &wide_limits, PERSO_REJ_FILE_FORMAT); /* a packed table is no archive */
    memory_free(&m);
    memory_free(&gz);
}

static void
caps_stand_at_n_and_n_plus_1(void **state) /* DESIGN 6: limits */
{
    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 }, list = { 0 };
        struct perso_error err = { 0 };
        memory_sample(&m, forms[f]);
        const struct perso_archive_limits exact = { 3, 9, 13 };
        const struct perso_archive_limits below[] = { { 2, 9, 13 }, { 3, 8, 13 }, { 3, 9, 12 } };
        assert_int_equal(memory_list(&m, &exact, &list, &err), PERSO_OK);
        for (size_t i = 0; i < 3; i++)
            assert_refused(&m, &below[i], PERSO_REJ_ARCHIVE_LIMIT);
        memory_free(&m);
        memory_free(&list);
    }
}

static void
an_unread_member_is_checked_all_the_same(void **state)
{
    struct memory m = { 0 };
    struct perso_error err = { 0 };
    struct perso_archive *archive = NULL;
    struct perso_source member;
    const char *name;

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_ZIP);
    m.at[30 + 5] ^= 1; /* first byte of a.csv */
    struct perso_source source = memory_source(&m);
    assert_int_equal(perso_archive_open(&source, &wide_limits, &archive, &err), PERSO_OK);
    enum perso_result rc;
    while ((rc = perso_archive_next(archive, &name, &member, &err)) == PERSO_OK)
        ;
    assert_int_equal(rc, PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_ARCHIVE_DAMAGED);
    err = (struct perso_error) { 0 };
    assert_int_equal(perso_archive_next(archive, &name, &member, &err), PERSO_REJECT);
    assert_int_equal(err.reject, PERSO_REJ_ARCHIVE_DAMAGED); /* and it stays so */
    perso_archive_free(archive);
    memory_free(&m);
}

static void
the_end_comes_again(void **state)
{
    struct memory m = { 0 };
    struct perso_error err = { 0 };
    struct perso_archive *archive = NULL;
    struct perso_source member;
    const char *name;

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_TAR_GZ);
    struct perso_source source = memory_source(&m);
    assert_int_equal(perso_archive_open(&source, &wide_limits, &archive, &err), PERSO_OK);
    while (perso_archive_next(archive, &name, &member, &err) == PERSO_OK)
        ;
    assert_int_equal(perso_archive_next(archive, &name, &member, &err), PERSO_END);
    perso_archive_free(archive);
    memory_free(&m);
}

static enum perso_result
read_broken(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct memory *m = (struct memory *)self;

    if (m->read_at >= m->n / 2)
        return perso_error_set(err, PERSO_REJ_NONE, "", "disk");
    m->piece = 100;
    return memory_read(self, buf, max, n, err);
}

static void
a_source_that_fails_is_not_damage(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FORMS; f++) {
        struct memory m = { 0 };
        struct perso_error err = { 0 };
        struct perso_archive *archive = NULL;
        struct perso_source source = { read_broken, &m }, member;
        const char *name;
        memory_sample(&m, forms[f]);
        enum perso_result rc = perso_archive_open(&source, &wide_limits, &archive, &err);
        while (rc == PERSO_OK)
            rc = perso_archive_next(archive, &name, &member, &err);
        assert_int_equal(rc, PERSO_FATAL);
        assert_non_null(strstr(err.text, "disk"));
        perso_archive_free(archive);
        memory_free(&m);
    }
}

static la_ssize_t
to_memory(struct archive *a, void *self, const void *bytes, size_t n)
{
    struct perso_error err = { 0 };
    (void)a;
    memory_write(self, bytes, n, &err);
    return (la_ssize_t)n;
}

/* Written by libarchive, not by us: one member of n zeros. */
static void
write_zeros(struct memory *m, const char *options, uint64_t n)
{
    static const uint8_t zeros[65536];
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    bool zip = strstr(options, "zip:") == options;

    assert_int_equal(zip ? archive_write_set_format_zip(a) : archive_write_set_format_pax(a), 0);
    if (strstr(options, "gzip:") != NULL)
        assert_int_equal(archive_write_add_filter_gzip(a), ARCHIVE_OK);
    if (strstr(options, "zstd:") != NULL)
        assert_int_equal(archive_write_add_filter_zstd(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_options(a, options), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open(a, m, NULL, to_memory, NULL), ARCHIVE_OK);
    archive_entry_set_pathname(entry, "zeros.csv");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)n);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    for (uint64_t left = n; left > 0;) {
        size_t now = left < sizeof zeros ? (size_t)left : sizeof zeros;
        assert_int_equal(archive_write_data(a, zeros, now), (la_ssize_t)now);
        left -= now;
    }
    archive_entry_free(entry);
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

static void
bombs_are_stopped_early(void **state) /* PLATFORM 6: 1 GiB of zeros; RELIABILITY T10 */
{
    static const char *const options[] = { "gzip:compression-level=1", "zstd:compression-level=1",
                                           "zip:compression=deflate" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct memory m = { 0 };
        struct perso_error err = { 0 };
        struct perso_archive *archive = NULL;
        struct perso_source member;
        uint8_t block[4096];
        const char *name;
        uint64_t out = 0;
        size_t n = 0;
        write_zeros(&m, options[i], UINT64_C(1) << 30);
        struct perso_source source = memory_source(&m);
        enum perso_result rc = perso_archive_open(&source, &wide_limits, &archive, &err);
        if (rc == PERSO_OK)
            rc = perso_archive_next(archive, &name, &member, &err);
        while (rc == PERSO_OK &&
               (rc = perso_source_read(&member, block, sizeof block, &n, &err)) == PERSO_OK)
            out += n;
        assert_int_equal(rc, PERSO_REJECT);
        assert_int_equal(err.reject, PERSO_REJ_ARCHIVE_LIMIT);
        assert_true(out < 16u << 20);
        assert_true(m.read_at <= 3 * 65536); /* hardly anything of it was even read */
        perso_archive_free(archive);
        memory_free(&m);
    }
}

static void
what_packs_well_but_is_small_is_taken(void **state) /* the ratio counts from 1 MiB on */
{
    (void)state;
    struct memory m = { 0 }, list = { 0 };
    struct perso_error err = { 0 };
    write_zeros(&m, "gzip:compression-level=9", 1000000);
    assert_int_equal(memory_list(&m, &wide_limits, &list, &err), PERSO_OK);
    assert_int_equal(list.n, 1000000 + strlen("zeros.csv=;"));
    memory_free(&m);
    memory_free(&list);
}

static void
a_gzip_whose_crc_lies_is_refused(void **state) /* libarchive's own filter does not look */
{
    struct memory m = { 0 };

    (void)state;
    memory_sample(&m, PERSO_ARCHIVE_TAR_GZ);
    for (size_t i = m.n - 8; i < m.n; i++) {
        m.at[i] ^= 0x10;
        assert_refused(&m, &wide_limits, PERSO_REJ_ARCHIVE_DAMAGED);
        m.at[i] ^= 0x10;
    }
    memory_free(&m);
}

static void
zip64_is_read(void **state) /* 8-byte sizes and descriptors */
{
    static const char *const options[] = { "zip:zip64,zip:compression=deflate",
                                           "zip:zip64,zip:compression=store" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct memory m = { 0 }, list = { 0 };
        struct perso_error err = { 0 };
        write_zeros(&m, options[i], 5000);
        if (memory_list(&m, &wide_limits, &list, &err) != PERSO_OK)
            fail_msg("%s: %s", options[i], err.text);
        assert_int_equal(list.n, 5000 + strlen("zeros.csv=;"));
        memory_free(&m);
        memory_free(&list);
    }
}

static void
more_members_than_16_bits_count_are_read(void **state) /* PLATFORM 6: 70,000 empty ones */
{
    struct memory m = { 0 }, list = { 0 };
    struct perso_error err = { 0 };
    struct archive *a = archive_write_new();
    char name[32];

    (void)state;
    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_options(a, "zip:compression=store"), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open(a, &m, NULL, to_memory, NULL), ARCHIVE_OK);
    for (int i = 0; i < 70000; i++) {
        struct archive_entry *entry = archive_entry_new();
        snprintf(name, sizeof name, "%d.p10", i);
        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_size(entry, 0);
        assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
    if (memory_list(&m, &wide_limits, &list, &err) != PERSO_OK)
        fail_msg("%s", err.text);
    const struct perso_archive_limits below = { 69999, 1, 1 };
    assert_refused(&m, &below, PERSO_REJ_ARCHIVE_LIMIT);
    memory_free(&m);
    memory_free(&list);
}

/* What the tools at hand write; false where one of them is missing. */
static bool
made_by(const char *command, struct memory *m)
{
    char line[1024], folder[] = "/tmp/perso-archive-XXXXXX";
    struct perso_error err = { 0 };
    uint8_t block[4096];
    size_t n;

    assert_non_null(mkdtemp(folder));
    snprintf(line, sizeof line,
             "cd %s && mkdir 名单 && printf 'AAZ501\\n1\\n' > a.csv && head -c 3000 /dev/zero > "
             "名单/b && : > empty && { %s; } > log 2>&1 && cat out",
             folder, command);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    while ((n = fread(block, 1, sizeof block, pipe)) > 0)
        memory_write(m, block, n, &err);
    int status = pclose(pipe);
    snprintf(line, sizeof line, "rm -rf %s", folder);
    assert_int_equal(system(line), 0);
    return status == 0 && m->n > 0;
}

static const struct {
    const char *tool, *command;
} foreign[] = {
    { "zip", "zip -X out.zip a.csv 名单/b empty && mv out.zip out" },
    { "zip", "zip -0 out.zip a.csv 名单/b empty && mv out.zip out" },
    { "zip", "zip - a.csv 名单/b empty | cat > out" }, /* descriptors */
    { "zip", "zip -fz out.zip a.csv 名单/b empty && mv out.zip out" },
    { "7z", "7z a out.zip a.csv 名单/b empty && mv out.zip out" },
    { "tar", "tar cf out a.csv 名单/b empty" },
    { "tar", "tar cf out ./a.csv ./名单/b ./empty" },
    { "tar", "tar --format=pax -cf out a.csv 名单/b empty" },
    { "tar", "tar --format=ustar -czf out a.csv 名单/b empty" },
    { "zstd", "tar cf - a.csv 名单/b empty | zstd -q > out" },
    { "zstd", "tar cf - a.csv 名单/b empty | zstd -q --no-check > out" },
    { "java",
      "mkdir x && mv a.csv empty 名单 x && jar -c -M -f out -C x a.csv -C x 名单/b -C x empty" },
};

static bool
holds(const struct memory *m, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= m->n; i++)
        if (memcmp(m->at + i, text, n) == 0)
            return true;
    return false;
}

static void
archives_of_other_tools_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct memory m = { 0 }, list = { 0 };
        struct perso_error err = { 0 };
        if (!made_by(foreign[i].command, &m)) {
            print_message("skipped: %s is not here: %s\n", foreign[i].tool, foreign[i].command);
        } else {
            if (memory_list(&m, &wide_limits, &list, &err) != PERSO_OK)
                fail_msg("%s: %s %s", foreign[i].command, perso_reject_code(err.reject), err.text);
            if (list.n != strlen("a.csv=AAZ501\n1\n;名单/b=;empty=;") + 3000 ||
                !holds(&list, "a.csv=AAZ501\n1\n;") || !holds(&list, "名单/b=") ||
                !holds(&list, "empty=;"))
                fail_msg("%s: other members", foreign[i].command);
        }
        memory_free(&m);
        memory_free(&list);
    }
}

static const struct {
    const char *what, *command;
    enum perso_reject want;
} refused[] = {
    { "a folder in a zip", "zip -r out.zip a.csv 名单 && mv out.zip out",
      PERSO_REJ_ARCHIVE_MEMBER },
    { "a link in a zip", "ln -s a.csv l && zip -y out.zip l && mv out.zip out",
      PERSO_REJ_ARCHIVE_MEMBER },
    { "encrypted", "zip -P secret out.zip a.csv && mv out.zip out", PERSO_REJ_ARCHIVE_MEMBER },
    { "AES", "7z a -psecret -mem=AES256 out.zip a.csv && mv out.zip out",
      PERSO_REJ_ARCHIVE_PASSPHRASE },
    { "another method", "7z a -mm=BZip2 out.zip 名单/b && mv out.zip out",
      PERSO_REJ_ARCHIVE_MEMBER },
    { "zip in a zip", "zip x.zip a.csv && zip -0 out.zip x.zip && mv out.zip out",
      PERSO_REJ_ARCHIVE_MEMBER },
    { "tar in a zip", "tar cf x.tar a.csv && zip out.zip x.tar && mv out.zip out",
      PERSO_REJ_ARCHIVE_MEMBER },
    { "7z in a tar", "7z a x.7z a.csv && tar cf out x.7z", PERSO_REJ_ARCHIVE_MEMBER },
    { "a gzip in a tar.gz", "gzip a.csv && tar czf out a.csv.gz", PERSO_REJ_ARCHIVE_MEMBER },
    { "a 7z", "7z a x.7z a.csv && mv x.7z out", PERSO_REJ_FILE_FORMAT },
    { "a folder in a tar", "tar cf out 名单", PERSO_REJ_ARCHIVE_MEMBER },
    { "a link in a tar", "ln -s a.csv l && tar cf out l", PERSO_REJ_ARCHIVE_MEMBER },
    { "a hard link", "ln a.csv l && tar cf out a.csv l", PERSO_REJ_ARCHIVE_MEMBER },
    { "a fifo", "mkfifo f && tar cf out f", PERSO_REJ_ARCHIVE_MEMBER },
    { "a sparse file", "truncate -s 1M s && tar -S -cf out s", PERSO_REJ_ARCHIVE_MEMBER },
    { "absolute", "tar -P -cf out $PWD/a.csv", PERSO_REJ_ARCHIVE_MEMBER },
    { "climbing", "tar -P -C 名单 -cf out ../a.csv", PERSO_REJ_ARCHIVE_MEMBER },
    { "twice", "tar cf out a.csv a.csv --hard-dereference", PERSO_REJ_ARCHIVE_MEMBER },
    { "case twins", "cp a.csv A.csv && tar cf out a.csv A.csv", PERSO_REJ_ARCHIVE_MEMBER },
    { "twins by ./", "tar cf out a.csv ./a.csv --hard-dereference", PERSO_REJ_ARCHIVE_MEMBER },
    { "newline", "cp a.csv \"$(printf 'a\\nb')\" && tar cf out a?b", PERSO_REJ_ARCHIVE_MEMBER },
    { "backslash", "cp a.csv 'a\\b' && tar --no-unquote -cf out 'a\\b'", PERSO_REJ_ARCHIVE_MEMBER },
    { "long name", "n=$(printf '%0128d' 1) && cp a.csv $n && tar cf out $n",
      PERSO_REJ_ARCHIVE_MEMBER },
    { "self-extracting", "zip x.zip a.csv && { echo '#!/bin/sh'; cat x.zip; } > out",
      PERSO_REJ_FILE_FORMAT },
    { "split", "head -c 200000 /dev/urandom > r && zip -s 64k x.zip r && mv x.z01 out",
      PERSO_REJ_ARCHIVE_DAMAGED },
};

static void
members_that_are_not_plain_files_are_refused(void **state) /* RELIABILITY T10, DESIGN 6 */
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct memory m = { 0 }, list = { 0 };
        struct perso_error err = { 0 };
        if (!made_by(refused[i].command, &m))
            print_message("skipped: no tool makes: %s\n", refused[i].what);
        else if (memory_list(&m, &wide_limits, &list, &err) != PERSO_REJECT ||
                 (err.reject != refused[i].want &&
                  !(refused[i].want == PERSO_REJ_ARCHIVE_DAMAGED && m.at[0] == 'P' &&
                    err.reject == PERSO_REJ_FILE_FORMAT)))
            fail_msg("%s: have %s %s", refused[i].what, perso_reject_code(err.reject), err.text);
        memory_free(&m);
        memory_free(&list);
    }
}

static void
names_in_gb18030_are_read(void **state) /* PLATFORM 6: file names in GBK */
{
    struct memory m = { 0 };

    (void)state;
    if (made_by("cp a.csv \"$(printf '\\320\\325\\303\\373.csv')\" && tar cf out *.csv && "
                "tar -f out --delete a.csv",
                &m))
        assert_lists(&m, "姓名.csv=AAZ501\n1\n;");
    else
        print_message("skipped: tar cannot delete\n");
    memory_free(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read_back_in_pieces_of_any_size),
        cmocka_unit_test(a_cut_at_any_length_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(caps_stand_at_n_and_n_plus_1),
        cmocka_unit_test(an_unread_member_is_checked_all_the_same),
        cmocka_unit_test(the_end_comes_again),
        cmocka_unit_test(a_source_that_fails_is_not_damage),
        cmocka_unit_test(bombs_are_stopped_early),
        cmocka_unit_test(what_packs_well_but_is_small_is_taken),
        cmocka_unit_test(a_gzip_whose_crc_lies_is_refused),
        cmocka_unit_test(zip64_is_read),
        cmocka_unit_test(more_members_than_16_bits_count_are_read),
        cmocka_unit_test(archives_of_other_tools_are_read),
        cmocka_unit_test(members_that_are_not_plain_files_are_refused),
        cmocka_unit_test(names_in_gb18030_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
