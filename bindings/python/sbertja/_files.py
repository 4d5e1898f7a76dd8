"""Finding things on disk before the library is asked: a model by its name, its transformer's folder, packages of dictionaries.

The library itself never reads the environment and knows no Python packages; both are this file's business.
"""
import importlib.util
import json
import os
import re

from . import _arguments, _native, errors

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
    if os.path.isdir(name) or name == "default":
        _arguments.unused(name, "it is a directory, not a name in the Hugging Face cache", revision=(revision, None))
        return name if os.path.isdir(name) else _native.default_model()
    if _REPOSITORY.fullmatch(name) and not os.path.exists(name):
        folders = _cache_folders(cache_folder)
        for repository in [name] if "/" in name else [name, "sentence-transformers/" + name]:
            for folder in folders:
                snapshot = _snapshot(folder, repository, revision or "main")
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
    try:
        with open(os.path.join(root, "refs", revision), encoding="ascii") as file:
            revision = file.read().strip()
    except (OSError, ValueError):
        pass  # then the revision may be a commit itself
    path = os.path.join(root, "snapshots", revision)
    return path if os.path.isdir(path) else None


def read_json(*path):
    """A JSON file's value, or None where there is no such file."""
    path = os.path.join(*path)
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as fault:
        raise errors.FormatError(f"{path}: not JSON: {fault}") from None


def transformer_folder(directory):
    """Where a model directory has config.json and the tokenizer's files: itself, or 0_Transformer in the old layout."""
    for module in read_json(directory, "modules.json") or []:
        if module.get("type", "").endswith("Transformer"):
            return os.path.join(directory, module.get("path", ""))
    return directory


def dictionary_places():
    """The folders of the installed Python packages that bring a MeCab dictionary, for the library to search. A folder of
    such a name that is not a package, in the current directory say, does not count."""
    specs = (importlib.util.find_spec(name) for name in ("ipadic", "unidic_lite", "unidic"))
    return list(dict.fromkeys(os.path.dirname(os.path.dirname(spec.origin)) for spec in specs if spec and spec.origin))
