/* Version, status names, and the macros' values for bindings. */
#include "api/api.h"
#include "backend/load.h"

SBERTJA_API const char *sbertja_version(void)
{
    return SBERTJA_VERSION;
}

SBERTJA_API const char *sbertja_status_name(sbertja_status status)
{
    switch (status) {
    case SBERTJA_OK: return "SBERTJA_OK";
    case SBERTJA_E_ARGUMENT: return "SBERTJA_E_ARGUMENT";
    case SBERTJA_E_MEMORY: return "SBERTJA_E_MEMORY";
    case SBERTJA_E_IO: return "SBERTJA_E_IO";
    case SBERTJA_E_FORMAT: return "SBERTJA_E_FORMAT";
    case SBERTJA_E_UNSUPPORTED: return "SBERTJA_E_UNSUPPORTED";
    case SBERTJA_E_MISSING: return "SBERTJA_E_MISSING";
    case SBERTJA_E_STOPPED: return "SBERTJA_E_STOPPED";
    case SBERTJA_E_INTERNAL: return "SBERTJA_E_INTERNAL";
    default: return "unknown";
    }
}

SBERTJA_API const char *sbertja_devices(void)
{
    SBJ_KEEP_ERRNO;
    return sbj_devices();
}

SBERTJA_API const char *sbertja_engines(void)
{
    SBJ_KEEP_ERRNO;
    return sbj_cpu_engines();
}

SBERTJA_API const char *sbertja_instruction_sets(void)
{
    SBJ_KEEP_ERRNO;
    return sbj_cpu_instruction_sets();
}

SBERTJA_API void sbertja_load_options_init(sbertja_load_options *options)
{
    *options = (sbertja_load_options)SBERTJA_LOAD_OPTIONS_INIT;
}

SBERTJA_API void sbertja_module_init(sbertja_module *module)
{
    *module = (sbertja_module)SBERTJA_MODULE_INIT;
}

SBERTJA_API void sbertja_architecture_init(sbertja_architecture *architecture)
{
    *architecture = (sbertja_architecture)SBERTJA_ARCHITECTURE_INIT;
}

SBERTJA_API void sbertja_save_options_init(sbertja_save_options *options)
{
    *options = (sbertja_save_options)SBERTJA_SAVE_OPTIONS_INIT;
}

SBERTJA_API void sbertja_vocabulary_options_init(sbertja_vocabulary_options *options)
{
    *options = (sbertja_vocabulary_options)SBERTJA_VOCABULARY_OPTIONS_INIT;
}

SBERTJA_API void sbertja_session_options_init(sbertja_session_options *options)
{
    *options = (sbertja_session_options)SBERTJA_SESSION_OPTIONS_INIT;
}

SBERTJA_API void sbertja_encode_options_init(sbertja_encode_options *options)
{
    *options = (sbertja_encode_options)SBERTJA_ENCODE_OPTIONS_INIT;
}

SBERTJA_API void sbertja_teacher_init(sbertja_teacher *teacher)
{
    *teacher = (sbertja_teacher)SBERTJA_TEACHER_INIT;
}

SBERTJA_API void sbertja_objective_init(sbertja_objective *objective)
{
    *objective = (sbertja_objective)SBERTJA_OBJECTIVE_INIT;
}

SBERTJA_API void sbertja_fit_options_init(sbertja_fit_options *options)
{
    *options = (sbertja_fit_options)SBERTJA_FIT_OPTIONS_INIT;
}
