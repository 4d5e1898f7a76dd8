"""What fit asks of a loader and its dataset: the settings that it honours, and the examples.

A loader says how batches are to be made, but the library makes them. So whatever a loader of this package, of torch or of
a user's own would do otherwise is refused by name.
"""
from . import _arguments, datasets, errors

_ADVICE = "fit makes the batches itself, from dataset, batch_size and shuffle of a sbertja.DataLoader"

# Attributes of torch's DataLoader with the values that fit honours.
_TORCH = {"drop_last": (False,), "num_workers": (0,), "pin_memory": (False,), "timeout": (0,), "worker_init_fn": (None,),
          "multiprocessing_context": (None,), "generator": (None,), "prefetch_factor": (None,),
          "persistent_workers": (False,), "pin_memory_device": ("", None), "in_order": (True,)}


def settings(place, loader):
    """Fields of the library's objective."""
    if isinstance(loader, datasets.DataLoader):
        shuffle = _own_shuffle(place, loader)
    elif _is_torch(type(loader)):
        shuffle = _torch_shuffle(place, loader)
    else:
        raise TypeError(f"{place}: {_arguments.describe(loader)}, expected a DataLoader: {_ADVICE}")
    dataset = loader.dataset
    return {"batch_size": _arguments.integer(f"{place}: batch_size", loader.batch_size, 1),
            "samples_per_label": dataset.samples_per_label if isinstance(dataset, datasets.SentenceLabelDataset) else 0,
            "keep_order": int(not shuffle), "no_duplicates": int(getattr(loader, "no_duplicates", False)),
            "batch_tokens": getattr(loader, "batch_tokens", 0)}


def _own_shuffle(place, loader):
    kind = type(loader)
    if kind.__iter__ not in (datasets.DataLoader.__iter__, datasets.NoDuplicatesDataLoader.__iter__):
        raise errors.UnsupportedError(f"{place}: {kind.__name__}.__iter__ is not supported: {_ADVICE}")
    _arguments.unused(place, "the last batch of a pass may be smaller", drop_last=(loader.drop_last, False))
    return loader.shuffle


def _is_torch(kind):
    """torch's DataLoader, or a subclass that leaves the making of batches to it."""
    maker = next((each for each in kind.__mro__ if "__iter__" in vars(each)), kind)
    return maker.__module__.startswith("torch.utils.data")


def _torch_shuffle(place, loader):
    _arguments.unused(place, _ADVICE, **{name: (getattr(loader, name, values[0]), *values)
                                         for name, values in _TORCH.items()})
    collate, batches, sampler = (getattr(loader, name, None) for name in ("collate_fn", "batch_sampler", "sampler"))
    if collate is not None and not getattr(collate, "__module__", "").startswith("torch."):
        raise errors.UnsupportedError(f"{place}: collate_fn is not supported: {_ADVICE}")
    if batches is not None and _name(batches) != "BatchSampler":
        raise errors.UnsupportedError(f"{place}: batch_sampler={_name(batches)} is not supported: {_ADVICE}")
    name = _name(sampler)
    if sampler is not None and name not in ("SequentialSampler", "RandomSampler"):
        raise errors.UnsupportedError(f"{place}: sampler={name} is not supported: {_ADVICE}")
    if hasattr(sampler, "__len__") and len(sampler) != len(loader.dataset):
        raise errors.UnsupportedError(f"{place}: sampler={name} of {len(sampler)} of {len(loader.dataset)} examples is not "
                                      f"supported: {_ADVICE}")
    if name != "RandomSampler":
        return False
    _arguments.unused(f"{place}: RandomSampler", _ADVICE, replacement=(getattr(sampler, "replacement", False), False),
                      num_samples=(getattr(sampler, "_num_samples", None), None),
                      generator=(getattr(sampler, "generator", None), None))
    return True


def _name(sampler):
    """The name of a sampler's class; another's class of the same name has its module before it."""
    kind = type(sampler)
    return kind.__name__ if kind.__module__.startswith("torch.utils.data") else f"{kind.__module__}.{kind.__name__}"


def examples(dataset):
    """The examples one after another; an exception of the dataset's own passes, with a note of the index."""
    if isinstance(dataset, datasets.SentenceLabelDataset):
        for name in ("__iter__", "__len__"):
            if getattr(type(dataset), name) is not getattr(datasets.SentenceLabelDataset, name):
                raise errors.UnsupportedError(f"fit: {type(dataset).__name__}.{name} is not supported: fit makes the groups "
                                              "of a SentenceLabelDataset itself, from its examples")
        return iter(dataset.examples)
    if isinstance(dataset, (list, tuple)):
        return iter(dataset)
    kind = type(dataset)
    if any(each.__name__ == "IterableDataset" for each in kind.__mro__) or not hasattr(kind, "__len__"):
        raise TypeError(f"fit: dataset: {_arguments.describe(dataset)}, expected a list of InputExample or a dataset with "
                        "__len__ and __getitem__: fit reads it before the first step; pass list(dataset)")
    return _indexed(dataset) if hasattr(kind, "__getitem__") else _counted(dataset)


def _indexed(dataset):
    """By index up to the length: a computed __getitem__ may never raise IndexError, or raise it too early."""
    for index in range(len(dataset)):
        try:
            yield dataset[index]
        except Exception as exception:
            _note(exception, f"fit: raised by example {index} of {len(dataset)} of {type(dataset).__name__}")
            raise


def _counted(dataset):
    """By iteration, where there is no other way; it must give what the length says."""
    expected, count = len(dataset), 0
    for count, example in enumerate(dataset, 1):
        if count > expected:
            break
        yield example
    if count != expected:
        raise errors.ArgumentError(f"fit: {type(dataset).__name__} has the length {expected}, but gives "
                                   f"{'more' if count > expected else count} examples")


def _note(exception, text):
    """As BaseException.add_note of Python 3.11."""
    if hasattr(exception, "add_note"):
        exception.add_note(text)
    else:
        exception.__notes__ = [*getattr(exception, "__notes__", []), text]
