/* Sources and sinks of memory for the tests of archives. */
#ifndef TESTS_MEMORY_IO_H
#define TESTS_MEMORY_IO_H

#include <stdlib.h>
#include <string.h>

#include "formats/package/archive.h"
#include "perso/io.h"

struct memory {
    uint8_t *at;
    size_t n, room;
    size_t read_at, piece; /* a read gives at most piece bytes; 0: as many as wanted */
};

static inline enum perso_result
memory_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    struct memory *m = (struct memory *)self;
    size_t left = m->n - m->read_at;

    (void)err;
    if (left == 0)
        return PERSO_END;
    *n = left < max ? left : max;
    if (m->piece != 0 && *n > m->piece)
        *n = m->piece;
    memcpy(buf, m->at + m->read_at, *n);
    m->read_at += *n;
    return PERSO_OK;
}

static inline enum perso_result
memory_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    struct memory *m = (struct memory *)self;

    (void)err;
    if (n == 0)
        return PERSO_OK;
    if (m->n + n > m->room) {
        m->room = 2 * (m->n + n);
        m->at = realloc(m->at, m->room);
        if (m->at == NULL)
            abort();
    }
    memcpy(m->at + m->n, bytes, n);
    m->n += n;
    return PERSO_OK;
}

static inline struct perso_source
memory_source(struct memory *m)
{
    m->read_at = 0;
    return (struct perso_source) { memory_read, m };
}

static inline struct perso_sink
memory_sink(struct memory *m)
{
    return (struct perso_sink) { memory_write, m };
}

static inline void
memory_free(struct memory *m)
{
    free(m->at);
    *m = (struct memory) { 0 };
}

static const struct perso_archive_limits wide_limits = { 100000, UINT64_C(2) << 30,
                                                         UINT64_C(4) << 30 };

/* All members, read to the end: "name=bytes;" each. *code: why it was refused, or NONE. */
static inline enum perso_result
memory_list_as(struct memory *m, const struct perso_archive_limits *limits,
               const struct perso_archive_ways *ways, struct memory *list, struct perso_error *err)
{
    struct perso_source source = memory_source(m), member;
    struct perso_archive *archive = NULL;
    const char *name = NULL;
    enum perso_result rc = perso_archive_open(&source, limits, &archive, err);

    if (rc == PERSO_OK)
        perso_archive_set(archive, ways);
    while (rc == PERSO_OK && (rc = perso_archive_next(archive, &name, &member, err)) == PERSO_OK) {
        uint8_t block[1000];
        size_t n = 0;
        memory_write(list, name, strlen(name), err);
        memory_write(list, "=", 1, err);
        while ((rc = perso_source_read(&member, block, sizeof block, &n, err)) == PERSO_OK)
            memory_write(list, block, n, err);
        if (rc == PERSO_END)
            rc = PERSO_OK;
        memory_write(list, ";", 1, err);
    }
    perso_archive_free(archive);
    return rc == PERSO_END ? PERSO_OK : rc;
}

static inline enum perso_result
memory_list(struct memory *m, const struct perso_archive_limits *limits, struct memory *list,
            struct perso_error *err)
{
    const struct perso_archive_ways ways = { .ratio = 0 };

    return memory_list_as(m, limits, &ways, list, err);
}

#define NOON_2024_02_29 INT64_C(1709208000)

/* The members "a.csv", "dir/b.txt" and an empty one. */
static inline void
memory_sample(struct memory *m, enum perso_archive_form form)
{
    struct perso_error err = { 0 };
    struct perso_archive_writer *w = NULL;
    struct perso_sink sink = memory_sink(m);

    if (perso_archive_create(&sink, form, NOON_2024_02_29, &w, &err) != PERSO_OK ||
        perso_archive_add(w, "a.csv", "AAZ501\n1\n", 9, &err) != PERSO_OK ||
        perso_archive_add(w, "dir/b.txt", "slip", 4, &err) != PERSO_OK ||
        perso_archive_add(w, "empty", "", 0, &err) != PERSO_OK ||
        perso_archive_finish(w, &err) != PERSO_OK)
        abort();
    perso_archive_writer_free(w);
}

#define SAMPLE_LIST "a.csv=AAZ501\n1\n;dir/b.txt=slip;empty=;"

#endif
