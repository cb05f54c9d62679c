#define _GNU_SOURCE /* O_TMPFILE */

#include "pipeline/file/request_spill.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/sm2/sm3.h"

#define HEAD_BYTES (1 + PERSO_POINT_BYTES + PERSO_REQUEST_NAME_BYTES) /* has_key, key, card */
#define USED (UINT64_C(1) << 63)
#define BYTES_BITS 16

/* In the file: head, bytes. */
struct place {
    uint64_t key, card; /* the beginning of an SM3 of each; key 0: it has none */
    uint64_t at;        /* USED, offset in the file, bytes */
};

struct perso_request_spill {
    FILE *file;
    uint64_t end; /* of what was written */
    struct place *places;
    uint32_t n, room;
    uint32_t *by_key, *by_card; /* hash tables of indices from 1 */
    uint32_t n_slots;           /* of each, a power of two */
};

static int
open_anonymous(const char *folder)
{
    char path[4096];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || snprintf(path, sizeof path, "%s/.requests-XXXXXX", folder) >= (int)sizeof path)
        return fd;
    if ((fd = mkostemp(path, O_CLOEXEC)) >= 0) /* a file system without nameless files */
        unlink(path);
    return fd;
}

enum perso_result
perso_request_spill_new(const char *folder, struct perso_request_spill **ret,
                        struct perso_error *err)
{
    struct perso_request_spill *spill = calloc(1, sizeof *spill);
    int fd = -1;

    if (spill == NULL)
        return perso_error_errno(err, "memory");
    if (folder[0] == '\0')
        spill->file = tmpfile();
    else if ((fd = open_anonymous(folder)) >= 0 && (spill->file = fdopen(fd, "w+")) == NULL)
        close(fd);
    if (spill->file == NULL) {
        free(spill);
        return perso_error_errno(err, "room for requests");
    }
    *ret = spill;
    return PERSO_OK;
}

static bool
digest_of(const void *bytes, size_t n, uint64_t *ret)
{
    uint8_t sm3[PERSO_SM3_BYTES];

    if (!perso_sm3_of(bytes, n, sm3))
        return false;
    memcpy(ret, sm3, sizeof *ret);
    if (*ret == 0)
        *ret = 1;
    return true;
}

static bool
grow(struct perso_request_spill *spill)
{
    uint32_t room = spill->room == 0 ? 1024 : 2 * spill->room;
    struct place *grown = realloc(spill->places, room * sizeof *grown);

    if (grown == NULL)
        return false;
    spill->places = grown;
    spill->room = room;
    return true;
}

enum perso_result
perso_request_spill_add(struct perso_request_spill *spill, const struct perso_request_entry *entry,
                        const uint8_t *bytes, struct perso_error *err)
{
    uint8_t head[HEAD_BYTES] = { entry->has_key };
    struct place place = { .at = spill->end << BYTES_BITS | entry->bytes };

    memcpy(head + 1, entry->public_key, PERSO_POINT_BYTES);
    memcpy(head + 1 + PERSO_POINT_BYTES, entry->card, sizeof entry->card);
    if (!digest_of(entry->card, strlen(entry->card), &place.card) ||
        (entry->has_key && !digest_of(entry->public_key, PERSO_POINT_BYTES, &place.key)))
        return perso_error_openssl(err, "SM3");
    if (spill->n == spill->room && !grow(spill))
        return perso_error_errno(err, "memory");
    if (fwrite(head, 1, sizeof head, spill->file) != sizeof head ||
        fwrite(bytes, 1, entry->bytes, spill->file) != entry->bytes)
        return perso_error_errno(err, "room for requests");
    spill->places[spill->n++] = place;
    spill->end += sizeof head + entry->bytes;
    return PERSO_OK;
}

/* The slot of a digest, from *slot on; 0: none, and *slot is free. */
static uint32_t
next_of(const struct perso_request_spill *spill, const uint32_t *table, uint64_t digest,
        uint32_t *slot)
{
    for (;; *slot = (*slot + 1) & (spill->n_slots - 1)) {
        uint32_t index = table[*slot];
        if (index == 0)
            return 0;
        const struct place *place = &spill->places[index - 1];
        if ((table == spill->by_key ? place->key : place->card) == digest)
            return index;
    }
}

static uint32_t
first_slot(const struct perso_request_spill *spill, uint64_t digest)
{
    return (uint32_t)digest & (spill->n_slots - 1);
}

enum perso_result
perso_request_spill_end(struct perso_request_spill *spill, struct perso_error *err)
{
    uint32_t slot, twin;

    if (fflush(spill->file) != 0)
        return perso_error_errno(err, "room for requests");
    for (spill->n_slots = 64; spill->n_slots < 2 * spill->n;)
        spill->n_slots *= 2;
    if ((spill->by_key = calloc(spill->n_slots, sizeof *spill->by_key)) == NULL ||
        (spill->by_card = calloc(spill->n_slots, sizeof *spill->by_card)) == NULL)
        return perso_error_errno(err, "memory");
    for (uint32_t i = 0; i < spill->n; i++) {
        const struct place *place = &spill->places[i];
        slot = first_slot(spill, place->card);
        if ((twin = next_of(spill, spill->by_card, place->card, &slot)) != 0)
            return perso_error_set(err, PERSO_REJ_ARCHIVE_MEMBER, "",
                                   "requests %u and %u are named after one card", twin, i + 1);
        spill->by_card[slot] = i + 1;
        if (place->key == 0)
            continue;
        for (slot = first_slot(spill, place->key); spill->by_key[slot] != 0;)
            slot = (slot + 1) & (spill->n_slots - 1); /* one key may have several */
        spill->by_key[slot] = i + 1;
    }
    return PERSO_OK;
}

uint32_t
perso_request_spill_count(const struct perso_request_spill *spill)
{
    return spill->n;
}

static enum perso_result
read_at(const struct perso_request_spill *spill, uint64_t offset, void *out, size_t n,
        struct perso_error *err)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got =
            pread(fileno(spill->file), (uint8_t *)out + have, n - have, (off_t)(offset + have));
        if (got <= 0)
            return perso_error_errno(err, "room for requests");
        have += (size_t)got;
    }
    return PERSO_OK;
}

static uint64_t
offset_of(const struct place *place)
{
    return (place->at & ~USED) >> BYTES_BITS;
}

static enum perso_result
get_entry(const struct perso_request_spill *spill, uint32_t index,
          struct perso_request_entry *entry, struct perso_error *err)
{
    const struct place *place = &spill->places[index];
    uint8_t head[HEAD_BYTES];
    enum perso_result rc = read_at(spill, offset_of(place), head, sizeof head, err);

    if (rc != PERSO_OK)
        return rc;
    *entry = (struct perso_request_entry) { .has_key = head[0] != 0,
                                            .bytes = place->at & ((1u << BYTES_BITS) - 1) };
    memcpy(entry->public_key, head + 1, PERSO_POINT_BYTES);
    memcpy(entry->card, head + 1 + PERSO_POINT_BYTES, sizeof entry->card);
    return PERSO_OK;
}

enum perso_result
perso_request_spill_by_key(struct perso_request_spill *spill,
                           const uint8_t public_key[PERSO_POINT_BYTES], const char *card,
                           uint32_t *ret, struct perso_error *err)
{
    struct perso_request_entry entry;
    uint64_t digest = 0;
    uint32_t index, slot, found = 0;
    enum perso_result rc;

    if (!digest_of(public_key, PERSO_POINT_BYTES, &digest))
        return perso_error_openssl(err, "SM3");
    slot = first_slot(spill, digest);
    for (; (index = next_of(spill, spill->by_key, digest, &slot)) != 0;
         slot = (slot + 1) & (spill->n_slots - 1)) {
        if ((rc = get_entry(spill, index - 1, &entry, err)) != PERSO_OK)
            return rc;
        if (memcmp(entry.public_key, public_key, PERSO_POINT_BYTES) != 0)
            continue;
        if (strcmp(entry.card, card) == 0) {
            *ret = index - 1;
            return PERSO_OK;
        }
        if (found == 0)
            found = index;
    }
    *ret = found - 1;
    return found != 0 ? PERSO_OK : PERSO_END;
}

enum perso_result
perso_request_spill_by_card(struct perso_request_spill *spill, const char *card, uint32_t *ret,
                            struct perso_error *err)
{
    uint64_t digest = 0;
    uint32_t index, slot;

    if (!digest_of(card, strlen(card), &digest))
        return perso_error_openssl(err, "SM3");
    slot = first_slot(spill, digest);
    index = next_of(spill, spill->by_card, digest, &slot);
    *ret = index - 1;
    return index != 0 ? PERSO_OK : PERSO_END;
}

enum perso_result
perso_request_spill_get(struct perso_request_spill *spill, uint32_t index,
                        struct perso_request_entry *entry,
                        uint8_t bytes[PERSO_REQUEST_MEMBER_BYTES], struct perso_error *err)
{
    enum perso_result rc = get_entry(spill, index, entry, err);

    if (rc != PERSO_OK)
        return rc;
    return read_at(spill, offset_of(&spill->places[index]) + HEAD_BYTES, bytes, entry->bytes, err);
}

bool
perso_request_spill_use(struct perso_request_spill *spill, uint32_t index)
{
    bool first = (spill->places[index].at & USED) == 0;

    spill->places[index].at |= USED;
    return first;
}

void
perso_request_spill_free(struct perso_request_spill *spill)
{
    if (spill == NULL)
        return;
    fclose(spill->file);
    free(spill->places);
    free(spill->by_key);
    free(spill->by_card);
    free(spill);
}
