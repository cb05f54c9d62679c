#include "pipeline/job/conf.h"

#include <string.h>

#include "perso/mode.h"
#include "pipeline/job/ini_rows.h"

/* clang-format off */
static const struct perso_ini_key conf_keys[] = {
    { "site", "name", NULL, "", "who we are to peers: sender and recipient of packages", TEXT(struct perso_conf, site_name) },
    { "site", "store", "site.db", "path", "claims of keys and cards over all jobs; relative to this file", TEXT(struct perso_conf, store) },
    { "site", "trust", "trust", "folder", "CA certificates, PEM or DER, that cardholders' certificates must chain to", TEXT(struct perso_conf, trust) },
    { "site", "peers", "peers", "folder", "NAME.cer: who signs to us, whom we seal to", TEXT(struct perso_conf, peers) },
    { "site", "profiles", "profiles", "folder", "NAME.conf: layouts of this province's files", TEXT(struct perso_conf, profiles) },
    { "keys", "sender", "keys/sender.key", "path", "signs packages; PKCS#8 under SM4-CBC, for rehearsal and small sites", TEXT(struct perso_conf, sender_key) },
    { "keys", "sealing", "keys/sealing.key", "path", "opens what peers seal to us", TEXT(struct perso_conf, sealing_key) },
    { "keys", "password_file", "keys/password", "path", "password of both keys, mode 0600; put it on another medium: lock and key should not lie together", TEXT(struct perso_conf, password_file) },
    { "limits", "package_cards", "10000", "cards", "most cards of one package to the RA; many RAs take no more", NUMBER(struct perso_conf, package_cards, 1, PERSO_PACKAGE_CARDS) },
    { "limits", "machine_cards", "10000", "cards", "most cards of one machine file", NUMBER(struct perso_conf, machine_cards, 1, 100000) },
    { "approval", "policy", "one", "", "how many operators approve what goes to the RA (LD/T 03-2022 8.3.8 c); none is for rehearsal only", CHOICE(struct perso_conf, approval, "one|two|none") },
    { "lists", "encoding", "utf-8", "", "of held/*.csv; utf-8 comes with a byte order mark for spreadsheet programs", CHOICE(struct perso_conf, list_encoding, "utf-8|gb18030") },
};

static const struct perso_ini_key job_keys[] = {
    { "job", "batch", NULL, "", "制卡批次号", TEXT(struct perso_job_conf, batch) },
    { "job", "mode", NULL, "", "mode of LD/T 03-2022 6.4.7.1", NUMBER(struct perso_job_conf, mode, 1, 5) },
    { "job", "division", NULL, "", "发卡地区行政区划代码", TEXT(struct perso_job_conf, division) },
    { "job", "vendor", NULL, "", "卡商代码", TEXT(struct perso_job_conf, vendor) },
    { "job", "role", "all", "", "which party's stages run here", CHOICE(struct perso_job_conf, role, "vendor|department|centre|all") },
    { "job", "finisher", "vendor", "", "who finishes the cards", CHOICE(struct perso_job_conf, finisher, "vendor|centre") },
    { "job", "date", NULL, "YYYY-MM-DD", "date of the job: stands in packages and judges validity", TEXT(struct perso_job_conf, date) },
    { "job", "profile", "default", "", "layouts and rules", TEXT(struct perso_job_conf, profile) },
    { "job", "ra", "ra", "", "peer that requests go to", TEXT(struct perso_job_conf, ra) },
    { "job", "machine", "machine", "", "peer that secrets of machine files are sealed to", TEXT(struct perso_job_conf, machine) },
    { "job", "sender", "", "", "peer whose packages bring the cards; empty: the first known one that sends them", TEXT(struct perso_job_conf, sender) },
    { "job", "centre", "centre", "", "peer that finishes the cards where a centre does", TEXT(struct perso_job_conf, centre) },
};
/* clang-format on */

bool
perso_conf_yes(const char *value)
{
    return strcmp(value, "yes") == 0;
}

enum perso_result
perso_conf_read(const char *path, struct perso_conf *ret, struct perso_error *err)
{
    memset(ret, 0, sizeof *ret);
    return perso_ini_read(path, conf_keys, COUNT(conf_keys), NULL, ret, err);
}

enum perso_result
perso_conf_text(const char *site_name, char **ret, struct perso_error *err)
{
    struct perso_conf conf = { 0 };

    perso_ini_defaults(conf_keys, COUNT(conf_keys), &conf);
    strncpy(conf.site_name, site_name, sizeof conf.site_name - 1);
    return perso_ini_text("configuration of a Persoline site; paths are relative to this file",
                          conf_keys, COUNT(conf_keys), &conf, ret, err);
}

static bool
is_batch(const char *batch)
{
    size_t n = strspn(batch, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    return n > 0 && n <= 32 && batch[n] == '\0';
}

static bool
is_date(const char *date)
{
    unsigned year, month, day;
    int end = 0;
    return strlen(date) == 10 && sscanf(date, "%4u-%2u-%2u%n", &year, &month, &day, &end) == 3 &&
           end == 10 && year >= 2000 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= 31;
}

static enum perso_result
job_conf_check(const struct perso_job_conf *conf, struct perso_error *err)
{
    size_t digits = strspn(conf->division, "0123456789");

    if (!is_batch(conf->batch))
        return perso_error_set(err, PERSO_REJ_NONE, "batch",
                               "want 1 to 32 letters, digits, - and _");
    if (digits != 6 || conf->division[digits] != '\0')
        return perso_error_set(err, PERSO_REJ_NONE, "division", "want 6 digits");
    if (!is_batch(conf->vendor))
        return perso_error_set(err, PERSO_REJ_NONE, "vendor",
                               "want 1 to 32 letters, digits, - and _");
    if (!is_batch(conf->ra) || !is_batch(conf->machine) || !is_batch(conf->centre) ||
        (conf->sender[0] != '\0' && !is_batch(conf->sender)))
        return perso_error_set(err, PERSO_REJ_NONE, "ra", "want 1 to 32 letters, digits, - and _");
    if (!is_date(conf->date))
        return perso_error_set(err, PERSO_REJ_NONE, "date", "want YYYY-MM-DD");
    return PERSO_OK;
}

enum perso_result
perso_job_conf_read(const char *path, struct perso_job_conf *ret, struct perso_error *err)
{
    memset(ret, 0, sizeof *ret);
    enum perso_result rc = perso_ini_read(path, job_keys, COUNT(job_keys), NULL, ret, err);
    if (rc == PERSO_OK && (rc = job_conf_check(ret, err)) != PERSO_OK)
        perso_error_at(err, path, 0, 0);
    return rc;
}

enum perso_result
perso_job_conf_text(const struct perso_job_conf *conf, char **ret, struct perso_error *err)
{
    enum perso_result rc = job_conf_check(conf, err);
    return rc != PERSO_OK ? rc
                          : perso_ini_text("what init was told; never rewritten", job_keys,
                                           COUNT(job_keys), conf, ret, err);
}
