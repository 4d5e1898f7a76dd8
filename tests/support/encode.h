/* Vectors of texts through a session of its own; the test ends where one cannot be had. */
#ifndef ENCODE_H
#define ENCODE_H

#include "model/session.h"

void encode_texts(const sbj_model *model, int threads, size_t batch_tokens, const char *const *texts, size_t count,
                  float *vectors);

#endif
