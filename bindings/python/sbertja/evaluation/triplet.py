"""How often an anchor is nearer to its positive than to its negative."""
import numpy as np

from .. import _arguments, errors
from .._settings import Setting
from ..util import SimilarityFunction
from .base import FIXED, MetricsEvaluator, same_length, text_columns, texts_of


def _margins(_place, value):
    """{similarity: margin}; one number is that of all."""
    known = SimilarityFunction.possible_values()
    if not isinstance(value, dict):
        return dict.fromkeys(known, 0.0 if value is None else _arguments.number("TripletEvaluator: margin", value))
    unknown = set(value) - set(known)
    if unknown:
        raise errors.ArgumentError(f"TripletEvaluator: margin for {', '.join(sorted(map(str, unknown)))}, expected "
                                   f"{', '.join(known)}")
    return {name: _arguments.number(f"TripletEvaluator: margin[{name!r}]", margin) for name, margin in value.items()}


class TripletEvaluator(MetricsEvaluator):
    file_name = "triplet_evaluation"
    title = "triplets"
    primary = "accuracy"
    anchors = Setting(texts_of, fixed=FIXED)
    positives = Setting(texts_of, fixed=FIXED)
    negatives = Setting(texts_of, fixed=FIXED)
    margin = Setting(_margins)

    def __init__(self, anchors, positives, negatives, main_distance_function=None, name="", batch_size=16,
                 show_progress_bar=False, write_csv=True, *, main_similarity_function=None, margin=None,
                 similarity_fn_names=None):
        super().__init__(name=name, batch_size=batch_size, show_progress_bar=show_progress_bar, write_csv=write_csv,
                         main_similarity=main_distance_function if main_similarity_function is None
                         else main_similarity_function,
                         similarity_fn_names=similarity_fn_names)
        self.anchors, self.positives, self.negatives = anchors, positives, negatives
        same_length(self, anchors=self.anchors, positives=self.positives, negatives=self.negatives)
        self.margin = margin

    @classmethod
    def from_input_examples(cls, examples, **kwargs):
        columns, _ = text_columns(cls, examples, 3)
        return cls(*columns, **kwargs)

    def compute_metrics(self, model, similarity_fn_names):
        anchors, positives, negatives = (self._encode(model, texts)
                                         for texts in (self.anchors, self.positives, self.negatives))
        metrics = {}
        for name in similarity_fn_names:
            similarity = SimilarityFunction.to_similarity_pairwise_fn(name)
            better = similarity(anchors, positives) > similarity(anchors, negatives) + self.margin.get(name, 0)
            metrics[name] = {"accuracy": np.mean(better)}
        return metrics
