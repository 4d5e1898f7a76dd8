/* Finding a compiled MeCab dictionary: the kind or folder that the caller names, else the kind that the model names, in
 * the caller's places and in the system's. A compiled dictionary is native data that MeCab trusts, so none is ever taken
 * from a model's directory unless the caller names its folder. The link `debian` of Debian's alternatives is never
 * followed, as it may lead to any dictionary, and neither is a mecabrc of the host. */
#include "text/dictionary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/file.h"
#include "io/input.h"
#include "io/sample.h"
#include "util/hash.h"

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
    {"unidic_lite", {"unidic_lite", "unidic-lite", NULL}, 5981,
     "the Python package unidic-lite (outside Python, name its folder unidic_lite/dicdir)"},
    {"unidic", {"unidic", NULL, NULL}, 0, "the Python package unidic (outside Python, name its folder unidic/dicdir)"},
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

static const char *const files[] = {"sys.dic", "unk.dic", "matrix.bin", "char.bin", "dicrc"};
enum { FILES = sizeof files / sizeof *files };

sbertja_status sbj_dictionary_inspect(const sbj_alloc *alloc, const char *folder, sbj_dictionary_info *info,
                                      sbertja_error *error)
{
    memset(info, 0, sizeof *info);
    for (size_t i = 0; i < FILES; i++) {
        char *path;
        bool found = false;
        sbertja_status status = sbj_path_join(alloc, folder, files[i], &path, error);
        if (status == SBERTJA_OK)
            status = sbj_find_file(path, &found, error);
        if (status == SBERTJA_OK && !found)
            status = sbj_fail(error, SBERTJA_E_MISSING, "%s: not a folder of a compiled MeCab dictionary: no %s",
                              folder, files[i]);
        else if (status == SBERTJA_OK && i == 0)
            status = read_header(path, info, error);
        sbj_free(alloc, path);
        if (status != SBERTJA_OK)
            return status;
    }
    return SBERTJA_OK;
}

sbertja_status sbj_dictionary_fingerprint(const sbj_alloc *alloc, const char *folder,
                                          char fingerprint[SBJ_FINGERPRINT_SIZE], sbertja_error *error)
{
    uint64_t hash = SBJ_HASH_START;
    fingerprint[0] = '\0';
    for (size_t i = 0; i <= FILES; i++) { /* the files, then the folder's own settings, if any */
        char *path;
        bool found = i < FILES;
        sbertja_status status = sbj_path_join(alloc, folder, i < FILES ? files[i] : "mecabrc", &path, error);
        if (status == SBERTJA_OK && !found)
            status = sbj_find_file(path, &found, error);
        if (status == SBERTJA_OK && found)
            status = sbj_sample_file(path, &hash, error);
        sbj_free(alloc, path);
        if (status != SBERTJA_OK)
            return status;
    }
    snprintf(fingerprint, SBJ_FINGERPRINT_SIZE, "%016" PRIx64, hash);
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

/* The kind that a folder's header tells, or NULL. */
static const dictionary_kind *kind_of(const sbj_dictionary_info *info)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].contexts != 0 && is_of_kind(&kinds[i], info))
            return &kinds[i];
    return NULL;
}

/* The caller's word counts, as long as MeCab can do UTF-8 with the folder. `*kind` becomes the folder's own kind where
 * that can be seen, and NULL where neither the model nor the folder tells. */
static sbertja_status take_folder(const sbj_alloc *alloc, const sbj_dictionary_search *search,
                                  const dictionary_kind **kind, char **folder, sbertja_error *error)
{
    sbj_dictionary_info info;
    sbertja_status status = sbj_dictionary_inspect(alloc, search->option, &info, error);
    if (status != SBERTJA_OK)
        return status;
    if (!is_utf8(&info))
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "%s: expected a dictionary in UTF-8, found one in %s",
                        search->option, info.charset);
    const dictionary_kind *found = kind_of(&info);
    const bool fits = is_of_kind(*kind, &info);
    if (!fits && !search->guessed)
        sbj_say(&search->log, SBERTJA_LOG_WARNING,
                "%s: does not look like the dictionary %s that the model names: tokens may differ", search->option,
                (*kind)->name);
    if (found != NULL ? !fits || search->guessed : !fits && search->guessed)
        *kind = found;
    *folder = sbj_copy_text(alloc, search->option, strlen(search->option));
    return *folder == NULL ? sbj_no_memory(error, strlen(search->option) + 1) : SBERTJA_OK;
}

/* Takes the folder PLACE/NAME or PLACE/NAME/INNER if a dictionary of the kind is there; else `*folder` stays
 * NULL. Only a lack of memory is an error. */
static sbertja_status try_folder(const sbj_alloc *alloc, const char *place, const char *name, const char *inner,
                                 const dictionary_kind *kind, char **folder, sbertja_error *error)
{
    sbj_strbuf path = SBJ_STRBUF(alloc);
    sbj_dictionary_info info;
    sbj_strbuf_text(&path, place);
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

/* In every place of a list that ends with NULL; a list may be NULL. */
static sbertja_status look_in_all(const sbj_alloc *alloc, const char *const *places, const dictionary_kind *kind,
                                  char **folder, sbertja_error *error)
{
    sbertja_status status = SBERTJA_OK;
    for (size_t i = 0; status == SBERTJA_OK && *folder == NULL && places != NULL && places[i] != NULL; i++)
        status = look_in(alloc, places[i], kind, folder, error);
    return status;
}

static void list_places(sbj_strbuf *out, const char *const *places)
{
    for (size_t i = 0; places != NULL && places[i] != NULL; i++)
        sbj_strbuf_format(out, "%s%s", out->length > 0 ? ", " : "", places[i]);
}

static sbertja_status fail_missing(const sbj_alloc *alloc, const sbj_dictionary_search *search,
                                   const dictionary_kind *kind, const char *const *places, sbertja_error *error)
{
    sbj_strbuf looked = SBJ_STRBUF(alloc);
    list_places(&looked, search->first_places);
    list_places(&looked, places);
    sbertja_status status =
        looked.failed ? sbj_no_memory(error, 1)
                      : sbj_fail(error, SBERTJA_E_MISSING,
                                 "MeCab dictionary %s: not found in UTF-8 under %s; install %s, or name a dictionary's "
                                 "folder by the option dictionary",
                                 kind->name, looked.text ? looked.text : "", kind->install);
    sbj_strbuf_free(&looked);
    return status;
}

sbertja_status sbj_dictionary_find(const sbj_alloc *alloc, const sbj_dictionary_search *search, const char **name,
                                   char **folder, sbertja_error *error)
{
    const dictionary_kind *kind = find_kind(search->kind);
    const dictionary_kind *wanted = search->option != NULL ? find_kind(search->option) : NULL;
    const char *const *places = search->places != NULL ? search->places : system_places;
    sbertja_status status;
    *folder = NULL;
    *name = NULL;
    if (kind == NULL)
        return sbj_fail(error, SBERTJA_E_UNSUPPORTED, "MeCab dictionary %s: expected ipadic, unidic_lite or unidic",
                        search->kind);
    if (search->option != NULL && wanted == NULL) {
        if ((status = take_folder(alloc, search, &kind, folder, error)) == SBERTJA_OK)
            *name = kind != NULL ? kind->name : "";
        return status;
    }
    if (wanted != NULL) {
        if (wanted != kind && !search->guessed)
            sbj_say(&search->log, SBERTJA_LOG_WARNING,
                    "the dictionary %s is used, as asked for, not %s that the model names: tokens may differ",
                    wanted->name, kind->name);
        kind = wanted;
    }
    status = look_in_all(alloc, search->first_places, kind, folder, error);
    if (status == SBERTJA_OK)
        status = look_in_all(alloc, places, kind, folder, error);
    if (status == SBERTJA_OK && *folder == NULL)
        return fail_missing(alloc, search, kind, places, error);
    if (status == SBERTJA_OK) {
        *name = kind->name;
        sbj_say(&search->log, SBERTJA_LOG_INFO, "MeCab dictionary %s: %s", kind->name, *folder);
    }
    return status;
}
