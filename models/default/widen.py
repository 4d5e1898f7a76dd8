#!/usr/bin/env python3
"""Columns for words: step 10 of train.sh.

    widen.py MODEL DATA WIDTH TARGET

makes TARGET, a model that is WIDTH columns wide. Its vectors are those of MODEL and, beside them, which words a text has.
Nothing is trained here, and little of MODEL is changed:

- The new columns of the word table have a random direction for every entry, as long as the entry is rare (BM25's logarithm:
  Robertson and Zaragoza 2009); the last column marks [CLS] and [SEP].
- In the first layer new heads, which see nothing but that mark, take the mean of the directions of a text, with [CLS] and
  [SEP] as SINK words without one, so that a short text's is not longer than a long one's.
- Nothing else reads or writes these columns, so what the heads found is in every later state, and in the sentence vector.

The cosine of two sums of random directions is near to that of the weighted counts of words (random indexing: Kanerva,
Kristoferson and Holst 2000). So names match that no training has ever seen.

LayerNorm lets this pass: its mean over more columns stays zero where all that is written has mean zero, and its deviation
is smaller by a constant, which its weight takes back.
"""
import pathlib
import shutil
import sys

import numpy as np
import torch
from sbertja import SentenceTransformer

import texts
from inside import CLS, PAD, SEP, SPECIAL, WORDS, Bert, batches, edit, pooled, samples, tokens, write

SHARE = 0.18  # of a vector's squared length that is words
SINK = 24     # words that [CLS] and [SEP] count as, together
LENGTH = 0.2  # of a word's direction: root of the mean square of a column, where MODEL's have 1
MEAN = 15     # how much longer the heads make their mean
MARK = 0.3    # of [CLS] and [SEP], before the first LayerNorm
EVERY = 6     # of all texts, one in so many is counted


def rarity(model, lines):
    """BM25's logarithm of how few of the lines have an entry, for each entry."""
    count = torch.zeros(model.describe()["tokenizer"]["vocabulary"])
    for row in tokens(model, lines):
        count[np.unique(row)] += 1
    rare = torch.log(1 + (len(lines) - count + 0.5) / (count + 0.5))
    rare[:SPECIAL] = 0
    return rare


def gains(bert, rows):
    """The mean of one over what LayerNorm divides by, for each LayerNorm."""
    found = {}
    for ids in batches(rows):
        for name, deviation in bert.forward(ids)[1].items():
            found.setdefault(name, []).append(1 / deviation[ids != PAD])
    return {name: torch.cat(each).mean() for name, each in found.items()}


def vectors(bert, rows):
    return torch.cat([pooled(bert.forward(ids)[0], ids) for ids in batches(rows)])


def pad(array, *shape):
    padded = torch.zeros(*shape)
    padded[tuple(map(slice, array.shape))] = array
    return padded


class Wider:
    """MODEL with more columns: the old ones, those for words, and the mark."""

    def __init__(self, directory, width, rows):
        self.bert, self.rows, self.width = Bert(directory), rows, width
        self.weights, self.gain = self.bert.weights, gains(self.bert, rows)
        self.old = self.weights[WORDS].shape[1]
        self.head = self.old // self.bert.heads
        self.bert.heads = width // self.head
        self.mark = width - 1
        self.words = slice(self.old, self.mark)
        self.number = self.mark - self.old

    def add_columns(self):
        """What is written has mean zero in the old columns, and nothing in the new ones."""
        weights, width = self.weights, self.width
        for name in [WORDS, "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"]:
            weights[name] = pad(weights[name] - weights[name].mean(1, keepdim=True), len(weights[name]), width)
        for layer in range(self.bert.layers):
            name = f"encoder.layer.{layer}"
            neurons = len(weights[f"{name}.intermediate.dense.bias"])
            for part, inputs in (f"{name}.attention.output.dense", width), (f"{name}.output.dense", neurons):
                weight, bias = weights[f"{part}.weight"], weights[f"{part}.bias"]
                weights[f"{part}.weight"] = pad(weight - weight.mean(0), width, inputs)
                weights[f"{part}.bias"] = pad(bias - bias.mean(), width)
            for part in "query", "key", "value":
                part = f"{name}.attention.self.{part}"
                weights[f"{part}.weight"] = pad(weights[f"{part}.weight"], width, width)
                weights[f"{part}.bias"] = pad(weights[f"{part}.bias"], width)
            part = f"{name}.intermediate.dense.weight"
            weights[part] = pad(weights[part], neurons, width)

    def keep_norms(self):
        """A column of words goes through LayerNorm with gain 1 for most tokens, the old ones as before."""
        smaller = ((self.old + self.number * LENGTH ** 2) / self.width) ** 0.5
        for name, gain in self.gain.items():
            weight = torch.full((self.width,), smaller / (1 if name == "embeddings" else gain))
            weight[:self.old] = smaller * self.weights[f"{name}.LayerNorm.weight"]
            self.weights[f"{name}.LayerNorm.weight"] = weight
            self.weights[f"{name}.LayerNorm.bias"] = pad(self.weights[f"{name}.LayerNorm.bias"], self.width)

    def write_words(self, rare):
        table = self.weights[WORDS]
        directions = np.random.default_rng(42).standard_normal((len(table), self.number), np.float32)
        directions = torch.tensor(directions)
        directions -= directions.mean(1, keepdim=True)
        directions *= rare[:, None] / directions.norm(dim=1, keepdim=True)
        size = directions[np.concatenate(self.rows)].square().mean().sqrt()
        table[:, self.words] = LENGTH * directions / size / self.gain["embeddings"]
        table[[CLS, SEP], self.mark] = MARK / self.gain["embeddings"]

    def add_heads(self):
        """The mean over the columns, which LayerNorm's own would leave a trace of, is taken off."""
        name, words, head = "encoder.layer.0.attention", self.words, self.head
        marks = torch.cat([self.bert.embed(ids)[0][(ids == CLS) | (ids == SEP), self.mark] for ids in batches(self.rows)])
        for first in range(self.old, self.width, head):
            self.weights[f"{name}.self.query.bias"][first] = head ** 0.5
            self.weights[f"{name}.self.key.weight"][first, self.mark] = np.log(SINK / 2) / marks.mean()
        self.weights[f"{name}.self.value.weight"][words, words] = MEAN * (torch.eye(self.number) - 1 / self.number)
        self.weights[f"{name}.output.dense.weight"][words, words] = torch.eye(self.number)

    def give_share(self):
        """The words' share of the sentence vector; their mean over texts, which says nothing, is taken off."""
        each, words = vectors(self.bert, self.rows), self.words
        mean = each[:, words].mean(0)
        meaning, said = (part.square().sum(1).mean() for part in (each[:, :self.old], each[:, words] - mean))
        scale = (SHARE / (1 - SHARE) * meaning / said).sqrt()
        name = f"encoder.layer.{self.bert.layers - 1}.output.LayerNorm"
        self.weights[f"{name}.weight"][words] *= scale
        self.weights[f"{name}.bias"][words] = -scale * mean
        self.weights[f"{name}.weight"][self.mark] = 0


def main():
    source, data, width, target = sys.argv[1:]
    source, data, target = map(pathlib.Path, (source, data, target))
    draft = target.with_name("wide.draft")
    shutil.rmtree(draft, ignore_errors=True)
    torch.set_grad_enabled(False)
    model = SentenceTransformer(str(source))
    model.save(str(draft), dtype="f32")

    wider = Wider(draft, int(width), samples(model, data))
    wider.add_columns()
    wider.keep_norms()
    wider.write_words(rarity(model, texts.everything(data)[::EVERY]))
    wider.add_heads()
    wider.give_share()
    write(draft, wider.weights, hidden_size=wider.width, num_attention_heads=wider.bert.heads)
    edit(draft / "1_Pooling" / "config.json", word_embedding_dimension=wider.width)
    draft.rename(target)


if __name__ == "__main__":
    main()
