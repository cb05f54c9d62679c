/* Inside formats/package only: headers of a tar, and headers about the next header. */
#ifndef FORMATS_PACKAGE_TAR_HEADER_H
#define FORMATS_PACKAGE_TAR_HEADER_H

#include "formats/package/container.h"

#define PERSO_TAR_ABOUT_BYTES 65536u /* extended attributes of a Mac are a few KiB */

struct perso_tar_header {
    char type;
    uint64_t size;
    struct perso_raw_name name; /* bytes 0: longer than any */
};

/** A block of 512 bytes; false where it is no header of ustar or GNU with a right sum. */
bool perso_tar_header_read(const uint8_t block[PERSO_SNIFF_BYTES], struct perso_tar_header *ret);
/** The sum over a header in which the field of the sum counts as blanks (POSIX ustar). */
bool perso_tar_sum_is_right(const uint8_t block[PERSO_SNIFF_BYTES]);

/* What headers before the member's own say of it. */
struct perso_tar_member {
    bool has_pax, has_global, has_name, has_size, links, sparse;
    bool binary;                /* the pax header's name is not in UTF-8 */
    struct perso_raw_name name; /* bytes 0: longer than any */
    uint64_t size;
};

/** x, g, L, K: it has a body about the next header, or about all. */
bool perso_tar_is_about(char type);
/** Takes such a body. ARCHIVE_DAMAGED where it has not its form, or a member has two of it. */
enum perso_result perso_tar_about(struct perso_tar_member *member, char type,
                                  struct perso_cursor body, struct perso_error *err);

#endif
