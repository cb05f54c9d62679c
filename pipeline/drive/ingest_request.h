/* Requests as they are stored: whatever form a row had, from here on its P10 cell is the request
 * that goes to the RA (CONTRACTS 2). And what was unusual about them, said once a file. */
#ifndef PIPELINE_INGEST_REQUEST_H
#define PIPELINE_INGEST_REQUEST_H

#include "perso/record.h"
#include "pipeline/drive/drive.h"

#define PERSO_ODD_WORDS_BYTES 64u

/** Of a row that passed: its cell P10 becomes the application's request, Base64 in the arena.
 *  *changed: it was another, or none. */
enum perso_result perso_ingest_keep_request(struct perso_arena *arena,
                                            const struct perso_application *application,
                                            struct perso_cells *cells, bool *changed,
                                            struct perso_error *err);

/** The profile's words of PERSO_ODD_ bits, joined by commas; "" where there are none. */
void perso_ingest_odd_words(uint32_t odd, char out[PERSO_ODD_WORDS_BYTES]);

/* How many requests of one file were unusual, by kind. */
#define PERSO_ODD_KINDS 6u
struct perso_odd_counts {
    uint32_t n[PERSO_ODD_KINDS]; /* by bit */
};
void perso_ingest_odd_add(struct perso_odd_counts *counts, uint32_t odd);
/** One warning a kind. */
void perso_ingest_odd_tell(const struct perso_odd_counts *counts, const char *file);

#endif
