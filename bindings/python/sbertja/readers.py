"""Training examples and the files they come from, as in sentence_transformers.readers."""
import csv
import gzip
import math
import os
import zlib
from contextlib import contextmanager

from . import _arguments, errors
from ._settings import Guarded, Setting


class InputExample:
    """One or several texts and a label: a class (integer; floats of integer value will do) or a score. It has no other
    attributes; what is set is used by the next `fit`."""

    __slots__ = ("guid", "texts", "label", "__weakref__")

    def __init__(self, guid="", texts=None, label=0):
        self.guid = guid
        self.texts = texts
        self.label = label

    def __repr__(self):
        texts = "; ".join(map(str, self.texts)) if isinstance(self.texts, (list, tuple)) else self.texts
        return f"<InputExample> label: {self.label}, texts: {texts}"


@contextmanager
def _opened(path):
    """A text file, gzipped if its name ends so, without the byte order mark that it may begin with; what is wrong with its
    bytes is told with its name."""
    try:
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as fault:
        raise errors.FormatError(f"{path}: not UTF-8: {fault.reason}, byte 0x{fault.object[fault.start]:02x}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
        raise errors.FormatError(f"{path}: not a whole gzip file: {fault}") from None


def _column(place, value):
    return _arguments.integer(place, value, -2 ** 31, 2 ** 31)


class _TableReader(Guarded):
    """Files of a folder with one example a line, its texts and its label in columns given by number."""

    dataset_folder = Setting()
    delimiter = Setting(_arguments.text)
    quoting = Setting(_arguments.integer)
    has_header = Setting(_arguments.flag)

    def __init__(self, dataset_folder, delimiter, quoting, has_header):
        self.dataset_folder = dataset_folder
        self.delimiter = delimiter
        self.quoting = quoting
        self.has_header = has_header

    def _rows(self, filename):
        """The file's rows, each with its place for messages."""
        path = os.path.join(self.dataset_folder, filename)
        with _opened(path) as file:
            rows = self._plain(file) if self.quoting == csv.QUOTE_NONE else self._quoted(file, path)
            for index, (row, line) in enumerate(rows):
                if row and not (index == 0 and self.has_header):
                    yield row, f"{path}: line {line}"

    def _plain(self, file):
        """Without quoting a line is a row, and a cell may have any length."""
        for line, text in enumerate(file, 1):
            text = text.rstrip("\r\n")
            yield (text.split(self.delimiter) if text else []), line

    def _quoted(self, file, path):
        reader = csv.reader(file, delimiter=self.delimiter, quoting=self.quoting)
        try:
            for row in reader:
                yield row, reader.line_num
        except csv.Error as fault:
            raise errors.FormatError(f"{path}: line {reader.line_num}: {fault}") from None

    def _examples(self, filename, max_examples, texts, label):
        """`texts` and `label` are functions of a row."""
        _arguments.integer("get_examples: max_examples", max_examples)
        examples = []
        for row, place in self._rows(filename):
            try:
                example = InputExample(guid=f"{filename}{len(examples)}", texts=texts(row), label=label(row))
            except IndexError:
                raise errors.FormatError(f"{place}: only {len(row)} columns") from None
            except ValueError as fault:
                raise errors.FormatError(f"{place}: {fault}") from None
            examples.append(example)
            if 0 < max_examples <= len(examples):
                break
        return examples


class TripletReader(_TableReader):
    """Lines of anchor, positive, negative."""

    s1_col_idx, s2_col_idx, s3_col_idx = Setting(_column), Setting(_column), Setting(_column)

    def __init__(self, dataset_folder, s1_col_idx=0, s2_col_idx=1, s3_col_idx=2, has_header=False, delimiter="\t",
                 quoting=csv.QUOTE_NONE):
        super().__init__(dataset_folder, delimiter, quoting, has_header)
        self.s1_col_idx, self.s2_col_idx, self.s3_col_idx = s1_col_idx, s2_col_idx, s3_col_idx

    def get_examples(self, filename, max_examples=0):
        columns = self.s1_col_idx, self.s2_col_idx, self.s3_col_idx
        return self._examples(filename, max_examples, lambda row: [row[c] for c in columns], lambda row: 0)


class STSDataReader(_TableReader):
    """Lines of two sentences and a score, which is scaled from [min_score, max_score] to [0, 1]."""

    s1_col_idx, s2_col_idx, score_col_idx = Setting(_column), Setting(_column), Setting(_column)
    normalize_scores = Setting(_arguments.flag)
    min_score, max_score = Setting(_arguments.number), Setting(_arguments.number)

    def __init__(self, dataset_folder, s1_col_idx=0, s2_col_idx=1, score_col_idx=2, delimiter="\t",
                 quoting=csv.QUOTE_NONE, normalize_scores=True, min_score=0, max_score=5, has_header=False):
        super().__init__(dataset_folder, delimiter, quoting, has_header)
        self.s1_col_idx, self.s2_col_idx, self.score_col_idx = s1_col_idx, s2_col_idx, score_col_idx
        self.normalize_scores, self.min_score, self.max_score = normalize_scores, min_score, max_score

    def _score(self, row):
        score = float(row[self.score_col_idx])
        if not math.isfinite(score):
            raise ValueError(f"the score {row[self.score_col_idx]!r} is not a finite number")
        return (score - self.min_score) / (self.max_score - self.min_score) if self.normalize_scores else score

    def get_examples(self, filename, max_examples=0):
        if self.normalize_scores and self.min_score == self.max_score:
            raise errors.ArgumentError(f"{type(self).__name__}: min_score and max_score are both {self.min_score}")
        columns = self.s1_col_idx, self.s2_col_idx
        return self._examples(filename, max_examples, lambda row: [row[c] for c in columns], self._score)


class STSBenchmarkDataReader(STSDataReader):
    """STSDataReader with the columns of the STS benchmark's own files."""

    def __init__(self, dataset_folder, s1_col_idx=5, s2_col_idx=6, score_col_idx=4, delimiter="\t",
                 quoting=csv.QUOTE_NONE, normalize_scores=True, min_score=0, max_score=5, has_header=False):
        super().__init__(dataset_folder, s1_col_idx, s2_col_idx, score_col_idx, delimiter, quoting, normalize_scores,
                         min_score, max_score, has_header)


class LabelSentenceReader(_TableReader):
    """Lines of a label, whatever its name, and a sentence. Labels are numbered by their first appearance."""

    label_col_idx, sentence_col_idx = Setting(_column), Setting(_column)
    label_map = Setting(lambda place, value: _arguments.mapping(place, value, "{label: number}"))

    def __init__(self, folder, label_col_idx=0, sentence_col_idx=1, separator="\t"):
        super().__init__(folder, separator, csv.QUOTE_NONE, False)
        self.label_col_idx, self.sentence_col_idx = label_col_idx, sentence_col_idx
        self.label_map = {}

    def get_examples(self, filename, max_examples=0):
        return self._examples(filename, max_examples, lambda row: [row[self.sentence_col_idx]],
                              lambda row: self.label_map.setdefault(row[self.label_col_idx], len(self.label_map)))


class NLIDataReader(Guarded):
    """The three files s1.NAME, s2.NAME and labels.NAME, gzipped or not, with a sentence or label a line."""

    dataset_folder = Setting()

    LABELS = {"contradiction": 0, "entailment": 1, "neutral": 2}

    def __init__(self, dataset_folder):
        self.dataset_folder = dataset_folder

    @classmethod
    def get_labels(cls):
        return dict(cls.LABELS)

    def get_num_labels(self):
        return len(self.LABELS)

    def map_label(self, label):
        return self.LABELS[label.strip().lower()]

    def _lines(self, name):
        with _opened(os.path.join(self.dataset_folder, name)) as file:
            return [line.rstrip("\r\n") for line in file]

    def get_examples(self, filename, max_examples=0):
        _arguments.integer("get_examples: max_examples", max_examples)
        first, second, labels = (self._lines(f"{part}.{filename}") for part in ("s1", "s2", "labels"))
        if not len(first) == len(second) == len(labels):
            raise errors.FormatError(f"{self.dataset_folder}: s1, s2 and labels of {filename} have {len(first)}, "
                                     f"{len(second)} and {len(labels)} lines")
        examples = []
        for index, (one, two, label) in enumerate(zip(first, second, labels)):
            if label.strip().lower() not in self.LABELS:
                raise errors.FormatError(f"labels.{filename}: line {index + 1}: {label!r}, expected one of "
                                         f"{', '.join(self.LABELS)}")
            examples.append(InputExample(guid=f"{filename}{index}", texts=[one, two], label=self.map_label(label)))
            if 0 < max_examples <= len(examples):
                break
        return examples
