"""libsbertja beside one peer: the same texts, the same number of threads, in turn in one run; ratios of each round.

main() is all that a peer's script calls. See README.md, "Numbers", for what the columns are.
"""
import argparse
import multiprocessing
import os
import platform
import statistics
import sys

import numpy as np

from environment import TOP
from sides import Ours, Skip
from workload import SHAPES, make_model, make_works, training_of

sys.path.append(os.path.join(TOP, "bindings", "python"))

# The least cosine of a peer's vector with ours. With random weights even different short sentences have 0.92 to 0.98,
# so less would show nothing; more cannot be asked of int8, which each engine rounds in its own way.
AGREE = {"f32": 0.999, "bf16": 0.99, "int8": 0.99}


def options_of(name, precisions):
    parser = argparse.ArgumentParser(prog=name, description=f"libsbertja beside {name}")
    parser.add_argument("--model", choices=SHAPES, action="append", help="base (12 x 768), small (4 x 384) [both]")
    parser.add_argument("--precisions", default=",".join(precisions), metavar="P,...", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of both [%(default)s]")
    parser.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--sentences", type=int, default=1000, help="at most, of each kind of text")
    parser.add_argument("--train", action="store_true", help="training steps too, where the peer can train")
    parser.add_argument("--venv", metavar="DIR", help="an environment to use instead of build/peers/NAME")
    options = parser.parse_args()
    options.precisions = options.precisions.split(",")
    if not set(options.precisions) <= set(precisions):
        parser.error(f"precisions: there are {', '.join(precisions)}")
    return options


def serve(pipe, make, arguments):
    """The life of a side's process: makes the side, then answers (method, arguments) until the pipe is closed."""
    try:
        side = make(*arguments)
        pipe.send(None)
        while True:
            method, arguments = pipe.recv()
            pipe.send(getattr(side, method)(*arguments))
    except EOFError:
        pass
    except Skip as why:
        pipe.send(why)


class Failed(Exception):
    """A side's process ended with an error, which it has printed."""


class Process:
    """A side in a process of its own; its methods are called through the pipe."""

    def __init__(self, make, *arguments):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, make, arguments), daemon=True)
        self.process.start()
        theirs.close()
        try:
            self.answer()
        except (Failed, Skip):
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pipe.close()
        self.process.join()

    def __call__(self, method, *arguments):
        self.pipe.send((method, arguments))
        return self.answer()

    def answer(self):
        try:
            answer = self.pipe.recv()
        except EOFError:
            raise Failed from None
        if isinstance(answer, Skip):
            raise answer
        return answer


def least_cosine(a, b):
    return float((np.sum(a * b, axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))).min())


def compare(work, ours, peer, rounds):
    """One line of the table; returns the least cosine, or None for training."""
    mine, theirs = ours("warm", work), peer("warm", work)
    pairs = [(ours("time"), peer("time")) for _ in range(rounds)]
    seconds = [statistics.median(column) for column in zip(*pairs)]
    cosine = None if work.train else least_cosine(mine[0], theirs[0])
    rates = " ".join(f"{len(work.texts) / t:9.1f}" for t in seconds)
    flops = " ".join(f"{work.flops / t / 1e9:8.1f}" for t in seconds)
    tokenizing = "" if work.train else f"{100 * ours('tokenizing', work) / seconds[0]:.1f} %"
    print(f"{work.name:16} {rates} {flops} {statistics.median(b / a for a, b in pairs):6.2f}  "
          f"{'' if cosine is None else f'{cosine:.6f}':8} {tokenizing:>7}  {theirs[1]}", flush=True)
    return cosine


HEADER = """\
                         sentences/s           GFLOP/s         least    tokeni-  fastest way
work                  ours      peer     ours     peer  ratio  cosine      zing  of the peer"""


def compare_precision(precision, model, options, make):
    """The table of one model and precision; returns whether the vectors agree."""
    path, shape, kind = make_model(model), SHAPES[model], precision.split("-")[0]
    with Process(Ours, kind, path, options.threads) as ours, Process(make, precision, path, options.threads) as peer:
        print(f"\n{model} ({shape.layers} x {shape.hidden}), {precision}, {options.threads} threads, "
              f"{options.rounds} rounds: {ours('versions')} beside {peer('versions')}\n{HEADER}", flush=True)
        works = ours("works", shape, options.sentences)
        if options.train and kind != "int8" and not precision.endswith("-ids"):
            works += [training_of(works[0], 32, shape), training_of(works[1], 16, shape)]
        cosines = [compare(work, ours, peer, options.rounds) for work in works]
    return all(cosine is None or cosine > AGREE[kind] for cosine in cosines)


def main(name, precisions, make):
    """make(precision, model directory, threads) gives the peer's Side, in a process of its own, or raises Skip."""
    options = options_of(name, precisions)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # for what asks OpenMP, and not us, how many
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    print(f"{name}: {processor}, {os.cpu_count()} processors, Python {platform.python_version()}, "
          f"NumPy {np.__version__}")
    wrong = []
    for model in options.model or SHAPES:
        for precision in options.precisions:
            try:
                if not compare_precision(precision, model, options, make):
                    wrong.append(f"{model} {precision}: the vectors are not ours")
            except Skip as why:
                print(f"\n{model}, {precision}: skipped: {why}", flush=True)
            except Failed:
                wrong.append(f"{model} {precision}: stopped by the error above")
    if wrong:
        sys.exit(f"{name}: {'; '.join(wrong)}")
