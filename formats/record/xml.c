#include "formats/record/xml.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "perso/text.h"

/* ---- expat's memory: values are secrets at times, so that what it lets go is wiped ---- */

struct block {
    size_t bytes;
    _Alignas(16) uint8_t at[];
};

static void *
block_new(size_t bytes)
{
    struct block *b = bytes <= SIZE_MAX - sizeof *b ? malloc(sizeof *b + bytes) : NULL;
    if (b == NULL)
        return NULL;
    b->bytes = bytes;
    return b->at;
}

static void
block_free(void *at)
{
    if (at == NULL)
        return;
    struct block *b = (struct block *)(void *)((uint8_t *)at - offsetof(struct block, at));
    OPENSSL_cleanse(b->at, b->bytes);
    free(b);
}

static void *
block_grow(void *at, size_t bytes)
{
    void *ret = block_new(bytes);
    if (at == NULL || ret == NULL)
        return ret;
    struct block *b = (struct block *)(void *)((uint8_t *)at - offsetof(struct block, at));
    memcpy(ret, at, b->bytes < bytes ? b->bytes : bytes);
    block_free(at);
    return ret;
}

/* ---- refusals ---- */

static uint32_t
line_now(const struct perso_xml *x)
{
    return (uint32_t)XML_GetCurrentLineNumber(x->parser);
}

static void
stop(struct perso_xml *x, enum perso_result rc)
{
    if (rc == PERSO_OK || x->rc != PERSO_OK)
        return;
    x->rc = rc;
    XML_StopParser(x->parser, XML_FALSE);
}

static void
refuse(struct perso_xml *x, enum perso_reject reject, const char *field, const char *text)
{
    if (x->rc != PERSO_OK)
        return;
    x->err->line = line_now(x);
    stop(x, perso_error_set(x->err, reject, field, "%s", text));
}

/* expat's words for what a return is likely to have; others are told as it has them. */
static const struct {
    enum XML_Error code;
    const char *text;
} errors[] = {
    { XML_ERROR_NO_ELEMENTS, N_("cut: the end is missing") },
    { XML_ERROR_UNCLOSED_TOKEN, N_("cut: the end is missing") },
    { XML_ERROR_PARTIAL_CHAR, N_("cut: the end is missing") },
    { XML_ERROR_UNCLOSED_CDATA_SECTION, N_("cut: the end is missing") },
    { XML_ERROR_INVALID_TOKEN, N_("not well-formed XML") },
    { XML_ERROR_SYNTAX, N_("not well-formed XML") },
    { XML_ERROR_TAG_MISMATCH, N_("an end tag of another element than the start tag") },
    { XML_ERROR_DUPLICATE_ATTRIBUTE, N_("an attribute stands twice in an element") },
    { XML_ERROR_JUNK_AFTER_DOC_ELEMENT, N_("something after the end") },
    { XML_ERROR_UNDEFINED_ENTITY, N_("an entity that is not one of the five of XML") },
    { XML_ERROR_BAD_CHAR_REF, N_("a reference to a character that XML does not have") },
    { XML_ERROR_MISPLACED_XML_PI, N_("the XML declaration is not at the very beginning") },
    { XML_ERROR_XML_DECL, N_("the XML declaration is not well-formed") },
};

static enum perso_result
refuse_by_expat(struct perso_xml *x, struct perso_error *err)
{
    enum XML_Error code = XML_GetErrorCode(x->parser);
    const char *text = XML_ErrorString(code);

    if (code == XML_ERROR_NO_MEMORY)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code)
            text = errors[i].text;
    err->line = line_now(x);
    return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "XML", "%s", text);
}

/* ---- elements ---- */

static struct perso_text
without_prefix(const char *name)
{
    const char *colon = strrchr(name, ':');
    const char *at = colon != NULL ? colon + 1 : name;
    return (struct perso_text) { at, (uint32_t)strlen(at) };
}

static enum perso_column
column_of(const struct perso_xml *x, const char *name)
{
    return perso_alias_find(x->options->aliases, x->options->n_aliases, without_prefix(name));
}

/* A prefix is declared, or xml:lang and the like: no attribute of the record's. */
static bool
is_of_xml(const char *name)
{
    return strncmp(name, "xmlns", 5) == 0 || strncmp(name, "xml:", 4) == 0;
}

/* The element has something in it besides text. */
static void
become_node(struct perso_xml *x, struct perso_xml_element *e)
{
    const char *field = perso_column_code(e->column);

    if (e->node)
        return;
    if (perso_tree_of_card(e->column))
        refuse(x, PERSO_REJ_FILE_FORMAT, field, N_("something besides text in it"));
    else if (x->value_n != 0)
        refuse(x, PERSO_REJ_FILE_FORMAT, field, N_("text beside elements"));
    else
        perso_tree_open(x->tree, e->line, e == x->elements);
    e->node = true;
}

static bool
has_one(const char **attributes)
{
    return attributes[0] != NULL && attributes[2] == NULL;
}

/* Attributes are fields; that of <s k="v"/> is of the element around it, whose node is open. */
static void
take_attributes(struct perso_xml *x, struct perso_xml_element *e, const char *name,
                const char **attributes)
{
    bool scalar = x->depth > 1 && strcmp(name, "s") == 0 && has_one(attributes);

    for (const char **a = attributes; *a != NULL && x->rc == PERSO_OK; a += 2) {
        size_t bytes = strlen(a[1]);
        enum perso_column column = is_of_xml(a[0]) ? PERSO_COLUMN_OTHER : column_of(x, a[0]);
        if (strlen(a[0]) > PERSO_RECORD_NAME_BYTES)
            refuse(x, PERSO_REJ_TEXT_LINE, "XML", N_("name is too long"));
        if (column == PERSO_COLUMN_OTHER)
            continue;
        if (!scalar)
            become_node(x, e);
        struct perso_text value = { a[1], (uint32_t)bytes };
        if (x->rc == PERSO_OK)
            stop(x, perso_tree_field(x->tree, column, value, line_now(x), x->err));
    }
}

static void XMLCALL
on_start(void *self, const char *name, const char **attributes)
{
    struct perso_xml *x = self;

    x->moved = true;
    if (x->rc != PERSO_OK)
        return;
    if (x->depth == PERSO_RECORD_DEPTH)
        refuse(x, PERSO_REJ_FILE_FORMAT, "XML", N_("nested too deep"));
    else if (strlen(name) > PERSO_RECORD_NAME_BYTES)
        refuse(x, PERSO_REJ_TEXT_LINE, "XML", N_("name is too long"));
    else if (XML_GetCurrentByteCount(x->parser) > (int)PERSO_RECORD_BYTES)
        refuse(x, PERSO_REJ_TEXT_LINE, "XML", N_("tag or comment is too long"));
    else if (x->depth != 0)
        become_node(x, &x->elements[x->depth - 1]);
    if (x->rc != PERSO_OK)
        return;
    struct perso_xml_element *e = &x->elements[x->depth++];
    *e = (struct perso_xml_element) { .line = line_now(x) };
    x->value_n = 0;
    if (x->depth == 1)
        become_node(x, e);
    else
        e->column = column_of(x, name);
    take_attributes(x, e, name, attributes);
}

static void
take_value(struct perso_xml *x, const struct perso_xml_element *e)
{
    struct perso_text value = { x->value, x->value_n };
    stop(x, perso_tree_field(x->tree, e->column, value, e->line, x->err));
}

static void XMLCALL
on_end(void *self, const char *name)
{
    struct perso_xml *x = self;
    (void)name;

    x->moved = true;
    if (x->rc != PERSO_OK)
        return;
    const struct perso_xml_element *e = &x->elements[x->depth - 1];
    if (e->node && x->value_n != 0)
        refuse(x, PERSO_REJ_FILE_FORMAT, perso_column_code(e->column), N_("text beside elements"));
    else if (e->node)
        stop(x, perso_tree_close(x->tree, x->err));
    else if (e->column != PERSO_COLUMN_OTHER)
        take_value(x, e);
    x->depth--;
    x->value_n = 0;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Text of a known name is kept, without the white space that is no part of it. */
static void XMLCALL
on_text(void *self, const char *at, int n)
{
    struct perso_xml *x = self;

    x->moved = true;
    enum perso_column column =
        x->depth != 0 ? x->elements[x->depth - 1].column : PERSO_COLUMN_OTHER;
    if (x->rc != PERSO_OK || column == PERSO_COLUMN_OTHER)
        return;
    bool strip = perso_tree_is_base64(column);
    for (int i = 0; i < n; i++) {
        if (is_blank(at[i]) && (strip || x->value_n == 0))
            continue;
        if (x->value_n == sizeof x->value) {
            refuse(x, PERSO_REJ_TEXT_LINE, perso_column_code(column), N_("value is too long"));
            return;
        }
        x->value[x->value_n++] = at[i];
    }
}

/* ---- what is not an element ---- */

static void XMLCALL
on_comment(void *self, const char *text)
{
    struct perso_xml *x = self;
    (void)text;

    x->moved = true;
    if (XML_GetCurrentByteCount(x->parser) > (int)PERSO_RECORD_BYTES)
        refuse(x, PERSO_REJ_TEXT_LINE, "XML", N_("tag or comment is too long"));
}

static void XMLCALL
on_doctype(void *self, const char *name, const char *system, const char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(self, PERSO_REJ_FILE_FORMAT, "XML", N_("DOCTYPE"));
}

static void XMLCALL
on_instruction(void *self, const char *target, const char *data)
{
    (void)target;
    (void)data;
    refuse(self, PERSO_REJ_FILE_FORMAT, "XML", N_("processing instruction"));
}

/* GB2312 is a part of GBK, GBK of GB18030: each name allows the sets after it. */
static bool
declares(const char *encoding, enum perso_charset charset)
{
    if (charset == PERSO_UTF8)
        return strcasecmp(encoding, "utf-8") == 0 || strcasecmp(encoding, "utf8") == 0;
    return strcasecmp(encoding, "gb2312") == 0 || strcasecmp(encoding, "gbk") == 0 ||
           (charset == PERSO_GB18030 && strcasecmp(encoding, "gb18030") == 0);
}

static void XMLCALL
on_declaration(void *self, const char *version, const char *encoding, int standalone)
{
    struct perso_xml *x = self;
    (void)version;
    (void)standalone;

    x->moved = true;
    if (encoding == NULL || declares(encoding, x->options->charset) || x->rc != PERSO_OK)
        return;
    x->err->line = line_now(x);
    stop(x, perso_error_set(x->err, PERSO_REJ_TEXT_ENCODING, "XML", "have %.32s, want %s", encoding,
                            perso_charset_name(x->options->charset)));
}

/* ---- the parser ---- */

enum perso_result
perso_xml_init(struct perso_xml *xml, const struct perso_record_options *options,
               struct perso_tree *tree, struct perso_error *err)
{
    static const XML_Memory_Handling_Suite memory = { block_new, block_grow, block_free };

    xml->options = options;
    xml->tree = tree;
    xml->parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
    if (xml->parser == NULL)
        return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetCommentHandler(xml->parser, on_comment);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    XML_SetProcessingInstructionHandler(xml->parser, on_instruction);
    XML_SetXmlDeclHandler(xml->parser, on_declaration);
    return PERSO_OK;
}

static enum perso_result
parse(struct perso_xml *x, const char *at, int n, bool last, struct perso_error *err)
{
    x->err = err;
    enum XML_Status status = XML_Parse(x->parser, at, n, last);
    x->err = NULL;
    if (x->rc != PERSO_OK)
        return x->rc;
    return status == XML_STATUS_OK ? PERSO_OK : refuse_by_expat(x, err);
}

enum perso_result
perso_xml_feed(struct perso_xml *xml, struct perso_text text, struct perso_error *err)
{
    xml->moved = false;
    enum perso_result rc = parse(xml, text.at, (int)text.bytes, false, err);
    if (rc != PERSO_OK)
        return rc;
    xml->stuck = xml->moved ? 0 : xml->stuck + text.bytes;
    if (xml->stuck <= 2 * PERSO_RECORD_BYTES)
        return PERSO_OK;
    err->line = line_now(xml);
    return perso_error_set(err, PERSO_REJ_TEXT_LINE, "XML", "%s", N_("tag or comment is too long"));
}

enum perso_result
perso_xml_finish(struct perso_xml *xml, struct perso_error *err)
{
    return parse(xml, "", 0, true, err);
}

void
perso_xml_free(struct perso_xml *xml)
{
    if (xml->parser != NULL)
        XML_ParserFree(xml->parser);
    OPENSSL_cleanse(xml, sizeof *xml);
}
