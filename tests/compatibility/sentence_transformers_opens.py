#!/usr/bin/env python3
"""Directories saved by libsbertja, opened by sentence-transformers: the same vectors to 1e-5 of the largest value.

    python -m venv venv && venv/bin/pip install sentence-transformers fugashi ipadic
    PYTHONPATH=bindings/python venv/bin/python tests/compatibility/sentence_transformers_opens.py

Not part of `make check`, which needs no network. Run from the top of the source tree, after `make`.
"""
import os
import tempfile

import numpy as np
import sentence_transformers

import sbertja

TINY = "tests/data/tiny"
TEXTS = [line.rstrip("\n").split("\t", 1)[1] for line in open(f"{TINY}/sentences.tsv", encoding="utf-8")]


def difference(a, b):
    return float(np.abs(a - b).max() / np.abs(b).max())


def main():
    worst = 0.0
    for name in ("bert", "model", "model-0.4.1", "model-cls-dense-normalize", "hf-bin-zip", "hf-bin-legacy-gamma",
                 "hf-bin-half", "hf-safetensors-bf16"):
        ours = sbertja.SentenceTransformer(f"{TINY}/{name}", device="cpu")
        vectors = ours.encode(TEXTS)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "saved")
            ours.save(path, packed="int8")  # a file that they pass over
            theirs = sentence_transformers.SentenceTransformer(path, device="cpu").encode(TEXTS)
            d = difference(vectors, theirs)
            print(f"{name:28} saved by libsbertja, opened by sentence-transformers "
                  f"{sentence_transformers.__version__}: {d:.1e}")
            worst = max(worst, d)
            if name not in ("model-0.4.1",):  # of that one it takes the wrong tokenizer, see tests/data/README.md
                back = os.path.join(folder, "back")
                sentence_transformers.SentenceTransformer(f"{TINY}/{name}", device="cpu").save(back)
                d = difference(sbertja.SentenceTransformer(back, device="cpu").encode(TEXTS), vectors)
                print(f"{'':28} and the other way round: {d:.1e}")
                worst = max(worst, d)
    assert worst < 1e-5, worst
    print(f"1 passed, 0 failed (largest difference {worst:.1e})")


if __name__ == "__main__":
    main()
