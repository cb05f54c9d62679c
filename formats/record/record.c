#include "formats/record/record.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "formats/record/decoder.h"
#include "formats/record/json.h"
#include "formats/record/tree.h"
#include "formats/record/xml.h"

struct perso_records {
    struct perso_record_options options;
    struct perso_layout layout;
    uint32_t rows;
    bool ended;                /* all records that there are wait in the tree */
    enum perso_result stopped; /* a refusal or a failure stays */
    struct perso_error why;
    struct perso_decoder decoder;
    struct perso_tree tree;
    union {
        struct perso_xml xml;
        struct perso_json json;
    } form;
};

bool
perso_record_form_find(struct perso_cursor head, enum perso_record_form *ret)
{
    if (perso_left(&head) >= 3 && memcmp(head.at, "\xef\xbb\xbf", 3) == 0)
        head.at += 3;
    else if (perso_left(&head) >= 4 && memcmp(head.at, "\x84\x31\x95\x33", 4) == 0)
        head.at += 4;
    while (head.at != head.end && memchr(" \t\r\n", *head.at, 4) != NULL)
        head.at++;
    if (head.at == head.end || (*head.at != '<' && *head.at != '{' && *head.at != '['))
        return false;
    *ret = *head.at == '<' ? PERSO_RECORD_XML : PERSO_RECORD_JSON;
    return true;
}

static enum perso_result
fill_layout(struct perso_layout *layout, struct perso_error *err)
{
    enum perso_result rc = PERSO_OK;

    perso_layout_init(layout);
    for (int c = 1; c < PERSO_COLUMN_COUNT && rc == PERSO_OK; c++)
        rc = perso_layout_add(layout, (enum perso_column)c, (struct perso_text) { "", 0 }, err);
    return rc;
}

static enum perso_result
init(struct perso_records *r, const struct perso_source *source, struct perso_error *err)
{
    const struct perso_record_options *o = &r->options;
    enum perso_result rc;

    perso_decoder_init(&r->decoder, source, o->charset,
                       o->bytes_max != 0 ? o->bytes_max : PERSO_RECORD_FILE_BYTES);
    perso_tree_init(&r->tree);
    if ((rc = fill_layout(&r->layout, err)) != PERSO_OK)
        return rc;
    if (o->form == PERSO_RECORD_XML)
        return perso_xml_init(&r->form.xml, o, &r->tree, err);
    perso_json_init(&r->form.json, o, &r->tree);
    return PERSO_OK;
}

enum perso_result
perso_records_open(const struct perso_source *source, const struct perso_record_options *options,
                   struct perso_records **ret, struct perso_error *err)
{
    struct perso_records *r = calloc(1, sizeof *r);
    enum perso_result rc;

    if (r == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    r->options = *options;
    if ((rc = init(r, source, err)) != PERSO_OK) {
        perso_records_free(r);
        return rc;
    }
    *ret = r;
    return PERSO_OK;
}

const struct perso_layout *
perso_records_layout(const struct perso_records *records)
{
    return &records->layout;
}

static enum perso_result
feed(struct perso_records *r, struct perso_text text, struct perso_error *err)
{
    return r->options.form == PERSO_RECORD_XML ? perso_xml_feed(&r->form.xml, text, err)
                                               : perso_json_feed(&r->form.json, text, err);
}

static enum perso_result
finish(struct perso_records *r, struct perso_error *err)
{
    enum perso_result rc;

    if (!r->decoder.any) {
        err->line = 0;
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "%s", "");
    }
    rc = r->options.form == PERSO_RECORD_XML ? perso_xml_finish(&r->form.xml, err)
                                             : perso_json_finish(&r->form.json, err);
    if (rc == PERSO_OK)
        rc = perso_tree_finish(&r->tree, err);
    r->ended = rc == PERSO_OK;
    return rc;
}

/* More of the source into the tree; under PERSO_END all is there. */
static enum perso_result
pump(struct perso_records *r, struct perso_error *err)
{
    struct perso_text text;
    enum perso_result rc;

    if (r->ended)
        return PERSO_END;
    rc = perso_decoder_next(&r->decoder, &text, err);
    if (rc == PERSO_END)
        return finish(r, err);
    return rc == PERSO_OK ? feed(r, text, err) : rc;
}

static enum perso_result
stop(struct perso_records *r, enum perso_result rc, struct perso_error *err)
{
    if (rc == PERSO_REJECT) {
        uint32_t line = err->line;
        err->file[0] = '\0';
        err->line = err->record = 0;
        perso_error_at(err, r->options.file, line, 0);
    }
    r->stopped = rc;
    r->why = *err;
    return rc;
}

static enum perso_result
read_row(struct perso_records *r, struct perso_arena *arena, struct perso_row *row,
         struct perso_error *err)
{
    const struct perso_text *cells;
    uint32_t line;
    enum perso_result rc;

    while ((rc = perso_tree_take(&r->tree, arena, &cells, &line, err)) == PERSO_END)
        if ((rc = pump(r, err)) != PERSO_OK)
            return rc;
    if (rc != PERSO_OK)
        return rc;
    row->origin = (struct perso_origin) { r->options.file, line, ++r->rows };
    row->cells = cells;
    return PERSO_OK;
}

enum perso_result
perso_records_read(struct perso_records *records, struct perso_arena *arena, struct perso_row *rows,
                   size_t max, size_t *n, struct perso_error *err)
{
    size_t have = 0;

    if (records->stopped != PERSO_OK) {
        *err = records->why;
        return records->stopped;
    }
    while (have < max) {
        enum perso_result rc = read_row(records, arena, &rows[have], err);
        if (rc == PERSO_REJECT || rc == PERSO_FATAL)
            return stop(records, rc, err);
        if (rc != PERSO_OK && have == 0)
            return rc;
        if (rc != PERSO_OK)
            break;
        have++;
    }
    *n = have;
    return PERSO_OK;
}

uint32_t
perso_records_rows(const struct perso_records *records)
{
    return records->rows;
}

void
perso_records_free(struct perso_records *records)
{
    if (records == NULL)
        return;
    if (records->options.form == PERSO_RECORD_XML)
        perso_xml_free(&records->form.xml);
    perso_tree_free(&records->tree);
    OPENSSL_cleanse(records, sizeof *records);
    free(records);
}
