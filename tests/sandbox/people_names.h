/* Names of the synthetic people and what data entry does to names. UTF-8 throughout. */
#ifndef SANDBOX_PEOPLE_NAMES_H
#define SANDBOX_PEOPLE_NAMES_H

#include "seeded.h"

void sbx_name_han(struct sbx_random *r, char *out, size_t max);
/** gbk: only characters that GBK has. */
void sbx_name_rare(struct sbx_random *r, bool gbk, char *out, size_t max);
void sbx_name_minority(struct sbx_random *r, char *out, size_t max); /* with U+00B7 */
void sbx_name_latin(struct sbx_random *r, char *out, size_t max);    /* upper case, blanks */
/** The first occurrence of from becomes to. */
void sbx_name_replace(char *name, size_t max, const char *from, const char *to);
/** ASCII capitals as full-width letters. */
void sbx_name_widen(const char *name, char *out, size_t max);
/** RAJNI AGGARWAL to Rajni Aggarwal. */
void sbx_name_title(char *name);

#endif
