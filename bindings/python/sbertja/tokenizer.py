"""Texts as the tokens and ids of a model."""
from . import _arguments, _files, _handles, _native
from ._progress import log_function


class Tokenizer:
    """`Tokenizer("model-directory")` reads only the tokenizer's files, no weights; `Tokenizer()` those of the default model."""

    def __init__(self, directory=None, *, dictionary=None, max_seq_length=None):
        directory = _files.find_model(directory)
        options = _native.make(_native.LoadOptions, **dictionary_options(dictionary), max_tokens=max_seq_length,
                               log=log_function)
        self._native = _handles.Tokenizer.load(directory, options)

    @classmethod
    def of_model(cls, native_model):
        """The tokenizer of a loaded model."""
        tokenizer = cls.__new__(cls)
        tokenizer._native = native_model.tokenizer
        tokenizer._model = native_model
        return tokenizer

    def tokenize(self, text):
        """Tokens without special ones, uncut."""
        return self._native.tokens(text)

    def encode(self, text):
        """Ids with [CLS] and [SEP], cut at the longest input."""
        return self._native.ids(text)


def dictionary_options(dictionary):
    """Options of the library for MeCab's dictionary: what the caller names, a kind or a folder, and where to look for one."""
    return {"dictionary": dictionary and _arguments.path("dictionary", dictionary),
            "dictionary_places": _native.path_list(_files.dictionary_places())}
