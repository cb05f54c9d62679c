/* persoline-sandbox machine (CONTRACTS 2, 7): a machine file in, a result file out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "formats/base/encode.h"
#include "formats/seal/peer.h"
#include "formats/seal/seal.h"
#include "hash.h"
#include "sandbox_site.h"

#define CARDS 200u
#define RUN "machine --in min --out mout --state mach --seed 1"

static int
setup(void **state)
{
    static struct test_site site;
    char path[SBX_PATH_BYTES];

    test_site_new(&site);
    *state = &site;
    test_path(&site, "min", path);
    sbx_folder(path);
    return test_run(&site, "", "machine init mach --site site");
}

static int
teardown(void **state)
{
    test_site_free(*state);
    return 0;
}

static void
machine_key(const struct test_site *site, uint8_t xy[64])
{
    size_t n;
    uint8_t *pem = test_read(site, "site/peers/machine.cer", &n);
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    assert_non_null(cert);
    assert_true(sbx_public_bytes(X509_get0_pubkey(cert), xy));
    X509_free(cert);
    BIO_free(bio);
    free(pem);
}

static void
card_id(size_t i, char out[33])
{
    snprintf(out, 33, "411600D156000005%08zX%08X", i % 0xffffffff, 0xC0FFEEu);
}

/* What differs between the modes' machine files (LD/T 03-2022 6.4.7.2 to 6.4.7.5). */
struct form {
    const char *steps, *ssse;
    bool certificates, pin;
};
static const struct form mode1 = { "KEY+QMZS", "", true, true };

static void
put_row(const struct test_site *site, FILE *out, struct perso_seal *seal, size_t i, uint32_t seq,
        uint32_t file_number, const struct form *form)
{
    static const uint8_t seed[SBX_SEED_BYTES] = { 4 };
    const struct sbx_issuer issuer = { { NULL, "CA", NULL }, site->sender };
    char id[33], hex[129], pin[PERSO_SEALED_CHARS + 1], b64[4096];
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct sbx_random r;
    struct sbx_key key;
    struct sbx_der der;

    card_id(i, id);
    sbx_random_of_index(&r, seed, "card", (uint32_t)i);
    sbx_key_make(site->curve, &r, &key);
    struct sbx_certificate c = { .issuer = &issuer,
                                 .subject = { NULL, "张三", NULL },
                                 .xy = key.xy,
                                 .begins = "20260301000000Z",
                                 .ends = "20360301000000Z",
                                 .key_usage = SBX_KU_DIGITAL_SIGNATURE,
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    sbx_serial(&r, c.serial);
    sbx_certificate_make(site->curve, &c, &r, &der);
    perso_base64_encode(der.bytes, der.n, b64);
    perso_hex_upper(key.xy, 64, hex);
    assert_int_equal(perso_seal_field(seal, id, "GLYPIN", file_number,
                                      perso_cursor_of("12345678", 8), pin, &err),
                     PERSO_OK);
    fprintf(out, "%u,%s,A00000000,%s,\"张,三\",%s,,,%s,,%s,%s,box %zu,1\n", seq, id, hex,
            form->certificates ? b64 : "", form->pin ? pin : "", form->ssse, form->steps, i % 3);
}

/* min/NAME of n cards with its side files. */
static void
machine_file_of(const struct test_site *site, const char *name, const size_t *cards, size_t n,
                bool wrong_seal, const struct form *form)
{
    const uint8_t file_key[32] = { 5 };
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    uint8_t xy[64], sm3[32], wrapped[PERSO_WRAPPED_BYTES];
    char file[128], path[SBX_PATH_BYTES], hex[65], json[256], *text = NULL;
    struct perso_seal *seal = NULL;
    size_t bytes, wrapped_n;
    const uint32_t number = (uint32_t)strtoul(name + 6, NULL, 10) + wrong_seal;
    FILE *out = open_memstream(&text, &bytes);

    assert_int_equal(perso_seal_new(file_key, &seal, &err), PERSO_OK);
    fputs("seq,AAZ501,AAZ500,QMGY,AAC003,QMZS,JMZS,JMMY,GLYPIN,ZKMY,SSSE,steps,box,position\n",
          out);
    for (size_t i = 0; i < n; i++)
        put_row(site, out, seal, cards[i], (uint32_t)i + 1, number, form);
    assert_int_equal(fclose(out), 0);
    snprintf(file, sizeof file, "min/%s", name);
    test_path(site, file, path);
    sbx_file_put(path, text, bytes);
    sbx_sm3(text, bytes, sm3);
    perso_hex_lower(sm3, 32, hex);
    const int json_n =
        snprintf(json, sizeof json, "{\"date\": \"%s\", \"rows\": %zu, \"sm3\": \"%s\"}\n",
                 TEST_DATE, n, hex);
    test_sign(site, file, json, (size_t)json_n);
    machine_key(site, xy);
    assert_int_equal(perso_wrap_key(xy, file_key, wrapped, &wrapped_n, &err), PERSO_OK);
    snprintf(file, sizeof file, "min/%.80s.wrap", name);
    test_path(site, file, path);
    sbx_file_put(path, wrapped, wrapped_n);
    snprintf(file, sizeof file, "min/%.80s.manifest.json", name);
    test_path(site, file, path);
    sbx_file_put(path, json, (size_t)json_n);
    perso_seal_free(seal);
    free(text);
}

static void
machine_file(const struct test_site *site, const char *name, const size_t *cards, size_t n,
             bool wrong_seal)
{
    machine_file_of(site, name, cards, n, wrong_seal, &mode1);
}

static void
read_back_is_there_for_ok_alone(void **state) /* CONTRACTS 2, result file */
{
    size_t cards[CARDS], retry[CARDS], n_retry = 0, ok = 0;
    struct sbx_table_in t;

    for (size_t i = 0; i < CARDS; i++)
        cards[i] = i;
    machine_file(*state, "BATCH-0001.csv", cards, CARDS, false);
    assert_int_equal(test_run(*state, "", RUN " --spoil 0.1 --retry 0.2 --missing 0.1"), 0);
    test_table(*state, "mout/BATCH-0001.result.csv", &t);
    while (sbx_table_next(&t)) {
        const char *result = test_cell(&t, "result");
        const bool good = strcmp(result, "ok") == 0;
        assert_int_equal(strlen(test_cell(&t, "QMGY")), good ? 128 : 0);
        assert_int_equal(strlen(test_cell(&t, "QMZS_SM3")), good ? 64 : 0);
        assert_true(strlen(test_cell(&t, "reason")) <= 50);
        assert_string_equal(test_cell(&t, "time"), TEST_DATE "T00:00:00Z");
        if (strcmp(result, "retry") == 0)
            retry[n_retry++] = t.rows - 1;
        ok += good;
    }
    assert_int_equal(t.rows, CARDS);
    assert_in_range(ok, 90, 150);
    assert_in_range(n_retry, 20, 70);
    sbx_table_free(&t);
    machine_file(*state, "BATCH-0002.csv", retry, n_retry, false);
    assert_int_equal(test_run(*state, "", RUN " --spoil 0.1 --retry 0.2 --missing 0.1"), 0);
    test_table(*state, "mout/BATCH-0002.result.csv", &t);
    while (sbx_table_next(&t)) /* a retry succeeds at the next attempt */
        assert_string_equal(test_cell(&t, "result"), "ok");
    assert_int_equal(t.rows, n_retry);
    sbx_table_free(&t);
}

static void
faults_stand_in_the_truth(void **state)
{
    size_t cards[CARDS], n = 0;
    struct sbx_table_in t;

    for (size_t i = 0; i < CARDS; i++)
        cards[i] = 1000 + i;
    machine_file(*state, "BATCH-0003.csv", cards, CARDS, false);
    assert_int_equal(test_run(*state, "", RUN " --fault wrong-key:0.1 --fault wrong-cert:0.1"), 0);
    test_table(*state, "mach/truth.csv", &t);
    while (sbx_table_next(&t)) {
        const char *fault = test_cell(&t, "fault"), *code = test_cell(&t, "code");
        if (strcmp(fault, "wrong-key") == 0)
            assert_string_equal(code, "R501");
        else if (strcmp(fault, "wrong-cert") == 0)
            assert_string_equal(code, "R502");
        n += strncmp(fault, "wrong-", 6) == 0;
    }
    assert_in_range(n, 15, 70);
    sbx_table_free(&t);
}

static void
what_is_wrong_has_no_effect(void **state) /* CONTRACTS 3: nothing before all is checked */
{
    const size_t cards[] = { 5000, 5001 };
    char path[SBX_PATH_BYTES];

    machine_file(*state, "BATCH-0009.csv", cards, 2, true); /* sealed under another number */
    assert_int_equal(test_run(*state, "", RUN), 1);
    machine_file(*state, "BATCH-0009.csv", cards, 2, false);
    test_sign(*state, "min/BATCH-0009.csv", "other", 5);
    assert_int_equal(test_run(*state, "", RUN), 1);
    machine_file(*state, "BATCH-0009.csv", cards, 2, false);
    test_path(*state, "min/BATCH-0009.csv", path);
    sbx_file_put(path, "seq\n1\n", 6);
    assert_int_equal(test_run(*state, "", RUN), 1);
    test_path(*state, "mout/BATCH-0009.result.csv", path);
    assert_false(sbx_file_exists(path));
    machine_file(*state, "BATCH-0009.csv", cards, 2, false);
    assert_int_equal(test_run(*state, "", RUN), 0);
    assert_true(sbx_file_exists(path));
}

static void
ssse_keys_are_loaded_by_reference_alone(void **state) /* mode 2: CONTRACTS 2, machine file */
{
    static const struct {
        const char *what;
        struct form form;
        int want;
    } cases[] = {
        { "no reference", { "KEY+QMZS+SSSE", "", true, true }, 1 },
        { "a key", { "KEY+QMZS+SSSE", "00112233445566778899aabbccddeeFF", true, true }, 1 },
        { "a key among references",
          { "KEY+QMZS+SSSE", "SSSE-MK:2;AK1:00112233445566778899AABBCCDDEEFF", true, true },
          1 },
        { "a key without the step",
          { "KEY+QMZS", "00112233445566778899AABBCCDDEEFF", true, true },
          1 },
        { "31 digits are no key",
          { "KEY+QMZS+SSSE", "0011223344556677889900112233445", true, true },
          0 },
        { "references", { "KEY+QMZS+SSSE", "SSSE-MK:2;SSSE-AK1:1;SSSE-AK2:1", true, true }, 0 },
    };
    const size_t card[] = { 6000 };
    char path[SBX_PATH_BYTES], name[64], result[80];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(name, sizeof name, "BATCH-%04zu.csv", 20 + i);
        machine_file_of(*state, name, card, 1, false, &cases[i].form);
        snprintf(result, sizeof result, "mout/BATCH-%04zu.result.csv", 20 + i);
        if (test_run(*state, "", RUN) != cases[i].want)
            fail_msg("%s: want exit code %d", cases[i].what, cases[i].want);
        test_path(*state, result, path);
        assert_int_equal(sbx_file_exists(path), cases[i].want == 0);
        snprintf(result, sizeof result, "min/%s", name);
        test_path(*state, result, path);
        assert_int_equal(remove(path), 0); /* else it stands in the way of the next */
    }
}

static void
cards_without_certificates_are_written(void **state) /* mode 4: LD/T 03-2022 6.4.7.5 */
{
    static const struct form mode4 = { "KEY+DATA+CHECK", "", false, false };
    static const struct form missing = { "KEY+DATA+QMZS+CHECK", "", false, false };
    static const struct form unasked = { "KEY+DATA+CHECK", "", true, true };
    size_t cards[CARDS], seen[3] = { 0 };
    struct sbx_table_in t;

    for (size_t i = 0; i < CARDS; i++)
        cards[i] = 7000 + i;
    machine_file_of(*state, "BATCH-0040.csv", cards, CARDS, false, &mode4);
    assert_int_equal(test_run(*state, "", RUN " --spoil 0.1 --fault wrong-cert:0.4"), 0);
    test_table(*state, "mout/BATCH-0040.result.csv", &t);
    while (sbx_table_next(&t)) {
        const bool ok = strcmp(test_cell(&t, "result"), "ok") == 0;
        assert_string_equal(test_cell(&t, "QMZS_SM3"), "");
        assert_string_equal(test_cell(&t, "JMZS_SM3"), "");
        assert_int_equal(strlen(test_cell(&t, "QMGY")), ok ? 128 : 0);
        assert_string_equal(test_cell(&t, "step"), ok ? "" : "DATA");
        seen[ok]++;
    }
    assert_in_range(seen[0], 5, 45);
    assert_int_equal(seen[0] + seen[1], CARDS);
    sbx_table_free(&t);
    test_table(*state, "mach/truth.csv", &t);
    while (sbx_table_next(&t)) /* no certificate, none that is wrong */
        assert_false(strcmp(test_cell(&t, "fault"), "wrong-cert") == 0 &&
                     strcmp(test_cell(&t, "file"), "BATCH-0040.result.csv") == 0);
    sbx_table_free(&t);
    machine_file_of(*state, "BATCH-0041.csv", cards, 1, false, &missing);
    assert_int_equal(test_run(*state, "", RUN), 1);
    machine_file_of(*state, "BATCH-0041.csv", cards, 1, false, &unasked);
    assert_int_equal(test_run(*state, "", RUN), 1);
    machine_file_of(*state, "BATCH-0041.csv", cards, 1, false, &mode4);
    assert_int_equal(test_run(*state, "", RUN), 0);
}

static void
each_site_has_its_own_machine(void **state) /* vendor and centre: DESIGN 2 */
{
    const struct test_site *site = *state;
    const size_t card[] = { 8000 };
    char command[256];

    machine_file(site, "BATCH-0050.csv", card, 1, false);
    snprintf(command, sizeof command, "cd %s && cp -r site centre && rm centre/peers/machine.cer",
             site->dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(test_run(site, "", "machine init mach-centre --site centre"), 0);
    assert_false(test_same(site, "site/peers/machine.cer", "centre/peers/machine.cer"));
    /* What is wrapped to one opens on that one alone. */
    assert_int_equal(test_run(site, "", "machine --in min --out mout-centre --state mach-centre"),
                     1);
    assert_int_equal(test_run(site, "", RUN), 0);
    assert_int_equal(test_run(site, "", "machine init mach --site site"), 1); /* there already */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_back_is_there_for_ok_alone),
        cmocka_unit_test(faults_stand_in_the_truth),
        cmocka_unit_test(what_is_wrong_has_no_effect),
        cmocka_unit_test(ssse_keys_are_loaded_by_reference_alone),
        cmocka_unit_test(cards_without_certificates_are_written),
        cmocka_unit_test(each_site_has_its_own_machine),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
