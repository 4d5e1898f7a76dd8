/* Running a table of tests. */
#include "support/suite.h"

int suite_run(const char *name, int seconds, const suite_entry *entries, int count)
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, seconds);
    for (int i = 0; i < count; i++)
        tcase_add_loop_test(cases, entries[i].test, 0, entries[i].loops > 0 ? entries[i].loops : 1);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
