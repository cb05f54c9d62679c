/*
 * Names (DOMAIN 3). Bytes as received are kept; folds are for comparison only, and each fold that
 * was needed is named. No variant folding: 䶮 and 龑 are two names.
 */
#ifndef FORMATS_IDENTITY_NAME_H
#define FORMATS_IDENTITY_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "perso/cursor.h"
#include "perso/limits.h"
#include "perso/reject.h"

/* Folds, as bits. */
#define PERSO_FOLD_DOT 1u   /* a separator of DOMAIN 3.1 to U+00B7 */
#define PERSO_FOLD_SPACE 2u /* padding 00, FF, 20, U+3000 at the end; inner full-width space */
#define PERSO_FOLD_WIDTH 4u /* full-width Latin to ASCII */
#define PERSO_FOLD_CASE 8u  /* letter case of Latin names */
#define PERSO_FOLD_ALL 15u

enum perso_name_match { PERSO_NAME_EXACT, PERSO_NAME_EQUAL_FOLDED, PERSO_NAME_MISMATCH };

/** Takes the padding off (U+0000, U+0020, U+3000 at the end). */
struct perso_text perso_name_strip(struct perso_text name);

/** NAME_EMPTY, NAME_GARBLED, NAME_PRIVATE, NAME_CHARACTER, NAME_LENGTH (over 50 GB18030 bytes), in
 *  this order; PERSO_REJ_NONE where the name can be written to a card. */
enum perso_reject perso_name_check(struct perso_text name);

/** The same of 姓名扩展 (BAZ103), the rest of a name: it may be empty, and need not have a letter;
 *  NAME_LENGTH over 20 GB18030 bytes. */
enum perso_reject perso_name_extension_check(struct perso_text extension);

/** *folds: the folds that made the names equal, smallest set; 0 unless EQUAL_FOLDED. */
enum perso_name_match perso_name_compare(struct perso_text a, struct perso_text b, uint32_t *folds);

/** "dot+width" into out. */
void perso_fold_names(uint32_t folds, char *out, size_t max);

/** 姓名 and 姓名扩展 as GB18030 bytes: at most 30 and 20, cut on a character boundary. */
struct perso_card_name {
    uint8_t name[30], extension[20];
    uint8_t name_bytes, extension_bytes;
};
bool perso_name_split(struct perso_text name, struct perso_card_name *ret);

#endif
