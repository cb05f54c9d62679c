#ifndef STAGES_SSSE_H
#define STAGES_SSSE_H

#include "perso/record.h"

/**
 * SSSE keys as a device names them: NAME:VERSION;... , 1 to 8; NAME 1 to 32 letters, digits, - _ .
 * and VERSION 1 to 255. False, too, for whatever has 32 hexadecimal digits in a row: that could be
 * a key, which no file of ours may carry.
 */
bool perso_ssse_keys_fit(struct perso_text keys);

#endif
