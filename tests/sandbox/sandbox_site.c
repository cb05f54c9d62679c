#include "sandbox_site.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certificate.h"
#include "fail.h"
#include "formats/base/encode.h"
#include "hash.h"

static char *
self_signed(struct test_site *site, const struct sbx_key *key, const char *name, uint8_t usage)
{
    const struct sbx_issuer self = { { NULL, name, NULL }, *key };
    struct sbx_certificate c = { .issuer = &self,
                                 .subject = self.name,
                                 .xy = key->xy,
                                 .begins = "20200101000000Z",
                                 .ends = "20491231235959Z",
                                 .key_usage = usage,
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    struct sbx_random r;
    struct sbx_der der;

    sbx_random_of_index(&r, key->d, name, 0);
    sbx_serial(&r, c.serial);
    sbx_certificate_make(site->curve, &c, &r, &der);
    return sbx_certificate_pem(&der);
}

void
test_site_new(struct test_site *site)
{
    static const uint8_t seed[SBX_SEED_BYTES] = { 9 };
    char path[SBX_PATH_BYTES];
    struct sbx_random r;

    snprintf(site->dir, sizeof site->dir, "/tmp/sandbox-test-XXXXXX");
    sbx_need(mkdtemp(site->dir) != NULL, site->dir);
    site->curve = sbx_curve_new();
    sbx_random_of_index(&r, seed, "site", 0);
    sbx_key_make(site->curve, &r, &site->sender);
    sbx_key_make(site->curve, &r, &site->sealing);
    char *signs = self_signed(site, &site->sender, "sender", SBX_KU_DIGITAL_SIGNATURE);
    char *seals = self_signed(site, &site->sealing, "sealing", SBX_KU_KEY_ENCIPHERMENT);
    test_path(site, "site", path);
    sbx_folder(path);
    test_path(site, "in", path);
    sbx_folder(path);
    test_path(site, "site/site.cer", path);
    struct sbx_file f;
    sbx_file_open(&f, path);
    sbx_file_write(&f, signs, strlen(signs));
    sbx_file_write(&f, seals, strlen(seals));
    sbx_file_close(&f, NULL);
    free(signs);
    free(seals);
}

void
test_site_free(struct test_site *site)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", site->dir);
    sbx_need(system(command) == 0, command);
    sbx_curve_free(site->curve);
}

int
test_run(const struct test_site *site, const char *environment, const char *arguments)
{
    char command[2048];
    const int n = snprintf(command, sizeof command, "cd %s && %s " SANDBOX_PROGRAM " %s 2>log",
                           site->dir, environment, arguments);
    sbx_need(n > 0 && (size_t)n < sizeof command, "command too long");
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
test_path(const struct test_site *site, const char *name, char out[SBX_PATH_BYTES])
{
    sbx_path(out, site->dir, name);
}

uint8_t *
test_read(const struct test_site *site, const char *name, size_t *n)
{
    char path[SBX_PATH_BYTES];

    test_path(site, name, path);
    return sbx_file_read(path, (size_t)1 << 28, n);
}

void
test_table(const struct test_site *site, const char *name, struct sbx_table_in *ret)
{
    size_t n;
    uint8_t *bytes = test_read(site, name, &n);
    sbx_table_open(ret, name, (char *)bytes, n);
}

const char *
test_cell(const struct sbx_table_in *t, const char *column)
{
    return t->cells[sbx_table_column(t, column)];
}

bool
test_same(const struct test_site *site, const char *a, const char *b)
{
    char command[512];

    snprintf(command, sizeof command, "cd %s && diff -r %s %s >/dev/null", site->dir, a, b);
    return system(command) == 0;
}

void
test_sign(const struct test_site *site, const char *file, const void *message, size_t n)
{
    EVP_PKEY *key = sbx_private_key(site->sender.d, site->sender.xy);
    char name[512], path[SBX_PATH_BYTES];
    uint8_t *signature;
    size_t bytes;

    sbx_sign(key, message, n, &signature, &bytes);
    snprintf(name, sizeof name, "%.500s.sig", file);
    test_path(site, name, path);
    sbx_file_put(path, signature, bytes);
    EVP_PKEY_free(key);
    free(signature);
}

/* First 16 bytes of SM3(AAZ501 || request DER), CONTRACTS 4. */
static void
request_id(const struct sbx_table_in *t, char out[33])
{
    const char *p10 = test_cell(t, "P10"), *card_id = test_cell(t, "AAZ501");
    uint8_t message[4096], digest[32];
    size_t n;

    memcpy(message, card_id, 32);
    sbx_need(perso_base64_decode(p10, strlen(p10), message + 32, &n), "P10");
    sbx_sm3(message, 32 + n, digest);
    perso_hex_lower(digest, 16, out);
}

static char *
requests_table(const struct test_site *site, size_t first, size_t n, size_t *bytes)
{
    struct sbx_table_in t;
    char *text = NULL, id[33];
    FILE *out = open_memstream(&text, bytes);

    test_table(site, "sample/keys/application.csv", &t);
    fputs("request_id,AAC002,AAZ500,AAC003,AAB301,SF,QMGY,P10\n", out);
    for (size_t i = 0; i < first + n && sbx_table_next(&t); i++) {
        if (i < first)
            continue;
        request_id(&t, id);
        fprintf(out, "%s,%s,%s,%s,%s,SM2,%s,%s\n", id, test_cell(&t, "AAC002"),
                test_cell(&t, "AAZ500"), test_cell(&t, "AAC003"), test_cell(&t, "AAB301"),
                test_cell(&t, "QMGY"), test_cell(&t, "P10"));
    }
    sbx_need(fclose(out) == 0, "requests.csv");
    sbx_table_free(&t);
    return text;
}

void
test_package(const struct test_site *site, const char *kind, uint32_t sequence,
             const struct perso_package_member *member, uint32_t cards)
{
    struct perso_manifest m = { .sender = "department",
                                .recipient = "ra",
                                .division = "411600",
                                .vendor = "V1",
                                .batch = "B1",
                                .mode = 1,
                                .date = TEST_DATE,
                                .sequence = sequence,
                                .has_previous = sequence > 1,
                                .cards = cards };
    char name[256], in[300], path[SBX_PATH_BYTES], *json = NULL;
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct sbx_file f;
    size_t json_n;

    snprintf(m.kind, sizeof m.kind, "%s", kind);
    perso_package_name(&m, name, sizeof name);
    snprintf(in, sizeof in, "in/%s", name);
    test_path(site, in, path);
    sbx_file_open(&f, path);
    const struct perso_sink sink = sbx_file_sink(&f);
    sbx_check(perso_package_write(&m, member, 1, 1772366400, &sink, &json, &json_n, &err), path,
              &err);
    sbx_file_close(&f, NULL);
    test_sign(site, in, json, json_n);
    free(json);
}

void
test_request(const struct test_site *site, uint32_t sequence, size_t first, size_t n)
{
    size_t bytes;
    char *table = requests_table(site, first, n, &bytes);
    const struct perso_package_member member = { "requests.csv", table, bytes, (uint32_t)n };

    test_package(site, "REQ", sequence, &member, (uint32_t)n);
    free(table);
}

char *
test_member(const struct test_site *site, const char *zip, const char *member, size_t *n)
{
    const struct perso_archive_limits limits = { 16, 1u << 28, 1u << 28 };
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct perso_archive *archive = NULL;
    struct perso_source source, bytes;
    char path[SBX_PATH_BYTES], *text = sbx_memory(1u << 24, 1);
    enum perso_result rc;
    size_t have;

    test_path(site, zip, path);
    FILE *stream = fopen(path, "rb");
    sbx_need(stream != NULL, path);
    source = sbx_stream_source(stream);
    sbx_check(perso_archive_open(&source, &limits, &archive, &err), path, &err);
    sbx_check(perso_package_seek(archive, member, &bytes, &err), path, &err);
    *n = 0;
    while ((rc = perso_source_read(&bytes, (uint8_t *)text + *n, (1u << 24) - 1 - *n, &have,
                                   &err)) == PERSO_OK)
        *n += have;
    sbx_check(rc == PERSO_END ? PERSO_OK : rc, path, &err);
    perso_archive_free(archive);
    fclose(stream);
    return text;
}
