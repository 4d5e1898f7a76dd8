"""SentenceTransformer.fit: from Python's objects to the library's objectives and options, and back to callbacks."""
import os
import shutil
import tempfile
from ctypes import byref, c_void_p

from . import _arguments, _callbacks, _handles, _native, errors, loaders, losses
from ._progress import Bar, duration, logger
from .evaluation.base import score_of

# Arguments of torch's AdamW with the values that change nothing here.
_ADAMW_DEFAULTS = {"amsgrad": (False,), "maximize": (False,), "foreach": (None, False), "capturable": (False,),
                   "differentiable": (False,), "fused": (None, False)}

# What messages call fields of FitOptions.
FIELD_NAMES = {"checkpoint_steps": "checkpoint_save_steps", "learning_rate": "optimizer_params: lr",
               "epsilon": "optimizer_params: eps", "beta1": "optimizer_params: betas[0]",
               "beta2": "optimizer_params: betas[1]"}


def refuse_unused(optimizer_class, checkpoint_save_total_limit):
    """Names what a script asks for and does not get."""
    if optimizer_class is not None and getattr(optimizer_class, "__name__", None) != "AdamW":
        name = getattr(optimizer_class, "__name__", str(optimizer_class))
        raise errors.UnsupportedError(f"fit: optimizer_class={name} is not supported: the optimizer is AdamW")
    if _arguments.integer("fit: checkpoint_save_total_limit", checkpoint_save_total_limit) > 1:
        raise errors.UnsupportedError(f"fit: checkpoint_save_total_limit={checkpoint_save_total_limit} is not supported: "
                                      "there is one checkpoint, the latest")


def require(**arguments):
    """None is not a value of these."""
    for name, value in arguments.items():
        if value is None:
            raise TypeError(f"fit: {name} is None")


def flags(**arguments):
    """Fields of C that are 0 or 1."""
    return {name: int(_arguments.flag(f"fit: {name}", value)) for name, value in arguments.items()}


def resume_mode(value):
    """Of C's sbertja_resume; True is the exact one."""
    if isinstance(value, str):
        if value != "any":
            raise errors.ArgumentError(f"fit: resume: {value!r}, expected True, False or 'any'")
        return 2
    return int(_arguments.flag("fit: resume", value))


def whole(name, value):
    """An integer, or a float that is one: shares of a number of steps often are."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _arguments.integer(f"fit: {name}", value)


def optimizer_options(params, preset):
    """Fields of FitOptions from optimizer_params; `correct_bias` False means the preset "st-0.4.1"."""
    params = {} if params is None else _arguments.mapping("fit: optimizer_params", params, "AdamW's arguments")
    known = {name: params.pop(name, None) for name in ("lr", "eps", "betas", "correct_bias")}
    for name, value in params.items():
        if name == "weight_decay":
            raise errors.ArgumentError("fit: optimizer_params: weight_decay: it is an argument of fit itself")
        if name not in _ADAMW_DEFAULTS:
            raise errors.UnsupportedError(f"fit: optimizer_params: {name} is not supported: AdamW has lr, eps, betas and "
                                          "correct_bias")
        _arguments.unused("fit: optimizer_params", "AdamW is the library's own", **{name: (value, *_ADAMW_DEFAULTS[name])})
    if known["correct_bias"] is not None:
        named = "torch" if _arguments.flag("fit: optimizer_params: correct_bias", known["correct_bias"]) else "st-0.4.1"
        if preset not in (None, named):
            raise errors.ArgumentError(f"fit: preset {preset!r} and correct_bias={known['correct_bias']} contradict each "
                                       "other")
        preset = named
    betas = (None, None) if known["betas"] is None else tuple(known["betas"])
    if len(betas) != 2:
        raise errors.ArgumentError(f"fit: optimizer_params: betas: {len(betas)} numbers, expected 2")
    return {"preset": _native.text_or_none(preset), "learning_rate": known["lr"], "beta1": betas[0], "beta2": betas[1],
            "epsilon": known["eps"]}


def fit(model, train_objectives, options, evaluator, callback, output_path, show_progress_bar):
    """Trains, and puts the result in the model's place, also after an interrupt or an exception in a callback."""
    for name, function in (("evaluator", evaluator), ("callback", callback)):
        if function is not None and not callable(function):
            raise TypeError(f"fit: {name}: {_arguments.describe(function)} cannot be called")
    keep = []
    handles, objectives = _objectives(model, train_objectives, keep)
    trained, error = c_void_p(), _native.Error()
    native = model._native  # which another thread may replace meanwhile
    with native.in_use(), Bar("fit", show_progress_bar) as bar, \
            _evaluation_folder(None if evaluator is None else output_path) as folder, _callbacks.Guard() as guard:
        options.progress = guard.wrap(_native.FitProgress, lambda _user, progress: _show(bar, progress.contents))
        options.stop = guard.wrap(_native.FitStop, lambda _user: 0)  # an interrupt is raised inside it
        if evaluator is not None:
            options.evaluate = guard.wrap(_native.FitEvaluate, _evaluation(model, evaluator, callback, folder))
        status = _native.library().sbertja_fit(native.address, objectives, len(objectives), byref(options),
                                               byref(trained), byref(error))
        if trained.value:
            model._adopt(trained.value)
    for handle in handles:
        handle.close()
    _native.check(status, error)


def _objectives(model, train_objectives, keep):
    """The datasets' handles and the array of objectives; what these point to is added to the list `keep`."""
    train_objectives = _arguments.items("fit: train_objectives", train_objectives, "pairs of a DataLoader and a loss")
    if not train_objectives:
        raise errors.ArgumentError("fit: train_objectives is empty: give pairs of a DataLoader and a loss")
    handles, objectives = [], (_native.Objective * len(train_objectives))()
    for index, objective in enumerate(train_objectives):
        if not isinstance(objective, (tuple, list)) or len(objective) != 2:
            raise TypeError(f"fit: objective {index}: {_arguments.describe(objective)}, expected a pair of a DataLoader and a "
                            "loss")
        loader, loss = objective
        if not isinstance(loss, losses.Loss):
            raise errors.UnsupportedError(f"fit: objective {index}: the loss {type(loss).__name__}")
        if loss.model is not model:
            raise errors.ArgumentError(f"fit: objective {index}: its loss was made for another model")
        settings = loaders.settings(f"fit: objective {index}", loader)
        if settings["samples_per_label"] and not isinstance(loss, (losses.BatchAllTripletLoss, losses.TripletLoss)):
            raise errors.UnsupportedError(f"fit: objective {index}: a SentenceLabelDataset goes with BatchAllTripletLoss or "
                                          f"TripletLoss, not with {type(loss).__name__}")
        handle, count = _dataset(loader.dataset, loss)
        handles.append(handle)
        loss.check_count(count)
        objectives[index] = _native.make(_native.Objective, dataset=handle.address, loss=loss.kind, **settings,
                                         **loss.options(keep))
    return handles, objectives


def _dataset(dataset, loss):
    """The examples as the library's dataset, and their number."""
    handle = _handles.Handle(_native.create("sbertja_dataset_create"), _native.library().sbertja_dataset_free)
    count = 0
    for index, example in enumerate(loaders.examples(dataset)):
        try:
            texts, label = example.texts, example.label
        except AttributeError:
            raise TypeError(f"fit: example {index} is {_arguments.describe(example)}, not an InputExample") from None
        if not (isinstance(texts, (list, tuple)) and texts):
            texts = _texts(texts, index)
        loss.check_texts(texts, index)
        encoded = [_handles.encode_text(text, "text {} of example {}", number, index)
                   for number, text in enumerate(texts)]
        _native.call("sbertja_dataset_add", handle.address, *_native.text_arrays(encoded), len(encoded),
                     loss.check_label(label, index))
        count += 1
    return handle, count


def _texts(texts, index):
    """What is not a list or tuple as a list of texts."""
    name = f"fit: example {index}: texts must be a list of str"
    if hasattr(texts, "__next__"):  # it could be read once only
        raise TypeError(f"{name}, not {_arguments.describe(texts)}")
    found = _arguments.items(name, texts, "texts")
    if not found:
        raise TypeError(f"{name}, not {texts!r}")
    return found


def _show(bar, progress):
    bar.update(progress.step, progress.steps, lambda: (
        f"epoch {progress.epoch + 1}/{progress.epochs}  loss {progress.loss:.4f}  active {progress.active:.0%}  "
        f"{progress.sentences_per_second:.0f} sentences/s  {duration(progress.seconds_left)} left"))


def _evaluation(model, evaluator, callback, folder):
    """The callback that scores the model as it stands during training."""

    def evaluate(_user, address, epoch, steps, score):
        steps = -1 if steps == _native.SIZE_MAX else steps
        with model._showing(address):
            score[0] = value = score_of(evaluator, evaluator(model, output_path=folder.path, epoch=epoch, steps=steps))
            if callback is not None:
                callback(value, epoch, steps)

    return evaluate


class _evaluation_folder:
    """Where evaluators write while the library replaces the directory at output_path as a whole each time it saves: a
    temporary folder, which becomes output_path/eval at the end."""

    def __init__(self, output_path):
        self._target = output_path
        self.path = None

    def __enter__(self):
        if self._target is not None:
            self.path = tempfile.mkdtemp(prefix="sbertja-")
        return self

    def __exit__(self, *exception):
        if self.path is None:
            return
        try:
            if os.path.isdir(self._target) and os.listdir(self.path):
                shutil.copytree(self.path, os.path.join(self._target, "eval"), dirs_exist_ok=True)
        except OSError as fault:  # a full disk: no reason to lose what was trained, nor what was measured
            logger.warning("fit: the evaluations could not be copied to %s and are in %s: %s", self._target, self.path,
                           fault)
        else:
            shutil.rmtree(self.path)
