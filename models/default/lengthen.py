#!/usr/bin/env python3
"""A model for longer texts: step 5 of train.sh.

    lengthen.py MODEL TARGET POSITIONS

Most texts of the distillation are short, so that it is done with few positions. The rows added to the position embeddings
are those of the second half over again, so that neighbours stand to each other as they did; training goes on from there.
"""
import pathlib
import shutil
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

from inside import edit

TABLE = "embeddings.position_embeddings.weight"
LENGTHS = {"config.json": "max_position_embeddings", "sentence_bert_config.json": "max_seq_length",
           "tokenizer_config.json": "model_max_length"}


def main():
    source, target, positions = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    draft = target.with_name(target.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft)
    weights = load_file(draft / "model.safetensors")
    table = weights[TABLE]
    half = table[len(table) // 2:]
    more = np.tile(half, (-(-positions // len(half)), 1))
    weights[TABLE] = np.concatenate([table, more])[:positions]
    save_file(weights, draft / "model.safetensors", metadata={"format": "pt"})
    for name, key in LENGTHS.items():
        edit(draft / name, **{key: positions})
    draft.rename(target)


if __name__ == "__main__":
    main()
