"""Examples in the order of training: the datasets of sentence_transformers.datasets, and torch's DataLoader.

SentenceTransformer.fit reads what these objects say and lets the library make the batches. One can also loop over them.
"""
import math
import random
import warnings

from . import errors


class SentencesDataset:
    """A list of examples. The model, which early versions tokenized with, is not needed."""

    def __init__(self, examples, model=None):
        self.examples = list(examples)
        self.model = model

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, index):
        return self.examples[index]


class SentenceLabelDataset:
    """Groups of `samples_per_label` sentences of one label, so that the triplet losses find pairs in every batch.

    Labels with fewer examples than that are left out, with a warning. The batch size must be a multiple of
    `samples_per_label` and at least twice as large.
    """

    def __init__(self, examples, samples_per_label=2, with_replacement=False):
        examples = list(examples)
        if not isinstance(samples_per_label, int) or samples_per_label < 2:
            raise errors.ArgumentError(f"SentenceLabelDataset: samples_per_label is {samples_per_label!r}, must be 2 "
                                       "or more: a single sentence of a label has no partner")
        if not examples:
            raise errors.ArgumentError("SentenceLabelDataset: there are no examples")
        groups = {}
        for example in examples:
            groups.setdefault(example.label, []).append(example)
        self.samples_per_label = samples_per_label
        self.with_replacement = with_replacement
        self.labels = [label for label, group in groups.items() if len(group) >= samples_per_label]
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
            warnings.warn(f"SentenceLabelDataset: left out labels with fewer than {self.samples_per_label} examples: "
                          f"{_counts(dropped)}", stacklevel=3)
        if len(self.labels) == 1:
            warnings.warn(f"SentenceLabelDataset: only the label {self.labels[0]!r} is left: there are no triplets to "
                          "learn from", stacklevel=3)
        if self.with_replacement:
            warnings.warn("SentenceLabelDataset: with_replacement=True has no effect in fit", stacklevel=3)

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


class DataLoader:
    """Batches of a dataset. Options of torch's loader that have no meaning here (workers, collate_fn) are accepted.
    `batch_tokens`: fit ends a batch before the example that would bring it above so many tokens; 0: no limit."""

    def __init__(self, dataset, batch_size=1, shuffle=False, *, drop_last=False, batch_tokens=0, **_ignored):
        if not isinstance(batch_size, int) or batch_size < 1:
            raise errors.ArgumentError(f"DataLoader: batch_size is {batch_size!r}, must be 1 or more")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.batch_tokens = batch_tokens
        self.collate_fn = None  # fit of sentence-transformers sets it

    def __len__(self):
        return (math.floor if self.drop_last else math.ceil)(len(self.dataset) / self.batch_size)

    def __iter__(self):
        examples = list(self.dataset)
        if self.shuffle:
            random.shuffle(examples)
        for index in range(len(self)):
            yield examples[index * self.batch_size:(index + 1) * self.batch_size]


class NoDuplicatesDataLoader(DataLoader):
    """Batches of the shuffled examples in which no text comes twice, for MultipleNegativesRankingLoss: an example with a
    text that the batch has already waits for a later one. The last batches of a pass may be smaller."""

    no_duplicates = True

    def __init__(self, train_examples, batch_size):
        super().__init__(train_examples, batch_size, shuffle=True)

    def __iter__(self):
        waiting = random.sample(list(self.dataset), len(self.dataset))
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


def _counts(counts):
    """{3: 1, 'x': 2} as "3 (1), 'x' (2)"."""
    return ", ".join(f"{label!r} ({count})" for label, count in counts.items())
