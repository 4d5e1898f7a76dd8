#!/usr/bin/env python3
"""Less vocabulary and narrower feed-forward parts: step 8 of train.sh.

    narrow.py MODEL DATA ENTRIES NEURONS TARGET

makes TARGET, which gives nearly the vectors of MODEL. Of the vocabulary those ENTRIES stay that texts use most, each kind of
text counting the same, and all single characters. (What trains a vocabulary counts words, most of which here are chat;
and some entries that it made only lead to longer ones.) In each feed-forward part those NEURONS are kept that the others can stand in for least: after each removal the
output weights are solved anew by least squares (optimal brain surgeon: Hassibi and Stork 1993, of whole neurons), weighted
by what LayerNorm divides by, for the sums that MODEL has there; so each layer makes up for those below.
"""
import pathlib
import shutil
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from sbertja import SentenceTransformer

import texts
from inside import PAD, SPECIAL, WORDS, Bert, batches, pooled, samples, tokens, write

RIDGE = 1e-4  # of the mean of the diagonal


class LeastSquares:
    """Output weights of a layer's neurons, and of a constant behind them, for wanted sums."""

    def __init__(self, neurons, width):
        self.products = torch.zeros(neurons + 1, neurons + 1, dtype=torch.double)
        self.wanted = torch.zeros(neurons + 1, width, dtype=torch.double)

    def add(self, neurons, wanted, weight):
        neurons = torch.cat([neurons, torch.ones(len(neurons), 1)], 1) * weight
        self.products += (neurons.T @ neurons).double()
        self.wanted += (neurons.T @ (wanted * weight)).double()

    def keep(self, number):
        """The neurons that are kept, their output weights, and the constant."""
        products = self.products + RIDGE * self.products.diagonal().mean() * torch.eye(len(self.products))
        inverse = torch.linalg.inv(products)
        weights = inverse @ self.wanted
        constant = len(products) - 1
        kept = list(range(constant))
        while len(kept) > number:
            damage = weights[kept].square().sum(1) / inverse.diagonal()[kept]
            least = kept.pop(int(damage.argmin()))
            column = inverse[:, least].clone()
            weights -= torch.outer(column, weights[least] / column[least])
            inverse -= torch.outer(column, column) / column[least]
        kept.append(constant)
        solved = torch.linalg.solve(products[kept][:, kept], self.wanted[kept])
        return kept[:-1], solved[:-1].float(), solved[-1].float()


def most_used(model, data, vocabulary, number):
    """The ids of so many entries, in their order."""
    use = np.zeros(len(vocabulary))
    for lines in texts.kinds(data):
        count = np.bincount(np.concatenate(list(tokens(model, lines))), minlength=len(vocabulary))
        use += count / count[SPECIAL:].sum()
    always = [index < SPECIAL or len(entry.removeprefix("##")) == 1 for index, entry in enumerate(vocabulary)]
    use[always] = np.inf
    return np.sort(np.argsort(-use, kind="stable")[:number])


def copy_with_entries(source, data, number, target):
    model = SentenceTransformer(str(source))
    model.save(str(target), dtype="f32")
    vocabulary = (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kept = most_used(model, data, vocabulary, number)
    weights = load_file(target / "model.safetensors")
    weights[WORDS] = weights[WORDS][kept]
    (target / "vocab.txt").write_text("".join(vocabulary[index] + "\n" for index in kept), encoding="utf-8", newline="\n")
    write(target, weights, vocab_size=len(kept))


def narrow(directory, rows, number):
    """Feed-forward parts of so many neurons. Returns the mean cosine of the vectors with those before."""
    whole, less = Bert(directory), Bert(directory)
    ids = list(batches(rows))
    states = [whole.embed(each)[0] for each in ids]
    fewer = list(states)
    for layer in range(whole.layers):
        name = f"encoder.layer.{layer}"
        width, neurons = whole.weights[f"{name}.output.dense.weight"].shape
        problem = LeastSquares(neurons, width)
        for index, each in enumerate(ids):
            there = each != PAD
            sums = whole.sums(layer, whole.attend(layer, states[index], each)[0])
            states[index], deviation = whole.norm(f"{name}.output", sums)
            fewer[index] = less.attend(layer, fewer[index], each)[0]
            problem.add(less.neurons(layer, fewer[index])[there], (sums - fewer[index])[there], 1 / deviation[there])
        kept, weights, constant = problem.keep(number)
        less.weights.update({f"{name}.intermediate.dense.weight": less.weights[f"{name}.intermediate.dense.weight"][kept],
                             f"{name}.intermediate.dense.bias": less.weights[f"{name}.intermediate.dense.bias"][kept],
                             f"{name}.output.dense.weight": weights.T, f"{name}.output.dense.bias": constant})
        fewer = [less.feed(layer, each)[0] for each in fewer]
    write(directory, less.weights, intermediate_size=number)
    return torch.cat([torch.cosine_similarity(pooled(a, each), pooled(b, each))
                      for a, b, each in zip(states, fewer, ids)]).mean()


def main():
    source, data, entries, neurons, target = sys.argv[1:]
    source, data, target = map(pathlib.Path, (source, data, target))
    draft = target.with_name("narrow.draft")
    shutil.rmtree(draft, ignore_errors=True)
    torch.set_grad_enabled(False)
    copy_with_entries(source, data, int(entries), draft)
    cosine = narrow(draft, samples(SentenceTransformer(str(draft)), data), int(neurons))
    print(f"cosine with the vectors of all neurons: {cosine:.4f}", file=sys.stderr)
    draft.rename(target)


if __name__ == "__main__":
    main()
