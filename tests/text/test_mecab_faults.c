/* MeCab without memory: each allocation of the process fails in turn, those inside libmecab and the C++ library too, and the
 * address space ends at each of many sizes. Nothing aborts, the status is SBERTJA_E_MEMORY, and the same words are found
 * afterwards. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"
#include "support/words.h"
#include "text/dictionary.h"
#include "text/mecab.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { OWN_ALLOCATOR = false };
static size_t fail_at, calls, live;
static bool persistent, failed;
#else
enum { OWN_ALLOCATOR = true };

/* The allocator of the C library, under the names that it has inside. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static size_t fail_at, calls; /* fail_at 0: none fails */
static size_t live;           /* blocks that have not been released */
static bool persistent, failed;

static bool fails(void)
{
    if (fail_at == 0 || (persistent ? ++calls < fail_at : ++calls != fail_at))
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    if (fails())
        return NULL;
    void *block = __libc_realloc(old, size);
    live += old == NULL && block != NULL;
    return block;
}

__attribute__((visibility("default"))) void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

__attribute__((visibility("default"))) int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);
    if (made == NULL)
        return ENOMEM;
    *block = made;
    return 0;
}

__attribute__((visibility("default"))) void free(void *block)
{
    const int before = errno;
    live -= block != NULL;
    __libc_free(block);
    errno = before;
}
#endif

static const char sentence[] = "冷却水が漏れたので、ポンプを止めた。";
static char *ipadic; /* the system's */

/* Whether allocations can be made to fail here. */
static bool ready(const char *test)
{
    sbj_dictionary_search search = {.kind = "ipadic"};
    const char *kind;
    sbertja_error error;
    if (!OWN_ALLOCATOR) {
        printf("SKIP: %s: the sanitizer has an allocator of its own\n", test);
        return false;
    }
    ck_assert_msg(sbj_dictionary_find(&sbj_malloc, &search, &kind, &ipadic, &error) == SBERTJA_OK, "%s", error.message);
    return true;
}

/* What is tried: a text of `count` units. libmecab releases not all that it had when it throws: of a dictionary what it had
 * read so far, otherwise the block that it was about to note down. */
typedef enum stage { OPEN, PARSER, WORDS } stage;
static const struct {
    const char *name, *unit;
    size_t count;
    stage from;      /* the first step that may fail */
    size_t may_keep; /* blocks that libmecab leaks when it throws */
} cases[] = {
    {"a dictionary is opened", sentence, 1, OPEN, 32},
    {"a parser is made", sentence, 1, PARSER, 1},
    {"a sentence", sentence, 1, WORDS, 1},
    {"a text of 20 thousand bytes", sentence, 380, WORDS, 1},
    {"a run of one kind of character", "ア", 1000, WORDS, 1},
    {"a text of 140 thousand bytes", sentence, 2600, WORDS, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct things {
    sbj_mecab *mecab;
    sbj_mecab_parser *parser;
    words found;
} things;

static sbertja_status step(stage s, things *t, sbj_span text, sbertja_error *error)
{
    if (s == OPEN)
        return sbj_mecab_open(&sbj_malloc, ipadic, &t->mecab, error);
    if (s == PARSER)
        return sbj_mecab_parser_create(t->mecab, &t->parser, error);
    sbj_strbuf_clear(&t->found.joined);
    t->found.count = 0;
    return sbj_mecab_words(t->parser, text, words_take, &t->found, error);
}

static void release(things *t)
{
    sbj_mecab_parser_free(t->parser);
    sbj_mecab_close(t->mecab);
    words_free(&t->found);
}

static char *text_of(int i)
{
    sbj_strbuf text = SBJ_STRBUF(&sbj_malloc);
    for (size_t k = 0; k < cases[i].count; k++)
        sbj_strbuf_text(&text, cases[i].unit);
    ck_assert(!text.failed);
    return text.text;
}

/* Runs a case with the n-th allocation failing, and without a fault the steps that did not succeed; true: there was an n-th. */
static bool fails_well(int i, sbj_span text, size_t n, const char *expected)
{
    things t = {0};
    sbertja_error error;
    sbertja_status status = SBERTJA_OK;
    stage next = OPEN;
    words_init(&t.found);
    sbj_strbuf_bytes(&t.found.joined, text.text, text.length); /* all the capacity that it needs, and some */
    sbj_strbuf_bytes(&t.found.joined, text.text, text.length);
    for (; next < cases[i].from; next++)
        ck_assert_int_eq(step(next, &t, text, &error), SBERTJA_OK);
    calls = 0;
    failed = false;
    fail_at = n;
    for (; next <= WORDS && status == SBERTJA_OK; next++)
        status = step(next, &t, text, &error);
    fail_at = 0;
    if (status != SBERTJA_OK) {
        next--; /* the step that failed */
        ck_assert_msg(status == SBERTJA_E_MEMORY, "allocation %zu: %s", n, error.message);
        ck_assert(failed);
    }
    for (; next <= WORDS; next++)
        ck_assert_msg(step(next, &t, text, &error) == SBERTJA_OK, "after allocation %zu: %s", n, error.message);
    ck_assert_msg(strcmp(words_text(&t.found), expected) == 0, "after allocation %zu: other words", n);
    release(&t);
    return failed;
}

static void all_fail_well(int i, const char *chars)
{
    const sbj_span text = {chars, strlen(chars)};
    things t = {0};
    sbertja_error error;
    size_t tried = 0, kept = 0, n = 0;
    words_init(&t.found);
    for (stage s = OPEN; s <= WORDS; s++)
        ck_assert_int_eq(step(s, &t, text, &error), SBERTJA_OK);
    for (bool more = true; more; tried++) {
        const size_t before = live;
        n += 1 + n / 100;
        more = fails_well(i, text, n, words_text(&t.found));
        if (live > before && live - before > kept)
            kept = live - before;
    }
    ck_assert_uint_gt(tried, 1);
    ck_assert_msg(kept <= cases[i].may_keep, "%s: %zu blocks kept, expected at most %zu", cases[i].name, kept,
                  cases[i].may_keep);
    release(&t);
}

START_TEST(every_allocation)
{
    if (!ready("every_allocation"))
        return;
    char *text = text_of(_i);
    for (int p = 0; p < 2; p++) {
        persistent = p == 1;
        all_fail_well(_i, text);
    }
    sbj_free(&sbj_malloc, text);
    sbj_free(&sbj_malloc, ipadic);
}
END_TEST

/* In a child: all steps under a limit of the address space, and once more a short text when that failed. */
static int under_limit(sbj_span text, size_t more)
{
    things t = {0};
    sbertja_error error;
    sbertja_status status = SBERTJA_OK;
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu", &pages) != 1)
        return 100;
    fclose(file);
    words_init(&t.found);
    const rlim_t size = pages * (size_t)sysconf(_SC_PAGESIZE) + more;
    if (setrlimit(RLIMIT_AS, &(struct rlimit){size, size}) != 0)
        return 101;
    for (stage s = OPEN; s <= WORDS && status == SBERTJA_OK; s++)
        status = step(s, &t, text, &error);
    if (status != SBERTJA_OK && t.parser != NULL)
        step(WORDS, &t, (sbj_span){sentence, strlen(sentence)}, &error);
    return status;
}

START_TEST(address_space_ends)
{
    if (!ready("address_space_ends"))
        return;
    char *text = text_of(CASES - 1);
    size_t found = 0, refused = 0;
    for (size_t mib = 0; mib < 128; mib += 2) {
        int ended;
        const pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            _exit(under_limit((sbj_span){text, strlen(text)}, mib << 20));
        ck_assert_int_eq(waitpid(child, &ended, 0), child);
        ck_assert_msg(WIFEXITED(ended), "%zu MiB: signal %d", mib, WTERMSIG(ended));
        ck_assert_msg(WEXITSTATUS(ended) == SBERTJA_OK || WEXITSTATUS(ended) == SBERTJA_E_MEMORY, "%zu MiB: status %d", mib,
                      WEXITSTATUS(ended));
        ++*(WEXITSTATUS(ended) == SBERTJA_OK ? &found : &refused);
    }
    ck_assert_uint_gt(found, 0);
    ck_assert_uint_gt(refused, 0);
    sbj_free(&sbj_malloc, text);
    sbj_free(&sbj_malloc, ipadic);
}
END_TEST

SUITE_MAIN("text/mecab_faults", 60, {every_allocation, CASES}, {address_space_ends, 0})
