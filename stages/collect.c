#include "stages/collect.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/seal/sm2_cipher.h"
#include "stages/verdict.h"

#define PIN_DIGITS 8u         /* 管理员PIN (DOMAIN 4.4) */
#define MASTER_KEY_BYTES 16u  /* 主控密钥: SM4 */
#define CIPHER_BYTES_MAX 512u /* of what may be an SM2 ciphertext */

_Static_assert(PERSO_SM2_PLAIN_BYTES == PERSO_SEALED_PLAIN_MAX, "what is decrypted is sealed");

const struct perso_item perso_items[PERSO_ITEMS] = {
    { PERSO_COL_QMZS, PERSO_ITEM_QMZS }, { PERSO_COL_JMZS, PERSO_ITEM_JMZS },
    { PERSO_COL_JMMY, PERSO_ITEM_JMMY }, { PERSO_COL_GLYPIN, PERSO_ITEM_GLYPIN },
    { PERSO_COL_ZKMY, PERSO_ITEM_ZKMY },
};

/* The five items in the order of the columns; each is an offset of an answer's member. */
struct item {
    enum perso_column column;
    uint32_t bit;
    size_t member;
    size_t max_bytes; /* decoded */
};

static const struct item open_items[] = {
    { PERSO_COL_QMZS, PERSO_ITEM_QMZS, offsetof(struct perso_answer, signing_certificate),
      PERSO_CERTIFICATE_DER_BYTES },
    { PERSO_COL_JMZS, PERSO_ITEM_JMZS, offsetof(struct perso_answer, encryption_certificate),
      PERSO_CERTIFICATE_DER_BYTES },
    { PERSO_COL_JMMY, PERSO_ITEM_JMMY, offsetof(struct perso_answer, envelope), PERSO_CELL_BYTES },
};
static const struct item sealed_items[] = {
    { PERSO_COL_GLYPIN, PERSO_ITEM_GLYPIN, offsetof(struct perso_answer, admin_pin), 0 },
    { PERSO_COL_ZKMY, PERSO_ITEM_ZKMY, offsetof(struct perso_answer, master_key), 0 },
};

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

/* One answer under judgement. */
struct one {
    const struct perso_collect_rules *rules;
    const struct perso_text *cells;
    const char *card_id;
    char seal_id[2 * PERSO_REQUEST_ID_BYTES + 1];
    const char *seal_of; /* id under which the return sealed the fields */
    struct perso_arena *arena;
    struct perso_answer *out;
    struct perso_verdict *verdict;
    struct perso_error *err; /* of the call */
};

static struct perso_cursor *
member_bytes(struct perso_answer *answer, const struct item *item)
{
    return (struct perso_cursor *)(void *)((char *)answer + item->member);
}

static struct perso_text *
member_text(struct perso_answer *answer, const struct item *item)
{
    return (struct perso_text *)(void *)((char *)answer + item->member);
}

static enum perso_result
no_memory(struct perso_error *err)
{
    return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
}

static struct perso_answer
empty_answer(const struct perso_origin *origin)
{
    const struct perso_text none = { "", 0 };
    const struct perso_cursor nothing = perso_cursor_of("", 0);

    return (struct perso_answer) { .origin = *origin,
                                   .signing_certificate = nothing,
                                   .encryption_certificate = nothing,
                                   .envelope = nothing,
                                   .admin_pin = none,
                                   .master_key = none,
                                   .code = none,
                                   .reason = none };
}

bool
perso_answer_request_id(const struct perso_cells *row, uint8_t out[PERSO_REQUEST_ID_BYTES])
{
    struct perso_text id = row->known[PERSO_COL_request_id];

    return perso_hex_decode(id.at, id.bytes, out, PERSO_REQUEST_ID_BYTES);
}

/* A text of the RA, cleaned and cut, in the arena; false without memory. */
static bool
clean_text(struct perso_text text, size_t max_bytes, struct perso_arena *arena,
           struct perso_text *ret)
{
    char *clean = perso_arena_take(arena, max_bytes + 1);

    if (clean == NULL)
        return false;
    clean[0] = '\0';
    perso_note_add(clean, max_bytes + 1, text);
    *ret = (struct perso_text) { clean, (uint32_t)strlen(clean) };
    return true;
}

#define ISSUED "00"

/* One of the words of a list, separated by commas and blanks. */
bool
perso_answer_issued(const char *success, struct perso_text code)
{
    const char *at = success == NULL ? ISSUED : success;

    while (*at != '\0') {
        size_t n = strcspn(at, ", ");
        if (n > 0 && code.bytes == n && memcmp(code.at, at, n) == 0)
            return true;
        at += n;
        at += strspn(at, ", ");
    }
    return false;
}

struct perso_text
perso_answer_success(const char *success)
{
    const char *at = success + strspn(success, ", ");

    return (struct perso_text) { at, (uint32_t)strcspn(at, ", ") };
}

bool
perso_code_word(struct perso_text code, char out[PERSO_CODE_WORD_BYTES + 1])
{
    uint32_t n = 0;

    out[0] = '\0';
    while (n < code.bytes && code.at[n] > ' ' && code.at[n] < 0x7f)
        n++;
    if (n < code.bytes || n > PERSO_CODE_WORD_BYTES)
        return false;
    memcpy(out, code.at, n);
    out[n] = '\0';
    return true;
}

void
perso_code_tally_add(struct perso_code_tally *tally, const struct perso_cells *row,
                     const struct perso_verdict *verdict)
{
    const struct perso_text *cells = row->known;

    if (verdict->reject != PERSO_REJ_RA_REFUSED)
        tally->issued++;
    else if (cells[PERSO_COL_QMZS].bytes + cells[PERSO_COL_JMZS].bytes > 0 && tally->unlike++ == 0)
        perso_code_word(cells[PERSO_COL_code], tally->code);
}

enum perso_result
perso_code_tally_check(const struct perso_code_tally *tally, struct perso_error *err)
{
    if (tally->issued > 0 || tally->unlike == 0)
        return PERSO_OK;
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "code",
                           "%u answers bring certificates, none has a code of [return] success: "
                           "have \"%s\"",
                           tally->unlike, tally->code);
}

/* RA_REFUSED, with "code: reason" as note. */
static void
tell_refusal(struct one *one)
{
    char note[sizeof one->verdict->note] = "";

    if (one->out->code.bytes == 0)
        perso_note_add(note, sizeof note, (struct perso_text) { "no code", 7 });
    perso_note_add(note, sizeof note, one->out->code);
    if (one->out->reason.bytes > 0) {
        perso_note_add(note, sizeof note, (struct perso_text) { ": ", 2 });
        perso_note_add(note, sizeof note, one->out->reason);
    }
    perso_verdict_set(one->verdict, PERSO_REJ_RA_REFUSED, PERSO_COL_code, note);
}

/* ITEM_MISSING for the first item that must be there and is not. */
static bool
check_missing(struct one *one, const struct item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((one->rules->items & items[i].bit) == 0 || one->cells[items[i].column].bytes > 0)
            continue;
        perso_verdict_set(one->verdict, PERSO_REJ_ITEM_MISSING, items[i].column, NULL);
        return false;
    }
    return true;
}

/* An item that nobody asked for is judged too: it travels on with the others. */
static enum perso_result
decode_item(struct one *one, const struct item *item, bool *good)
{
    struct perso_text cell = one->cells[item->column];
    uint8_t *bytes;
    size_t n;

    *good = true;
    if (cell.bytes == 0)
        return PERSO_OK;
    if ((bytes = perso_arena_take(one->arena, cell.bytes)) == NULL)
        return no_memory(one->err);
    *good = perso_base64_decode(cell.at, cell.bytes, bytes, &n) && n <= item->max_bytes;
    if (*good)
        *member_bytes(one->out, item) = perso_cursor_of(bytes, n);
    else
        perso_verdict_set(one->verdict, PERSO_REJ_ITEM_SHAPE, item->column, NULL);
    return PERSO_OK;
}

static bool
secret_has_shape(enum perso_column column, const uint8_t *plain, size_t n)
{
    if (column == PERSO_COL_ZKMY)
        return n == MASTER_KEY_BYTES;
    for (size_t i = 0; i < n; i++)
        if (plain[i] < '0' || plain[i] > '9')
            return false;
    return n == PIN_DIGITS;
}

/* A secret on its way from the RA's seal into the job's: in clear only inside these two. */
struct secret {
    uint8_t plain[PERSO_SEALED_PLAIN_MAX];
    size_t n;
};

/* Hex or Base64 of at most max bytes. */
static bool
decode_bytes(struct perso_text cell, uint8_t *out, size_t max, size_t *n)
{
    if (cell.bytes % 2 == 0 && cell.bytes / 2 <= max &&
        perso_hex_decode(cell.at, cell.bytes, out, cell.bytes / 2)) {
        *n = cell.bytes / 2;
        return true;
    }
    return cell.bytes / 4 * 3 <= max && perso_base64_decode(cell.at, cell.bytes, out, n);
}

/* The bytes of a key that stands there as text. */
static void
decode_key(enum perso_column column, struct secret *secret)
{
    struct perso_text text = { (const char *)secret->plain, (uint32_t)secret->n };
    uint8_t key[PERSO_SEALED_PLAIN_MAX];
    size_t n = 0;

    if (column == PERSO_COL_ZKMY && secret->n > MASTER_KEY_BYTES &&
        decode_bytes(text, key, sizeof key, &n)) {
        memcpy(secret->plain, key, n);
        secret->n = n;
    }
    OPENSSL_cleanse(key, sizeof key);
}

/* A key is never its own text: sixteen characters are none. */
static enum perso_result
take_clear(struct perso_text cell, enum perso_column column, struct secret *secret,
           struct perso_error *fault)
{
    if (cell.bytes > sizeof secret->plain ||
        (column == PERSO_COL_ZKMY && cell.bytes <= MASTER_KEY_BYTES))
        return perso_error_set(fault, PERSO_REJ_SECRET_SHAPE, "", "%s", "");
    memcpy(secret->plain, cell.at, cell.bytes);
    secret->n = cell.bytes;
    decode_key(column, secret);
    return PERSO_OK;
}

/* What was encrypted is the key or its hex. */
static enum perso_result
decrypt(const struct one *one, enum perso_column column, struct secret *secret,
        struct perso_error *fault)
{
    const struct perso_secrets *keys = one->rules->keys;
    uint8_t cipher[CIPHER_BYTES_MAX], der[PERSO_SM2_CIPHER_BYTES];
    size_t n = 0, der_n = 0;

    if (!decode_bytes(one->cells[column], cipher, sizeof cipher, &n) ||
        !perso_sm2_cipher_read(perso_cursor_of(cipher, n), der, &der_n))
        return perso_error_set(fault, PERSO_REJ_SECRET_SEAL, "", "not an SM2 ciphertext");
    enum perso_result rc =
        keys->decrypt(keys->self, perso_cursor_of(der, der_n), secret->plain, &secret->n, fault);
    if (rc == PERSO_OK && secret->n == 2 * MASTER_KEY_BYTES)
        decode_key(column, secret);
    return rc;
}

static enum perso_result
open_secret(struct one *one, const struct item *item, struct secret *secret,
            struct perso_error *fault)
{
    if (one->rules->secrets == PERSO_SECRETS_CLEAR)
        return take_clear(one->cells[item->column], item->column, secret, fault);
    if (one->rules->secrets == PERSO_SECRETS_SM2)
        return decrypt(one, item->column, secret, fault);
    if (one->rules->from == NULL)
        return perso_error_set(fault, PERSO_REJ_SECRET_SEAL, "", "the return has no key");
    return perso_seal_open(one->rules->from, one->seal_of, perso_column_code(item->column),
                           one->rules->sequence, one->cells[item->column], secret->plain,
                           &secret->n, fault);
}

static enum perso_result
seal_secret(struct one *one, const struct item *item, const struct secret *secret)
{
    char *sealed = perso_arena_take(one->arena, PERSO_SEALED_CHARS + 1);
    enum perso_result rc;

    if (sealed == NULL)
        return no_memory(one->err);
    rc = perso_seal_field(one->rules->to, one->card_id, perso_column_code(item->column), 0,
                          perso_cursor_of(secret->plain, secret->n), sealed, one->err);
    if (rc == PERSO_REJECT) /* the job's own seal has no reason to refuse what has its shape */
        return perso_error_set(one->err, PERSO_REJ_NONE, perso_column_code(item->column),
                               "cannot be sealed to the job");
    if (rc != PERSO_OK)
        return rc;
    *member_text(one->out, item) = (struct perso_text) { sealed, (uint32_t)strlen(sealed) };
    return PERSO_OK;
}

/* Both seals are opened before a shape is judged: SECRET_SEAL stands before SECRET_SHAPE. */
static enum perso_result
judge_secrets(struct one *one, struct secret secrets[static N_OF(sealed_items)])
{
    enum perso_result rc;

    for (size_t i = 0; i < N_OF(sealed_items); i++) {
        struct perso_error fault = { 0 };
        if (one->cells[sealed_items[i].column].bytes == 0)
            continue;
        rc = open_secret(one, &sealed_items[i], &secrets[i], &fault);
        if (rc == PERSO_REJECT) {
            perso_verdict_set(one->verdict, fault.reject, sealed_items[i].column, fault.text);
            return PERSO_OK;
        }
        if (rc != PERSO_OK) {
            *one->err = fault;
            return rc;
        }
    }
    for (size_t i = 0; i < N_OF(sealed_items); i++) {
        enum perso_column column = sealed_items[i].column;
        if (one->cells[column].bytes == 0 ||
            secret_has_shape(column, secrets[i].plain, secrets[i].n))
            continue;
        perso_verdict_set(one->verdict, PERSO_REJ_SECRET_SHAPE, column, NULL);
        return PERSO_OK;
    }
    return PERSO_OK;
}

static enum perso_result
collect_secrets(struct one *one)
{
    struct secret secrets[N_OF(sealed_items)] = { { { 0 }, 0 } };
    enum perso_result rc = judge_secrets(one, secrets);

    for (size_t i = 0; i < N_OF(sealed_items); i++)
        if (rc == PERSO_OK && one->verdict->reject == PERSO_REJ_NONE &&
            one->cells[sealed_items[i].column].bytes > 0)
            rc = seal_secret(one, &sealed_items[i], &secrets[i]);
    OPENSSL_cleanse(secrets, sizeof secrets);
    return rc;
}

static enum perso_result
collect_one(struct one *one)
{
    struct perso_answer *out = one->out;
    enum perso_result rc;
    bool good;

    if (!clean_text(one->cells[PERSO_COL_code], PERSO_RA_CODE_BYTES, one->arena, &out->code) ||
        !clean_text(one->cells[PERSO_COL_reason], PERSO_RA_TEXT_BYTES, one->arena, &out->reason))
        return no_memory(one->err);
    if (!perso_answer_issued(one->rules->success, one->cells[PERSO_COL_code])) {
        tell_refusal(one);
        return PERSO_OK;
    }
    out->code = (struct perso_text) { ISSUED, 2 };
    if (!check_missing(one, open_items, N_OF(open_items)) ||
        !check_missing(one, sealed_items, N_OF(sealed_items)))
        return PERSO_OK;
    for (size_t i = 0; i < N_OF(open_items); i++)
        if ((rc = decode_item(one, &open_items[i], &good)) != PERSO_OK || !good)
            return rc;
    return collect_secrets(one);
}

enum perso_result
perso_stage_collect(const struct perso_collect_rules *rules, const struct perso_cells *rows,
                    const struct perso_origin *origins, const char *const *card_ids, size_t n,
                    struct perso_arena *arena, struct perso_answer *out,
                    struct perso_verdict *verdicts, struct perso_error *err)
{
    enum perso_result rc;

    for (size_t i = 0; i < n; i++) {
        struct one one = { .rules = rules,
                           .cells = rows[i].known,
                           .card_id = card_ids[i],
                           .arena = arena,
                           .out = &out[i],
                           .verdict = &verdicts[i],
                           .err = err };
        out[i] = empty_answer(&origins[i]);
        perso_verdict_clear(&verdicts[i]);
        if (!perso_answer_request_id(&rows[i], out[i].request_id)) {
            perso_verdict_set(&verdicts[i], PERSO_REJ_ITEM_SHAPE, PERSO_COL_request_id, NULL);
            continue;
        }
        if (card_ids[i][0] == '\0')
            continue;
        if (!rules->by_card)
            perso_hex_lower(out[i].request_id, PERSO_REQUEST_ID_BYTES, one.seal_id);
        one.seal_of = rules->seal_ids != NULL ? rules->seal_ids[i]
                      : rules->by_card        ? card_ids[i]
                                              : one.seal_id;
        if ((rc = collect_one(&one)) != PERSO_OK)
            return rc;
    }
    return PERSO_OK;
}

void
perso_answer_cells(const struct perso_cells *row, const struct perso_answer *answer,
                   struct perso_cells *ret)
{
    static const enum perso_column as_received[] = { PERSO_COL_request_id, PERSO_COL_QMZS,
                                                     PERSO_COL_JMZS, PERSO_COL_JMMY };

    perso_cells_clear(ret);
    for (size_t i = 0; i < N_OF(as_received); i++)
        ret->known[as_received[i]] = row->known[as_received[i]];
    ret->known[PERSO_COL_GLYPIN] = answer->admin_pin;
    ret->known[PERSO_COL_ZKMY] = answer->master_key;
    ret->known[PERSO_COL_code] = answer->code;
    ret->known[PERSO_COL_reason] = answer->reason;
}

enum perso_result
perso_answer_parse(const struct perso_cells *cells, const struct perso_origin *origin,
                   struct perso_arena *arena, struct perso_answer *ret, struct perso_error *err)
{
    struct perso_answer parsed = empty_answer(origin);

    if (!perso_answer_request_id(cells, parsed.request_id))
        return perso_error_set(err, PERSO_REJ_NONE, "", "stored record is not an answer");
    for (size_t i = 0; i < N_OF(open_items); i++) {
        struct perso_text cell = cells->known[open_items[i].column];
        uint8_t *bytes = perso_arena_take(arena, cell.bytes + 1);
        size_t n;
        if (bytes == NULL)
            return no_memory(err);
        /* What is not Base64 was refused when it came; it stays empty, and match refuses that. */
        if (perso_base64_decode(cell.at, cell.bytes, bytes, &n))
            *member_bytes(&parsed, &open_items[i]) = perso_cursor_of(bytes, n);
    }
    parsed.admin_pin = cells->known[PERSO_COL_GLYPIN];
    parsed.master_key = cells->known[PERSO_COL_ZKMY];
    parsed.code = cells->known[PERSO_COL_code];
    parsed.reason = cells->known[PERSO_COL_reason];
    *ret = parsed;
    return PERSO_OK;
}
