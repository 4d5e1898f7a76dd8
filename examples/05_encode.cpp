// From C++: handles in unique_ptr, errors as exceptions.
//
//     build/examples/05_encode [-m MODEL] "冷却水が漏れた。" "ポンプから水が漏れた。"
#include <sbertja.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

void check(sbertja_status status, const sbertja_error &error)
{
    if (status != SBERTJA_OK)
        throw std::runtime_error(error.message);
}

template <auto release> struct deleter {
    template <class T> void operator()(T *handle) const { release(handle); }
};
using model_handle = std::unique_ptr<sbertja_model, deleter<sbertja_model_free>>;
using session_handle = std::unique_ptr<sbertja_session, deleter<sbertja_session_free>>;

std::vector<float> encode(sbertja_session *session, std::size_t dimension, const std::vector<const char *> &texts)
{
    sbertja_error error;
    std::vector<float> vectors(texts.size() * dimension);
    check(sbertja_encode(session, texts.data(), nullptr, texts.size(), nullptr, vectors.data(), &error), error);
    return vectors;
}

} // namespace

int main(int argc, char **argv)
{
    const bool named = argc > 2 && std::strcmp(argv[1], "-m") == 0;
    const char *directory = named ? argv[2] : nullptr; // nullptr: the default model
    const std::vector<const char *> texts(argv + (named ? 3 : 1), argv + argc);
    if (texts.empty())
        return std::fprintf(stderr, "usage: %s [-m MODEL] TEXT...\n", argv[0]), 2;
    try {
        sbertja_error error;
        sbertja_model *model = nullptr;
        sbertja_session *session = nullptr;
        check(sbertja_model_load(directory, nullptr, &model, &error), error);
        model_handle model_owner(model);
        check(sbertja_session_create(model, nullptr, &session, &error), error);
        session_handle session_owner(session);
        const std::size_t dimension = sbertja_model_dimension(model);
        const auto vectors = encode(session, dimension, texts);
        for (std::size_t i = 0; i < texts.size(); i++)
            std::printf("%.4f  %s\n", sbertja_cosine(vectors.data(), vectors.data() + i * dimension, dimension),
                        texts[i]);
    } catch (const std::exception &e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
