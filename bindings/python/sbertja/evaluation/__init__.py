"""Evaluators, as in sentence_transformers.evaluation: called with a model, they return one score, larger is better.

All that was measured is in `evaluator.metrics`, under the keys of sentence-transformers, and `evaluator.primary_metric`
is the key of the score. fit calls them during training; NumPy is all they need.
"""
from ..util import SimilarityFunction
from .base import SentenceEvaluator, SequentialEvaluator
from .binary import BinaryClassificationEvaluator
from .retrieval import InformationRetrievalEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .triplet import TripletEvaluator

__all__ = ["BinaryClassificationEvaluator", "EmbeddingSimilarityEvaluator", "InformationRetrievalEvaluator",
           "SentenceEvaluator", "SequentialEvaluator", "SimilarityFunction", "TripletEvaluator"]
