"""The library's handles as Python objects: who frees what, in which order, and which thread may use it.

A model is shared by threads; sessions and encodings belong to one thread, so each thread gets its own. What a handle
needs is kept alive by the handle: a session is always freed before its model. At the interpreter's exit nothing is
freed (another thread may be inside a call); the system takes it all back.
"""
import functools
import json
import os
import threading
import weakref
from contextlib import nullcontext
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


class _Users:
    """The calls that use a handle that somebody else frees: `with users:` around each, and `close` waits for the last one
    to end. A handle of our own needs none of it: it lives as long as the object whose method runs."""

    instances = weakref.WeakSet()

    def __init__(self):
        self._closed = False
        self.forget()
        _Users.instances.add(self)

    def forget(self):
        self._state = threading.Condition()
        self._count = 0
        self._own = threading.local()  # how many of them are this thread's, one inside another

    def __enter__(self):
        depth = getattr(self._own, "depth", 0)
        with self._state:
            if self._closed and depth == 0:
                raise errors.ArgumentError("this model is closed: it was lent to an evaluator while fit ran")
            self._count += 1
        self._own.depth = depth + 1

    def __exit__(self, *exception):
        self._own.depth = getattr(self._own, "depth", 1) - 1
        with self._state:
            self._count = max(0, self._count - 1)  # in a child of fork it began at 0
            self._state.notify_all()

    def close(self):
        with self._state:
            self._closed = True
            self._state.wait_for(lambda: self._count == 0)


def _after_fork():
    """The child has none of the threads that were inside a call, and maybe held the lock."""
    for each in list(_Users.instances):
        each.forget()


os.register_at_fork(after_in_child=_after_fork)


def _using(method):
    """A method of a class with `_users`, which may be None, as one of its users."""

    @functools.wraps(method)
    def used(self, *arguments, **options):
        if self._users is None:
            return method(self, *arguments, **options)
        with self._users:
            return method(self, *arguments, **options)

    return used


class _PerThread:
    """What `make` makes, once for each thread, and again in a forked child: one that was in use at the time of the fork
    cannot be used there."""

    def __init__(self, make, until_close=False):
        """`until_close`: they live until `close`, which must wait for every one of them, not until their threads end."""
        self._make = make
        self._local = threading.local()
        self._all = set() if until_close else weakref.WeakSet()

    def get(self):
        process, handle = getattr(self._local, "owned", (None, None))
        if process != os.getpid():
            if handle is not None:
                handle.close()
            handle = self._make()
            self._all.add(handle)
            self._local.owned = os.getpid(), handle
        return handle.address

    def close(self):
        for handle in list(self._all):
            handle.close()
        self._all.clear()
        self._local = threading.local()


class Tokenizer:
    """Texts to tokens and ids. `owner` is the handle of the tokenizer, or of the model it belongs to, with its users."""

    def __init__(self, address, owner, users=None):
        self._users = users

        def make():
            encoding = _native.create("sbertja_encoding_create", address)
            return Handle(encoding, _native.library().sbertja_encoding_free, owner)

        self._encodings = _PerThread(make, until_close=users is not None)

    @classmethod
    def load(cls, directory, options):
        address = _native.create("sbertja_tokenizer_load", _arguments.path("Tokenizer: directory", directory), byref(options))
        return cls(address, Handle(address, _native.library().sbertja_tokenizer_free))

    def close(self):
        self._encodings.close()

    def _encode(self, text):
        encoding = self._encodings.get()
        data = encode_text(text)
        _native.call("sbertja_tokenize", encoding, data, len(data))
        return encoding

    @_using
    def tokens(self, text):
        lib, encoding = _native.library(), self._encode(text)
        return [lib.sbertja_encoding_token(encoding, i).decode("utf-8")
                for i in range(lib.sbertja_encoding_token_count(encoding))]

    @_using
    def ids(self, text):
        count = c_size_t()
        ids = _native.library().sbertja_encoding_ids(self._encode(text), byref(count))
        return ids[:count.value]


class Model:
    """A loaded model with a session for each thread that encodes."""

    def __init__(self, address, threads=0, *, borrowed=False):
        self.handle = handle = Handle(address, None if borrowed else _native.library().sbertja_model_free)
        self.threads = threads
        lib = _native.library()
        self.dimension = lib.sbertja_model_dimension(address)
        self.full_dimension = json.loads(lib.sbertja_model_describe(address))["full_dimension"]
        self.token_dimension = lib.sbertja_model_token_dimension(address)
        self.max_tokens = lib.sbertja_model_max_tokens(address)
        self._users = _Users() if borrowed else None

        def make():
            options = _native.make(_native.SessionOptions, threads=threads)
            session = _native.create("sbertja_session_create", handle.address, byref(options))
            return Handle(session, _native.library().sbertja_session_free, handle)

        self._sessions = _PerThread(make, until_close=borrowed)
        self.tokenizer = Tokenizer(_native.library().sbertja_model_tokenizer(address), handle, self._users)

    @classmethod
    def load(cls, directory, options, threads=0):
        path = _arguments.path("SentenceTransformer: model_name_or_path", directory)
        return cls(_native.create("sbertja_model_load", path, byref(options)), threads)

    @property
    def address(self):
        return self.handle.address

    def close(self):
        """Frees everything once no call uses it, sessions first; also right for a borrowed model, which itself is not
        freed."""
        if self._users is not None:
            self._users.close()
        self._sessions.close()
        self.tokenizer.close()
        self.handle.close()

    def in_use(self):
        """`with model.in_use():` around calls that take the address."""
        return self._users or nullcontext()

    @_using
    def describe(self):
        return json.loads(_native.library().sbertja_model_describe(self.address))

    @_using
    def save(self, directory, layout=None, dtype=None, packed=None, settings=None):
        options = _native.make(_native.SaveOptions, settings=settings, layout=_native.text_or_none(layout),
                               dtype=_native.text_or_none(dtype), packed=_native.text_or_none(packed))
        _native.call("sbertja_model_save", self.address, _arguments.path("save: path", directory), byref(options))

    def parameters(self, only=""):
        """Names and float32 arrays in the order of the saved file; of the names that have `only` in them."""
        for index in range(self._parameter_count()):
            name, values = self._parameter(index, only)
            if values is not None:
                yield name, values

    @_using
    def _parameter_count(self):
        return _native.library().sbertja_model_parameter_count(self.address)

    @_using
    def _parameter(self, index, only):
        info = _native.Parameter()
        _native.call("sbertja_model_parameter", self.address, index, byref(info), None)
        name = info.name.decode("utf-8")
        if only not in name:
            return name, None
        values = np.empty((info.rows, info.columns), np.float32)
        _native.call("sbertja_model_parameter", self.address, index, byref(info), _native.floats(values))
        values.flags.writeable = False  # a copy: nothing that is written into it would reach the model
        return name, values

    @_using
    def encode(self, texts, *, normalize=False, progress=None, tokens=False, prompt="", truncate_dim=None):
        """Sentence vectors, [texts, dimension]; and, if `tokens`, a list of each text's token vectors, else None."""
        encoded = encode_texts(texts)
        dimension = min(self.full_dimension, truncate_dim or self.full_dimension)
        vectors = np.empty((len(encoded), dimension), np.float32)
        token_vectors = [None] * len(encoded) if tokens else None
        if not encoded:
            return vectors, token_vectors

        def keep(_user, index, count, dimension, data):
            token_vectors[index] = np.ctypeslib.as_array(data, (count, dimension)).copy()

        session = self._sessions.get()
        error = _native.Error()
        with _callbacks.Guard() as guard:
            options = _native.make(
                _native.EncodeOptions, normalize=int(bool(normalize)), dimension=dimension,
                prompt=encode_text(prompt.replace("\0", ""), "the prompt"),
                progress=guard.wrap(_native.EncodeProgress,
                                    lambda _user, done, total: progress and progress(done, total)),
                token_vectors=guard.wrap(_native.TokenVectors, keep) if tokens else None)
            status = _native.library().sbertja_encode(session, *_native.text_arrays(encoded), len(encoded),
                                                      byref(options), _native.floats(vectors), byref(error))
        _native.check(status, error)
        return vectors, token_vectors


def encode_text(text, place="the text", *numbers):
    """One text as UTF-8; `place.format(*numbers)` is what a message calls it."""
    if not isinstance(text, str):
        raise TypeError(f"{place.format(*numbers)} is {_arguments.describe(text)}, not str")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as fault:
        raise errors.FormatError(f"{place.format(*numbers)} has a lone surrogate, U+{ord(text[fault.start]):04X}, at character "
                                 f"{fault.start}: it is not valid Unicode") from None


def encode_texts(texts):
    """Texts as UTF-8; the message of a fault names the text by its index."""
    return [encode_text(text, "text {}", index) for index, text in enumerate(texts)]
