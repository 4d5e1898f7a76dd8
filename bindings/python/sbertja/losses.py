"""What a model is trained by, as in sentence_transformers.losses. The library computes; these objects name the loss."""
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


class BatchAllTripletLoss:
    """The mean over all triplets of a batch that violate the margin; one text an example, integer labels."""

    kind = _native.BATCH_ALL_TRIPLET_LOSS
    text_count = 1
    METRICS = {
        BatchHardTripletLossDistanceFunction.euclidean_distance: _native.EUCLIDEAN,
        BatchHardTripletLossDistanceFunction.cosine_distance: _native.COSINE,
    }

    def __init__(self, model, distance_metric=BatchHardTripletLossDistanceFunction.eucledian_distance, margin=5):
        self.model = model
        self.distance_metric = distance_metric
        self.triplet_margin = margin
        self.metric = _metric(self, distance_metric)

    @staticmethod
    def check_label(label, index):
        """The label as an integer of 32 bits, as the library holds it; 1.0 is one, 0.5 and 2 ** 40 are not."""
        try:
            if label == int(label) and -2 ** 31 <= int(label) < 2 ** 31:
                return int(label)
        except (TypeError, ValueError, OverflowError):
            pass
        raise errors.ArgumentError(f"BatchAllTripletLoss: example {index}: the label {label!r} is not an integer of 32 bits")


class TripletLoss:
    """max(0, distance(anchor, positive) - distance(anchor, negative) + margin): three texts an example, no labels."""

    kind = _native.TRIPLET_LOSS
    text_count = 3
    METRICS = {
        TripletDistanceMetric.EUCLIDEAN: _native.EUCLIDEAN,
        TripletDistanceMetric.COSINE: _native.COSINE,
        TripletDistanceMetric.MANHATTAN: _native.MANHATTAN,
    }

    def __init__(self, model, distance_metric=TripletDistanceMetric.EUCLIDEAN, triplet_margin=5):
        self.model = model
        self.distance_metric = distance_metric
        self.triplet_margin = triplet_margin
        self.metric = _metric(self, distance_metric)

    @staticmethod
    def check_label(_label, _index):
        return 0


def _metric(loss, function):
    try:
        metric = loss.METRICS.get(function)
    except TypeError:  # not hashable: certainly none of ours
        metric = None
    if metric is None:
        names = ", ".join(known.__qualname__ for known in loss.METRICS)
        raise errors.ArgumentError(f"{type(loss).__name__}: distance_metric {function!r}: give one of {names}")
    return metric
