#include "stages/ingest.h"

#include <string.h>
#include <strings.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "formats/identity/id_number.h"
#include "formats/identity/name.h"
#include "formats/pki/pkcs10.h"
#include "formats/sm2/sm2.h"
#include "formats/sm2/sm3.h"
#include "stages/application.h"
#include "stages/verdict.h"

/* One row under judgement. What has its form was read before the checks, so that duplicates of a
 * held row are found as well. */
struct row {
    const struct perso_ingest_rules *rules;
    const struct perso_waivers *waivers;
    const struct perso_text *cells;
    size_t index; /* in the batch */
    struct perso_application *out;
    bool has_card_id, has_division, has_key;
    uint8_t *der; /* room for the request's bytes */
    struct perso_pkcs10 request;
};

static bool
shares(const char *a, const char *b, size_t chars)
{
    return strncmp(a, b, chars) == 0;
}

static enum perso_result
check_card_id(struct row *row, enum perso_column column, struct perso_error *err)
{
    (void)column;
    return row->has_card_id ? PERSO_OK : perso_refuse(err, PERSO_REJ_CARD_ID_SHAPE);
}

/* A card's id has the city's or the county's division (DOMAIN 2.6): the first four digits tell. */
static enum perso_result
check_card_division(struct row *row, enum perso_column column, struct perso_error *err)
{
    (void)column;
    if (row->has_division && !shares(row->out->card_id, row->out->division, 4))
        return perso_refuse(err, PERSO_REJ_CARD_ID_DIVISION);
    return PERSO_OK;
}

static bool
is_digits(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return n > 0;
}

static bool
is_hashes(struct perso_text cell)
{
    for (uint32_t i = 0; i < cell.bytes; i++)
        if (cell.at[i] != '#')
            return false;
    return cell.bytes > 0;
}

/* d.dE+dd */
static bool
is_scientific(struct perso_text cell)
{
    const char *e = memchr(cell.at, 'E', cell.bytes);
    size_t digits;

    if (e == NULL)
        e = memchr(cell.at, 'e', cell.bytes);
    if (e == NULL)
        return false;
    digits = (size_t)(e - cell.at);
    size_t left = cell.bytes - digits - 1;
    if (left < 2 || e[1] != '+' || !is_digits(e + 2, left - 1) || !is_digits(cell.at, 1))
        return false;
    return digits == 1 || (cell.at[1] == '.' && is_digits(cell.at + 2, digits - 2));
}

/* A card number of digits alone that lost the zeros it began with. */
static bool
is_short_number(enum perso_column column, struct perso_text cell)
{
    return column == PERSO_COL_AAZ500 && cell.bytes < PERSO_CARD_NO_CHARS &&
           is_digits(cell.at, cell.bytes);
}

static enum perso_result
check_excel(struct row *row, enum perso_column column, struct perso_error *err)
{
    struct perso_text cell = row->cells[column];

    if (is_hashes(cell) || is_scientific(cell))
        return perso_refuse(err, PERSO_REJ_EXCEL_DAMAGE);
    if (is_short_number(column, cell))
        return perso_error_set(err, PERSO_REJ_EXCEL_DAMAGE, "", "leading zeros are lost");
    return PERSO_OK;
}

static enum perso_result
check_ssn(struct row *row, enum perso_column column, struct perso_error *err)
{
    enum perso_id_kind kind;
    enum perso_reject reject = perso_id_number_read(row->cells[column], row->out->ssn, &kind);

    return reject == PERSO_REJ_NONE ? PERSO_OK : perso_refuse(err, reject);
}

static enum perso_result
check_card_no(struct row *row, enum perso_column column, struct perso_error *err)
{
    if (!perso_card_no_read(row->cells[column], row->out->card_no))
        return perso_refuse(err, PERSO_REJ_CARD_NO_SHAPE);
    if (row->rules->card_no_check && !perso_card_no_check(row->out->card_no) &&
        !perso_waived(row->waivers, row->index, PERSO_REJ_CARD_NO_CHECK))
        return perso_refuse(err, PERSO_REJ_CARD_NO_CHECK);
    return PERSO_OK;
}

/* A job of a city (..00) takes its counties, a county's job only its own. */
static enum perso_result
check_division(struct row *row, enum perso_column column, struct perso_error *err)
{
    const char *job = row->rules->division;

    (void)column;
    if (!row->has_division)
        return perso_refuse(err, PERSO_REJ_DIVISION_SHAPE);
    size_t chars = strlen(job) >= 6 && job[4] == '0' && job[5] == '0' ? 4 : 6;
    if (!shares(row->out->division, job, chars))
        return perso_refuse(err, PERSO_REJ_DIVISION_OTHER);
    return PERSO_OK;
}

static enum perso_result
check_name(struct row *row, enum perso_column column, struct perso_error *err)
{
    enum perso_reject reject;

    row->out->name = perso_name_strip(row->cells[column]);
    reject = perso_name_check(row->out->name);
    return reject == PERSO_REJ_NONE ? PERSO_OK : perso_refuse(err, reject);
}

static enum perso_result
check_key(struct row *row, enum perso_column column, struct perso_error *err)
{
    if (!row->has_key)
        return perso_error_set(err, PERSO_REJ_KEY_SHAPE, "", "have %u characters",
                               row->cells[column].bytes);
    if (!perso_sm2_on_curve(row->out->public_key))
        return perso_refuse(err, PERSO_REJ_KEY_CURVE);
    return PERSO_OK;
}

/* A centre's cards: whoever has the request proved it; here only its name is known. */
static enum perso_result
check_request_id(struct row *row, enum perso_column column, struct perso_error *err)
{
    struct perso_text cell = row->cells[column];

    if (row->rules->requested &&
        !perso_hex_decode(cell.at, cell.bytes, row->out->request_id, PERSO_REQUEST_ID_BYTES))
        return perso_refuse(err, PERSO_REJ_REQUEST_MISSING);
    return PERSO_OK;
}

static enum perso_result
check_request(struct row *row, enum perso_column column, struct perso_error *err)
{
    struct perso_text cell = row->cells[column];
    enum perso_result rc;
    size_t n;

    if (row->rules->requested)
        return PERSO_OK;
    if (cell.bytes == 0)
        return perso_refuse(err, PERSO_REJ_REQUEST_MISSING);
    if (!perso_base64_decode(cell.at, cell.bytes, row->der, &n))
        return perso_refuse(err, PERSO_REJ_REQUEST_BASE64);
    row->out->request = perso_cursor_of(row->der, n);
    if ((rc = perso_pkcs10_read(row->out->request, 0, NULL, &row->request, err)) != PERSO_OK)
        return rc;
    if (memcmp(row->request.public_key, row->out->public_key, PERSO_POINT_BYTES) != 0)
        return perso_refuse(err, PERSO_REJ_REQUEST_KEY);
    if (!perso_request_id(row->out->card_id, row->out->request, row->out->request_id))
        return perso_error_openssl(err, "request id");
    return PERSO_OK;
}

/* Set where a request came as a file of its own: the card that it is named after. */
static enum perso_result
check_request_card(struct row *row, enum perso_column column, struct perso_error *err)
{
    struct perso_text named = row->cells[PERSO_COL_P10_AAZ501], id = row->cells[PERSO_COL_AAZ501];

    (void)column;
    if (named.bytes == 0 ||
        (named.bytes == id.bytes && strncasecmp(named.at, id.at, id.bytes) == 0))
        return PERSO_OK;
    return perso_refuse(err, PERSO_REJ_REQUEST_CARD);
}

static enum perso_result
check_subject(struct row *row, enum perso_column column, struct perso_error *err)
{
    const struct perso_application *out = row->out;
    struct perso_subject subject;

    (void)column;
    if (!row->rules->requested && row->rules->subject_check &&
        (!perso_subject_read(row->request.subject, &subject) ||
         !perso_subject_is(&subject, out->name, out->ssn, out->card_id, &row->rules->subject)))
        return perso_refuse(err, PERSO_REJ_REQUEST_SUBJECT);
    return PERSO_OK;
}

/* In the order of the table of rejects: of several faults the first one is told. */
static const struct {
    enum perso_column column;
    enum perso_result (*check)(struct row *row, enum perso_column column, struct perso_error *err);
} checks[] = {
    { PERSO_COL_AAZ501, check_card_id },        { PERSO_COL_AAZ501, check_card_division },
    { PERSO_COL_AAZ500, check_excel },          { PERSO_COL_AAC002, check_excel },
    { PERSO_COL_AAB301, check_excel },          { PERSO_COL_AAC002, check_ssn },
    { PERSO_COL_AAZ500, check_card_no },        { PERSO_COL_AAB301, check_division },
    { PERSO_COL_AAC003, check_name },           { PERSO_COL_QMGY, check_key },
    { PERSO_COL_request_id, check_request_id }, { PERSO_COL_P10, check_request },
    { PERSO_COL_P10, check_request_card },      { PERSO_COL_P10, check_subject },
};

static enum perso_result
row_read(struct row *row, struct perso_arena *arena, struct perso_error *err)
{
    struct perso_application *out = row->out;
    struct perso_text key = row->cells[PERSO_COL_QMGY];

    row->has_card_id = perso_card_id_read(row->cells[PERSO_COL_AAZ501], out->card_id);
    if (!row->has_card_id)
        out->card_id[0] = '\0';
    row->has_division = perso_division_read(row->cells[PERSO_COL_AAB301], out->division);
    row->has_key = perso_hex_decode(key.at, key.bytes, out->public_key, PERSO_POINT_BYTES);
    out->box = row->cells[PERSO_COL_box];
    out->position = row->cells[PERSO_COL_position];
    row->der = perso_arena_take(arena, row->cells[PERSO_COL_P10].bytes + 1);
    return row->der != NULL ? PERSO_OK : perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
}

static enum perso_result
row_judge(struct row *row, struct perso_verdict *verdict, struct perso_error *err)
{
    struct perso_error fault = { 0 };

    perso_verdict_clear(verdict);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        enum perso_result rc = checks[i].check(row, checks[i].column, &fault);
        if (rc == PERSO_OK)
            continue;
        if (rc != PERSO_REJECT) {
            *err = fault;
            perso_error_at(err, row->out->origin.file, row->out->origin.line,
                           row->out->origin.record);
            return rc;
        }
        perso_verdict_set(verdict, fault.reject, checks[i].column, fault.text);
        return PERSO_OK;
    }
    return PERSO_OK;
}

/* Proofs of possession of a batch, judged by one call. */
struct proofs {
    size_t n;
    struct perso_pkcs10 *requests;
    uint8_t (*e)[PERSO_SM3_BYTES];
    struct perso_sm2_item *items;
    enum perso_sm2_verdict *results;
    size_t *index; /* of a proof's row */
};

static bool
proofs_init(struct proofs *p, size_t n, struct perso_arena *arena)
{
    *p = (struct proofs) {
        .requests = perso_arena_take(arena, n * sizeof *p->requests),
        .e = perso_arena_take(arena, n * sizeof *p->e),
        .items = perso_arena_take(arena, n * sizeof *p->items),
        .results = perso_arena_take(arena, n * sizeof *p->results),
        .index = perso_arena_take(arena, n * sizeof *p->index),
    };
    return p->requests != NULL && p->e != NULL && p->items != NULL && p->results != NULL &&
           p->index != NULL;
}

static bool
proofs_add(struct proofs *p, const struct perso_pkcs10 *request, size_t index)
{
    size_t i = p->n++;

    p->requests[i] = *request;
    p->index[i] = index;
    p->items[i] = (struct perso_sm2_item) { p->requests[i].public_key, p->e[i], p->requests[i].rs };
    return perso_pkcs10_e(&p->requests[i], PERSO_SM2_ID, p->e[i]);
}

static enum perso_result
proofs_judge(const struct proofs *p, struct perso_verdict *verdicts, struct perso_error *err)
{
    enum perso_result rc = perso_sm2_verify(NULL, p->items, p->n, p->results, err);

    if (rc != PERSO_OK)
        return rc;
    for (size_t i = 0; i < p->n; i++)
        if (p->results[i] != PERSO_SM2_ACCEPTED)
            perso_verdict_set(&verdicts[p->index[i]], perso_pkcs10_diagnose(&p->requests[i]),
                              PERSO_COL_P10, NULL);
    return PERSO_OK;
}

static uint32_t
count_warnings(const struct perso_application *rows, const struct perso_verdict *verdicts, size_t n)
{
    uint32_t warned = 0;

    for (size_t i = 0; i < n; i++)
        if (verdicts[i].reject == PERSO_REJ_NONE && !perso_card_no_check(rows[i].card_no))
            warned++;
    return warned;
}

enum perso_result
perso_stage_ingest(const struct perso_ingest_rules *rules, const struct perso_cells *rows,
                   const struct perso_origin *origins, size_t n,
                   const struct perso_waivers *waivers, struct perso_arena *arena,
                   struct perso_application *out, bool *has_key, struct perso_verdict *verdicts,
                   uint32_t *n_warned, struct perso_error *err)
{
    struct proofs proofs;
    enum perso_result rc;

    if (!proofs_init(&proofs, n, arena))
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    for (size_t i = 0; i < n; i++) {
        struct row row = {
            .rules = rules, .waivers = waivers, .cells = rows[i].known, .index = i, .out = &out[i]
        };
        out[i] = (struct perso_application) { .origin = origins[i] };
        if ((rc = row_read(&row, arena, err)) != PERSO_OK ||
            (rc = row_judge(&row, &verdicts[i], err)) != PERSO_OK)
            return rc;
        has_key[i] = row.has_key;
        if (verdicts[i].reject == PERSO_REJ_NONE && !rules->requested &&
            !proofs_add(&proofs, &row.request, i))
            return perso_error_openssl(err, "proof of possession");
    }
    if ((rc = proofs_judge(&proofs, verdicts, err)) != PERSO_OK)
        return rc;
    *n_warned = count_warnings(out, verdicts, n);
    return PERSO_OK;
}
