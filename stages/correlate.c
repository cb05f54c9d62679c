#include "stages/correlate.h"

#include <string.h>

#include "formats/base/encode.h"
#include "formats/identity/card.h"
#include "formats/identity/id_number.h"
#include "formats/identity/name.h"
#include "stages/application.h"
#include "stages/collect.h"

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- records ---- */

static bool
read_certificate_key(struct perso_text cell, struct perso_arena *arena,
                     uint8_t key[PERSO_POINT_BYTES])
{
    struct perso_certificate certificate;
    struct perso_error ignored = { 0 };
    uint8_t *der = cell.bytes > 0 ? perso_arena_take(arena, cell.bytes) : NULL;
    size_t n = 0;

    if (der == NULL || !perso_base64_decode(cell.at, cell.bytes, der, &n) ||
        perso_certificate_read(perso_cursor_of(der, n), &certificate, &ignored) != PERSO_OK)
        return false;
    memcpy(key, certificate.public_key, PERSO_POINT_BYTES);
    return true;
}

enum perso_result
perso_stated_columns(const struct perso_layout *layout, struct perso_error *err)
{
    const int16_t *at = layout->at;

    if (at[PERSO_COL_request_id] >= 0 || at[PERSO_COL_AAZ501] >= 0 || at[PERSO_COL_QMGY] >= 0 ||
        (at[PERSO_COL_AAC002] >= 0 && at[PERSO_COL_AAZ500] >= 0))
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_COLUMN_MISSING, "request_id",
                           "whose answer is it: want request_id, AAZ501, or AAC002 and AAZ500");
}

void
perso_stated_read(const struct perso_cells *row, struct perso_arena *arena,
                  struct perso_stated *ret)
{
    const struct perso_text *cells = row->known;
    const struct perso_origin nowhere = { "", 0, 0 };
    struct perso_issuance read; /* the same columns, read without judging */

    *ret = (struct perso_stated) { .damaged = PERSO_COLUMN_OTHER };
    perso_issuance_parse(row, &nowhere, &read);
    ret->has_certificate_key =
        read_certificate_key(cells[PERSO_COL_QMZS], arena, ret->certificate_key);
    ret->has_key = read.has_key;
    memcpy(ret->key, read.public_key, sizeof ret->key);
    ret->has_request = perso_answer_request_id(row, ret->request_id);
    memcpy(ret->card_id, read.card_id, sizeof ret->card_id);
    memcpy(ret->card_no, read.card_no, sizeof ret->card_no);
    memcpy(ret->ssn, read.ssn, sizeof ret->ssn);
    ret->name = read.name;
    const struct {
        enum perso_column column;
        bool good;
    } forms[] = {
        { PERSO_COL_QMGY, ret->has_key },
        { PERSO_COL_request_id, ret->has_request },
        { PERSO_COL_AAZ501, ret->card_id[0] != '\0' },
        { PERSO_COL_AAZ500, ret->card_no[0] != '\0' },
        { PERSO_COL_AAC002, ret->ssn[0] != '\0' },
    };
    for (size_t i = 0; i < N_OF(forms); i++) {
        if (cells[forms[i].column].bytes == 0 || forms[i].good)
            continue;
        ret->damaged = forms[i].column;
        return;
    }
}

bool
perso_stated_needs_person(const struct perso_stated *stated)
{
    return stated->card_no[0] != '\0' || stated->ssn[0] != '\0' || stated->name.bytes > 0;
}

static bool
is_one_of(struct perso_text name, const struct perso_text names[2])
{
    uint32_t folds;

    for (size_t i = 0; i < 2; i++)
        if (names[i].bytes > 0 && perso_name_compare(name, names[i], &folds) != PERSO_NAME_MISMATCH)
            return true;
    return false;
}

enum perso_column
perso_stated_differs(const struct perso_stated *s, const struct perso_correlated *card)
{
    const struct {
        enum perso_column column;
        bool differs;
    } checks[] = {
        { PERSO_COL_QMGY,
          s->has_key && memcmp(s->key, card->public_key, sizeof card->public_key) != 0 },
        { PERSO_COL_request_id,
          s->has_request && memcmp(s->request_id, card->request_id, sizeof card->request_id) != 0 },
        { PERSO_COL_AAZ501, s->card_id[0] != '\0' && strcmp(s->card_id, card->card_id) != 0 },
        { PERSO_COL_AAZ500, s->card_no[0] != '\0' && strcmp(s->card_no, card->card_no) != 0 },
        { PERSO_COL_AAC002, s->ssn[0] != '\0' && strcmp(s->ssn, card->ssn) != 0 },
        { PERSO_COL_AAC003, s->name.bytes > 0 && !is_one_of(s->name, card->names) },
    };

    for (size_t i = 0; i < N_OF(checks); i++)
        if (checks[i].differs || checks[i].column == s->damaged)
            return checks[i].column;
    return PERSO_COLUMN_OTHER;
}

/* ---- certificates ---- */

enum perso_certificate_kind
perso_certificate_kind(const struct perso_certificate *certificate)
{
    const uint32_t enciphers =
        PERSO_KU_KEY_ENCIPHERMENT | PERSO_KU_DATA_ENCIPHERMENT | PERSO_KU_KEY_AGREEMENT;

    if (certificate->is_ca)
        return PERSO_CERTIFICATE_CA;
    return (certificate->key_usage & enciphers) != 0 &&
                   (certificate->key_usage & PERSO_KU_DIGITAL_SIGNATURE) == 0
               ? PERSO_CERTIFICATE_ENCIPHERS
               : PERSO_CERTIFICATE_OTHER;
}

static bool
has_digit(struct perso_text word)
{
    for (uint32_t i = 0; i < word.bytes; i++)
        if (word.at[i] >= '0' && word.at[i] <= '9')
            return true;
    return false;
}

/* One more, in the order of `by`, unless it stands there already. false: the word is no number. */
static bool
add_word(struct perso_subject_names *names, struct perso_text word)
{
    char value[PERSO_CARD_ID_CHARS + 1] = "";
    enum perso_named_by by;
    enum perso_id_kind kind;
    size_t at = 0;

    if (perso_card_id_read(word, value))
        by = PERSO_BY_CARD_ID;
    else if (has_digit(word) && perso_card_no_read(word, value)) /* a name may have nine letters */
        by = PERSO_BY_CARD_NO;
    else if (perso_id_number_read(word, value, &kind) == PERSO_REJ_NONE)
        by = PERSO_BY_SSN;
    else
        return false;
    for (size_t i = 0; i < names->n; i++)
        if (names->at[i].by == by && strcmp(names->at[i].value, value) == 0)
            return true;
    if (names->n == PERSO_SUBJECT_NAMES)
        return true;
    while (at < names->n && names->at[at].by <= by)
        at++;
    memmove(&names->at[at + 1], &names->at[at], (names->n - at) * sizeof names->at[0]);
    names->at[at].by = by;
    memcpy(names->at[at].value, value, sizeof value);
    names->n++;
    return true;
}

void
perso_subject_names_read(const struct perso_subject *subject, struct perso_subject_names *ret)
{
    const struct perso_text cn = subject->common_name;

    ret->n = 0;
    add_word(ret, subject->serial_number);
    add_word(ret, subject->identify_code);
    add_word(ret, subject->insurance_number);
    if (add_word(ret, cn) || cn.bytes <= PERSO_SSN_CHARS)
        return;
    const uint32_t rest = cn.bytes - PERSO_SSN_CHARS;
    add_word(ret, (struct perso_text) { cn.at, PERSO_SSN_CHARS });
    add_word(ret, (struct perso_text) { cn.at + rest, PERSO_SSN_CHARS });
}

bool
perso_subject_names_fit(const struct perso_subject_names *names,
                        const struct perso_correlated *card)
{
    for (size_t i = 0; i < names->n; i++) {
        const char *want = names->at[i].by == PERSO_BY_CARD_ID   ? card->card_id
                           : names->at[i].by == PERSO_BY_CARD_NO ? card->card_no
                                                                 : card->ssn;
        if (strcmp(names->at[i].value, want) != 0)
            return false;
    }
    return names->n > 0;
}

/* ---- one answer ---- */

uint32_t
perso_items_of(const struct perso_cells *cells)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < PERSO_ITEMS; i++)
        if (cells->known[perso_items[i].column].bytes > 0)
            bits |= perso_items[i].bit;
    return bits;
}

static int
order_text(struct perso_text a, struct perso_text b)
{
    const uint32_t n = a.bytes < b.bytes ? a.bytes : b.bytes;
    const int first = n > 0 ? memcmp(a.at, b.at, n) : 0;

    return first != 0 ? first : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

bool
perso_answer_has(const struct perso_cells *answer, const struct perso_cells *part)
{
    for (size_t i = 0; i < PERSO_ITEMS; i++) {
        const struct perso_text value = part->known[perso_items[i].column];
        if (value.bytes > 0 && order_text(value, answer->known[perso_items[i].column]) != 0)
            return false;
    }
    return true;
}

/* The earlier row of the table of rejects, then the smaller column and note: no order of parts
 * shows. */
static bool
is_told_before(const struct perso_verdict *a, const struct perso_verdict *b)
{
    if (a->reject == PERSO_REJ_NONE || b->reject == PERSO_REJ_NONE)
        return a->reject != PERSO_REJ_NONE;
    if (a->reject != b->reject)
        return a->reject < b->reject;
    if (a->column != b->column)
        return a->column < b->column;
    return strcmp(a->note, b->note) < 0;
}

static void
tell(struct perso_verdict *verdict, enum perso_reject reject, enum perso_column column)
{
    const struct perso_verdict other = { reject, column, "" };

    if (is_told_before(&other, verdict))
        *verdict = other;
}

void
perso_answer_complete(uint32_t items_wanted, uint32_t items_have, struct perso_verdict *verdict)
{
    if (verdict->reject == PERSO_REJ_RA_REFUSED)
        return;
    for (size_t i = 0; i < PERSO_ITEMS; i++)
        if ((items_wanted & ~items_have & perso_items[i].bit) != 0) {
            tell(verdict, PERSO_REJ_ITEM_MISSING, perso_items[i].column);
            return;
        }
}

/* A value that some parts have: false where two of them differ; *ret stays empty where none has. */
static bool
merge_column(const struct perso_part *parts, size_t n, enum perso_column column,
             struct perso_text *ret)
{
    bool same = true;

    for (size_t i = 0; i < n; i++) {
        const struct perso_text value = parts[i].cells->known[column];
        if (value.bytes == 0)
            continue;
        const int order = ret->bytes == 0 ? -1 : order_text(value, *ret);
        same = same && (ret->bytes == 0 || order == 0);
        if (order < 0)
            *ret = value;
    }
    return same;
}

/* Secrets that came, but of which nothing was kept since one item was wrong. */
static uint32_t
lost_by(const struct perso_verdict *verdict)
{
    switch (verdict->reject) {
    case PERSO_REJ_ITEM_SHAPE:
    case PERSO_REJ_SECRET_SEAL:
    case PERSO_REJ_SECRET_SHAPE:
        return PERSO_ITEM_GLYPIN | PERSO_ITEM_ZKMY;
    default:
        return 0;
    }
}

void
perso_answer_merge(uint32_t items_wanted, const struct perso_part *parts, size_t n,
                   const struct perso_cells *before, struct perso_cells *ret,
                   struct perso_verdict *verdict)
{
    struct perso_verdict own = { PERSO_REJ_NONE, PERSO_COLUMN_OTHER, "" };
    bool coded;

    perso_cells_clear(ret);
    for (size_t i = 0; i < n; i++)
        if (is_told_before(&parts[i].verdict, &own))
            own = parts[i].verdict;
    merge_column(parts, n, PERSO_COL_request_id, &ret->known[PERSO_COL_request_id]);
    merge_column(parts, n, PERSO_COL_reason, &ret->known[PERSO_COL_reason]);
    coded = merge_column(parts, n, PERSO_COL_code, &ret->known[PERSO_COL_code]);
    *verdict = own;
    if (!coded) { /* issued and refused, or refused for two reasons: neither can be believed */
        if (own.reject == PERSO_REJ_RA_REFUSED)
            verdict->reject = PERSO_REJ_NONE;
        tell(verdict, PERSO_REJ_ANSWER_TWICE, PERSO_COL_code);
    }
    for (size_t k = 0; k < PERSO_ITEMS; k++) {
        struct perso_text *value = &ret->known[perso_items[k].column];
        if (!merge_column(parts, n, perso_items[k].column, value))
            tell(verdict, PERSO_REJ_ANSWER_TWICE, perso_items[k].column);
        if (value->bytes == 0 && before != NULL)
            *value = before->known[perso_items[k].column];
    }
    perso_answer_complete(items_wanted, perso_items_of(ret) | lost_by(&own), verdict);
}
