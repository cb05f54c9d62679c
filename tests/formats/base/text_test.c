/* What is stored stays English, what is shown follows the language. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "perso/result.h"
#include "perso/text.h"

static const char *
to_chinese(const char *msgid)
{
    static const char *const texts[][2] = {
        { "have %u, want %u", "应为 %2$u，实有 %1$u" },
        { "empty line", "空行" },
        { "member %u: ", "第 %u 个成员：" },
        { "No such file or directory", "没有该文件或目录" },
        { "language: en", "language: zh" },
    };

    assert_string_not_equal(msgid, ""); /* gettext would answer with its header */
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i][0], msgid) == 0)
            return texts[i][1];
    return msgid;
}

static int
chinese(void **state)
{
    (void)state;
    perso_text_set(to_chinese);
    return 0;
}

static int
english(void **state)
{
    (void)state;
    perso_text_set(NULL);
    return 0;
}

static void
a_format_is_translated_and_its_english_kept(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    perso_error_set(&err, PERSO_REJ_ROW_COUNT, "", "have %u, want %u", 3u, 4u);
    assert_string_equal(err.text, "have 3, want 4");
    assert_string_equal(err.shown, "应为 4，实有 3");
    perso_error_set(&err, PERSO_REJ_TEXT_QUOTE, "", "%s", "empty line");
    assert_string_equal(err.text, "empty line");
    assert_string_equal(err.shown, "空行");
    perso_error_set(&err, PERSO_REJ_TEXT_QUOTE, "", "%s", "");
    assert_string_equal(err.shown, "");
}

static void
a_prefix_goes_before_both(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    perso_error_set(&err, PERSO_REJ_TEXT_QUOTE, "", "%s", "empty line");
    perso_error_prefix(&err, "member %u: ", 2u);
    assert_string_equal(err.text, "member 2: empty line");
    assert_string_equal(err.shown, "第 2 个成员：空行");
    perso_error_set(&err, PERSO_REJ_FILE_EMPTY, "", "%s", "");
    perso_error_prefix(&err, "member %u: ", 1u);
    assert_string_equal(err.text, "member 1: empty file");
    assert_string_equal(err.shown, "第 1 个成员：文件为空");
}

static void
the_system_and_rejects_speak_it_too(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    errno = ENOENT;
    assert_int_equal(perso_error_errno(&err, "a.csv"), PERSO_FATAL);
    assert_string_equal(err.text, "a.csv: No such file or directory");
    assert_string_equal(err.shown, "a.csv: 没有该文件或目录");
    assert_string_equal(perso_reject_shown(PERSO_REJ_FILE_EMPTY), "文件为空");
    assert_string_equal(perso_reject_text(PERSO_REJ_FILE_EMPTY), "empty file");
}

static void
without_a_language_all_is_english(void **state)
{
    struct perso_error err = { 0 };

    (void)state;
    perso_error_set(&err, PERSO_REJ_ROW_COUNT, "", "have %u, want %u", 3u, 4u);
    assert_string_equal(err.text, "have 3, want 4");
    assert_string_equal(err.shown, "");
    assert_string_equal(perso_text("empty line"), "empty line");
    assert_string_equal(perso_text(""), "");
    assert_string_equal(perso_reject_shown(PERSO_REJ_FILE_EMPTY), "empty file");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_format_is_translated_and_its_english_kept, chinese,
                                        english),
        cmocka_unit_test_setup_teardown(a_prefix_goes_before_both, chinese, english),
        cmocka_unit_test_setup_teardown(the_system_and_rejects_speak_it_too, chinese, english),
        cmocka_unit_test(without_a_language_all_is_english),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
