"""How often an anchor is nearer to its positive than to its negative."""
import numpy as np

from .. import errors
from ..util import SimilarityFunction
from .base import MetricsEvaluator, same_length


class TripletEvaluator(MetricsEvaluator):
    file_name = "triplet_evaluation"
    title = "triplets"
    primary = "accuracy"

    def __init__(self, anchors, positives, negatives, main_distance_function=None, name="", batch_size=16,
                 show_progress_bar=False, write_csv=True, *, main_similarity_function=None, margin=None,
                 similarity_fn_names=None):
        super().__init__(name=name, batch_size=batch_size, show_progress_bar=show_progress_bar, write_csv=write_csv,
                         main_similarity=main_similarity_function or main_distance_function,
                         similarity_fn_names=similarity_fn_names)
        same_length(self, anchors=anchors, positives=positives, negatives=negatives)
        self.anchors, self.positives, self.negatives = list(anchors), list(positives), list(negatives)
        self.margin = margin if isinstance(margin, dict) else dict.fromkeys(SimilarityFunction.possible_values(),
                                                                            margin or 0)
        unknown = set(self.margin) - set(SimilarityFunction.possible_values())
        if unknown:
            raise errors.ArgumentError(f"TripletEvaluator: margin for {', '.join(sorted(unknown))}, which is none of "
                                       f"{', '.join(SimilarityFunction.possible_values())}")

    @classmethod
    def from_input_examples(cls, examples, **kwargs):
        anchors, positives, negatives = zip(*(example.texts for example in examples))
        return cls(anchors, positives, negatives, **kwargs)

    def compute_metrics(self, model, similarity_fn_names):
        anchors, positives, negatives = (self._encode(model, texts)
                                         for texts in (self.anchors, self.positives, self.negatives))
        metrics = {}
        for name in similarity_fn_names:
            similarity = SimilarityFunction.to_similarity_pairwise_fn(name)
            better = similarity(anchors, positives) > similarity(anchors, negatives) + self.margin.get(name, 0)
            metrics[name] = {"accuracy": np.mean(better)}
        return metrics
