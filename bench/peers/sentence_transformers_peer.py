#!/usr/bin/env python3
"""libsbertja beside sentence-transformers on PyTorch (float32), the same model and texts, in turn in one run.

    python3 -m venv build/peer && build/peer/bin/pip install sentence-transformers fugashi ipadic
    make && PYTHONPATH=bindings/python build/peer/bin/python bench/peers/sentence_transformers_peer.py [--train]

Run from the top of the source tree. The model is BERT-base (12 layers, 768 wide) with random weights and a vocabulary
filled up to 32,000 entries. Both use as many threads as there are processors. Not needed by `make check`.
"""
import os
import statistics
import subprocess
import sys
import time

import sentence_transformers
import torch
from sentence_transformers.sentence_transformer import losses as peer_losses

import sbertja
from sbertja import DataLoader, InputExample, losses

FOLDER, ROUNDS, STEPS = "build/bench", 3, 3
LINES = [line.rstrip("\n").split("\t", 1)[1] for line in open("tests/data/tiny/sentences.tsv", encoding="utf-8")][:94]
SHORT = LINES * 4
LONG = ["".join(LINES[(i * 7 + k) % 94] for k in range(12)) for i in range(32)]  # more than 128 tokens, cut at 128


def make_model():
    path, vocabulary = f"{FOLDER}/base", f"{FOLDER}/vocab.txt"
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.isdir(path):
        tokens = open("tests/data/vocab.txt", encoding="utf-8").read().splitlines()
        tokens += [f"[unused{i}]" for i in range(len(tokens), 32000)]
        open(vocabulary, "w", encoding="utf-8").write("\n".join(tokens) + "\n")
        subprocess.run(["build/bin/sbertja", "new", "--vocab", vocabulary, "--layers", "12", "--hidden", "768",
                        "--heads", "12", "--intermediate", "3072", "-o", path], check=True)
    return path


def rate(work, count):
    work()
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def our_step_rate(model, texts):
    """The time of whole steps: a run of 1 + STEPS epochs of one batch, less a run of one."""
    loader = DataLoader([InputExample(texts=[t], label=float(i % 3)) for i, t in enumerate(texts)],
                        batch_size=len(texts))

    def run(epochs):
        began = time.perf_counter()
        model.fit([(loader, losses.BatchAllTripletLoss(model))], epochs=epochs, show_progress_bar=False)
        return time.perf_counter() - began
    once = run(1)
    return STEPS * len(texts) / (run(1 + STEPS) - once)


def peer_step_rate(model, texts):
    loss, labels = peer_losses.BatchAllTripletLoss(model), torch.tensor([i % 3 for i in range(len(texts))])
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    model.train()

    def step():
        optimizer.zero_grad()
        loss([model.preprocess(texts)], labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    step()
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    model.eval()
    return STEPS * len(texts) / (time.perf_counter() - began)


def main():
    path = make_model()
    ours, peer = sbertja.SentenceTransformer(path, device="cpu"), sentence_transformers.SentenceTransformer(path, device="cpu")
    torch.set_num_threads(os.cpu_count())
    ours.max_seq_length = peer.max_seq_length = 128
    works = {"encode, short": (lambda: rate(lambda: ours.encode(SHORT, show_progress_bar=False), len(SHORT)),
                               lambda: rate(lambda: peer.encode(SHORT, show_progress_bar=False), len(SHORT))),
             "encode, 128 tokens": (lambda: rate(lambda: ours.encode(LONG, show_progress_bar=False), len(LONG)),
                                    lambda: rate(lambda: peer.encode(LONG, show_progress_bar=False), len(LONG)))}
    if "--train" in sys.argv:
        works["train, 32 short"] = (lambda: our_step_rate(ours, SHORT[:32]), lambda: peer_step_rate(peer, SHORT[:32]))
        works["train, 16 x 128"] = (lambda: our_step_rate(ours, LONG[:16]), lambda: peer_step_rate(peer, LONG[:16]))
    print(f"libsbertja {sbertja.__version__}, sentence-transformers {sentence_transformers.__version__}, "
          f"PyTorch {torch.__version__}, {os.cpu_count()} threads; sentences a second, medians of {ROUNDS}")
    for name, (mine, theirs) in works.items():
        pairs = [(mine(), theirs()) for _ in range(ROUNDS)]
        print(f"{name:20} {statistics.median(a for a, _ in pairs):8.1f} {statistics.median(b for _, b in pairs):8.1f}"
              f"   ratio {statistics.median(a / b for a, b in pairs):.2f}", flush=True)


if __name__ == "__main__":
    main()
