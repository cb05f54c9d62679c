/* Of fuzz targets: whom a subject that was read names, against a second opinion. */
#ifndef TESTS_FUZZ_PERSON_H
#define TESTS_FUZZ_PERSON_H

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "formats/pki/subject.h"

static inline bool
text_is(struct perso_text text, const char *want)
{
    return text.bytes == strlen(want) && strncasecmp(text.at, want, text.bytes) == 0;
}

/* What is told of a person whose name is compared byte for byte. */
static inline bool
names_person(const struct perso_subject *s, const char *name, const char *ssn, const char *card)
{
    const struct perso_text numbers[] = { s->serial_number, s->identify_code, s->insurance_number };
    char both[2][64];
    bool has_number = false;

    snprintf(both[0], sizeof both[0], "%s%s", name, ssn);
    snprintf(both[1], sizeof both[1], "%s%s", ssn, name);
    bool has_both = text_is(s->common_name, both[0]) || text_is(s->common_name, both[1]);
    bool is_name = text_is(s->common_name, name), is_ssn = text_is(s->common_name, ssn);
    if (s->common_name.bytes > 0 && !has_both && !is_name && !is_ssn &&
        !text_is(s->common_name, card))
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (numbers[i].bytes > 0 && !text_is(numbers[i], ssn))
            return false;
        has_number = has_number || numbers[i].bytes > 0;
    }
    return !s->many_names && !s->strange_string && (is_name || has_both) &&
           (has_number || is_ssn || has_both);
}

/* Nobody else is taken for the person, and the person whom it names itself is taken. */
static inline void
judge_person(const struct perso_subject *s)
{
    static const char name[] = "王芳", ssn[] = "11010519491231002X",
                      card[] = "411600D1560000050000000000000001";
    static const struct perso_subject_rules strict = { true, true, 0 };
    const struct perso_text numbers[] = { s->serial_number, s->identify_code, s->insurance_number };
    const struct perso_text written = { name, sizeof name - 1 };

    assert(perso_subject_is(s, written, ssn, card, &strict) == names_person(s, name, ssn, card));
    for (size_t i = 0; i < 3; i++) {
        char own[19] = "";
        if (numbers[i].bytes == 0 || numbers[i].bytes >= sizeof own || s->common_name.bytes == 0)
            continue;
        memcpy(own, numbers[i].at, numbers[i].bytes);
        bool agree = !s->many_names && !s->strange_string;
        for (size_t k = 0; k < 3; k++)
            agree = agree && (numbers[k].bytes == 0 || text_is(numbers[k], own));
        assert(perso_subject_is(s, s->common_name, own, card, &strict) == agree);
    }
}

#endif
