/* Files that stand beside an incoming one: NAME.sig, NAME.wrap, NAME.manifest.json (CONTRACTS 1,
 * 3).
 */
#ifndef PIPELINE_FILE_SIDE_H
#define PIPELINE_FILE_SIDE_H

#include "formats/package/manifest.h"
#include "formats/seal/seal.h"
#include "pipeline/job/site.h"

#define PERSO_SIDE_MANIFEST ".manifest.json"

/** The bytes of PATH with this ending, at most max. PERSO_RETRY, told in *err: it is not there. */
enum perso_result perso_side_read(const char *path, const char *ending, size_t max, uint8_t *out,
                                  size_t *n, struct perso_error *err);
/** The seal whose key is in PATH.wrap, opened by the site; the caller frees it. As perso_side_read.
 */
enum perso_result perso_side_seal(struct perso_site *site, const char *path,
                                  struct perso_seal **ret, struct perso_error *err);

/** What PATH.manifest.json states; *ret stays as it was where there is none. */
enum perso_result perso_side_manifest_of(const char *path, struct perso_side_manifest *ret,
                                         struct perso_error *err);
/** FILE_DIGEST where it states another digest than this. */
enum perso_result perso_side_manifest_fits(const struct perso_side_manifest *side,
                                           const uint8_t sm3[PERSO_SM3_BYTES],
                                           struct perso_error *err);

#endif
