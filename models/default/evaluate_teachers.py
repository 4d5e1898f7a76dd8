#!/usr/bin/env python3
"""The teachers on the tasks of evaluate.sh, for comparison.

    evaluate_teachers.py DATA        needs what teach.py needs
"""
import pathlib
import sys
import tempfile

import numpy as np

import texts
import use_e5
import use_encoder

ROOT = pathlib.Path(__file__).resolve().parents[2]


def column(rows, name):
    return [row[name] for row in rows]


def ranks(values):
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def spearman(x, y):
    return np.corrcoef(ranks(x), ranks(y))[0, 1]


def jsts(query, passage, data):
    rows = texts.table(data / "jsts" / "valid.tsv")
    first, second = query(column(rows, "sentence1")), query(column(rows, "sentence2"))
    return spearman((first * second).sum(1), np.array(column(rows, "score"), float))


def jaquad(query, passage, data):
    passages, questions = texts.table(data / "jaquad" / "passages.tsv"), texts.table(data / "jaquad" / "questions.tsv")
    scores = query(column(questions, "question")) @ passage(column(passages, "text")).T
    row_of = {passage_id: row for row, passage_id in enumerate(column(passages, "id"))}
    right = [row_of[passage_id] for passage_id in column(questions, "passage_id")]
    rank = 1 + (scores > scores[np.arange(len(right)), right][:, None]).sum(1)
    return np.where(rank <= 10, 1 / rank, 0).mean()


def economy_watchers(query, passage, data):
    train = texts.table(data / "economy-watchers" / "train.tsv")[0::7][:2000]
    test = texts.table(data / "economy-watchers" / "dev.tsv")
    nearest = np.argsort(-(query(column(test, "text")) @ query(column(train, "text")).T), 1)[:, :15]
    votes = np.array(column(train, "label"), int)[nearest]
    voted = np.array([np.bincount(row).argmax() for row in votes])
    return (voted == np.array(column(test, "label"), int)).mean()


def report(query, passage, data):
    """A linear probe: multinomial logistic regression by gradient descent, with weight decay."""
    parts = [texts.table(ROOT / "examples" / "report" / f"{name}.tsv") for name in ("train", "test")]
    x, z = (query(column(rows, "text")) for rows in parts)
    mean, scale = x.mean(0), x.std()
    x, z = ((part - mean) / scale for part in (x, z))
    y, truth = (np.array(column(rows, "label"), int) for rows in parts)
    weights = np.zeros((x.shape[1], 3))
    for _ in range(2000):
        p = np.exp(x @ weights)
        p /= p.sum(1, keepdims=True)
        weights -= 0.1 * (x.T @ (p - np.eye(3)[y]) / len(x) + 1e-2 * weights)
    return ((z @ weights).argmax(1) == truth).mean()


def main():
    data = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        first, second = use_encoder.Encoder(), use_e5.Encoder(pathlib.Path(scratch) / "e5")
        for name, query, passage in (("Universal Sentence Encoder", first.encode, first.encode),
                                     ("multilingual-e5-small, 4 bits", second.query, second.passage)):
            for task in (jsts, report, jaquad, economy_watchers):
                print(f"{name:32} {task.__name__:18} {task(query, passage, data):.4f}", flush=True)


if __name__ == "__main__":
    main()
