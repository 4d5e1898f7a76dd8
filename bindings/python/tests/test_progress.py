"""The progress bar on streams that are no terminal, closed or broken; the library's log and handlers that raise."""
import contextlib
import io
import logging
import subprocess
import sys
import threading
import unittest
from unittest import mock

from support import HERE, needs_library, np, tiny_model
from sbertja import _native, _progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Broken(Terminal):
    def write(self, text):
        raise OSError("gone")


class Silent:
    """As some notebooks and services have it: write, and nothing else."""

    def write(self, text):
        pass


class Odd(Terminal):
    def isatty(self):
        raise RuntimeError("no file descriptor")


def closed():
    stream = Terminal()
    stream.close()
    return stream


def draw(stream, wanted=None):
    with contextlib.redirect_stderr(stream), mock.patch.object(_progress.Bar, "DELAY", 0), \
            mock.patch.object(_progress.Bar, "INTERVAL", 0), _progress.Bar("title", wanted) as bar:
        for done in range(3):
            bar.update(done, 2)


class Streams(unittest.TestCase):
    def test_a_terminal(self):
        stream = Terminal()
        draw(stream)
        self.assertIn("title [########################] 2/2", stream.getvalue())
        self.assertTrue(stream.getvalue().endswith("\n"))

    def test_no_terminal(self):
        for wanted, stream in ((True, io.StringIO()), (None, io.StringIO()), (False, Terminal())):
            draw(stream, wanted)
            self.assertEqual(stream.getvalue(), "")

    def test_no_bar_and_no_error(self):
        for name, stream in (("None", None), ("closed", closed()), ("no isatty", Silent()), ("isatty raises", Odd()),
                             ("write raises", Broken()), ("an object", object())):
            for wanted in (None, True, False):
                with self.subTest(name, wanted=wanted):
                    draw(stream, wanted)

    def test_closed_in_the_middle(self):
        stream = Terminal()
        with contextlib.redirect_stderr(stream), mock.patch.object(_progress.Bar, "DELAY", 0), \
                mock.patch.object(_progress.Bar, "INTERVAL", 0), _progress.Bar("title") as bar:
            bar.update(0, 2)
            stream.close()
            bar.update(1, 2)
            bar.update(2, 2)

    def test_a_warning_without_a_stream(self):
        with contextlib.redirect_stderr(closed()):
            _progress.warn("nobody reads it")


@needs_library
class Calls(unittest.TestCase):
    def test_a_process_without_standard_error(self):
        script = ("import os, sys\nfrom support import tiny_model\n{}\nmodel = tiny_model()\n"
                  "model.encode(['水'] * 64, show_progress_bar=True)\nos._exit(7)\n")
        for how in ("sys.stderr = None", "sys.stderr.close()", "os.close(2)", "sys.stderr = object()"):
            with self.subTest(how):
                ran = subprocess.run([sys.executable, "-c", script.format(how)], cwd=HERE, timeout=60,
                                     capture_output=True)
                self.assertEqual((ran.returncode, ran.stderr), (7, b""))


class Raising(logging.Handler):
    def __init__(self, exception):
        super().__init__()
        self.exception = exception
        self.seen = []

    def emit(self, record):
        self.seen.append((threading.current_thread(), record.getMessage()))
        if self.exception is not None:
            raise self.exception


@needs_library
class Log(unittest.TestCase):
    def handle(self, exception):
        handler = Raising(exception)
        logger = _progress.logger
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        self.addCleanup(logger.setLevel, level)
        self.addCleanup(logger.removeHandler, handler)
        return handler

    def test_an_exception_in_a_handler_is_raised_after_the_call(self):
        for exception in (LookupError("mine"), KeyboardInterrupt()):
            handler = self.handle(exception)
            with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(type(exception)):
                _progress.log_function(None, 1, b"message")
                _native.check(0, None)
            self.assertEqual(said.getvalue(), "")
            self.assertEqual([message for _, message in handler.seen], ["message"])
            _progress.logger.removeHandler(handler)
        np.testing.assert_equal(tiny_model().encode("水").shape, (48,))


if __name__ == "__main__":
    unittest.main()
