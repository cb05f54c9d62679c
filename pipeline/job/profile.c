#include "pipeline/job/profile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perso/text.h"
#include "pipeline/job/conf.h"
#include "pipeline/job/ini_rows.h"
#include "pipeline/job/rules.h"
#include "pipeline/store/stream.h"

/* clang-format off */
#define LAYOUT_KEYS(section, member, encoding_reason) \
    { section, "encoding", "utf-8", "", encoding_reason, CHOICE(struct perso_profile, member.encoding, "utf-8|gbk|gb18030") }, \
    { section, "delimiter", "comma", "", N_("between cells"), CHOICE(struct perso_profile, member.delimiter, "comma|bar|semicolon|tab") }, \
    { section, "quotes", "yes", "", N_("cells may be quoted as in RFC 4180"), CHOICE(struct perso_profile, member.quotes, "yes|no") }, \
    { section, "quoted_newlines", "no", "", N_("a newline may stand inside quotes"), CHOICE(struct perso_profile, member.quoted_newlines, "yes|no") }

#define TABLE_KEYS(section, member, encoding_reason) \
    LAYOUT_KEYS(section, member, encoding_reason), \
    { section, "row_count", "warn", "", N_("without a control total nobody sees a clean cut: required refuses such a file"), CHOICE(struct perso_profile, member.row_count, "required|warn") }

static const struct perso_ini_key profile_keys[] = {
    TABLE_KEYS("application", application, N_("of key-generation output; a manifest may state another")),
    { "application", "form", "p10", "", N_("p10: a PKCS#10; sig: the card's signature over a request that `prepare` makes; bare: the public key alone, where the RA takes it"), CHOICE(struct perso_profile, form, "p10|sig|bare") },
    { "application", "subject", "CN={AAZ501}", "", N_("form sig: subject of the request, with columns in braces; what stands there cannot be corrected once the card has signed"), TEXT(struct perso_profile, subject) },
    { "application", "tolerate", "attributes,null", "", N_("what may be unusual about a PKCS#10: pem, attributes (the field is missing), null (parameters), raw (r and s without DER), hybrid, compressed (points); empty: nothing"), TEXT(struct perso_profile, tolerate) },
    { "application", "card_no_check", "warn", "", N_("wrong check character (GB 11714) of a card number; some regions number otherwise"), CHOICE(struct perso_profile, card_no_check, "warn|reject") },
    { "application", "subject_check", "yes", "", N_("a request whose subject names another person is held"), CHOICE(struct perso_profile, subject_check, "yes|no") },
    { "application", "subject_name", "yes", "", N_("the subject of a request must carry the name"), CHOICE(struct perso_profile, subject_name, "yes|no") },
    { "application", "subject_number", "no", "", N_("the subject of a request must carry the social security number"), CHOICE(struct perso_profile, subject_number, "yes|no") },
    TABLE_KEYS("issuance", issuance, N_("of issuance data; a manifest may state another")),
    { "reconcile", "folds", "dot,space,width", "", N_("differences of names that are accepted: dot, space, width, case; empty: none"), TEXT(struct perso_profile, folds) },
    { "reconcile", "batch_check", "yes", "", N_("BAZ033 must be the job's batch where the issuance data has one"), CHOICE(struct perso_profile, batch_check, "yes|no") },
    { "reconcile", "card_status", "0,1,empty", "", N_("accepted AAZ502; any: not judged"), TEXT(struct perso_profile, card_status) },
    { "reconcile", "person_status", "1,empty", "", N_("accepted AAC008; any: not judged"), TEXT(struct perso_profile, person_status) },
    { "approve", "on_mismatch", "card", "", N_("card: a card that differs is held, the others are approved; batch: none is approved while one differs"), CHOICE(struct perso_profile, on_mismatch, "card|batch") },
    LAYOUT_KEYS("return", returned, N_("of returns that are no package: tables, XML, JSON")),
    { "return", "success", "00", "", N_("codes of an answer that brings certificates, separated by commas; every other is a refusal"), TEXT(struct perso_profile, success) },
    { "return", "items", "QMZS,JMZS,JMMY,GLYPIN,ZKMY", "", N_("what an answer must bring, in packages too; without one of them the card is held"), TEXT(struct perso_profile, items) },
    { "return", "secrets", "wrapped", "", N_("GLYPIN and ZKMY of a return that is no package: wrapped, sealed under the key in NAME.wrap; sm2, each encrypted to the sealing key; clear, in clear: the operator destroys the file"), CHOICE(struct perso_profile, secrets, "wrapped|sm2|clear") },
    { "return", "unsigned", "no", "", N_("a return that is no package may carry secrets without a signature NAME.sig of the RA: whoever may put a file there then sets PINs and master keys"), CHOICE(struct perso_profile, unsigned_secrets, "no|yes") },
    { "match", "certificate_name", "yes", "", N_("a certificate must carry the name"), CHOICE(struct perso_profile, certificate_name, "yes|no") },
    { "match", "certificate_number", "yes", "", N_("a certificate must carry the social security number"), CHOICE(struct perso_profile, certificate_number, "yes|no") },
    { "match", "opaque_envelope", "hold", "", N_("a key envelope (JMMY) of no known form; carry: it goes on as it came, unjudged, to a machine with envelope = as-received"), CHOICE(struct perso_profile, opaque_envelope, "hold|carry") },
    { "machine", "encoding", "utf-8", "", N_("of machine files"), CHOICE(struct perso_profile, machine_encoding, "utf-8|gb18030") },
    { "machine", "envelope", "skf", "", N_("form of the key envelope (JMMY) in machine files: skf GM/T 0016 ENVELOPEDKEYBLOB, asn1 GM/T 0009 SM2EnvelopedKey; other forms are converted, and held where they cannot be; as-received: none is"), CHOICE(struct perso_profile, machine_envelope, "skf|asn1|as-received") },
    { "personalize", "ssse_keys", "", N_("NAME:VERSION;..."), N_("mode 2: SSSE master key and application keys, as names and versions in the crypto device, where issuance data have no column SSSE"), TEXT(struct perso_profile, ssse_keys) },
    { "personalize", "keys_at_issue", "no", "", N_("mode 4: the finisher changes master key and admin PIN of the ACSE; no: they change when the certificates are written"), CHOICE(struct perso_profile, keys_at_issue, "yes|no") },
    TABLE_KEYS("result", result, N_("of result files (制卡回盘)")),
    { "archive", "passphrase_file", "", N_("path"), N_("passphrase of encrypted zips: one line, mode 0600, relative to persoline.conf; empty: it is asked for at the terminal"), TEXT(struct perso_profile, archive.passphrase_file) },
    { "archive", "names", "either", "", N_("of members whose archive does not say that they are UTF-8; either: UTF-8 where the bytes can be, else gb18030"), CHOICE(struct perso_profile, archive.names, "either|utf-8|gbk|gb18030") },
    { "archive", "members", "1000100", "", N_("at most: a request of each of a million cards, tables, folders"), NUMBER(struct perso_profile, archive.members, 1, 10000000) },
    { "archive", "member_mib", "2048", "MiB", N_("one member unpacked, at most; a table of a million rows is 540 MB"), NUMBER(struct perso_profile, archive.member_mib, 1, 1048576) },
    { "archive", "total_mib", "4096", "MiB", N_("all members unpacked, at most"), NUMBER(struct perso_profile, archive.total_mib, 1, 1048576) },
    { "archive", "ratio", "100", "", N_("bytes out for one in, above 1 MiB, at most; tables pack to a twentieth"), NUMBER(struct perso_profile, archive.ratio, 2, 10000) },
};

static const struct {
    const char *name, *title;
} shipped[] = {
    { "default", "a profile: layouts of files and rules of judging; a section [columns] maps header names to field codes" },
    { "bar-pinyin", "tables with | between cells, in GB18030, without quotes; headers are initials of pinyin" },
    { "chinese-gbk", "tables with commas, in GBK, as office programs export them; headers are Chinese" },
};

/* What a shipped profile has other than the default. */
static const struct {
    const char *profile, *section, *name, *value;
} changes[] = {
    { "bar-pinyin", "application", "encoding", "gb18030" },
    { "bar-pinyin", "application", "delimiter", "bar" },
    { "bar-pinyin", "application", "quotes", "no" },
    { "bar-pinyin", "issuance", "encoding", "gb18030" },
    { "bar-pinyin", "issuance", "delimiter", "bar" },
    { "bar-pinyin", "issuance", "quotes", "no" },
    { "bar-pinyin", "result", "encoding", "gb18030" },
    { "bar-pinyin", "result", "delimiter", "bar" },
    { "bar-pinyin", "result", "quotes", "no" },
    { "bar-pinyin", "return", "encoding", "gb18030" },
    { "bar-pinyin", "return", "delimiter", "bar" },
    { "bar-pinyin", "return", "quotes", "no" },
    { "bar-pinyin", "columns", "ZKPCH", "BAZ033" },   /* 制卡批次号 */
    { "bar-pinyin", "columns", "RYZT", "AAC008" },    /* 人员状态 */
    { "bar-pinyin", "columns", "KYYZT", "AAZ502" },   /* 卡应用状态 */
    { "bar-pinyin", "columns", "KYXRQ", "KYXQ" },     /* 卡有效日期 */
    { "bar-pinyin", "columns", "YHKH", "AAE010" },    /* 银行卡号 */
    { "bar-pinyin", "columns", "ZSQQ", "P10" },       /* 证书请求 */
    { "bar-pinyin", "columns", "ZXWZ", "box" },       /* 装箱位置 */
    { "bar-pinyin", "columns", "XNWZ", "position" },  /* 箱内位置 */
    { "bar-pinyin", "columns", "YKSBM", "replaces" }, /* 原卡识别码 */
    { "bar-pinyin", "columns", "ZKJG", "result" },    /* 制卡结果 */
    { "bar-pinyin", "columns", "SBHJ", "step" },      /* 失败环节 */
    { "bar-pinyin", "columns", "SBYY", "reason" },    /* 失败原因 */
    { "bar-pinyin", "columns", "QMZSZY", "QMZS_SM3" },/* 签名证书摘要 */
    { "bar-pinyin", "columns", "JMZSZY", "JMZS_SM3" },/* 加密证书摘要 */
    { "bar-pinyin", "columns", "ZKSJ", "time" },      /* 制卡时间 */

    { "chinese-gbk", "application", "encoding", "gbk" },
    { "chinese-gbk", "issuance", "encoding", "gbk" },
    { "chinese-gbk", "result", "encoding", "gbk" },
    { "chinese-gbk", "return", "encoding", "gbk" },
    { "chinese-gbk", "columns", "公民身份号码", "AAC002" },
    { "chinese-gbk", "columns", "卡状态", "AAZ502" },
    { "chinese-gbk", "columns", "有效期至", "KYXQ" },
    { "chinese-gbk", "columns", "初始化机构", "CSHJGBM" },
    { "chinese-gbk", "columns", "签名证书请求", "P10" },
    { "chinese-gbk", "columns", "制卡结果", "result" },
    { "chinese-gbk", "columns", "签名证书摘要", "QMZS_SM3" },
    { "chinese-gbk", "columns", "加密证书摘要", "JMZS_SM3" },
    { "chinese-gbk", "columns", "制卡时间", "time" },
};
/* clang-format on */

/* [columns]: a header cell of this province's files = the field code that it stands for. */
static bool
take_alias(void *target, const char *section, const char *name, const char *value)
{
    struct perso_profile *profile = target;

    if (strcmp(section, "columns") != 0 || profile->n_aliases == PERSO_ALIASES_MAX ||
        strlen(name) >= PERSO_COLUMN_NAME_BYTES)
        return false;
    enum perso_column column =
        perso_column_find((struct perso_text) { value, (uint32_t)strlen(value) });
    if (column == PERSO_COLUMN_OTHER)
        return false;
    struct perso_alias *alias = &profile->aliases[profile->n_aliases++];
    strcpy(alias->name, name);
    alias->column = column;
    return true;
}

enum perso_result
perso_profile_read_file(const char *path, struct perso_profile *ret, struct perso_error *err)
{
    struct perso_ingest_rules unused;
    enum perso_result rc;

    memset(ret, 0, sizeof *ret);
    if ((rc = perso_ini_read(path, profile_keys, COUNT(profile_keys), take_alias, ret, err)) !=
            PERSO_OK ||
        (rc = perso_rules_of_ingest(ret, "", &unused, err)) != PERSO_OK)
        perso_error_at(err, path, 0, 0);
    return rc;
}

enum perso_result
perso_profile_read(const char *folder, const char *name, struct perso_profile *ret,
                   struct perso_error *err)
{
    char path[PERSO_PATH_BYTES];

    if (name[0] == '.' || strchr(name, '/') != NULL ||
        snprintf(path, sizeof path, "%s/%s.conf", folder, name) >= (int)sizeof path)
        return perso_error_set(err, PERSO_REJ_NONE, "profile", "not a profile's name");
    if (access(path, F_OK) != 0) {
        enum perso_result rc = perso_profile_make(name, ret, err);
        if (rc != PERSO_END)
            return rc;
    }
    return perso_profile_read_file(path, ret, err);
}

const char *
perso_profile_shipped(size_t i)
{
    return i < COUNT(shipped) ? shipped[i].name : NULL;
}

static size_t
shipped_find(const char *name)
{
    size_t i = 0;

    while (i < COUNT(shipped) && strcmp(shipped[i].name, name) != 0)
        i++;
    return i;
}

enum perso_result
perso_profile_make(const char *name, struct perso_profile *ret, struct perso_error *err)
{
    if (shipped_find(name) == COUNT(shipped))
        return PERSO_END;
    memset(ret, 0, sizeof *ret);
    perso_ini_defaults(profile_keys, COUNT(profile_keys), ret);
    for (size_t i = 0; i < COUNT(changes); i++)
        if (strcmp(changes[i].profile, name) == 0 &&
            !perso_ini_set(profile_keys, COUNT(profile_keys), take_alias, ret, changes[i].section,
                           changes[i].name, changes[i].value, err))
            return PERSO_FATAL;
    return PERSO_OK;
}

static void
print_columns(FILE *out, const struct perso_profile *profile)
{
    if (profile->n_aliases > 0)
        fputs("\n[columns]\n\n; headers beside those that are known everywhere\n", out);
    for (size_t i = 0; i < profile->n_aliases; i++)
        fprintf(out, "%s = %s\n", profile->aliases[i].name,
                perso_column_code(profile->aliases[i].column));
}

enum perso_result
perso_profile_text(const char *name, char **ret, struct perso_error *err)
{
    struct perso_profile *profile = calloc(1, sizeof *profile);
    char *keys = NULL;
    size_t bytes = 0;
    struct perso_stream stream = { .out = NULL };
    enum perso_result rc =
        profile != NULL ? perso_stream_open(&stream, err) : perso_error_errno(err, "memory");

    if (rc == PERSO_OK && (rc = perso_profile_make(name, profile, err)) == PERSO_OK)
        rc = perso_ini_text(shipped[shipped_find(name)].title, profile_keys, COUNT(profile_keys),
                            profile, &keys, err);
    if (rc == PERSO_OK) {
        fputs(keys, stream.out);
        print_columns(stream.out, profile);
    }
    if (stream.out != NULL)
        rc = perso_stream_close(&stream, rc, ret, &bytes, err);
    free(keys);
    free(profile);
    return rc;
}

const struct perso_ini_key *
perso_profile_keys(size_t *n)
{
    *n = COUNT(profile_keys);
    return profile_keys;
}

enum perso_result
perso_profile_table(const struct perso_profile *profile, const struct perso_table_profile *table,
                    const char *encoding, const char *file, struct perso_table_options *ret,
                    struct perso_error *err)
{
    static const struct {
        const char *name;
        char delimiter;
    } delimiters[] = {
        { N_("comma"), ',' }, { N_("bar"), '|' }, { N_("semicolon"), ';' }, { N_("tab"), '\t' }
    };

    *ret = (struct perso_table_options) {
        .quotes = perso_conf_yes(table->quotes),
        .quoted_newlines = perso_conf_yes(table->quoted_newlines),
        .aliases = profile->aliases,
        .n_aliases = profile->n_aliases,
        .file = file,
    };
    for (size_t i = 0; i < COUNT(delimiters); i++)
        if (strcmp(table->delimiter, delimiters[i].name) == 0)
            ret->delimiter = delimiters[i].delimiter;
    if (!perso_charset_find(encoding[0] != '\0' ? encoding : table->encoding, &ret->charset))
        return perso_error_set(err, PERSO_REJ_TEXT_ENCODING, "encoding",
                               "no such encoding: want utf-8, gbk or gb18030");
    return PERSO_OK;
}
