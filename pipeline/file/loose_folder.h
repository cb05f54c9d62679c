/* The files of a folder that is a return (loose.h). */
#ifndef PIPELINE_FILE_LOOSE_FOLDER_H
#define PIPELINE_FILE_LOOSE_FOLDER_H

#include <stddef.h>

#include "perso/limits.h"
#include "perso/result.h"

struct perso_loose_file {
    char *name; /* NAME or FOLDER/NAME */
    uint8_t sm3[PERSO_SM3_BYTES];
};

/**
 * Regular files of the folder and of the folders in it, in the order of their names' bytes, with
 * their digests; *bytes: of all. Hidden ones are left out. FILE_KIND: links, devices, or folders in
 * its folders. ARCHIVE_LIMIT: more than PERSO_RETURN_MEMBERS.
 */
enum perso_result perso_loose_files(const char *folder, struct perso_loose_file **ret, size_t *n,
                                    uint64_t *bytes, struct perso_error *err);
void perso_loose_files_free(struct perso_loose_file *files, size_t n);

#endif
