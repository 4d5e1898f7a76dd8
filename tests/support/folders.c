/* Trees of folders. */
#include "support/folders.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/directory_private.h"

static char root[256];

char *folders_path(const char *name)
{
    char path[1024];
    if (root[0] == '\0') {
        snprintf(root, sizeof root, "%s/sbertja-test-XXXXXX", P_tmpdir);
        ck_assert_ptr_nonnull(mkdtemp(root));
    }
    int length = snprintf(path, sizeof path, "%s/%s", root, name);
    ck_assert_uint_lt(length, sizeof path);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    ck_assert_int_eq(sbj_make_directories(path, NULL), SBERTJA_OK);
    *slash = '/';
    return strdup(path);
}

void folders_write(const char *name, const void *content, size_t size)
{
    char *path = folders_path(name);
    ck_assert_int_eq(sbj_write_file(path, content, size, NULL), SBERTJA_OK);
    free(path);
}

void folders_copy(const char *from, const char *name, size_t most)
{
    sbj_map map;
    ck_assert_int_eq(sbj_map_open(from, &map, NULL), SBERTJA_OK);
    folders_write(name, map.data, map.size < most ? map.size : most);
    sbj_map_close(&map);
}

void folders_clear(void)
{
    if (root[0] != '\0')
        sbj_delete_tree(root);
    root[0] = '\0';
}

void folders_dictionary(const char *name, const char *charset, uint32_t contexts)
{
    static const char *const files[] = {"unk.dic", "matrix.bin", "char.bin", "dicrc"};
    unsigned char header[72] = {0};
    uint32_t numbers[10] = {0, 102, 0, 1, contexts, contexts};
    char path[256];
    memcpy(header, numbers, sizeof numbers);
    memcpy(header + sizeof numbers, charset, strlen(charset));
    snprintf(path, sizeof path, "%s/sys.dic", name);
    folders_write(path, header, sizeof header);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", name, files[i]);
        folders_write(path, "", 0);
    }
}
