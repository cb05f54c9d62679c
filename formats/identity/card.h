/* 卡识别码, 社会保障卡卡号, 行政区划代码 (DOMAIN 2.4 to 2.6). */
#ifndef FORMATS_IDENTITY_CARD_H
#define FORMATS_IDENTITY_CARD_H

#include <stdbool.h>

#include "perso/cursor.h"
#include "perso/limits.h"

/** RRRRRR D156000005 SSSSSSSS MMMMMMMM in hex of either case, stored in upper case. */
bool perso_card_id_read(struct perso_text cell, char out[PERSO_CARD_ID_CHARS + 1]);
/** Nine characters 0-9 A-Z. */
bool perso_card_no_read(struct perso_text cell, char out[PERSO_CARD_NO_CHARS + 1]);
/** Check character by GB 11714. */
bool perso_card_no_check(const char card_no[PERSO_CARD_NO_CHARS + 1]);
/** GB 11714 check character of the first eight. */
char perso_card_no_character(const char first_eight[8]);
/** True for fewer digits than a card number has that are one, check character included, once the
 *  zeros that a spreadsheet program took off are put back: EXCEL_DAMAGE, not CARD_NO_SHAPE. */
bool perso_card_no_lost_zeros(struct perso_text cell);
/** 6, 8 or 10 digits. */
bool perso_division_read(struct perso_text cell, char out[PERSO_DIVISION_CHARS + 1]);

#endif
