#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pipeline/file/loose.h"

enum perso_loose_part
perso_loose_part(const char *name)
{
    static const struct {
        const char *end;
        enum perso_loose_part part;
    } parts[] = {
        { "cer", PERSO_PART_CERTIFICATES }, { "crt", PERSO_PART_CERTIFICATES },
        { "der", PERSO_PART_CERTIFICATES }, { "pem", PERSO_PART_CERTIFICATES },
        { "p7b", PERSO_PART_CERTIFICATES }, { "p7c", PERSO_PART_CERTIFICATES },
        { "csv", PERSO_PART_TABLE },        { "txt", PERSO_PART_TABLE },
        { "xml", PERSO_PART_XML },          { "json", PERSO_PART_JSON },
        { "jsonl", PERSO_PART_JSON },
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof parts / sizeof parts[0]; i++)
        if (strcasecmp(dot + 1, parts[i].end) == 0)
            return parts[i].part;
    return PERSO_PART_OTHER;
}

enum perso_result
perso_loose_certificates(const struct perso_loose_member *member,
                         const struct perso_certificate_visitor *visitor, bool *whole,
                         struct perso_error *err)
{
    size_t room = 16384, have = 0, got = 0;
    uint8_t *bytes = malloc(room), *grown;
    enum perso_result rc = bytes != NULL ? PERSO_OK : perso_error_errno(err, "memory");

    *whole = false;
    while (rc == PERSO_OK && (rc = perso_source_read(&member->source, bytes + have, room - have,
                                                     &got, err)) == PERSO_OK) {
        have += got;
        if (have > PERSO_CERTIFICATE_FILE_BYTES) {
            rc = perso_error_set(err, PERSO_REJ_ARCHIVE_LIMIT, "", "more than %u bytes",
                                 (unsigned)PERSO_CERTIFICATE_FILE_BYTES);
        } else if (have == room) {
            room *= 2;
            if ((grown = realloc(bytes, room)) == NULL)
                rc = perso_error_errno(err, "memory");
            else
                bytes = grown;
        }
    }
    if (rc == PERSO_END) {
        *whole = true;
        rc = perso_certificates_read(perso_cursor_of(bytes, have), visitor, err);
    }
    free(bytes);
    return rc;
}

enum perso_result
perso_loose_pass(const struct perso_loose *loose, const struct perso_loose_member *member,
                 struct perso_error *err)
{
    uint8_t block[4096];
    size_t n;
    enum perso_result rc;

    if (loose->form == PERSO_LOOSE_FILE)
        return perso_error_set(err, PERSO_REJ_FILE_FORMAT, "",
                               "neither a package nor a return: want a table (.csv, .txt), records "
                               "(.xml, .json, .jsonl) or certificates (.cer, .crt, .der, .pem, "
                               ".p7b, .p7c), alone or in an archive");
    while ((rc = perso_source_read(&member->source, block, sizeof block, &n, err)) == PERSO_OK)
        ;
    return rc == PERSO_END ? PERSO_OK : rc;
}

enum perso_result
perso_loose_totals(const struct perso_loose *loose, uint32_t have, struct perso_error *err)
{
    if (loose->side.has_rows && loose->side.rows != have)
        return perso_error_set(err, PERSO_REJ_ROW_COUNT, "", "have %u rows, want %u", have,
                               loose->side.rows);
    if (have == 0)
        return perso_error_set(err, PERSO_REJ_FILE_EMPTY, "", "no record and no certificate in it");
    return PERSO_OK;
}
