#include "stages/approve.h"

#include <stddef.h>
#include <string.h>

enum perso_result
perso_approval_begin(struct perso_approval *approval, struct perso_error *err)
{
    *approval = (struct perso_approval) { .sm3 = perso_sm3_new() };
    return approval->sm3 != NULL ? PERSO_OK : perso_error_openssl(err, "approval");
}

enum perso_result
perso_approval_add(struct perso_approval *approval, const char *card_id,
                   const uint8_t request_id[PERSO_REQUEST_ID_BYTES],
                   const uint8_t application_sm3[PERSO_SM3_BYTES],
                   const uint8_t issuance_sm3[PERSO_SM3_BYTES], struct perso_error *err)
{
    struct perso_sm3 *sm3 = approval->sm3;

    if (strlen(card_id) != PERSO_CARD_ID_CHARS) /* parts of fixed size need no lengths */
        return perso_error_set(err, PERSO_REJ_NONE, "AAZ501", "card without its id in an approval");
    if (!perso_sm3_add(sm3, card_id, PERSO_CARD_ID_CHARS) ||
        !perso_sm3_add(sm3, request_id, PERSO_REQUEST_ID_BYTES) ||
        !perso_sm3_add(sm3, application_sm3, PERSO_SM3_BYTES) ||
        !perso_sm3_add(sm3, issuance_sm3, PERSO_SM3_BYTES))
        return perso_error_openssl(err, "approval");
    approval->n_cards++;
    return PERSO_OK;
}

enum perso_result
perso_approval_end(struct perso_approval *approval, uint8_t digest[PERSO_SM3_BYTES],
                   struct perso_error *err)
{
    bool ok = digest == NULL || perso_sm3_end(approval->sm3, digest);

    perso_sm3_free(approval->sm3);
    approval->sm3 = NULL;
    return ok ? PERSO_OK : perso_error_openssl(err, "approval");
}
