/* Hosts that are not as usual: another floating-point mode, OpenBLAS in use, no threads to be had, little memory, no
 * standard files, a deleted working directory, signals that interrupt every call. Check runs each test in a process of its
 * own, which is changed at will. */
#include "sbertja.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cblas.h>

#include "support/suite.h"
#include "support/temporary.h"
#include "support/training.h"

enum { TEXTS = 120, WIDTH = 16, SAID = 8 };

static const char *const sentences[] = {"冷却水が漏れた。", "会議は三時に始まる。", "ポンプから水が漏れていた。"};

/* What was said to the log. */
typedef struct said {
    int warnings;
    char last[512];
} said;

static void listen(void *user, sbertja_log_level level, const char *message)
{
    said *s = user;
    s->warnings += level == SBERTJA_LOG_WARNING;
    snprintf(s->last, sizeof s->last, "%s", message);
}

static sbertja_model *new_model(said *log)
{
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_load_options options = SBERTJA_LOAD_OPTIONS_INIT;
    sbertja_error error;
    sbertja_model *model;
    options.log = log != NULL ? listen : NULL;
    options.log_user = log;
    options.threads = 2;
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 1, a.hidden = WIDTH, a.heads = 2, a.intermediate = 24, a.max_positions = 64;
    ck_assert_msg(sbertja_model_create(&a, &options, &model, &error) == SBERTJA_OK, "%s", error.message);
    return model;
}

static void encode(const sbertja_model *model, float vectors[TEXTS * WIDTH])
{
    const char *texts[TEXTS];
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_session *session;
    sbertja_error error;
    options.threads = 4;
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = sentences[i % 3];
    ck_assert_msg(sbertja_session_create(model, &options, &session, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_msg(sbertja_encode(session, texts, NULL, TEXTS, NULL, vectors, &error) == SBERTJA_OK, "%s", error.message);
    sbertja_session_free(session);
}

static sbertja_model *train(const sbertja_model *model, const char *output)
{
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    options.warmup_steps = 0;
    options.threads = 3;
    options.output_path = output;
    sbertja_model *trained = training_fit(model, &objective, 1, &options);
    sbertja_dataset_free(dataset);
    return trained;
}

/* All that is computed: vectors, and weights after a training. */
typedef struct results {
    float vectors[TEXTS * WIDTH];
    float *weights;
    size_t count;
} results;

static results compute(void)
{
    results r;
    sbertja_model *model = new_model(NULL), *trained = train(model, NULL);
    encode(model, r.vectors);
    r.weights = training_weights(trained, &r.count);
    sbertja_model_free(trained);
    sbertja_model_free(model);
    return r;
}

static void check_equal(results a, results b)
{
    ck_assert_mem_eq(a.vectors, b.vectors, sizeof a.vectors);
    ck_assert_uint_eq(a.count, b.count);
    ck_assert_mem_eq(a.weights, b.weights, a.count * sizeof *a.weights);
    free(a.weights);
    free(b.weights);
}

/* ---- Floating point ---- */

static void round_up(void)
{
    fesetround(FE_UPWARD);
}

static void trap(void)
{
    feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT);
}

static void flush_to_zero(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ, DAZ */
#endif
}

static void raise_all(void)
{
    feraiseexcept(FE_ALL_EXCEPT);
}

static const struct {
    const char *name;
    void (*set)(void);
} modes[] = {{"upward", round_up}, {"exceptions trap", trap}, {"FTZ, DAZ", flush_to_zero}, {"flags", raise_all}};

enum { MODES = sizeof modes / sizeof *modes };

/* The results are the same bits, and the mode and the flags are the host's again. */
START_TEST(floating_point)
{
    const results usual = compute();
    fenv_t before, after;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    feclearexcept(FE_ALL_EXCEPT);
    modes[_i].set();
    fegetenv(&before);
    const int flags = fetestexcept(FE_ALL_EXCEPT), traps = fegetexcept(), rounding = fegetround();
    const results here = compute();
    fegetenv(&after);
    ck_assert_int_eq(fetestexcept(FE_ALL_EXCEPT), flags);
    ck_assert_int_eq(fegetexcept(), traps);
    ck_assert_int_eq(fegetround(), rounding);
#if defined(__x86_64__)
    ck_assert_uint_eq(before.__mxcsr, after.__mxcsr);
#endif
    fesetenv(FE_DFL_ENV);
    check_equal(usual, here);
}
END_TEST

/* ---- OpenBLAS ---- */

START_TEST(openblas_threads_are_the_hosts)
{
    static const char *const engines[] = {NULL, "openblas"};
    const int threads = openblas_get_num_threads() == 1 ? 2 : 1;
    openblas_set_num_threads(threads);
    sbertja_model *model = training_model("cpu", engines[_i]), *trained = train(model, NULL);
    float vectors[TEXTS * WIDTH];
    encode(trained, vectors);
    sbertja_model_free(trained);
    sbertja_model_free(model);
    ck_assert_int_eq(openblas_get_num_threads(), threads);
}
END_TEST

/* ---- No threads ---- */

/* Gives up the system calls that start threads and processes; false where the system has no such filter. */
static bool forbid_clone(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* RLIMIT_NPROC does not hold for root. */
static bool forbid_processes(void)
{
    const struct rlimit one = {1, 1};
    return setrlimit(RLIMIT_NPROC, &one) == 0 && (geteuid() != 0 || setuid(65534) == 0);
}

START_TEST(no_threads)
{
    said log = {0, ""};
    float usual[TEXTS * WIDTH], here[TEXTS * WIDTH];
    sbertja_model *model = new_model(&log);
    sbertja_dataset *dataset = training_sentences(24);
    const sbertja_objective objective = training_objective(dataset, SBERTJA_BATCH_ALL_TRIPLET_LOSS);
    sbertja_fit_options options = SBERTJA_FIT_OPTIONS_INIT;
    options.threads = 3;
    encode(model, usual);
    sbertja_model *expected = training_fit(model, &objective, 1, &options);
    log.warnings = 0;
#if defined(__SANITIZE_ADDRESS__)
    printf("SKIP: no_threads: the leak sanitizer starts a process of its own at the end\n");
    sbertja_model_free(expected);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
    return;
#endif
    if (!(_i == 0 ? forbid_clone() : forbid_processes())) {
        printf("SKIP: no_threads: %s: %s\n", _i == 0 ? "seccomp" : "RLIMIT_NPROC", strerror(errno));
        return;
    }
    encode(model, here);
    ck_assert_mem_eq(usual, here, sizeof usual);
    ck_assert_int_eq(log.warnings, 1);
    ck_assert_str_eq(log.last, "threads: the system starts 1 of 4; the work is done by fewer, more slowly");
    sbertja_model *trained = training_fit(model, &objective, 1, &options);
    ck_assert(training_equal(expected, trained));
    ck_assert_int_gt(log.warnings, 1);
    sbertja_model_free(trained);
    sbertja_model_free(expected);
    sbertja_dataset_free(dataset);
    sbertja_model_free(model);
}
END_TEST

/* ---- Memory, files, folders ---- */

START_TEST(little_memory)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    printf("SKIP: little_memory: a sanitizer needs more address space\n");
#else
    const results usual = compute();
    const struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    check_equal(usual, compute());
#endif
}
END_TEST

START_TEST(no_standard_files)
{
    const char *saved = temporary_path("model");
    sbertja_model *model = new_model(NULL);
    const int kept[] = {dup(0), dup(1), dup(2)};
    for (int i = 0; i < 3; i++)
        close(i);
    const sbertja_status status = sbertja_model_save(model, saved, NULL, NULL);
    sbertja_model *trained = train(model, temporary_path("trained"));
    for (int i = 0; i < 3; i++)
        dup2(kept[i], i);
    ck_assert_int_eq(status, SBERTJA_OK);
    ck_assert(training_equal_saved(model, saved));
    ck_assert(training_equal_saved(trained, temporary_path("trained")));
    sbertja_model_free(trained);
    sbertja_model_free(model);
}
END_TEST

START_TEST(deleted_working_directory)
{
    const char *folder = temporary_path("gone"), *saved = temporary_path("model");
    sbertja_model *model = new_model(NULL);
    sbertja_error error;
    ck_assert(mkdir(folder, 0700) == 0 && chdir(folder) == 0 && rmdir(folder) == 0);
    ck_assert_msg(sbertja_model_save(model, saved, NULL, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert(training_equal_saved(model, saved));
    ck_assert_int_eq(sbertja_model_save(model, "model", NULL, &error), SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, "model") != NULL, "%s", error.message);
    sbertja_model_free(model);
}
END_TEST

START_TEST(read_only_file_system)
{
    const char *folder = temporary_path("mount");
    char path[512];
    sbertja_model *model = new_model(NULL);
    sbertja_error error;
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/model", folder);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=8m") != 0) {
        printf("SKIP: read_only_file_system: %s\n", strerror(errno));
        sbertja_model_free(model);
        return;
    }
    ck_assert_msg(sbertja_model_save(model, path, NULL, &error) == SBERTJA_OK, "%s", error.message);
    ck_assert_int_eq(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    ck_assert(training_equal_saved(model, path));
    ck_assert_int_eq(sbertja_model_save(model, path, NULL, &error), SBERTJA_E_IO);
    ck_assert_msg(strstr(error.message, path) != NULL && strstr(error.message, strerror(EROFS)) != NULL, "%s",
                  error.message);
    ck_assert(training_equal_saved(model, path));
    ck_assert_int_eq(umount(folder), 0);
    sbertja_model_free(model);
}
END_TEST

/* ---- Signals ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

START_TEST(interrupted_all_the_time)
{
    struct sigaction action = {.sa_handler = count_alarm}; /* without SA_RESTART */
    const struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    const results usual = compute();
    const char *saved = temporary_path("model"), *output = temporary_path("output");
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
    sbertja_model *model = new_model(NULL), *trained = train(model, output);
    sbertja_error error;
    for (int i = 0; i < 5; i++) {
        ck_assert_msg(sbertja_model_save(model, saved, NULL, &error) == SBERTJA_OK, "%s", error.message);
        ck_assert(training_equal_saved(model, saved));
    }
    ck_assert(training_equal_saved(trained, output));
    const results here = compute();
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
    ck_assert_int_gt(alarms, 10);
    check_equal(usual, here);
    sbertja_model_free(trained);
    sbertja_model_free(model);
}
END_TEST

/* ---- Opened and closed ---- */

#define FIND(name) (*(__typeof__(name) **)find(library, #name, &(void *){NULL}))

static void **find(void *library, const char *name, void **function)
{
    *function = dlsym(library, name);
    ck_assert_msg(*function != NULL, "%s", name);
    return function;
}

static void open_and_close(const char *path)
{
    sbertja_architecture a = SBERTJA_ARCHITECTURE_INIT;
    sbertja_session_options options = SBERTJA_SESSION_OPTIONS_INIT;
    sbertja_model *model;
    sbertja_session *session;
    float vector[WIDTH];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != NULL, "%s", dlerror());
    a.vocabulary = "tests/data/vocab.txt";
    a.layers = 1, a.hidden = WIDTH, a.heads = 2, a.intermediate = 24, a.max_positions = 64;
    options.threads = 3;
    ck_assert(FIND(sbertja_model_create)(&a, NULL, &model, NULL) == SBERTJA_OK);
    ck_assert(FIND(sbertja_session_create)(model, &options, &session, NULL) == SBERTJA_OK);
    ck_assert(FIND(sbertja_encode)(session, sentences, NULL, 1, NULL, vector, NULL) == SBERTJA_OK);
    FIND(sbertja_session_free)(session);
    FIND(sbertja_model_free)(model);
    ck_assert_int_eq(dlclose(library), 0);
}

static int threads_here(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = -2; /* for "." and ".." */
    while (readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    return count;
}

START_TEST(opened_again_and_again)
{
    char path[512];
    const char *build = getenv("BUILD");
    size_t before = 0;
    snprintf(path, sizeof path, "%s/lib/libsbertja.so", build != NULL ? build : "build");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    printf("SKIP: opened_again_and_again: a sanitizer does not follow a library that is closed\n");
    return;
#endif
    if (access(path, R_OK) != 0) {
        printf("SKIP: opened_again_and_again: %s is not built\n", path);
        return;
    }
    for (int i = 0; i < 100; i++) {
        if (i == 20)
            before = mallinfo2().uordblks;
        open_and_close(path);
        ck_assert_int_eq(threads_here(), 1);
    }
    const size_t after = mallinfo2().uordblks;
    ck_assert_msg(after < before + 4096, "%zu bytes became %zu", before, after);
}
END_TEST

SUITE_MAIN("api/environment", 60, {floating_point, MODES}, {openblas_threads_are_the_hosts, 2}, {no_threads, 2},
           {little_memory, 0}, {no_standard_files, 0}, {deleted_working_directory, 0}, {read_only_file_system, 0},
           {interrupted_all_the_time, 0}, {opened_again_and_again, 0})
