/* A progress line on stderr: rate and time left, on a terminal only (DESIGN 4). */
#ifndef PIPELINE_PROGRESS_H
#define PIPELINE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct perso_progress {
    const char *what;
    uint64_t done, total;       /* total 0: not known */
    int64_t began_ms, shown_ms; /* monotonic */
    bool on;
};

void perso_progress_begin(struct perso_progress *progress, const char *what, uint64_t total);
void perso_progress_add(struct perso_progress *progress, uint64_t n);
/** Takes the line away. */
void perso_progress_end(struct perso_progress *progress);

#endif
