"""Examples in the order of training: the datasets of sentence_transformers.datasets, and torch's DataLoader.

SentenceTransformer.fit reads what these objects say and lets the library make the batches. One can also loop over them.
"""
import math
import random

import numpy as np

from . import _arguments, errors
from ._progress import warn
from ._settings import Guarded, Setting

_FIXED = "make a new one"


def _examples(place, value):
    return _arguments.items(place, value, "InputExample")


class SentencesDataset(Guarded):
    """A list of examples. The model, which early versions tokenized with, is not needed."""

    examples = Setting(_examples)
    model = Setting(fixed=_FIXED)

    def __init__(self, examples, model=None):
        self.examples = examples
        self.model = model

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, index):
        return self.examples[index]


class SentenceLabelDataset(Guarded):
    """Groups of `samples_per_label` sentences of one label, so that the triplet losses find pairs in every batch.

    Labels with fewer examples than that are left out, with a warning. The batch size must be a multiple of
    `samples_per_label` and at least twice as large. `with_replacement` takes its default only.
    """

    examples = Setting(lambda place, value: tuple(value), fixed=_FIXED)
    labels = Setting(fixed=_FIXED)
    samples_per_label = Setting(fixed=_FIXED)
    with_replacement = Setting(fixed=_FIXED)

    def __init__(self, examples, samples_per_label=2, with_replacement=False):
        examples = _examples("SentenceLabelDataset: examples", examples)
        if isinstance(samples_per_label, np.integer):
            samples_per_label = int(samples_per_label)
        if type(samples_per_label) is not int or samples_per_label < 2:
            raise errors.ArgumentError(f"SentenceLabelDataset: samples_per_label is {samples_per_label!r}, must be 2 "
                                       "or more: a single sentence of a label has no partner")
        _arguments.unused("SentenceLabelDataset", "no example comes twice before its label has been gone through",
                          with_replacement=(with_replacement, False))
        if not examples:
            raise errors.ArgumentError("SentenceLabelDataset: there are no examples")
        groups = {}
        for index, example in enumerate(examples):
            groups.setdefault(_label(example, index), []).append(example)
        self.samples_per_label = samples_per_label
        self.with_replacement = with_replacement
        self.labels = tuple(label for label, group in groups.items() if len(group) >= samples_per_label)
        kept = set(self.labels)
        self.examples = [example for example in examples if example.label in kept]
        self._groups = [groups[label] for label in self.labels]
        self._report(groups)

    def _report(self, groups):
        counts = {label: len(group) for label, group in groups.items()}
        if not self.labels:
            raise errors.ArgumentError(f"SentenceLabelDataset: no label has samples_per_label={self.samples_per_label} "
                                       f"examples: {_counts(counts)}")
        dropped = {label: count for label, count in counts.items() if count < self.samples_per_label}
        if dropped:
            warn(f"SentenceLabelDataset: left out labels with fewer than {self.samples_per_label} examples: "
                 f"{_counts(dropped)}")
        if len(self.labels) == 1:
            warn(f"SentenceLabelDataset: only the label {self.labels[0]!r} is left: there are no triplets to learn from")

    def __len__(self):
        return len(self.examples)

    def __iter__(self):
        """Every label's group in turn, in random order; a label whose examples do not fill another group waits for the
        next round."""
        waiting = {}
        for _ in range(len(self.examples) // self.samples_per_label):
            if not any(len(rest) >= self.samples_per_label for rest in waiting.values()):
                order = random.sample(range(len(self._groups)), len(self._groups))
                waiting = {i: random.sample(self._groups[i], len(self._groups[i])) for i in order}
            label = next(i for i, rest in waiting.items() if len(rest) >= self.samples_per_label)
            rest = waiting.pop(label)
            yield from rest[:self.samples_per_label]
            waiting[label] = rest[self.samples_per_label:]  # to the end of the queue


class DataLoader(Guarded):
    """Batches of a dataset. `batch_tokens`: fit ends a batch before the example that would bring it above this number of
    tokens; 0: no limit.

    The other arguments of torch's loader take their defaults only, since fit makes the batches itself; fit refuses
    `drop_last` too, which a loop over the loader obeys.
    """

    dataset = Setting(lambda place, value: _dataset(place, value))
    batch_size = Setting(lambda place, value: _batch_size(value))
    shuffle = Setting(lambda place, value: value is not None and _arguments.flag(place, value))
    drop_last = Setting(_arguments.flag)
    batch_tokens = Setting(_arguments.integer)
    collate_fn = Setting(lambda place, value: _arguments.unused("DataLoader", _OWN_BATCHES, collate_fn=(value, None)))

    def __init__(self, dataset, batch_size=1, shuffle=False, sampler=None, batch_sampler=None, num_workers=0,
                 collate_fn=None, pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None,
                 multiprocessing_context=None, generator=None, *, prefetch_factor=None, persistent_workers=False,
                 pin_memory_device="", in_order=True, batch_tokens=0):
        _arguments.unused("DataLoader", _OWN_BATCHES, sampler=(sampler, None), batch_sampler=(batch_sampler, None))
        _arguments.unused("DataLoader", "fit reads the dataset once, in this process", num_workers=(num_workers, 0),
                          pin_memory=(pin_memory, False), timeout=(timeout, 0), worker_init_fn=(worker_init_fn, None),
                          multiprocessing_context=(multiprocessing_context, None),
                          prefetch_factor=(prefetch_factor, None), persistent_workers=(persistent_workers, False),
                          pin_memory_device=(pin_memory_device, ""), in_order=(in_order, True))
        _arguments.unused("DataLoader", "the seed of fit decides the order", generator=(generator, None))
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.batch_tokens = batch_tokens
        self.collate_fn = collate_fn

    def __len__(self):
        return (math.floor if self.drop_last else math.ceil)(len(self.dataset) / self.batch_size)

    def __iter__(self):
        examples = list(_arguments.elements(self.dataset))
        if self.shuffle:
            random.shuffle(examples)
        for index in range(len(self)):
            yield examples[index * self.batch_size:(index + 1) * self.batch_size]


class NoDuplicatesDataLoader(DataLoader):
    """Batches of the shuffled examples in which no text comes twice, for MultipleNegativesRankingLoss: an example with a
    text that the batch has already waits for a later one. The last batches of a pass may be smaller."""

    no_duplicates = True
    shuffle = Setting(_arguments.flag, fixed="its batches are always of shuffled examples")

    def __init__(self, train_examples, batch_size):
        super().__init__(train_examples, batch_size, shuffle=True)

    def __iter__(self):
        waiting = list(_arguments.elements(self.dataset))
        random.shuffle(waiting)
        while waiting:
            batch, later, texts = [], [], set()
            for example in waiting:
                if len(batch) == self.batch_size or not texts.isdisjoint(example.texts):
                    later.append(example)
                else:
                    batch.append(example)
                    texts.update(example.texts)
            yield batch
            waiting = later


_OWN_BATCHES = "fit makes the batches itself, from dataset, batch_size and shuffle"


def _dataset(place, value):
    """A list of examples, or an object that has a length and gives them by index or by iteration."""
    _arguments.refuse_containers(place, value, "InputExample")
    kind = type(value)
    if not hasattr(kind, "__len__") or not (hasattr(kind, "__getitem__") or hasattr(kind, "__iter__")):
        advice = ": it has no length; pass a list, list(dataset)" if hasattr(kind, "__iter__") else ""
        raise TypeError(f"{place}: {_arguments.describe(value)}, expected a list of InputExample or a dataset{advice}")
    return value


def _batch_size(value):
    size = _arguments.integer("DataLoader: batch_size", value, -_arguments.SIZE_MAX)
    if size < 1:
        raise errors.ArgumentError(f"DataLoader: batch_size is {size}, must be 1 or more")
    return size


def _label(example, index):
    """The label of an example, which groups go by."""
    if not hasattr(example, "label"):
        raise TypeError(f"SentenceLabelDataset: example {index} is {_arguments.describe(example)}, not an InputExample")
    if example.label != example.label:
        raise errors.ArgumentError(f"SentenceLabelDataset: example {index}: the label is NaN")
    return example.label


def _counts(counts):
    """{3: 1, 'x': 2} as "3 (1), 'x' (2)"."""
    return ", ".join(f"{label!r} ({count})" for label, count in counts.items())
