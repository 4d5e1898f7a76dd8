"""One side of a comparison: what runs in a process of its own and is asked for vectors and times.

Each side has a process to itself, so that neither's threads, allocator or floating-point mode reach into the other; the
one that is not asked waits and uses no processor.
"""
import statistics
import time

import numpy as np

from workload import make_works

LEAST = 0.3  # seconds that one timing takes at least
SIZES = 1, 8, 16, 32  # batches that are tried


class Skip(Exception):
    """Why this precision cannot be had here."""


def require_bf16():
    """Without instructions for it bf16 is emulated, which measures nothing that anybody would use."""
    with open("/proc/cpuinfo", encoding="ascii") as file:
        if not {"avx512_bf16", "amx_bf16"} & set(file.read().split()):
            raise Skip("the processor has neither avx512_bf16 nor amx_bf16")


def seconds_of(call):
    """The mean time of a call, repeated for LEAST seconds."""
    count, spent, began = 0, 0.0, time.perf_counter()
    while spent < LEAST:
        call()
        count += 1
        spent = time.perf_counter() - began
    return spent / count


class Side:
    """A derived class gives ways(work): pairs of a label and a call that does the work. The call returns the vectors in
    the order of the texts, or nothing after a training step; it may have an attribute `seconds` that times it better
    than seconds_of() can."""

    def warm(self, work):
        """Tries every way and keeps the fastest. The first call compiles, packs, allocates, and is not timed."""
        best = None
        for label, call in self.ways(work):
            vectors, measure = call(), getattr(call, "seconds", lambda call=call: seconds_of(call))
            seconds = measure()
            if best is None or seconds < best:
                best, self.time, result = seconds, measure, (vectors, label)
        return result

    def versions(self):
        return ""


class OurStep:
    """A training step of libsbertja, which does whole runs: the median time from one step's progress to the next."""

    STEPS = 5

    def __init__(self, sbertja, model, work, bf16):
        self.bf16 = bf16
        examples = [sbertja.InputExample(texts=[text], label=float(i % 3)) for i, text in enumerate(work.texts)]
        self.loader = sbertja.DataLoader(examples, batch_size=len(examples))
        self.loss, self.model, self.training = sbertja.losses.BatchAllTripletLoss(model), model, sbertja.training

    def __call__(self, epochs=1):
        self.model.fit([(self.loader, self.loss)], epochs=epochs, warmup_steps=0, threads=self.model.threads,
                       use_amp=self.bf16, show_progress_bar=False)

    def seconds(self):
        stamps, show = [], self.training._show
        self.training._show = lambda bar, progress: stamps.append(time.perf_counter())
        try:
            self(1 + self.STEPS)
        finally:
            self.training._show = show
        return statistics.median(after - before for before, after in zip(stamps, stamps[1:]))


class Ours(Side):
    """libsbertja. It takes texts, so tokenizing is part of its time; tokenizing() says how large a part."""

    def __init__(self, precision, path, threads):
        import sbertja  # here, since a process for the peer has no use for it
        self.sbertja, self.precision = sbertja, precision
        try:
            self.model = sbertja.SentenceTransformer(path, device="cpu", threads=threads, precision=precision)
        except sbertja.UnsupportedError as fault:
            raise Skip(fault) from None

    def ways(self, work):
        if work.train:
            yield "", OurStep(self.sbertja, self.model, work, self.precision == "bf16")
        else:
            yield "", lambda: self.model.encode(work.texts, show_progress_bar=False)

    def works(self, shape, most):
        return make_works(shape, self.model.tokenizer, most)

    def tokenizing(self, work):
        """The time of the tokenizer alone, in one thread."""
        return seconds_of(lambda: [self.model.tokenizer.encode(text) for text in work.texts])

    def versions(self):
        info = self.sbertja.build_info()
        return f"libsbertja {info['version']} ({info['engines'][0]}, {info['instruction_sets'][0]})"


def padded_batches(ids, size):
    """(rows, ids, mask) of batches, longest first, so that each is padded to what is nearly its own length."""
    order, batches = sorted(range(len(ids)), key=lambda i: -len(ids[i])), []
    for begin in range(0, len(order), size):
        rows = order[begin:begin + size]
        matrix = np.zeros((len(rows), len(ids[rows[0]])), np.int64)
        mask = np.zeros_like(matrix)
        for k, row in enumerate(rows):
            matrix[k, :len(ids[row])] = ids[row]
            mask[k, :len(ids[row])] = 1
        batches.append((rows, matrix, mask))
    return batches


def batchings(work):
    """(size, batches) for each size that makes a difference."""
    for smaller, size in zip((0, *SIZES), SIZES):
        if smaller < len(work.ids):
            yield size, padded_batches(work.ids, size)


def in_order(batches, run):
    """run(ids, mask) for each batch, its rows put back where their texts were."""
    vectors = np.concatenate([run(ids, mask) for _, ids, mask in batches])
    return vectors[np.argsort(np.concatenate([rows for rows, _, _ in batches]))]
