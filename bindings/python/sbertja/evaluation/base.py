"""What evaluators have in common: the call, the metrics under their keys, the CSV file that gets a line each time."""
import csv
import os

from .. import errors
from .._progress import logger
from ..util import SimilarityFunction


class SentenceEvaluator:
    """Base of all evaluators. Own ones need only __call__(model, output_path, epoch, steps), giving a number."""

    greater_is_better = True
    primary_metric = None

    def __init__(self):
        self.metrics = {}

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        raise NotImplementedError


class SequentialEvaluator(SentenceEvaluator):
    """Several evaluators one after another; the score is the last one's, or what `main_score_function` gives."""

    primary_metric = "sequential_score"

    def __init__(self, evaluators, main_score_function=lambda scores: scores[-1]):
        super().__init__()
        self.evaluators = list(evaluators)
        if not self.evaluators:
            raise errors.ArgumentError("SequentialEvaluator: no evaluators are given")
        self.main_score_function = main_score_function

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        scores = []
        self.metrics = {}
        for evaluator in self.evaluators:
            scores.append(score_of(evaluator, evaluator(model, output_path=output_path, epoch=epoch, steps=steps)))
            self.metrics.update(getattr(evaluator, "metrics", {}))
        score = float(self.main_score_function(scores))
        self.metrics[self.primary_metric] = score
        return score


class MetricsEvaluator(SentenceEvaluator):
    """Base of the evaluators that measure several things by one or several similarity functions."""

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
        self.main_similarity = SimilarityFunction(main_similarity) if main_similarity else None
        names = [SimilarityFunction(function).value for function in similarity_fn_names or ()]
        self.similarity_fn_names = names or ([self.main_similarity.value] if self.main_similarity else [])

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        names = self.similarity_fn_names or [getattr(model, "similarity_fn_name", None) or "cosine"]
        by_function = self.compute_metrics(model, names)
        metrics = {self.key.format(similarity=name, metric=metric): float(value)
                   for name, values in by_function.items() for metric, value in values.items()}
        if output_path is not None and self.write_csv:
            self._write_line(output_path, {"epoch": epoch, "steps": steps, **metrics})
        primary = self._add_maxima(metrics, by_function)
        prefix = f"{self.name}_" if self.name else ""
        self.metrics = {prefix + key: value for key, value in metrics.items()}
        self.primary_metric = prefix + primary
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


def same_length(evaluator, **lists):
    """Raises unless all lists are equally long and not empty."""
    if len({len(values) for values in lists.values()}) > 1:
        raise errors.ArgumentError(f"{type(evaluator).__name__}: " + ", ".join(
            f"{name} has {len(values)}" for name, values in lists.items()))
    if not all(len(values) for values in lists.values()):
        raise errors.ArgumentError(f"{type(evaluator).__name__}: nothing to measure by")
