/* Paths of a site and a job. */
#ifndef PIPELINE_PATH_H
#define PIPELINE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "perso/result.h"

/** FOLDER/NAME, or NAME where it is absolute. */
enum perso_result perso_path_join(const char *folder, const char *name, char *out, size_t max,
                                  struct perso_error *err);
/** What follows the last '/'. */
const char *perso_path_name(const char *path);
bool perso_ends_with(const char *text, const char *end);

/** Regular files of a folder (links are not), names in byte order; malloc'd list and names. A
 * folder that is not there has none. */
struct perso_names {
    char **names;
    size_t n;
    size_t n_passed_over; /* links, folders and the like */
};
enum perso_result perso_folder_files(const char *folder, struct perso_names *ret,
                                     struct perso_error *err);
void perso_names_free(struct perso_names *names);

#endif
