"""Vocabularies from Python: the file is the one that the library makes, faults are exceptions."""
import os
import tempfile
import unittest

from support import REPORT, needs_library, np, sbertja


@needs_library
class TrainVocabulary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "vocab.txt")
        self.texts = (REPORT / "train.tsv").read_text(encoding="utf-8").splitlines()

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read().split("\n")

    def test_a_vocabulary(self):
        summary = sbertja.train_vocabulary(self.texts, self.path, 1600)
        lines = self.read()
        self.assertEqual(lines[:5], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
        self.assertEqual(lines[-1], "")
        self.assertEqual(len(lines) - 1, summary["entries"])
        self.assertEqual(summary["entries"], 5 + summary["alphabet"] + summary["merges"])
        self.assertEqual(summary["texts"], len(self.texts))

    def test_any_iterable_in_any_order(self):
        sbertja.train_vocabulary(self.texts, self.path, threads=1)
        expected = self.read()
        sbertja.train_vocabulary(reversed(self.texts), self.path, threads=2)
        self.assertEqual(self.read(), expected)

    def test_options(self):
        sbertja.train_vocabulary(["Ab Ab", "é"], self.path, word_tokenizer="basic", lower_case=True, min_frequency=1)
        self.assertEqual(self.read()[5:], ["a", "##b", "e", "ab", ""])
        sbertja.train_vocabulary(["水 水 火"], self.path, word_tokenizer="basic", every_character=False)
        self.assertEqual(self.read()[5:], ["水", ""])

    def test_faults(self):
        for texts, options, fault in (("水", {}, TypeError), (["水", 3], {}, TypeError), ([], {}, ValueError),
                                      (["水が"], {"entries": 6}, ValueError), (["\ud800"], {}, ValueError),
                                      (["水"], {"entries": -1}, ValueError),
                                      ({"水": 1}, {}, TypeError), ({"水"}, {}, TypeError), (None, {}, TypeError),
                                      (np.array([["水"]]), {}, TypeError), (b"a", {}, TypeError),
                                      (["水"], {"entries": 2 ** 64 + 9}, ValueError),
                                      (["水"], {"entries": 9.0}, TypeError),
                                      (["水"], {"word_tokenizer": "basic", "dictionary": "x"}, NotImplementedError),
                                      (["水"], {"word_tokenizer": "basic", "mecab_dictionary": "unidic"},
                                       NotImplementedError),
                                      (["水"], {"min_frequency": True}, TypeError),
                                      (["水"], {"threads": 2 ** 32}, ValueError),
                                      (["水"], {"lower_case": "no"}, TypeError),
                                      (["水"], {"every_character": None}, TypeError),
                                      (["水"], {"word_tokenizer": "juman"}, ValueError)):
            with self.subTest(texts, **options), self.assertRaises(fault):
                sbertja.train_vocabulary(texts, self.path, **options)
        self.assertFalse(os.path.exists(self.path))
        with self.assertRaises(OSError):
            sbertja.train_vocabulary(["水"], os.path.join(self.path, "none"))


if __name__ == "__main__":
    unittest.main()
