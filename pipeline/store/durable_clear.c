#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/store/durable.h"

/* What readdir gives after an unlink is the file system's to choose: passes until one finds none.
 */
static enum perso_result
pass(DIR *dir, const char *folder, bool *removed, struct perso_error *err)
{
    const struct dirent *entry;
    struct stat st;

    *removed = false;
    rewinddir(dir);
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return perso_error_errno(err, folder);
        if (S_ISDIR(st.st_mode))
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            return perso_error_errno(err, folder);
        *removed = true;
    }
    return errno == 0 ? PERSO_OK : perso_error_errno(err, folder);
}

enum perso_result
perso_durable_clear(const char *folder, struct perso_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool removed = true;
    enum perso_result rc = PERSO_OK;

    if (dir == NULL) {
        if (fd < 0 && errno == ENOENT)
            return PERSO_OK;
        rc = perso_error_errno(err, folder);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    while (rc == PERSO_OK && removed)
        rc = pass(dir, folder, &removed, err);
    if (rc == PERSO_OK && fsync(dirfd(dir)) != 0)
        rc = perso_error_errno(err, folder);
    closedir(dir);
    return rc;
}
