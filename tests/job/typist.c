/*
 * Somebody at a terminal: runs a command on one of its own, and at each prompt types the next line.
 * usage: typist PROMPT LINE... -- COMMAND...
 * The line ^C is that key. What the terminal showed goes to standard output. Ends with the
 * command's code (128 + n after signal n); 99 where the terminal was left without its echo, or a
 * line was not asked for.
 */
#define _GNU_SOURCE

#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SHOWN_MAX (1 << 20)

static char shown[SHOWN_MAX];
static size_t n_shown, seen;

static void
die(const char *what)
{
    perror(what);
    exit(2);
}

static pid_t
start(int terminal, char **command)
{
    pid_t child = fork();

    if (child < 0)
        die("fork");
    if (child > 0)
        return child;
    setsid();
    ioctl(terminal, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(terminal, fd);
    if (terminal > 2)
        close(terminal);
    execvp(command[0], command);
    die(command[0]);
    return -1;
}

static void
type_line(int master, const char *line)
{
    char bytes[512];
    int n = strcmp(line, "^C") == 0 ? snprintf(bytes, sizeof bytes, "\003")
                                    : snprintf(bytes, sizeof bytes, "%s\n", line);

    if (write(master, bytes, (size_t)n) != n)
        die("write");
}

/* True where the prompt is there once more. */
static bool
prompted(const char *prompt)
{
    const char *at = memmem(shown + seen, n_shown - seen, prompt, strlen(prompt));

    if (at == NULL)
        return false;
    seen = (size_t)(at - shown) + strlen(prompt);
    return true;
}

static void
hide_alarm(int number)
{
    (void)number;
}

/* What is there to read within a second; false where there is nothing. */
static bool
look(int master)
{
    alarm(1);
    ssize_t n = read(master, shown + n_shown, SHOWN_MAX - n_shown);
    alarm(0);
    if (n > 0)
        n_shown += (size_t)n;
    return n > 0;
}

int
main(int argc, char **argv)
{
    const struct sigaction action = { .sa_handler = hide_alarm };
    struct termios left;
    int master = -1, terminal = -1, status = 0, next = 2, end = 2;

    while (end < argc && strcmp(argv[end], "--") != 0)
        end++;
    if (end + 1 >= argc || openpty(&master, &terminal, NULL, NULL, NULL) != 0)
        die("usage: typist PROMPT LINE... -- COMMAND...");
    sigaction(SIGALRM, &action, NULL);
    pid_t child = start(terminal, argv + end + 1);
    for (bool ended = false; !ended;) {
        ended = waitpid(child, &status, WNOHANG) == child;
        while (look(master) && n_shown < SHOWN_MAX)
            while (next < end && prompted(argv[1])) {
                usleep(50000); /* the echo goes off before the question, but let it */
                type_line(master, argv[next++]);
            }
    }
    fwrite(shown, 1, n_shown, stdout);
    if (tcgetattr(master, &left) != 0 || (left.c_lflag & ECHO) == 0 || next < end)
        return 99;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
