/* persoline-sandbox machine init: the machine's sealing key and its certificate for the site. */
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "commands.h"
#include "fail.h"
#include "files.h"
#include "options.h"
#include "party.h"

static char *
key_pem(const struct sbx_key *key)
{
    EVP_PKEY *object = sbx_private_key(key->d, key->xy);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;

    sbx_need(bio != NULL &&
                 PEM_write_bio_PKCS8PrivateKey(bio, object, NULL, NULL, 0, NULL, NULL) == 1,
             "machine.key");
    const size_t n = (size_t)BIO_get_mem_data(bio, &text);
    copy = sbx_memory(n + 1, 1);
    memcpy(copy, text, n);
    BIO_free(bio);
    EVP_PKEY_free(object);
    return copy;
}

static char *
certificate_pem(struct sbx_curve *curve, struct sbx_random *random, const struct sbx_key *key)
{
    const struct sbx_issuer self = { { SBX_ORGANIZATION, "machine sealing", NULL }, *key };
    struct sbx_certificate c = { .issuer = &self,
                                 .subject = self.name,
                                 .xy = key->xy,
                                 .begins = "20200101000000Z",
                                 .ends = "20491231235959Z",
                                 .key_usage = SBX_KU_KEY_ENCIPHERMENT,
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    struct sbx_der der;

    sbx_serial(random, c.serial);
    sbx_certificate_make(curve, &c, random, &der);
    return sbx_certificate_pem(&der);
}

void
sbx_machine_init(int argc, char **argv)
{
    struct sbx_option options[] = { { .name = "site", .max = 1 } };
    char peers[SBX_PATH_BYTES], path[SBX_PATH_BYTES];
    const char *dir;
    uint8_t seed[SBX_SEED_BYTES];
    struct sbx_random random;
    struct sbx_key key;

    sbx_options_read(argc, argv, options, 1, &dir, 1);
    const char *site = sbx_option_text(&options[0], NULL);
    sbx_folder(dir);
    sbx_site_copy(site, dir);
    sbx_path(path, dir, "machine.key");
    if (sbx_file_exists(path))
        sbx_die("%s: there already", path);
    sbx_need(RAND_bytes(seed, sizeof seed) == 1, "random bytes");
    struct sbx_curve *curve = sbx_curve_new();
    sbx_random_of_index(&random, seed, "machine", 0);
    sbx_key_make(curve, &random, &key);
    char *private = key_pem(&key), *certificate = certificate_pem(curve, &random, &key);
    sbx_file_put(path, private, strlen(private));
    sbx_path(path, dir, "machine.cer");
    sbx_file_put(path, certificate, strlen(certificate));
    sbx_path(peers, site, "peers");
    sbx_folder(peers);
    sbx_path(path, peers, "machine.cer");
    sbx_file_put(path, certificate, strlen(certificate));
    OPENSSL_cleanse(private, strlen(private));
    free(private);
    free(certificate);
    sbx_curve_free(curve);
}
