/* Replays a corpus: every file of the folder once through the target, in the order of the names. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (1u << 20) /* a corpus file is small */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
is_seen(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void
replay(const char *folder, const char *name)
{
    static uint8_t buffer[INPUT_BYTES_MAX];
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        fprintf(stderr, "%s: path too long\n", name);
        exit(EXIT_FAILURE);
    }
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t n = fread(buffer, 1, sizeof buffer, in);
    if (ferror(in) || n == sizeof buffer) {
        fprintf(stderr, "%s: cannot be read, or too large\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(in);
    /* A copy of its own size, so that the sanitizer sees a read beyond its end. */
    uint8_t *input = malloc(n == 0 ? 1 : n);
    if (input == NULL) {
        perror("memory");
        exit(EXIT_FAILURE);
    }
    memcpy(input, buffer, n);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
    LLVMFuzzerTestOneInput(input, n);
    free(input);
}

int
main(int argc, char **argv)
{
    struct dirent **entries = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int n = scandir(argv[1], &entries, is_seen, alphasort);
    if (n <= 0) {
        fprintf(stderr, "%s: no corpus\n", argv[1]);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++) {
        replay(argv[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return EXIT_SUCCESS;
}
