/* Results and errors. Code outside pipeline/ returns them and says nothing itself. */
#ifndef PERSO_RESULT_H
#define PERSO_RESULT_H

#include <stdint.h>

#include "perso/reject.h"

#if defined(__GNUC__)
#define PERSO_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PERSO_PRINTF(text, first)
#endif

enum perso_result {
    PERSO_OK,     /* done, outputs set; under any other result they are as they were */
    PERSO_END,    /* the stream is used up */
    PERSO_REJECT, /* this record (card codes) or this file (file codes) is refused, *err says why */
    PERSO_RETRY,  /* nothing changed; the call may succeed later: RA busy, a package incomplete */
    PERSO_FATAL,  /* the stage stops; the job resumes from the ledger */
};

/* Where a record was read; it stays with the record to the last stage, for messages and audit. */
struct perso_origin {
    const char *file; /* as the operator named it; borrowed from the job */
    uint32_t line;    /* physical line of its first byte, from 1; 0: not text */
    uint32_t record;  /* data record, from 1; the header row is not counted; 0: no record */
};

/* One error. Secrets and personal values never enter text: they are told by line and field. */
struct perso_error {
    enum perso_reject reject; /* PERSO_REJ_NONE: the machine failed (disk, memory, library) */
    uint32_t line, record;    /* as in perso_origin; 0: unknown */
    char file[256];           /* "" where no file is concerned */
    char field[32];           /* column code or member name; "" where none */
    char text[256]; /* what is wrong, English, lower case, no full stop; "" : the code's own text */
    char shown[512]; /* the same in the user's language (perso/text.h); "": as text */
};

/**
 * Set *err to a code, a field and a formatted text (bytes that are not printable ASCII or valid
 * UTF-8 are escaped). Line, record and file are kept as they were.
 * @return PERSO_REJECT, or PERSO_FATAL where reject is PERSO_REJ_NONE
 */
enum perso_result perso_error_set(struct perso_error *err, enum perso_reject reject,
                                  const char *field, const char *format, ...) PERSO_PRINTF(4, 5);

/** Put a text in front of what is told: of the member that it happened in, say. */
void perso_error_prefix(struct perso_error *err, const char *format, ...) PERSO_PRINTF(2, 3);

/** What an errno means, in English: the same on every system. Shown with _(). */
const char *perso_errno_text(int number);

/** PERSO_FATAL with "what: perso_errno_text(errno)". */
enum perso_result perso_error_errno(struct perso_error *err, const char *what);

/** PERSO_FATAL with "what: OpenSSL: reason of its last error"; empties OpenSSL's queue. */
enum perso_result perso_error_openssl(struct perso_error *err, const char *what);

/** Note where an error happened, unless that is already known. */
void perso_error_at(struct perso_error *err, const char *file, uint32_t line, uint32_t record);

#endif
