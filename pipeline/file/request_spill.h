/* Requests by public key and by the card that they are named after, in one anonymous file: 24 bytes
 * of memory each, and 4 for each of the two ways to find one, at most half filled. */
#ifndef PIPELINE_REQUEST_SPILL_H
#define PIPELINE_REQUEST_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perso/limits.h"
#include "perso/result.h"

#define PERSO_REQUEST_NAME_BYTES 64u /* a card's id is 32 characters; longer ones name no card */

struct perso_request_entry {
    char
        card[PERSO_REQUEST_NAME_BYTES]; /* that it is named after, in upper case, zeros behind it */
    bool has_key;
    uint8_t public_key[PERSO_POINT_BYTES];
    size_t bytes;
};

struct perso_request_spill;

/** In a folder, without a name there; folder "": wherever temporary files lie. */
enum perso_result perso_request_spill_new(const char *folder, struct perso_request_spill **ret,
                                          struct perso_error *err);
/** At most PERSO_REQUEST_MEMBER_BYTES. */
enum perso_result perso_request_spill_add(struct perso_request_spill *spill,
                                          const struct perso_request_entry *entry,
                                          const uint8_t *bytes, struct perso_error *err);
/** After the last; then they can be found. ARCHIVE_MEMBER: two of one card. */
enum perso_result perso_request_spill_end(struct perso_request_spill *spill,
                                          struct perso_error *err);
uint32_t perso_request_spill_count(const struct perso_request_spill *spill);

/** One with this public key, that of the card where there are several, else the first. PERSO_END:
 *  none. */
enum perso_result perso_request_spill_by_key(struct perso_request_spill *spill,
                                             const uint8_t public_key[PERSO_POINT_BYTES],
                                             const char *card, uint32_t *index,
                                             struct perso_error *err);
enum perso_result perso_request_spill_by_card(struct perso_request_spill *spill, const char *card,
                                              uint32_t *index, struct perso_error *err);
enum perso_result perso_request_spill_get(struct perso_request_spill *spill, uint32_t index,
                                          struct perso_request_entry *entry,
                                          uint8_t bytes[PERSO_REQUEST_MEMBER_BYTES],
                                          struct perso_error *err);
/** True at the first use. */
bool perso_request_spill_use(struct perso_request_spill *spill, uint32_t index);
void perso_request_spill_free(struct perso_request_spill *spill);

#endif
