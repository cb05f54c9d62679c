#include "pipeline/report/show.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/package/archive.h"
#include "formats/package/manifest.h"
#include "formats/pki/certificate.h"
#include "formats/pki/certificate_file.h"
#include "formats/text/table.h"
#include "perso/text.h"
#include "pipeline/file/archive_in.h"
#include "pipeline/file/preview.h"
#include "pipeline/file/requests.h"
#include "pipeline/job/path.h"
#include "pipeline/store/durable.h"

#define SMALL_BYTES 65536u /* a certificate, a signature, a manifest */

/* No profile is asked: an encrypted archive's passphrase is typed. */
static const struct perso_archive_profile any_archive = {
    .names = "either",
    .members = PERSO_ARCHIVE_MEMBERS,
    .member_mib = PERSO_ARCHIVE_ENTRY_BYTES >> 20,
    .total_mib = PERSO_ARCHIVE_TOTAL_BYTES >> 20,
    .ratio = PERSO_ARCHIVE_RATIO,
};

/* ---- small files ---- */

static void
show_manifest(struct perso_say *say, const struct perso_manifest *m)
{
    char hex[2 * PERSO_SM3_BYTES + 1];

    perso_say_begin(say, "package");
    perso_say_text(say, "kind", m->kind);
    perso_say_text(say, "sender", m->sender);
    perso_say_text(say, "recipient", m->recipient);
    perso_say_text(say, "batch", m->batch);
    perso_say_text(say, "date", m->date);
    perso_say_number(say, "sequence", m->sequence);
    perso_say_number(say, "cards", m->cards);
    perso_say_word(say, "final", m->final ? N_("yes") : N_("no"));
    perso_say_end(say);
    for (uint32_t i = 0; i < m->n_members; i++) {
        perso_hex_lower(m->members[i].sm3, PERSO_SM3_BYTES, hex);
        perso_say_begin(say, "listed");
        perso_say_text(say, "name", m->members[i].name);
        perso_say_number(say, "bytes", m->members[i].bytes);
        perso_say_number(say, "rows", m->members[i].rows);
        perso_say_text(say, "SM3", hex);
        perso_say_end(say);
    }
}

/* What was taken of a package: nothing of a person stands in it. */
static bool
show_acknowledgement(struct perso_say *say, struct perso_cursor json)
{
    static const char *const names[] = { "package", "sender", "recipient", "date", "sm3" };
    json_error_t unreadable;
    json_t *root = json_loadb((const char *)json.at, perso_left(&json), 0, &unreadable);
    const char *format = json_string_value(json_object_get(root, "format"));
    bool ret = format != NULL && strcmp(format, "persoline-ack-1") == 0;

    if (ret) {
        perso_say_begin(say, "acknowledged");
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            const char *value = json_string_value(json_object_get(root, names[i]));
            perso_say_text(say, names[i], value != NULL ? value : "");
        }
        perso_say_number(say, "cards",
                         (uint64_t)json_integer_value(json_object_get(root, "cards")));
        perso_say_end(say);
    }
    json_decref(root);
    return ret;
}

static bool
show_certificate(struct perso_say *say, struct perso_cursor der)
{
    struct perso_certificate c;
    struct perso_error unreadable = { 0 };
    char serial[64] = "";

    if (perso_certificate_read(der, &c, &unreadable) != PERSO_OK)
        return false;
    if (perso_left(&c.serial) <= 21)
        perso_hex_lower(c.serial.at, perso_left(&c.serial), serial);
    perso_say_begin(say, "certificate");
    perso_say_text(say, "serial", serial);
    perso_say_word(say, "CA", c.is_ca ? N_("yes") : N_("no"));
    perso_say_number(say, "key usage", c.key_usage);
    perso_say_number(say, "valid from", (uint64_t)c.begins_s);
    perso_say_number(say, "valid to", (uint64_t)c.ends_s);
    perso_say_end(say);
    return true;
}

static enum perso_result
show_item(void *self, const struct perso_certificate_item *item, struct perso_error *err)
{
    struct perso_say *say = self;

    (void)err;
    if (item->role != PERSO_ROLE_ENVELOPE)
        show_certificate(say, item->der);
    return PERSO_OK;
}

/* In any form of file; a table that happens to be none of them says nothing before it is refused.
 */
static bool
show_certificates(struct perso_say *say, struct perso_cursor bytes)
{
    const struct perso_certificate_visitor visitor = { show_item, say };
    struct perso_error unreadable = { 0 };

    return perso_certificates_read(bytes, &visitor, &unreadable) == PERSO_OK;
}

static enum perso_result
show_small(struct perso_say *say, const char *path, bool *done, struct perso_error *err)
{
    struct perso_manifest *m = calloc(1, sizeof *m);
    struct perso_side_manifest side;
    struct perso_error unreadable = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    enum perso_result rc = m != NULL ? perso_file_read(path, SMALL_BYTES, &bytes, &n, err)
                                     : perso_error_errno(err, "memory");

    *done = true;
    if (rc == PERSO_OK) {
        struct perso_cursor all = perso_cursor_of(bytes, n);
        if (n > 0 && bytes[0] == '{' && perso_manifest_read(all, m, &unreadable) == PERSO_OK) {
            show_manifest(say, m);
        } else if (n > 0 && bytes[0] == '{' && show_acknowledgement(say, all)) {
            /* said */
        } else if (n > 0 && bytes[0] == '{' &&
                   perso_side_manifest_read(all, &side, &unreadable) == PERSO_OK) {
            perso_say_begin(say, "side manifest");
            if (side.has_rows)
                perso_say_number(say, "rows", side.rows);
            if (side.has_encoding)
                perso_say_text(say, "encoding", side.encoding);
            perso_say_end(say);
        } else if (!show_certificates(say, all)) {
            *done = false;
        }
    }
    free(bytes);
    free(m);
    return rc;
}

/* ---- archives ---- */

/* Whose package it is; whether it is signed is not looked at. */
static enum perso_result
show_package(struct perso_say *say, const struct perso_source *source, struct perso_error *err)
{
    struct perso_manifest *m = calloc(1, sizeof *m);
    uint8_t *bytes = malloc(SMALL_BYTES);
    struct perso_error unreadable = { 0 };
    size_t n = 0;
    enum perso_result rc = m != NULL && bytes != NULL
                               ? perso_source_fill(source, bytes, SMALL_BYTES, &n, err)
                               : perso_error_errno(err, "memory");

    if (rc == PERSO_OK &&
        perso_manifest_read(perso_cursor_of(bytes, n), m, &unreadable) == PERSO_OK)
        show_manifest(say, m);
    free(bytes);
    free(m);
    return rc;
}

static enum perso_result
show_member(struct perso_say *say, const char *name, const struct perso_source *source,
            struct perso_error *err)
{
    uint8_t buffer[16384];
    size_t n;
    uint64_t bytes = 0;
    enum perso_result rc;

    if (perso_ends_with(name, ".csv"))
        return perso_preview_table(say, source, name, PERSO_UTF8, err);
    if (strcmp(name, "manifest.json") == 0)
        return show_package(say, source, err);
    while ((rc = perso_source_read(source, buffer, sizeof buffer, &n, err)) == PERSO_OK)
        bytes += n;
    perso_say_begin(say, "member");
    perso_say_text(say, "name", name);
    perso_say_number(say, "bytes", bytes);
    perso_say_end(say);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* A request of each card would be a list of cards: they are counted. */
static enum perso_result
show_archive(struct perso_say *say, const struct perso_source *source, const char *path,
             struct perso_error *err)
{
    struct perso_archive_in in;
    struct perso_archive *archive = NULL;
    struct perso_source member;
    uint32_t n_requests = 0;
    const char *name;

    perso_archive_in_begin(&in, &any_archive, "", perso_path_name(path));
    enum perso_result rc = perso_archive_in_open(&in, source, &archive, err);
    while (rc == PERSO_OK && (rc = perso_archive_next(archive, &name, &member, err)) == PERSO_OK) {
        if (perso_request_member(name)) {
            n_requests++;
            continue;
        }
        perso_say_begin(say, "member");
        perso_say_text(say, "name", name);
        perso_say_end(say);
        rc = show_member(say, name, &member, err);
    }
    if (rc == PERSO_END && n_requests > 0) {
        perso_say_begin(say, "requests");
        perso_say_number(say, "members", n_requests);
        perso_say_end(say);
    }
    perso_archive_free(archive);
    perso_archive_in_end(&in);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- any file ---- */

/* A table says nothing of its encoding: the one that fits all its bytes is tried first. head: how
 * the file begins. */
static enum perso_result
show_text(struct perso_say *say, struct perso_file_source *file, const char *path,
          struct perso_cursor head, struct perso_error *err)
{
    static const enum perso_charset charsets[] = { PERSO_UTF8, PERSO_GB18030 };
    const struct perso_source source = perso_file_source(file);
    enum perso_record_form form;
    bool is_records = perso_record_form_find(head, &form);
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < 2; i++) {
        *err = (struct perso_error) { 0 };
        if ((rc = perso_file_source_rewind(file, err)) != PERSO_OK)
            return rc;
        rc =
            is_records
                ? perso_preview_records(say, &source, perso_path_name(path), form, charsets[i], err)
                : perso_preview_table(say, &source, perso_path_name(path), charsets[i], err);
        if (rc != PERSO_REJECT || err->reject != PERSO_REJ_TEXT_ENCODING)
            return rc;
    }
    return rc;
}

enum perso_result
perso_show(struct perso_say *say, const char *path, struct perso_error *err)
{
    struct perso_file_source *file = NULL;
    uint8_t head[512];
    size_t n = 0;
    bool done = false;
    enum perso_result rc = perso_file_source_open(path, &file, err);

    if (rc != PERSO_OK)
        goto out;
    const struct perso_source source = perso_file_source(file);
    if ((rc = perso_source_read(&source, head, sizeof head, &n, err)) != PERSO_OK) {
        if (rc == PERSO_END)
            rc = perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "empty file");
        goto out;
    }
    if (perso_archive_sniff(head, n) != PERSO_ARCHIVE_NONE) {
        if ((rc = perso_file_source_rewind(file, err)) == PERSO_OK)
            rc = show_archive(say, &source, path, err);
    } else if (n >= 15 && memcmp(head, "SQLite format 3", 15) == 0) {
        rc = perso_error_set(err, PERSO_REJ_NONE, "",
                             "a ledger: see persoline status, trace and check --dump");
    } else {
        if (perso_file_source_bytes(file) <= SMALL_BYTES)
            rc = show_small(say, path, &done, err);
        if (rc == PERSO_OK && !done)
            rc = show_text(say, file, path, perso_cursor_of(head, n), err);
    }
out:
    perso_file_source_close(file);
    if (rc != PERSO_OK)
        perso_error_at(err, path, 0, 0);
    return rc;
}
