/* Application and issuance records out of a row's cells. */
#ifndef STAGES_APPLICATION_H
#define STAGES_APPLICATION_H

#include "formats/base/row_payload.h"
#include "perso/record.h"

/** request_id = first 16 bytes of SM3(AAZ501 || request DER, or the 64 bytes of a bare key). */
bool perso_request_id(const char *card_id, struct perso_cursor request,
                      uint8_t out[PERSO_REQUEST_ID_BYTES]);

/** A record that ingest accepted, read again without judging; PERSO_FATAL where it is not one. Its
 * request_id is the cell's where it has one and no request (a centre's record). */
enum perso_result perso_application_parse(const struct perso_cells *cells,
                                          const struct perso_origin *origin,
                                          struct perso_arena *arena, struct perso_application *ret,
                                          struct perso_error *err);

/** Issuance data: cells that are too long or of no use are left empty, reconcile says so. */
void perso_issuance_parse(const struct perso_cells *cells, const struct perso_origin *origin,
                          struct perso_issuance *ret);

/**
 * What a file that goes to the card says of it in a column: who and where it is by the checked
 * application, everything else by the issuance data (its row; the application's where it has no
 * name or division). Borrows from both.
 */
struct perso_text perso_card_cell(const struct perso_application *application,
                                  const struct perso_cells *issuance, enum perso_column column);

#endif
