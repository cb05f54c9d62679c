/*
 * SEGMENTS, version 1: data/NNNN.seg, from 0001, append-only; each record is u32 big-endian length,
 * then as many bytes. The ledger knows segment, offset of the length, length and SM3 of each; what
 * lies behind the last record that it knows is a torn or uncommitted tail and is cut on opening for
 * writing. A new segment begins where a record would pass max_bytes.
 * Order: append, sync, then the ledger's commit.
 */
#ifndef PIPELINE_SEGMENT_H
#define PIPELINE_SEGMENT_H

#include <stdint.h>

#include "perso/cursor.h"
#include "perso/result.h"

#define PERSO_SEGMENT_BYTES (UINT64_C(1) << 30) /* of one file: easy to copy, few descriptors */
#define PERSO_SEGMENT_PAYLOAD_BYTES                                                                \
    (1u << 20) /* of one record: a line of 64 KiB stays far below                                  \
                */
#define PERSO_SEGMENT_PREFIX 4u

struct perso_segments;

/* Where a record's length stands; segment 0: nowhere (no record yet). */
struct perso_segment_place {
    uint32_t segment;
    uint64_t offset;
};

enum perso_segment_access {
    PERSO_SEGMENT_READ,
    PERSO_SEGMENT_WRITE,
    PERSO_SEGMENT_DRY, /* appends go to an unlinked temporary file and vanish at close */
};

/** end: first byte behind the last record of the ledger. */
enum perso_result perso_segments_open(const char *folder, enum perso_segment_access access,
                                      struct perso_segment_place end, uint64_t max_bytes,
                                      struct perso_segments **ret, struct perso_error *err);
enum perso_result perso_segments_append(struct perso_segments *segments,
                                        struct perso_cursor payload,
                                        struct perso_segment_place *place, struct perso_error *err);
/** A record into buf of PERSO_SEGMENT_PREFIX + bytes; its payload stands behind the prefix. */
enum perso_result perso_segments_read(struct perso_segments *segments,
                                      struct perso_segment_place place, uint32_t bytes,
                                      uint8_t *buf, struct perso_error *err);
/** All that was appended is on the disk. */
enum perso_result perso_segments_sync(struct perso_segments *segments, struct perso_error *err);
/** The end as of now, and back to it (a transaction was rolled back). */
struct perso_segment_place perso_segments_end(const struct perso_segments *segments);
enum perso_result perso_segments_rewind(struct perso_segments *segments,
                                        struct perso_segment_place end, struct perso_error *err);
/**
 * Nothing is appended or cut any more. For a commit that failed: where the sync of the WAL did, all
 * of it may stand there, and only the next opening knows whether it counts, and what to cut.
 */
void perso_segments_leave(struct perso_segments *segments);
void perso_segments_close(struct perso_segments *segments); /* accepts NULL */

#endif
