"""What the tests share: the package from this source tree, the reference data, and who needs the library.

    python3 -m unittest discover -s bindings/python/tests

SBERTJA_TEST_INSTALLED=1 tests the installed package instead of the one in the source tree.
"""
import json
import os
import pathlib
import struct
import sys
import unittest

try:
    import numpy as np
except ImportError:
    raise unittest.SkipTest("NumPy is not installed") from None

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TINY = ROOT / "tests" / "data" / "tiny"
REPORT = ROOT / "examples" / "report"

if not os.environ.get("SBERTJA_TEST_INSTALLED"):
    sys.path.insert(0, str(HERE.parent))

import sbertja  # noqa: E402
from sbertja import _native  # noqa: E402


def library_fault():
    """Why there is no library to test, or None. One that is there but does not fit is a failure, not a reason to skip."""
    try:
        _native.open_library()
    except ImportError as fault:
        return str(fault)
    return None


needs_library = unittest.skipIf(library_fault(), library_fault() or "")


def read_safetensors(path):
    """A file's F32 tensors by name."""
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length:]
    return {name: np.frombuffer(body[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items()}


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def tiny_sentences():
    """Labels and sentences of the references."""
    lines = (TINY / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 1) for line in lines]
    return [int(label) for label, _ in rows], [text for _, text in rows]


def report_rows(name="train.tsv", column="text", count=None):
    """(text, label) of the sample reports, the first `count` of each label."""
    header, *lines = (REPORT / name).read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    rows = [dict(zip(names, line.split("\t"))) for line in lines]
    if count is not None:
        rows = [row for label in "012" for row in [row for row in rows if row["label"] == label][:count]]
    return [(row[column], row["label"]) for row in rows]


def tiny_model(directory="bert", **kwargs):
    return sbertja.SentenceTransformer(str(TINY / directory), device="cpu", **kwargs)


def relative_difference(found, expected):
    """The largest difference, relative to the largest value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())
