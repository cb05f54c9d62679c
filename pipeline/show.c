#include "pipeline/show.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/encode.h"
#include "formats/package/archive.h"
#include "formats/package/manifest.h"
#include "formats/pki/certificate.h"
#include "formats/text/table.h"
#include "pipeline/durable.h"
#include "pipeline/path.h"

#define SHOWN_ROWS 3u
#define SMALL_BYTES 65536u /* a certificate, a signature, a manifest */

static const struct perso_archive_limits limits = { PERSO_PACKAGE_MEMBERS,
                                                    PERSO_ARCHIVE_ENTRY_BYTES,
                                                    PERSO_ARCHIVE_TOTAL_BYTES };

/* ---- tables ---- */

/* Every character of a personal value but the first is a star; long values are cut. */
static void
mask(enum perso_column column, struct perso_text cell, char *out, size_t max)
{
    size_t n = 0, at = 0;
    uint32_t scalar;

    if (!perso_column_personal(column)) {
        snprintf(out, max, "%.*s%s", (int)(cell.bytes > 40 ? 40 : cell.bytes), cell.at,
                 cell.bytes > 40 ? "..." : "");
        return;
    }
    while (at < cell.bytes && n + 4 < max) {
        size_t step = perso_utf8_next(cell.at + at, cell.bytes - at, &scalar);
        if (step == 0)
            break;
        if (at == 0)
            n += perso_utf8_put(scalar, out);
        else
            out[n++] = '*';
        at += step;
    }
    out[n] = '\0';
}

static void
show_row(struct perso_say *say, const struct perso_layout *layout, const struct perso_row *row)
{
    char text[256];

    perso_say_begin(say, "row");
    perso_say_number(say, "line", row->origin.line);
    for (uint16_t i = 0; i < layout->n_columns; i++) {
        /* An unknown column may hold anything: it is masked like a name. */
        enum perso_column column =
            layout->known[i] != PERSO_COLUMN_OTHER ? layout->known[i] : PERSO_COL_AAC003;
        mask(column, row->cells[i], text, sizeof text);
        perso_say_text(say, layout->name[i], text);
    }
    perso_say_end(say);
}

static enum perso_result
show_rows(struct perso_say *say, struct perso_table *table, struct perso_error *err)
{
    struct perso_arena *arena = perso_arena_new();
    struct perso_row *rows = calloc(PERSO_BATCH_RECORDS, sizeof *rows);
    size_t n = 0, shown = 0;
    enum perso_result rc =
        arena != NULL && rows != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    while (rc == PERSO_OK &&
           (rc = perso_table_read(table, arena, rows, PERSO_BATCH_RECORDS, &n, err)) == PERSO_OK) {
        for (size_t i = 0; i < n && shown < SHOWN_ROWS; i++, shown++)
            show_row(say, perso_table_layout(table), &rows[i]);
        perso_arena_reset(arena);
    }
    free(rows);
    perso_arena_free(arena);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
show_table(struct perso_say *say, const struct perso_source *source, const char *name,
           enum perso_charset charset, struct perso_error *err)
{
    const struct perso_table_options options = {
        .charset = charset, .delimiter = ',', .quotes = true, .file = name
    };
    struct perso_table *table = NULL;
    enum perso_result rc = perso_table_open(source, &options, &table, err);

    if (rc == PERSO_OK) {
        const struct perso_layout *layout = perso_table_layout(table);
        perso_say_begin(say, "table");
        perso_say_text(say, "encoding", perso_charset_name(charset));
        for (uint16_t i = 0; i < layout->n_columns; i++)
            perso_say_text(say, layout->name[i],
                           layout->known[i] == PERSO_COLUMN_OTHER
                               ? "carried through"
                               : perso_column_code(layout->known[i]));
        perso_say_end(say);
        rc = show_rows(say, table, err);
    }
    if (rc == PERSO_OK) {
        perso_say_begin(say, "table");
        perso_say_number(say, "rows", perso_table_rows(table));
        perso_say_end(say);
    }
    perso_table_free(table);
    return rc;
}

/* The whole lines at the beginning of some bytes, as a source. */
struct head {
    const uint8_t *at;
    size_t n;
};

static enum perso_result
head_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct head *h = self;

    (void)err;
    if (h->n == 0)
        return PERSO_END;
    *n = h->n < max ? h->n : max;
    memcpy(buf, h->at, *n);
    h->at += *n;
    h->n -= *n;
    return PERSO_OK;
}

void
perso_show_head(struct perso_say *say, const char *name, const uint8_t *bytes, size_t n)
{
    struct head head = { bytes, 0 };
    const struct perso_source source = { head_read, &head };
    struct perso_error unreadable = { 0 };

    for (size_t i = 0, lines = 0; i < n && lines <= SHOWN_ROWS; i++)
        if (bytes[i] == '\n') {
            head.n = i + 1;
            lines++;
        }
    if (head.n > 0)
        show_table(say, &source, name, PERSO_UTF8, &unreadable);
}

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
    perso_say_text(say, "final", m->final ? "yes" : "no");
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
    perso_say_text(say, "CA", c.is_ca ? "yes" : "no");
    perso_say_number(say, "key usage", c.key_usage);
    perso_say_number(say, "valid from", (uint64_t)c.begins_s);
    perso_say_number(say, "valid to", (uint64_t)c.ends_s);
    perso_say_end(say);
    return true;
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
        } else if (n > 0 && bytes[0] == '{' &&
                   perso_side_manifest_read(all, &side, &unreadable) == PERSO_OK) {
            perso_say_begin(say, "side manifest");
            if (side.has_rows)
                perso_say_number(say, "rows", side.rows);
            if (side.has_encoding)
                perso_say_text(say, "encoding", side.encoding);
            perso_say_end(say);
        } else if (!show_certificate(say, all)) {
            *done = false;
        }
    }
    free(bytes);
    free(m);
    return rc;
}

/* ---- archives ---- */

static enum perso_result
show_member(struct perso_say *say, const char *name, const struct perso_source *source,
            struct perso_error *err)
{
    uint8_t buffer[16384];
    size_t n;
    uint64_t bytes = 0;
    enum perso_result rc;

    if (perso_ends_with(name, ".csv"))
        return show_table(say, source, name, PERSO_UTF8, err);
    while ((rc = perso_source_read(source, buffer, sizeof buffer, &n, err)) == PERSO_OK)
        bytes += n;
    perso_say_begin(say, "member");
    perso_say_text(say, "name", name);
    perso_say_number(say, "bytes", bytes);
    perso_say_end(say);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static enum perso_result
show_archive(struct perso_say *say, const struct perso_source *source, struct perso_error *err)
{
    struct perso_archive *archive = NULL;
    struct perso_source member;
    const char *name;
    enum perso_result rc = perso_archive_open(source, &limits, &archive, err);

    while (rc == PERSO_OK && (rc = perso_archive_next(archive, &name, &member, err)) == PERSO_OK) {
        perso_say_begin(say, "member");
        perso_say_text(say, "name", name);
        perso_say_end(say);
        rc = show_member(say, name, &member, err);
    }
    perso_archive_free(archive);
    return rc == PERSO_END ? PERSO_OK : rc;
}

/* ---- any file ---- */

/* A table says nothing of its encoding: the one that fits all its bytes is tried first. */
static enum perso_result
show_any_table(struct perso_say *say, struct perso_file_source *file, const char *path,
               struct perso_error *err)
{
    static const enum perso_charset charsets[] = { PERSO_UTF8, PERSO_GB18030 };
    const struct perso_source source = perso_file_source(file);
    enum perso_result rc = PERSO_OK;

    for (size_t i = 0; i < 2; i++) {
        *err = (struct perso_error) { 0 };
        if ((rc = perso_file_source_rewind(file, err)) != PERSO_OK)
            return rc;
        rc = show_table(say, &source, perso_path_name(path), charsets[i], err);
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
            rc = show_archive(say, &source, err);
    } else if (n >= 15 && memcmp(head, "SQLite format 3", 15) == 0) {
        rc = perso_error_set(err, PERSO_REJ_NONE, "",
                             "a ledger: see persoline status, trace and check --dump");
    } else {
        if (perso_file_source_bytes(file) <= SMALL_BYTES)
            rc = show_small(say, path, &done, err);
        if (rc == PERSO_OK && !done)
            rc = show_any_table(say, file, path, err);
    }
out:
    perso_file_source_close(file);
    if (rc != PERSO_OK)
        perso_error_at(err, path, 0, 0);
    return rc;
}
