/* Keys and CA certificates of the rehearsal's RA, all out of its seed. persoline-sandbox ra init */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fail.h"
#include "ra.h"

#define CA_BEGINS "20200101000000Z"
#define CA_ENDS "20491231235959Z"

static void
make_key(struct sbx_ra *ra, const char *purpose, struct sbx_key *ret)
{
    struct sbx_random r;

    sbx_random_of_index(&r, ra->seed, purpose, 0);
    sbx_key_make(ra->curve, &r, ret);
}

void
sbx_ra_keys(struct sbx_ra *ra, const char *seed_text)
{
    struct sbx_random r;

    sbx_seed_of(seed_text, NULL, 0, ra->seed);
    ra->curve = sbx_curve_new();
    ra->root.name = (struct sbx_name) { SBX_ORGANIZATION, "演练根CA", NULL };
    ra->issuing.name = (struct sbx_name) { SBX_ORGANIZATION, "演练签发CA", NULL };
    ra->foreign.name = (struct sbx_name) { SBX_ORGANIZATION, "演练外来CA", NULL };
    make_key(ra, "root", &ra->root.key);
    make_key(ra, "issuing", &ra->issuing.key);
    make_key(ra, "foreign", &ra->foreign.key);
    make_key(ra, "ra signing", &ra->signing);
    make_key(ra, "ra sealing", &ra->sealing);
    sbx_random_of_index(&r, ra->seed, "ra file keys", 0);
    sbx_random_bytes(&r, ra->file_secret, sizeof ra->file_secret);
}

static char *
make_certificate(struct sbx_ra *ra, const struct sbx_issuer *issuer, const struct sbx_name *subject,
                 const uint8_t xy[64], uint8_t key_usage)
{
    struct sbx_certificate c = { .issuer = issuer,
                                 .subject = *subject,
                                 .xy = xy,
                                 .begins = CA_BEGINS,
                                 .ends = CA_ENDS,
                                 .key_usage = key_usage,
                                 .is_ca = (key_usage & SBX_KU_CERT_SIGN) != 0,
                                 .signing = SBX_SIGN_STANDARD,
                                 .algorithm = SBX_OID_SM2_SM3 };
    struct sbx_random r;
    struct sbx_der der;

    sbx_random_init(&r, ra->seed, "certificate of", xy, 64);
    sbx_serial(&r, c.serial);
    sbx_certificate_make(ra->curve, &c, &r, &der);
    return sbx_certificate_pem(&der);
}

static void
put_text(const char *folder, const char *name, const char *first, const char *second)
{
    char path[SBX_PATH_BYTES];
    struct sbx_file f;

    sbx_path(path, folder, name);
    sbx_file_open(&f, path);
    sbx_file_write(&f, first, strlen(first));
    sbx_file_write(&f, second, strlen(second));
    sbx_file_close(&f, NULL);
}

static void
write_cas(struct sbx_ra *ra, const char *trust)
{
    const uint8_t usage = SBX_KU_CERT_SIGN | SBX_KU_CRL_SIGN;
    char *root = make_certificate(ra, &ra->root, &ra->root.name, ra->root.key.xy, usage);
    char *issuing = make_certificate(ra, &ra->root, &ra->issuing.name, ra->issuing.key.xy, usage);
    char *foreign =
        make_certificate(ra, &ra->foreign, &ra->foreign.name, ra->foreign.key.xy, usage);

    put_text(ra->dir, "root.cer", root, "");
    put_text(ra->dir, "issuing.cer", issuing, "");
    put_text(ra->dir, "foreign.cer", foreign, "");
    put_text(trust, "root.cer", root, "");
    put_text(trust, "issuing.cer", issuing, "");
    free(root);
    free(issuing);
    free(foreign);
}

static void
write_peer(struct sbx_ra *ra, const char *peers)
{
    const struct sbx_issuer signer = { { SBX_ORGANIZATION, "ra sender", NULL }, ra->signing };
    const struct sbx_issuer sealer = { { SBX_ORGANIZATION, "ra sealing", NULL }, ra->sealing };
    char *signs =
        make_certificate(ra, &signer, &signer.name, ra->signing.xy, SBX_KU_DIGITAL_SIGNATURE);
    char *seals =
        make_certificate(ra, &sealer, &sealer.name, ra->sealing.xy, SBX_KU_KEY_ENCIPHERMENT);

    put_text(ra->dir, "ra.cer", signs, seals);
    put_text(peers, "ra.cer", signs, seals);
    free(signs);
    free(seals);
}

/* A folder answers under one seed for good: its certificates are out in the world. */
static void
keep_seed(const char *dir, const char *seed)
{
    char path[SBX_PATH_BYTES];
    size_t n;

    sbx_path(path, dir, "seed");
    uint8_t *old = sbx_file_read_if(path, 4096, &n);
    if (old != NULL && strcmp((const char *)old, seed) != 0)
        sbx_die("%s: made with another seed", path);
    if (old == NULL)
        sbx_file_put(path, seed, strlen(seed));
    free(old);
}

void
sbx_ra_init(int argc, char **argv)
{
    struct sbx_option options[] = { { .name = "site", .max = 1 }, { .name = "seed", .max = 1 } };
    char trust[SBX_PATH_BYTES], peers[SBX_PATH_BYTES];
    struct sbx_ra ra = { .dir = NULL };

    sbx_options_read(argc, argv, options, 2, &ra.dir, 1);
    const char *site = sbx_option_text(&options[0], NULL);
    const char *seed = sbx_option_text(&options[1], NULL);
    sbx_folder(ra.dir);
    sbx_site_copy(site, ra.dir);
    keep_seed(ra.dir, seed);
    sbx_ra_keys(&ra, seed);
    sbx_path(trust, site, "trust");
    sbx_path(peers, site, "peers");
    sbx_folder(trust);
    sbx_folder(peers);
    write_cas(&ra, trust);
    write_peer(&ra, peers);
    sbx_curve_free(ra.curve);
}
