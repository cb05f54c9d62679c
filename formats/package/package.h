/* One package format, one writer, one reader (CONTRACTS 3). */
#ifndef FORMATS_PACKAGE_PACKAGE_H
#define FORMATS_PACKAGE_PACKAGE_H

#include "formats/package/archive.h"
#include "formats/package/manifest.h"

/* A member to be packed, whole in memory (at most 10,000 cards a package). */
struct perso_package_member {
    const char *name;
    const void *bytes;
    size_t n;
    uint32_t rows;
};

/**
 * Fill manifest->members from the members (in their order), write manifest.json first and then the
 * members into a stored zip. *manifest_json (malloc) is what the detached signature covers.
 */
enum perso_result perso_package_write(struct perso_manifest *manifest,
                                      const struct perso_package_member *members, size_t n_members,
                                      int64_t date_s, const struct perso_sink *sink,
                                      char **manifest_json, size_t *manifest_n,
                                      struct perso_error *err);

/* What a first pass over a package finds out: everything but the signature is checked. */
struct perso_package_view {
    struct perso_manifest manifest;
    char *manifest_json; /* malloc; free with perso_package_view_free */
    size_t manifest_n;
};

/**
 * First pass: manifest.json is the first member, every listed member is there once with its bytes
 * and SM3, and nothing else. Nothing has an effect before this has passed.
 */
enum perso_result perso_package_check(const struct perso_source *source,
                                      struct perso_package_view *ret, struct perso_error *err);
void perso_package_view_free(struct perso_package_view *view);

/** Second pass: position an open archive on one member; FILE_FORMAT where it is not there. */
enum perso_result perso_package_seek(struct perso_archive *archive, const char *name,
                                     struct perso_source *member, struct perso_error *err);

#endif
