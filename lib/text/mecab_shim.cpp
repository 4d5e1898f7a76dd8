// See mecab_shim.h. The only C++ of the library; nothing here may throw.
#include "text/mecab_shim.h"

#include <cerrno>

namespace {

template <typename Call> sbj_mecab_result guarded(Call call) noexcept
{
    try {
        return call() ? SBJ_MECAB_OK : SBJ_MECAB_FAILED;
    } catch (...) {
        return SBJ_MECAB_NO_MEMORY; // libmecab throws for no other reason
    }
}

template <typename Call> void quietly(Call call) noexcept
{
    try {
        call();
    } catch (...) {
    }
}

} // namespace

sbj_mecab_result sbj_mecab_model_new(int count, char **arguments, mecab_model_t **model)
{
    const int before = errno;
    *model = nullptr;
    errno = 0;
    sbj_mecab_result result = guarded([&] { return (*model = mecab_model_new(count, arguments)) != nullptr; });
    // libmecab takes a file that it cannot open or map for want of memory for one that is missing: only errno tells.
    if (result == SBJ_MECAB_FAILED && errno == ENOMEM)
        result = SBJ_MECAB_NO_MEMORY;
    if (result == SBJ_MECAB_OK)
        errno = before;
    return result;
}

sbj_mecab_result sbj_mecab_tagger_new(mecab_model_t *model, mecab_t **tagger)
{
    *tagger = nullptr;
    return guarded([&] { return (*tagger = mecab_model_new_tagger(model)) != nullptr; });
}

sbj_mecab_result sbj_mecab_lattice_new(mecab_model_t *model, mecab_lattice_t **lattice)
{
    *lattice = nullptr;
    return guarded([&] { return (*lattice = mecab_model_new_lattice(model)) != nullptr; });
}

sbj_mecab_result sbj_mecab_parse(mecab_t *tagger, mecab_lattice_t *lattice, const char *text, size_t length)
{
    return guarded([&] {
        mecab_lattice_set_sentence2(lattice, text, length);
        return mecab_parse_lattice(tagger, lattice) != 0;
    });
}

sbj_mecab_result sbj_mecab_lookup(mecab_model_t *model, const char *begin, const char *end, mecab_lattice_t *lattice,
                                  mecab_node_t **nodes)
{
    *nodes = nullptr;
    return guarded([&] {
        *nodes = mecab_model_lookup(model, begin, end, lattice);
        return true;
    });
}

sbj_mecab_result sbj_mecab_clear(mecab_lattice_t *lattice)
{
    return guarded([&] {
        mecab_lattice_clear(lattice);
        return true;
    });
}

void sbj_mecab_model_destroy(mecab_model_t *model)
{
    if (model != nullptr)
        quietly([&] { mecab_model_destroy(model); });
}

void sbj_mecab_tagger_destroy(mecab_t *tagger)
{
    if (tagger != nullptr)
        quietly([&] { mecab_destroy(tagger); });
}

void sbj_mecab_lattice_destroy(mecab_lattice_t *lattice)
{
    if (lattice != nullptr)
        quietly([&] { mecab_lattice_destroy(lattice); });
}
