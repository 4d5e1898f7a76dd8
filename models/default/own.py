#!/usr/bin/env python3
"""The model as its own teacher: step 9 of train.sh.

    own.py MODEL DATA WORK

makes NAME.txt and NAME.own.npy, MODEL's vectors of these texts, for NAME renamed (passages and their questions, with other
names), short (captions and sentences) and some (of all texts).
"""
import pathlib
import random
import sys

import numpy as np
from sbertja import SentenceTransformer

import texts

RENAMED, SHORT, SOME = 22000, 42000, 25000  # texts


def main():
    directory, data, work = map(pathlib.Path, sys.argv[1:])
    model = SentenceTransformer(str(directory), precision="int8")
    lines, is_passage = texts.passages_with_questions(data)
    begin = is_passage.index(True, len(lines) // texts.VERSIONS)  # behind those with the names that they have
    rng = random.Random(9)
    parts = {"renamed": lines[begin:begin + RENAMED],
             "short": rng.sample(texts.captions_and_sentences(data), SHORT),
             "some": rng.sample(texts.everything(data), SOME)}
    for name, part in parts.items():
        texts.write_lines(work / f"{name}.txt", part)
        np.save(work / "own.npy", model.encode(part, normalize_embeddings=True).astype(np.float16))
        (work / "own.npy").rename(work / f"{name}.own.npy")


if __name__ == "__main__":
    main()
