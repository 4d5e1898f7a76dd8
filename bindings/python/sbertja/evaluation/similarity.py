"""How well the similarity of sentences follows the scores that people gave: Pearson's and Spearman's correlation."""
import numpy as np

from .. import errors
from ..util import SimilarityFunction
from .._settings import Setting
from .base import FIXED, MetricsEvaluator, label_list, same_length, text_columns, texts_of


class EmbeddingSimilarityEvaluator(MetricsEvaluator):
    file_name = "similarity_evaluation"
    title = "similarity"
    key = "{metric}_{similarity}"
    maximum = "{metric}_max"
    primary = "spearman"
    sentences1 = Setting(texts_of, fixed=FIXED)
    sentences2 = Setting(texts_of, fixed=FIXED)
    scores = Setting(fixed=FIXED)

    def __init__(self, sentences1, sentences2, scores, batch_size=16, main_similarity=None, name="",
                 show_progress_bar=False, write_csv=True, *, similarity_fn_names=None):
        super().__init__(name=name, batch_size=batch_size, show_progress_bar=show_progress_bar, write_csv=write_csv,
                         main_similarity=main_similarity, similarity_fn_names=similarity_fn_names)
        self.sentences1, self.sentences2 = sentences1, sentences2
        scores = label_list(self, "scores", scores)
        same_length(self, sentences1=self.sentences1, sentences2=self.sentences2, scores=scores)
        self.scores = np.asarray(scores, np.float64)
        wrong = np.flatnonzero(~np.isfinite(self.scores))
        if len(wrong):
            raise errors.ArgumentError(f"EmbeddingSimilarityEvaluator: score {wrong[0]} is {self.scores[wrong[0]]}")

    @classmethod
    def from_input_examples(cls, examples, **kwargs):
        (first, second), labels = text_columns(cls, examples, 2)
        return cls(first, second, labels, **kwargs)

    def compute_metrics(self, model, similarity_fn_names):
        first, second = self._encode(model, self.sentences1), self._encode(model, self.sentences2)
        metrics = {}
        for name in similarity_fn_names:
            scores = SimilarityFunction.to_similarity_pairwise_fn(name)(first, second)
            metrics[name] = {"pearson": pearson(self.scores, scores), "spearman": spearman(self.scores, scores)}
        return metrics


def pearson(x, y):
    """NaN where one is constant."""
    x, y = (np.asarray(values, np.float64) - np.mean(values, dtype=np.float64) for values in (x, y))
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


def spearman(x, y):
    return pearson(ranks(x), ranks(y))


def ranks(values):
    """Ranks from 1; equal values share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[group]
