"""Finding things on disk before the library is asked: a model by its name, packages of dictionaries.

The library itself never reads the environment and knows no Python packages; both are this file's business.
"""
import importlib.util
import os
import re

from . import _arguments, _native, errors

_REVISION = re.compile(r"[\w][\w.-]*(/[\w.-]+)*")
_LONGEST_COMMIT = 200
_REPOSITORY = re.compile(r"[\w][\w.-]*(/[\w.-]+)?")


def find_model(name=None, cache_folder=None, revision=None):
    """A directory as it is, also one that is called "default"; None or "default": the model that comes with the library;
    else a repository's name in the local Hugging Face cache."""
    if name is None:
        _arguments.unused("the default model", "it has none", revision=(revision, None))
        return _native.default_model()
    try:
        name = os.fsdecode(name)
    except TypeError:
        raise TypeError(f"{_arguments.describe(name)}, expected a model's directory or name") from None
    _arguments.optional_path("cache_folder", cache_folder)
    if os.path.isdir(name) or name == "default":
        _arguments.unused(name, "it is a directory, not a name in the Hugging Face cache", revision=(revision, None))
        return name if os.path.isdir(name) else _native.default_model()
    if _REPOSITORY.fullmatch(name) and not os.path.exists(name):
        folders = _cache_folders(cache_folder)
        for repository in [name] if "/" in name else [name, "sentence-transformers/" + name]:
            for folder in folders:
                snapshot = _snapshot(folder, repository, "main" if revision is None else revision)
                if snapshot:
                    return snapshot
        if "/" in name:
            raise errors.NotFoundError(
                f"{name}: no such directory, and no such model in the Hugging Face cache ({', '.join(folders)}): fetch "
                f"it with `pip install huggingface_hub` and `hf download {name}`, or give the path of a directory with "
                "its config.json, vocab.txt, tokenizer_config.json and model.safetensors or pytorch_model.bin")
    raise errors.NotFoundError(f"{name}: {'not a' if os.path.exists(name) else 'no such'} directory")


def _cache_folders(cache_folder):
    environment = os.environ.get
    home = environment("HF_HOME") or os.path.join(
        environment("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "huggingface")
    hub = environment("HF_HUB_CACHE") or environment("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return [folder for folder in (cache_folder, environment("SENTENCE_TRANSFORMERS_HOME"), hub) if folder]


def _snapshot(folder, repository, revision):
    root = os.path.join(folder, "models--" + repository.replace("/", "--"))
    path = os.path.join(root, "snapshots", _commit(os.path.join(root, "refs"), revision))
    return path if os.path.isdir(path) else None


def _commit(folder, revision):
    """The commit that a name stands for, from a small file of the cache; else it may be a commit itself."""
    if not _REVISION.fullmatch(_arguments.text("revision", revision)) or ".." in revision.split("/"):
        raise errors.ArgumentError(f"revision {revision!r}: expected a name or a commit")
    path = os.path.join(folder, revision)
    try:
        if not os.path.isfile(path):  # a FIFO would make `open` wait
            return revision
        with open(path, encoding="ascii") as file:
            commit = file.read(_LONGEST_COMMIT).strip()
    except (OSError, ValueError):
        return revision
    return commit if re.fullmatch(r"[0-9A-Za-z]+", commit) else revision


def dictionary_places():
    """The folders of the installed Python packages that bring a MeCab dictionary, for the library to search. A folder of
    such a name that is not a package, in the current directory say, does not count."""
    specs = (importlib.util.find_spec(name) for name in ("ipadic", "unidic_lite", "unidic"))
    return list(dict.fromkeys(os.path.dirname(os.path.dirname(spec.origin)) for spec in specs if spec and spec.origin))
