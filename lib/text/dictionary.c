/* Looking for dictionaries. A folder is one when it holds sys.dic and dicrc. */
#include "text/dictionary.h"

#include <string.h>

#include "io/file.h"

/* Never Debian's link /var/lib/mecab/dic/debian, which may be another dictionary. */
static const struct {
    const char *name, *place;
} places[] = {
    {"ipadic", "/var/lib/mecab/dic/ipadic-utf8"},
    {"ipadic", "/usr/lib/x86_64-linux-gnu/mecab/dic/ipadic"},
    {"ipadic", "/usr/lib/aarch64-linux-gnu/mecab/dic/ipadic"},
    {"ipadic", "/usr/lib64/mecab/dic/ipadic"},
    {"ipadic", "/usr/lib/mecab/dic/ipadic"},
    {"ipadic", "/usr/local/lib/mecab/dic/ipadic"},
    {"ipadic", "/opt/homebrew/lib/mecab/dic/ipadic"},
    {"unidic_lite", "/usr/local/lib/mecab/dic/unidic_lite"},
    {"unidic", "/var/lib/mecab/dic/unidic"},
    {"unidic", "/usr/local/lib/mecab/dic/unidic"},
};

static const struct {
    const char *name, *remedy;
} remedies[] = {
    {"ipadic", "install the package mecab-ipadic-utf8 (Debian, Ubuntu) or ipadic (PyPI)"},
    {"unidic_lite", "install the package unidic-lite (PyPI) and name its folder unidic_lite/dicdir"},
    {"unidic", "install the package unidic-mecab (Debian) or unidic (PyPI)"},
};

bool sbj_is_dictionary_name(const char *name)
{
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strcmp(remedies[i].name, name) == 0)
            return true;
    return false;
}

static bool is_dictionary(const sbj_alloc *alloc, const char *folder)
{
    static const char *const files[] = {"sys.dic", "dicrc"};
    bool all = true;
    for (size_t i = 0; i < 2 && all; i++) {
        char *path = NULL;
        all = sbj_path_join(alloc, folder, files[i], &path, NULL) == SBERTJA_OK && sbj_is_file(path);
        sbj_free(alloc, path);
    }
    return all;
}

static sbertja_status copy(const sbj_alloc *alloc, const char *place, char **folder, sbertja_error *error)
{
    *folder = sbj_copy_text(alloc, place, strlen(place));
    return *folder == NULL ? sbj_no_memory(error, strlen(place) + 1) : SBERTJA_OK;
}

static sbertja_status missing(const char *name, sbertja_error *error)
{
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strcmp(remedies[i].name, name) == 0)
            return sbj_fail(error, SBERTJA_E_MISSING,
                            "the MeCab dictionary %s is not there: %s, or name its folder (dictionary)", name,
                            remedies[i].remedy);
    return sbj_fail(error, SBERTJA_E_MISSING, "the MeCab dictionary %s is not there", name);
}

sbertja_status sbj_dictionary_find(const sbj_alloc *alloc, const char *name, const char *option, const char *directory,
                                   char **folder, sbertja_error *error)
{
    *folder = NULL;
    if (option != NULL) {
        if (!is_dictionary(alloc, option))
            return sbj_fail(error, SBERTJA_E_MISSING,
                            "%s: no compiled MeCab dictionary (sys.dic and dicrc are expected there)", option);
        return copy(alloc, option, folder, error);
    }
    if (directory != NULL) {
        sbertja_status status = sbj_path_join(alloc, directory, name, folder, error);
        if (status != SBERTJA_OK || is_dictionary(alloc, *folder))
            return status;
        sbj_free(alloc, *folder);
        *folder = NULL;
        if (is_dictionary(alloc, directory))
            return copy(alloc, directory, folder, error);
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].name, name) == 0 && is_dictionary(alloc, places[i].place))
            return copy(alloc, places[i].place, folder, error);
    return missing(name, error);
}
