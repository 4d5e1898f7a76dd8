"""The structs as ctypes sees them are those of the header, and statuses become the right exceptions."""
import ctypes
import errno
import os
import re
import unittest
from ctypes import byref

from support import ROOT, needs_library, sbertja
from sbertja import _native, errors


class Structs(unittest.TestCase):
    @needs_library
    def test_sizes_are_those_of_the_library(self):
        for struct in _native.STRUCTS:
            with self.subTest(struct.__name__):
                value = struct()
                getattr(_native.library(), struct.initializer)(byref(value))
                self.assertEqual(value.size, ctypes.sizeof(struct))

    def test_fields_have_the_names_and_order_of_the_header(self):
        header = (ROOT / "include" / "sbertja.h").read_text(encoding="utf-8")
        header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
        for struct in (*_native.STRUCTS, _native.Error, _native.Progress, _native.Parameter,
                       _native.VocabularySummary):
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", struct.__name__).lower()
            with self.subTest(name):
                body = re.search(r"typedef struct sbertja_%s \{(.*?)\}" % name, header, re.S).group(1)
                fields = [field for line in body.split(";") for field in re.findall(r"(\w+)(?:\[\d+\])?\s*(?:,|$)",
                                                                                    line.strip())]
                self.assertEqual([field for field, _ in struct._fields_], fields)

    @needs_library
    def test_defaults(self):
        options = _native.make(_native.FitOptions)
        self.assertEqual((options.epochs, options.warmup_steps, options.learning_rate), (1, 10000, 2e-5))
        self.assertEqual(_native.make(_native.FitOptions, epochs=3, seed=None).epochs, 3)

    @needs_library
    def test_build_info(self):
        info = sbertja.build_info()
        self.assertEqual(info["version"], sbertja.__version__)
        self.assertIn("cpu", info["devices"])


class Errors(unittest.TestCase):
    def test_status_to_exception(self):
        for status, builtin in ((1, ValueError), (2, MemoryError), (3, OSError), (4, ValueError),
                                (5, NotImplementedError), (6, RuntimeError), (7, RuntimeError), (8, RuntimeError),
                                (99, RuntimeError)):
            with self.subTest(status):
                exception = errors.from_status(status, "what: why")
                self.assertIsInstance(exception, builtin)
                self.assertIsInstance(exception, sbertja.SbertjaError)
                self.assertEqual(str(exception), "what: why")

    def test_a_negative_size_does_not_wrap(self):
        with self.assertRaisesRegex(ValueError, "epochs: -1, expected 0 or more"):
            _native.make(_native.FitOptions, epochs=-1)

    def test_a_file_that_is_not_there(self):
        self.assertIsInstance(errors.from_status(3, "a/b: " + os.strerror(errno.ENOENT)), FileNotFoundError)


if __name__ == "__main__":
    unittest.main()
