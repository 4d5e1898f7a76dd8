/* Files of a test, in a folder of the system's place for such. */
#include "support/scratch.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256], path[768];

const char *scratch_path(const char *name)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/sbertja-test-XXXXXX", P_tmpdir);
        ck_assert_ptr_nonnull(mkdtemp(folder));
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

const char *scratch_file(const char *name, const void *content, size_t size)
{
    FILE *file = fopen(scratch_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

char *scratch_read(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    ck_assert_msg(file != NULL, "%s cannot be opened", name);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *content = malloc(*size + 1);
    ck_assert_uint_eq(fread(content, 1, *size, file), *size);
    content[*size] = '\0';
    fclose(file);
    return content;
}

void scratch_clear(void)
{
    DIR *list = folder[0] == '\0' ? NULL : opendir(folder);
    if (list == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(list), entry->d_name, 0);
    closedir(list);
    rmdir(folder);
    folder[0] = '\0';
}
