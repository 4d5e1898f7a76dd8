"""SentenceTransformer.fit: from Python's objects to the library's objectives and options, and back to callbacks."""
import os
import shutil
import tempfile
import warnings
from ctypes import byref, c_void_p

from . import _callbacks, _handles, _native, errors, losses
from ._progress import Bar, duration
from .evaluation.base import score_of

_OPTIMIZER_KEYS = {"lr", "eps", "betas", "correct_bias"}


def warn_unused(optimizer_class, checkpoint_save_total_limit):
    """Names what a script asks for and does not get."""
    if optimizer_class is not None:
        name = getattr(optimizer_class, "__name__", str(optimizer_class))
        if "adamw" not in name.lower():
            warnings.warn(f"fit: optimizer_class {name} is ignored: the optimizer is AdamW", stacklevel=3)
    if checkpoint_save_total_limit > 1:
        warnings.warn("fit: checkpoint_save_total_limit is ignored: there is one checkpoint, the latest", stacklevel=3)


def optimizer_options(params, preset):
    """Fields of FitOptions from optimizer_params; `correct_bias` False means the preset "st-0.4.1"."""
    params = dict(params or {})
    unknown = set(params) - _OPTIMIZER_KEYS
    if unknown:
        warnings.warn(f"fit: optimizer_params {', '.join(sorted(unknown))} are ignored", stacklevel=3)
    if preset is None and not params.get("correct_bias", True):
        preset = "st-0.4.1"
    beta1, beta2 = params.get("betas", (None, None))
    return {"preset": _native.text_or_none(preset), "learning_rate": params.get("lr"), "beta1": beta1, "beta2": beta2,
            "epsilon": params.get("eps")}


def fit(model, train_objectives, options, evaluator, callback, output_path, show_progress_bar):
    """Trains, and puts the result in the model's place, also after an interrupt or an exception in a callback."""
    handles, objectives = _objectives(model, train_objectives)
    trained, error = c_void_p(), _native.Error()
    with Bar("fit", show_progress_bar) as bar, _evaluation_folder(output_path if evaluator else None) as folder, \
            _callbacks.Guard() as guard:
        options.progress = guard.wrap(_native.FitProgress, lambda _user, progress: _show(bar, progress.contents))
        if evaluator is not None:
            options.evaluate = guard.wrap(_native.FitEvaluate, _evaluation(model, evaluator, callback, folder))
        status = _native.library().sbertja_fit(model._native.address, objectives, len(objectives), byref(options),
                                               byref(trained), byref(error))
        if trained.value:
            model._adopt(trained.value)
    for handle in handles:
        handle.close()
    _native.check(status, error)


def _objectives(model, train_objectives):
    """The datasets' handles and the array of objectives."""
    train_objectives = list(train_objectives)
    if not train_objectives:
        raise errors.ArgumentError("fit: train_objectives is empty: give pairs of a DataLoader and a loss")
    handles, objectives = [], (_native.Objective * len(train_objectives))()
    for index, (loader, loss) in enumerate(train_objectives):
        if not isinstance(loss, losses.Loss):
            raise errors.UnsupportedError(f"fit: objective {index}: the loss {type(loss).__name__}")
        if loss.model is not model:
            raise errors.ArgumentError(f"fit: objective {index}: its loss was made for another model")
        handle = _dataset(loader.dataset, loss)
        handles.append(handle)
        loss.check_count(len(getattr(loader.dataset, "examples", loader.dataset)))
        objectives[index] = _native.make(
            _native.Objective, dataset=handle.address, loss=loss.kind, batch_size=loader.batch_size,
            samples_per_label=getattr(loader.dataset, "samples_per_label", 0), keep_order=int(not _shuffles(loader)),
            no_duplicates=int(getattr(loader, "no_duplicates", False)),
            batch_tokens=getattr(loader, "batch_tokens", 0), **loss.options())
    return handles, objectives


def _shuffles(loader):
    """Ours says so; torch's DataLoader, which will do as well, has a sampler of that name."""
    if hasattr(loader, "shuffle"):
        return bool(loader.shuffle)
    return type(getattr(loader, "sampler", None)).__name__ == "RandomSampler"


def _dataset(dataset, loss):
    """The examples as the library's dataset."""
    handle = _handles.Handle(_native.create("sbertja_dataset_create"), _native.library().sbertja_dataset_free)
    examples = getattr(dataset, "examples", dataset)
    for index, example in enumerate(examples):
        texts = example.texts
        if isinstance(texts, str) or not texts:
            raise TypeError(f"fit: example {index}: texts must be a list of str, not {texts!r}")
        loss.check_texts(texts, index)
        encoded = [_handles.encode_text(text, f"text {number} of example {index}")
                   for number, text in enumerate(texts)]
        _native.call("sbertja_dataset_add", handle.address, *_native.text_arrays(encoded), len(encoded),
                     loss.check_label(example.label, index))
    return handle


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
        if os.path.isdir(self._target) and os.listdir(self.path):
            shutil.copytree(self.path, os.path.join(self._target, "eval"), dirs_exist_ok=True)
        shutil.rmtree(self.path)
