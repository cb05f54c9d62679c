#include "stages/ingest_row.h"

#include <string.h>
#include <strings.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "formats/identity/id_number.h"
#include "formats/identity/name.h"
#include "formats/sm2/sm2.h"
#include "stages/verdict.h"

static bool
shares(const char *a, const char *b, size_t chars)
{
    return strncmp(a, b, chars) == 0;
}

static enum perso_result
check_card_id(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
{
    (void)column;
    return row->has_card_id ? PERSO_OK : perso_refuse(err, PERSO_REJ_CARD_ID_SHAPE);
}

/* A card's id has the city's or the county's division (DOMAIN 2.6): the first four digits tell. */
static enum perso_result
check_card_division(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
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
check_excel(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
{
    struct perso_text cell = row->cells[column];

    if (is_hashes(cell) || is_scientific(cell))
        return perso_refuse(err, PERSO_REJ_EXCEL_DAMAGE);
    if (is_short_number(column, cell))
        return perso_error_set(err, PERSO_REJ_EXCEL_DAMAGE, "", "leading zeros are lost");
    return PERSO_OK;
}

static enum perso_result
check_ssn(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
{
    enum perso_id_kind kind;
    enum perso_reject reject = perso_id_number_read(row->cells[column], row->out->ssn, &kind);

    return reject == PERSO_REJ_NONE ? PERSO_OK : perso_refuse(err, reject);
}

static enum perso_result
check_card_no(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
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
check_division(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
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
check_name(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
{
    enum perso_reject reject;

    row->out->name = perso_name_strip(row->cells[column]);
    reject = perso_name_check(row->out->name);
    return reject == PERSO_REJ_NONE ? PERSO_OK : perso_refuse(err, reject);
}

static enum perso_result
check_key(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
{
    if (!row->has_key)
        return perso_error_set(err, PERSO_REJ_KEY_SHAPE, "", "have %u characters",
                               row->cells[column].bytes);
    if (!perso_sm2_on_curve(row->out->public_key))
        return perso_refuse(err, PERSO_REJ_KEY_CURVE);
    return PERSO_OK;
}

/* Set where a request came as a file of its own: the card that it is named after. */
static enum perso_result
check_request_card(struct perso_ingest_row *row, enum perso_column column, struct perso_error *err)
{
    struct perso_text named = row->cells[PERSO_COL_P10_AAZ501], id = row->cells[PERSO_COL_AAZ501];

    (void)column;
    if (named.bytes == 0 ||
        (named.bytes == id.bytes && strncasecmp(named.at, id.at, id.bytes) == 0))
        return PERSO_OK;
    return perso_refuse(err, PERSO_REJ_REQUEST_CARD);
}

static const struct {
    enum perso_column column;
    enum perso_result (*check)(struct perso_ingest_row *row, enum perso_column column,
                               struct perso_error *err);
} checks[] = {
    { PERSO_COL_AAZ501, check_card_id },
    { PERSO_COL_AAZ501, check_card_division },
    { PERSO_COL_AAZ500, check_excel },
    { PERSO_COL_AAC002, check_excel },
    { PERSO_COL_AAB301, check_excel },
    { PERSO_COL_AAC002, check_ssn },
    { PERSO_COL_AAZ500, check_card_no },
    { PERSO_COL_AAB301, check_division },
    { PERSO_COL_AAC003, check_name },
    { PERSO_COL_QMGY, check_key },
    { PERSO_COL_request_id, perso_ingest_check_id },
    { PERSO_COL_QM, perso_ingest_check_signature },
    { PERSO_COL_P10, perso_ingest_check_request },
    { PERSO_COL_P10, check_request_card },
    { PERSO_COL_P10, perso_ingest_check_subject },
};

void
perso_ingest_row_read(struct perso_ingest_row *row)
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
}

void
perso_ingest_fault(struct perso_verdict *verdict, const struct perso_error *fault,
                   enum perso_column column)
{
    const struct perso_text field = { fault->field, (uint32_t)strlen(fault->field) };
    enum perso_column named = perso_column_find(field);

    perso_verdict_set(verdict, fault->reject, named != PERSO_COLUMN_OTHER ? named : column,
                      fault->text);
}

enum perso_result
perso_ingest_row_judge(struct perso_ingest_row *row, const bool *wanted,
                       struct perso_verdict *verdict, struct perso_error *err)
{
    struct perso_error fault = { 0 };

    perso_verdict_clear(verdict);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (wanted != NULL && !wanted[checks[i].column])
            continue;
        enum perso_result rc = checks[i].check(row, checks[i].column, &fault);
        if (rc == PERSO_OK)
            continue;
        if (rc != PERSO_REJECT) {
            *err = fault;
            perso_error_at(err, row->out->origin.file, row->out->origin.line,
                           row->out->origin.record);
            return rc;
        }
        perso_ingest_fault(verdict, &fault, checks[i].column);
        return PERSO_OK;
    }
    return PERSO_OK;
}
