/* Hostile archives (RELIABILITY T10): names, types, structures; each is refused with the number of
 * its member, or is whole; in bounded time and memory. */
#include "corpus.h"

#define GOOD "a.csv"
#define ROWS "AAZ501\n1\n"
#define BYTES(text) text, sizeof text - 1

/* ---- names ---- */

static const struct {
    const char *what, *name;
    size_t n;
    bool tar; /* a header of ustar can hold it as it is */
} bad_names[] = {
    { "absolute", BYTES("/etc/passwd"), true },
    { "two slashes first", BYTES("//server/share"), true },
    { "climbs", BYTES("../x.csv"), true },
    { "climbs twice", BYTES("../../x.csv"), true },
    { "climbs inside", BYTES("a/../../x.csv"), true },
    { "climbs at the end", BYTES("a/.."), true },
    { "climbs after a dot", BYTES("./../x.csv"), true },
    { "a dot", BYTES("."), true },
    { "two dots", BYTES(".."), true },
    { "a dot inside", BYTES("a/./x.csv"), true },
    { "dots twice first", BYTES("././x.csv"), true },
    { "an empty part", BYTES("a//x.csv"), true },
    { "backslash", BYTES("a\\x.csv"), true },
    { "climbs by backslash", BYTES("..\\..\\x.csv"), true },
    { "drive", BYTES("c:x.csv"), true },
    { "drive and folder", BYTES("C:\\x.csv"), true },
    { "newline", BYTES("x\ny.csv"), true },
    { "carriage return", BYTES("x\ry.csv"), true },
    { "tab", BYTES("x\ty.csv"), true },
    { "DEL", BYTES("x\x7f.csv"), true },
    { "escape", BYTES("\x1b[2Jx.csv"), true },
    { "C1", BYTES("x\xc2\x9b.csv"), true },
    { "right to left",
      BYTES("x\xe2\x80\xae"
            "vsc.exe"),
      true },
    { "line separator", BYTES("x\xe2\x80\xa8.csv"), true },
    { "NUL", BYTES("x.csv\0/../y"), false },
    { "in NFD", BYTES("cafe\xcc\x81.csv"), true },
    { "Hangul in NFD", BYTES("\xe1\x84\x92\xe1\x85\xa1.csv"), true },
    { "kana in NFD", BYTES("\xe3\x81\x8b\xe3\x82\x99.csv"), true },
    { "overlong slash",
      BYTES("a\xc0\xaf"
            "b\xff"),
      true },
    { "neither UTF-8 nor GB18030", BYTES("\xff\xff.csv"), true },
    { "a surrogate", BYTES("\xed\xa0\x80\xff.csv"), true },
};

static void
zip_of_two(struct memory *ret, const char *name, size_t n, const char *data)
{
    struct zip z = { .n = 2 };

    z.members[0] = (struct zip_member) { .name = GOOD, .data = ROWS };
    z.members[1] = (struct zip_member) { .name = name, .name_bytes = n, .data = data };
    zip_make(&z);
    *ret = z.out;
}

static void
tar_of_two(struct memory *m, const char *name, size_t n)
{
    tar_add(m, BYTES(GOOD), '0', "", BYTES(ROWS));
    tar_add(m, name, n, '0', "", BYTES(ROWS));
    tar_end(m);
}

static void
pax_of_two(struct memory *m, const char *name, size_t n)
{
    struct memory pax = { 0 };

    pax_record(&pax, "path", name, n);
    tar_add(m, BYTES(GOOD), '0', "", BYTES(ROWS));
    tar_add(m, BYTES("PaxHeaders/x"), 'x', "", pax.at, pax.n);
    tar_add(m, BYTES("x"), '0', "", BYTES(ROWS));
    tar_end(m);
    memory_free(&pax);
}

static void
names_that_hide_something(void **state)
{
    struct memory m = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        zip_of_two(&m, bad_names[i].name, bad_names[i].n, ROWS);
        corpus_judge(bad_names[i].what, &m, true, PERSO_REJ_ARCHIVE_MEMBER, 2);
        if (bad_names[i].tar) {
            tar_of_two(&m, bad_names[i].name, bad_names[i].n);
            corpus_judge(bad_names[i].what, &m, true, PERSO_REJ_ARCHIVE_MEMBER, 2);
        }
    }
}

static void
pax_names_that_hide_something(void **state)
{
    struct memory m = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        pax_of_two(&m, bad_names[i].name, bad_names[i].n);
        corpus_judge(bad_names[i].what, &m, true, PERSO_REJ_ARCHIVE_MEMBER, 2);
    }
}

static const struct {
    const char *what, *first, *second;
} twins[] = {
    { "the same", "x.csv", "x.csv" },
    { "by ./", "x.csv", "./x.csv" },
    { "ASCII case", "x.csv", "X.CSV" },
    { "folder's case", "a/x.csv", "A/x.csv" },
    { "Latin case", "\xc3\xa9.csv", "\xc3\x89.csv" },
    { "Greek case", "\xce\xb1.csv", "\xce\x91.csv" },
    { "Cyrillic case", "\xd0\xb6.csv", "\xd0\x96.csv" },
    { "full width case", "\xef\xbd\x81.csv", "\xef\xbc\xa1.csv" },
    { "the sign of kelvin", "k.csv", "\xe2\x84\xaa.csv" },
    { "NFC and NFD", "caf\xc3\xa9.csv", "cafe\xcc\x81.csv" },
    { "kana in NFC and NFD", "\xe3\x81\x8c.csv", "\xe3\x81\x8b\xe3\x82\x99.csv" },
};

static void
names_that_are_twins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        struct zip z = { .n = 2 };
        struct memory m = { 0 };
        z.members[0] = (struct zip_member) { .name = twins[i].first, .data = ROWS };
        z.members[1] = (struct zip_member) { .name = twins[i].second, .data = ROWS };
        zip_make(&z);
        corpus_judge(twins[i].what, &z.out, true, PERSO_REJ_ARCHIVE_MEMBER, 2);
        tar_add(&m, twins[i].first, strlen(twins[i].first), '0', "", BYTES(ROWS));
        tar_add(&m, twins[i].second, strlen(twins[i].second), '0', "", BYTES(ROWS));
        tar_end(&m);
        corpus_judge(twins[i].what, &m, true, PERSO_REJ_ARCHIVE_MEMBER, 2);
    }
    struct memory m = { 0 };
    zip_of_two(&m, BYTES("\xd5\xc5\xc8\xfd/\xc3\xfb\xb5\xa5.csv"), ROWS);
    corpus_judge("names in GBK", &m, true, PERSO_REJ_NONE, 0);
}

/* ---- types of a tar's entries ---- */

static const struct {
    const char *what;
    char type;
    const char *name, *link;
    const char *data;
    bool folders; /* are passed over */
    enum perso_reject want;
    unsigned member;
} tar_types[] = {
    { "symbolic link", '2', "x.csv", "/etc/passwd", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "symbolic link to a folder", '2', "d", "/tmp", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "hard link", '1', "x.csv", "a.csv", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "hard link with data", '1', "x.csv", "a.csv", ROWS, true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "hard link upwards", '1', "x.csv", "../../x", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "character device", '3', "x.csv", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "block device", '4', "x.csv", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "fifo", '6', "x.csv", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "folder", '5', "x", "", "", false, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "folder passed over", '5', "x", "", "", true, PERSO_REJ_NONE, 0 },
    { "the archive's own folder", '5', "./", "", "", true, PERSO_REJ_NONE, 0 },
    { "own folder, where none may be", '5', "./", "", "", false, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "folder upwards", '5', "../x", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "absolute folder", '5', "/tmp/", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "folder that is a file too", '5', "a.csv", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "GNU sparse", 'S', "x.csv", "", ROWS, true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "GNU dump folder", 'D', "x.csv", "", ROWS, true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "volume label", 'V', "x.csv", "", "", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "Solaris' pax", 'X', "x.csv", "", "9 path=x\n", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "folder with bytes", '5', "x", "", ROWS, true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "contiguous file", '7', "x.csv", "", ROWS, true, PERSO_REJ_NONE, 0 },
    { "nested tar.gz", '0', "x", "", "\x1f\x8b\x08nested", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "nested zip", '0', "x", "", "PK\3\4nested", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "nested 7z", '0', "x", "", "7z\xbc\xaf\x27\x1c", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "nested RAR", '0', "x", "", "Rar!\x1a\x07", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "nested zstd", '0', "x", "", "\x28\xb5\x2f\xfd", true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "pax about a link", 'x', "x", "", "14 linkpath=x\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax without equals", 'x', "x", "", "5 ab\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax without key", 'x', "x", "", "5 =b\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax with a negative length", 'x', "x", "", "-9 path=x\n", true, PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "pax with a huge length", 'x', "x", "", "99999999999999999999 a=b\n", true,
      PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax charset", 'x', "x", "", "17 hdrcharset=X\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax size of letters", 'x', "x", "", "9 size=x\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "global name", 'g', "x", "", "9 path=x\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "global size", 'g', "x", "", "9 size=1\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "global comment, and nothing", 'g', "x", "", "12 comment=\n", true, PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "continued file", 'M', "x.csv", "", ROWS, true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "unknown type", 'Q', "x.csv", "", ROWS, true, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "pax without records", 'x', "x.csv", "", "no record", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax record too long", 'x', "x.csv", "", "99 path=x\n", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax record without end", 'x', "x", "", "9 path=xy", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "long name alone", 'L', "x", "", "long", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "long link alone", 'K', "x", "", "long", true, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
};

static void
types_that_are_no_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tar_types / sizeof tar_types[0]; i++) {
        struct memory m = { 0 };
        const char *name = tar_types[i].name;
        tar_add(&m, BYTES(GOOD), '0', "", BYTES(ROWS));
        tar_add(&m, name, strlen(name), tar_types[i].type, tar_types[i].link, tar_types[i].data,
                strlen(tar_types[i].data));
        tar_end(&m);
        corpus_judge(tar_types[i].what, &m, tar_types[i].folders, tar_types[i].want,
                     tar_types[i].member);
    }
}

/* ---- what headers say, and what follows ---- */

/* GOOD, then what the parts say: 'x' a pax header of `pax`, 'L' a long name of n bytes, 'd' a
 * member of ROWS, 'z' a block of zeros, 'h' a header alone that says n bytes, '!' a header whose
 * sum is wrong, 'r' a block of random bytes. */
static const struct {
    const char *what, *parts, *pax;
    uint64_t n;
    enum perso_reject want;
    unsigned member;
} tar_structures[] = {
    { "whole", "dzz", "", 0, PERSO_REJ_NONE, 0 },
    { "padded to a tape's block", "dzzzzzzz", "", 0, PERSO_REJ_NONE, 0 },
    { "without its end", "d", "", 0, PERSO_REJ_ARCHIVE_DAMAGED, 3 },
    { "half an end", "dz", "", 0, PERSO_REJ_ARCHIVE_DAMAGED, 3 },
    { "a member behind half an end", "zdzz", "", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "a member behind the end", "zzdzz", "", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "random behind the end", "dzzr", "", 0, PERSO_REJ_ARCHIVE_DAMAGED, 3 },
    { "random between", "rdzz", "", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "wrong sum", "!zz", "", 9, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "more bytes than there are", "hzz", "", 4096, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "a member of 8 GiB", "hzz", "", UINT64_C(1) << 33, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax size is the header's", "xdzz", "9 size=9\n", 0, PERSO_REJ_NONE, 0 },
    { "pax size is smaller", "xdzz", "9 size=1\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax size is larger", "xdzz", "11 size=512\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax size is huge", "xdzz", "26 size=99999999999999999\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax size twice", "xdzz", "9 size=9\n9 size=1\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax name twice", "xdzz", "9 path=a\n9 path=b\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "two pax headers", "xxdzz", "9 size=9\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax name and long name", "xLdzz", "9 path=a\n", 20, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "two long names", "LLdzz", "", 20, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax makes it a link", "xdzz", "14 linkpath=x\n", 0, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "pax makes it sparse", "xdzz", "22 GNU.sparse.major=1\n", 0, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "pax makes it larger", "xdzz", "22 SCHILY.realsize=99\n", 0, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "pax about nothing", "xzz", "9 path=a\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "pax at the end", "x", "9 path=a\n", 0, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "long name", "Ldzz", "", 127, PERSO_REJ_NONE, 0 },
    { "name too long", "Ldzz", "", 128, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "name of 60 KB", "Ldzz", "", 60000, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "name of 16 MB", "Ldzz", "", 16000000, PERSO_REJ_ARCHIVE_LIMIT, 2 },
    { "long name cut", "L", "", 20, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
};

static void
tar_part(struct memory *m, char part, const char *pax, uint64_t n)
{
    static char name[16000001];
    uint8_t header[512] = { 0 };

    switch (part) {
    case 'x':
        tar_add(m, BYTES("PaxHeaders/x"), 'x', "", pax, strlen(pax));
        break;
    case 'L':
        memset(name, 'n', n);
        name[n] = '\0';
        tar_add(m, BYTES("././@LongLink"), 'L', "", name, n + 1);
        break;
    case 'd':
        tar_add(m, BYTES("x.csv"), '0', "", BYTES(ROWS));
        break;
    case 'h':
    case '!':
        tar_header(header, BYTES("x.csv"), '0', "", n);
        if (n >> 33 != 0)
            snprintf((char *)header + 124, 12, "77777777777");
        header[0] ^= part == '!';
        tar_sum(header);
        header[1] ^= part == '!';
        put(m, header, sizeof header);
        break;
    case 'r':
        for (size_t i = 0; i < sizeof header; i++)
            header[i] = (uint8_t)(i * i + 7);
        put(m, header, sizeof header);
        break;
    default:
        put(m, header, sizeof header);
    }
}

static void
tars_that_are_put_together_wrongly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tar_structures / sizeof tar_structures[0]; i++) {
        struct memory m = { 0 };
        tar_add(&m, BYTES(GOOD), '0', "", BYTES(ROWS));
        for (const char *part = tar_structures[i].parts; *part != '\0'; part++)
            tar_part(&m, *part, tar_structures[i].pax, tar_structures[i].n);
        corpus_judge(tar_structures[i].what, &m, true, tar_structures[i].want,
                     tar_structures[i].member);
    }
}

/* Fields of the second member's header, the sum made right; its data are 9 bytes. */
static const struct {
    const char *what;
    size_t at;
    const char *bytes;
    size_t n;
    enum perso_reject want;
} tar_fields[] = {
    { "size in base 256", 124, BYTES("\x80\0\0\0\0\0\0\0\0\0\0\x9"), PERSO_REJ_NONE },
    { "size in base 256, larger", 124, BYTES("\x80\0\0\0\0\0\0\0\0\1\0\0"),
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "size in base 256, 2^63", 124, BYTES("\x80\0\0\0\x80\0\0\0\0\0\0\0"),
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "size in base 256, 2^80", 124, BYTES("\x80\x1\0\0\0\0\0\0\0\0\0\0"),
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "negative size", 124, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
      PERSO_REJ_ARCHIVE_DAMAGED },
    { "size with blanks", 124, BYTES("        11 \0"), PERSO_REJ_NONE },
    { "size of letters", 124, BYTES("0000000000x\0"), PERSO_REJ_ARCHIVE_DAMAGED },
    { "size in decimal", 124, BYTES("00000000009\0"), PERSO_REJ_ARCHIVE_DAMAGED },
    { "size with more behind", 124, BYTES("0000011 0011"), PERSO_REJ_ARCHIVE_DAMAGED },
    { "no magic", 257, BYTES("\0\0\0\0\0\0\0\0"), PERSO_REJ_ARCHIVE_DAMAGED },
    { "magic of GNU", 257, BYTES("ustar  \0"), PERSO_REJ_NONE },
    { "another magic", 257, BYTES("ustbr\0"), PERSO_REJ_ARCHIVE_DAMAGED },
    { "prefix", 345, BYTES("a/b"), PERSO_REJ_NONE },
    { "prefix that climbs", 345, BYTES("a/.."), PERSO_REJ_ARCHIVE_MEMBER },
    { "absolute prefix", 345, BYTES("/etc"), PERSO_REJ_ARCHIVE_MEMBER },
    { "prefix too long", 345,
      BYTES(
          "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
          "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"),
      PERSO_REJ_ARCHIVE_MEMBER },
    { "prefix that is a member", 345, BYTES("."), PERSO_REJ_NONE },
    { "no name", 0, BYTES("\0\0\0\0\0"), PERSO_REJ_ARCHIVE_MEMBER },
    { "owner of another time", 108, BYTES("\x80\0\0\0\0\x1\0\0"), PERSO_REJ_NONE },
};

static void
fields_of_a_tar_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tar_fields / sizeof tar_fields[0]; i++) {
        struct memory m = { 0 };
        uint8_t header[512];
        tar_add(&m, BYTES(GOOD), '0', "", BYTES(ROWS));
        tar_header(header, BYTES("x.csv"), '0', "", 9);
        memcpy(header + tar_fields[i].at, tar_fields[i].bytes, tar_fields[i].n);
        tar_sum(header);
        put(&m, header, sizeof header);
        put(&m, BYTES(ROWS));
        tar_pad(&m);
        tar_end(&m);
        corpus_judge(tar_fields[i].what, &m, true, tar_fields[i].want,
                     tar_fields[i].want == PERSO_REJ_NONE ? 0 : 2);
    }
}

/* bsdtar says so of names that it cannot convert: here GBK. */
static void
pax_names_that_are_not_utf8(void **state)
{
    static const char *const parts[] = { "hdrcharset", "path" };

    (void)state;
    for (int i = 0; i < 3; i++) { /* the name last, the name first, nothing said */
        struct memory m = { 0 }, pax = { 0 };
        for (int k = 0; k < 2; k++) {
            const char *part = parts[i == 0 ? k : 1 - k];
            if (strcmp(part, "path") == 0)
                pax_record(&pax, part, BYTES("\xc3\xfb\xb5\xa5.csv"));
            else if (i < 2)
                pax_record(&pax, part, BYTES("BINARY"));
        }
        tar_add(&m, BYTES("PaxHeaders/x"), 'x', "", pax.at, pax.n);
        tar_add(&m, BYTES("x"), '0', "", BYTES(ROWS));
        tar_end(&m);
        corpus_judge("binary name", &m, true, i < 2 ? PERSO_REJ_NONE : PERSO_REJ_ARCHIVE_MEMBER, 0);
        memory_free(&pax);
    }
}

static void
a_tar_cut_at_every_block(void **state)
{
    struct memory m = { 0 };

    (void)state;
    pax_of_two(&m, BYTES("x/y.csv"));
    for (size_t n = 512; n < m.n; n += 512) {
        struct memory cut = { 0 };
        put(&cut, m.at, n);
        corpus_judge("cut", &cut, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
    }
    memory_free(&m);
}

/* ---- zips ---- */

/* Places of z: member i's local header, body, directory entry; the end record. */
enum place { LOCAL, BODY, CENTRAL, END };

struct change {
    enum place place;
    size_t at;
    uint64_t value;
    unsigned bytes;
};

/* Member 0 is stored, 1 deflated, 2 (where `aes`) under AES-256. */
static const struct {
    const char *what;
    int aes;
    struct change changes[4];
    enum perso_reject want;
    unsigned member;
} zip_changes[] = {
    { "whole", 0, { { END, 4, 0, 2 } }, PERSO_REJ_NONE, 0 },
    { "traditional encryption",
      0,
      { { LOCAL, 6, 1, 2 }, { CENTRAL, 8, 1, 2 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "strong encryption",
      0,
      { { LOCAL, 6, 0x41, 2 }, { CENTRAL, 8, 0x41, 2 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "encrypted directory",
      0,
      { { LOCAL, 6, 0x2041, 2 }, { CENTRAL, 8, 0x2041, 2 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "method 99 in clear",
      0,
      { { LOCAL, 8, 99, 2 }, { CENTRAL, 10, 99, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "LZMA", 0, { { LOCAL, 8, 14, 2 }, { CENTRAL, 10, 14, 2 } }, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "zstd", 0, { { LOCAL, 8, 93, 2 }, { CENTRAL, 10, 93, 2 } }, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "stored though it is deflated",
      0,
      { { LOCAL, 8, 0, 2 }, { CENTRAL, 10, 0, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "patched data",
      0,
      { { LOCAL, 6, 0x20, 2 }, { CENTRAL, 8, 0x20, 2 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "local method differs", 0, { { CENTRAL, 10, 0, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "local flags differ", 0, { { CENTRAL, 8, 0x800, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "local name differs", 0, { { CENTRAL, 46, 'z', 1 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "local CRC differs", 0, { { CENTRAL, 16, 7, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "local size differs", 0, { { CENTRAL, 24, 7, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "local time differs", 0, { { CENTRAL, 12, 7, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "offset overlaps", 0, { { CENTRAL, 42, 0, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "offset inside the first", 0, { { CENTRAL, 42, 35, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "packed size lies",
      0,
      { { LOCAL, 18, 5, 4 }, { CENTRAL, 20, 5, 4 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "packed size beyond the file",
      0,
      { { LOCAL, 18, 0x7fffffff, 4 }, { CENTRAL, 20, 0x7fffffff, 4 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "plain size lies",
      0,
      { { LOCAL, 22, 5, 4 }, { CENTRAL, 24, 5, 4 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "CRC lies", 0, { { LOCAL, 14, 5, 4 }, { CENTRAL, 16, 5, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "zip64 that is not there",
      0,
      { { LOCAL, 18, 0xffffffff, 4 }, { LOCAL, 22, 0xffffffff, 4 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "zip64 in the directory alone",
      0,
      { { CENTRAL, 20, 0xffffffff, 4 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      0 },
    { "extra field beyond the file",
      0,
      { { LOCAL, 28, 0xffff, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "name beyond the file", 0, { { LOCAL, 26, 0xffff, 2 } }, PERSO_REJ_ARCHIVE_MEMBER, 2 },
    { "comment of a member beyond the file",
      0,
      { { CENTRAL, 32, 0xffff, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      0 },
    { "data are no deflate", 0, { { BODY, 0, 0xff, 1 } }, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "symbolic link",
      0,
      { { CENTRAL, 4, 0x314, 2 }, { CENTRAL, 38, 0xa1ff0000u, 4 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      0 },
    { "device",
      0,
      { { CENTRAL, 4, 0x314, 2 }, { CENTRAL, 38, 0x21ff0000u, 4 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      0 },
    { "fifo",
      0,
      { { CENTRAL, 4, 0x314, 2 }, { CENTRAL, 38, 0x11ff0000u, 4 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      0 },
    { "folder by attribute", 0, { { CENTRAL, 38, 0x10, 4 } }, PERSO_REJ_ARCHIVE_MEMBER, 0 },
    { "another disk", 0, { { CENTRAL, 34, 1, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "fewer members said",
      0,
      { { END, 8, 1, 2 }, { END, 10, 1, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      0 },
    { "more members said",
      0,
      { { END, 8, 3, 2 }, { END, 10, 3, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      0 },
    { "65,535 members without zip64",
      0,
      { { END, 8, 0xffff, 2 }, { END, 10, 0xffff, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      0 },
    { "directory elsewhere", 0, { { END, 16, 0, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "directory of another size", 0, { { END, 12, 46, 4 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "set of disks", 0, { { END, 4, 1, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "comment that is not there", 0, { { END, 20, 9, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 0 },
    { "AES, whole", 2, { { END, 4, 0, 2 } }, PERSO_REJ_NONE, 0 },
    { "AES, too short for its salt",
      2,
      { { LOCAL, 18, 27, 4 }, { CENTRAL, 20, 27, 4 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "AES of another strength",
      2,
      { { LOCAL, 30 + 5 + 8, 1, 1 }, { CENTRAL, 46 + 5 + 8, 1, 1 } },
      PERSO_REJ_ARCHIVE_PASSPHRASE,
      2 },
    { "AES of strength 0",
      2,
      { { LOCAL, 30 + 5 + 8, 0, 1 }, { CENTRAL, 46 + 5 + 8, 0, 1 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "AES of strength 4",
      2,
      { { LOCAL, 30 + 5 + 8, 4, 1 }, { CENTRAL, 46 + 5 + 8, 4, 1 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "AES in AES",
      2,
      { { LOCAL, 30 + 5 + 9, 99, 2 }, { CENTRAL, 46 + 5 + 9, 99, 2 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "AES, its field gone",
      2,
      { { LOCAL, 30 + 5, 7, 2 }, { CENTRAL, 46 + 5, 7, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
    { "AES, its field cut",
      2,
      { { LOCAL, 30 + 5 + 2, 6, 2 }, { CENTRAL, 46 + 5 + 2, 6, 2 } },
      PERSO_REJ_ARCHIVE_MEMBER,
      2 },
    { "AES, other ciphertext", 2, { { BODY, 20, 0xaaaa, 2 } }, PERSO_REJ_ARCHIVE_DAMAGED, 2 },
    { "AES, stored says the field",
      2,
      { { LOCAL, 30 + 5 + 9, 0, 2 }, { CENTRAL, 46 + 5 + 9, 0, 2 } },
      PERSO_REJ_ARCHIVE_DAMAGED,
      2 },
};

static size_t
place_of(const struct zip *z, enum place place)
{
    const struct zip_member *one = &z->members[1];

    return place == LOCAL     ? one->local
           : place == BODY    ? one->body
           : place == CENTRAL ? one->central
                              : z->end;
}

static void
zips_that_lie(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zip_changes / sizeof zip_changes[0]; i++) {
        struct zip z = { .n = 2 };
        for (int k = 0; k < 2; k++)
            z.members[k] = (struct zip_member) { .name = k == 0 ? GOOD : "x.csv",
                                                 .data = k == 0 ? ROWS : ROWS ROWS ROWS ROWS,
                                                 .deflate = k,
                                                 .aes = zip_changes[i].aes,
                                                 .bits = 256,
                                                 .secret = "secret" };
        zip_make(&z);
        for (const struct change *c = zip_changes[i].changes; c->bytes > 0; c++)
            set_le(&z.out, place_of(&z, c->place) + c->at, c->value, c->bytes);
        corpus_judge(zip_changes[i].what, &z.out, true, zip_changes[i].want, zip_changes[i].member);
    }
}

/* A whole zip with other bytes somewhere. */
static void
zips_with_other_bytes(void **state)
{
    static const char rest[] = "other bytes";
    struct memory m = { 0 }, one = { 0 };

    (void)state;
    zip_of_two(&one, BYTES("x.csv"), ROWS);
    put(&m, one.at, one.n);
    put(&m, rest, sizeof rest);
    corpus_judge("behind the end", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
    put(&m, rest, sizeof rest);
    put(&m, one.at, one.n);
    corpus_judge("before the first", &m, true, PERSO_REJ_FILE_FORMAT, 0);
    put(&m, one.at, one.n);
    put(&m, one.at, one.n);
    corpus_judge("two zips, two directories", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
    put(&m, one.at, one.n);
    put(&m, one.at + one.n - 22, 22);
    corpus_judge("two ends", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
    put(&m, one.at, 44);
    put(&m, rest, sizeof rest);
    put(&m, one.at + 44, one.n - 44);
    corpus_judge("between two members", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 2);
    put(&m, one.at, 88);
    put_le(&m, 0x08064b50u, 4);
    put(&m, one.at + 88, one.n - 88);
    corpus_judge("key of an encrypted directory", &m, true, PERSO_REJ_ARCHIVE_MEMBER, 0);
    for (size_t n = one.n - 1; n > 30; n -= 19) {
        put(&m, one.at, n);
        corpus_judge("cut", &m, true, PERSO_REJ_ARCHIVE_DAMAGED, 0);
    }
    memory_free(&one);
}

/* What a zip of Windows or Info-ZIP has of a folder itself, and what has only its look. */
static const struct {
    const char *what, *name, *data;
    uint16_t made_by;
    uint32_t attributes;
    bool folders;
    enum perso_reject want;
} zip_folders[] = {
    { "folder of Windows", "d/", "", 0x14, 0x10, true, PERSO_REJ_NONE },
    { "folder of Info-ZIP", "d/", "", 0x31e, 0x41ed0010u, true, PERSO_REJ_NONE },
    { "folder without attributes", "d/", "", 0, 0, true, PERSO_REJ_NONE },
    { "folder where none may be", "d/", "", 0x14, 0x10, false, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder with bytes", "d/", ROWS, 0x14, 0x10, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder that is a file", "d/", "", 0x31e, 0x81a40000u, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder that is a link", "d/", "", 0x31e, 0xa1ff0000u, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "file with a folder's attribute", "d", "", 0x14, 0x10, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "root", "/", "", 0x14, 0x10, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder upwards", "../", "", 0x14, 0x10, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder twice", "d//", "", 0x14, 0x10, true, PERSO_REJ_ARCHIVE_MEMBER },
    { "folder of a member's name", "a.csv/", "", 0x14, 0x10, true, PERSO_REJ_ARCHIVE_MEMBER },
};

static void
folders_of_zips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zip_folders / sizeof zip_folders[0]; i++) {
        struct zip z = { .n = 2 };
        z.members[0] = (struct zip_member) { .name = GOOD, .data = ROWS };
        z.members[1] = (struct zip_member) { .name = zip_folders[i].name,
                                             .data = zip_folders[i].data,
                                             .made_by = zip_folders[i].made_by,
                                             .attributes = zip_folders[i].attributes };
        zip_make(&z);
        corpus_judge(zip_folders[i].what, &z.out, zip_folders[i].folders, zip_folders[i].want, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_hide_something),
        cmocka_unit_test(pax_names_that_hide_something),
        cmocka_unit_test(names_that_are_twins),
        cmocka_unit_test(types_that_are_no_files),
        cmocka_unit_test(tars_that_are_put_together_wrongly),
        cmocka_unit_test(fields_of_a_tar_header),
        cmocka_unit_test(pax_names_that_are_not_utf8),
        cmocka_unit_test(a_tar_cut_at_every_block),
        cmocka_unit_test(zips_that_lie),
        cmocka_unit_test(zips_with_other_bytes),
        cmocka_unit_test(folders_of_zips),
        cmocka_unit_test(corpus_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
