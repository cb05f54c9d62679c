/*
 * Returns as real RAs send them: tables, XML, JSON, certificates in any file, in shuffled order,
 * mixed with the chain and with certificates that are nobody's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "formats/seal/seal.h"
#include "hash.h"
#include "ra.h"

#define FOREIGNERS 3

struct loose {
    const struct sbx_ra *ra;
    const struct sbx_ra_work *work;
    const struct sbx_ra_row *rows;
    size_t n;
    size_t *order;
    struct sbx_date date;
    struct perso_seal *seal;
    struct sbx_random r;
};

static void
shuffle(struct loose *l)
{
    l->order = sbx_memory(l->n, sizeof *l->order);
    for (size_t i = 0; i < l->n; i++)
        l->order[i] = i;
    for (size_t i = l->n; i > 1; i--) {
        const size_t k = sbx_random_below(&l->r, (uint32_t)i), held = l->order[i - 1];
        l->order[i - 1] = l->order[k];
        l->order[k] = held;
    }
}

static const struct sbx_ra_request *
answer_of(const struct loose *l, size_t row, struct sbx_ra_answer *ret)
{
    const size_t own = l->rows[row].copy_of != 0 ? l->rows[row].copy_of - 1 : row;
    const struct sbx_ra_request *request = &l->work->requests[l->rows[own].request];

    sbx_ra_answer_make(l->ra, request, l->rows[own].variant, l->date, ret);
    return request;
}

/* ---- records ---- */

/* Text in the return's character set; the caller frees. */
static uint8_t *
encode(const struct loose *l, char *text, size_t n, size_t *made)
{
    uint8_t *out = sbx_memory(2 * n + 16, 1);

    sbx_need(perso_charset_encode(l->ra->charset, text, n, out, 2 * n + 16, made),
             "a character that the encoding has not");
    free(text);
    return out;
}

static const char *
encoding_name(const struct loose *l)
{
    return l->ra->charset == PERSO_UTF8 ? "UTF-8" : l->ra->charset == PERSO_GBK ? "GBK" : "GB18030";
}

/* The names and values of one record; empty ones are left out where the form can. */
struct field {
    const char *name;
    const char *value;
};

static void
put_fields(FILE *out, enum sbx_ra_form form, const struct field *fields, size_t n, char delimiter)
{
    bool first = true;

    for (size_t i = 0; i < n; i++) {
        if (form == SBX_FORM_TABLE) {
            fprintf(out, "%s%.1s", fields[i].value, i + 1 < n ? &delimiter : "\n");
        } else if (fields[i].value[0] != '\0' && form == SBX_FORM_JSON) {
            fprintf(out, "%s\n    \"%s\": \"%s\"", first ? "" : ",", fields[i].name,
                    fields[i].value);
            first = false;
        } else if (fields[i].value[0] != '\0') {
            fprintf(out, "    <%s>%s</%s>\n", fields[i].name, fields[i].value, fields[i].name);
        }
    }
}

/* An RA whose system is in GBK leaves out what GBK has not. */
static bool
has_name(const struct loose *l, const char *name)
{
    uint8_t bytes[512];
    size_t n;

    return perso_charset_encode(l->ra->charset, name, strlen(name), bytes, sizeof bytes, &n);
}

/* A record without certificates: they stand in files beside it. */
static void
put_record(const struct loose *l, FILE *out, enum sbx_ra_form form, size_t row, bool certificates)
{
    struct sbx_ra_answer answer;
    const struct sbx_ra_request *request = answer_of(l, row, &answer);
    char pin[512], key[512];

    sbx_ra_secret(l->ra, request, l->seal, "GLYPIN", answer.pin, answer.pin_bytes, pin);
    sbx_ra_secret(l->ra, request, l->seal, "ZKMY", answer.key, answer.key_bytes, key);
    const struct field fields[] = {
        { "request_id", form == SBX_FORM_XML ? "" : request->id },
        { "QMZS", certificates ? answer.qmzs : "" },
        { "JMZS", certificates ? answer.jmzs : "" },
        { "JMMY", answer.jmmy },
        { "GLYPIN", pin },
        { "ZKMY", key },
        { "code", answer.code },
        { "reason", answer.reason },
        { "XM", has_name(l, request->name) ? request->name : "" },
        { "SHBZHM", request->ssn },
        { "KH", request->card_no },
    };
    const size_t n = form == SBX_FORM_TABLE ? 8 : sizeof fields / sizeof fields[0];
    put_fields(out, form, fields, n, l->ra->delimiter);
}

static uint8_t *
make_table(const struct loose *l, size_t *n)
{
    static const char *const names[] = { "request_id", "QMZS", "JMZS", "JMMY",
                                         "GLYPIN",     "ZKMY", "code", "reason" };
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    sbx_need(out != NULL, "memory");
    for (size_t i = 0; i < 8; i++)
        fprintf(out, "%s%.1s", names[i], i < 7 ? &l->ra->delimiter : "\n");
    for (size_t i = 0; i < l->n; i++)
        put_record(l, out, SBX_FORM_TABLE, l->order[i], true);
    sbx_need(fclose(out) == 0, "memory");
    return encode(l, text, bytes, n);
}

/* Of mixed: every second card has its certificates in files of their own. */
static bool
is_beside(const struct loose *l, size_t row)
{
    return l->ra->form == SBX_FORM_MIXED && l->rows[row].request % 2 == 0;
}

static uint8_t *
make_xml(const struct loose *l, size_t *n)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    sbx_need(out != NULL, "memory");
    fprintf(out, "<?xml version=\"1.0\" encoding=\"%s\"?>\n<return>\n", encoding_name(l));
    for (size_t i = 0; i < l->n; i++) {
        fputs("  <card>\n", out);
        put_record(l, out, SBX_FORM_XML, l->order[i], !is_beside(l, l->order[i]));
        fputs("  </card>\n", out);
    }
    fputs("</return>\n", out);
    sbx_need(fclose(out) == 0, "memory");
    return encode(l, text, bytes, n);
}

static uint8_t *
make_json(const struct loose *l, size_t *n)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    sbx_need(out != NULL, "memory");
    fputs("{\"data\": [", out);
    for (size_t i = 0; i < l->n; i++) {
        fprintf(out, "%s\n  {", i == 0 ? "" : ",");
        put_record(l, out, SBX_FORM_JSON, l->order[i], true);
        fputs("\n  }", out);
    }
    fputs("\n]}\n", out);
    sbx_need(fclose(out) == 0, "memory");
    return encode(l, text, bytes, n);
}

/* ---- certificates ---- */

/* As DER; what a planted fault leaves without its form is kept as it is. */
static void
add_one(struct loose *l, struct sbx_loose_files *files, const char *base64)
{
    const size_t n = strlen(base64);
    uint8_t *der = sbx_memory(n + 1, 1);
    char name[16];
    size_t made = 0;

    if (n == 0) {
        free(der);
        return;
    }
    if (!perso_base64_decode(base64, n, der, &made)) {
        memcpy(der, base64, n);
        made = n;
    }
    snprintf(name, sizeof name, "%08x", sbx_random_u32(&l->r)); /* says nothing of the card */
    sbx_loose_add(files, name, der, made);
}

static void
add_foreigner(struct loose *l, struct sbx_loose_files *files)
{
    struct sbx_ra_request stranger = { .fault = SBX_RA_FAULT_NONE };
    struct sbx_ra_answer answer;
    struct sbx_key key;

    sbx_key_make(l->ra->curve, &l->r, &key);
    snprintf(stranger.id, sizeof stranger.id, "%08x%024u", sbx_random_u32(&l->r), 0u);
    snprintf(stranger.name, sizeof stranger.name, "外地人");
    snprintf(stranger.ssn, sizeof stranger.ssn, "11010519491231002X");
    memcpy(stranger.xy, key.xy, sizeof stranger.xy);
    sbx_ra_answer_make(l->ra, &stranger, 0, l->date, &answer);
    add_one(l, files, answer.qmzs);
    add_one(l, files, answer.jmzs);
}

static void
add_certificates(struct loose *l, struct sbx_loose_files *files)
{
    struct sbx_ra_answer answer;

    for (size_t i = 0; i < l->n; i++) {
        if (l->ra->form == SBX_FORM_MIXED && !is_beside(l, l->order[i]))
            continue;
        answer_of(l, l->order[i], &answer);
        add_one(l, files, answer.jmzs);
        add_one(l, files, answer.qmzs);
    }
    for (int i = 0; i < FOREIGNERS; i++)
        add_foreigner(l, files);
}

/* One file each, some of them PKCS#7 of several, in the order of meaningless names. */
static void
spread(struct loose *l, const struct sbx_loose_files *all, struct sbx_loose_files *files)
{
    size_t chain_n;
    char name[32];

    for (size_t i = 0; i < all->n;) {
        const size_t n = sbx_random_chance(&l->r, 0.1) && i + 3 < all->n ? 3 : 1;
        if (n == 1) {
            sbx_loose_certificate(files, &l->r, all->at[i].name, all->at[i].bytes, all->at[i].n);
        } else {
            const struct sbx_loose_files some = { all->at + i, n, n };
            size_t made;
            uint8_t *p7 = sbx_loose_pkcs7(&some, &made);
            snprintf(name, sizeof name, "%.8s.p7b", all->at[i].name);
            sbx_loose_add(files, name, p7, made);
        }
        i += n;
    }
    char *chain = sbx_ra_chain_pem(l->ra, &chain_n);
    sbx_loose_add(files, "chain.pem", chain, chain_n);
}

static void
make_certificates(struct loose *l, struct sbx_loose_files *files)
{
    struct sbx_loose_files all = { .at = NULL };
    size_t made;

    add_certificates(l, &all);
    if (l->ra->form == SBX_FORM_P7B) {
        uint8_t *p7 = sbx_loose_pkcs7(&all, &made);
        sbx_loose_add(files, "all.p7b", p7, made);
    } else {
        spread(l, &all, files);
    }
    for (size_t i = 0; i < all.n; i++)
        free(all.at[i].bytes);
    free(all.at);
}

static void
add_records(struct loose *l, struct sbx_loose_files *files)
{
    static const struct {
        enum sbx_ra_form form;
        uint8_t *(*make)(const struct loose *l, size_t *n);
        const char *name;
    } forms[] = {
        { SBX_FORM_TABLE, make_table, "certificates.csv" },
        { SBX_FORM_XML, make_xml, "records.xml" },
        { SBX_FORM_MIXED, make_xml, "records.xml" },
        { SBX_FORM_JSON, make_json, "records.json" },
    };
    size_t made = 0;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].form != l->ra->form)
            continue;
        uint8_t *text = forms[i].make(l, &made);
        sbx_loose_add(files, forms[i].name, text, made);
    }
}

void
sbx_ra_loose(struct sbx_ra *ra, const struct sbx_ra_work *work, const struct sbx_ra_row *rows,
             size_t n, const char *name)
{
    struct loose l = { .ra = ra, .work = work, .rows = rows, .n = n };
    struct sbx_loose_files files = { .at = NULL };
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    char bare[SBX_PATH_BYTES], whole[SBX_PATH_BYTES];
    uint8_t file_key[32];

    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(name, "."), name);
    sbx_random_init(&l.r, ra->seed, "loose", name, strlen(name));
    sbx_need(sbx_date_read(work->manifest.date, &l.date), "date of the request");
    sbx_hmac_sm3(ra->file_secret, sizeof ra->file_secret, bare, strlen(bare), file_key);
    sbx_check(perso_seal_new(file_key, &l.seal, &err), "seal", &err);
    shuffle(&l);
    add_records(&l, &files);
    if (ra->form == SBX_FORM_CER || ra->form == SBX_FORM_P7B || ra->form == SBX_FORM_MIXED)
        make_certificates(&l, &files);
    sbx_loose_write(ra, bare, work, &files, file_key, whole);
    perso_seal_free(l.seal);
    free(l.order);
}
