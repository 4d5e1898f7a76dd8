"""Loaders and datasets that fit is given: what it honours, what it refuses, and datasets that end in unusual ways."""
import unittest

from support import needs_library, np, tiny_model
from sbertja import (DataLoader, InputExample, NoDuplicatesDataLoader, SentenceLabelDataset, SentencesDataset, loaders,
                     losses)

EXAMPLES = [InputExample(texts=[text], label=index % 2) for index, text in enumerate("水火雨雪風雲空海")]


class Computed:
    """A length, and items that are made when asked for: IndexError never comes."""

    def __init__(self, length=8, make=lambda index: EXAMPLES[index % 8]):
        self.length, self.make = length, make
        self.examples = "what it makes its items from, which is its own business"

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return self.make(index)


class Iterated:
    def __init__(self, count, length):
        self.count, self.length = count, length

    def __iter__(self):
        return iter(EXAMPLES[:self.count])

    def __len__(self):
        return self.length


class IterableDataset:
    """As torch's, by its name: it inherits a __getitem__ that does nothing."""

    def __getitem__(self, index):
        raise NotImplementedError


class Stream(IterableDataset):
    def __iter__(self):
        return iter(EXAMPLES)

    def __len__(self):
        return 8


class Frame:
    shape, ndim, columns = (3, 2), 2, ["text", "label"]

    def __len__(self):
        return 3

    def __getitem__(self, index):
        raise KeyError(index)


class Torch(unittest.TestCase):
    """Objects with the attributes of torch's DataLoader (2.0 to 2.9) and its samplers."""

    DEFAULTS = {"dataset": EXAMPLES, "batch_size": 4, "num_workers": 0, "drop_last": False, "pin_memory": False,
                "timeout": 0, "worker_init_fn": None, "multiprocessing_context": None, "generator": None,
                "prefetch_factor": None, "persistent_workers": False, "pin_memory_device": "", "in_order": True}

    @staticmethod
    def kind(name, module="torch.utils.data.dataloader", **attributes):
        return type(name, (), {"__module__": module, **attributes})

    def loader(self, order="SequentialSampler", **changes):
        collate = lambda batch: batch  # noqa: E731
        collate.__module__ = "torch.utils.data._utils.collate"
        values = {**self.DEFAULTS, "collate_fn": collate, "batch_sampler": self.kind("BatchSampler")(),
                  "sampler": self.kind(order, replacement=False, _num_samples=None, generator=None)(), **changes}
        loader = self.kind("DataLoader", __iter__=lambda self: iter(()))()
        vars(loader).update(values)
        return loader

    def test_honoured(self):
        for sampler, keep_order in (("SequentialSampler", 1), ("RandomSampler", 0)):
            found = loaders.settings("here", self.loader(sampler))
            self.assertEqual(found, {"batch_size": 4, "samples_per_label": 0, "keep_order": keep_order,
                                     "no_duplicates": 0, "batch_tokens": 0})

    def test_refused(self):
        own = self.kind("OwnSampler", "mine")
        for name, changes in (
                ("drop_last", {"drop_last": True}), ("num_workers", {"num_workers": 2}),
                ("pin_memory", {"pin_memory": True}), ("timeout", {"timeout": 5}), ("worker_init_fn", {"worker_init_fn": print}),
                ("generator", {"generator": object()}), ("collate_fn", {"collate_fn": lambda batch: batch}),
                ("batch_sampler", {"batch_sampler": own(), "batch_size": None}), ("batch_sampler", {"batch_sampler": own()}),
                ("sampler=mine.OwnSampler", {"sampler": own()}),
                ("sampler=mine.RandomSampler", {"sampler": self.kind("RandomSampler", "mine")()}),
                ("3 of 8 examples", {"sampler": self.kind("SequentialSampler", __len__=lambda self: 3)()}),
                ("sampler=WeightedRandomSampler", {"sampler": self.kind("WeightedRandomSampler")()}),
                ("sampler=SubsetRandomSampler", {"sampler": self.kind("SubsetRandomSampler")()}),
                ("replacement", {"sampler": self.kind("RandomSampler", replacement=True)()}),
                ("num_samples", {"sampler": self.kind("RandomSampler", replacement=False, _num_samples=3)()}),
                ("generator", {"sampler": self.kind("RandomSampler", generator=object())()}),
                ("persistent_workers", {"persistent_workers": True}), ("in_order", {"in_order": False})):
            with self.subTest(name, **changes), self.assertRaisesRegex(NotImplementedError, name):
                loaders.settings("here", self.loader(**changes))

    def test_what_is_no_loader(self):
        own = type("Own", (), {"dataset": EXAMPLES, "batch_size": 4, "shuffle": True, "__iter__": lambda self: iter(())})
        with self.assertRaisesRegex(TypeError, "batch_size: None"):
            loaders.settings("here", self.loader(batch_size=None, batch_sampler=None))
        for value in (EXAMPLES, None, own(), 4):
            with self.subTest(value), self.assertRaisesRegex(TypeError, "expected a DataLoader"):
                loaders.settings("here", value)


class Own(unittest.TestCase):
    def test_arguments(self):
        for name, value in (("sampler", object()), ("batch_sampler", [[0]]), ("num_workers", 1), ("collate_fn", len),
                            ("pin_memory", True), ("timeout", 1), ("worker_init_fn", print),
                            ("multiprocessing_context", "fork"), ("generator", object()), ("prefetch_factor", 2),
                            ("persistent_workers", True), ("pin_memory_device", "cuda"), ("in_order", False)):
            with self.subTest(name), self.assertRaisesRegex(NotImplementedError, name):
                DataLoader(EXAMPLES, 4, **{name: value})
        with self.assertRaisesRegex(TypeError, "unexpected keyword.*smapler"):
            DataLoader(EXAMPLES, smapler=None)

    def test_kinds(self):
        for kwargs, kind in (({"batch_size": 2.0}, TypeError), ({"batch_size": True}, TypeError),
                             ({"batch_size": "2"}, TypeError), ({"batch_size": None}, TypeError),
                             ({"batch_size": 2 ** 64}, ValueError), ({"shuffle": "yes"}, TypeError),
                             ({"drop_last": 2}, TypeError), ({"batch_tokens": -1}, ValueError),
                             ({"batch_tokens": 1.5}, TypeError)):
            with self.subTest(kwargs), self.assertRaisesRegex(kind, next(iter(kwargs))):
                DataLoader(EXAMPLES, **kwargs)
        self.assertEqual(DataLoader(EXAMPLES, np.int64(2)).batch_size, 2)
        self.assertIs(DataLoader(EXAMPLES, shuffle=None).shuffle, False)

    def test_datasets(self):
        for name, value in (("dict", {0: EXAMPLES[0]}), ("set", set(EXAMPLES)), ("DataFrame", Frame()), ("str", "ab"),
                            ("None", None), ("number", 3), ("generator", (each for each in EXAMPLES)),
                            ("two dimensions", np.array([EXAMPLES, EXAMPLES]))):
            with self.subTest(name), self.assertRaisesRegex(TypeError, "expected a list of InputExample"):
                DataLoader(value)
        for value in (Frame(), {0: EXAMPLES[0]}, None, "ab"):
            with self.assertRaises(TypeError):
                SentencesDataset(value)
            with self.assertRaises(TypeError):
                SentenceLabelDataset(value)
        self.assertEqual(len(SentencesDataset(each for each in EXAMPLES)), 8)

    def test_with_replacement(self):
        with self.assertRaisesRegex(NotImplementedError, "with_replacement"):
            SentenceLabelDataset(EXAMPLES, with_replacement=True)

    def test_labels_that_are_no_labels(self):
        with self.assertRaisesRegex(ValueError, "example 1: the label is NaN"):
            SentenceLabelDataset([InputExample(label=1), InputExample(label=float("nan"))])
        with self.assertRaisesRegex(TypeError, "example 0 is str"):
            SentenceLabelDataset(["水"])

    def test_a_loop_over_a_computed_dataset_ends(self):
        self.assertEqual([len(batch) for batch in DataLoader(Computed(), 3)], [3, 3, 2])
        self.assertEqual(sum(map(len, NoDuplicatesDataLoader(Computed(), 3))), 8)


@needs_library
class Fit(unittest.TestCase):
    def setUp(self):
        self.model = tiny_model(threads=1)
        self.before = self.model.encode("水")

    def fit(self, dataset, loss=losses.BatchAllTripletLoss, **kwargs):
        self.model.fit([(DataLoader(dataset, 4, **kwargs), loss(self.model))], warmup_steps=0, show_progress_bar=False)
        return self.model.encode("水")

    def test_a_computed_dataset(self):
        found = self.fit(Computed())
        self.model = tiny_model(threads=1)
        np.testing.assert_array_equal(found, self.fit(EXAMPLES))
        self.assertFalse(np.array_equal(found, self.before))

    def test_other_datasets_give_the_same(self):
        expected = self.fit(EXAMPLES)
        for dataset in (tuple(EXAMPLES), SentencesDataset(EXAMPLES), Iterated(8, 8), np.array(EXAMPLES)):
            with self.subTest(type(dataset).__name__):
                self.model = tiny_model(threads=1)
                np.testing.assert_array_equal(self.fit(dataset), expected)

    def test_an_exception_of_the_dataset(self):
        def fail(kind):
            def make(index):
                if index == 3:
                    raise kind("mine")
                return EXAMPLES[index]
            return make

        for kind in (LookupError, IndexError, StopIteration, RuntimeError):
            with self.subTest(kind), self.assertRaisesRegex((kind, RuntimeError), "mine|StopIteration") as context:
                self.fit(Computed(make=fail(kind)))
            if kind is not StopIteration:
                self.assertIn("example 3 of 8 of Computed", context.exception.__notes__[0])
        np.testing.assert_array_equal(self.model.encode("水"), self.before)

    def test_refused_datasets(self):
        for dataset, kind, message in (
                (Stream(), TypeError, "list\\(dataset\\)"), (Iterated(4, 8), ValueError, "length 8, but gives 4"),
                (Iterated(8, 4), ValueError, "length 4, but gives more"),
                (["水", "火"], TypeError, "example 0 is str '水', not an InputExample"),
                ([EXAMPLES[0], {"texts": ["水"]}], TypeError, "example 1 is dict"),
                ([EXAMPLES[0], None], TypeError, "example 1 is None"), (np.array(["水"]), TypeError, "example 0 is str_")):
            with self.subTest(message), self.assertRaisesRegex(kind, message):
                self.fit(dataset)
        np.testing.assert_array_equal(self.model.encode("水"), self.before)

    def test_texts_of_examples(self):
        for texts in ("水", b"a", {"水"}, {"水": 1}, None, [], 3, iter(["水"]), np.array([["水"]]), Frame(), [3], [None],
                      [["水"]]):
            with self.subTest(type(texts).__name__), self.assertRaises(TypeError):
                self.fit([InputExample(texts=texts, label=0)] * 4)
        expected = self.fit(EXAMPLES)
        for texts in (tuple, np.array):
            self.model = tiny_model(threads=1)
            examples = [InputExample(texts=texts(example.texts), label=example.label) for example in EXAMPLES]
            np.testing.assert_array_equal(self.fit(examples), expected)

    def test_a_loader_that_makes_its_own_batches(self):
        class Weighted(DataLoader):
            def __iter__(self):
                return iter(())

        class Grouped(SentenceLabelDataset):
            def __iter__(self):
                return iter(())

        loss = losses.BatchAllTripletLoss(self.model)
        for loader, message in ((Weighted(EXAMPLES, 4), "Weighted.__iter__"), (DataLoader(Grouped(EXAMPLES), 4), "Grouped"),
                                (DataLoader(EXAMPLES, 4, drop_last=True), "drop_last")):
            with self.subTest(message), self.assertRaisesRegex(NotImplementedError, message):
                self.model.fit([(loader, loss)])

    def test_groups_of_labels_need_a_loss_that_has_labels(self):
        pairs = [InputExample(texts=["水", "火"], label=index % 2) for index in range(8)]
        with self.assertRaisesRegex(NotImplementedError, "MultipleNegativesRankingLoss"):
            self.fit(SentenceLabelDataset(pairs), losses.MultipleNegativesRankingLoss)
        with self.assertRaisesRegex(ValueError, "batch_tokens"):
            self.fit(SentenceLabelDataset(EXAMPLES), batch_tokens=100)

    def test_objectives(self):
        loader, loss = DataLoader(EXAMPLES, 4), losses.BatchAllTripletLoss(self.model)
        for objectives in ((loader, loss), {loader: loss}, None, [loader], [(loader, loss, 1)], "ab", loader):
            with self.subTest(objectives), self.assertRaises(TypeError):
                self.model.fit(objectives)
        for name in ("evaluator", "callback"):
            with self.assertRaisesRegex(TypeError, name):
                self.model.fit([(loader, loss)], **{name: 3})

    def test_numbers(self):
        loader, loss = DataLoader(EXAMPLES, 4), losses.BatchAllTripletLoss(self.model)
        nan, inf = float("nan"), float("inf")
        wrong = {"epochs": (-1, 2 ** 64 + 1, 2.0, "10", True, None), "steps_per_epoch": (-1, 2 ** 64, 1.5),
                 "warmup_steps": (-1, 2 ** 64, 0.5, "10", None, nan), "weight_decay": (nan, inf, "0", None, True),
                 "max_grad_norm": (nan, inf, None), "evaluation_steps": (-1, 2.5), "checkpoint_save_steps": (-1, 2 ** 65),
                 "gradient_accumulation_steps": (0, -1, 2 ** 64, 1.5), "seed": (-1, 2 ** 64, 1.5, True),
                 "threads": (2 ** 32 + 1, -1, 1.5), "use_amp": ("no", 2), "save_best_model": (None, "x"),
                 "resume": ("yes", 3), "no_dropout": (None,), "keep_head": (2,), "scheduler": (3,),
                 "checkpoint_save_total_limit": (-1, 2)}
        for name, values in wrong.items():
            for value in values:
                with self.subTest(name, value=value), \
                        self.assertRaisesRegex((TypeError, ValueError, NotImplementedError), name):
                    self.model.fit([(loader, loss)], **{name: value})
        for key in ("lr", "eps"):
            for value in (nan, inf, -1.0, "1e-5"):
                with self.subTest(key, value=value), self.assertRaises((TypeError, ValueError)):
                    self.model.fit([(loader, loss)], optimizer_params={key: value})
        np.testing.assert_array_equal(self.model.encode("水"), self.before)
        self.model.fit([(loader, loss)], warmup_steps=1.0, epochs=np.int32(1), show_progress_bar=False)


if __name__ == "__main__":
    unittest.main()
