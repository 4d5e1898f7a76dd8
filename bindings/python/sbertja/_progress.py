"""Messages for people: a progress bar, which appears on a terminal only, and the library's log as Python's logging."""
import logging
import sys
import time
import warnings

from . import _native

logger = logging.getLogger("sbertja")


class Bar:
    """One line on standard error that is rewritten in place; silent if that is no terminal or `wanted` is False."""

    INTERVAL = 0.1  # seconds between two drawings
    DELAY = 0.5     # work shorter than this shows nothing

    def __init__(self, title, wanted=None):
        self._stream = sys.stderr if wanted is not False and _is_terminal(sys.stderr) else None
        self._title = title
        self._started = time.monotonic()
        self._next = self._started + self.DELAY
        self._width = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._width:
            self._draw("\n")

    def _draw(self, text):
        """A stream that cannot be written to any more ends the bar, not the work."""
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except Exception:
            self._stream = None

    def update(self, done, total, details=None):
        """`details` is a function that gives the text after the bar: it is called only when something is drawn."""
        now = time.monotonic()
        if self._stream is None or (now < self._next and not (done >= total and self._width)):
            return
        self._next = now + self.INTERVAL
        filled = 24 * done // max(total, 1)
        line = f"{self._title} [{'#' * filled}{'.' * (24 - filled)}] {done}/{total}"
        line += "  " + (details() if details else self._rate(done, total, now))
        self._draw("\r" + line.ljust(self._width))
        self._width = len(line)

    def _rate(self, done, total, now):
        rate = done / max(now - self._started, 1e-9)
        return f"{rate:.0f}/s  {duration((total - done) / rate) if rate else '?'} left"


def _is_terminal(stream):
    """Standard error may be None, closed, or an object of the host with hardly any methods."""
    try:
        return bool(stream.isatty())
    except Exception:
        return False


def duration(seconds):
    """Seconds as 0:07 or 1:02:03."""
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@_native.LogFunction
def log_function(_user, level, message):
    """For `log` in options. One object for the whole process: models may keep it as long as they live."""
    try:
        logger.log(logging.WARNING if level == _native.LOG_WARNING else logging.INFO, "%s",
                   message.decode("utf-8", "replace"))
    except BaseException as exception:  # an exception must not pass through C
        _native.raise_later(exception)


def warn(message):
    """A UserWarning of the caller's caller; where it cannot be printed, it is not."""
    try:
        warnings.warn(message, stacklevel=4)
    except Warning:
        raise
    except Exception:
        pass


class LoggingHandler(logging.StreamHandler):
    """Under this name in sentence-transformers, where it goes around a progress bar. Ours needs no such help."""
