/* One RET package (CONTRACTS 3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "formats/base/encode.h"
#include "formats/seal/peer.h"
#include "formats/seal/seal.h"
#include "hash.h"
#include "ra.h"

#define NOON 12 /* hour of the members of a package */

/* Requests in their order, then the second rows of doubled and conflict. */
static size_t
plan_rows(const struct sbx_ra_work *work, struct sbx_ra_row *rows)
{
    size_t n = 0;

    for (size_t i = 0; i < work->n; i++)
        if (work->requests[i].fault != SBX_RA_LATE)
            rows[n++] = (struct sbx_ra_row) { .request = i };
    const size_t first = n;
    for (size_t i = 0; i < first; i++) {
        const enum sbx_ra_fault fault = work->requests[rows[i].request].fault;
        if (fault == SBX_RA_DOUBLED)
            rows[n++] = (struct sbx_ra_row) { .request = rows[i].request, .copy_of = i + 1 };
        else if (fault == SBX_RA_CONFLICT)
            rows[n++] = (struct sbx_ra_row) { .request = rows[i].request, .variant = 1 };
    }
    return n;
}

static void
put_sealed(FILE *out, struct perso_seal *seal, const char *id, const char *purpose, size_t sequence,
           const uint8_t *plain, size_t n)
{
    char sealed[PERSO_SEALED_CHARS + 1];
    struct perso_error err = { .reject = PERSO_REJ_NONE };

    if (n == 0) {
        fputc(',', out);
        return;
    }
    sbx_check(perso_seal_field(seal, id, purpose, (uint32_t)sequence, perso_cursor_of(plain, n),
                               sealed, &err),
              "certificates.csv", &err);
    fprintf(out, ",%s", sealed);
}

/* request_id,QMZS,JMZS,JMMY,GLYPIN,ZKMY,code,reason */
static void
put_row(const struct sbx_ra *ra, const struct sbx_ra_work *work, const struct sbx_ra_row *rows,
        size_t n, size_t at, uint32_t number, struct sbx_date date, struct perso_seal *seal,
        FILE *out)
{
    const size_t own = rows[at].copy_of != 0 ? rows[at].copy_of - 1 : at;
    const struct sbx_ra_request *request = &work->requests[rows[own].request];
    struct sbx_ra_answer answer, neighbour;

    sbx_ra_answer_make(ra, request, rows[own].variant, date, &answer);
    fprintf(out, "%s,%s,%s,%s", request->id, answer.qmzs, answer.jmzs, answer.jmmy);
    if (request->fault == SBX_RA_SEAL && n > 1) { /* the neighbour's cell */
        const size_t other = (own + 1) % n;
        const struct sbx_ra_request *next = &work->requests[rows[other].request];
        sbx_ra_answer_make(ra, next, 0, date, &neighbour);
        if (neighbour.pin_bytes == 0) { /* refused: nothing to copy but the place */
            neighbour.pin_bytes = answer.pin_bytes;
            memcpy(neighbour.pin, answer.pin, answer.pin_bytes);
        }
        put_sealed(out, seal, next->id, "GLYPIN", number, neighbour.pin, neighbour.pin_bytes);
    } else {
        const size_t sequence = request->fault == SBX_RA_SEAL ? number + 1 : number;
        put_sealed(out, seal, request->id, "GLYPIN", sequence, answer.pin, answer.pin_bytes);
    }
    put_sealed(out, seal, request->id, "ZKMY", number, answer.key, answer.key_bytes);
    fprintf(out, ",%s,%s\n", answer.code, answer.reason);
}

static void
make_table(const struct sbx_ra *ra, const struct sbx_ra_work *work, const struct sbx_ra_row *rows,
           size_t n, uint32_t number, const uint8_t file_key[32], char **ret, size_t *bytes)
{
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    struct perso_seal *seal = NULL;
    struct sbx_date date;
    FILE *out = open_memstream(ret, bytes);

    sbx_need(out != NULL && sbx_date_read(work->manifest.date, &date), "date of the request");
    sbx_check(perso_seal_new(file_key, &seal, &err), "certificates.csv", &err);
    fputs("request_id,QMZS,JMZS,JMMY,GLYPIN,ZKMY,code,reason\n", out);
    for (size_t i = 0; i < n; i++)
        put_row(ra, work, rows, n, i, number, date, seal, out);
    sbx_need(!ferror(out) && fclose(out) == 0, "certificates.csv");
    perso_seal_free(seal);
}

char *
sbx_ra_chain_pem(const struct sbx_ra *ra, size_t *n)
{
    char path[SBX_PATH_BYTES];
    size_t issuing_n, root_n;

    sbx_path(path, ra->dir, "issuing.cer");
    uint8_t *issuing = sbx_file_read(path, 65536, &issuing_n);
    sbx_path(path, ra->dir, "root.cer");
    uint8_t *root = sbx_file_read(path, 65536, &root_n);
    char *chain = sbx_memory(issuing_n + root_n, 1);
    memcpy(chain, issuing, issuing_n);
    memcpy(chain + issuing_n, root, root_n);
    *n = issuing_n + root_n;
    free(issuing);
    free(root);
    return chain;
}

/* Signature and wrapped key stand there before the package does (CONTRACTS 3). */
static void
write_files(struct sbx_ra *ra, struct perso_manifest *m, const struct perso_package_member *members,
            size_t n_members, const char *name, const uint8_t file_key[32], uint8_t digest[32])
{
    char path[SBX_PATH_BYTES], side[SBX_PATH_BYTES + 8], *json = NULL;
    struct perso_error err = { .reject = PERSO_REJ_NONE };
    uint8_t wrapped[PERSO_WRAPPED_BYTES], *signature;
    size_t json_n, signature_n, wrapped_n;
    struct sbx_date date;
    struct sbx_file zip;

    sbx_path(path, ra->out, name);
    sbx_file_open(&zip, path);
    const struct perso_sink sink = sbx_file_sink(&zip);
    sbx_need(sbx_date_read(m->date, &date), "date of the request");
    sbx_check(perso_package_write(m, members, n_members, sbx_date_seconds(date, NOON), &sink, &json,
                                  &json_n, &err),
              path, &err);
    EVP_PKEY *key = sbx_private_key(ra->signing.d, ra->signing.xy);
    sbx_sign(key, json, json_n, &signature, &signature_n);
    snprintf(side, sizeof side, "%s.sig", path);
    sbx_file_put(side, signature, signature_n);
    sbx_check(perso_wrap_key(ra->site.sealing_xy, file_key, wrapped, &wrapped_n, &err), path, &err);
    snprintf(side, sizeof side, "%s.wrap", path);
    sbx_file_put(side, wrapped, wrapped_n);
    sbx_file_close(&zip, NULL);
    sbx_sm3(json, json_n, digest);
    EVP_PKEY_free(key);
    free(signature);
    free(json);
}

static void
note_truth(struct sbx_ra *ra, const struct sbx_ra_work *work, const struct sbx_ra_row *rows,
           size_t n, const char *name)
{
    char note[64];

    for (size_t i = 0; i < n; i++) {
        const struct sbx_ra_request *request = &work->requests[rows[i].request];
        if (rows[i].copy_of != 0 || rows[i].variant != 0 ||
            (request->fault == SBX_RA_FAULT_NONE && !work->late))
            continue;
        note[0] = '\0';
        for (size_t k = i + 1; k < n; k++)
            if (rows[k].request == rows[i].request)
                snprintf(note, sizeof note, "and record %zu", k + 1);
        sbx_ra_truth_add(ra, request, name, (uint32_t)i + 1, note);
    }
    for (size_t i = 0; i < work->n; i++)
        if (work->requests[i].fault == SBX_RA_LATE)
            sbx_ra_truth_add(ra, &work->requests[i], "", 0, "kept back");
}

static void
set_manifest(const struct sbx_ra *ra, const struct sbx_ra_work *work, bool final, uint32_t cards,
             struct perso_manifest *m)
{
    *m = work->manifest;
    snprintf(m->kind, sizeof m->kind, "RET");
    snprintf(m->sender, sizeof m->sender, "%s", SBX_RA_NAME);
    snprintf(m->recipient, sizeof m->recipient, "%s", work->manifest.sender);
    m->sequence = sbx_ra_chain(ra, &work->manifest, m->previous) + 1;
    m->has_previous = m->sequence > 1;
    m->final = final;
    m->cards = cards;
}

static void
write_package(struct sbx_ra *ra, const struct sbx_ra_work *work, struct perso_manifest *m,
              const char *table, size_t table_n, uint32_t rows, const char *name,
              const uint8_t file_key[32])
{
    uint8_t digest[32];
    size_t chain_n;
    char *chain = sbx_ra_chain_pem(ra, &chain_n);
    const struct perso_package_member members[] = {
        { "certificates.csv", table, table_n, rows },
        { "chain.pem", chain, chain_n, 0 },
    };

    write_files(ra, m, members, 2, name, file_key, digest);
    sbx_ra_chain_set(ra, &work->manifest, m->sequence, digest);
    free(chain);
}

void
sbx_ra_return(struct sbx_ra *ra, struct sbx_ra_work *work, bool more)
{
    struct sbx_ra_row *rows = sbx_memory(2 * work->n, sizeof *rows);
    const size_t n = plan_rows(work, rows);
    char name[SBX_PATH_BYTES] = "", *table = NULL;
    uint8_t file_key[32], digest[32];
    size_t table_n, late = 0;
    struct perso_manifest m;

    for (size_t i = 0; i < work->n; i++)
        late += work->requests[i].fault == SBX_RA_LATE;
    if (n != 0) {
        set_manifest(ra, work, late == 0 && !more, (uint32_t)(work->n - late), &m);
        perso_package_name(&m, name, sizeof name);
        sbx_hmac_sm3(ra->file_secret, sizeof ra->file_secret, name, strlen(name), file_key);
        make_table(ra, work, rows, n, m.sequence, file_key, &table, &table_n);
        sbx_ra_issued_write(ra, name, table, table_n);
        if (ra->form != SBX_FORM_PACKAGE) {
            sbx_ra_loose(ra, work, rows, n, name);
            memset(digest, 0, sizeof digest);
            sbx_ra_chain_set(ra, &work->manifest, m.sequence, digest);
        } else {
            write_package(ra, work, &m, table, table_n, (uint32_t)n, name, file_key);
        }
        free(table);
    }
    note_truth(ra, work, rows, n, name);
    if (late != 0)
        sbx_ra_late_add(ra, &work->manifest, work->requests, work->n);
    if (!work->late)
        sbx_ra_answered_set(ra, work, name);
    free(rows);
}
