#!/usr/bin/env python3
"""libsbertja beside sentence-transformers on PyTorch, f32 and bf16, and (--train) training steps.

"f32" and "bf16" is SentenceTransformer.encode as everybody calls it: both sides take texts and are charged for
tokenizing. "f32-ids" is PyTorch's part of it alone, on ready ids, while ours is still charged. "f32-best" and "bf16-best"
have the settings that make it fastest: matrix products as rough as PyTorch offers, glibc told to keep its memory, and for
encode, on ready ids, torch.compile with frozen weights. Training in bf16 is under autocast.
"""
import environment

environment.enter(*environment.TORCH)

import ctypes
import functools
import time

import sentence_transformers
import torch
import torch._inductor.config as inductor
from sentence_transformers.sentence_transformer import losses

import compare
from sides import Side, batchings, in_order, require_bf16


def keep_memory():
    """Tells glibc to serve large blocks from its heap and to give none back: M_MMAP_THRESHOLD and M_TRIM_THRESHOLD."""
    libc = ctypes.CDLL("libc.so.6")
    libc.mallopt(-3, 1 << 30)
    libc.mallopt(-1, 1 << 30)


class Step:
    """A training step as SentenceTransformer.fit and its trainer take it."""

    STEPS = 3

    def __init__(self, model, work, bf16):
        self.model, self.texts, self.loss = model, work.texts, losses.BatchAllTripletLoss(model)
        self.bf16 = bf16
        self.labels = torch.tensor([i % 3 for i in range(len(work.texts))])
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)

    def __call__(self):
        self.model.train()
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = self.loss([self.model.preprocess(self.texts)], self.labels)
        loss.backward()
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
        self.bf16 = precision.startswith("bf16")
        if self.bf16:
            require_bf16()
        torch.set_num_threads(threads)
        self.best = precision.endswith("-best")
        if self.best:
            torch.set_float32_matmul_precision("medium")
            keep_memory()
        self.path, self.ready_ids = path, self.best or precision.endswith("-ids")
        self.model = self.load(torch.bfloat16 if self.bf16 else torch.float32)
        if self.best:
            inductor.freezing = True
            self.model.forward = torch.compile(self.model.forward, dynamic=True)

    def load(self, dtype):
        return sentence_transformers.SentenceTransformer(self.path, device="cpu", model_kwargs={"dtype": dtype})

    @torch.inference_mode()
    def forward(self, ids, mask):
        features = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        return self.model.forward(features)["sentence_embedding"].float().numpy()

    def ways(self, work):
        if work.train:
            yield "", Step(self.load(torch.float32), work, self.bf16)
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
    compare.main("sentence_transformers", ["f32", "bf16", "f32-ids", "f32-best", "bf16-best"], SentenceTransformers)
