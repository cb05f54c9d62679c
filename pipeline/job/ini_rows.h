/* How tables of keys are written: the last columns of a row. */
#ifndef PIPELINE_INI_ROWS_H
#define PIPELINE_INI_ROWS_H

#include "pipeline/job/ini.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define TEXT(type, member)                                                                         \
    PERSO_INI_TEXT, offsetof(type, member), sizeof(((type *)0)->member), 0, 0, NULL
#define NUMBER(type, member, min, max) PERSO_INI_NUMBER, offsetof(type, member), 4, min, max, NULL
#define CHOICE(type, member, choices)                                                              \
    PERSO_INI_CHOICE, offsetof(type, member), sizeof(((type *)0)->member), 0, 0, choices

#endif
