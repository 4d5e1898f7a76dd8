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

    def test_a_byte_order_mark_is_no_part_of_the_first_cell(self):
        mark = "\ufeff"
        for name in ("l.tsv", "l.tsv.gz"):
            reader = LabelSentenceReader(self.folder)
            reader.get_examples(self.write(name, mark + "原因\t錆びた\n原因\t漏れた\n"))
            self.assertEqual(reader.label_map, {"原因": 0})
        triplets = TripletReader(self.folder).get_examples(self.write("t.tsv", mark + "水\t湯\t氷\n"))
        self.assertEqual(triplets[0].texts[0], "水")
        quoted = TripletReader(self.folder, delimiter=",", quoting=csv.QUOTE_MINIMAL)
        examples = quoted.get_examples(self.write("q.csv", mark + '"水,",湯,氷\r\n'))
        self.assertEqual(examples[0].texts, ["水,", "湯", "氷"])
        self.assertEqual(STSDataReader(self.folder, score_col_idx=0, s1_col_idx=1, s2_col_idx=2).get_examples(
            self.write("s.tsv", mark + "5\t水\t湯\n"))[0].label, 1.0)
        for part, text in (("s1", "水\n"), ("s2", "湯\n"), ("labels", "neutral\n")):
            self.write(f"{part}.bom", mark + text)
        self.assertEqual(NLIDataReader(self.folder).get_examples("bom")[0].texts, ["水", "湯"])

    def test_separators_of_unicode_do_not_end_a_line(self):
        text = "水\x0b火\x1c雨\x85雪\u2028風\u2029空"
        self.write("s1.x", text + "\n")
        self.write("s2.x", "湯\n")
        self.write("labels.x", "neutral\n")
        self.assertEqual(NLIDataReader(self.folder).get_examples("x")[0].texts, [text, "湯"])
        self.assertEqual(TripletReader(self.folder).get_examples(self.write("x.tsv", f"{text}\tb\tc\n"))[0].texts[0], text)

    def test_a_long_text(self):
        """csv stops at 131,072 characters."""
        long = "水" * 1_500_000
        name = self.write("long.tsv", f"{long}\tb\tc\n")
        self.assertEqual(TripletReader(self.folder).get_examples(name)[0].texts[0], long)
        with self.assertRaisesRegex(ValueError, "long.tsv: line 1: field larger"):
            TripletReader(self.folder, quoting=csv.QUOTE_MINIMAL).get_examples(name)

    def test_broken_files_are_named(self):
        path = os.path.join(self.folder, "latin.tsv")
        with open(path, "wb") as file:
            file.write(b"\xe9\tb\tc\n")
        whole = gzip.compress(("水\t湯\t氷\n" * 100).encode())
        for name, data in (("cut.gz", whole[:-9]), ("other.gz", b"no gzip"), ("damaged.gz", whole[:12] + b"\0" * 20)):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(data)
        for name, message in (("latin.tsv", "not UTF-8: .*byte 0xe9"), ("cut.gz", "not a whole gzip"),
                              ("other.gz", "not a whole gzip"), ("damaged.gz", "not a whole gzip")):
            with self.subTest(name), self.assertRaisesRegex(ValueError, f"{name}: {message}"):
                TripletReader(self.folder).get_examples(name)

    def test_arguments(self):
        for kwargs in ({"s1_col_idx": "0"}, {"s1_col_idx": True}, {"has_header": "no"}, {"delimiter": None}):
            with self.subTest(kwargs), self.assertRaises(TypeError):
                TripletReader(self.folder, **kwargs)
        name = self.write("a.tsv", "水\t湯\tnan\n")
        with self.assertRaisesRegex(ValueError, "line 1: the score 'nan' is not a finite number"):
            STSDataReader(self.folder).get_examples(name)
        with self.assertRaisesRegex(ValueError, "both 5"):
            STSDataReader(self.folder, min_score=5).get_examples(name)
        for value in (-1, 2.5, "3"):
            with self.assertRaises((ValueError, TypeError)):
                TripletReader(self.folder).get_examples(name, max_examples=value)
        reader = TripletReader(self.folder)
        with self.assertRaisesRegex(AttributeError, "delimiter"):
            reader.delimeter = ","
        reader.delimiter = "湯"
        self.assertEqual(reader.get_examples(self.write("d.tsv", "a湯b湯c"))[0].texts, ["a", "b", "c"])

    def test_example(self):
        self.assertEqual(str(InputExample(texts=["い", "ろ"], label=1)), "<InputExample> label: 1, texts: い; ろ")


if __name__ == "__main__":
    unittest.main()
