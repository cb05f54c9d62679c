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
