/* NumPy files. */
#include "io/npy.h"

#include "api/api.h"

SBERTJA_API sbertja_status sbertja_npy_write(const char *path, const float *values, size_t rows, size_t columns,
                                             sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    if (path == NULL)
        return sbj_no_argument(error, "path");
    if (values == NULL && rows > 0 && columns > 0)
        return sbj_no_argument(error, "values");
    return sbj_npy_write(path, values, rows, columns, error);
}
