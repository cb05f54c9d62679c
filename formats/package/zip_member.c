#include <string.h>

#include "formats/package/zip_read.h"

#define SIG_DESCRIPTOR 0x08074b50u

/* ---- encrypted members ---- */

static enum perso_result
ask_passphrase(struct perso_zip *zip, unsigned attempt, struct perso_error *err)
{
    const struct perso_passphrase_port *port = &zip->ways->passphrase;

    if (port->get == NULL)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "",
                               attempt == 0 ? "encrypted, and no passphrase is known"
                                            : "passphrase is wrong");
    return port->get(port->self, attempt, &zip->passphrase, err);
}

/* A passphrase that opened a member opens all: another one's is a wrong one. */
static enum perso_result
find_passphrase(struct perso_zip *zip, struct perso_cursor head, struct perso_error *err)
{
    enum perso_result rc;

    for (unsigned attempt = 0;; attempt++) {
        bool matches = false;
        if (!zip->opened && (rc = ask_passphrase(zip, attempt, err)) != PERSO_OK)
            return rc;
        if ((rc = perso_zip_aes_begin(zip->aes, &zip->said.encryption, &zip->passphrase, head,
                                      &matches, err)) != PERSO_OK)
            return rc;
        if (matches)
            break;
        if (zip->opened)
            return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "",
                                   "another passphrase than the members before");
    }
    zip->opened = true;
    return PERSO_OK;
}

/* The head of an encrypted member's data, under the passphrase that opens it. */
static enum perso_result
decrypt_begin(struct perso_zip *zip, struct perso_error *err)
{
    size_t n = perso_zip_aes_head_bytes(&zip->said.encryption);
    struct perso_cursor head;
    enum perso_result rc;

    if (zip->aes == NULL && (zip->aes = perso_zip_aes_new()) == NULL)
        return perso_error_openssl(err, "AES");
    if ((rc = perso_zip_take(zip, n, &head, err)) != PERSO_OK)
        return rc;
    zip->now.packed = n;
    return find_passphrase(zip, head, err);
}

static enum perso_result
decrypt_end(struct perso_zip *zip, struct perso_error *err)
{
    struct perso_cursor code;
    bool matches = false;
    enum perso_result rc;

    if ((rc = perso_zip_take(zip, PERSO_ZIP_AES_CODE_BYTES, &code, err)) != PERSO_OK ||
        (rc = perso_zip_aes_end(zip->aes, code.at, &matches, err)) != PERSO_OK)
        return rc;
    zip->now.packed += PERSO_ZIP_AES_CODE_BYTES;
    return matches ? PERSO_OK : perso_zip_damaged(err, "authentication code differs");
}

/* ---- bytes ---- */

/* Next bytes of the member's packed data, in clear. */
static enum perso_result
packed_bytes(struct perso_zip *zip, const uint8_t **at, size_t *n, struct perso_error *err)
{
    size_t after = zip->said.encryption.kind != 0 ? PERSO_ZIP_AES_CODE_BYTES : 0;
    uint64_t left = UINT64_MAX;
    enum perso_result rc;

    if (!perso_zip_open_ended(&zip->said))
        left = zip->said.packed - zip->now.packed - after;
    rc = left == 0 ? PERSO_END : perso_zip_need(zip, 1, err);
    if (rc != PERSO_OK)
        return rc == PERSO_END ? perso_zip_damaged(err, "data is cut") : rc;
    *at = zip->buf + zip->at;
    *n = zip->end - zip->at < left ? zip->end - zip->at : (size_t)left;
    return after > 0 ? perso_zip_aes_view(zip->aes, *at, *n, at, n, err) : PERSO_OK;
}

static enum perso_result
packed_used(struct perso_zip *zip, size_t n, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    if (zip->said.encryption.kind != 0)
        rc = perso_zip_aes_used(zip->aes, zip->buf + zip->at, n, err);
    perso_zip_skip(zip, n);
    zip->now.packed += n;
    return rc;
}

static enum perso_result
read_stored(struct perso_zip *zip, uint8_t *buf, size_t max, size_t *made, struct perso_error *err)
{
    size_t after = zip->said.encryption.kind != 0 ? PERSO_ZIP_AES_CODE_BYTES : 0, n = 0;
    const uint8_t *at = NULL;
    enum perso_result rc;

    *made = 0;
    if (zip->now.packed + after == zip->said.packed) {
        zip->data_ended = true;
        return PERSO_OK;
    }
    if ((rc = packed_bytes(zip, &at, &n, err)) != PERSO_OK)
        return rc;
    *made = n < max ? n : max;
    memcpy(buf, at, *made);
    return packed_used(zip, *made, err);
}

static enum perso_result
read_deflated(struct perso_zip *zip, uint8_t *buf, size_t max, size_t *made,
              struct perso_error *err)
{
    z_stream *z = &zip->inflate;
    const uint8_t *at = NULL;
    size_t n = 0;
    enum perso_result rc;

    z->next_out = buf;
    z->avail_out = (uInt)max;
    while (z->avail_out == (uInt)max && !zip->data_ended) {
        if ((rc = packed_bytes(zip, &at, &n, err)) != PERSO_OK)
            return rc;
        z->next_in = at;
        z->avail_in = (uInt)n;
        int z_rc = inflate(z, Z_NO_FLUSH);
        if (z_rc != Z_OK && z_rc != Z_STREAM_END && z_rc != Z_BUF_ERROR)
            return perso_zip_damaged(err, "data is damaged");
        if ((rc = packed_used(zip, n - z->avail_in, err)) != PERSO_OK)
            return rc;
        zip->data_ended = z_rc == Z_STREAM_END;
    }
    *made = max - z->avail_out;
    return PERSO_OK;
}

/* ---- the end ---- */

/* A writer may leave open in the local header what it puts into the descriptor. */
static bool
is_or_open(uint64_t said, uint64_t true_value)
{
    return said == true_value || said == 0 || said == PERSO_ZIP_IS_IN_64;
}

static enum perso_result
take_descriptor(struct perso_zip *zip, struct perso_error *err)
{
    unsigned size_bytes = zip->wide ? 8 : 4;
    struct perso_cursor c;
    uint32_t signature = 0;
    enum perso_result rc = perso_zip_peek(zip, &signature, err);

    if (rc == PERSO_OK && signature == SIG_DESCRIPTOR) /* it is optional */
        perso_zip_skip(zip, 4);
    if (rc != PERSO_OK || (rc = perso_zip_take(zip, 4 + 2 * size_bytes, &c, err)) != PERSO_OK)
        return rc;
    if (!is_or_open(zip->said.crc, zip->now.crc) ||
        !is_or_open(zip->said.packed, zip->now.packed) ||
        !is_or_open(zip->said.plain, zip->now.plain))
        return perso_zip_damaged(err, "local header differs from the data");
    zip->said.crc = perso_take32(&c);
    zip->said.packed = perso_take_le(&c, size_bytes);
    zip->said.plain = perso_take_le(&c, size_bytes);
    return PERSO_OK;
}

static enum perso_result
check_mixture(struct perso_zip *zip, struct perso_error *err)
{
    if (zip->said.encryption.kind != 0)
        zip->has_aes = true;
    else if (zip->now.plain > 0)
        zip->has_plain = true;
    return zip->has_aes && zip->has_plain
               ? perso_zip_refuse(err, "encrypted members beside others that are not")
               : PERSO_OK;
}

static enum perso_result
end_member(struct perso_zip *zip, struct perso_error *err)
{
    enum perso_result rc;

    if ((zip->said.flags & PERSO_ZIP_DESCRIPTOR) != 0 &&
        (rc = take_descriptor(zip, err)) != PERSO_OK)
        return rc;
    if (zip->now.packed != zip->said.packed || zip->now.plain != zip->said.plain)
        return perso_zip_damaged(err, "size differs");
    if (zip->now.crc != zip->said.crc)
        return perso_zip_damaged(err, "CRC differs");
    zip->n_members++;
    if (!perso_zip_add_record(zip->local_sum, &zip->now))
        return perso_error_openssl(err, "digest of members");
    rc = check_mixture(zip, err);
    return rc == PERSO_OK ? PERSO_END : rc;
}

static enum perso_result
end_data(struct perso_zip *zip, struct perso_error *err)
{
    enum perso_result rc;

    if (zip->said.encryption.kind != 0 && (rc = decrypt_end(zip, err)) != PERSO_OK)
        return rc;
    if (zip->said.encryption.kind == 2)
        zip->now.crc = 0; /* the authentication code stands in its place */
    return end_member(zip, err);
}

/* As if its data were as the local header says. */
static enum perso_result
pass_data(struct perso_zip *zip, struct perso_error *err)
{
    enum perso_result rc;

    while (zip->now.packed < zip->said.packed) {
        uint64_t left = zip->said.packed - zip->now.packed;
        if ((rc = perso_zip_need(zip, 1, err)) != PERSO_OK)
            return rc == PERSO_END ? perso_zip_damaged(err, "data is cut") : rc;
        size_t n = zip->end - zip->at < left ? zip->end - zip->at : (size_t)left;
        perso_zip_skip(zip, n);
        zip->now.packed += n;
    }
    zip->now.plain = zip->said.plain;
    zip->now.crc = zip->said.crc;
    return end_member(zip, err);
}

void
perso_zip_pass(void *self)
{
    struct perso_zip *zip = (struct perso_zip *)self;

    zip->passes = zip->said.encryption.kind != 0 && !perso_zip_open_ended(&zip->said);
}

enum perso_result
perso_zip_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct perso_zip *zip = (struct perso_zip *)self;
    enum perso_result rc;

    if (zip->passes)
        return pass_data(zip, err);
    if (!zip->begun && zip->said.encryption.kind != 0 && (rc = decrypt_begin(zip, err)) != PERSO_OK)
        return rc;
    zip->begun = true;
    if (max > PERSO_BLOCK_BYTES)
        max = PERSO_BLOCK_BYTES; /* zlib counts in unsigned int */
    if (perso_zip_method(&zip->said) == PERSO_ZIP_STORED)
        rc = read_stored(zip, buf, max, n, err);
    else
        rc = read_deflated(zip, buf, max, n, err);
    if (rc != PERSO_OK)
        return rc;
    if (*n == 0)
        return end_data(zip, err);
    zip->now.crc = (uint32_t)crc32(zip->now.crc, buf, (uInt)*n);
    zip->now.plain += *n;
    return perso_raw_made(zip->input, *n, err);
}
