/* Finding a compiled MeCab dictionary: the folder that the caller names, the model's directory, the system's places.
 * The link `debian` of Debian's alternatives is never followed, as it may lead to any dictionary, and neither is a
 * mecabrc of the host. */
#include "text/dictionary.h"

#include <string.h>

#include "io/file.h"
#include "io/input.h"

/* A kind of dictionary. Two dictionaries of one name can tell apart by the number of their contexts: with another
 * number the words are other ones, and so are the tokens. */
typedef struct dictionary_kind {
    const char *name;
    const char *folders[3];
    uint32_t contexts; /* 0: versions differ */
    const char *install;
} dictionary_kind;

static const dictionary_kind kinds[] = {
    {"ipadic", {"ipadic-utf8", "ipadic", NULL}, 1316, "Debian's package mecab-ipadic-utf8"},
    {"unidic_lite", {"unidic_lite", "unidic-lite", NULL}, 5981, "the Python package unidic-lite"},
    {"unidic", {"unidic", NULL, NULL}, 0, "the Python package unidic"},
};

static const char *const system_places[] = {
    "/var/lib/mecab/dic",
    "/usr/lib/x86_64-linux-gnu/mecab/dic",
    "/usr/lib/aarch64-linux-gnu/mecab/dic",
    "/usr/lib64/mecab/dic",
    "/usr/lib/mecab/dic",
    "/usr/share/mecab/dic",
    "/usr/local/lib/mecab/dic",
    "/opt/homebrew/lib/mecab/dic",
    NULL,
};

static const dictionary_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

bool sbj_dictionary_is_kind(const char *name)
{
    return find_kind(name) != NULL;
}

/* The header of sys.dic: ten 32-bit numbers in the machine's order (magic, version, type, words, left contexts, right
 * contexts, three sizes, 0) and the charset in 32 bytes. */
static sbertja_status read_header(const char *path, sbj_dictionary_info *info, sbertja_error *error)
{
    enum { NUMBERS = 10, CHARSET = 32, VERSION = 102 };
    uint32_t numbers[NUMBERS];
    sbj_input file;
    sbertja_status status = sbj_input_open(path, &file, error);
    if (status != SBERTJA_OK)
        return status;
    if (file.size < sizeof numbers + CHARSET) {
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected a compiled MeCab dictionary, found %zu bytes", path,
                          file.size);
        goto done;
    }
    if ((status = sbj_input_read(&file, 0, numbers, sizeof numbers, error)) != SBERTJA_OK ||
        (status = sbj_input_read(&file, sizeof numbers, info->charset, CHARSET, error)) != SBERTJA_OK)
        goto done;
    info->charset[CHARSET] = '\0';
    info->left_contexts = numbers[4];
    info->right_contexts = numbers[5];
    if (numbers[1] != VERSION || numbers[2] != 0)
        status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: expected a system dictionary of version %d, found version %lu",
                          path, VERSION, (unsigned long)numbers[1]);
done:
    sbj_input_close(&file);
    return status;
}

sbertja_status sbj_dictionary_inspect(const sbj_alloc *alloc, const char *folder, sbj_dictionary_info *info,
                                      sbertja_error *error)
{
    static const char *const files[] = {"sys.dic", "unk.dic", "matrix.bin", "char.bin", "dicrc"};
    memset(info, 0, sizeof *info);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path;
        sbertja_status status = sbj_path_join(alloc, folder, files[i], &path, error);
        if (status != SBERTJA_OK)
            return status;
        if (!sbj_is_file(path))
            status = sbj_fail(error, SBERTJA_E_MISSING, "%s: not a folder of a compiled MeCab dictionary: no %s",
                              folder, files[i]);
        else if (i == 0)
            status = read_header(path, info, error);
        sbj_free(alloc, path);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

static bool is_utf8(const sbj_dictionary_info *info)
{
    static const char *const names[] = {"UTF-8", "utf-8", "UTF8", "utf8", "UTF_8", "utf_8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(info->charset, names[i]) == 0)
            return true;
    return false;
}

static bool is_of_kind(const dictionary_kind *kind, const sbj_dictionary_info *info)
{
    return kind->contexts == 0 || (info->left_contexts == kind->contexts && info->right_contexts == kind->contexts);
}

/* The folder that the caller names is taken at its word, if MeCab can do UTF-8 with it. */
static sbertja_status take_option(const sbj_alloc *alloc, const sbj_dictionary_search *search,
                                  const dictionary_kind *kind, char **folder, sbertja_error *error)
{
    sbj_dictionary_info info;
    sbertja_status status = sbj_dictionary_inspect(alloc, search->option, &info, error);
    if (status != SBERTJA_OK)
        return status;
    if (!is_utf8(&info))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: expected a dictionary in UTF-8, found one in %s",
                        search->option, info.charset);
    if (!is_of_kind(kind, &info))
        sbj_say(&search->log, SBERTJA_LOG_WARNING,
                "%s: does not look like the dictionary %s that the model was trained with: tokens may differ",
                search->option, kind->name);
    *folder = sbj_copy_text(alloc, search->option, strlen(search->option));
    return *folder == NULL ? sbj_no_memory(error, strlen(search->option) + 1) : SBERTJA_OK;
}

/* Takes the folder PLACE, PLACE/NAME or PLACE/NAME/INNER if a dictionary of the kind is there; else `*folder` stays
 * NULL. Only a lack of memory is an error. */
static sbertja_status try_folder(const sbj_alloc *alloc, const char *place, const char *name, const char *inner,
                                 const dictionary_kind *kind, char **folder, sbertja_error *error)
{
    sbj_strbuf path = SBJ_STRBUF(alloc);
    sbj_dictionary_info info;
    sbj_strbuf_text(&path, place);
    if (name != NULL)
        sbj_strbuf_format(&path, "/%s%s", name, inner);
    if (path.failed) {
        sbj_strbuf_free(&path);
        return sbj_no_memory(error, strlen(place) + 1);
    }
    sbertja_status status = sbj_dictionary_inspect(alloc, path.text, &info, error);
    if (status == SBERTJA_OK && is_utf8(&info) && is_of_kind(kind, &info)) {
        *folder = path.text;
        return SBERTJA_OK;
    }
    sbj_strbuf_free(&path);
    return status == SBERTJA_E_MEMORY ? status : SBERTJA_OK;
}

/* Under each name of the kind, and in the folder `dicdir` below, as Python packages have it. */
static sbertja_status look_in(const sbj_alloc *alloc, const char *place, const dictionary_kind *kind, char **folder,
                              sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; status == SBERTJA_OK && *folder == NULL && kind->folders[i] != NULL; i++) {
        status = try_folder(alloc, place, kind->folders[i], "", kind, folder, error);
        if (status == SBERTJA_OK && *folder == NULL)
            status = try_folder(alloc, place, kind->folders[i], "/dicdir", kind, folder, error);
    }
    return status;
}

static sbertja_status fail_missing(const sbj_alloc *alloc, const sbj_dictionary_search *search,
                                   const dictionary_kind *kind, const char *const *places, sbertja_error *error)
{
    sbj_strbuf looked = SBJ_STRBUF(alloc);
    if (search->model_directory != NULL)
        sbj_strbuf_format(&looked, "%s, ", search->model_directory);
    for (size_t i = 0; places[i] != NULL; i++)
        sbj_strbuf_format(&looked, "%s%s", i > 0 ? ", " : "", places[i]);
    sbertja_status status =
        looked.failed ? sbj_no_memory(error, 1)
                      : sbj_fail(error, SBERTJA_E_MISSING,
                                 "MeCab dictionary %s: not found in UTF-8 under %s; install %s, or name a dictionary's "
                                 "folder by the option dictionary",
                                 kind->name, looked.text ? looked.text : "", kind->install);
    sbj_strbuf_free(&looked);
    return status;
}

sbertja_status sbj_dictionary_find(const sbj_alloc *alloc, const sbj_dictionary_search *search, char **folder,
                                   sbertja_error *error)
{
    const dictionary_kind *kind = find_kind(search->kind);
    const char *const *places = search->places != NULL ? search->places : system_places;
    sbertja_status status = SBERTJA_OK;
    *folder = NULL;
    if (kind == NULL)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "MeCab dictionary %s: expected ipadic, unidic_lite or unidic",
                        search->kind);
    if (search->option != NULL)
        return take_option(alloc, search, kind, folder, error);
    if (search->model_directory != NULL) {
        status = look_in(alloc, search->model_directory, kind, folder, error);
        if (status == SBERTJA_OK && *folder == NULL)
            status = try_folder(alloc, search->model_directory, NULL, "", kind, folder, error);
    }
    for (size_t i = 0; status == SBERTJA_OK && *folder == NULL && places[i] != NULL; i++)
        status = look_in(alloc, places[i], kind, folder, error);
    if (status == SBERTJA_OK && *folder == NULL)
        return fail_missing(alloc, search, kind, places, error);
    if (status == SBERTJA_OK)
        sbj_say(&search->log, SBERTJA_LOG_INFO, "MeCab dictionary %s: %s", kind->name, *folder);
    return status;
}
