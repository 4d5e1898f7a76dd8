#!/usr/bin/env python3
"""libsbertja beside CTranslate2, f32 and int8. The peer gets ready ids; ours is charged for tokenizing.

The model is converted by CTranslate2's own converter from the Hugging Face files in the model's directory; it gives
token vectors, whose mean is taken with NumPy.
"""
import functools
import os
from concurrent.futures import ThreadPoolExecutor

import environment

environment.enter(*environment.TORCH)

import ctranslate2
import numpy as np

import compare
from sides import Side, batchings


def converted(path):
    """The converted model beside the original, in f32; int8 is made of it when it is loaded."""
    folder = f"{path}.ctranslate2"
    if not os.path.isdir(folder):
        import transformers
        from ctranslate2.converters import TransformersConverter
        # transformers 5 dropped the setting, of which only this value was left; the converter still looks.
        transformers.BertConfig.position_embedding_type = "absolute"
        TransformersConverter(path).convert(folder)
    return folder


class CTranslate2(Side):
    def __init__(self, precision, path, threads):
        kind = {"f32": "float32", "int8": "int8_float32"}[precision]
        self.pool = ThreadPoolExecutor(threads)
        # One batch at a time on all threads, or one thread to each of several batches.
        alone = ctranslate2.Encoder(converted(path), compute_type=kind, inter_threads=1, intra_threads=threads)
        beside = ctranslate2.Encoder(converted(path), compute_type=kind, inter_threads=threads, intra_threads=1)
        self.encoders = ("one at a time", alone, map), ("side by side", beside, self.pool.map)

    def ways(self, work):
        for size, batches in batchings(work):
            unpadded = [(rows, [work.ids[row] for row in rows], mask) for rows, _, mask in batches]
            for name, encoder, for_each in self.encoders:
                yield f"batches of {size}, {name}", functools.partial(self.encode, encoder, for_each, unpadded)

    @staticmethod
    def encode(encoder, for_each, batches):
        def run(batch):
            rows, ids, mask = batch
            hidden = np.array(encoder.forward_batch(ids).last_hidden_state)
            weight = mask.astype(np.float32)
            return rows, np.einsum("bs,bsh->bh", weight / weight.sum(axis=1, keepdims=True), hidden)
        rows, vectors = zip(*for_each(run, batches))
        return np.concatenate(vectors)[np.argsort(np.concatenate(rows))]

    def versions(self):
        return f"CTranslate2 {ctranslate2.__version__}"


if __name__ == "__main__":
    compare.main("ctranslate2", ["f32", "int8"], CTranslate2)
