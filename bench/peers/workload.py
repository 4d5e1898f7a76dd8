"""What is measured: models with random weights and texts of stated lengths, the same as bench/workload.c makes.

Both come from tests/data with a fixed seed. Token ids are those of libsbertja's tokenizer, for every peer.
"""
import dataclasses
import os
import subprocess

from environment import TOP

FOLDER = os.path.join(TOP, "build", "bench")
VOCABULARY, LINES = 32000, 94  # the last two of the 96 sentences are long on purpose


@dataclasses.dataclass
class Shape:
    layers: int
    hidden: int
    heads: int
    intermediate: int

    def flops(self, tokens):
        """Forward, of a sentence: 2 (4 H^2 + 2 H I) L + 4 S H L a token; padding counts as nothing."""
        matrices = 2 * (4 * self.hidden ** 2 + 2 * self.hidden * self.intermediate) * self.layers
        return tokens * (matrices + 4 * tokens * self.hidden * self.layers)


SHAPES = {"base": Shape(12, 768, 12, 3072), "small": Shape(4, 384, 6, 1536)}


@dataclasses.dataclass
class Work:
    name: str
    texts: list
    ids: list        # of each text, with [CLS] and [SEP]
    flops: float     # of all texts; three times the forward part for a training step
    train: bool = False


def make_model(name):
    """build/bench/NAME, made if it is not there; vocab.txt filled up to 32,000 entries."""
    path, vocabulary, shape = os.path.join(FOLDER, name), os.path.join(FOLDER, "vocab.txt"), SHAPES[name]
    if os.path.isdir(path):
        return path
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(TOP, "tests", "data", "vocab.txt"), encoding="utf-8") as file:
        tokens = file.read().splitlines()
    with open(vocabulary, "w", encoding="utf-8") as file:
        file.writelines(f"{token}\n" for token in tokens)
        file.writelines(f"[unused{i}]\n" for i in range(len(tokens), VOCABULARY))
    subprocess.run([os.path.join(TOP, "build", "bin", "sbertja"), "new", "--vocab", vocabulary, "-o", path,
                    "--layers", str(shape.layers), "--hidden", str(shape.hidden), "--heads", str(shape.heads),
                    "--intermediate", str(shape.intermediate)], check=True)
    return path


class Draw:
    """The generator of bench/workload.c, so that the texts are those."""

    def __init__(self):
        self.state = 20260101

    def below(self, count):
        self.state = (self.state * 1664525 + 1013904223) % 2 ** 32
        return (self.state >> 8) % count


def text_of(tokens, sentences, tokenizer, draw):
    """Sentences joined until there are enough tokens, then cut character by character."""
    text = ""
    while len(tokenizer.encode(text)) < tokens:
        text += sentences[draw.below(len(sentences))]
    while len(tokenizer.encode(text)) > tokens:
        text = text[:-1]
    return text


def make_works(shape, tokenizer, most):
    """Short sentences as they are, texts of 128 tokens, of 8 to 256, one sentence; at most `most` of each."""
    with open(os.path.join(TOP, "tests", "data", "tiny", "sentences.tsv"), encoding="utf-8") as file:
        sentences = [line.rstrip("\n").split("\t", 1)[1] for line in file][:LINES]
    texts = {"short": (4 * sentences)[:most], "128": [], "mixed": [], "one": sentences[:1]}
    for name, length in (("128", lambda draw: 128), ("mixed", lambda draw: 8 + draw.below(249))):
        draw = Draw()
        texts[name] = [text_of(length(draw), sentences, tokenizer, draw) for _ in range(min(most, 48))]
    works = []
    for name, some in texts.items():
        ids = [list(tokenizer.encode(text)) for text in some]
        works.append(Work(name, some, ids, sum(shape.flops(len(row)) for row in ids)))
    return works


def training_of(work, size, shape):
    """A training step on the first texts of a work."""
    ids = work.ids[:size]
    flops = 3 * sum(shape.flops(len(row)) for row in ids)
    return Work(f"train {len(ids)} x {work.name}", work.texts[:size], ids, flops, train=True)
