#include "pipeline/job/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "perso/text.h"

#define EVERY_MS 250

static int64_t
monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
perso_progress_begin(struct perso_progress *progress, const char *what, uint64_t total)
{
    *progress = (struct perso_progress) { .what = what, .total = total };
    progress->on = isatty(STDERR_FILENO) == 1;
    progress->began_ms = progress->shown_ms = monotonic_ms();
}

void
perso_progress_add(struct perso_progress *progress, uint64_t n)
{
    progress->done += n;
    if (!progress->on)
        return;
    int64_t now_ms = monotonic_ms();
    if (now_ms - progress->shown_ms < EVERY_MS)
        return;
    progress->shown_ms = now_ms;
    uint64_t rate = progress->done * 1000 / (uint64_t)(now_ms - progress->began_ms);
    fputs("\r\033[K", stderr);
    if (progress->total >= progress->done && progress->total > 0 && rate > 0)
        fprintf(stderr, _("%s: %llu of %llu, %llu cards/s, %llu s left"), _(progress->what),
                (unsigned long long)progress->done, (unsigned long long)progress->total,
                (unsigned long long)rate,
                (unsigned long long)((progress->total - progress->done) / rate));
    else
        fprintf(stderr, _("%s: %llu, %llu cards/s"), _(progress->what),
                (unsigned long long)progress->done, (unsigned long long)rate);
    fflush(stderr);
}

void
perso_progress_end(struct perso_progress *progress)
{
    if (progress->on && progress->shown_ms != progress->began_ms)
        fputs("\r\033[K", stderr);
    progress->on = false;
}
