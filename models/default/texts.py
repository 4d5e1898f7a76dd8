"""The texts that the default model learns from, in the orders that its trainings want."""
import collections
import csv
import lzma
import random
import re

PLAIN = 42000  # sentences of JaQuAD train that both teachers read
VERSIONS = 4   # of JaQuAD train that the second teacher reads: as it is, and with other names


def table(path):
    """The rows of a .tsv or .tsv.xz file, as dictionaries."""
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8", newline="\n") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _mono(data, name):
    with lzma.open(data / "mono" / f"{name}.txt.xz", "rt", encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def _jaquad(data, name):
    return table(data / "jaquad" / f"{name}.tsv.xz")


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)


def _sources(data):
    """Captions, sentences of JaQuAD, questions, articles, chat, comments."""
    captions, sentences, articles, chat, comments = (
        _mono(data, name) for name in ("captions_jsts_train", "jaquad_train", "wac", "rpc", "ews"))
    questions = [row["question"] for row in _jaquad(data, "train_questions")]
    return captions, sentences, questions, articles, chat, comments


def everything(data):
    """Every text once."""
    captions, sentences, questions, articles, chat, comments = _sources(data)
    passages = [row["text"] for row in _jaquad(data, "train_passages")]
    return captions + sentences + questions + passages + articles + chat + comments


def kinds(data):
    """Samples of the kinds of text: captions, encyclopaedia, chat, comments."""
    captions, sentences, questions, articles, chat, comments = _sources(data)
    return captions, sentences + articles + questions, chat[::3], comments[::3]


def captions_and_sentences(data):
    return _mono(data, "captions_jsts_train") + _mono(data, "wac") + _mono(data, "jaquad_train")[:PLAIN]


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

    def groups(self, size, rng):
        """Passages in a random order, but those of an article side by side in groups: neighbours in a batch are what a
        passage is hardest to tell from."""
        groups = []
        for article in self.articles.values():
            passages = list(article)
            rng.shuffle(passages)
            groups += [passages[begin:begin + size] for begin in range(0, len(passages), size)]
        rng.shuffle(groups)
        return [passage for group in groups for passage in group]

    def with_other_names(self, names, rng, kept):
        """Texts of passages and lists of their questions, by passage; a share of the articles is kept as it is."""
        passages = dict(self.passages)
        questions = {passage: list(each) for passage, each in self.questions.items()}
        for article in map(list, self.articles.values()):
            if rng.random() < kept:
                continue
            renamed, asked = names.replace([passages[passage] for passage in article],
                                           [question for passage in article for question in questions[passage]], rng)
            passages.update(zip(article, renamed))
            asked = iter(asked)
            for passage in article:
                questions[passage] = [next(asked) for _ in questions[passage]]
        return passages, questions


class _Names:
    """Articles about something else: names in questions, which few passages have, become others of their script and length
    throughout the article. A model that learns from both learns to match names instead of knowing those it has read."""

    RUN = re.compile(r"[ァ-ヴー]{2,}|[一-龥々]{2,}|[A-Za-zＡ-Ｚａ-ｚ]{2,}|[0-9０-９]{2,}")
    FEW = 20  # passages and questions

    def __init__(self, articles, others):
        passages = list(articles.passages.values())
        questions = [question for each in articles.questions.values() for question in each]
        self.frequency, kinds = collections.Counter(), collections.defaultdict(set)
        for text in passages + questions:
            self.frequency.update(set(self.RUN.findall(text)))
        for text in passages + others:
            for run in self.RUN.findall(text):
                kinds[self.kind(run)].add(run)
        self.kinds = {kind: sorted(runs) for kind, runs in kinds.items()}

    @staticmethod
    def kind(run):
        first = run[0]
        script = ("katakana" if "ァ" <= first <= "ー" else "number" if first.isdigit() else
                  "latin" if first.isascii() or "Ａ" <= first <= "ｚ" else "kanji")
        return script, min(len(run), 8)

    def replace(self, passages, questions, rng):
        """Half of the names in the texts of an article."""
        whole = "\n".join(passages)
        names = sorted({run for question in questions for run in self.RUN.findall(question)
                        if self.frequency[run] <= self.FEW and run in whole}, key=lambda run: (-len(run), run))
        others = {name: rng.choice(self.kinds[self.kind(name)]) for name in names
                  if rng.random() < 0.5 and self.kind(name) in self.kinds}
        if not others:
            return passages, questions
        pattern = re.compile("|".join(map(re.escape, others)))
        return [[pattern.sub(lambda match: others[match[0]], text) for text in texts] for texts in (passages, questions)]


def _articles_and_names(data):
    articles = _Articles(data)
    return articles, _Names(articles, _mono(data, "wac") + _mono(data, "rpc")[:20000])


def passages_with_questions(data, seed=7):
    """Lines, each passage followed by its questions, in VERSIONS; and which lines are passages."""
    (articles, names), rng, lines, is_passage = _articles_and_names(data), random.Random(seed), [], []
    for version in range(VERSIONS):
        passages, questions = articles.with_other_names(names, rng, kept=1 if version == 0 else 0)
        for passage in articles.groups(6, rng):
            lines += [passages[passage], *questions[passage]]
            is_passage += [True] + [False] * len(questions[passage])
    return lines, is_passage


def questions_with_other_names(data, rounds=5, seed=42):
    """Pairs, in rounds that have all of them; the questions of a passage side by side, in two articles of three with other
    names. Training encodes a passage once for all its questions in a batch."""
    (articles, names), rng, pairs = _articles_and_names(data), random.Random(seed), []
    for _ in range(rounds):
        passages, questions = articles.with_other_names(names, rng, kept=1 / 3)
        for passage in articles.groups(12, rng):
            rng.shuffle(questions[passage])
            pairs += [(question, passages[passage]) for question in questions[passage]]
    return pairs
