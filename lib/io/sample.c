/* Hashing a sample of a file: its size, its first and last bytes, and blocks at equal distances between them. What is
 * inserted or removed anywhere moves what follows, so it shows in the size or in a block. */
#include "io/sample.h"

#include "io/input.h"
#include "util/hash.h"

enum { BLOCK = 128, BLOCKS = 48, WHOLE = BLOCK * BLOCKS }; /* bytes, blocks; a file of WHOLE bytes is hashed whole */

static sbertja_status sample(const sbj_input *input, uint64_t *hash, sbertja_error *error)
{
    unsigned char data[WHOLE];
    const bool small = input->size <= WHOLE;
    const size_t blocks = small ? 1 : BLOCKS, length = small ? input->size : BLOCK;
    const size_t last = input->size - length; /* where the last block begins */
    const uint64_t size = input->size;
    uint64_t result = sbj_hash(*hash, &size, sizeof size);
    for (size_t i = 0; i < blocks; i++) {
        const size_t offset = i + 1 == blocks ? last : last / (BLOCKS - 1) * i;
        sbertja_status status = sbj_input_read(input, offset, data, length, error);
        if (status != SBERTJA_OK)
            return status;
        result = sbj_hash(result, data, length);
    }
    *hash = result;
    return SBERTJA_OK;
}

sbertja_status sbj_sample_file(const char *path, uint64_t *hash, sbertja_error *error)
{
    sbj_input input;
    sbertja_status status = sbj_input_open(path, &input, error);
    if (status == SBERTJA_OK)
        status = sample(&input, hash, error);
    sbj_input_close(&input);
    return status;
}
