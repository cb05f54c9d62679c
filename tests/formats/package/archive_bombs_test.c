/* Archives that want more memory or time than there is (RELIABILITY T10): streamed by the test, so
 * that only the reader's memory counts. Each is refused in 2 s, all in 64 MiB. */
#include "corpus.h"

/* ---- 10,000,000 empty members ---- */

#define MANY 10000000u

struct many {
    void (*make)(struct many *many, uint32_t number);
    uint32_t number;
    uint8_t piece[1024];
    size_t at, n;
    uint64_t given;
};

static void
many_tar(struct many *m, uint32_t number)
{
    char name[32];

    m->n = 512;
    snprintf(name, sizeof name, "%u.p10", number);
    tar_header(m->piece, name, strlen(name), '0', "", 0);
}

static void
many_zip(struct many *m, uint32_t number)
{
    char name[32];
    size_t n = (size_t)snprintf(name, sizeof name, "%08u.p10", number);
    const uint8_t head[30] = { 'P', 'K', 3, 4, 10, [26] = (uint8_t)n };

    memcpy(m->piece, head, sizeof head);
    memcpy(m->piece + sizeof head, name, n);
    m->n = sizeof head + n;
}

static void
many_folders(struct many *m, uint32_t number)
{
    char name[32];

    m->n = 512;
    snprintf(name, sizeof name, "%u/", number);
    tar_header(m->piece, name, strlen(name), '5', "", 0);
}

/* Global headers say nothing and are no members. */
static void
many_globals(struct many *m, uint32_t number)
{
    (void)number;
    m->n = 1024;
    memset(m->piece, 0, sizeof m->piece);
    tar_header(m->piece, "g", 1, 'g', "", 12);
    memcpy(m->piece + 512, "12 comment=\n", 12);
}

static enum perso_result
read_many(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct many *m = self;

    (void)err;
    for (*n = 0; *n < max;) {
        if (m->at == m->n) {
            if (m->number == MANY)
                break;
            m->make(m, m->number++);
            m->at = 0;
        }
        size_t now = m->n - m->at < max - *n ? m->n - m->at : max - *n;
        memcpy(buf + *n, m->piece + m->at, now);
        m->at += now;
        *n += now;
    }
    m->given += *n;
    return *n > 0 ? PERSO_OK : PERSO_END;
}

static void
judge_many(const char *what, void (*make)(struct many *, uint32_t), enum perso_reject want,
           unsigned member)
{
    double took = 2 * CORPUS_SECONDS;

    for (int i = 0; i < 3 && took > CORPUS_SECONDS; i++) { /* a machine that is busy is slower */
        struct many many = { .make = make };
        struct perso_source source = { read_many, &many };
        took = corpus_judge_source(what, &source, true, want, member);
    }
    if (took > CORPUS_SECONDS)
        fail_msg("%s: took %.1f s", what, took);
}

static void
ten_million_empty_members(void **state)
{
    (void)state;
    judge_many("in a tar", many_tar, PERSO_REJ_ARCHIVE_LIMIT, PERSO_ARCHIVE_MEMBERS + 1);
    judge_many("in a zip", many_zip, PERSO_REJ_ARCHIVE_LIMIT, PERSO_ARCHIVE_MEMBERS + 1);
    judge_many("folders", many_folders, PERSO_REJ_ARCHIVE_LIMIT, PERSO_ARCHIVE_MEMBERS + 1);
    judge_many("headers about nothing", many_globals, PERSO_REJ_ARCHIVE_DAMAGED, 1);
}

/* ---- much out of little ---- */

static void
gzip(struct memory *out, const struct memory *in, uint64_t zeros)
{
    static uint8_t block[65536], none[65536];
    z_stream z = { 0 };

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (bool ended = false, first = true; !ended; first = false) {
        size_t now = zeros < sizeof none ? (size_t)zeros : sizeof none;
        z.next_in = first ? in->at : none;
        z.avail_in = (uInt)(first ? in->n : now);
        if (!first)
            zeros -= now;
        do {
            z.next_out = block;
            z.avail_out = sizeof block;
            ended = deflate(&z, zeros == 0 && !first ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
            put(out, block, sizeof block - z.avail_out);
        } while (z.avail_out == 0);
    }
    deflateEnd(&z);
}

static void
zeros_in_a_tar_gz(void **state)
{
    struct memory tar = { 0 }, gz = { 0 };
    uint8_t header[512];

    (void)state;
    tar_header(header, "z.csv", 5, '0', "", UINT64_C(1) << 30);
    put(&tar, header, sizeof header);
    gzip(&gz, &tar, UINT64_C(64) << 20);
    memory_free(&tar);
    corpus_judge("1 GiB of zeros", &gz, true, PERSO_REJ_ARCHIVE_LIMIT, 1);
    gzip(&gz, &tar, UINT64_C(64) << 20);
    corpus_judge("no tar, but zeros", &gz, true, PERSO_REJ_FILE_FORMAT, 0);
    /* Endless empty gzip members behind the first. */
    put(&tar, header, sizeof header);
    gzip(&gz, &tar, 0);
    memory_free(&tar);
    for (int i = 0; i < 100000; i++)
        put(&gz, "\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0", 20);
    corpus_judge("100,000 gzips in one", &gz, true, PERSO_REJ_ARCHIVE_DAMAGED, 1);
}

static void
zeros_in_a_zip(void **state)
{
    static char zeros[4 << 20];

    (void)state;
    for (int aes = 0; aes <= 2; aes++) {
        struct zip z = { .n = 1 };
        z.members[0] = (struct zip_member) { .name = "z.csv",
                                             .data = zeros,
                                             .data_bytes = sizeof zeros,
                                             .deflate = 1,
                                             .aes = aes,
                                             .bits = 256,
                                             .secret = "secret" };
        zip_make(&z);
        corpus_judge("4 MiB of zeros", &z.out, true, PERSO_REJ_ARCHIVE_LIMIT, 1);
    }
}

/* A zstd frame of blocks that repeat one byte: 4 bytes make 128 KiB. */
static void
zstd_blocks(struct memory *m, uint8_t window, unsigned n)
{
    put(m, "\x28\xb5\x2f\xfd\0", 5);
    put_le(m, window, 1);
    for (unsigned i = 0; i < n; i++) {
        put_le(m, (128u << 10) << 3 | 1u << 1 | (i + 1 == n), 3);
        put_le(m, 0, 1);
    }
}

static void
zstd_frames(void **state)
{
    static const struct {
        const char *what;
        uint8_t window;
        unsigned n;
        enum perso_reject want;
    } frames[] = {
        { "window of 8 MiB, zeros", 13 << 3, 8, PERSO_REJ_FILE_FORMAT },
        { "window of 32 MiB", 15 << 3, 8, PERSO_REJ_FILE_FORMAT },
        { "window of 36 MiB", 15 << 3 | 1, 8, PERSO_REJ_ARCHIVE_LIMIT },
        { "window of 128 MiB", 17 << 3, 8, PERSO_REJ_ARCHIVE_LIMIT },
        { "window of 3 TiB", 31 << 3 | 4, 8, PERSO_REJ_ARCHIVE_LIMIT },
        { "1 TiB of zeros", 13 << 3, 100000, PERSO_REJ_FILE_FORMAT },
    };
    struct memory m = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        zstd_blocks(&m, frames[i].window, frames[i].n);
        corpus_judge(frames[i].what, &m, true, frames[i].want, 0);
    }
    /* One that is good, then one that is not; one whose content is its window; one that is passed
     * over in between. */
    zstd_blocks(&m, 13 << 3, 1);
    put(&m, "\x50\x2a\x4d\x18\4\0\0\0xxxx", 12);
    zstd_blocks(&m, 17 << 3, 1);
    corpus_judge("the second frame", &m, true, PERSO_REJ_ARCHIVE_LIMIT, 0);
    put(&m, "\x28\xb5\x2f\xfd\xa0\0\0\0\x7f", 9); /* one segment, 4 bytes of size */
    put(&m, "\1\0\0", 3);
    corpus_judge("one segment of 2 GiB", &m, true, PERSO_REJ_ARCHIVE_LIMIT, 0);
    put(&m, "\x28\xb5\x2f\xfd", 4);
    corpus_judge("nothing but the magic", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
}

/* ---- members over each other ---- */

static void
zips_that_overlap(void **state) /* Fifield: 42 kB make 5.5 GB */
{
    struct zip z = { .n = 2 }, quoting = { .n = 1 };
    struct memory m = { 0 };

    (void)state;
    for (int k = 0; k < 2; k++)
        z.members[k] = (struct zip_member) { .name = k == 0 ? "a.csv" : "b.csv", .data = "kernel" };
    zip_make(&z);
    set_le(&z.out, z.members[1].central + 42, 0, 4);
    put(&m, z.out.at, z.members[1].local); /* the first member, twice in the directory */
    size_t directory = m.n;
    put(&m, z.out.at + z.members[0].central, z.end - z.members[0].central);
    put(&m, z.out.at + z.end, 22);
    set_le(&m, m.n - 6, directory, 4);
    corpus_judge("two names of one body", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
    /* The first member's data are the second member, header and all. */
    quoting.members[0] = (struct zip_member) { .name = "a.csv",
                                               .data = (const char *)z.out.at + z.members[1].local,
                                               .data_bytes = 30 + 5 + 6 };
    quoting.members[0].data_bytes = 41;
    zip_make(&quoting);
    put(&m, quoting.out.at, quoting.directory);
    directory = m.n;
    put(&m, quoting.out.at + quoting.directory, quoting.end - quoting.directory);
    put(&m, z.out.at + z.members[1].central, z.end - z.members[1].central);
    size_t second = m.n - (z.end - z.members[1].central);
    set_le(&m, second + 42, 35, 4);
    size_t bytes = m.n - directory;
    put(&m, z.out.at + z.end, 22);
    set_le(&m, m.n - 10, bytes, 4);
    set_le(&m, m.n - 6, directory, 4);
    corpus_judge("a member that quotes the next", &m, true, PERSO_REJ_ARCHIVE_MEMBER, 1);
    memory_free(&z.out);
    memory_free(&quoting.out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_million_empty_members),
        cmocka_unit_test(zeros_in_a_tar_gz),
        cmocka_unit_test(zeros_in_a_zip),
        cmocka_unit_test(zstd_frames),
        cmocka_unit_test(zips_that_overlap),
        cmocka_unit_test(corpus_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
