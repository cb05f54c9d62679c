/* Inside formats/package only: how much memory a zstd file asks for, seen before it is unpacked.
 * libzstd's own limit, which libarchive does not let us set, is 128 MiB a window. */
#ifndef FORMATS_PACKAGE_ZSTD_FRAME_H
#define FORMATS_PACKAGE_ZSTD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/result.h"

/* Frames of a file (RFC 8878 3.1), walked as their bytes come. Starts as zeros. */
struct perso_zstd_frames {
    int part;        /* what comes next */
    uint8_t head[8]; /* of it, as far as it is there */
    size_t head_n;
    uint64_t skip; /* bytes of a block, a sum or a skippable frame that are passed over first */
    size_t fields; /* bytes of the header after its descriptor */
    uint8_t descriptor;
};

/** The next bytes of the file. ARCHIVE_LIMIT where a frame wants a window above
 *  PERSO_ZSTD_WINDOW_BYTES; what is no zstd is the unpacker's to refuse. */
enum perso_result perso_zstd_frames_see(struct perso_zstd_frames *frames, const uint8_t *bytes,
                                        size_t n, struct perso_error *err);

#endif
