"""The modules a SentenceTransformer is put together from, as in sentence_transformers.models.

These only describe: no weights are read before SentenceTransformer(modules=[...]) loads the model as one piece.
"""
import weakref

import numpy as np

from . import _arguments, _files, _native, errors
from ._settings import Guarded, Setting

_FIXED = "make a new module, and from it a new SentenceTransformer(modules=[...])"


class Transformer(Guarded):
    """The BERT of a directory, of a name in the Hugging Face cache, or of the model "default".

    `model_args`, `tokenizer_args`, `config_args`, `do_lower_case`, `tokenizer_name_or_path` and `backend` take their
    defaults only: the files of the directory decide.
    """

    directory = Setting(fixed=_FIXED)
    dictionary = Setting(fixed=_FIXED)

    def __init__(self, model_name_or_path, max_seq_length=None, model_args=None, cache_dir=None, tokenizer_args=None,
                 do_lower_case=False, tokenizer_name_or_path=None, *, config_args=None, backend="torch",
                 dictionary=None):
        _arguments.unused("Transformer", "the files of the model's directory decide",
                          model_args=(model_args, None, {}), tokenizer_args=(tokenizer_args, None, {}),
                          config_args=(config_args, None, {}), do_lower_case=(do_lower_case, False),
                          tokenizer_name_or_path=(tokenizer_name_or_path, None, model_name_or_path))
        _arguments.unused("Transformer", "the library computes", backend=(backend, "torch"))
        self._owners = []  # weak references to the models that it is part of
        self._max_seq_length = _length(max_seq_length)
        self.directory = _files.find_model(model_name_or_path, cache_dir)
        self.dictionary = dictionary

    @classmethod
    def of_model(cls, native_model, directory):
        """The transformer of a loaded model; `directory` is None once the model was trained."""
        transformer = cls.__new__(cls)
        transformer._owners = []
        transformer.directory = directory
        transformer.dictionary = None
        transformer._max_seq_length = native_model.max_tokens
        return transformer

    def require_directory(self):
        """The directory that weights are to be read from."""
        if self.directory is None:
            raise errors.ArgumentError("this Transformer belongs to a trained model: save that model first, and make "
                                       "the Transformer from its directory")
        return self.directory

    def _describe(self):
        return _native.describe_directory(self.require_directory())

    def belongs_to(self, model):
        """What is set from now on is set in this SentenceTransformer too."""
        self._owners = [*(owner for owner in self._owners if owner() is not None), weakref.ref(model)]

    def _models(self):
        return [model for model in (owner() for owner in self._owners) if model is not None]

    @property
    def max_seq_length(self):
        """The longest input in tokens; where none was given, what the directory says. Setting it loads the models that
        this module is part of again."""
        for model in self._models():
            return model.max_seq_length
        return self._max_seq_length or self._describe()["max_tokens"]

    @max_seq_length.setter
    def max_seq_length(self, value):
        value = _length(value)
        for model in self._models():
            model.max_seq_length = value
        self._max_seq_length = value

    def __getstate__(self):
        return {**self.__dict__, "_owners": [], "_max_seq_length": self._max_seq_length}

    def get_word_embedding_dimension(self):
        return self._describe()["transformer"]["hidden"]

    get_embedding_dimension = get_word_embedding_dimension

    def get_config_dict(self):
        return {"max_seq_length": self.max_seq_length, "do_lower_case": False}

    def __repr__(self):
        return f"Transformer({self.directory!r}, max_seq_length={self.max_seq_length})"


class Pooling(Guarded):
    """One vector from a sentence's token vectors. Several modes stand side by side: those set by the old flags in the
    order of the flags, those of a list in the list's own order."""

    word_embedding_dimension = Setting(_arguments.integer, fixed=_FIXED)
    modes = Setting(lambda place, modes: tuple(modes), fixed=_FIXED)
    include_prompt = Setting(_arguments.flag, fixed=_FIXED)

    MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")

    def __init__(self, word_embedding_dimension, pooling_mode=None, pooling_mode_cls_token=False,
                 pooling_mode_max_tokens=False, pooling_mode_mean_tokens=None, pooling_mode_mean_sqrt_len_tokens=False,
                 pooling_mode_weightedmean_tokens=False, pooling_mode_lasttoken=False, include_prompt=True):
        self.include_prompt = include_prompt
        self.word_embedding_dimension = word_embedding_dimension
        if pooling_mode is None:
            if pooling_mode_mean_tokens is None:
                pooling_mode_mean_tokens = True
            flags = (pooling_mode_cls_token, pooling_mode_max_tokens, pooling_mode_mean_tokens,
                     pooling_mode_mean_sqrt_len_tokens, pooling_mode_weightedmean_tokens, pooling_mode_lasttoken)
            flags = [_arguments.flag(f"Pooling: pooling_mode_{mode}", flag) for mode, flag in zip(self.MODES, flags)]
            self.modes = [mode for mode, flag in zip(self.MODES, flags) if flag]
        else:
            self.modes = pooling_mode.split("+") if isinstance(pooling_mode, str) else \
                _arguments.texts("Pooling: pooling_mode", pooling_mode)
        unknown = [mode for mode in self.modes if mode not in self.MODES]
        if unknown or not self.modes:
            raise errors.ArgumentError(f"Pooling: pooling_mode {unknown or 'is empty'}: give one or several of "
                                       f"{', '.join(self.MODES)}")

    @property
    def pooling_output_dimension(self):
        return self.word_embedding_dimension * len(self.modes)

    def get_pooling_mode_str(self):
        return "+".join(self.modes)

    def get_sentence_embedding_dimension(self):
        return self.pooling_output_dimension

    get_embedding_dimension = get_sentence_embedding_dimension

    def _native(self, _in_features):
        return _native.make(_native.Module, kind=_native.POOLING, pooling=self.get_pooling_mode_str().encode("ascii"),
                            exclude_prompt=int(not self.include_prompt))

    def __repr__(self):
        prompt = "" if self.include_prompt else ", include_prompt=False"
        return f"Pooling({self.word_embedding_dimension}, {self.get_pooling_mode_str()!r}{prompt})"


class Dense(Guarded):
    """A linear layer with an activation: its name, or a torch.nn object or class of that name. Without weights it
    starts random, from the `seed` of SentenceTransformer."""

    in_features = Setting(lambda place, value: _arguments.integer(place, value, 1), fixed=_FIXED)
    out_features = Setting(lambda place, value: _arguments.integer(place, value, 1), fixed=_FIXED)
    bias = Setting(_arguments.flag, fixed=_FIXED)
    activation = Setting(fixed=_FIXED)
    weight = Setting(fixed=_FIXED)
    bias_values = Setting(fixed=_FIXED)

    ACTIVATIONS = ("identity", "tanh", "relu", "gelu", "sigmoid")

    def __init__(self, in_features, out_features, bias=True, activation_function="tanh", init_weight=None,
                 init_bias=None):
        self.in_features, self.out_features, self.bias = in_features, out_features, bias
        if activation_function is None:
            activation_function = "identity"
        if not isinstance(activation_function, str):
            kind = activation_function if isinstance(activation_function, type) else type(activation_function)
            activation_function = kind.__name__
        self.activation = activation_function.rpartition(".")[2].lower()
        if self.activation not in self.ACTIVATIONS:
            raise errors.ArgumentError(f"Dense: activation_function {activation_function!r}: give one of "
                                       f"{', '.join(self.ACTIVATIONS)}")
        self.weight = _shaped("init_weight", init_weight, (out_features, in_features))
        self.bias_values = _shaped("init_bias", init_bias, (out_features,))

    def get_sentence_embedding_dimension(self):
        return self.out_features

    get_embedding_dimension = get_sentence_embedding_dimension

    def _native(self, in_features):
        if self.in_features != in_features:
            raise errors.ArgumentError(f"Dense: in_features is {self.in_features}, but the module before it gives "
                                       f"{in_features}")
        module = _native.make(_native.Module, kind=_native.DENSE, out_features=self.out_features,
                              activation=self.activation.encode("ascii"), no_bias=int(not self.bias))
        if self.weight is not None:
            module.weight = _native.floats(self.weight)
        if self.bias_values is not None:
            module.bias = _native.floats(self.bias_values)
        return module

    def __repr__(self):
        return (f"Dense({self.in_features}, {self.out_features}, bias={self.bias}, "
                f"activation_function={self.activation!r})")


class Normalize(Guarded):
    """Sentence vectors of length 1."""

    def _native(self, _in_features):
        return _native.make(_native.Module, kind=_native.NORMALIZE)

    def __repr__(self):
        return "Normalize()"


def describe_modules(native_model, directory):
    """The modules of a loaded model, Dense with its weights, so that they can be put together anew."""
    description = native_model.describe()
    weights = {name: values for name, values in native_model.parameters(only=".linear.")}
    prefixes = [name[:-len("weight")] for name in weights if name.endswith(".linear.weight")]
    modules = [Transformer.of_model(native_model, directory)]
    width = native_model.token_dimension
    for entry in description["modules"]:
        if entry["module"] == "Pooling":
            modules.append(Pooling(width, entry["modes"], include_prompt=entry["include_prompt"]))
        elif entry["module"] == "Dense":
            prefix = prefixes.pop(0)
            bias = weights.get(prefix + "bias")
            modules.append(Dense(entry["in"], entry["out"], entry["bias"], entry["activation"],
                                 weights[prefix + "weight"], None if bias is None else bias[0]))
        else:
            modules.append(Normalize())
    return modules


def native_modules(transformer, rest):
    """What stands after the transformer as an array for sbertja_load_options; widths that do not fit are an error."""
    if not rest or not isinstance(rest[0], Pooling):
        raise errors.ArgumentError("a SentenceTransformer is made of a Transformer, a Pooling, and then Dense or "
                                   f"Normalize, not of {[type(module).__name__ for module in [transformer, *rest]]}")
    width = transformer.get_word_embedding_dimension()
    if rest[0].word_embedding_dimension != width:
        raise errors.ArgumentError(f"Pooling: word_embedding_dimension is {rest[0].word_embedding_dimension}, but the "
                                   f"transformer's is {width}")
    array = (_native.Module * len(rest))()
    for index, module in enumerate(rest):
        if not isinstance(module, (Pooling, Dense, Normalize)):
            raise errors.UnsupportedError(f"module {index + 1}: {type(module).__name__}")
        array[index] = module._native(width)
        if not isinstance(module, Normalize):
            width = module.get_sentence_embedding_dimension()
    return array


def _length(value):
    """A longest input as the library takes it; None: what the directory says."""
    return None if value is None else _arguments.integer("Transformer: max_seq_length", value, 3)


def _shaped(name, values, shape):
    """A copy that cannot be changed: nothing would look at it again once the model is made."""
    if values is None:
        return None
    values = np.array(_arguments.vectors(f"Dense: {name}", values), np.float32)
    if values.shape != shape:
        raise errors.ArgumentError(f"Dense: {name} has shape {values.shape}, expected {shape}")
    values.flags.writeable = False
    return values
