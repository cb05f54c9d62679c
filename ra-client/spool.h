/* Spool folder transport: a package is copied into a folder that the peer watches; side files
 * first, the package last, each by temporary name, fsync and rename. Answers come as files. */
#ifndef RA_CLIENT_SPOOL_H
#define RA_CLIENT_SPOOL_H

#include "perso/ra.h"

/* How a file gets from one folder into another, durably; the driver gives it (DESIGN 6). */
typedef enum perso_result perso_spool_copy(void *arg, const char *from_folder, const char *name,
                                           const char *to_folder, struct perso_error *err);

enum perso_result perso_spool_open(const char *folder, perso_spool_copy *copy, void *arg,
                                   struct perso_ra *ret, struct perso_error *err);

#endif
