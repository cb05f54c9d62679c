/*
 * persoline whose n-th allocation fails: linked with --wrap, so that what our own code asks for
 * passes here first; what the libraries ask for arrives at malloc itself, which this program
 * defines over the C library's (not under a sanitizer, which has its own).
 *
 * PERSO_ALLOC_OURS=N      the N-th allocation of ours fails; with PERSO_ALLOC_LASTING all from it
 * on PERSO_ALLOC_LIBRARY=N   the N-th inside a library PERSO_ALLOC_TELL=FILE   at exit: allocations
 * of ours, those inside libraries, and of ours those that nobody gave back, with the places that
 * took the first of them
 */
#define _GNU_SOURCE /* fopencookie */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void __real_free(void *memory);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
char *__real_realpath(const char *path, char *resolved);
FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void __wrap_free(void *memory);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
char *__wrap_realpath(const char *path, char *resolved);
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);

#define SLOTS 65536u /* a 20-card job has a few hundred at a time */
#define SHOWN 8

static struct {
    const void *memory, *place;
} kept[SLOTS];
static unsigned long ours, within, ours_fails, library_fails, n_kept;
static bool lasting, inside; /* inside: one of ours is being served by the C library */

static unsigned long
number_of(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

extern const char __executable_start;

static void
tell(void)
{
    FILE *out = fopen(getenv("PERSO_ALLOC_TELL"), "w");

    if (out == NULL)
        return;
    fprintf(out, "ours %lu\nlibrary %lu\nkept %lu\n", ours, within, n_kept);
    for (size_t i = 0, shown = 0; i < SLOTS && shown < SHOWN; i++)
        if (kept[i].memory != NULL && ++shown)
            fprintf(out, "at 0x%zx\n", (size_t)((const char *)kept[i].place - &__executable_start));
    fclose(out);
}

__attribute__((constructor)) static void
begin(void)
{
    ours_fails = number_of("PERSO_ALLOC_OURS");
    library_fails = number_of("PERSO_ALLOC_LIBRARY");
    lasting = getenv("PERSO_ALLOC_LASTING") != NULL;
    if (getenv("PERSO_ALLOC_TELL") != NULL)
        atexit(tell);
}

static bool
fails(void)
{
    ours++;
    if (ours_fails == 0 || (lasting ? ours < ours_fails : ours != ours_fails))
        return false;
    errno = ENOMEM;
    return true;
}

static size_t
slot_of(const void *memory)
{
    size_t i = (uintptr_t)memory / 16 * 2654435761u % SLOTS;

    while (kept[i].memory != NULL && kept[i].memory != memory)
        i = (i + 1) % SLOTS;
    return i;
}

static void *
keep(void *memory, const void *place)
{
    if (memory == NULL)
        return NULL;
    if (n_kept > SLOTS / 2)
        abort();
    size_t i = slot_of(memory);
    n_kept += kept[i].memory == NULL;
    kept[i].memory = memory;
    kept[i].place = place;
    return memory;
}

/* What follows in the run of filled slots moves up, so that slot_of finds it. */
static void
forget(const void *memory)
{
    size_t i = slot_of(memory);

    if (memory == NULL || kept[i].memory == NULL)
        return; /* a library's, given to us to be freed */
    n_kept--;
    kept[i].memory = NULL;
    for (size_t k = (i + 1) % SLOTS; kept[k].memory != NULL; k = (k + 1) % SLOTS) {
        const void *moved = kept[k].memory, *place = kept[k].place;
        kept[k].memory = NULL;
        size_t to = slot_of(moved);
        kept[to].memory = moved;
        kept[to].place = place;
    }
}

#define PLACE __builtin_return_address(0)

void *
__wrap_malloc(size_t bytes)
{
    if (fails())
        return NULL;
    inside = true;
    void *memory = keep(__real_malloc(bytes), PLACE);
    inside = false;
    return memory;
}

void *
__wrap_calloc(size_t n, size_t bytes)
{
    if (fails())
        return NULL;
    inside = true;
    void *memory = keep(__real_calloc(n, bytes), PLACE);
    inside = false;
    return memory;
}

void *
__wrap_realloc(void *old, size_t bytes)
{
    if (fails())
        return NULL;
    forget(old);
    inside = true;
    void *memory = keep(__real_realloc(old, bytes), PLACE);
    inside = false;
    return memory;
}

void
__wrap_free(void *memory)
{
    forget(memory);
    __real_free(memory);
}

char *
__wrap_strdup(const char *text)
{
    if (fails())
        return NULL;
    inside = true;
    char *copy = keep(__real_strdup(text), PLACE);
    inside = false;
    return copy;
}

char *
__wrap_strndup(const char *text, size_t n)
{
    if (fails())
        return NULL;
    inside = true;
    char *copy = keep(__real_strndup(text, n), PLACE);
    inside = false;
    return copy;
}

char *
__wrap_realpath(const char *path, char *resolved)
{
    if (resolved == NULL && fails())
        return NULL;
    inside = true;
    char *real = __real_realpath(path, resolved);
    inside = false;
    return resolved == NULL ? keep(real, PLACE) : real;
}

FILE *
__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
    if (fails())
        return NULL;
    inside = true;
    FILE *stream = __real_fopencookie(cookie, mode, functions);
    inside = false;
    return stream;
}

#ifndef __SANITIZE_ADDRESS__
#if defined __has_feature
#if __has_feature(address_sanitizer)
#define HAS_OWN_MALLOC
#endif
#endif
#else
#define HAS_OWN_MALLOC
#endif

#ifndef HAS_OWN_MALLOC
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *malloc(size_t bytes);
void *calloc(size_t n, size_t bytes);
void *realloc(void *old, size_t bytes);

static bool
library_fails_now(void)
{
    if (inside)
        return false;
    within++;
    if (library_fails == 0 || within != library_fails)
        return false;
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t bytes)
{
    return library_fails_now() ? NULL : __libc_malloc(bytes);
}

void *
calloc(size_t n, size_t bytes)
{
    return library_fails_now() ? NULL : __libc_calloc(n, bytes);
}

void *
realloc(void *old, size_t bytes)
{
    return library_fails_now() ? NULL : __libc_realloc(old, bytes);
}
#endif
