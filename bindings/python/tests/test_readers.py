"""Readers: columns, headers, limits, compression, and faults that name the line."""
import csv
import gzip
import os
import tempfile
import unittest

import support  # noqa: F401
from sbertja.readers import (InputExample, LabelSentenceReader, NLIDataReader, STSBenchmarkDataReader, STSDataReader,
                             TripletReader)


class Readers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        opener = gzip.open if name.endswith(".gz") else open
        with opener(os.path.join(self.folder, name), "wt", encoding="utf-8", newline="") as file:
            file.write(text)
        return name

    def test_triplets(self):
        name = self.write("a.tsv", "水\t\"湯\t氷\n火\t炎\t煙\n")
        examples = TripletReader(self.folder).get_examples(name)
        self.assertEqual([example.texts for example in examples], [["水", "\"湯", "氷"], ["火", "炎", "煙"]])
        self.assertEqual([example.guid for example in examples], ["a.tsv0", "a.tsv1"])
        self.assertEqual(len(TripletReader(self.folder).get_examples(name, max_examples=1)), 1)

    def test_columns_header_and_quoting(self):
        name = self.write("a.csv", "n,p,a\n\"い,ろ\",は,に\n")
        reader = TripletReader(self.folder, 2, 1, 0, has_header=True, delimiter=",", quoting=csv.QUOTE_MINIMAL)
        self.assertEqual(reader.get_examples(name)[0].texts, ["に", "は", "い,ろ"])

    def test_scores(self):
        name = self.write("s.tsv.gz", "水\t湯\t2.5\n")
        self.assertEqual(STSDataReader(self.folder).get_examples(name)[0].label, 0.5)
        self.assertEqual(STSDataReader(self.folder, normalize_scores=False).get_examples(name)[0].label, 2.5)
        benchmark = self.write("b.tsv", "main\tx\ty\t1\t5.0\t水\t湯\n")
        example = STSBenchmarkDataReader(self.folder).get_examples(benchmark)[0]
        self.assertEqual((example.texts, example.label), (["水", "湯"], 1.0))

    def test_labels(self):
        name = self.write("l.tsv", "原因\t錆びた\n結果\t止まった\n原因\t漏れた\n")
        reader = LabelSentenceReader(self.folder)
        self.assertEqual([example.label for example in reader.get_examples(name)], [0, 1, 0])
        self.assertEqual(reader.label_map, {"原因": 0, "結果": 1})

    def test_inference(self):
        for part, text in (("s1", "水\n火\n"), ("s2", "湯\n煙\n"), ("labels", "neutral\nentailment\n")):
            self.write(f"{part}.train.gz", text)
        examples = NLIDataReader(self.folder).get_examples("train.gz")
        self.assertEqual([(example.texts, example.label) for example in examples],
                         [(["水", "湯"], 2), (["火", "煙"], 1)])
        self.assertEqual(NLIDataReader(self.folder).get_num_labels(), 3)

    def test_faults_name_the_line(self):
        for text, reader, message in (
                ("a\tb\tc\nd\te\n", TripletReader(self.folder), "line 2: only 2 columns"),
                ("a\tb\tx\n", STSDataReader(self.folder), "line 1: .*'x'")):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                reader.get_examples(self.write("f.tsv", text))
        with self.assertRaises(FileNotFoundError):
            TripletReader(self.folder).get_examples("none.tsv")

    def test_example(self):
        self.assertEqual(str(InputExample(texts=["い", "ろ"], label=1)), "<InputExample> label: 1, texts: い; ろ")


if __name__ == "__main__":
    unittest.main()
