/* Finds a back end by the name of a device. This version has no back end for GPUs; what is said of "cuda:N" and of
 * "auto" says so. */
#include "backend/load.h"

#include <string.h>

#define NO_CUDA "this version has no plug-in libsbertja-cuda.so; a driver and a device are not looked for without it"

const char *sbj_devices(void)
{
    return "cpu ref";
}

/* "cuda" or "cuda:" and digits. */
static bool is_cuda(const char *device)
{
    if (strncmp(device, "cuda", 4) != 0)
        return false;
    device += 4;
    if (*device == '\0')
        return true;
    return device[0] == ':' && device[1] != '\0' && device[1 + strspn(device + 1, "0123456789")] == '\0';
}

sbertja_status sbj_backend_create(const sbj_backend_options *options, sbj_backend **backend, sbertja_error *error)
{
    const char *device = options->device == NULL ? "auto" : options->device;
    *backend = NULL;
    if (strcmp(device, "ref") == 0)
        return sbj_backend_ref(options, backend, error);
    if (strcmp(device, "cpu") == 0)
        return sbj_backend_cpu(options, backend, error);
    if (strcmp(device, "auto") == 0) {
        sbj_say(&options->log, SBERTJA_LOG_INFO, "device auto: cpu, no GPU is used: %s", NO_CUDA);
        return sbj_backend_cpu(options, backend, error);
    }
    if (is_cuda(device))
        return sbj_fail(error, SBERTJA_E_MISSING, "device %s: %s", device, NO_CUDA);
    return sbj_fail(error, SBERTJA_E_ARGUMENT, "device %s: unknown, expected auto, cpu, ref or cuda:N", device);
}
