"""WordPiece vocabularies from plain texts."""
import itertools
from ctypes import byref

from . import _arguments, _handles, _native
from ._progress import log_function
from .tokenizer import dictionary_options

_PART = 10000  # texts a call of the library: only the counts of their words are kept


def train_vocabulary(texts, path, entries=32000, *, min_frequency=2, every_character=True, word_tokenizer="mecab",
                     mecab_dictionary="ipadic", lower_case=False, dictionary=None, threads=0,
                     max_text_bytes=0):
    """Writes vocab.txt for `models.Transformer` to start from; the result is a dict of counts.

    `texts` is any iterable of str, such as an open file, and is gone through once. The same texts give the same file in
    whatever order they come. A text of more than `max_text_bytes` is an error; 0: no limit.
    """
    texts = _arguments.iterable("train_vocabulary: texts", texts, "texts")
    path = _arguments.path("train_vocabulary: path", path)
    flags = {name: int(_arguments.flag(f"train_vocabulary: {name}", value))
             for name, value in (("every_character", every_character), ("lower_case", lower_case))}
    if word_tokenizer == "basic":
        _arguments.unused("train_vocabulary", "word_tokenizer is \"basic\"", dictionary=(dictionary, None),
                          mecab_dictionary=(mecab_dictionary, "ipadic", None))
    options = _native.make(
        _native.VocabularyOptions, entries=entries, min_frequency=min_frequency,
        word_tokenizer=_native.text_or_none(word_tokenizer), mecab_dictionary=_native.text_or_none(mecab_dictionary),
        **dictionary_options(dictionary), threads=threads, max_text_bytes=max_text_bytes,
        log=log_function, **flags)
    trainer = _handles.Handle(_native.create("sbertja_vocabulary_trainer_create", byref(options)),
                              _native.library().sbertja_vocabulary_trainer_free)
    try:
        encoded = (_handles.encode_text(text, "text {}", index) for index, text in enumerate(texts))
        while part := list(itertools.islice(encoded, _PART)):
            _native.call("sbertja_vocabulary_trainer_add", trainer.address, *_native.text_arrays(part), len(part))
        summary = _native.VocabularySummary()
        _native.call("sbertja_vocabulary_trainer_finish", trainer.address, path, byref(summary))
    finally:
        trainer.close()
    return {name: getattr(summary, name) for name, _ in summary._fields_}
