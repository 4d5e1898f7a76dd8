"""The library's handles as Python objects: who frees what, in which order, and which thread may use it.

A model is shared by threads; sessions and encodings belong to one thread, so each thread gets its own. What a handle
needs is kept alive by the handle: a session is always freed before its model. At the interpreter's exit nothing is
freed (another thread may be inside a call); the system takes it all back.
"""
import json
import os
import threading
import weakref
from contextlib import contextmanager
from ctypes import byref, c_size_t

import numpy as np

from . import _arguments, _callbacks, _native, errors


class Handle:
    """An address and the function that frees it; `needs` are the handles that must outlive it."""

    def __init__(self, address, release, *needs):
        self.address = address
        self._finalizer = weakref.finalize(self, _release, release, address, needs)
        self._finalizer.atexit = False

    def close(self):
        """Frees it now."""
        self._finalizer()
        self.address = None


def _release(function, address, _needs):
    if function is not None:
        function(address)


class _PerThread:
    """What `make` makes, once for each thread, and again in a forked child: one that was in use at the time of the fork
    cannot be used there."""

    instances = weakref.WeakSet()

    def __init__(self, make):
        self._make = make
        self._local = threading.local()
        self._all = weakref.WeakSet()
        self._closed = False
        self._forget_users()
        _PerThread.instances.add(self)

    def _forget_users(self):
        self._state = threading.Condition()
        self._users = 0

    @contextmanager
    def use(self):
        """The address for this thread; `close` waits until the last `with` is left."""
        with self._state:
            if self._closed:
                raise errors.ArgumentError("this model is closed: it was lent to an evaluator while fit ran")
            self._users += 1
        try:
            yield self._own()
        finally:
            with self._state:
                self._users -= 1
                self._state.notify_all()

    def _own(self):
        process, handle = getattr(self._local, "owned", (None, None))
        if process != os.getpid():
            if handle is not None:
                handle.close()
            handle = self._make()
            self._all.add(handle)
            self._local.owned = os.getpid(), handle
        return handle.address

    def close(self):
        with self._state:
            self._closed = True
            self._state.wait_for(lambda: self._users == 0)
        for handle in list(self._all):
            handle.close()
        self._local = threading.local()


def _after_fork():
    """The child has none of the threads that were inside a call, and maybe held the lock."""
    for each in list(_PerThread.instances):
        each._forget_users()


os.register_at_fork(after_in_child=_after_fork)


class Tokenizer:
    """Texts to tokens and ids. `owner` is the handle of the tokenizer, or of the model it belongs to."""

    def __init__(self, address, owner):
        def make():
            encoding = _native.create("sbertja_encoding_create", address)
            return Handle(encoding, _native.library().sbertja_encoding_free, owner)

        self._encodings = _PerThread(make)

    @classmethod
    def load(cls, directory, options):
        address = _native.create("sbertja_tokenizer_load", _arguments.path("Tokenizer: directory", directory), byref(options))
        return cls(address, Handle(address, _native.library().sbertja_tokenizer_free))

    def close(self):
        self._encodings.close()

    @contextmanager
    def _encoded(self, text):
        """This thread's encoding of a text."""
        data = encode_text(text)
        with self._encodings.use() as encoding:
            _native.call("sbertja_tokenize", encoding, data, len(data))
            yield encoding

    def tokens(self, text):
        lib = _native.library()
        with self._encoded(text) as encoding:
            return [lib.sbertja_encoding_token(encoding, i).decode("utf-8")
                    for i in range(lib.sbertja_encoding_token_count(encoding))]

    def ids(self, text):
        count = c_size_t()
        with self._encoded(text) as encoding:
            ids = _native.library().sbertja_encoding_ids(encoding, byref(count))
            return ids[:count.value]


class Model:
    """A loaded model with a session for each thread that encodes."""

    def __init__(self, address, threads=0, *, borrowed=False):
        self.handle = handle = Handle(address, None if borrowed else _native.library().sbertja_model_free)
        self.threads = threads

        def make():
            options = _native.make(_native.SessionOptions, threads=threads)
            session = _native.create("sbertja_session_create", handle.address, byref(options))
            return Handle(session, _native.library().sbertja_session_free, handle)

        self._sessions = _PerThread(make)
        self.tokenizer = Tokenizer(_native.library().sbertja_model_tokenizer(address), handle)

    @classmethod
    def load(cls, directory, options, threads=0):
        path = _arguments.path("SentenceTransformer: model_name_or_path", directory)
        return cls(_native.create("sbertja_model_load", path, byref(options)), threads)

    @property
    def address(self):
        if self.handle.address is None:
            raise errors.ArgumentError("this model is closed")
        return self.handle.address

    def close(self):
        """Frees everything now, sessions first; also right for a borrowed model, which itself is not freed."""
        self._sessions.close()
        self.tokenizer.close()
        self.handle.close()

    @property
    def dimension(self):
        return _native.library().sbertja_model_dimension(self.address)

    @property
    def token_dimension(self):
        return _native.library().sbertja_model_token_dimension(self.address)

    @property
    def max_tokens(self):
        return _native.library().sbertja_model_max_tokens(self.address)

    def describe(self):
        return json.loads(_native.library().sbertja_model_describe(self.address))

    def save(self, directory, layout=None, dtype=None, packed=None):
        options = _native.make(_native.SaveOptions, layout=_native.text_or_none(layout),
                               dtype=_native.text_or_none(dtype), packed=_native.text_or_none(packed))
        _native.call("sbertja_model_save", self.address, _arguments.path("save: path", directory), byref(options))

    def parameters(self, only=""):
        """Names and float32 arrays in the order of the saved file; of the names that have `only` in them."""
        for index in range(_native.library().sbertja_model_parameter_count(self.address)):
            info = _native.Parameter()
            _native.call("sbertja_model_parameter", self.address, index, byref(info), None)
            if only not in info.name.decode("utf-8"):
                continue
            values = np.empty((info.rows, info.columns), np.float32)
            _native.call("sbertja_model_parameter", self.address, index, byref(info), _native.floats(values))
            values.flags.writeable = False  # a copy: nothing that is written into it would reach the model
            yield info.name.decode("utf-8"), values

    def encode(self, texts, *, normalize=False, progress=None, tokens=False):
        """Sentence vectors, [texts, dimension]; and, if `tokens`, a list of each text's token vectors, else None."""
        encoded = encode_texts(texts)
        vectors = np.empty((len(encoded), self.dimension), np.float32)
        token_vectors = [None] * len(encoded) if tokens else None
        if not encoded:
            return vectors, token_vectors

        def keep(_user, index, count, dimension, data):
            token_vectors[index] = np.ctypeslib.as_array(data, (count, dimension)).copy()

        error = _native.Error()
        with self._sessions.use() as session, _callbacks.Guard() as guard:
            options = _native.make(
                _native.EncodeOptions, normalize=int(bool(normalize)),
                progress=guard.wrap(_native.EncodeProgress,
                                    lambda _user, done, total: progress and progress(done, total)),
                token_vectors=guard.wrap(_native.TokenVectors, keep) if tokens else None)
            status = _native.library().sbertja_encode(session, *_native.text_arrays(encoded), len(encoded),
                                                      byref(options), _native.floats(vectors), byref(error))
        _native.check(status, error)
        return vectors, token_vectors


def encode_text(text, place="the text"):
    """One text as UTF-8."""
    if not isinstance(text, str):
        raise TypeError(f"{place} is {_arguments.describe(text)}, not str")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as fault:
        raise errors.FormatError(f"{place} has a lone surrogate, U+{ord(text[fault.start]):04X}, at character "
                                 f"{fault.start}: it is not valid Unicode") from None


def encode_texts(texts):
    """Texts as UTF-8; the message of a fault names the text by its index."""
    return [encode_text(text, f"text {index}") for index, text in enumerate(texts)]
