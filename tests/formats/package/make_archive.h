/* Zip and tar bytes made by hand, right or wrong as a test wants them. */
#ifndef TESTS_MAKE_ARCHIVE_H
#define TESTS_MAKE_ARCHIVE_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <zlib.h>

#include "memory_io.h"

static inline void
put(struct memory *m, const void *bytes, size_t n)
{
    struct perso_error err = { 0 };

    memory_write(m, bytes, n, &err);
}

static inline void
put_text(struct memory *m, const char *text)
{
    put(m, text, strlen(text));
}

static inline void
put_le(struct memory *m, uint64_t value, unsigned bytes)
{
    uint8_t out[8];

    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> 8 * i);
    put(m, out, bytes);
}

static inline void
set_le(struct memory *m, size_t at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        m->at[at + i] = (uint8_t)(value >> 8 * i);
}

/* ---- zip ---- */

struct zip_member {
    const char *name;
    const char *data;
    size_t name_bytes, data_bytes; /* 0: as long as the text */
    uint16_t flags;
    int deflate;
    int aes, bits;      /* AE-1, AE-2; 128, 192, 256 */
    const char *secret; /* its passphrase */
    int descriptor;     /* sizes and CRC follow, deflated members only */
    uint16_t made_by;
    uint32_t attributes;
    /* where it came to lie */
    size_t local, body, body_bytes, central;
};

#define ZIP_MEMBERS 16

struct zip {
    struct memory out;
    struct zip_member members[ZIP_MEMBERS];
    size_t n, directory, end;
};

/* AES in counter mode block by block, each through a cipher of its own: nothing of the reader. */
static inline void
aes_ctr(const uint8_t *key, int bits, uint8_t *data, size_t n)
{
    const EVP_CIPHER *cipher = bits == 128   ? EVP_aes_128_ecb()
                               : bits == 192 ? EVP_aes_192_ecb()
                                             : EVP_aes_256_ecb();

    for (size_t at = 0, block = 1; at < n; at += 16, block++) {
        uint8_t counter[16] = { (uint8_t)block, (uint8_t)(block >> 8), (uint8_t)(block >> 16) };
        uint8_t stream[32];
        int made = 0;
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        if (ctx == NULL || EVP_EncryptInit_ex(ctx, cipher, NULL, key, NULL) != 1 ||
            EVP_EncryptUpdate(ctx, stream, &made, counter, 16) != 1)
            abort();
        EVP_CIPHER_CTX_free(ctx);
        for (size_t i = 0; i < 16 && at + i < n; i++)
            data[at + i] ^= stream[i];
    }
}

/* Salt, verifier, ciphertext, code in place of the data. */
static inline void
aes_wrap(struct memory *body, int bits, const char *secret)
{
    size_t key = (size_t)bits / 8, salt_n = key / 2;
    uint8_t salt[16], keys[66], code[20];
    unsigned n = 0;
    struct memory out = { 0 };

    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)(17 * i + body->n);
    if (PKCS5_PBKDF2_HMAC_SHA1(secret, (int)strlen(secret), salt, (int)salt_n, 1000,
                               (int)(2 * key + 2), keys) != 1)
        abort();
    aes_ctr(keys, bits, body->at, body->n);
    if (HMAC(EVP_sha1(), keys + key, (int)key, body->at, body->n, code, &n) == NULL)
        abort();
    put(&out, salt, salt_n);
    put(&out, keys + 2 * key, 2);
    put(&out, body->at, body->n);
    put(&out, code, 10);
    memory_free(body);
    *body = out;
}

static inline void
deflate_raw(struct memory *out, const void *data, size_t n)
{
    z_stream z = { 0 };
    size_t room = n + n / 1000 + 64;
    uint8_t *packed = malloc(room);

    if (packed == NULL || deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)n;
    z.next_out = packed;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    put(out, packed, z.total_out);
    deflateEnd(&z);
    free(packed);
}

static inline void
zip_head(struct zip *z, struct zip_member *f, bool central, uint32_t crc, size_t plain)
{
    struct memory *out = &z->out;
    bool open = f->descriptor && !central;
    uint16_t flags = (uint16_t)(f->flags | (f->aes ? 1 : 0) | (f->descriptor ? 8 : 0));

    put_le(out, central ? 0x02014b50u : 0x04034b50u, 4);
    if (central)
        put_le(out, f->made_by, 2);
    put_le(out, 20, 2);
    put_le(out, flags, 2);
    put_le(out, f->aes ? 99 : f->deflate ? 8 : 0, 2);
    put_le(out, 0x5a5a5a5au, 4); /* time, date */
    put_le(out, open ? 0 : crc, 4);
    put_le(out, open ? 0 : f->body_bytes, 4);
    put_le(out, open ? 0 : plain, 4);
    put_le(out, f->name_bytes, 2);
    put_le(out, f->aes ? 11 : 0, 2);
    if (central) {
        put_le(out, 0, 6); /* comment, disk, internal attributes */
        put_le(out, f->attributes, 4);
        put_le(out, f->local, 4);
    }
    put(out, f->name, f->name_bytes);
    if (f->aes) {
        put_le(out, 0x9901, 2);
        put_le(out, 7, 2);
        put_le(out, (unsigned)f->aes, 2);
        put(out, "AE", 2);
        put_le(out, (unsigned)(f->bits / 64 - 1), 1);
        put_le(out, f->deflate ? 8 : 0, 2);
    }
}

/* The zip of z->members; the places of its parts are noted. */
static inline void
zip_make(struct zip *z)
{
    uint32_t crc[ZIP_MEMBERS];

    for (size_t i = 0; i < z->n; i++) {
        struct zip_member *f = &z->members[i];
        struct memory body = { 0 };
        if (f->name_bytes == 0)
            f->name_bytes = strlen(f->name);
        if (f->data_bytes == 0)
            f->data_bytes = strlen(f->data);
        crc[i] = (uint32_t)crc32(0, (const Bytef *)f->data, (uInt)f->data_bytes);
        if (f->aes == 2)
            crc[i] = 0;
        if (f->deflate)
            deflate_raw(&body, f->data, f->data_bytes);
        else
            put(&body, f->data, f->data_bytes);
        if (f->aes)
            aes_wrap(&body, f->bits, f->secret);
        f->local = z->out.n;
        f->body_bytes = body.n;
        zip_head(z, f, false, crc[i], f->data_bytes);
        f->body = z->out.n;
        put(&z->out, body.at, body.n);
        if (f->descriptor) {
            put_le(&z->out, 0x08074b50u, 4);
            put_le(&z->out, crc[i], 4);
            put_le(&z->out, body.n, 4);
            put_le(&z->out, f->data_bytes, 4);
        }
        memory_free(&body);
    }
    z->directory = z->out.n;
    for (size_t i = 0; i < z->n; i++) {
        z->members[i].central = z->out.n;
        zip_head(z, &z->members[i], true, crc[i], z->members[i].data_bytes);
    }
    z->end = z->out.n;
    put_le(&z->out, 0x06054b50u, 4);
    put_le(&z->out, 0, 4);
    put_le(&z->out, z->n, 2);
    put_le(&z->out, z->n, 2);
    put_le(&z->out, z->end - z->directory, 4);
    put_le(&z->out, z->directory, 4);
    put_le(&z->out, 0, 2);
}

/* ---- tar ---- */

static inline void
tar_sum(uint8_t header[512])
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

/* A header of 512 bytes; its sum is right. size: as the field says, not what follows. */
static inline void
tar_header(uint8_t header[512], const char *name, size_t name_bytes, char type, const char *link,
           uint64_t size)
{
    memset(header, 0, 512);
    memcpy(header, name, name_bytes < 100 ? name_bytes : 100);
    memcpy(header + 100, "0000600\0000000000\0000000000", 24);
    snprintf((char *)header + 124, 12, "%011llo", (unsigned long long)(size & 077777777777u));
    memcpy(header + 136, "00000000000", 11);
    header[156] = (uint8_t)type;
    snprintf((char *)header + 157, 100, "%s", link);
    memcpy(header + 257, "ustar\00000", 8);
    tar_sum(header);
}

static inline void
tar_pad(struct memory *m)
{
    static const uint8_t zeros[512];

    put(m, zeros, (512 - m->n % 512) % 512);
}

static inline void
tar_add(struct memory *m, const char *name, size_t name_bytes, char type, const char *link,
        const void *data, size_t n)
{
    uint8_t header[512];

    tar_header(header, name, name_bytes, type, link, n);
    put(m, header, sizeof header);
    put(m, data, n);
    tar_pad(m);
}

static inline void
tar_end(struct memory *m)
{
    static const uint8_t zeros[1024];

    put(m, zeros, sizeof zeros);
}

/* A pax record: "LENGTH KEY=VALUE\n", the length of itself included. */
static inline void
pax_record(struct memory *m, const char *key, const void *value, size_t n)
{
    char head[160];
    size_t rest = strlen(key) + n + 3, total = rest + 1;

    while ((size_t)snprintf(head, sizeof head, "%zu", total) + rest != total)
        total++;
    snprintf(head, sizeof head, "%zu %s=", total, key);
    put_text(m, head);
    put(m, value, n);
    put_text(m, "\n");
}

#endif
