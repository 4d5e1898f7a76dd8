#!/usr/bin/env python3
"""The trainings with several objectives: steps 6, 7 and 9 of train.sh. Each step takes a batch of every one, so that no task
makes the model forget another.

    learn.py search|finish|again MODEL DATA WORK TARGET

search   the second teacher's vectors: passages with their questions, side by side; captions and sentences with both
         teachers; all texts with the first
finish   questions and their passages (JaQuAD train, most articles with other names, MultipleNegativesRankingLoss, neighbours
         from the same article), pairs with scores (JSTS train, CoSENTLoss), and less of what "search" has
again    what came out of "finish", the cosines between texts above all, for the narrower model

Needs the package sbertja and NumPy alone; steps and rates come from settings.sh.
"""
import os
import pathlib
import sys

from sbertja import DataLoader, InputExample, SentenceTransformer, losses

import texts

FIRST, SECOND = 512, 384  # numbers in the vectors of the teachers
MOST = 256  # texts in a batch that is limited in tokens


class Lessons:
    """Objectives, from the files of teach.py."""

    def __init__(self, model, data, work):
        self.model, self.data, self.work = model, data, work

    def distillation(self, name, teachers, tokens, shuffle=True, similarity=10):
        with open(self.work / f"{name}.txt", encoding="utf-8", newline="\n") as file:
            examples = [InputExample(texts=[line]) for line in file.read().split("\n")[:-1]]
        loss = losses.DistillationLoss(self.model, teachers, similarity=similarity)
        return DataLoader(examples, batch_size=MOST, shuffle=shuffle, batch_tokens=tokens), loss

    def teachers(self, search, both, everything):
        """The tokens of each batch."""
        work = self.work
        return [self.distillation("search", [FIRST, work / "search.e5.npy"], search, shuffle=False),
                self.distillation("both", [work / "both.use.npy", work / "both.e5.npy"], both),
                self.distillation("all", [work / "all.use.npy", SECOND], everything)]

    def own(self, renamed, short, some):
        """The tokens of each batch; from the files of own.py."""
        def objective(name, tokens, shuffle=True):
            return self.distillation(name, [self.work / f"{name}.own.npy"], tokens, shuffle, similarity=1000)

        return [objective("renamed", renamed, shuffle=False), objective("short", short), objective("some", some)]

    def questions(self, pairs):
        # A passage stands in a batch with each of its questions. It then is its own rival among the candidates, with no
        # effect but that all others weigh less; the loss stays above the logarithm of their number.
        examples = [InputExample(texts=pair) for pair in texts.questions_with_other_names(self.data)]
        return DataLoader(examples, batch_size=pairs), losses.MultipleNegativesRankingLoss(self.model)

    def scores(self, pairs):
        examples = [InputExample(texts=[first, second], label=score)
                    for first, second, score in texts.scored_pairs(self.data)]
        return DataLoader(examples, batch_size=pairs, shuffle=True), losses.CoSENTLoss(self.model)


def main():
    what, *paths = sys.argv[1:]
    directory, data, work, target = map(pathlib.Path, paths)
    model = SentenceTransformer(str(directory))
    lessons = Lessons(model, data, work)
    objectives = {"search": lambda: lessons.teachers(search=8192, both=1536, everything=1024),
                  "finish": lambda: [lessons.questions(pairs=112), lessons.scores(pairs=32),
                                     *lessons.teachers(search=5120, both=1536, everything=1024)],
                  "again": lambda: lessons.own(renamed=6144, short=2048, some=1024)}
    steps, warmup, rate = (float(os.environ[f"{what}_{name}"]) for name in ("steps", "warmup", "lr"))
    model.fit(objectives[what](), epochs=1, steps_per_epoch=int(steps), scheduler="warmupcosine", warmup_steps=int(warmup),
              optimizer_params={"lr": rate}, seed=42, no_dropout=True, use_amp=True, save_best_model=False,
              output_path=str(target), checkpoint_path=str(work / f"{what}.checkpoint"), checkpoint_save_steps=50,
              resume=True)


if __name__ == "__main__":
    main()
