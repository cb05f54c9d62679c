#include "pipeline/file/archive_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "perso/text.h"
#include "pipeline/job/conf.h"
#include "pipeline/job/path.h"
#include "pipeline/job/terminal.h"

#define TRIES 3u
#define FIELD "passphrase_file"
#define LINE_END_BYTES 2u

/* ---- of a file ---- */

static enum perso_result
check_file(int file, struct perso_error *err)
{
    struct stat st;

    if (fstat(file, &st) != 0)
        return perso_error_errno(err, FIELD);
    if (!S_ISREG(st.st_mode))
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD, "not a regular file");
    if (st.st_uid != geteuid())
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD,
                               "it belongs to another user of this machine");
    if ((st.st_mode & 077) != 0)
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD,
                               "others have rights to it: have mode %04o, want 0600",
                               (unsigned)st.st_mode & 07777u);
    return PERSO_OK;
}

/* One line, and nothing after it. */
static bool
take_line(const uint8_t *line, size_t n, struct perso_passphrase *ret)
{
    if (n > 0 && line[n - 1] == '\n')
        n--;
    if (n > 0 && line[n - 1] == '\r')
        n--;
    if (n == 0 || n > sizeof ret->at)
        return false;
    for (size_t i = 0; i < n; i++)
        if (line[i] < ' ' || line[i] == 0x7f)
            return false;
    memcpy(ret->at, line, n);
    ret->bytes = n;
    return true;
}

static enum perso_result
read_file(const struct perso_archive_in *in, struct perso_passphrase *ret, struct perso_error *err)
{
    uint8_t line[PERSO_PASSPHRASE_BYTES + LINE_END_BYTES + 1];
    char path[PERSO_PATH_BYTES];
    ssize_t n = -1;
    enum perso_result rc = perso_path_join(in->folder[0] != '\0' ? in->folder : ".",
                                           in->profile->passphrase_file, path, sizeof path, err);

    if (rc != PERSO_OK)
        return rc;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return errno == ELOOP
                   ? perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD, "not a regular file")
                   : perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD, "%s: %s", path,
                                     _(perso_errno_text(errno)));
    if ((rc = check_file(file, err)) == PERSO_OK) {
        n = read(file, line, sizeof line);
        if (n < 0)
            rc = perso_error_errno(err, FIELD);
        else if (!take_line(line, (size_t)n, ret))
            rc = perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD,
                                 "want one line of 1 to %u bytes", PERSO_PASSPHRASE_BYTES);
    }
    close(file);
    OPENSSL_cleanse(line, sizeof line);
    return rc;
}

/* ---- typed ---- */

static enum perso_result
ask(struct perso_archive_in *in, struct perso_error *err)
{
    char prompt[PERSO_PATH_BYTES];
    enum perso_result rc;

    if (!perso_terminal_is_there())
        return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "",
                               "encrypted: name a file with the passphrase as passphrase_file in "
                               "[archive] of the profile, or be at a terminal");
    snprintf(prompt, sizeof prompt, _("passphrase of %s: "), in->display);
    rc = perso_terminal_ask(prompt, in->typed.at, sizeof in->typed.at, &in->typed.bytes, err);
    if (rc == PERSO_OK)
        return rc;
    in->typed.bytes = 0;
    return rc == PERSO_END ? perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "",
                                             "encrypted, and no passphrase was typed")
                           : rc;
}

static enum perso_result
get_passphrase(void *self, unsigned attempt, struct perso_passphrase *ret, struct perso_error *err)
{
    struct perso_archive_in *in = self;
    enum perso_result rc = PERSO_OK;

    if (in->profile->passphrase_file[0] != '\0')
        return attempt == 0 ? read_file(in, ret, err)
                            : perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, FIELD,
                                              "passphrase is wrong");
    if (attempt > 0 || in->typed.bytes == 0) {
        if (in->asked == TRIES)
            return perso_error_set(err, PERSO_REJ_ARCHIVE_PASSPHRASE, "", "passphrase is wrong");
        in->asked++;
        rc = ask(in, err);
    }
    if (rc == PERSO_OK)
        *ret = in->typed;
    return rc;
}

/* ---- */

void
perso_archive_in_begin(struct perso_archive_in *in, const struct perso_archive_profile *profile,
                       const char *folder, const char *display)
{
    *in = (struct perso_archive_in) { .profile = profile, .folder = folder, .display = display };
}

static enum perso_member_names
names_of(const char *word)
{
    static const struct {
        const char *word;
        enum perso_member_names names;
    } words[] = { { "utf-8", PERSO_NAMES_UTF8 },
                  { "gbk", PERSO_NAMES_GBK },
                  { "gb18030", PERSO_NAMES_GB18030 } };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].names;
    return PERSO_NAMES_EITHER;
}

enum perso_result
perso_archive_in_open(struct perso_archive_in *in, const struct perso_source *source,
                      struct perso_archive **ret, struct perso_error *err)
{
    const struct perso_archive_limits limits = { in->profile->members,
                                                 (uint64_t)in->profile->member_mib << 20,
                                                 (uint64_t)in->profile->total_mib << 20 };
    const struct perso_archive_ways ways = { .names = names_of(in->profile->names),
                                             .ratio = in->profile->ratio,
                                             .folders = true,
                                             .passes = in->passes,
                                             .passphrase = { get_passphrase, in } };
    enum perso_result rc = perso_archive_open(source, &limits, ret, err);

    if (rc == PERSO_OK)
        perso_archive_set(*ret, &ways);
    return rc;
}

void
perso_archive_in_end(struct perso_archive_in *in)
{
    OPENSSL_cleanse(&in->typed, sizeof in->typed);
}
