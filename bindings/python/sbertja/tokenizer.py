"""Texts as the tokens and ids of a model."""
from . import _arguments, _files, _handles, _native
from ._progress import log_function
from ._settings import Guarded


class Tokenizer(Guarded):
    """`Tokenizer("model-directory")` reads only the tokenizer's files, no weights; `Tokenizer()` those of the default model."""

    def __init__(self, directory=None, *, dictionary=None, max_seq_length=None, max_text_bytes=0):
        self._made_from = directory, dictionary, max_seq_length, max_text_bytes
        directory = _files.find_model(directory)
        if max_seq_length is not None:
            _arguments.integer("Tokenizer: max_seq_length", max_seq_length, 3)
        options = _native.make(_native.LoadOptions, **dictionary_options(dictionary), max_tokens=max_seq_length,
                               max_text_bytes=max_text_bytes, log=log_function)
        self._native = _handles.Tokenizer.load(directory, options)

    @classmethod
    def of_model(cls, native_model):
        """The tokenizer of a loaded model."""
        tokenizer = cls.__new__(cls)
        tokenizer._native = native_model.tokenizer
        tokenizer._model = native_model
        tokenizer._made_from = None
        return tokenizer

    def tokenize(self, text):
        """Tokens without special ones, uncut."""
        return self._native.tokens(text)

    def encode(self, text):
        """Ids with [CLS] and [SEP], cut at the longest input."""
        return self._native.ids(text)

    def __reduce__(self):
        if self._made_from is None:
            raise TypeError("the tokenizer of a model cannot be copied or pickled: copy or pickle the model")
        return _restore, self._made_from


def _restore(directory, dictionary, max_seq_length, max_text_bytes):
    return Tokenizer(directory, dictionary=dictionary, max_seq_length=max_seq_length, max_text_bytes=max_text_bytes)


def dictionary_options(dictionary):
    """The library's options for MeCab's dictionary: the kind or folder that the caller names, and where to search."""
    return {"dictionary": _arguments.optional_path("dictionary", dictionary),
            "dictionary_places": _native.path_list(_files.dictionary_places())}
