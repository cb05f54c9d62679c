#include "pipeline/job/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };
#define N_SIGNALS (sizeof signals / sizeof signals[0])

static volatile sig_atomic_t caught;

static void
catch_signal(int number)
{
    caught = number;
}

/* Handlers for as long as the echo is off; what is ignored stays so. */
static void
guard(struct sigaction before[N_SIGNALS])
{
    struct sigaction own = { .sa_handler = catch_signal };

    sigemptyset(&own.sa_mask);
    caught = 0;
    for (size_t i = 0; i < N_SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &own, NULL);
    }
}

static void
unguard(const struct sigaction before[N_SIGNALS])
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

/* One line; what does not fit is read and not kept. false where a signal came or nothing will. */
static bool
read_line(uint8_t *out, size_t max, size_t *n)
{
    *n = 0;
    for (;;) {
        uint8_t byte = 0;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && errno == EINTR && caught == 0)
            continue;
        if (got <= 0)
            return false;
        if (byte == '\n' || byte == '\r')
            return true;
        if (*n < max)
            out[*n] = byte;
        ++*n;
    }
}

enum perso_result
perso_terminal_ask(const char *prompt, uint8_t *out, size_t max, size_t *n, struct perso_error *err)
{
    struct sigaction before[N_SIGNALS];
    struct termios shown, hidden;
    bool typed;

    do {
        if (tcgetattr(STDIN_FILENO, &shown) != 0)
            return perso_error_errno(err, "terminal");
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
        guard(before);
        bool off = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0; /* before it is asked */
        fflush(stdout);
        fputs(prompt, stderr);
        fflush(stderr);
        typed = off && caught == 0 && read_line(out, max, n);
        if (off)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
        unguard(before);
        if (!off)
            return perso_error_errno(err, "terminal");
        if (caught != 0) {
            OPENSSL_cleanse(out, max);
            raise(caught);
        }
    } while (caught != 0); /* it was stopped, and goes on: asked again */
    if (typed && *n > 0 && *n <= max)
        return PERSO_OK;
    OPENSSL_cleanse(out, max);
    return PERSO_END;
}

bool
perso_terminal_is_there(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}
