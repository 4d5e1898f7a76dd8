/* Where the model that comes with the library lies: see default_model.h. */
#define _GNU_SOURCE
#include "model/default_model.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "model/layout.h"

_Static_assert(SBJ_PATH_ROOM >= PATH_MAX, "what realpath gives must fit");

/* Seen from the folder of the library or program: so many folders up, then down. */
static const struct place {
    int up;
    const char *down;
} places[] = {
    {0, "default"},               /* brought along beside the library, as in the Python package */
    {2, "models/default"},        /* build/lib and build/bin of the source tree */
    {1, "share/sbertja/default"}, /* PREFIX/lib and PREFIX/bin */
    {2, "share/sbertja/default"}, /* PREFIX/lib/x86_64-linux-gnu */
};
enum { PLACES = sizeof places / sizeof *places };

static const char here; /* lies where this code lies */

bool sbj_own_file(char path[SBJ_PATH_ROOM])
{
    Dl_info own, program;
    const char *file = "/proc/self/exe";
    if (dladdr(&here, &own) == 0)
        return false;
    /* For the program itself dladdr gives what it was called by, which need not be a path. */
    const void *entry = (const void *)getauxval(AT_ENTRY);
    if (entry == NULL || dladdr(entry, &program) == 0 || program.dli_fbase != own.dli_fbase)
        file = own.dli_fname;
    return realpath(file, path) != NULL;
}

/* The length of the path up to and with the slash before its last name; that of "/" is 1. */
static size_t parent(const char *path, size_t length)
{
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 1 && path[length - 1] != '/')
        length--;
    return length;
}

bool sbj_default_model_place(const char *file, size_t index, char *path, size_t room)
{
    const size_t relative = file ? PLACES : 0;
    int length;
    if (index < relative) {
        size_t above = parent(file, strlen(file));
        for (int i = 0; i < places[index].up; i++)
            above = parent(file, above);
        length = snprintf(path, room, "%.*s%s", (int)above, file, places[index].down);
    } else if (index == relative) {
        length = snprintf(path, room, "%s/sbertja/default", SBERTJA_DATADIR);
    } else {
        return false;
    }
    if (length < 0 || (size_t)length >= room)
        path[0] = '\0';
    return true;
}

sbertja_status sbj_default_model_find(const char *file, char path[SBJ_PATH_ROOM], sbertja_error *error)
{
    char place[SBJ_PATH_ROOM], looked[sizeof error->message] = "";
    size_t length = 0;
    for (size_t i = 0; sbj_default_model_place(file, i, place, sizeof place); i++) {
        if (sbj_is_model_directory(place)) {
            memcpy(path, place, strlen(place) + 1);
            return SBERTJA_OK;
        }
        if (length < sizeof looked)
            length += (size_t)snprintf(looked + length, sizeof looked - length, "%s%s", i ? ", " : "", place);
    }
    return sbj_fail(error, SBERTJA_E_MISSING,
                    "default model: give a model directory (sbertja: -m DIR), or install the one that comes with the "
                    "library: looked at %s", looked);
}
