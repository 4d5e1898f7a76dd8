/* The pickle of a state dict: what torch.load reads as an OrderedDict of contiguous float32 tensors on the CPU. */
#ifndef SBJ_PICKLE_WRITE_H
#define SBJ_PICKLE_WRITE_H

#include "io/archive.h"
#include "util/strbuf.h"

/* Appends protocol 2; entry i has the storage with the key "i". Sizes are measured already (sbj_entries_measure). */
void sbj_pickle_state_dict(sbj_strbuf *buffer, const sbj_entry *entries, size_t count);

#endif
