"""Handles and threads: what outlives a call, what is closed under its users, and interrupts in the middle."""
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from support import HERE, needs_library, np, tiny_model
from sbertja import DataLoader, InputExample, losses, util

EXAMPLES = [InputExample(texts=[text], label=index % 2) for index, text in enumerate("水火雨雪風雲空海")]


def fit(model, evaluator, **kwargs):
    model.fit([(DataLoader(EXAMPLES, 4), losses.BatchAllTripletLoss(model))], evaluator, warmup_steps=0,
              show_progress_bar=False, **kwargs)


@needs_library
class Threads(unittest.TestCase):
    def setUp(self):
        self.model = tiny_model(threads=1)
        self.expected = self.model.encode(["水", "火"])

    def run_threads(self, count, work):
        faults = []

        def guarded():
            try:
                work()
            except BaseException as fault:  # noqa: B902
                faults.append(fault)

        threads = [threading.Thread(target=guarded) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(faults, [])

    def test_the_same_bits_in_every_thread(self):
        def work():
            for _ in range(20):
                np.testing.assert_array_equal(self.model.encode(["水", "火"]), self.expected)
                self.assertEqual(self.model.tokenizer.tokenize("水"), ["水"])

        self.run_threads(8, work)

    def test_sessions_end_with_their_threads(self):
        for _ in range(20):
            self.run_threads(1, lambda: self.model.encode("水"))
        gc.collect()
        self.assertLess(len(self.model._native._sessions._all), 5)

    def test_the_last_name_of_a_model_goes_while_it_encodes(self):
        models = [tiny_model(threads=1)]
        started = threading.Event()
        results = []

        def work(model):
            started.set()
            results.append(model.encode(["水", "火"] * 500))

        thread = threading.Thread(target=work, args=(models[0],))
        thread.start()
        started.wait(10)
        models.clear()
        gc.collect()
        thread.join(60)
        np.testing.assert_array_equal(results[0][:2], self.expected)

    def test_settings_change_while_another_thread_encodes(self):
        stop = threading.Event()

        def work():
            while not stop.is_set():
                self.assertTrue(np.isfinite(self.model.encode(["水", "火"])).all())

        thread = threading.Thread(target=work)
        thread.start()
        for length in (16, 32, 64):
            self.model.max_seq_length = length
        stop.set()
        thread.join(60)
        np.testing.assert_array_equal(self.model.encode(["水", "火"]), self.expected)


@needs_library
class Lent(unittest.TestCase):
    """During an evaluation the model is one that belongs to the library."""

    def test_what_an_evaluator_keeps_is_closed(self):
        model = tiny_model(threads=1)
        kept = []

        def evaluator(current, *_arguments, **_more):
            tokenizer = current.tokenizer
            self.assertEqual(tokenizer.tokenize("水"), ["水"])
            kept.extend([tokenizer, current._native, current.named_parameters()])
            return 0

        fit(model, evaluator)
        for use in (lambda: kept[0].tokenize("水"), lambda: kept[0].encode("水"), lambda: kept[1].encode(["水"]),
                    lambda: next(kept[2]), lambda: kept[1].describe(),
                    lambda: kept[1].save("nowhere")):
            with self.assertRaisesRegex(ValueError, "closed"):
                use()
        self.assertEqual(model.encode("水").shape, (48,))

    def test_a_thread_that_outlives_the_evaluation(self):
        model = tiny_model(threads=1)
        stop, threads, faults = threading.Event(), [], []

        def work(current):
            native = current._native
            while not stop.is_set():
                try:
                    native.encode(["水", "火"] * 20)
                except ValueError as fault:
                    faults.append(str(fault))
                    return

        def evaluator(current, *_arguments, **_more):
            threads.append(threading.Thread(target=work, args=(current,)))
            threads[-1].start()
            time.sleep(0.02)
            return 0

        fit(model, evaluator, epochs=5)
        stop.set()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(faults), 5)
        self.assertEqual([fault for fault in faults if "closed" not in fault], [])


@needs_library
class Interrupts(unittest.TestCase):
    def setUp(self):
        old = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, old)

    def test_encode(self):
        model = tiny_model(threads=1)
        expected = model.encode("水")
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            while True:
                model.encode(["冷却水が漏れた。"] * 2000)
        np.testing.assert_array_equal(model.encode("水"), expected)

    def test_a_callback_of_fit(self):
        model = tiny_model(threads=1)
        calls = []

        def callback(*arguments):
            calls.append(arguments)
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            fit(model, lambda *_arguments, **_more: 1.0, callback=callback, epochs=9)
        self.assertEqual(len(calls), 1)
        self.assertEqual(model.encode("水").shape, (48,))
        fit(model, None)

    def test_an_evaluator_that_gives_no_number(self):
        model = tiny_model(threads=1)
        for value in (None, "high", [1, 2]):
            with self.subTest(value), self.assertRaises((TypeError, ValueError)):
                fit(model, lambda *_arguments, **_more: value)  # noqa: B023
        self.assertEqual(model.encode("水").shape, (48,))


@needs_library
class Exit(unittest.TestCase):
    def run_script(self, script):
        ran = subprocess.run([sys.executable, "-c", script], cwd=HERE, capture_output=True, text=True, timeout=60)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    def test_while_a_thread_trains(self):
        self.run_script(
            "import threading, time\nfrom support import tiny_model\nfrom test_threads import EXAMPLES, fit\n"
            "model = tiny_model()\nthreading.Thread(target=fit, args=(model, None), kwargs={'epochs': 10 ** 6}, daemon=True)"
            ".start()\ntime.sleep(0.3)\n")

    def test_objects_in_a_cycle(self):
        self.run_script("from support import tiny_model\nmodel = tiny_model()\nmodel._cycle = [model, model.tokenizer]\n"
                        "model.encode('水')\n")


@needs_library
class Mining(unittest.TestCase):
    def test_a_model_and_its_own_settings(self):
        model = tiny_model(similarity_fn_name="dot")
        vectors = model.encode(["水", "火"])
        np.testing.assert_allclose(model.similarity(vectors, vectors), util.dot_score(vectors, vectors))


if __name__ == "__main__":
    unittest.main()
