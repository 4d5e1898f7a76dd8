/* Growing text, and that one check at its end is enough. */
#include "util/strbuf.h"

#include <string.h>

#include "support/failing_alloc.h"
#include "support/suite.h"

static void append_much(sbj_strbuf *buffer)
{
    sbj_strbuf_text(buffer, "水");
    for (int i = 0; i < 100; i++)
        sbj_strbuf_format(buffer, ",%d:%s", i, "漏れ");
    sbj_strbuf_bytes(buffer, "\0end", 4);
}

START_TEST(appends)
{
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    ck_assert_ptr_null(buffer.text);
    append_much(&buffer);
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.length, 3 + 10 * (3 + 6) + 90 * (4 + 6) - 10 * 1 + 10 + 4);
    ck_assert_str_eq(buffer.text + buffer.length - 3, "end");
    ck_assert_mem_eq(buffer.text, "水,0:漏れ,1:", 13);
    sbj_strbuf_free(&buffer);
    ck_assert(buffer.text == NULL && buffer.length == 0);
}
END_TEST

START_TEST(nothing_appended_is_an_empty_text)
{
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    sbj_strbuf_bytes(&buffer, NULL, 0);
    ck_assert_str_eq(buffer.text, "");
    sbj_strbuf_free(&buffer);
}
END_TEST

START_TEST(cleared_and_used_again)
{
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    sbj_strbuf_clear(&buffer);
    sbj_strbuf_text(&buffer, "long enough for some room");
    const char *memory = buffer.text;
    sbj_strbuf_clear(&buffer);
    ck_assert_str_eq(buffer.text, "");
    sbj_strbuf_text(&buffer, "short");
    ck_assert_str_eq(buffer.text, "short");
    ck_assert_ptr_eq(buffer.text, memory);
    sbj_strbuf_free(&buffer);
}
END_TEST

START_TEST(a_failed_allocation_is_remembered)
{
    failing_alloc heap;
    size_t n = 0;
    do {
        failing_alloc_init(&heap, ++n);
        sbj_strbuf buffer = SBJ_STRBUF(&heap.alloc);
        append_much(&buffer);
        ck_assert_int_eq(buffer.failed, failing_alloc_failed(&heap));
        sbj_strbuf_free(&buffer);
        ck_assert_uint_eq(failing_alloc_live(&heap), 0);
    } while (failing_alloc_failed(&heap));
    ck_assert_uint_gt(n, 3);
}
END_TEST

START_TEST(lengths_that_do_not_fit)
{
    sbj_strbuf buffer = SBJ_STRBUF(&sbj_malloc);
    sbj_strbuf_text(&buffer, "a");
    sbj_strbuf_bytes(&buffer, "b", SIZE_MAX - 1);
    ck_assert(buffer.failed);
    ck_assert_str_eq(buffer.text, "a");
    sbj_strbuf_text(&buffer, "c"); /* after a failure nothing is appended: the text would have a hole */
    ck_assert_str_eq(buffer.text, "a");
    sbj_strbuf_free(&buffer);
}
END_TEST

SUITE_MAIN("util/strbuf", 10, {appends, 0}, {nothing_appended_is_an_empty_text, 0}, {cleared_and_used_again, 0},
           {a_failed_allocation_is_remembered, 0}, {lengths_that_do_not_fit, 0})
