#define _GNU_SOURCE /* fopencookie */
#include "pipeline/store/stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static ssize_t
stream_write(void *cookie, const char *bytes, size_t n)
{
    struct perso_stream *s = cookie;

    if (s->room - s->n <= n) { /* one more for the NUL */
        size_t room = s->room == 0 ? 1024 : s->room;
        while (room - s->n <= n)
            room *= 2;
        char *grown = realloc(s->text, room);
        if (grown == NULL)
            return 0;
        s->text = grown;
        s->room = room;
    }
    memcpy(s->text + s->n, bytes, n);
    s->n += n;
    s->text[s->n] = '\0';
    return (ssize_t)n;
}

enum perso_result
perso_stream_open(struct perso_stream *s, struct perso_error *err)
{
    *s = (struct perso_stream) { .room = 0 };
    if ((s->text = calloc(1, 1024)) != NULL) {
        s->room = 1024;
        s->out = fopencookie(s, "w", (cookie_io_functions_t) { .write = stream_write });
    }
    if (s->out != NULL)
        return PERSO_OK;
    free(s->text);
    s->text = NULL;
    return perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
}

enum perso_result
perso_stream_close(struct perso_stream *s, enum perso_result rc, char **text, size_t *n,
                   struct perso_error *err)
{
    bool failed = ferror(s->out) != 0;

    if (fclose(s->out) != 0)
        failed = true;
    s->out = NULL;
    if (failed && rc == PERSO_OK)
        rc = perso_error_set(err, PERSO_REJ_NONE, "", "no memory");
    if (rc == PERSO_OK) {
        *text = s->text;
        *n = s->n;
    } else {
        free(s->text);
    }
    s->text = NULL;
    return rc;
}
