"""Exceptions and interrupts in callbacks: kept over the C call, raised after it."""
import ctypes
import os
import signal
import unittest

import support  # noqa: F401
from sbertja._callbacks import Guard

Prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


class Guarded(unittest.TestCase):
    def test_results(self):
        with Guard() as guard:
            callback = guard.wrap(Prototype, lambda value: value > 1)
            self.assertEqual([callback(value) for value in range(4)], [0, 0, 1, 1])

    def test_exception_stops_and_is_raised_afterwards(self):
        calls = []

        def fail(value):
            calls.append(value)
            raise KeyError("mine")

        with self.assertRaisesRegex(KeyError, "mine"):
            with Guard() as guard:
                callback = guard.wrap(Prototype, fail)
                self.assertEqual([callback(1), callback(2)], [1, 1])
        self.assertEqual(calls, [1], "called again after the exception")

    def test_interrupt_between_callbacks(self):
        reached = []
        with self.assertRaises(KeyboardInterrupt):
            with Guard() as guard:
                callback = guard.wrap(Prototype, lambda value: None)
                self.assertEqual(callback(0), 0)
                interrupt()
                self.assertEqual(callback(1), 1)
                reached.append(True)
        self.assertTrue(reached)

    def test_interrupt_inside_a_callback_leaves_it_at_once(self):
        def work(_value):
            interrupt()
            signal.getsignal(signal.SIGINT)  # a call: the latest point where Python looks for signals
            self.fail("not interrupted")

        with self.assertRaises(KeyboardInterrupt):
            with Guard() as guard:
                self.assertEqual(guard.wrap(Prototype, work)(0), 1)

    def test_nested(self):
        def outer_work(_value):
            with Guard() as inner:
                callback = inner.wrap(Prototype, lambda value: None)
                interrupt()
                callback(0)
            self.fail("not interrupted")

        with self.assertRaises(KeyboardInterrupt):
            with Guard() as outer:
                self.assertEqual(outer.wrap(Prototype, outer_work)(0), 1)

    def test_the_handler_is_put_back(self):
        before = signal.getsignal(signal.SIGINT)
        with Guard():
            self.assertNotEqual(signal.getsignal(signal.SIGINT), before)
        self.assertEqual(signal.getsignal(signal.SIGINT), before)


if __name__ == "__main__":
    unittest.main()
