/* Zips encrypted with AES: made by hand, by 7-Zip, by libarchive; changed, under other passphrases,
 * mixed (WinZip AE-1 and AE-2; CONTRACTS 2, PLATFORM 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "make_archive.h"

#define SECRET "correct horse"

/* What the port was asked, and what it says: words separated by '|', one an attempt. */
struct answers {
    const char *words;
    unsigned asked;
};

static enum perso_result
answer(void *self, unsigned attempt, struct perso_passphrase *ret, struct perso_error *err)
{
    struct answers *a = self;
    const char *word = a->words;

    a->asked++;
    for (; attempt > 0 && word != NULL; attempt--)
        word = strchr(word, '|') != NULL ? strchr(word, '|') + 1 : NULL;
    if (word == NULL)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "", "no other");
    ret->bytes = strcspn(word, "|");
    memcpy(ret->at, word, ret->bytes);
    return PERSO_OK;
}

static enum perso_reject
read_all(struct memory *m, struct answers *answers, struct memory *list, struct perso_error *err)
{
    const struct perso_archive_ways ways = { .passphrase = { answers != NULL ? answer : NULL,
                                                             answers } };

    *err = (struct perso_error) { 0 };
    return memory_list_as(m, &wide_limits, &ways, list, err) == PERSO_OK ? PERSO_REJ_NONE
                                                                         : err->reject;
}

static void
assert_reads(struct memory *m, const char *words, enum perso_reject want, const char *what)
{
    struct answers answers = { .words = words };
    struct memory list = { 0 };
    struct perso_error err;
    enum perso_reject have = read_all(m, words != NULL ? &answers : NULL, &list, &err);

    if (have != want)
        fail_msg("%s: have %s %s, want %s", what, perso_reject_code(have), err.text,
                 perso_reject_code(want));
    memory_free(&list);
}

/* Two members whose second is long enough for many blocks of the cipher. */
static void
make(struct zip *z, int aes, int bits, int deflate, int descriptor)
{
    static char longer[50001];

    for (size_t i = 0; i < sizeof longer - 1; i++)
        longer[i] = (char)('a' + (i * i / 7 + i) % 23);
    z->n = 2;
    for (size_t i = 0; i < 2; i++)
        z->members[i] = (struct zip_member) { .name = i == 0 ? "a.csv" : "dir/b.csv",
                                              .data = i == 0 ? "AAZ501\n1\n" : longer,
                                              .deflate = deflate,
                                              .aes = aes,
                                              .bits = bits,
                                              .secret = SECRET,
                                              .descriptor = descriptor };
    zip_make(z);
}

static void
every_strength_is_read_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = { 0, 1, 15, 16, 17, 4096, 5000 };

    (void)state;
    for (int i = 0; i < 18; i++) {
        int aes = 1 + i % 2, bits = 128 + i / 2 % 3 * 64, deflate = i / 6 > 0;
        struct zip z = { 0 };
        make(&z, aes, bits, deflate, i / 6 == 2);
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            struct answers answers = { .words = SECRET };
            struct memory list = { 0 };
            struct perso_error err;
            z.out.piece = pieces[p];
            if (read_all(&z.out, &answers, &list, &err) != PERSO_REJ_NONE)
                fail_msg("AE-%d %d: %s", aes, bits, err.text);
            assert_int_equal(answers.asked, 1);
            assert_int_equal(list.n, strlen("a.csv=AAZ501\n1\n;dir/b.csv=;") + 50000);
            assert_memory_equal(list.at + list.n - 50001, z.members[1].data, 50000);
            memory_free(&list);
        }
        memory_free(&z.out);
    }
}

static void
wrong_and_missing_passphrases(void **state)
{
    struct zip z = { 0 };

    (void)state;
    make(&z, 2, 256, 1, 0);
    assert_reads(&z.out, NULL, PERSO_REJ_ARCHIVE_PASSPHRASE, "none");
    assert_reads(&z.out, "", PERSO_REJ_ARCHIVE_PASSPHRASE, "empty");
    assert_reads(&z.out, "correct horsf", PERSO_REJ_ARCHIVE_PASSPHRASE, "wrong");
    assert_reads(&z.out, "x|y|z", PERSO_REJ_ARCHIVE_PASSPHRASE, "wrong three times");
    assert_reads(&z.out, "x|y|" SECRET, PERSO_REJ_NONE, "right at the third time");
    memory_free(&z.out);
}

static void
members_under_two_passphrases_are_refused(void **state)
{
    struct zip z = { .n = 2 };

    (void)state;
    for (size_t i = 0; i < 2; i++)
        z.members[i] = (struct zip_member) { .name = i == 0 ? "a" : "b",
                                             .data = "x",
                                             .aes = 2,
                                             .bits = 256,
                                             .secret = i == 0 ? SECRET : "another" };
    zip_make(&z);
    assert_reads(&z.out, SECRET "|another", PERSO_REJ_ARCHIVE_PASSPHRASE, "the second differs");
    memory_free(&z.out);
}

static void
encrypted_beside_plain_members(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) { /* which is plain; whether it has bytes */
        struct zip z = { .n = 2 };
        for (int k = 0; k < 2; k++)
            z.members[k] = (struct zip_member) { .name = k == 0 ? "a" : "b",
                                                 .data = k == i % 2 && i >= 2 ? "" : "x",
                                                 .aes = k == i % 2 ? 0 : 2,
                                                 .bits = 256,
                                                 .secret = SECRET };
        zip_make(&z);
        assert_reads(&z.out, SECRET, i < 2 ? PERSO_REJ_ARCHIVE_MEMBER : PERSO_REJ_NONE, "mixed");
        memory_free(&z.out);
    }
}

/* Bytes without meaning for a reader: versions, internal attributes, permissions. */
static bool
is_void(const struct zip *z, size_t at)
{
    for (size_t i = 0; i < z->n; i++) {
        size_t l = at - z->members[i].local, c = at - z->members[i].central;
        if (l == 4 || l == 5 || (c >= 4 && c < 8) || (c >= 36 && c < 42))
            return true;
    }
    return false;
}

static void
every_flipped_bit_is_refused(void **state) /* AE-2 has no CRC: the code alone sees it */
{
    (void)state;
    for (int aes = 1; aes <= 2; aes++) {
        struct zip z = { .n = 1 };
        z.members[0] = (struct zip_member) {
            .name = "a.csv", .data = "AAZ501\n1\n", .aes = aes, .bits = 128, .secret = SECRET
        };
        zip_make(&z);
        for (size_t i = 0; i < z.out.n; i++)
            for (int bit = 0; bit < 8; bit++) {
                struct answers answers = { .words = SECRET };
                struct memory list = { 0 };
                struct perso_error err;
                z.out.at[i] ^= (uint8_t)(1 << bit);
                if (read_all(&z.out, &answers, &list, &err) == PERSO_REJ_NONE && !is_void(&z, i))
                    fail_msg("AE-%d: bit %d of byte %zu may be flipped", aes, bit, i);
                z.out.at[i] ^= (uint8_t)(1 << bit);
                memory_free(&list);
            }
        memory_free(&z.out);
    }
}

static void
a_cut_at_any_length_is_refused(void **state)
{
    struct zip z = { 0 };

    (void)state;
    make(&z, 2, 256, 1, 1);
    for (size_t n = z.out.n; n-- > 0; n -= n > 2000 ? 997 : 0) {
        struct memory cut = { .at = z.out.at, .n = n };
        struct answers answers = { .words = SECRET };
        struct memory list = { 0 };
        struct perso_error err;
        if (read_all(&cut, &answers, &list, &err) == PERSO_REJ_NONE)
            fail_msg("cut at %zu is taken", n);
        memory_free(&list);
    }
    memory_free(&z.out);
}

/* One or both places of a field changed; member 0 is stored, AE-2, 256 bits. */
static void
changed_bytes(void **state)
{
    struct zip z = { .n = 1 };

    (void)state;
    z.members[0] = (struct zip_member) {
        .name = "a.csv", .data = "AAZ501\n1\n", .aes = 2, .bits = 256, .secret = SECRET
    };
    zip_make(&z);
    size_t local = z.members[0].local, central = z.members[0].central, body = z.members[0].body;
    size_t extra = local + 30 + 5, central_extra = central + 46 + 5;
    const struct {
        const char *what;
        size_t at[2];
        uint64_t value;
        unsigned bytes;
        enum perso_reject want;
    } changes[] = {
        { "ciphertext", { body + 18, body + 18 }, 0xee, 1, PERSO_REJ_ARCHIVE_DAMAGED },
        { "code", { body + 27, body + 27 }, 0x1234, 2, PERSO_REJ_ARCHIVE_DAMAGED },
        { "verifier", { body + 16, body + 16 }, 0x1234, 2, PERSO_REJ_ARCHIVE_PASSPHRASE },
        { "salt", { body, body }, 0x123456, 3, PERSO_REJ_ARCHIVE_PASSPHRASE },
        { "128 bits", { extra + 8, central_extra + 8 }, 1, 1, PERSO_REJ_ARCHIVE_DAMAGED },
        { "512 bits", { extra + 8, central_extra + 8 }, 4, 1, PERSO_REJ_ARCHIVE_MEMBER },
        { "no bits", { extra + 8, central_extra + 8 }, 0, 1, PERSO_REJ_ARCHIVE_MEMBER },
        { "AE-3", { extra + 4, central_extra + 4 }, 3, 2, PERSO_REJ_ARCHIVE_MEMBER },
        { "AE-1 without CRC", { extra + 4, central_extra + 4 }, 1, 2, PERSO_REJ_ARCHIVE_DAMAGED },
        { "vendor AF",
          { extra + 6, central_extra + 6 },
          'A' | 'F' << 8,
          2,
          PERSO_REJ_ARCHIVE_MEMBER },
        { "deflated inside", { extra + 9, central_extra + 9 }, 8, 2, PERSO_REJ_ARCHIVE_DAMAGED },
        { "AES in AES", { extra + 9, central_extra + 9 }, 99, 2, PERSO_REJ_ARCHIVE_MEMBER },
        { "bzip2 inside", { extra + 9, central_extra + 9 }, 12, 2, PERSO_REJ_ARCHIVE_MEMBER },
        { "another field", { extra, central_extra }, 0x9902, 2, PERSO_REJ_ARCHIVE_DAMAGED },
        { "directory: other bits",
          { central_extra + 8, central_extra + 8 },
          2,
          1,
          PERSO_REJ_ARCHIVE_DAMAGED },
        { "directory: AE-1",
          { central_extra + 4, central_extra + 4 },
          1,
          1,
          PERSO_REJ_ARCHIVE_DAMAGED },
        { "not encrypted", { local + 6, central + 8 }, 0, 2, PERSO_REJ_ARCHIVE_DAMAGED },
        { "method stored", { local + 8, central + 10 }, 0, 2, PERSO_REJ_ARCHIVE_MEMBER },
        { "CRC", { local + 14, central + 16 }, 7, 4, PERSO_REJ_ARCHIVE_DAMAGED },
        { "no room for salt", { local + 18, central + 20 }, 5, 4, PERSO_REJ_ARCHIVE_DAMAGED },
        { "a huge member",
          { local + 18, central + 20 },
          0xfffffff0u,
          4,
          PERSO_REJ_ARCHIVE_DAMAGED },
        { "plain size", { local + 22, central + 24 }, 8, 4, PERSO_REJ_ARCHIVE_DAMAGED },
        { "strong encryption", { local + 6, central + 8 }, 0x41, 2, PERSO_REJ_ARCHIVE_MEMBER },
        { "masked headers", { local + 6, central + 8 }, 0x2001, 2, PERSO_REJ_ARCHIVE_MEMBER },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct memory m = { 0 };
        put(&m, z.out.at, z.out.n);
        for (int k = 0; k < 2; k++)
            set_le(&m, changes[i].at[k], changes[i].value, changes[i].bytes);
        assert_reads(&m, SECRET, changes[i].want, changes[i].what);
        memory_free(&m);
    }
    memory_free(&z.out);
}

static bool
is_b(const char *name)
{
    return strcmp(name, "dir/b.csv") == 0;
}

static void
members_that_are_passed_over(void **state) /* an earlier walk has read them */
{
    const struct perso_archive_ways ways = { .passes = is_b };

    (void)state;
    for (int aes = 0; aes <= 2; aes++) {
        struct zip z = { 0 };
        struct memory list = { 0 };
        struct perso_error err = { 0 };
        struct answers answers = { .words = SECRET };
        struct perso_archive_ways with = ways;
        with.passphrase = (struct perso_passphrase_port) { answer, &answers };
        make(&z, aes, 256, 1, 0);
        assert_int_equal(memory_list_as(&z.out, &wide_limits, &with, &list, &err), PERSO_OK);
        memory_write(&list, "", 1, &err);
        assert_string_equal((char *)list.at, "a.csv=AAZ501\n1\n;");
        memory_free(&list);
        z.out.at[z.members[1].central + 16] ^= 1; /* what is said of it still has to agree */
        assert_int_equal(memory_list_as(&z.out, &wide_limits, &with, &list, &err), PERSO_REJECT);
        memory_free(&list);
        memory_free(&z.out);
    }
}

/* ---- other programs' ---- */

static la_ssize_t
to_memory(struct archive *a, void *self, const void *bytes, size_t n)
{
    (void)a;
    put(self, bytes, n);
    return (la_ssize_t)n;
}

static void
what_libarchive_encrypts_is_read(void **state)
{
    static const char *const options[] = { "zip:encryption=aes256", "zip:encryption=aes128",
                                           "zip:encryption=aes256,zip:compression=store",
                                           "zip:encryption=aes256,zip:zip64" };
    static char data[30000];

    (void)state;
    memset(data, 'q', sizeof data);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct memory m = { 0 }, list = { 0 };
        struct answers answers = { .words = SECRET };
        struct perso_error err;
        struct archive *a = archive_write_new();
        assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
        assert_int_equal(archive_write_set_options(a, options[i]), ARCHIVE_OK);
        assert_int_equal(archive_write_set_passphrase(a, SECRET), ARCHIVE_OK);
        archive_write_set_bytes_in_last_block(a, 1);
        assert_int_equal(archive_write_open(a, &m, NULL, to_memory, NULL), ARCHIVE_OK);
        for (int k = 0; k < 2; k++) {
            struct archive_entry *entry = archive_entry_new();
            size_t n = k == 0 ? 9 : sizeof data;
            archive_entry_set_pathname(entry, k == 0 ? "a.csv" : "b.csv");
            archive_entry_set_filetype(entry, AE_IFREG);
            archive_entry_set_size(entry, (la_int64_t)n);
            assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
            assert_int_equal(archive_write_data(a, k == 0 ? "AAZ501\n1\n" : data, n), n);
            archive_entry_free(entry);
        }
        assert_int_equal(archive_write_free(a), ARCHIVE_OK);
        if (read_all(&m, &answers, &list, &err) != PERSO_REJ_NONE)
            fail_msg("%s: %s %s", options[i], perso_reject_code(err.reject), err.text);
        assert_int_equal(list.n, strlen("a.csv=AAZ501\n1\n;b.csv=;") + sizeof data);
        assert_memory_equal(list.at, "a.csv=AAZ501\n1\n;b.csv=qqqq", 26);
        assert_reads(&m, "other", PERSO_REJ_ARCHIVE_PASSPHRASE, options[i]);
        memory_free(&m);
        memory_free(&list);
    }
}

/* The same seen from the other side: libarchive reads what was made by hand here. */
static void
what_is_made_here_libarchive_reads(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct zip z = { 0 };
        struct archive *a = archive_read_new();
        struct archive_entry *entry = NULL;
        char block[60000];
        make(&z, 1 + i % 2, 128 + i / 2 % 3 * 64, i / 6, 0);
        assert_int_equal(archive_read_support_format_zip(a), ARCHIVE_OK);
        assert_int_equal(archive_read_add_passphrase(a, SECRET), ARCHIVE_OK);
        assert_int_equal(archive_read_open_memory(a, z.out.at, z.out.n), ARCHIVE_OK);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_OK);
            assert_int_equal(archive_read_data(a, block, sizeof block), z.members[k].data_bytes);
            assert_memory_equal(block, z.members[k].data, z.members[k].data_bytes);
        }
        assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_EOF);
        archive_read_free(a);
        memory_free(&z.out);
    }
}

/* 7-Zip writes into a folder of its own; false where it is not here. */
static bool
made_by_7z(const char *arguments, struct memory *m)
{
    char line[512], folder[] = "/tmp/perso-aes-XXXXXX";
    uint8_t block[4096];
    size_t n;

    assert_non_null(mkdtemp(folder));
    snprintf(line, sizeof line,
             "cd %s && mkdir 名单 && printf 'AAZ501\\n1\\n' > a.csv && : > empty && "
             "head -c 3000 /dev/zero > 名单/b && 7z a -tzip %s out.zip a.csv 名单/b empty > log "
             "2>&1 && cat out.zip",
             folder, arguments);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    while ((n = fread(block, 1, sizeof block, pipe)) > 0)
        put(m, block, n);
    int status = pclose(pipe);
    snprintf(line, sizeof line, "rm -rf %s", folder);
    assert_int_equal(system(line), 0);
    return status == 0 && m->n > 0;
}

static void
what_7z_encrypts_is_read(void **state)
{
    static const struct {
        const char *arguments;
        enum perso_reject want;
    } made[] = {
        { "-psecret -mem=AES256", PERSO_REJ_NONE },
        { "-psecret -mem=AES192", PERSO_REJ_NONE },
        { "-psecret -mem=AES128", PERSO_REJ_NONE },
        { "-psecret -mem=AES256 -mx=0", PERSO_REJ_NONE },
        { "-psecret -mem=AES128 -mx=9", PERSO_REJ_NONE },
        { "-pother -mem=AES256", PERSO_REJ_ARCHIVE_PASSPHRASE },
        { "-psecret -mem=ZipCrypto", PERSO_REJ_ARCHIVE_MEMBER },
        { "-psecret", PERSO_REJ_ARCHIVE_MEMBER }, /* ZipCrypto is what it does unasked */
        { "-psecret -mem=AES256 -mm=BZip2", PERSO_REJ_ARCHIVE_MEMBER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        struct memory m = { 0 }, list = { 0 };
        struct answers answers = { .words = "secret" };
        struct perso_error err;
        if (!made_by_7z(made[i].arguments, &m)) {
            print_message("skipped: 7z is not here\n");
            return;
        }
        enum perso_reject have = read_all(&m, &answers, &list, &err);
        if (have != made[i].want)
            fail_msg("%s: have %s %s", made[i].arguments, perso_reject_code(have), err.text);
        if (have == PERSO_REJ_NONE)
            assert_int_equal(list.n, strlen("a.csv=AAZ501\n1\n;名单/b=;empty=;") + 3000);
        memory_free(&m);
        memory_free(&list);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_strength_is_read_in_pieces_of_any_size),
        cmocka_unit_test(wrong_and_missing_passphrases),
        cmocka_unit_test(members_under_two_passphrases_are_refused),
        cmocka_unit_test(encrypted_beside_plain_members),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(a_cut_at_any_length_is_refused),
        cmocka_unit_test(changed_bytes),
        cmocka_unit_test(members_that_are_passed_over),
        cmocka_unit_test(what_libarchive_encrypts_is_read),
        cmocka_unit_test(what_is_made_here_libarchive_reads),
        cmocka_unit_test(what_7z_encrypts_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
