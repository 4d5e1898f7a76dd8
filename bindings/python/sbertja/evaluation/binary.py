"""How well a threshold on the similarity tells pairs that belong together (label 1) from those that do not (0)."""
import numpy as np

from .. import errors
from ..util import SimilarityFunction
from .._settings import Setting
from .base import FIXED, MetricsEvaluator, label_list, same_length, text_columns, texts_of

_DISTANCES = ("euclidean", "manhattan")  # their thresholds are given as distances, which are positive


class BinaryClassificationEvaluator(MetricsEvaluator):
    file_name = "binary_classification_evaluation"
    title = "binary classification"
    primary = "ap"
    sentences1 = Setting(texts_of, fixed=FIXED)
    sentences2 = Setting(texts_of, fixed=FIXED)
    labels = Setting(fixed=FIXED)

    def __init__(self, sentences1, sentences2, labels, name="", batch_size=32, show_progress_bar=False, write_csv=True,
                 *, similarity_fn_names=None):
        super().__init__(name=name, batch_size=batch_size, show_progress_bar=show_progress_bar, write_csv=write_csv,
                         similarity_fn_names=similarity_fn_names)
        self.sentences1, self.sentences2 = sentences1, sentences2
        labels = label_list(self, "labels", labels)
        same_length(self, sentences1=self.sentences1, sentences2=self.sentences2, labels=labels)
        self.labels = labels
        wrong = np.flatnonzero(~np.isin(self.labels, (0, 1)))
        if len(wrong):
            raise errors.ArgumentError(f"BinaryClassificationEvaluator: label {wrong[0]} is "
                                       f"{self.labels[wrong[0]]}, must be 0 or 1")

    @classmethod
    def from_input_examples(cls, examples, **kwargs):
        (first, second), labels = text_columns(cls, examples, 2)
        return cls(first, second, labels, **kwargs)

    def compute_metrics(self, model, similarity_fn_names):
        sentences = list(dict.fromkeys(self.sentences1 + self.sentences2))
        rows = {sentence: row for row, sentence in enumerate(sentences)}
        vectors = self._encode(model, sentences)
        first = vectors[[rows[sentence] for sentence in self.sentences1]]
        second = vectors[[rows[sentence] for sentence in self.sentences2]]
        metrics = {}
        for name in similarity_fn_names:
            scores = SimilarityFunction.to_similarity_pairwise_fn(name)(first, second)
            metrics[name] = threshold_metrics(scores, self.labels == 1)
            if name in _DISTANCES:
                for key in ("accuracy_threshold", "f1_threshold"):
                    metrics[name][key] = -metrics[name][key]
        return metrics


def threshold_metrics(scores, positive):
    """The best accuracy and the best F1 of any threshold, with that threshold; average precision; and Matthews'
    correlation at the threshold of F1. A pair counts as belonging together from the threshold on."""
    order = np.argsort(-scores, kind="stable")
    scores, positive = scores[order], positive[order]
    last = np.append(scores[1:] != scores[:-1], True)  # a threshold cannot part equal scores
    found = np.arange(1, len(scores) + 1)[last]        # so many reach the threshold,
    hits = np.cumsum(positive)[last]                   # and so many of them rightly
    values = scores[last]
    total = int(positive.sum())

    accuracies = (hits + (len(scores) - total) - (found - hits)) / len(scores)
    none = (len(scores) - total) / len(scores)  # the accuracy of a threshold that nothing reaches
    best = int(np.argmax(accuracies))
    accuracy, accuracy_threshold = accuracies[best], _threshold(values, best)
    if accuracy <= none:
        accuracy, accuracy_threshold = none, np.nextafter(values[0], values.dtype.type(np.inf))

    precisions, recalls = hits / found, hits / max(total, 1)
    f1s = 2 * precisions * recalls / np.maximum(precisions + recalls, 1e-300)
    best = int(np.argmax(f1s))
    f1_threshold = _threshold(values, best) if f1s[best] > 0 else 0.0
    average_precision = float(np.sum(np.diff(recalls, prepend=0) * precisions))
    return {"accuracy": accuracy, "accuracy_threshold": accuracy_threshold, "f1": f1s[best],
            "f1_threshold": f1_threshold, "precision": precisions[best] if f1s[best] > 0 else 0.0,
            "recall": recalls[best], "ap": average_precision, "mcc": matthews(positive, scores >= f1_threshold)}


def _threshold(values, index):
    """Half-way to the next smaller value, unless rounding would take that one in."""
    if index + 1 == len(values):
        return values[index]
    middle = (values[index] + values[index + 1]) / 2
    return middle if middle > values[index + 1] else values[index]


def matthews(truth, predicted):
    """Matthews' correlation of two arrays of bools; 0 where one is constant."""
    covariance = np.mean(truth & predicted) - np.mean(truth) * np.mean(predicted)
    scale = np.sqrt(np.mean(truth) * (1 - np.mean(truth)) * np.mean(predicted) * (1 - np.mean(predicted)))
    return covariance / scale if scale > 0 else 0.0
