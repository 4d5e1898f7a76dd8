"""The C library: where it is, and its structs and functions exactly as <sbertja.h> declares them.

Nothing else in the package knows ctypes layouts. The library is opened when first needed, so that readers, datasets
and util work without it. Every struct's size is compared with the library's own on opening: a library of another
version is refused instead of being misread.
"""
import ctypes
import functools
import json
import os
import pathlib
import threading
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_size_t,
                    c_uint32, c_uint64, c_void_p)

from . import _arguments, errors

SIZE_MAX = ctypes.c_size_t(-1).value

# sbertja_module_kind, sbertja_loss, sbertja_metric, sbertja_log_level
POOLING, DENSE, NORMALIZE = 1, 2, 3
BATCH_ALL_TRIPLET_LOSS, TRIPLET_LOSS, COSINE_SIMILARITY_LOSS, COSENT_LOSS, MULTIPLE_NEGATIVES_RANKING_LOSS = range(1, 6)
DISTILLATION_LOSS = 6
EUCLIDEAN, COSINE, MANHATTAN = 1, 2, 3
LOG_WARNING = 1

LogFunction = CFUNCTYPE(None, c_void_p, c_int, c_char_p)
EncodeProgress = CFUNCTYPE(c_int, c_void_p, c_size_t, c_size_t)
TokenVectors = CFUNCTYPE(c_int, c_void_p, c_size_t, c_size_t, c_size_t, POINTER(c_float))


class Error(Structure):
    _fields_ = [("status", c_int), ("message", c_char * 1020)]


class Module(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_int),
        ("pooling", c_char_p),
        ("out_features", c_size_t),
        ("activation", c_char_p),
        ("weight", POINTER(c_float)),
        ("bias", POINTER(c_float)),
        ("no_bias", c_int),
        ("exclude_prompt", c_size_t),
    ]
    initializer = "sbertja_module_init"


class LoadOptions(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("device", c_char_p),
        ("engine", c_char_p),
        ("instructions", c_char_p),
        ("dictionary", c_char_p),
        ("max_tokens", c_size_t),
        ("modules", POINTER(Module)),
        ("module_count", c_size_t),
        ("seed", c_uint64),
        ("log", LogFunction),
        ("log_user", c_void_p),
        ("allocator", c_void_p),
        ("precision", c_char_p),
        ("threads", c_int),
        ("dictionary_places", POINTER(c_char_p)),
        ("max_text_bytes", c_size_t),
        ("weights", c_char_p),
    ]
    initializer = "sbertja_load_options_init"


class Architecture(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("vocabulary", c_char_p),
        ("layers", c_int),
        ("hidden", c_int),
        ("heads", c_int),
        ("intermediate", c_int),
        ("max_positions", c_int),
        ("activation", c_char_p),
        ("dropout", c_double),
        ("word_tokenizer", c_char_p),
        ("subword_tokenizer", c_char_p),
        ("mecab_dictionary", c_char_p),
        ("lower_case", c_int),
        ("seed", c_uint64),
    ]
    initializer = "sbertja_architecture_init"


class SaveOptions(Structure):
    _fields_ = [("size", c_uint32), ("layout", c_char_p), ("dtype", c_char_p), ("packed", c_char_p),
                ("settings", c_char_p)]
    initializer = "sbertja_save_options_init"


class VocabularyOptions(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("every_character", c_int),
        ("entries", c_size_t),
        ("min_frequency", c_size_t),
        ("word_tokenizer", c_char_p),
        ("mecab_dictionary", c_char_p),
        ("dictionary", c_char_p),
        ("lower_case", c_int),
        ("threads", c_int),
        ("log", LogFunction),
        ("log_user", c_void_p),
        ("allocator", c_void_p),
        ("dictionary_places", POINTER(c_char_p)),
        ("max_text_bytes", c_size_t),
    ]
    initializer = "sbertja_vocabulary_options_init"


class VocabularySummary(Structure):
    _fields_ = [
        ("entries", c_size_t),
        ("alphabet", c_size_t),
        ("merges", c_size_t),
        ("texts", c_uint64),
        ("words", c_uint64),
        ("known_words", c_uint64),
        ("distinct_words", c_size_t),
    ]


class SessionOptions(Structure):
    _fields_ = [("size", c_uint32), ("threads", c_int), ("batch_tokens", c_size_t)]
    initializer = "sbertja_session_options_init"


class EncodeOptions(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("normalize", c_int),
        ("progress", EncodeProgress),
        ("progress_user", c_void_p),
        ("token_vectors", TokenVectors),
        ("token_vectors_user", c_void_p),
        ("prompt", c_char_p),
        ("dimension", c_size_t),
    ]
    initializer = "sbertja_encode_options_init"


class Teacher(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("path", c_char_p),
        ("vectors", POINTER(c_float)),
        ("dimension", c_size_t),
        ("weight", c_double),
    ]
    initializer = "sbertja_teacher_init"


class Objective(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("dataset", c_void_p),
        ("loss", c_int),
        ("metric", c_int),
        ("margin", c_double),
        ("batch_size", c_size_t),
        ("samples_per_label", c_size_t),
        ("keep_order", c_int),
        ("scale", c_double),
        ("no_duplicates", c_int),
        ("batch_tokens", c_size_t),
        ("teachers", POINTER(Teacher)),
        ("teacher_count", c_size_t),
        ("similarity_weight", c_double),
    ]
    initializer = "sbertja_objective_init"


class Progress(Structure):
    _fields_ = [
        ("epoch", c_size_t),
        ("epochs", c_size_t),
        ("step", c_size_t),
        ("steps", c_size_t),
        ("objective", c_size_t),
        ("loss", c_double),
        ("active", c_double),
        ("learning_rate", c_double),
        ("grad_norm", c_double),
        ("sentences_per_second", c_double),
        ("seconds_left", c_double),
    ]


FitStop = CFUNCTYPE(c_int, c_void_p)
FitProgress = CFUNCTYPE(c_int, c_void_p, POINTER(Progress))
FitEvaluate = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_size_t, POINTER(c_double))


class FitOptions(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("epochs", c_size_t),
        ("steps_per_epoch", c_size_t),
        ("scheduler", c_char_p),
        ("warmup_steps", c_size_t),
        ("preset", c_char_p),
        ("learning_rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("weight_decay", c_double),
        ("max_grad_norm", c_double),
        ("seed", c_uint64),
        ("threads", c_int),
        ("no_dropout", c_int),
        ("evaluation_steps", c_size_t),
        ("evaluate", FitEvaluate),
        ("evaluate_user", c_void_p),
        ("output_path", c_char_p),
        ("keep_last", c_int),
        ("checkpoint_path", c_char_p),
        ("checkpoint_steps", c_size_t),
        ("resume", c_int),
        ("progress", FitProgress),
        ("progress_user", c_void_p),
        ("log", LogFunction),
        ("log_user", c_void_p),
        ("keep_head", c_int),
        ("gradient_accumulation_steps", c_size_t),
        ("bf16", c_int),
        ("settings", c_char_p),
        ("stop", FitStop),
        ("stop_user", c_void_p),
    ]
    initializer = "sbertja_fit_options_init"


class Parameter(Structure):
    _fields_ = [("name", c_char_p), ("rows", c_size_t), ("columns", c_size_t)]


STRUCTS = (Module, LoadOptions, Architecture, SaveOptions, VocabularyOptions, SessionOptions, EncodeOptions, Objective,
           FitOptions)

_Texts, _Sizes, _Out, _Error = POINTER(c_char_p), POINTER(c_size_t), POINTER(c_void_p), POINTER(Error)
_FUNCTIONS = {  # name: (result, arguments)
    "sbertja_version": (c_char_p, []),
    "sbertja_default_model": (c_int, [c_char_p, c_size_t, _Error]),
    "sbertja_model_load": (c_int, [c_char_p, POINTER(LoadOptions), _Out, _Error]),
    "sbertja_model_create": (c_int, [POINTER(Architecture), POINTER(LoadOptions), _Out, _Error]),
    "sbertja_model_save": (c_int, [c_void_p, c_char_p, POINTER(SaveOptions), _Error]),
    "sbertja_model_free": (None, [c_void_p]),
    "sbertja_model_dimension": (c_size_t, [c_void_p]),
    "sbertja_model_token_dimension": (c_size_t, [c_void_p]),
    "sbertja_model_max_tokens": (c_size_t, [c_void_p]),
    "sbertja_model_prompt": (c_char_p, [c_void_p, c_char_p]),
    "sbertja_model_describe": (c_char_p, [c_void_p]),
    "sbertja_directory_describe": (c_int, [c_char_p, c_char_p, c_size_t, _Sizes, _Error]),
    "sbertja_model_parameter_count": (c_size_t, [c_void_p]),
    "sbertja_model_parameter": (c_int, [c_void_p, c_size_t, POINTER(Parameter), POINTER(c_float), _Error]),
    "sbertja_devices": (c_char_p, []),
    "sbertja_engines": (c_char_p, []),
    "sbertja_instruction_sets": (c_char_p, []),
    "sbertja_tokenizer_load": (c_int, [c_char_p, POINTER(LoadOptions), _Out, _Error]),
    "sbertja_tokenizer_free": (None, [c_void_p]),
    "sbertja_model_tokenizer": (c_void_p, [c_void_p]),
    "sbertja_encoding_create": (c_int, [c_void_p, _Out, _Error]),
    "sbertja_encoding_free": (None, [c_void_p]),
    "sbertja_tokenize": (c_int, [c_void_p, c_char_p, c_size_t, _Error]),
    "sbertja_encoding_ids": (POINTER(c_int32), [c_void_p, _Sizes]),
    "sbertja_encoding_token_count": (c_size_t, [c_void_p]),
    "sbertja_encoding_token": (c_char_p, [c_void_p, c_size_t]),
    "sbertja_vocabulary_trainer_create": (c_int, [POINTER(VocabularyOptions), _Out, _Error]),
    "sbertja_vocabulary_trainer_add": (c_int, [c_void_p, _Texts, _Sizes, c_size_t, _Error]),
    "sbertja_vocabulary_trainer_finish": (c_int, [c_void_p, c_char_p, POINTER(VocabularySummary), _Error]),
    "sbertja_vocabulary_trainer_free": (None, [c_void_p]),
    "sbertja_session_create": (c_int, [c_void_p, POINTER(SessionOptions), _Out, _Error]),
    "sbertja_session_free": (None, [c_void_p]),
    "sbertja_encode": (c_int, [c_void_p, _Texts, _Sizes, c_size_t, POINTER(EncodeOptions), POINTER(c_float), _Error]),
    "sbertja_dataset_create": (c_int, [_Out, _Error]),
    "sbertja_dataset_add": (c_int, [c_void_p, _Texts, _Sizes, c_size_t, c_double, _Error]),
    "sbertja_dataset_free": (None, [c_void_p]),
    "sbertja_fit": (c_int, [c_void_p, POINTER(Objective), c_size_t, POINTER(FitOptions), _Out, _Error]),
}


def _candidates():
    """Beside the package (a wheel, `make python`), in the source tree's build, then wherever the system has it."""
    here = pathlib.Path(__file__).resolve().parent
    yield here / "lib" / "libsbertja.so"
    if len(here.parents) > 2:
        yield here.parents[2] / "build" / "lib" / "libsbertja.so"


def open_library():
    """The library as ctypes opens it, nothing declared or checked yet; and its path."""
    for path in _candidates():
        if path.exists():
            return ctypes.CDLL(str(path)), str(path)
    try:
        return ctypes.CDLL("libsbertja.so.0"), "libsbertja.so.0"
    except OSError:
        looked = " and ".join(str(path.parent) for path in _candidates())
        raise ImportError(f"libsbertja.so is neither in {looked} nor installed: run `make` in the source tree, "
                          "or `pip install` on bindings/python") from None


_INTEGERS = {c_int: (-2 ** 31, 2 ** 31 - 1), c_uint32: (0, 2 ** 32 - 1), c_size_t: (0, SIZE_MAX),
             c_uint64: (0, 2 ** 64 - 1)}


@functools.lru_cache(maxsize=None)
def library():
    """The opened library, its functions declared and its structs compared with ours."""
    lib, path = open_library()
    try:
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        for struct in STRUCTS:
            function = getattr(lib, struct.initializer)
            function.restype, function.argtypes = None, [POINTER(struct)]
            value = struct()
            function(byref(value))
            if value.size != ctypes.sizeof(struct):
                raise ImportError(f"{path} is another version: {struct.__name__} has {value.size} bytes there, "
                                  f"{ctypes.sizeof(struct)} here")
    except AttributeError as missing:
        raise ImportError(f"{path} is another version: {missing}") from None
    return lib


def make(struct, names=None, **values):
    """A struct with the library's defaults and the given fields; None leaves the default. `names` is what messages call a
    field, where that is not its own name."""
    result = struct()
    getattr(library(), struct.initializer)(byref(result))
    kinds = dict(struct._fields_)
    for field, value in values.items():
        if value is not None:
            setattr(result, field, _converted((names or {}).get(field, field), kinds[field], value))
    return result


def _converted(name, kind, value):
    """A value for a field of C, checked: ctypes itself would wrap integers and cut texts. (Parameters of functions are
    addresses, lengths and what was checked before.)"""
    if kind in _INTEGERS:
        return _arguments.integer(name, value, *_INTEGERS[kind])
    if kind is c_double:
        return _arguments.number(name, value)
    if kind is c_char_p and isinstance(value, bytes):
        return _arguments.c_text(name, value)
    return value


def text_or_none(value):
    """An option's text for a `const char *` field."""
    return None if value is None else str(value).encode("utf-8", "surrogateescape")


_raised = threading.local()  # by this thread's log callbacks, since the last call


def raise_later(exception):
    """Keeps the first exception of a callback that has no result to stop by; `check` raises it after the call."""
    if getattr(_raised, "exception", None) is None:
        _raised.exception = exception


def path_list(paths):
    """Paths for a `const char *const *` field, with a NULL at the end."""
    return (c_char_p * (len(paths) + 1))(*map(os.fsencode, paths), None)


def check(status, error):
    """Raises what a log callback raised, or the exception that a status and its error stand for."""
    exception, _raised.exception = getattr(_raised, "exception", None), None
    if exception is not None:
        raise exception
    if status != errors.STATUS_OK:
        raise errors.from_status(status, error.message.decode("utf-8", "replace"))


def call(name, *arguments):
    """Calls a function whose last argument is the error, and raises if it fails."""
    error = Error()
    check(getattr(library(), name)(*arguments, byref(error)), error)


def create(name, *arguments):
    """Calls a function that gives a handle through its last pointer but one; the result is its address."""
    handle = c_void_p()
    try:
        call(name, *arguments, byref(handle))
    except BaseException:
        if handle.value:  # made, and then a logging handler raised
            getattr(library(), name[:name.rindex("_")] + "_free")(handle)
        raise
    return handle.value


def default_model():
    """The directory of the model that comes with the library."""
    path = ctypes.create_string_buffer(4096)
    call("sbertja_default_model", path, len(path))
    return os.fsdecode(path.value)


def describe_directory(directory):
    """What a model directory's files say of its architecture, modules and longest input, as a dict. The library reads
    them, so that they are held to the same rules as on loading."""
    size = c_size_t()
    path = _arguments.path("directory", directory)
    call("sbertja_directory_describe", path, None, 0, byref(size))
    text = ctypes.create_string_buffer(size.value)
    call("sbertja_directory_describe", path, text, len(text), None)
    return json.loads(text.value)


def floats(array):
    """The data of a float32 array for a `float *` parameter; the caller keeps the array."""
    return array.ctypes.data_as(POINTER(c_float))


def text_arrays(encoded):
    """Encoded texts as `texts` and `lengths`, so that a NUL inside a text is part of it."""
    count = len(encoded)
    return (c_char_p * count)(*encoded), (c_size_t * count)(*map(len, encoded))
