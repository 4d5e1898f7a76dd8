/* Training vocabularies. */
#include "api/api.h"
#include "text/vocabulary_trainer.h"

SBERTJA_API sbertja_status sbertja_vocabulary_trainer_create(const sbertja_vocabulary_options *options,
                                                             sbertja_vocabulary_trainer **trainer, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    sbertja_vocabulary_options o = SBERTJA_VOCABULARY_OPTIONS_INIT;
    if (trainer == NULL)
        return sbj_no_argument(error, "trainer");
    *trainer = NULL;
    sbertja_status status =
        sbj_take_options("vocabulary options", options, options ? options->size : 0, &o, sizeof o, error);
    if (status == SBERTJA_OK && (status = sbj_check_allocator(o.allocator, error)) != SBERTJA_OK)
        status = sbj_in(error, status, "vocabulary options");
    return status == SBERTJA_OK ? sbj_vocabulary_trainer_create(&o, (sbj_vocabulary_trainer **)trainer, error) : status;
}

SBERTJA_API sbertja_status sbertja_vocabulary_trainer_add(sbertja_vocabulary_trainer *trainer, const char *const *texts,
                                                          const size_t *lengths, size_t count, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (trainer == NULL)
        return sbj_no_argument(error, "trainer");
    if (texts == NULL && count > 0)
        return sbj_no_argument(error, "texts");
    if (sbj_check_texts(texts, lengths, count, error) != SBERTJA_OK)
        return SBERTJA_E_ARGUMENT;
    sbj_use *use = sbj_vocabulary_trainer_use((sbj_vocabulary_trainer *)trainer);
    if (!sbj_use_begin(use))
        return sbj_use_refused("vocabulary trainer", error);
    const sbertja_status status =
        sbj_vocabulary_trainer_add((sbj_vocabulary_trainer *)trainer, texts, lengths, count, error);
    sbj_use_end(use);
    return status;
}

SBERTJA_API sbertja_status sbertja_vocabulary_trainer_finish(sbertja_vocabulary_trainer *trainer, const char *path,
                                                             sbertja_vocabulary_summary *summary, sbertja_error *error)
{
    SBJ_KEEP_ERRNO;
    SBJ_KEEP_MODE;
    if (trainer == NULL || path == NULL)
        return sbj_no_argument(error, trainer == NULL ? "trainer" : "path");
    sbj_use *use = sbj_vocabulary_trainer_use((sbj_vocabulary_trainer *)trainer);
    if (!sbj_use_begin(use))
        return sbj_use_refused("vocabulary trainer", error);
    const sbertja_status status =
        sbj_vocabulary_trainer_finish((sbj_vocabulary_trainer *)trainer, path, summary, error);
    sbj_use_end(use);
    return status;
}

SBERTJA_API void sbertja_vocabulary_trainer_free(sbertja_vocabulary_trainer *trainer)
{
    SBJ_KEEP_ERRNO;
    sbj_vocabulary_trainer_free((sbj_vocabulary_trainer *)trainer);
}
