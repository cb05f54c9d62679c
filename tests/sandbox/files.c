#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "formats/base/encode.h"

void
sbx_path(char out[SBX_PATH_BYTES], const char *folder, const char *name)
{
    const int n = snprintf(out, SBX_PATH_BYTES, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= SBX_PATH_BYTES)
        sbx_die("%s: path too long", name);
}

void
sbx_folder(const char *path)
{
    char part[SBX_PATH_BYTES];
    struct stat st;

    snprintf(part, sizeof part, "%s", path);
    for (char *at = part + 1;; at++) {
        const char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            sbx_die("%s: %s", part, strerror(errno));
        *at = end;
        if (end == '\0')
            break;
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        sbx_die("%s: not a folder", path);
}

void
sbx_file_open(struct sbx_file *f, const char *path)
{
    int fd;

    *f = (struct sbx_file) { .stream = NULL };
    if ((size_t)snprintf(f->path, sizeof f->path, "%s", path) >= sizeof f->path ||
        (size_t)snprintf(f->temporary, sizeof f->temporary, "%s.part", path) >= sizeof f->temporary)
        sbx_die("%s: path too long", path);
    if ((fd = open(f->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0 ||
        (f->stream = fdopen(fd, "wb")) == NULL)
        sbx_die("%s: %s", f->temporary, strerror(errno));
    f->digest = EVP_MD_CTX_new();
    sbx_need(f->digest != NULL && EVP_DigestInit_ex(f->digest, EVP_sm3(), NULL) == 1, "SM3");
}

void
sbx_file_write(struct sbx_file *f, const void *bytes, size_t n)
{
    if (fwrite(bytes, 1, n, f->stream) != n)
        sbx_die("%s: %s", f->temporary, strerror(errno));
    sbx_need(EVP_DigestUpdate(f->digest, bytes, n) == 1, "SM3");
    f->bytes += n;
}

void
sbx_file_finish(struct sbx_file *f, uint8_t sm3[32])
{
    if (fflush(f->stream) != 0 || fsync(fileno(f->stream)) != 0 || fclose(f->stream) != 0)
        sbx_die("%s: %s", f->temporary, strerror(errno));
    sbx_need(EVP_DigestFinal_ex(f->digest, sm3, NULL) == 1, "SM3");
    EVP_MD_CTX_free(f->digest);
}

void
sbx_file_publish(struct sbx_file *f)
{
    if (rename(f->temporary, f->path) != 0)
        sbx_die("%s: %s", f->path, strerror(errno));
}

void
sbx_file_close(struct sbx_file *f, uint8_t sm3[32])
{
    uint8_t digest[32];

    sbx_file_finish(f, sm3 != NULL ? sm3 : digest);
    sbx_file_publish(f);
}

static enum perso_result
sink_write(void *self, const void *bytes, size_t n, struct perso_error *err)
{
    (void)err;
    sbx_file_write(self, bytes, n);
    return PERSO_OK;
}

struct perso_sink
sbx_file_sink(struct sbx_file *f)
{
    return (struct perso_sink) { sink_write, f };
}

void
sbx_file_put(const char *path, const void *bytes, size_t n)
{
    struct sbx_file f;

    sbx_file_open(&f, path);
    sbx_file_write(&f, bytes, n);
    sbx_file_close(&f, NULL);
}

bool
sbx_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

uint8_t *
sbx_file_read_if(const char *path, size_t max, size_t *n)
{
    FILE *stream = fopen(path, "rb");
    struct stat st;

    if (stream == NULL && errno == ENOENT)
        return NULL;
    if (stream == NULL || fstat(fileno(stream), &st) != 0)
        sbx_die("%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > max)
        sbx_die("%s: not a regular file of at most %zu bytes", path, max);
    *n = (size_t)st.st_size;
    uint8_t *bytes = sbx_memory(*n + 1, 1);
    if (fread(bytes, 1, *n, stream) != *n)
        sbx_die("%s: cannot be read whole", path);
    fclose(stream);
    return bytes;
}

uint8_t *
sbx_file_read(const char *path, size_t max, size_t *n)
{
    uint8_t *bytes = sbx_file_read_if(path, max, n);
    if (bytes == NULL)
        sbx_die("%s: no such file", path);
    return bytes;
}

static enum perso_result
stream_read(void *self, uint8_t *buf, size_t max, size_t *n, struct perso_error *err)
{
    *n = fread(buf, 1, max, self);
    if (*n == 0 && ferror((FILE *)self))
        return perso_error_errno(err, "read");
    return *n == 0 ? PERSO_END : PERSO_OK;
}

struct perso_source
sbx_stream_source(FILE *stream)
{
    return (struct perso_source) { stream_read, stream };
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
ends_so(const char *name, const char *ending)
{
    const size_t n = strlen(name), e = strlen(ending);
    return n > e && strcmp(name + n - e, ending) == 0;
}

static bool
is_regular(const char *folder, const char *name)
{
    char path[SBX_PATH_BYTES];
    struct stat st;

    sbx_path(path, folder, name);
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void
sbx_names_read(const char *folder, const char *ending, struct sbx_names *ret)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t max = 0;

    *ret = (struct sbx_names) { NULL, 0 };
    if (dir == NULL && errno == ENOENT)
        return;
    if (dir == NULL)
        sbx_die("%s: %s", folder, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (!ends_so(entry->d_name, ending) || !is_regular(folder, entry->d_name))
            continue;
        if (ret->n == max) {
            max = max * 2 + 16;
            ret->at = realloc(ret->at, max * sizeof *ret->at);
            sbx_need(ret->at != NULL, "names");
        }
        sbx_need((ret->at[ret->n++] = strdup(entry->d_name)) != NULL, "names");
    }
    closedir(dir);
    if (ret->n != 0)
        qsort(ret->at, ret->n, sizeof *ret->at, by_bytes);
}

void
sbx_names_free(struct sbx_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->at[i]);
    free(names->at);
}

void
sbx_side_manifest(const char *path, const char *encoding, uint32_t rows, const uint8_t sm3[32])
{
    char side[SBX_PATH_BYTES], json[256], hex[65], first[64] = "";

    perso_hex_lower(sm3, 32, hex);
    if (encoding != NULL)
        snprintf(first, sizeof first, "  \"encoding\": \"%s\",\n", encoding);
    const int n = snprintf(json, sizeof json, "{\n%s  \"rows\": %u,\n  \"sm3\": \"%s\"\n}\n", first,
                           rows, hex);
    if ((size_t)snprintf(side, sizeof side, "%s.manifest.json", path) >= sizeof side)
        sbx_die("%s: path too long", path);
    sbx_file_put(side, json, (size_t)n);
}
