"""Models, sessions and training in child processes: os.fork, multiprocessing in its three ways, prefork servers. Every
child has a time limit, so that one that hangs is a failure, and prints nothing."""
import concurrent.futures
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
import warnings

from support import needs_library, np, sbertja, tiny_model
from sbertja import DataLoader, InputExample, SentencesDataset, losses

SECONDS = 60
TEXTS = ["冷却水が漏れた。", "会議は三時に始まる。", "ポンプから水が漏れていた。", "部品の交換を依頼した。"] * 40


def start(function, *arguments):
    """The process id of a forked child that calls the function and ends, with 0 if that returned."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():  # Python 3.12 warns of every fork in a process with threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        signal.alarm(SECONDS)
        function(*arguments)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def encode_in_process(model, texts=TEXTS):
    return model.encode(texts, show_progress_bar=False)


def encode_in_worker(texts):
    return encode_in_process(WORKERS_MODEL, texts)


WORKERS_MODEL = None  # of the workers that are forked


def fit(evaluator=None):
    """Vectors after a training that is the same each time."""
    model = tiny_model("model", threads=3)
    examples = [InputExample(texts=[text], label=i % 2) for i, text in enumerate(TEXTS[:8])]
    loader = DataLoader(SentencesDataset(examples, model), batch_size=4)
    model.fit([(loader, losses.BatchAllTripletLoss(model))], evaluator=evaluator, epochs=2, warmup_steps=0, seed=1,
              show_progress_bar=False)
    return encode_in_process(model)


@needs_library
class Fork(unittest.TestCase):
    def setUp(self):
        self.model = tiny_model("model", threads=3)
        self.expected = encode_in_process(self.model)

    def check(self, model=None):
        np.testing.assert_array_equal(encode_in_process(model or self.model), self.expected)

    def wait(self, *children):
        for child in children:
            _, status = os.waitpid(child, 0)
            self.assertFalse(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM, "the child hung")
            self.assertEqual(status, 0)

    def in_child(self, function, *arguments):
        self.wait(start(function, *arguments))

    def test_child_encodes(self):
        self.in_child(self.check)
        self.check()
        self.wait(*[start(self.check) for _ in range(3)])

    def test_child_frees(self):
        def free():
            self.model = None
            gc.collect()
        self.in_child(free)
        self.in_child(gc.collect)
        self.check()

    def test_child_of_child(self):
        def again():
            self.in_child(self.check)
            self.check()
            self.in_child(gc.collect)
        self.in_child(again)

    def test_child_tokenizes(self):
        ids = self.model.tokenizer.encode(TEXTS[0])

        def tokenize():
            self.assertEqual(self.model.tokenizer.encode(TEXTS[0]), ids)
        self.in_child(tokenize)

    def test_sessions_of_other_threads_are_freed(self):
        # In the child Python drops the other threads' sessions by itself.
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for vectors in pool.map(encode_in_process, [self.model] * 6):
                np.testing.assert_array_equal(vectors, self.expected)
            self.in_child(gc.collect)
            self.in_child(self.check)
            process = multiprocessing.get_context("fork").Process(target=self.check)
            process.start()
            process.join(SECONDS)
            exit_code = process.exitcode
            process.kill()
            self.assertEqual(exit_code, 0)
        self.check()

    def test_fork_while_others_encode(self):
        stop = threading.Event()

        def keep_encoding():
            while not stop.is_set():
                encode_in_process(self.model)

        threads = [threading.Thread(target=keep_encoding) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for i in range(10):
                time.sleep(i * 0.0007)
                self.in_child(self.check)
                self.in_child(gc.collect)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.check()

    def test_fork_in_two_threads_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: self.in_child(self.check), range(6)))

    def test_fit_in_parent_and_child(self):
        def fit_again():
            np.testing.assert_array_equal(fit(), expected)
        expected = fit()
        self.in_child(fit_again)
        fit_again()

    def test_fork_in_a_callback(self):
        children = []

        def evaluate(model, *_arguments, **_options):
            encode_in_process(model)
            children.append(start(encode_in_process, model))
            encode_in_process(model)
            return 0.5
        fit(evaluate)
        self.wait(*children)
        self.assertEqual(len(children), 2)

    def test_training_goes_on_in_a_child(self):
        parent = os.getpid()
        children = []

        def evaluate(model, *_arguments, **_options):
            if not children:
                encode_in_process(model)
                children.append(os.fork())
            signal.alarm(0 if os.getpid() == parent else SECONDS)
            return float(encode_in_process(model)[0, 0])
        try:
            found = fit(evaluate)
        finally:
            if os.getpid() != parent:
                os._exit(0 if np.array_equal(found, fit()) else 1)
        self.wait(*children)

    def test_training_a_vocabulary(self):
        def train(name):
            path = os.path.join(folder, name)
            sbertja.train_vocabulary(TEXTS, path, 48, min_frequency=1, threads=3)
            with open(path, encoding="utf-8") as file:
                return file.read()
        with tempfile.TemporaryDirectory() as folder:
            expected = train("parent")
            self.in_child(lambda: self.assertEqual(train("child"), expected))


@needs_library
class Multiprocessing(unittest.TestCase):
    def setUp(self):
        global WORKERS_MODEL
        self.model = WORKERS_MODEL = tiny_model("model", threads=2)
        self.expected = encode_in_process(self.model)

    def tearDown(self):
        global WORKERS_MODEL
        WORKERS_MODEL = None

    def test_fork_pool(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            results = [pool.apply_async(encode_in_worker, (TEXTS,)) for _ in range(4)]
            for result in results:
                np.testing.assert_array_equal(result.get(SECONDS), self.expected)

    def test_spawn_and_forkserver(self):
        for method in ("spawn", "forkserver"):
            with self.subTest(method), multiprocessing.get_context(method).Pool(1) as pool:
                found = pool.apply_async(encode_in_process, (self.model,)).get(SECONDS)
                np.testing.assert_array_equal(found, self.expected)

    def test_executor(self):
        context = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            for vectors in pool.map(encode_in_worker, [TEXTS] * 4, timeout=SECONDS):
                np.testing.assert_array_equal(vectors, self.expected)


PREFORK = """
import os, sys, threading
import support, test_fork
model = support.tiny_model("model", threads=2)
expected = test_fork.encode_in_process(model)
def serve():
    def request():
        assert (test_fork.encode_in_process(model) == expected).all()
        served.append(1)
    served = []
    threads = [threading.Thread(target=request) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert len(served) == 3
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        serve()
        sys.exit(0)  # with all that an interpreter does when it ends
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
serve()
"""


@needs_library
class Prefork(unittest.TestCase):
    def test_workers_of_a_server(self):
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREFORK], timeout=SECONDS,
                              env=environment, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
