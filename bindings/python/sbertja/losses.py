"""What a model is trained by, as in sentence_transformers.losses. The library computes; these objects name the loss."""
import math
import os

import numpy as np

from . import _arguments, _native, errors, util
from ._settings import Guarded, Setting


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


def _one_of(known):
    """A check for Setting: a value that `known`, a dict, has."""

    def check(place, value):
        try:
            if value in known:
                return value
        except TypeError:  # not hashable: certainly none of ours
            pass
        names = ", ".join(getattr(each, "__qualname__", repr(each)) for each in known)
        raise errors.ArgumentError(f"{place} {value!r}: give one of {names}")

    return check


class Loss(Guarded):
    """What `fit` asks of a loss: its number in the library, the texts of an example, and the options of an objective."""

    model = Setting(fixed="make a new loss")

    kind = None
    least_texts = most_texts = None  # most_texts None: any number

    def options(self, _keep):
        """Fields of the library's objective; `_keep` is a list for what must live as long."""
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
    triplet_margin = Setting(_arguments.number)

    def _take(self, model, distance_metric, margin):
        self.model = model
        self.distance_metric = distance_metric
        self.triplet_margin = margin

    @property
    def metric(self):
        """The library's number of distance_metric."""
        return self.METRICS[self.distance_metric]

    def options(self, _keep):
        return {"metric": self.metric, "margin": self.triplet_margin}


class BatchAllTripletLoss(_TripletLoss):
    """The mean over all triplets of a batch that violate the margin; one text an example, integer labels."""

    kind = _native.BATCH_ALL_TRIPLET_LOSS
    least_texts = most_texts = 1
    METRICS = {
        BatchHardTripletLossDistanceFunction.euclidean_distance: _native.EUCLIDEAN,
        BatchHardTripletLossDistanceFunction.cosine_distance: _native.COSINE,
    }
    distance_metric = Setting(_one_of(METRICS))

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
    distance_metric = Setting(_one_of(METRICS))

    def __init__(self, model, distance_metric=TripletDistanceMetric.EUCLIDEAN, triplet_margin=5):
        self._take(model, distance_metric, triplet_margin)


def _only(name):
    """A check for Setting: None, or torch's class of this name as it is by default."""

    def check(place, value):
        if value is None or (type(value).__name__ == name and getattr(value, "reduction", "mean") == "mean"):
            return value
        raise errors.UnsupportedError(f"{place} {value!r}: only {name} is there")

    return check


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
    loss_fct = Setting(_only("MSELoss"))
    cos_score_transformation = Setting(_only("Identity"))

    def __init__(self, model, loss_fct=None, cos_score_transformation=None):
        self.model = model
        self.loss_fct = loss_fct
        self.cos_score_transformation = cos_score_transformation


class CoSENTLoss(_ScoreLoss):
    """log(1 + sum of exp(scale * (cosine of j - cosine of i))) over all pairs of examples where i has the larger score:
    only the order of the scores counts."""

    kind = _native.COSENT_LOSS
    scale = Setting(_arguments.number)
    similarity_fct = Setting(_one_of({util.pairwise_cos_sim: True}))

    def __init__(self, model, scale=20.0, similarity_fct=util.pairwise_cos_sim):
        self.model = model
        self.scale = scale
        self.similarity_fct = similarity_fct

    def options(self, _keep):
        return {"scale": self.scale}


class MultipleNegativesRankingLoss(Loss):
    """Of all texts of a batch but the anchors, each anchor is to find its positive: cross entropy of scale * cosine. An
    example is an anchor, its positive and any hard negatives; labels have no meaning. See NoDuplicatesDataLoader."""

    kind = _native.MULTIPLE_NEGATIVES_RANKING_LOSS
    least_texts = 2
    scale = Setting(_arguments.number)
    similarity_fct = Setting(_one_of({util.cos_sim: True}))

    def __init__(self, model, scale=20.0, similarity_fct=util.cos_sim):
        self.model = model
        self.scale = scale
        self.similarity_fct = similarity_fct

    def options(self, _keep):
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
    teachers = Setting(lambda place, value: tuple(_arguments.items(place, value, "files, arrays or widths")))
    weights = Setting(lambda place, value: tuple(_arguments.number(f"{place}[{index}]", weight)
                                                 for index, weight in enumerate(value)))
    metric = Setting(_one_of(METRICS))
    similarity = Setting(_arguments.number)

    def __init__(self, model, teachers, weights=None, metric="mse", similarity=0.0):
        self.model = model
        self.teachers = teachers
        self.weights = [1.0] * len(self.teachers) if weights is None else weights
        self.metric = metric
        self.similarity = similarity
        self._check_weights()

    def _check_weights(self):
        if len(self.weights) != len(self.teachers):
            raise errors.ArgumentError(f"DistillationLoss: {len(self.weights)} weights for {len(self.teachers)} teachers")

    def options(self, keep):
        self._check_weights()
        teachers = (_native.Teacher * len(self.teachers))(
            *(self._teacher(teacher, weight, keep) for teacher, weight in zip(self.teachers, self.weights)))
        keep.append(teachers)
        return {"metric": self.METRICS[self.metric], "teachers": teachers, "teacher_count": len(teachers),
                "similarity_weight": self.similarity}

    def check_count(self, count):
        """An array must have a row for each example; the library checks files."""
        for index, teacher in enumerate(self.teachers):
            if hasattr(teacher, "shape") and (len(teacher.shape) != 2 or teacher.shape[0] != count):
                raise errors.ArgumentError(f"DistillationLoss: teacher {index} has the shape {tuple(teacher.shape)}, "
                                           f"expected {count} rows, one a text")

    @staticmethod
    def _teacher(teacher, weight, keep):
        if isinstance(teacher, (str, bytes, os.PathLike)):
            path = _arguments.path("DistillationLoss: teachers", teacher)
            return _native.make(_native.Teacher, path=path, weight=weight)
        if not hasattr(teacher, "__len__"):
            width = _arguments.integer("DistillationLoss: a teacher's width", teacher, 1)
            return _native.make(_native.Teacher, dimension=width, weight=weight)
        array = np.ascontiguousarray(_arguments.vectors("DistillationLoss: teachers", teacher), np.float32)
        if array.ndim != 2:
            raise errors.ArgumentError(f"DistillationLoss: a teacher has the shape {array.shape}, expected two dimensions")
        keep.append(array)
        return _native.make(_native.Teacher, vectors=_native.floats(array), dimension=array.shape[1], weight=weight)
