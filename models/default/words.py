#!/usr/bin/env python3
"""A model and the words themselves as teachers: step 8 of train.sh.

    words.py MODEL WORK

makes a student, WORK/signed, and NAME.model.npy and NAME.words.npy for NAME.txt, NAME being search, both and some
(some.txt, every sixth line of all.txt, is made too). The first has MODEL's vectors. The second says which words a text
has: every entry of the vocabulary has a random direction, and a text is the sum of its entries' directions, each by how
rare the entry is and how often it stands there, as BM25 weighs them (Robertson and Zaragoza 2009, k1 = 1, b = 0). The
cosine of two such sums is near to that of the weighted counts (random indexing: Kanerva, Kristoferson and Holst 2000), in
far fewer numbers. It does not have to be learnt from examples which names there are, and so a student that follows it
also matches those that it has never read.

The student is MODEL with the same directions in its table of words, each as long as the entry is rare, in place of the
WIDTH directions in which the table varies least (a sixth of its variance). So what is left to learn is to carry them
through; a student that begins as MODEL itself has to learn 24,000 of them, and was far from it after 1,300 steps.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file, save_file
from sbertja import SentenceTransformer

WIDTH = 96
LONGEST = 1.5  # about the length of the rarest entry's direction in the student's table; the rows of MODEL's are 0.76
TABLE = "embeddings.word_embeddings.weight"
SPECIAL = 5  # the first entries of the vocabulary: [PAD], [UNK], [CLS], [SEP], [MASK]
PART = 2000
EVERY = 6
NAMES = "search", "both", "some"


def read(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def entries(model, lines):
    """For each line the entries that it has, and how often each."""
    for begin in range(0, len(lines), PART):
        for row in model.tokenize(lines[begin:begin + PART])["input_ids"]:
            yield np.unique(row[row >= SPECIAL], return_counts=True)


def rarity(model, lines):
    """BM25's logarithm of how few of the lines have an entry, for each entry."""
    count = np.zeros(model.describe()["tokenizer"]["vocabulary"], np.int64)
    for present, _ in entries(model, lines):
        count[present] += 1
    return np.log(1 + (len(lines) - count + 0.5) / (count + 0.5))


def write_some(work):
    with open(work / "some.txt", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in read(work / "all.txt")[::EVERY])


def write_student(model, rare, directions, target):
    model.save(str(target), dtype="f32")
    weights = load_file(target / "model.safetensors")
    table = weights[TABLE]
    centred = table - table.mean(0)
    least = np.linalg.svd(centred, full_matrices=False)[2][-WIDTH:]
    lengths = LONGEST * rare[:, None] / rare.max() / np.sqrt(WIDTH)
    lengths[:SPECIAL] = 0
    weights[TABLE] = (table + (lengths * directions - centred @ least.T) @ least).astype(np.float32)
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})


def word_vectors(model, rare, directions, lines):
    vectors = np.array([(rare[present] * times / (times + 1)) @ directions[present]
                        for present, times in entries(model, lines)])
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def write(path, width, lines, vectors):
    draft = path.with_name("draft.npy")
    array = np.lib.format.open_memmap(draft, "w+", np.float16, (len(lines), width))
    for begin in range(0, len(lines), 20 * PART):
        array[begin:begin + 20 * PART] = vectors(lines[begin:begin + 20 * PART])
    array.flush()
    draft.rename(path)


def main():
    directory, work = map(pathlib.Path, sys.argv[1:])
    write_some(work)
    model = SentenceTransformer(str(directory), precision="int8")
    lines = {name: read(work / f"{name}.txt") for name in NAMES}
    rare = rarity(model, lines["some"])
    directions = np.random.default_rng(42).standard_normal((len(rare), WIDTH)).astype(np.float32)

    write_student(model, rare, directions, work / "signed")
    for name in NAMES:
        write(work / f"{name}.words.npy", WIDTH, lines[name], lambda part: word_vectors(model, rare, directions, part))
        write(work / f"{name}.model.npy", model.get_sentence_embedding_dimension(), lines[name],
              lambda part: model.encode(part, normalize_embeddings=True))


if __name__ == "__main__":
    main()
