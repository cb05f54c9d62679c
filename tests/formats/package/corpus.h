/* The corpus of hostile archives (RELIABILITY T10): one case and how it is held to its verdict. */
#ifndef TESTS_CORPUS_H
#define TESTS_CORPUS_H

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "make_archive.h"

/* Sanitizers have time and memory of their own. */
#if defined(__SANITIZE_ADDRESS__)
#define CORPUS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORPUS_SANITIZED
#endif
#endif
#if defined(CORPUS_SANITIZED)
#define CORPUS_SECONDS 60.0
#define CORPUS_RSS_KIB (4096L * 1024)
#else
#define CORPUS_SECONDS 2.0
#define CORPUS_RSS_KIB (64L * 1024)
#endif

static unsigned corpus_cases;

static inline double
cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline enum perso_result
corpus_passphrase(void *self, unsigned attempt, struct perso_passphrase *ret,
                  struct perso_error *err)
{
    (void)self;
    if (attempt > 0)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "", "passphrase is wrong");
    ret->bytes = 6;
    memcpy(ret->at, "secret", 6);
    return PERSO_OK;
}

/* Read to the end without keeping anything, with the limits that a profile has. */
static inline enum perso_result
corpus_read(const struct perso_source *source, bool folders, struct perso_error *err)
{
    const struct perso_archive_limits limits = { PERSO_ARCHIVE_MEMBERS, PERSO_ARCHIVE_ENTRY_BYTES,
                                                 PERSO_ARCHIVE_TOTAL_BYTES };
    const struct perso_archive_ways ways = { .folders = folders,
                                             .passphrase = { corpus_passphrase, NULL } };
    struct perso_archive *archive = NULL;
    struct perso_source member;
    const char *name = NULL;
    static uint8_t block[65536];
    size_t n;
    enum perso_result rc = perso_archive_open(source, &limits, &archive, err);

    if (rc == PERSO_OK)
        perso_archive_set(archive, &ways);
    while (rc == PERSO_OK && (rc = perso_archive_next(archive, &name, &member, err)) == PERSO_OK)
        while ((rc = perso_source_read(&member, block, sizeof block, &n, err)) == PERSO_OK ||
               rc == PERSO_END)
            if (rc == PERSO_END) {
                rc = PERSO_OK;
                break;
            }
    perso_archive_free(archive);
    return rc;
}

/* Seconds. want NONE: it is whole. member 0: any; else the one that the message tells. */
static inline double
corpus_judge_source(const char *what, const struct perso_source *source, bool folders,
                    enum perso_reject want, unsigned member)
{
    struct perso_error err = { 0 };
    char told[32];
    double before = cpu_seconds();
    enum perso_result rc = corpus_read(source, folders, &err);
    double took = cpu_seconds() - before;

    corpus_cases++;
    snprintf(told, sizeof told, "member %u: ", member);
    if (err.reject != want || rc != (want == PERSO_REJ_NONE ? PERSO_END : PERSO_REJECT))
        fail_msg("%s: have %s %s, want %s", what, perso_reject_code(err.reject), err.text,
                 perso_reject_code(want));
    if (member != 0 && strncmp(err.text, told, strlen(told)) != 0)
        fail_msg("%s: have \"%s\", want %s", what, err.text, told);
    return took;
}

static inline void
corpus_judge(const char *what, struct memory *m, bool folders, enum perso_reject want,
             unsigned member)
{
    struct perso_source source = memory_source(m);
    double took = corpus_judge_source(what, &source, folders, want, member);
    if (took > CORPUS_SECONDS)
        fail_msg("%s: took %.1f s", what, took);
    memory_free(m);
}

/* After all of a program's cases. */
static inline void
corpus_memory_is_bounded(void **state)
{
    struct rusage usage;

    (void)state;
    getrusage(RUSAGE_SELF, &usage);
    print_message("%u cases, at most %ld KiB\n", corpus_cases, usage.ru_maxrss);
    if (usage.ru_maxrss > CORPUS_RSS_KIB)
        fail_msg("%ld KiB of memory", usage.ru_maxrss);
}

#endif
