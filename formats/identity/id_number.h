/* Identity numbers, DOMAIN 2: shape, date and check character. */
#ifndef FORMATS_IDENTITY_ID_NUMBER_H
#define FORMATS_IDENTITY_ID_NUMBER_H

#include <stdbool.h>

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/reject.h"

enum perso_id_kind {
    PERSO_ID_CITIZEN,    /* GB 11643-1999, 18 characters */
    PERSO_ID_PERMIT,     /* HK, Macao, Taiwan residence permit: 81, 82, 83 0000 + the same form */
    PERSO_ID_FOREIGN_15, /* permanent resident card of 2017: 3 letters, 12 digits */
    PERSO_ID_FOREIGN_18, /* permanent resident card of 2023: begins with 9, MOD 11-2 */
};

/**
 * Check a 社会保障号码 and store it as compared: letters in upper case. 15-digit numbers are
 * SSN_LENGTH. @return PERSO_REJ_NONE, SSN_LENGTH, SSN_CHARACTER, SSN_PROVINCE, SSN_DATE, SSN_CHECK
 * in this order, or EXCEL_DAMAGE for what a spreadsheet program left (4.1E+17, ####).
 */
enum perso_reject perso_id_number_read(struct perso_text cell, char out[PERSO_SSN_CHARS + 1],
                                       enum perso_id_kind *kind);

/** MOD 11-2 (ISO 7064) check character over 17 digits. */
char perso_mod11_2(const char digits[17]);

#endif
