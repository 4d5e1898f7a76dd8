"""Python functions as callbacks of a C call, and interrupts during it.

An exception must not pass through C. A Guard keeps the first one, makes this and each later callback ask the library
to stop, and raises it when the C call is over. The same goes for Ctrl-C: Python would raise KeyboardInterrupt on
entering the next callback, where nobody can catch it, so during the call the Guard takes SIGINT and passes it on.
"""
import signal
import threading

try:  # without the search for an enum of each handler, which takes as long as encoding a short text
    from _signal import getsignal as _get_handler, signal as _set_handler
except ImportError:
    _get_handler, _set_handler = signal.getsignal, signal.signal


class Guard:
    """`with Guard() as guard: ...` around a C call whose callbacks were made by guard.wrap()."""

    def __init__(self):
        self._exception = None
        self._previous = None
        self._in_python = False
        self._callbacks = []  # which C calls: they must live as long as the call

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            previous = _get_handler(signal.SIGINT)
            if callable(previous):
                try:
                    _set_handler(signal.SIGINT, self._interrupt)
                except ValueError:  # an interpreter beside the main one: it gets no signals
                    return self
                self._previous = previous
        return self

    def __exit__(self, kind, exception, traceback):
        if self._previous is not None:
            _set_handler(signal.SIGINT, self._previous)
        if exception is None and self._exception is not None:
            raise self._exception

    def wrap(self, prototype, function):
        """`function` as a C callback; a true result, an exception or an interrupt asks the library to stop."""

        def callback(*arguments):
            if self._exception is not None:
                return 1
            try:
                self._in_python = True
                stop = bool(function(*arguments))
            except BaseException as exception:
                self._exception = exception
                stop = True
            finally:
                self._in_python = False
            return int(stop or self._exception is not None)

        self._callbacks.append(prototype(callback))
        return self._callbacks[-1]

    def _interrupt(self, number, frame):
        try:
            self._previous(number, frame)
        except BaseException as exception:
            if self._in_python:  # in the user's own code it is an ordinary exception
                raise
            self._exception = exception
