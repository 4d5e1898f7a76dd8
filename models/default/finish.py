#!/usr/bin/env python3
"""The supervised finish: step 5 of train.sh.

    finish.py MODEL DATA WORK TARGET

Each step takes a batch of pairs with scores (JSTS train, CoSENTLoss), one of questions and their passages (JaQuAD train,
MultipleNegativesRankingLoss) and one of plain texts with the teacher's vectors, so that no task makes the model forget
another. Needs the package sbertja and NumPy alone.
"""
import csv
import lzma
import os
import pathlib
import sys

from sbertja import DataLoader, InputExample, NoDuplicatesDataLoader, SentenceTransformer, losses


def rows(file):
    return csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def scored_pairs(data):
    with open(data / "jsts" / "train.tsv", encoding="utf-8", newline="\n") as file:
        return [InputExample(texts=[row["sentence1"], row["sentence2"]], label=float(row["score"]) / 5)
                for row in rows(file)]


def questions_and_passages(data):
    def table(name):
        with lzma.open(data / "jaquad" / f"{name}.tsv.xz", "rt", encoding="utf-8", newline="\n") as file:
            return list(rows(file))

    passages = {row["id"]: row["text"] for row in table("train_passages")}
    return [InputExample(texts=[row["question"], passages[row["passage_id"]]]) for row in table("train_questions")]


def main():
    directory, data, work, target = map(pathlib.Path, sys.argv[1:])
    model = SentenceTransformer(str(directory))
    with open(work / "all.txt", encoding="utf-8", newline="\n") as file:
        texts = [InputExample(texts=[line]) for line in file.read().split("\n")[:-1]]
    model.fit(
        [(DataLoader(scored_pairs(data), batch_size=64, shuffle=True), losses.CoSENTLoss(model)),
         (NoDuplicatesDataLoader(questions_and_passages(data), batch_size=32),
          losses.MultipleNegativesRankingLoss(model)),
         (DataLoader(texts, batch_size=256, shuffle=True, batch_tokens=2048),
          losses.DistillationLoss(model, [work / "all.use.npy"], similarity=10))],
        epochs=1, steps_per_epoch=int(os.environ["finish_steps"]), scheduler="warmupcosine", warmup_steps=50,
        optimizer_params={"lr": float(os.environ["finish_lr"])}, seed=42, no_dropout=True, save_best_model=False,
        output_path=str(target), checkpoint_path=str(work / "finish.checkpoint"), checkpoint_save_steps=100, resume=True)


if __name__ == "__main__":
    main()
