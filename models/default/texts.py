"""The texts that the default model learns from, in the orders that its trainings want."""
import csv
import lzma
import random


def table(path):
    """The rows of a .tsv or .tsv.xz file, as dictionaries."""
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8", newline="\n") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _mono(data, name):
    with lzma.open(data / "mono" / f"{name}.txt.xz", "rt", encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def _jaquad(data, name):
    return table(data / "jaquad" / f"{name}.tsv.xz")


def everything(data):
    """Every text once."""
    captions, sentences, articles, chat, comments = (
        _mono(data, name) for name in ("captions_jsts_train", "jaquad_train", "wac", "rpc", "ews"))
    questions = [row["question"] for row in _jaquad(data, "train_questions")]
    passages = [row["text"] for row in _jaquad(data, "train_passages")]
    return captions + sentences + questions + passages + articles + chat + comments


def captions_and_sentences(data):
    return _mono(data, "captions_jsts_train") + _mono(data, "wac")


def scored_pairs(data):
    """JSTS train: sentence, sentence, similarity between 0 and 1."""
    return [(row["sentence1"], row["sentence2"], float(row["score"]) / 5) for row in table(data / "jsts" / "train.tsv")]


class _Articles:
    """JaQuAD train: passages by article, questions by passage."""

    def __init__(self, data):
        self.passages = {row["id"]: row["text"] for row in _jaquad(data, "train_passages")}
        self.questions = {passage: [] for passage in self.passages}
        self.articles = {}
        for row in _jaquad(data, "train_questions"):
            self.questions[row["passage_id"]].append(row["question"])
            self.articles.setdefault(row["title"], {})[row["passage_id"]] = True

    def groups(self, size, rng, wanted=lambda passage: True):
        """Passages in a random order, but those of an article side by side in groups: neighbours in a batch are what a
        passage is hardest to tell from."""
        groups = []
        for article in self.articles.values():
            passages = [passage for passage in article if wanted(passage)]
            rng.shuffle(passages)
            groups += [passages[begin:begin + size] for begin in range(0, len(passages), size)]
        rng.shuffle(groups)
        return [passage for group in groups for passage in group]


def passages_with_questions(data, seed=7):
    """Lines, each passage followed by its questions; and which lines are passages."""
    articles, lines, is_passage = _Articles(data), [], []
    for passage in articles.groups(6, random.Random(seed)):
        questions = articles.questions[passage]
        lines += [articles.passages[passage], *questions]
        is_passage += [True] + [False] * len(questions)
    return lines, is_passage


def questions_and_passages(data, seed=42):
    """Pairs, in rounds that have a passage once."""
    articles, rng = _Articles(data), random.Random(seed)
    questions, pairs = articles.questions, []
    for each in questions.values():
        rng.shuffle(each)
    for turn in range(max(map(len, questions.values()))):
        for passage in articles.groups(8, rng, lambda passage: len(questions[passage]) > turn):
            pairs.append((questions[passage][turn], articles.passages[passage]))
    return pairs
