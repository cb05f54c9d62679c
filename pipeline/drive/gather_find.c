/* Whose a record or certificate of a loose return is: by key, then by what it names (DOMAIN 7). */
#include <string.h>

#include "formats/base/encode.h"
#include "pipeline/drive/gather.h"
#include "stages/application.h"

#define CANDIDATES 16u /* cards of one person in a job; more are as good as unknown */

/* ---- a card as it is known here ---- */

static enum perso_result
read_person(struct perso_job *job, int64_t record_id, struct perso_issuance *ret,
            struct perso_error *err)
{
    const struct perso_origin origin = { "", 0, 0 };
    struct perso_stored_record record;
    struct perso_cells cells;
    enum perso_result rc = perso_job_cells(job, record_id, &cells, &record, err);

    if (rc == PERSO_OK)
        perso_issuance_parse(&cells, &origin, ret);
    return rc;
}

static enum perso_result
know(struct perso_job *job, const struct perso_card *card, bool person,
     struct perso_correlated *ret, struct perso_error *err)
{
    struct perso_issuance row;
    enum perso_result rc = PERSO_OK;

    *ret = (struct perso_correlated) { .seq = card->seq };
    memcpy(ret->card_id, card->card_id, sizeof ret->card_id);
    memcpy(ret->public_key, card->public_key, sizeof ret->public_key);
    memcpy(ret->request_id, card->request_id, sizeof ret->request_id);
    if (!person || (rc = read_person(job, card->application, &row, err)) != PERSO_OK)
        return rc;
    memcpy(ret->card_no, row.card_no, sizeof ret->card_no);
    memcpy(ret->ssn, row.ssn, sizeof ret->ssn);
    ret->names[0] = row.name;
    if (card->issuance != 0 && (rc = read_person(job, card->issuance, &row, err)) == PERSO_OK)
        ret->names[1] = row.name;
    return rc;
}

/* ---- by person ---- */

static void
write_name(enum perso_named_by by, const char *value, char text[PERSO_INDEX_CHARS + 1])
{
    snprintf(text, PERSO_INDEX_CHARS + 1, "%d|%.18s", (int)by, value);
}

/* Of a card that was asked for. */
static size_t
names_of(const struct perso_card *card, const struct perso_issuance *row,
         char texts[PERSO_INDEX_TEXTS][PERSO_INDEX_CHARS + 1])
{
    size_t n = 0;

    if (!card->has_request || card->bundle == 0)
        return 0;
    if (row->card_no[0] != '\0')
        write_name(PERSO_BY_CARD_NO, row->card_no, texts[n++]);
    if (row->ssn[0] != '\0')
        write_name(PERSO_BY_SSN, row->ssn, texts[n++]);
    return n;
}

static enum perso_result
find_person(struct perso_gathering *g, enum perso_named_by by, const char *value, int64_t *seqs,
            size_t *n, struct perso_error *err)
{
    const uint32_t states = ~(1u << PERSO_STATE_RETURNED | 1u << PERSO_STATE_CANCELLED);
    char text[PERSO_INDEX_CHARS + 1];
    enum perso_result rc = PERSO_OK;

    if (g->persons == NULL)
        rc = perso_card_index_new(g->c.job, states, names_of, &g->persons, err);
    write_name(by, value, text);
    return rc == PERSO_OK ? perso_card_index_find(g->persons, text, seqs, CANDIDATES, n, err) : rc;
}

/* How many cards the names fit; *card: the last of them. */
static enum perso_result
count_fitting(struct perso_gathering *g, const struct perso_subject_names *names,
              const int64_t *seqs, size_t n, struct perso_card *card, size_t *n_fit,
              struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; rc == PERSO_OK && i < n; i++) {
        struct perso_correlated known;
        struct perso_card one;
        if ((rc = perso_ledger_card_get(g->c.job->ledger, seqs[i], &one, err)) != PERSO_OK ||
            (rc = know(g->c.job, &one, true, &known, err)) != PERSO_OK)
            return rc;
        if (!perso_subject_names_fit(names, &known))
            continue;
        *card = one;
        ++*n_fit;
    }
    return rc;
}

/* PERSO_END: none; *unclear where there are several. */
static enum perso_result
find_named(struct perso_gathering *g, const struct perso_subject_names *names,
           struct perso_card *card, bool *unclear, struct perso_error *err)
{
    int64_t seqs[CANDIDATES];
    size_t n = 0, n_fit = 0;
    enum perso_result rc;

    *unclear = false;
    if (names->n == 0)
        return PERSO_END;
    if (names->at[0].by == PERSO_BY_CARD_ID) {
        rc = perso_ledger_card_find(g->c.job->ledger, names->at[0].value, card, err);
        if (rc != PERSO_OK)
            return rc;
        seqs[n++] = card->seq;
    } else if ((rc = find_person(g, names->at[0].by, names->at[0].value, seqs, &n, err)) !=
               PERSO_OK) {
        return rc;
    }
    if ((rc = count_fitting(g, names, seqs, n, card, &n_fit, err)) != PERSO_OK)
        return rc;
    *unclear = n_fit > 1 || n == CANDIDATES;
    return n_fit == 1 && !*unclear ? PERSO_OK : PERSO_END;
}

/* ---- records ---- */

static enum perso_result
find_pair(struct perso_gathering *g, const struct perso_stated *stated, struct perso_card *card,
          struct perso_error *err)
{
    struct perso_subject_names names = { .n = 2 };
    bool unclear;

    if (stated->ssn[0] == '\0' || stated->card_no[0] == '\0')
        return PERSO_END;
    names.at[0].by = PERSO_BY_CARD_NO;
    memcpy(names.at[0].value, stated->card_no, sizeof stated->card_no);
    names.at[1].by = PERSO_BY_SSN;
    memcpy(names.at[1].value, stated->ssn, sizeof stated->ssn);
    return find_named(g, &names, card, &unclear, err);
}

/* A card that nobody asked for is none of a return. */
static enum perso_result
asked(enum perso_result rc, const struct perso_card *card)
{
    return rc == PERSO_OK && !card->has_request ? PERSO_END : rc;
}

/* The key of QMZS first; then what is stated, in the order of its weight. */
static enum perso_result
find_stated(struct perso_gathering *g, const struct perso_stated *s, struct perso_card *card,
            struct perso_error *err)
{
    struct perso_ledger *ledger = g->c.job->ledger;
    enum perso_result rc = PERSO_END;

    if (s->has_certificate_key)
        rc = asked(perso_ledger_card_find_key(ledger, s->certificate_key, card, err), card);
    if (rc == PERSO_END && s->has_key)
        rc = asked(perso_ledger_card_find_key(ledger, s->key, card, err), card);
    if (rc == PERSO_END && s->has_request)
        rc = perso_ledger_card_find_request(ledger, s->request_id, card, err);
    if (rc == PERSO_END && s->card_id[0] != '\0')
        rc = asked(perso_ledger_card_find(ledger, s->card_id, card, err), card);
    return rc == PERSO_END ? find_pair(g, s, card, err) : rc;
}

/* A key that names another card than everything else does: that is no matter of match. */
static enum perso_result
check_certificate_key(struct perso_gathering *g, const struct perso_stated *s,
                      const struct perso_card *card, enum perso_column *differs,
                      struct perso_error *err)
{
    struct perso_card other;
    enum perso_result rc;

    if (!s->has_certificate_key ||
        memcmp(s->certificate_key, card->public_key, sizeof card->public_key) == 0)
        return PERSO_OK;
    rc = perso_ledger_card_find_key(g->c.job->ledger, s->certificate_key, &other, err);
    if (rc == PERSO_OK)
        *differs = PERSO_COL_QMZS;
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* The id under which the RA sealed the fields: what it knows of the card. */
static void
set_seal_id(struct perso_gathering *g, size_t i, const struct perso_stated *s)
{
    if (!s->has_request && s->card_id[0] != '\0')
        memcpy(g->seal_ids[i], s->card_id, sizeof s->card_id);
    else
        perso_hex_lower(g->c.cards[i].request_id, PERSO_REQUEST_ID_BYTES, g->seal_ids[i]);
}

static enum perso_result
find_record(struct perso_gathering *g, size_t i, struct perso_error *err)
{
    struct perso_card *card = &g->c.cards[i];
    enum perso_column differs = PERSO_COLUMN_OTHER;
    struct perso_correlated known;
    struct perso_stated stated;
    enum perso_result rc;

    perso_stated_read(&g->c.cells[i], g->c.job->arena, &stated);
    if ((rc = find_stated(g, &stated, card, err)) != PERSO_OK)
        return rc;
    if ((rc = check_certificate_key(g, &stated, card, &differs, err)) != PERSO_OK ||
        (rc = know(g->c.job, card, perso_stated_needs_person(&stated), &known, err)) != PERSO_OK)
        return rc;
    if (differs == PERSO_COLUMN_OTHER)
        differs = perso_stated_differs(&stated, &known);
    if (differs != PERSO_COLUMN_OTHER)
        g->found[i] = (struct perso_verdict) { perso_excel_damaged(g->c.cells[i].known[differs])
                                                   ? PERSO_REJ_EXCEL_DAMAGE
                                                   : PERSO_REJ_FIELD_DIFFERS,
                                               differs, "" };
    set_seal_id(g, i, &stated);
    return PERSO_OK;
}

/* ---- certificates ---- */

static enum perso_result
find_by_subject(struct perso_gathering *g, size_t i, const struct perso_certificate *certificate,
                struct perso_error *err)
{
    struct perso_text *cells = g->c.cells[i].known;
    struct perso_subject_names names;
    bool unclear = false;
    enum perso_result rc;

    perso_subject_names_read(&certificate->person, &names);
    rc = asked(find_named(g, &names, &g->c.cards[i], &unclear, err), &g->c.cards[i]);
    cells[PERSO_COL_JMZS] = cells[PERSO_COL_QMZS];
    cells[PERSO_COL_QMZS] = (struct perso_text) { "", 0 };
    if (unclear) {
        g->counts.unclear++;
        g->found[i] = (struct perso_verdict) { PERSO_REJ_ANSWER_TWICE, PERSO_COL_JMZS, "" };
    }
    return rc;
}

/* What is nobody's here is named for revocation by its digest alone. */
static enum perso_result
keep_digest(struct perso_gathering *g, size_t i, struct perso_cursor der, struct perso_error *err)
{
    char *hex = perso_arena_take(g->c.job->arena, 2 * PERSO_SM3_BYTES + 1);
    uint8_t sm3[PERSO_SM3_BYTES];

    if (perso_left(&der) == 0)
        return PERSO_OK;
    if (hex == NULL || !perso_sm3_of(der.at, perso_left(&der), sm3))
        return perso_error_openssl(err, "digest of a certificate");
    perso_hex_lower(sm3, sizeof sm3, hex);
    g->c.cells[i].known[PERSO_COL_QMZS_SM3] = (struct perso_text) { hex, 2 * PERSO_SM3_BYTES };
    return PERSO_OK;
}

static enum perso_result
find_certificate(struct perso_gathering *g, size_t i, struct perso_error *err)
{
    const struct perso_text cell = g->c.cells[i].known[PERSO_COL_QMZS];
    struct perso_certificate certificate;
    struct perso_error fault = { 0 };
    uint8_t *der = perso_arena_take(g->c.job->arena, cell.bytes + 1);
    size_t n = 0;
    enum perso_result rc;

    if (der == NULL)
        return perso_error_errno(err, "memory");
    if (cell.bytes > 0 && !perso_base64_decode(cell.at, cell.bytes, der, &n))
        return perso_error_set(err, PERSO_REJ_NONE, "", "a certificate is not as it was encoded");
    if ((rc = keep_digest(g, i, perso_cursor_of(der, n), err)) != PERSO_OK)
        return rc;
    rc = perso_certificate_read(perso_cursor_of(der, n), &certificate, &fault);
    if (rc == PERSO_REJECT) {
        g->found[i] = (struct perso_verdict) { fault.reject, PERSO_COL_QMZS, "" };
        return PERSO_END;
    }
    if (rc != PERSO_OK) {
        *err = fault;
        return rc;
    }
    if (certificate.is_ca) {
        g->kinds[i] = PERSO_ENTRY_LEFT;
        g->counts.cas++;
        return PERSO_END;
    }
    rc = asked(
        perso_ledger_card_find_key(g->c.job->ledger, certificate.public_key, &g->c.cards[i], err),
        &g->c.cards[i]);
    if (rc == PERSO_END && perso_certificate_kind(&certificate) == PERSO_CERTIFICATE_ENCIPHERS)
        rc = find_by_subject(g, i, &certificate, err);
    return rc;
}

enum perso_result
perso_gather_find(struct perso_gathering *g, size_t i, struct perso_error *err)
{
    char *request_id = perso_arena_take(g->c.job->arena, 2 * PERSO_REQUEST_ID_BYTES + 1);
    enum perso_result rc;

    if (request_id == NULL)
        return perso_error_errno(err, "memory");
    g->found[i] = (struct perso_verdict) { PERSO_REJ_NONE, PERSO_COLUMN_OTHER, "" };
    g->seal_ids[i][0] = '\0';
    rc = g->kinds[i] == PERSO_ENTRY_RECORD ? find_record(g, i, err) : find_certificate(g, i, err);
    if (rc == PERSO_END) {
        g->c.cards[i] = (struct perso_card) { 0 };
        return PERSO_OK;
    }
    if (rc != PERSO_OK)
        return rc;
    perso_hex_lower(g->c.cards[i].request_id, PERSO_REQUEST_ID_BYTES, request_id);
    g->c.cells[i].known[PERSO_COL_request_id] =
        (struct perso_text) { request_id, 2 * PERSO_REQUEST_ID_BYTES };
    return PERSO_OK;
}
