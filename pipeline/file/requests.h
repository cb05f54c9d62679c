/*
 * Requests that come as members of an archive, one a card, named by the card's id (CONTRACTS 2):
 * AAZ501.p10, .csr, .der, .pem, .req, in any folder, DER or PEM, in any order, beside tables whose
 * rows have no P10. A first walk over the archive copies them into one anonymous file and keeps 24
 * bytes of each, never a file a request; then the rows find theirs by their public key. One whose
 * key cannot be read, or is no row's, is found by the card that it is named after, so that the
 * fault is told at that card.
 */
#ifndef PIPELINE_REQUESTS_H
#define PIPELINE_REQUESTS_H

#include "formats/base/row_payload.h"
#include "perso/arena.h"
#include "perso/io.h"
#include "pipeline/file/archive_in.h"

#define PERSO_REQUIRED_MAX 16u /* columns that a table must have */

struct perso_requests;

/** A member's name ends as a request's does. */
bool perso_request_member(const char *name);

/**
 * Walk a whole archive: what is wrong with it is found before any row counts. *ret is NULL where it
 * has no requests. Later walks over the same archive pass over them. folder: of the job, where the
 * anonymous file lies; "": a temporary file. ARCHIVE_MEMBER: two requests that are named after one
 * card, a name too long for any. ARCHIVE_LIMIT: a request longer than PERSO_REQUEST_MEMBER_BYTES.
 */
enum perso_result perso_requests_open(struct perso_archive_in *in,
                                      const struct perso_source *archive, const char *folder,
                                      struct perso_requests **ret, struct perso_error *err);
/**
 * Rows without a P10 get theirs, Base64 in the arena, where there is one; P10_AAZ501 is the card
 * that it is named after, where that is another one than the row's.
 */
enum perso_result perso_requests_fill(struct perso_requests *requests, struct perso_cells *cells,
                                      size_t n, struct perso_arena *arena, struct perso_error *err);
/** The columns that a table must have (PERSO_COLUMN_OTHER ends both lists): what is a member need
 * not be a column. requests NULL: there are none. */
void perso_requests_columns(const struct perso_requests *requests,
                            const enum perso_column *required,
                            enum perso_column out[PERSO_REQUIRED_MAX]);
uint32_t perso_requests_unused(const struct perso_requests *requests);
void perso_requests_free(struct perso_requests *requests);

#endif
