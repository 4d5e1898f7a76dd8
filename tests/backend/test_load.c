/* Back ends by the name of a device. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "backend/load.h"

typedef struct heard {
    int infos, warnings;
    char last[256];
} heard;

static void hear(void *user, sbertja_log_level level, const char *message)
{
    heard *h = user;
    h->infos += level == SBERTJA_LOG_INFO;
    h->warnings += level == SBERTJA_LOG_WARNING;
    snprintf(h->last, sizeof h->last, "%s", message);
}

#define NO_CUDA "this version has no plug-in libsbertja-cuda.so; a driver and a device are not looked for without it"

static const struct {
    const char *device, *made; /* the table's name; NULL: fails */
    sbertja_status status;
    const char *text; /* the error's, or what the log has heard */
} devices[] = {
    {"ref", "ref", SBERTJA_OK, NULL},
    {"cpu", "cpu", SBERTJA_OK, NULL},
    {"auto", "cpu", SBERTJA_OK, "device auto: cpu, no GPU is used: " NO_CUDA},
    {NULL, "cpu", SBERTJA_OK, "device auto: cpu, no GPU is used: " NO_CUDA},
    {"cuda:0", NULL, SBERTJA_E_MISSING, "device cuda:0: " NO_CUDA},
    {"cuda:15", NULL, SBERTJA_E_MISSING, "device cuda:15: " NO_CUDA},
    {"cuda", NULL, SBERTJA_E_MISSING, "device cuda: " NO_CUDA},
    {"cuda:", NULL, SBERTJA_E_ARGUMENT, "device cuda:: unknown, expected auto, cpu, ref or cuda:N"},
    {"cuda:x", NULL, SBERTJA_E_ARGUMENT, "device cuda:x: unknown, expected auto, cpu, ref or cuda:N"},
    {"cuda:0 ", NULL, SBERTJA_E_ARGUMENT, "device cuda:0 : unknown, expected auto, cpu, ref or cuda:N"},
    {"cudas", NULL, SBERTJA_E_ARGUMENT, "device cudas: unknown, expected auto, cpu, ref or cuda:N"},
    {"CPU", NULL, SBERTJA_E_ARGUMENT, "device CPU: unknown, expected auto, cpu, ref or cuda:N"},
    {"gpu", NULL, SBERTJA_E_ARGUMENT, "device gpu: unknown, expected auto, cpu, ref or cuda:N"},
    {"", NULL, SBERTJA_E_ARGUMENT, "device : unknown, expected auto, cpu, ref or cuda:N"},
};

START_TEST(devices_by_name)
{
    heard log = {0, 0, ""};
    sbertja_error error = {SBERTJA_OK, ""};
    sbj_backend_options options = {devices[_i].device, NULL, NULL, &sbj_malloc, {hear, &log}, SBJ_PRECISION_F32};
    sbj_backend *backend = (sbj_backend *)&log; /* must be made NULL on failure */
    ck_assert_msg(sbj_backend_create(&options, &backend, &error) == devices[_i].status, "%s", error.message);
    if (devices[_i].made == NULL) {
        ck_assert_ptr_null(backend);
        ck_assert_str_eq(error.message, devices[_i].text);
        return;
    }
    ck_assert_str_eq(backend->table->name, devices[_i].made);
    ck_assert_int_eq(log.infos, devices[_i].text != NULL);
    ck_assert_int_eq(log.warnings, 0);
    ck_assert_str_eq(log.last, devices[_i].text == NULL ? "" : devices[_i].text);
    sbj_backend_free(backend);
}
END_TEST

START_TEST(every_device_of_the_list_can_be_made)
{
    char names[64], *rest = NULL;
    snprintf(names, sizeof names, "%s", sbj_devices());
    for (char *name = strtok_r(names, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        sbertja_error error;
        sbj_backend_options options = {name, NULL, NULL, &sbj_malloc, {NULL, NULL}, SBJ_PRECISION_F32};
        sbj_backend *backend = NULL;
        ck_assert_msg(sbj_backend_create(&options, &backend, &error) == SBERTJA_OK, "%s", error.message);
        ck_assert_str_eq(backend->table->name, name);
        sbj_backend_free(backend);
    }
    sbj_backend_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tests = tcase_create("load");
    tcase_add_loop_test(tests, devices_by_name, 0, sizeof devices / sizeof *devices);
    tcase_add_test(tests, every_device_of_the_list_can_be_made);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
