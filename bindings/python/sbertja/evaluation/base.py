"""What evaluators have in common: the call, the metrics under their keys, the CSV file that gets a line each time."""
import csv
import os

import numpy as np

from .. import _arguments, errors
from .._progress import logger
from .._settings import Guarded, Setting
from ..util import SimilarityFunction


class SentenceEvaluator:
    """Base of all evaluators. Own ones need only __call__(model, output_path, epoch, steps), giving a number."""

    greater_is_better = True
    primary_metric = None

    def __init__(self):
        self.metrics = {}

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        raise NotImplementedError


FIXED = "make a new evaluator"


def texts_of(place, value):
    """For Setting."""
    return _arguments.texts(place, value)


def _function(place, value):
    if not callable(value):
        raise TypeError(f"{place}: {_arguments.describe(value)} cannot be called")
    return value


def _last(scores):
    return scores[-1]


def _evaluators(place, value):
    evaluators = _arguments.items(place, value, "evaluators")
    if not evaluators:
        raise errors.ArgumentError("SequentialEvaluator: no evaluators are given")
    return [_function(place, evaluator) for evaluator in evaluators]


class _Measuring(Guarded, SentenceEvaluator):
    """An evaluator of this package: its results are read, not set."""

    def __init__(self):
        self._metrics = {}

    @property
    def metrics(self):
        """What the last call measured, {name: value}."""
        return self._metrics


class SequentialEvaluator(_Measuring):
    """Several evaluators one after another; the score is the last one's, or what `main_score_function` gives."""

    primary_metric = "sequential_score"
    evaluators = Setting(_evaluators)
    main_score_function = Setting(_function)

    def __init__(self, evaluators, main_score_function=_last):
        super().__init__()
        self.evaluators = evaluators
        self.main_score_function = main_score_function

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        scores = []
        self._metrics = {}
        for evaluator in self.evaluators:
            scores.append(score_of(evaluator, evaluator(model, output_path=output_path, epoch=epoch, steps=steps)))
            self._metrics.update(getattr(evaluator, "metrics", {}))
        score = float(self.main_score_function(scores))
        self._metrics[self.primary_metric] = score
        return score


def _similarity(_place, value):
    return None if value is None else SimilarityFunction(value)


def _similarities(place, value):
    return [SimilarityFunction(each).value
            for each in ([] if value is None else _arguments.items(place, value, "names"))]


class MetricsEvaluator(_Measuring):
    """Base of the evaluators that measure several things by one or several similarity functions."""

    name = Setting(_arguments.text)
    batch_size = Setting(lambda place, value: _arguments.integer(place, value, 1))
    show_progress_bar = Setting()
    write_csv = Setting(_arguments.flag)
    main_similarity = Setting(_similarity)
    similarity_fn_names = Setting(_similarities)

    file_name = None    # of the CSV file, before "_NAME_results.csv"
    title = None        # in the log
    key = "{similarity}_{metric}"
    maximum = "max_{metric}"  # over similarity functions, where there are several
    primary = None

    def __init__(self, *, name, batch_size, show_progress_bar, write_csv, main_similarity=None,
                 similarity_fn_names=None):
        super().__init__()
        self.name = name
        self.batch_size = batch_size
        self.show_progress_bar = show_progress_bar
        self.write_csv = write_csv
        self.main_similarity = main_similarity
        self.similarity_fn_names = similarity_fn_names
        self._primary_metric = None

    @property
    def primary_metric(self):
        """The name of the metric that a call gives, once there was one."""
        return self._primary_metric

    def _names(self, model):
        if self.similarity_fn_names:
            return self.similarity_fn_names
        return [self.main_similarity.value if self.main_similarity
                else getattr(model, "similarity_fn_name", None) or "cosine"]

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        names = self._names(model)
        by_function = self.compute_metrics(model, names)
        metrics = {self.key.format(similarity=name, metric=metric): float(value)
                   for name, values in by_function.items() for metric, value in values.items()}
        if output_path is not None and self.write_csv:
            self._write_line(output_path, {"epoch": epoch, "steps": steps, **metrics})
        primary = self._add_maxima(metrics, by_function)
        prefix = f"{self.name}_" if self.name else ""
        self._metrics = {prefix + key: value for key, value in metrics.items()}
        self._primary_metric = prefix + primary
        logger.info("%s%s: %s", self.title, f" on {self.name}" if self.name else "",
                    ", ".join(f"{key} {value:.4f}" for key, value in metrics.items()))
        return metrics[primary]

    def compute_metrics(self, model, similarity_fn_names):
        """{similarity function: {metric: value}}"""
        raise NotImplementedError

    def _add_maxima(self, metrics, by_function):
        """Adds the largest over all functions, if there are several; the result is the primary metric's key."""
        if len(by_function) > 1:
            for metric in next(iter(by_function.values())):
                metrics[self.maximum.format(metric=metric)] = max(float(values[metric])
                                                                  for values in by_function.values())
            if self.main_similarity is None:
                return self.maximum.format(metric=self.primary)
        name = self.main_similarity.value if self.main_similarity else next(iter(by_function))
        return self.key.format(similarity=name, metric=self.primary)

    def _write_line(self, output_path, fields):
        os.makedirs(output_path, exist_ok=True)
        path = os.path.join(output_path, f"{self.file_name}{'_' + self.name if self.name else ''}_results.csv")
        is_new = not os.path.exists(path)
        with open(path, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(fields)
            writer.writerow(fields.values())

    def _encode(self, model, sentences):
        return model.encode(sentences, batch_size=self.batch_size, show_progress_bar=self.show_progress_bar)


def score_of(evaluator, result):
    """An evaluator's result as a number; dicts, as newer evaluators of other hands give, by their primary metric."""
    if isinstance(result, dict):
        key = getattr(evaluator, "primary_metric", None)
        if key not in result:
            raise errors.ArgumentError(f"{type(evaluator).__name__} gave a dict without its primary_metric {key!r}: "
                                       f"{', '.join(map(str, result))}")
        result = result[key]
    return float(result)


def label_list(evaluator, name, values):
    """Numbers of a list, array or Series, as an array."""
    place = f"{type(evaluator).__name__}: {name}"
    array = np.asarray(_arguments.items(place, values, "numbers"))
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        found = "objects of several kinds" if array.dtype.kind == "O" else array.dtype
        raise TypeError(f"{place}: {_arguments.describe(values)} of {found}, expected a list of numbers")
    return array


def text_columns(kind, examples, count):
    """The texts of InputExamples, a list for each of the `count` that an example must have; and the labels."""
    examples = _arguments.items(f"{kind.__name__}: examples", examples, "InputExample")
    rows = []
    for index, example in enumerate(examples):
        place = f"{kind.__name__}: example {index}"
        if not hasattr(example, "texts") or not hasattr(example, "label"):
            raise TypeError(f"{place} is {_arguments.describe(example)}, not an InputExample")
        rows.append(_arguments.texts(f"{place}: texts", example.texts))
        if len(rows[-1]) != count:
            raise errors.ArgumentError(f"{place} has {len(rows[-1])} texts, expected {count}")
    return [[row[column] for row in rows] for column in range(count)], [example.label for example in examples]


def same_length(evaluator, **lists):
    """Raises unless all lists are equally long and not empty."""
    if len({len(values) for values in lists.values()}) > 1:
        raise errors.ArgumentError(f"{type(evaluator).__name__}: " + ", ".join(
            f"{name} has {len(values)}" for name, values in lists.items()))
    if not all(len(values) for values in lists.values()):
        raise errors.ArgumentError(f"{type(evaluator).__name__}: nothing to measure by")
