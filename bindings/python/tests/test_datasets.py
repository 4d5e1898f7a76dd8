"""Datasets and the loader: groups of one label, what is left out, and what is refused."""
import unittest
import warnings

import support  # noqa: F401
from sbertja import DataLoader, InputExample, NoDuplicatesDataLoader, SentenceLabelDataset, SentencesDataset


def examples(**counts):
    """examples(a=3, b=2): three examples of label a, two of b."""
    return [InputExample(texts=[f"{label}{i}"], label=label) for label, count in counts.items() for i in range(count)]


class LabelDataset(unittest.TestCase):
    def test_groups(self):
        dataset = SentenceLabelDataset(examples(a=7, b=4, c=10), samples_per_label=2)
        self.assertEqual(len(dataset), 21)
        labels = [example.label for example in dataset]
        self.assertEqual(labels[0::2], labels[1::2], "each two of one label")
        self.assertEqual(len(labels), 20)
        self.assertEqual(set(labels[:6]), {"a", "b", "c"}, "each label in turn")

    def test_no_example_twice_in_a_round(self):
        seen = [example.texts[0] for example in SentenceLabelDataset(examples(a=4, b=4), samples_per_label=4)]
        self.assertEqual(len(set(seen)), 8)

    def test_rare_labels_are_left_out_with_a_warning(self):
        with self.assertWarnsRegex(UserWarning, r"fewer than 3 examples: 'b' \(2\), 'd' \(1\)") as context:
            dataset = SentenceLabelDataset(examples(a=3, b=2, c=5, d=1), samples_per_label=3)
        self.assertEqual(context.filename, __file__)
        self.assertEqual({example.label for example in dataset.examples}, {"a", "c"})

    def test_a_single_label_is_warned_of(self):
        with self.assertWarnsRegex(UserWarning, "only the label 'a' is left"):
            SentenceLabelDataset(examples(a=3))

    def test_integers_and_floats_are_the_same_label(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            SentenceLabelDataset([InputExample(texts=["x"], label=label) for label in (1, 1.0, 0, 0.0)])

    def test_refused(self):
        for message, arguments in (("no label has samples_per_label=3 examples: 'a' \\(2\\)", (examples(a=2), 3)),
                                   ("samples_per_label is 1", (examples(a=2), 1)),
                                   ("samples_per_label is 2.0", (examples(a=2), 2.0)),
                                   ("there are no examples", ([], 2))):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                SentenceLabelDataset(*arguments)


class Loader(unittest.TestCase):
    def test_batches(self):
        dataset = SentencesDataset(examples(a=5), None)
        loader = DataLoader(dataset, batch_size=2, num_workers=0, collate_fn=None)
        self.assertEqual([len(batch) for batch in loader], [2, 2, 1])
        self.assertEqual(len(loader), 3)
        self.assertEqual(len(DataLoader(dataset, batch_size=2, drop_last=True)), 2)
        self.assertEqual(loader.dataset[1].texts, ["a1"])
        shuffled = [example.texts[0] for batch in DataLoader(dataset, 2, shuffle=True) for example in batch]
        self.assertEqual(sorted(shuffled), ["a0", "a1", "a2", "a3", "a4"])

    def test_refused(self):
        with self.assertRaisesRegex(ValueError, "batch_size is 0"):
            DataLoader([], batch_size=0)


class NoDuplicates(unittest.TestCase):
    def test_no_text_twice_and_each_example_once(self):
        pairs = [InputExample(texts=[a, b]) for a in "abcd" for b in "bcde"]
        loader = NoDuplicatesDataLoader(pairs, batch_size=3)
        batches = list(loader)
        self.assertCountEqual([id(example) for batch in batches for example in batch], map(id, pairs))
        for batch in batches:
            self.assertLessEqual(len(batch), 3)
            for index, example in enumerate(batch):
                for other in batch[:index]:
                    self.assertTrue(set(example.texts).isdisjoint(other.texts))

    def test_nothing_in_common(self):
        loader = NoDuplicatesDataLoader([InputExample(texts=[f"q{i}", f"a{i}"]) for i in range(5)], 2)
        self.assertEqual([len(batch) for batch in loader], [2, 2, 1])
        self.assertEqual(len(loader), 3)


if __name__ == "__main__":
    unittest.main()
