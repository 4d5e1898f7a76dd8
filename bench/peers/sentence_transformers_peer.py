#!/usr/bin/env python3
"""libsbertja beside sentence-transformers on PyTorch, f32 and bf16, and (--train) training steps.

"f32" and "bf16" is SentenceTransformer.encode as everybody calls it: both sides take texts and are charged for
tokenizing. "f32-ids" is PyTorch's part of it alone, on ready ids, while ours is still charged.
"""
import environment

environment.enter(*environment.TORCH)

import functools
import time

import sentence_transformers
import torch
from sentence_transformers.sentence_transformer import losses

import compare
from sides import Side, batchings, in_order, require_bf16


class Step:
    """A training step as SentenceTransformer.fit and its trainer take it."""

    STEPS = 3

    def __init__(self, model, work):
        self.model, self.texts, self.loss = model, work.texts, losses.BatchAllTripletLoss(model)
        self.labels = torch.tensor([i % 3 for i in range(len(work.texts))])
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)

    def __call__(self):
        self.model.train()
        self.optimizer.zero_grad()
        self.loss([self.model.preprocess(self.texts)], self.labels).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.model.eval()

    def seconds(self):
        began = time.perf_counter()
        for _ in range(self.STEPS):
            self()
        return (time.perf_counter() - began) / self.STEPS


class SentenceTransformers(Side):
    def __init__(self, precision, path, threads):
        if precision == "bf16":
            require_bf16()
        torch.set_num_threads(threads)
        self.ready_ids = precision.endswith("-ids")
        self.model = sentence_transformers.SentenceTransformer(
            path, device="cpu", model_kwargs={"dtype": torch.bfloat16 if precision == "bf16" else torch.float32})

    @torch.inference_mode()
    def forward(self, ids, mask):
        features = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        return self.model(features)["sentence_embedding"].numpy()

    def ways(self, work):
        if work.train:
            yield "", Step(self.model, work)
            return
        for size, batches in batchings(work):
            if self.ready_ids:
                call = functools.partial(in_order, batches, self.forward)
            else:
                call = functools.partial(self.model.encode, work.texts, batch_size=size, show_progress_bar=False)
            yield f"batches of {size}", call

    def versions(self):
        return f"sentence-transformers {sentence_transformers.__version__} on PyTorch {torch.__version__}"


if __name__ == "__main__":
    compare.main("sentence_transformers", ["f32", "bf16", "f32-ids"], SentenceTransformers)
