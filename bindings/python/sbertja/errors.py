"""The library's errors as Python exceptions.

Each one is an SbertjaError and also the built-in exception that a Python programmer would expect, so that both
`except sbertja.SbertjaError` and `except ValueError` work.
"""
import errno
import os


class SbertjaError(Exception):
    """What all exceptions of this package have in common."""


class ArgumentError(SbertjaError, ValueError):
    """The call is wrong: a size, a name, an option's value."""


class FormatError(SbertjaError, ValueError):
    """A file or text is not what it should be."""


class FileError(SbertjaError, OSError):
    """A file cannot be opened, read or written."""


class NotFoundError(FileError, FileNotFoundError):
    """A file or directory is not there."""


class UnsupportedError(SbertjaError, NotImplementedError):
    """Well formed, but not something that the library or this build does."""


class MissingError(SbertjaError, RuntimeError):
    """A dictionary or device that must be installed first."""


class OutOfMemoryError(SbertjaError, MemoryError):
    """An allocation failed."""


class StoppedError(SbertjaError, RuntimeError):
    """A callback asked to stop."""


class InternalError(SbertjaError, RuntimeError):
    """A fault of the library: please report."""


STATUS_OK = 0
STATUS_STOPPED = 7
_CLASSES = {
    1: ArgumentError,
    2: OutOfMemoryError,
    3: FileError,
    4: FormatError,
    5: UnsupportedError,
    6: MissingError,
    STATUS_STOPPED: StoppedError,
    8: InternalError,
}


def from_status(status, message):
    """The exception for a status of the C library other than 0."""
    kind = _CLASSES.get(status, InternalError)
    if kind is FileError and os.strerror(errno.ENOENT) in message:  # the status alone does not tell
        kind = NotFoundError
    return kind(message)
