"""Vectors, tokens and similarities of loaded models; copies and saved models; threads and interrupts."""
import copy
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest

from support import HERE, TINY, needs_library, np, read_safetensors, relative_difference, tiny_model, tiny_sentences
import sbertja
from sbertja import SentenceTransformer, Tokenizer, errors, models, util

TOLERANCE = 1e-5  # of float32 on the CPU, relative to the largest value


@needs_library
class References(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sentences = tiny_sentences()[1]
        cls.vectors = read_safetensors(TINY / "embeddings.safetensors")

    def test_every_pooling(self):
        transformer = models.Transformer(str(TINY / "bert"))
        for mode, expected in self.vectors.items():
            if " of " in mode:
                continue
            with self.subTest(mode):
                model = SentenceTransformer(modules=[transformer, models.Pooling(48, mode)], device="cpu")
                found = model.encode(self.sentences)
                self.assertEqual(found.dtype, np.float32)
                self.assertEqual(found.shape, expected.shape)
                self.assertLess(relative_difference(found, expected), TOLERANCE)

    def test_every_directory(self):
        dense = read_safetensors(TINY / "model-cls-dense-normalize.embeddings.safetensors")["embeddings"]
        for directory, expected in (("bert", self.vectors["mean"]), ("model", self.vectors["mean"]),
                                    ("model-0.4.1", self.vectors["max+mean"]), ("model-cls-dense-normalize", dense),
                                    ("hf-bin-half", self.vectors["mean of hf-bin-half"])):
            with self.subTest(directory):
                model = tiny_model(directory)
                self.assertLess(relative_difference(model.encode(self.sentences), expected), TOLERANCE)
                self.assertEqual(model.get_sentence_embedding_dimension(), expected.shape[1])


@needs_library
class Encode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = tiny_model("model")
        cls.sentences = tiny_sentences()[1][:8]
        cls.vectors = cls.model.encode(cls.sentences)

    def test_shapes(self):
        self.assertEqual(self.model.encode("水").shape, (48,))
        self.assertEqual(self.model.encode(["水"]).shape, (1, 48))
        self.assertEqual(self.model.encode([]).shape, (0, 48))
        self.assertEqual(self.model.encode(np.array(["水", "火"])).shape, (2, 48))
        self.assertEqual(self.model.encode("").shape, (48,))
        rows = self.model.encode(["水", "火"], convert_to_numpy=False)
        self.assertIsInstance(rows, list)

    def test_normalized(self):
        found = self.model.encode(self.sentences, normalize_embeddings=True, show_progress_bar=True)
        np.testing.assert_allclose(found, util.normalize_embeddings(self.vectors), atol=1e-6)

    def test_token_embeddings(self):
        tokens = self.model.encode(self.sentences, output_value="token_embeddings")
        for text, matrix, vector in zip(self.sentences, tokens, self.vectors):
            self.assertEqual(len(matrix), len(self.model.tokenizer.encode(text)))
            np.testing.assert_allclose(matrix.mean(0), vector, atol=1e-5)
        both = self.model.encode("水が漏れた。", output_value=None)
        self.assertEqual(set(both), {"sentence_embedding", "token_embeddings", "input_ids"})

    def test_prompts(self):
        model = tiny_model("model", prompts={"query": "質問:", "passage": "答え:"})
        expected = model.encode(["質問:水", "答え:水"])
        np.testing.assert_allclose(model.encode_query("水"), expected[0], atol=1e-5)
        np.testing.assert_allclose(model.encode("水", "passage"), expected[1], atol=1e-5)
        np.testing.assert_allclose(model.encode("水", prompt="質問:"), expected[0], atol=1e-5)
        with self.assertRaisesRegex(ValueError, "'other'; there are: query, document, passage"):
            model.encode("水", prompt_name="other")

    def test_text_that_is_unusual(self):
        found = self.model.encode(["水\0火", "水"])
        self.assertTrue(np.isfinite(found).all())
        with self.assertRaisesRegex(ValueError, "text 1 has a lone surrogate, U\\+D800, at character 1"):
            self.model.encode(["水", "火\ud800"])
        with self.assertRaisesRegex(TypeError, "text 1 is float"):
            self.model.encode(["水", float("nan")])

    def test_refused(self):
        with self.assertRaisesRegex(TypeError, "torch.from_numpy"):
            self.model.encode("水", convert_to_tensor=True)
        with self.assertRaisesRegex(ValueError, "output_value 'both'"):
            self.model.encode("水", output_value="both")

    def test_similarity(self):
        self.assertEqual(self.model.similarity(self.vectors, self.vectors[:2]).shape, (8, 2))
        self.assertEqual(self.model.similarity_fn_name, "cosine")
        np.testing.assert_allclose(self.model.similarity_pairwise(self.vectors, self.vectors), np.ones(8), atol=1e-6)

    def test_threads_have_sessions_of_their_own(self):
        results = [None] * 4

        def work(index):
            results[index] = self.model.encode(self.sentences)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            np.testing.assert_allclose(result, self.vectors, atol=1e-5)

    def test_weights_copied_or_mapped(self):
        vectors = [SentenceTransformer(str(TINY / "model"), weights=weights).encode(["水", "犬"])
                   for weights in (None, "copied", "mapped")]
        for other in vectors[1:]:
            np.testing.assert_array_equal(other, vectors[0])
        with self.assertRaisesRegex(errors.ArgumentError, 'weights "shared", expected copied or mapped'):
            SentenceTransformer(str(TINY / "model"), weights="shared")

    def test_a_limit_on_bytes(self):
        model = SentenceTransformer(str(TINY / "model"), max_text_bytes=18)
        self.assertEqual(model.encode("水が漏れた。").shape, (48,))
        with self.assertRaisesRegex(errors.ArgumentError, "text 1: 21 bytes, max_text_bytes is 18"):
            model.encode(["水", "水が漏れた。。"])
        with self.assertRaisesRegex(errors.ArgumentError, "max_text_bytes is 3"):
            Tokenizer(str(TINY / "model"), max_text_bytes=3).tokenize("水水")

    def test_nul_is_dropped(self):
        model = SentenceTransformer(str(TINY / "model"))
        self.assertTrue((model.encode("水が\0漏れた。") == model.encode("水が漏れた。")).all())

    def test_an_exception_in_the_progress_stops(self):
        def stop(_done, _total):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.model._native.encode(self.sentences, progress=stop)
        np.testing.assert_array_equal(self.model.encode(self.sentences), self.vectors)

    def test_mining(self):
        pairs = util.paraphrase_mining(self.model, self.sentences)
        self.assertEqual(len(pairs), 28)


@needs_library
class Settings(unittest.TestCase):
    def test_max_seq_length(self):
        model = tiny_model("model")
        long = tiny_sentences()[1][94]
        self.assertEqual((model.max_seq_length, model.get_max_seq_length()), (64, 64))
        model.max_seq_length = 8
        self.assertEqual(len(model.tokenizer.encode(long)), 8)
        self.assertEqual(model.tokenize([long, "水"])["input_ids"].shape, (2, 8))
        self.assertEqual(model.tokenize([long, "水"])["attention_mask"].sum(), 11)
        short = SentenceTransformer(modules=[models.Transformer(str(TINY / "bert"), max_seq_length=8),
                                             models.Pooling(48)], device="cpu")
        np.testing.assert_array_equal(short.encode(long), model.encode(long))

    def test_device(self):
        self.assertIn("cpu", tiny_model().device)
        with self.assertRaises((ValueError, RuntimeError)):
            SentenceTransformer(str(TINY / "bert"), device="abacus")

    def test_faults_of_directories(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(FileNotFoundError):
                SentenceTransformer(folder)
            with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
                file.write("{")
            with self.assertRaises(ValueError) as context:
                SentenceTransformer(folder)
            self.assertIsInstance(context.exception, sbertja.SbertjaError)


@needs_library
class Tokens(unittest.TestCase):
    def test_tokenizer_without_weights(self):
        tokenizer = Tokenizer(TINY / "tokenizer.basic_wordpiece_lower")
        for line in (TINY / "tokens.basic_wordpiece_lower.jsonl").read_text(encoding="utf-8").splitlines()[:50]:
            row = json.loads(line)
            self.assertEqual(tokenizer.tokenize(row["text"]), row["tokens"])
            self.assertEqual(tokenizer.encode(row["text"]), row["ids"])


@needs_library
class Copies(unittest.TestCase):
    def test_save_and_load(self):
        model = tiny_model("model-cls-dense-normalize")
        sentences = tiny_sentences()[1]
        with tempfile.TemporaryDirectory() as folder:
            for options in ({}, {"layout": "0.4.1"}):
                with self.subTest(options):
                    path = os.path.join(folder, "deep", "model")
                    model.save(path, **options)
                    again = SentenceTransformer(path, device="cpu")
                    np.testing.assert_array_equal(again.encode(sentences), model.encode(sentences))
            model.save_pretrained(path, dtype="f16")
            half = SentenceTransformer(path, device="cpu")
            np.testing.assert_allclose(half.encode(sentences), model.encode(sentences), atol=1e-2)

    def test_nothing_else_is_overwritten(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "thesis.txt"), "w", encoding="utf-8"):
                pass
            with self.assertRaises(OSError):
                tiny_model().save(folder)
            self.assertEqual(os.listdir(folder), ["thesis.txt"])

    def test_pickle_and_copy(self):
        model = tiny_model("model", prompts={"query": "質問:"}, similarity_fn_name="dot")
        for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            np.testing.assert_array_equal(again.encode("水"), model.encode("水"))
            self.assertEqual((again.prompts, again.similarity_fn_name), (model.prompts, "dot"))

    def test_parameters(self):
        names = dict(tiny_model("model-cls-dense-normalize").named_parameters())
        self.assertEqual(names["2_Dense.linear.weight"].shape, (20, 48))


@needs_library
class Process(unittest.TestCase):
    def test_exit_with_models_and_threads_alive(self):
        script = ("import threading, time\nfrom support import tiny_model\nmodel = tiny_model()\n"
                  "def work():\n    while True: model.encode(['水'] * 64)\n"
                  "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.2)\nmodel.encode('水')\n")
        result = subprocess.run([sys.executable, "-c", script], cwd=HERE, capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
