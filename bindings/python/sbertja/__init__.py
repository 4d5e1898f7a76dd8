"""Japanese Sentence-BERT models: train them, load them, get sentence vectors; by the names of sentence-transformers.

    from sbertja import SentenceTransformer
    model = SentenceTransformer()    # the default model; or a directory
    vectors = model.encode(["冷却水が漏れた。", "ポンプから水が漏れていた。"])
    print(model.similarity(vectors[0], vectors[1]))

On the C library libsbertja through ctypes; needs NumPy and nothing else.
"""
from . import datasets, evaluation, losses, models, readers, util
from ._progress import LoggingHandler
from .datasets import DataLoader, NoDuplicatesDataLoader, SentenceLabelDataset, SentencesDataset
from .errors import (ArgumentError, FileError, FormatError, InternalError, MissingError, NotFoundError,
                     OutOfMemoryError, SbertjaError, StoppedError, UnsupportedError)
from .sentence_transformer import SentenceTransformer, build_info
from .readers import InputExample
from .tokenizer import Tokenizer
from .util import SimilarityFunction
from .vocabulary import train_vocabulary

__version__ = "0.1.0"

__all__ = [
    "ArgumentError", "DataLoader", "FileError", "FormatError", "InputExample", "InternalError", "LoggingHandler",
    "MissingError", "NoDuplicatesDataLoader", "NotFoundError", "OutOfMemoryError", "SbertjaError",
    "SentenceLabelDataset", "SentenceTransformer", "SentencesDataset", "SimilarityFunction", "StoppedError", "Tokenizer",
    "UnsupportedError", "build_info", "datasets", "evaluation", "losses", "models", "readers", "train_vocabulary", "util",
]
