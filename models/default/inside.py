"""The inner states of a model, for narrow.py and widen.py, which change weights by what they find there: its transformer in
torch, on texts of every kind that the default model is for."""
import json
import random

import torch
from safetensors.torch import load_file, save_file

import texts

PAD, CLS, SEP = 0, 2, 3  # entries of the vocabulary
SPECIAL = 5              # so many come before all others
BATCH = 16384            # tokens
WORDS = "embeddings.word_embeddings.weight"


class Bert:
    """The transformer in a directory, as far as its inner states are needed."""

    def __init__(self, directory):
        config = json.loads((directory / "config.json").read_text())
        self.weights = load_file(directory / "model.safetensors")
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]

    def linear(self, name, x):
        return torch.nn.functional.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, name, x):
        """LayerNorm, and the deviation that it divides by."""
        x = x - x.mean(-1, keepdim=True)
        deviation = x.square().mean(-1, keepdim=True).sqrt()
        return x / deviation * self.weights[f"{name}.LayerNorm.weight"] + self.weights[f"{name}.LayerNorm.bias"], deviation

    def embed(self, ids):
        return self.norm("embeddings", self.weights[WORDS][ids]
                         + self.weights["embeddings.position_embeddings.weight"][:ids.shape[1]]
                         + self.weights["embeddings.token_type_embeddings.weight"][0])

    def attend(self, layer, x, ids):
        """The states between attention and the feed-forward part."""
        name = f"encoder.layer.{layer}.attention"
        q, k, v = (self.linear(f"{name}.self.{part}", x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for part in ("query", "key", "value"))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=(ids != PAD)[:, None, None])
        return self.norm(f"{name}.output", x + self.linear(f"{name}.output.dense", mixed.transpose(1, 2).flatten(2)))

    def neurons(self, layer, x):
        return torch.nn.functional.gelu(self.linear(f"encoder.layer.{layer}.intermediate.dense", x))

    def sums(self, layer, x):
        """What a layer's last LayerNorm is given."""
        return x + self.linear(f"encoder.layer.{layer}.output.dense", self.neurons(layer, x))

    def feed(self, layer, x):
        """The states behind the feed-forward part."""
        return self.norm(f"encoder.layer.{layer}.output", self.sums(layer, x))

    def forward(self, ids):
        """The last states, and by the name of each LayerNorm what it divided by."""
        deviations = {}
        x, deviations["embeddings"] = self.embed(ids)
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}"
            x, deviations[f"{name}.attention.output"] = self.attend(layer, x, ids)
            x, deviations[f"{name}.output"] = self.feed(layer, x)
        return x, deviations


def pooled(x, ids):
    there = (ids != PAD)[..., None]
    return (x * there).sum(1) / there.sum(1)


def batches(rows):
    """Texts of about the same length as arrays of ids, filled up with PAD."""
    batch = []
    for row in sorted(rows, key=len):
        if batch and (len(batch) + 1) * len(row) > BATCH:
            yield torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=PAD)
            batch = []
        batch.append(torch.as_tensor(row))
    yield torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=PAD)


def tokens(model, lines):
    for begin in range(0, len(lines), 2000):
        for row in model.tokenize(lines[begin:begin + 2000])["input_ids"]:
            yield row[row != PAD]


def samples(model, data):
    """The tokens of 8,000 texts."""
    rng, (lines, is_passage), scored = random.Random(1), texts.passages_with_questions(data), texts.scored_pairs(data)
    return list(tokens(model, rng.sample([line for line, passage in zip(lines, is_passage) if passage], 600)
                       + rng.sample([line for line, passage in zip(lines, is_passage) if not passage], 3000)
                       + rng.sample(texts.everything(data), 3000)
                       + rng.sample([sentence for pair in scored for sentence in pair[:2]], 1400)))


def write(directory, weights, **settings):
    """Weights and what changes in the configuration."""
    save_file({name: each.contiguous() for name, each in weights.items()}, directory / "model.safetensors",
              metadata={"format": "pt"})
    edit(directory / "config.json", **settings)


def edit(path, **settings):
    values = {**json.loads(path.read_text(encoding="utf-8")), **settings}
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
