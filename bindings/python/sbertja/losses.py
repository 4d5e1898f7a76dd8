"""What a model is trained by, as in sentence_transformers.losses. The library computes; these objects name the loss."""
import math
import os

import numpy as np

from . import _native, errors, util


class BatchHardTripletLossDistanceFunction:
    """Distances between all pairs of a batch's vectors."""

    @staticmethod
    def cosine_distance(embeddings):
        return 1 - util.cos_sim(embeddings, embeddings)

    @staticmethod
    def euclidean_distance(embeddings, squared=False):
        distances = -util.euclidean_sim(embeddings, embeddings)
        return distances ** 2 if squared else distances

    eucledian_distance = euclidean_distance  # its spelling in sentence-transformers


class TripletDistanceMetric:
    """Distances between the rows of two arrays."""

    @staticmethod
    def COSINE(x, y):
        return 1 - util.pairwise_cos_sim(x, y)

    @staticmethod
    def EUCLIDEAN(x, y):
        return -util.pairwise_euclidean_sim(x, y)

    @staticmethod
    def MANHATTAN(x, y):
        return -util.pairwise_manhattan_sim(x, y)


class Loss:
    """What `fit` asks of a loss: its number in the library, the texts of an example, and the options of an objective."""

    kind = None
    least_texts = most_texts = None  # most_texts None: any number

    def options(self):
        """Fields of the library's objective."""
        return {}

    @staticmethod
    def check_label(_label, _index):
        """The label as the library is to get it; here it has no meaning."""
        return 0

    def check_count(self, count):
        """What an objective of `count` examples needs besides them."""

    def check_texts(self, texts, index):
        if len(texts) < self.least_texts or (self.most_texts is not None and len(texts) > self.most_texts):
            more = "" if self.most_texts == self.least_texts else " or more"
            raise errors.ArgumentError(f"fit: example {index} has {len(texts)} texts, {type(self).__name__} wants "
                                       f"{self.least_texts}{more}")


class _TripletLoss(Loss):
    """A loss with a metric and a margin."""

    METRICS = {}

    def _take(self, model, distance_metric, margin):
        self.model = model
        self.distance_metric = distance_metric
        self.triplet_margin = margin
        self.metric = _choose(self, "distance_metric", distance_metric, self.METRICS)

    def options(self):
        return {"metric": self.metric, "margin": self.triplet_margin}


class BatchAllTripletLoss(_TripletLoss):
    """The mean over all triplets of a batch that violate the margin; one text an example, integer labels."""

    kind = _native.BATCH_ALL_TRIPLET_LOSS
    least_texts = most_texts = 1
    METRICS = {
        BatchHardTripletLossDistanceFunction.euclidean_distance: _native.EUCLIDEAN,
        BatchHardTripletLossDistanceFunction.cosine_distance: _native.COSINE,
    }

    def __init__(self, model, distance_metric=BatchHardTripletLossDistanceFunction.eucledian_distance, margin=5):
        self._take(model, distance_metric, margin)

    @staticmethod
    def check_label(label, index):
        """The label as an integer of 32 bits, as the library holds it; 1.0 is one, 0.5 and 2 ** 40 are not."""
        try:
            if label == int(label) and -2 ** 31 <= int(label) < 2 ** 31:
                return int(label)
        except (TypeError, ValueError, OverflowError):
            pass
        raise errors.ArgumentError(f"BatchAllTripletLoss: example {index}: the label {label!r} is not an integer of 32 bits")


class TripletLoss(_TripletLoss):
    """max(0, distance(anchor, positive) - distance(anchor, negative) + margin): three texts an example, no labels."""

    kind = _native.TRIPLET_LOSS
    least_texts = most_texts = 3
    METRICS = {
        TripletDistanceMetric.EUCLIDEAN: _native.EUCLIDEAN,
        TripletDistanceMetric.COSINE: _native.COSINE,
        TripletDistanceMetric.MANHATTAN: _native.MANHATTAN,
    }

    def __init__(self, model, distance_metric=TripletDistanceMetric.EUCLIDEAN, triplet_margin=5):
        self._take(model, distance_metric, triplet_margin)


class _ScoreLoss(Loss):
    """A loss on two texts and a score."""

    least_texts = most_texts = 2

    def check_label(self, label, index):
        """The score as a finite number."""
        try:
            score = float(label)
            if math.isfinite(score):
                return score
        except (TypeError, ValueError, OverflowError):
            pass
        raise errors.ArgumentError(f"{type(self).__name__}: example {index}: the score {label!r} is not a finite number")


class CosineSimilarityLoss(_ScoreLoss):
    """The mean of (cosine - score) ** 2, so scores are most often of 0 to 1. torch's MSELoss and Identity are accepted as
    what they are: the defaults."""

    kind = _native.COSINE_SIMILARITY_LOSS

    def __init__(self, model, loss_fct=None, cos_score_transformation=None):
        for name, value, known in (("loss_fct", loss_fct, "MSELoss"),
                                   ("cos_score_transformation", cos_score_transformation, "Identity")):
            if value is not None and type(value).__name__ != known:
                raise errors.UnsupportedError(f"CosineSimilarityLoss: {name} {value!r}: only {known} is there")
        self.model = model


class CoSENTLoss(_ScoreLoss):
    """log(1 + sum of exp(scale * (cosine of j - cosine of i))) over all pairs of examples where i has the larger score:
    only the order of the scores counts."""

    kind = _native.COSENT_LOSS

    def __init__(self, model, scale=20.0, similarity_fct=util.pairwise_cos_sim):
        self.model = model
        self.scale = scale
        self.similarity_fct = similarity_fct
        _choose(self, "similarity_fct", similarity_fct, {util.pairwise_cos_sim: True})

    def options(self):
        return {"scale": self.scale}


class MultipleNegativesRankingLoss(Loss):
    """Of all texts of a batch but the anchors, each anchor is to find its positive: cross entropy of scale * cosine. An
    example is an anchor, its positive and any hard negatives; labels have no meaning. See NoDuplicatesDataLoader."""

    kind = _native.MULTIPLE_NEGATIVES_RANKING_LOSS
    least_texts = 2

    def __init__(self, model, scale=20.0, similarity_fct=util.cos_sim):
        self.model = model
        self.scale = scale
        self.similarity_fct = similarity_fct
        _choose(self, "similarity_fct", similarity_fct, {util.cos_sim: True})

    def options(self):
        return {"scale": self.scale}


class DistillationLoss(Loss):
    """The distance of a linear head's vectors from those of other models, the teachers; one text an example, no labels.

    Each teacher is a .npy file or an array, [examples, any width], in the order of the examples, or the width alone where
    it has nothing to say of them. Their means are taken off and the rest is scaled to a mean square of 1, so that a
    `metric` of "mse" begins near 1; "cosine" is 1 - cosine. `similarity` weighs a second term, on the cosines between the
    texts of a batch. The head is dropped after training; see `keep_head` of fit.
    """

    kind = _native.DISTILLATION_LOSS
    least_texts = most_texts = 1
    METRICS = {"mse": _native.EUCLIDEAN, "cosine": _native.COSINE}

    def __init__(self, model, teachers, weights=None, metric="mse", similarity=0.0):
        self.model = model
        self.teachers = list(teachers)
        self.weights = [1.0] * len(self.teachers) if weights is None else list(weights)
        self.metric = _choose(self, "metric", metric, self.METRICS)
        self.similarity = similarity
        if len(self.weights) != len(self.teachers):
            raise errors.ArgumentError(f"DistillationLoss: {len(self.weights)} weights for {len(self.teachers)} teachers")

    def options(self):
        self._arrays = []  # what the library reads while it trains
        teachers = (_native.Teacher * len(self.teachers))(*map(self._teacher, self.teachers, self.weights))
        self._arrays.append(teachers)
        return {"metric": self.metric, "teachers": teachers, "teacher_count": len(teachers),
                "similarity_weight": self.similarity}

    def check_count(self, count):
        """An array must have a row for each example; the library checks files."""
        for index, teacher in enumerate(self.teachers):
            if hasattr(teacher, "shape") and (len(teacher.shape) != 2 or teacher.shape[0] != count):
                raise errors.ArgumentError(f"DistillationLoss: teacher {index} has the shape {tuple(teacher.shape)}, "
                                           f"expected {count} rows, one a text")

    def _teacher(self, teacher, weight):
        if isinstance(teacher, int):
            return _native.make(_native.Teacher, dimension=teacher, weight=weight)
        if isinstance(teacher, (str, bytes, os.PathLike)):
            return _native.make(_native.Teacher, path=os.fsencode(teacher), weight=weight)
        array = np.ascontiguousarray(teacher, dtype=np.float32)
        self._arrays.append(array)
        return _native.make(_native.Teacher, vectors=_native.floats(array), dimension=array.shape[1], weight=weight)


def _choose(loss, name, function, known):
    """What `known` has for a function of the user's choice."""
    try:
        chosen = known.get(function)
    except TypeError:  # not hashable: certainly none of ours
        chosen = None
    if chosen is None:
        names = ", ".join(getattr(each, "__qualname__", repr(each)) for each in known)
        raise errors.ArgumentError(f"{type(loss).__name__}: {name} {function!r}: give one of {names}")
    return chosen
