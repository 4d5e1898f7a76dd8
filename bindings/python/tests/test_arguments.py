"""What functions take: containers of texts, integers that C cannot hold, texts that C would cut, arguments without meaning."""
import collections
import ctypes
import decimal
import fractions
import unittest

from support import TINY, needs_library, np, sbertja, tiny_model
from sbertja import _arguments, _native, evaluation, util


class Text(str):
    """A subclass of str."""


class Frame:
    """As a pandas DataFrame: two dimensions, and an iterator over the columns' names."""

    shape, ndim, columns = (3, 2), 2, ["text", "label"]

    def __iter__(self):
        return iter(self.columns)

    def __len__(self):
        return 3


class Table:
    """As a table of pyarrow or polars: no dimensions, but columns."""

    column_names = ["text"]

    def __iter__(self):
        return iter(self.column_names)


class Series:
    """As a pandas Series: one dimension, keys of its own, an iterator over the values."""

    shape, ndim = (2,), 1

    def __iter__(self):
        return iter(["水", "火"])

    def __getitem__(self, key):
        raise KeyError(key)

    def __len__(self):
        return 2


class Computed:
    """A sequence that never raises IndexError."""

    def __getitem__(self, index):
        return "水火"[index % 2]

    def __len__(self):
        return 2


def refused():
    """(name, value, what the message says): what iterates over something else than texts, and what holds other things."""
    pair = ["水", "火"]
    return [
        ("DataFrame", Frame(), r"a Frame of shape \(3, 2\).*df\[\"text\"\]\.tolist\(\)"),
        ("table", Table(), r"Table.*df\[\"text\"\]\.tolist\(\)"),
        ("dict", {"a": "水"}, r"dict.*list\(d\.values\(\)\)"),
        ("OrderedDict", collections.OrderedDict(a="水"), r"OrderedDict.*keys"),
        ("UserDict", collections.UserDict(a="水"), "UserDict.*keys"),
        ("empty dict", {}, "dict"),
        ("keys", {"a": "水"}.keys(), "no order"),
        ("set", {"水", "火"}, "set.*no order"),
        ("frozenset", frozenset(pair), "frozenset"),
        ("two dimensions", np.array([pair, pair]), r"ndarray of shape \(2, 2\).*one column"),
        ("two dimensions, no rows", np.empty((0, 2), str), r"\(0, 2\)"),
        ("no dimension", np.array("水"), "no dimension"),
        ("bytes", "水".encode(), "bytes.*decoded"),
        ("bytearray", bytearray(b"a"), "bytearray"),
        ("None", None, "None, expected a list"),
        ("int", 3, "int 3, expected a list"),
        ("float", float("nan"), "float nan"),
        ("bool", True, "True, expected"),
        ("object", object(), "object, expected a list"),
        ("nested list", [pair, pair], "text 0 is list.*flat"),
        ("tuples", [("水", "火")], "text 0 is tuple"),
        ("dicts", [{"text": "水"}], "text 0 is dict.*the text that it holds"),
        ("bytes inside", ["水", "火".encode()], "text 1 is bytes.*decode"),
        ("missing value", ["水", float("nan")], "text 1 is float nan.*missing"),
        ("None inside", ["水", None], "text 1 is None.*missing"),
        ("numbers", np.array([1.5, 2]), "text 0 is float64"),
        ("range", range(3), "text 0 is int 0"),
    ]


def accepted():
    pair = ["水", "火"]
    return [("list", pair), ("tuple", tuple(pair)), ("array", np.array(pair)), ("objects", np.array(pair, object)),
            ("strided", np.array(["水", "x", "火", "y"])[::2]), ("Series", Series()), ("subclass", [Text("水"), "火"]),
            ("numpy.str_", [np.str_("水"), np.str_("火")]), ("generator", (each for each in pair)), ("map", map(str, pair)),
            ("values", {1: "水", 2: "火"}.values()), ("deque", collections.deque(pair)), ("computed", Computed())]


class Texts(unittest.TestCase):
    def test_refused(self):
        for name, value, message in refused() + [("str", "水火", "put it in a list")]:
            with self.subTest(name), self.assertRaisesRegex(TypeError, "^here: .*" + message):
                _arguments.texts("here", value)

    def test_accepted(self):
        for name, value in accepted():
            with self.subTest(name):
                self.assertEqual(_arguments.texts("here", value), ["水", "火"])
        for nothing in ([], (), np.array([]), iter([])):
            self.assertEqual(_arguments.texts("here", nothing), [])

    def test_pandas(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not installed")
        frame = pandas.DataFrame({"text": ["水", "火"], "label": [0, 1]}, index=[7, 3])
        self.assertEqual(_arguments.texts("here", frame["text"]), ["水", "火"])
        self.assertEqual(_arguments.texts("here", frame["text"].astype("string")), ["水", "火"])
        self.assertEqual(_arguments.texts("here", frame["text"].astype("category")), ["水", "火"])
        for wrong in (frame, frame[["text"]], frame.iloc[:0], frame["label"], frame.set_index(["text", "label"]).index,
                      pandas.Series(["水", None]), pandas.Series(["水", None], dtype="string")):
            with self.assertRaises(TypeError):
                _arguments.texts("here", wrong)


@needs_library
class Everywhere(unittest.TestCase):
    """The same rule in each function that takes texts."""

    @classmethod
    def setUpClass(cls):
        cls.model = tiny_model()

    def functions(self):
        pair = ["水", "火"]
        return {"encode": self.model.encode, "encode_query": self.model.encode_query,
                "encode_document": self.model.encode_document, "tokenize": self.model.tokenize,
                "paraphrase_mining": lambda texts: util.paraphrase_mining(self.model, texts),
                "triplets": lambda texts: evaluation.TripletEvaluator(pair, texts, pair),
                "similarity": lambda texts: evaluation.EmbeddingSimilarityEvaluator(texts, pair, [0, 1]),
                "binary": lambda texts: evaluation.BinaryClassificationEvaluator(pair, texts, [0, 1]),
                "from_input_examples": lambda texts: evaluation.EmbeddingSimilarityEvaluator.from_input_examples(
                    [sbertja.InputExample(texts=texts, label=1)])}

    def test_a_str_is_no_list(self):
        for where, function in self.functions().items():
            if not where.startswith("encode"):
                with self.subTest(where), self.assertRaisesRegex(TypeError, "put it in a list"):
                    function("水火")

    def test_containers_of_other_things(self):
        pair, kinds = ["水", "火"], (ValueError, TypeError)
        for wrong in ({"水": 1, "火": 0}, {1, 0}, "10", np.array([[1, 0]]), None, ["1", "0"], [None, 1], [[1], [0]]):
            with self.subTest(wrong):
                with self.assertRaises(kinds):
                    evaluation.EmbeddingSimilarityEvaluator(pair, pair, wrong)
                with self.assertRaises(kinds):
                    evaluation.BinaryClassificationEvaluator(pair, pair, wrong)
        for wrong in (pair, Frame(), None, {"a": 3}, {"a": ["水"]}):
            with self.subTest(wrong):
                with self.assertRaisesRegex(TypeError, "queries"):
                    evaluation.InformationRetrievalEvaluator(wrong, {"d": "水"}, {"q": {"d"}})
                with self.assertRaisesRegex(TypeError, "corpus"):
                    evaluation.InformationRetrievalEvaluator({"q": "水"}, wrong, {"q": {"d"}})
        for wrong in ({"q": {"d": 1}}, {"q": 3}, {"q": "d"}):
            with self.assertRaises(ValueError):
                evaluation.InformationRetrievalEvaluator({"q": "水"}, {"d": "水"}, wrong)
        for wrong in ("ab", Frame(), ["水"], [{"texts": pair}], {1: 2}, 3):
            with self.subTest(wrong), self.assertRaises(TypeError):
                evaluation.TripletEvaluator.from_input_examples(wrong)
        with self.assertRaisesRegex(ValueError, "example 0 has 2 texts, expected 3"):
            evaluation.TripletEvaluator.from_input_examples([sbertja.InputExample(texts=pair)])

    def test_refused(self):
        for where, function in self.functions().items():
            for name, value, message in refused():
                with self.subTest(where, given=name), self.assertRaisesRegex(TypeError, message):
                    function(value)

    def test_accepted(self):
        expected = self.model.encode(["水", "火"])
        for name, value in accepted():
            with self.subTest(name):
                np.testing.assert_array_equal(self.model.encode(value), expected)
        for single in ("水", Text("水"), np.str_("水")):
            np.testing.assert_array_equal(self.model.encode(single), self.model.encode("水"))


@needs_library
class Encode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = tiny_model(prompts={"query": "質問:"})

    def test_the_second_argument_is_the_name_of_a_prompt(self):
        np.testing.assert_array_equal(self.model.encode("水", "query"), self.model.encode("質問:水"))
        np.testing.assert_array_equal(self.model.encode(["水"], None, "質問:"), self.model.encode(["質問:水"]))
        for encode in (self.model.encode, self.model.encode_query, self.model.encode_document):
            for value in (32, True, np.int64(8), 1.5, ["query"]):
                with self.subTest(value), self.assertRaisesRegex(TypeError, "prompt_name is .*batch_size="):
                    encode(["水"], value)
            np.testing.assert_array_equal(encode("水", "query"), self.model.encode("質問:水"))
            self.assertEqual(len(encode(["水"], None, "質問:", 8, False, "token_embeddings")), 1)

    def test_prompts_that_are_none(self):
        for prompts in (["ab"], "ab", 3, {"query": 3}, {1: "x"}):
            with self.subTest(prompts), self.assertRaisesRegex(TypeError, "prompts"):
                tiny_model(prompts=prompts)

    def test_the_order_of_arguments(self):
        """That of sentence-transformers 2.4 to 6.2."""
        found = self.model.encode(["水"], None, None, 8, False, "sentence_embedding", "float32", False, False, None, True)
        self.assertIsInstance(found, list)
        self.assertAlmostEqual(float(np.linalg.norm(found[0])), 1, places=5)

    def test_refused(self):
        for kwargs, kind in (
                ({"precision": "int8"}, NotImplementedError), ({"num_workers": 2}, NotImplementedError),
                ({"device": "cuda"}, NotImplementedError), ({"pool": {}}, NotImplementedError),
                ({"chunk_size": 10}, NotImplementedError), ({"convert_to_tensor": True}, TypeError),
                ({"prompt": 3}, TypeError), ({"batch_size": 0}, ValueError), ({"batch_size": "8"}, TypeError),
                ({"normalize_embeddings": "no"}, TypeError), ({"convert_to_numpy": None}, TypeError)):
            with self.subTest(kwargs), self.assertRaisesRegex(kind, next(iter(kwargs))):
                self.model.encode("水", **kwargs)

    def test_defaults_and_what_changes_nothing(self):
        expected = self.model.encode(["水", "火"])
        for kwargs in ({"precision": "float32"}, {"num_workers": 0}, {"device": "cpu"}, {"pool": None}, {"batch_size": 1},
                       {"show_progress_bar": True}, {"convert_to_tensor": False}):
            with self.subTest(kwargs):
                np.testing.assert_array_equal(self.model.encode(["水", "火"], **kwargs), expected)


class Numbers(unittest.TestCase):
    def test_integers(self):
        for value in (7, np.int8(7), np.uint64(7), np.array(7)):
            self.assertEqual(_arguments.integer("n", value), 7)
        for value in (True, np.True_, 3.0, 3.7, "10", None, [1], 1j, decimal.Decimal(3), np.float32(2), np.array([3])):
            with self.subTest(value), self.assertRaisesRegex(TypeError, "^n: .*expected an integer"):
                _arguments.integer("n", value)
        for value, message in ((-1, "n: -1, expected 0 or more"), (2 ** 64, f"expected {2 ** 64 - 1} or less"),
                               (10 ** 9000, "many digits"), (-10 ** 9000, "many digits")):
            with self.assertRaisesRegex(ValueError, message):
                _arguments.integer("n", value)

    def test_floats(self):
        for value in (1, 1.0, np.float16(1), np.int32(1), decimal.Decimal(1), fractions.Fraction(1), np.array(1.0)):
            self.assertEqual(_arguments.number("x", value), 1.0)
        for value in (True, "1", b"1", None, 1j, [1.0], np.array([1.0])):
            with self.subTest(value), self.assertRaisesRegex(TypeError, "^x: .*expected a number"):
                _arguments.number("x", value)
        for value in (float("nan"), float("inf"), -float("inf"), np.float32("nan"), 10 ** 400, decimal.Decimal("nan")):
            with self.assertRaisesRegex(ValueError, "^x: .*expected a finite number"):
                _arguments.number("x", value)

    def test_flags(self):
        self.assertEqual([_arguments.flag("f", value) for value in (True, np.False_, 1, 0)], [True, False, True, False])
        for value in ("no", None, 2, 1.0, [], np.array([True])):
            with self.subTest(value), self.assertRaisesRegex(TypeError, "f: .*expected True or False"):
                _arguments.flag("f", value)


@needs_library
class Structs(unittest.TestCase):
    """Every field of every struct, by its kind: none wraps, none is cut."""

    def test_every_field(self):
        wrong = {ctypes.c_size_t: (-1, 2 ** 64, 2 ** 64 + 3, True, 3.7, "10"),
                 ctypes.c_uint64: (-1, 2 ** 64, True, 3.7, "10"),
                 ctypes.c_int: (2 ** 31, 2 ** 32 + 3, -2 ** 31 - 1, 2.0, "10"),
                 ctypes.c_double: (float("nan"), float("inf"), "10", True), ctypes.c_char_p: (b"a\0b",)}
        tried = 0
        for struct in _native.STRUCTS:
            for field, kind in struct._fields_:
                for value in wrong.get(kind, ()):
                    with self.subTest(struct.__name__, field=field, value=value):
                        with self.assertRaisesRegex((TypeError, ValueError), f"^{field}: "):
                            _native.make(struct, **{field: value})
                        tried += 1
        self.assertGreater(tried, 200)

    def test_what_fits_arrives(self):
        options = _native.make(_native.FitOptions, epochs=np.int64(3), seed=2 ** 64 - 1, threads=2 ** 31 - 1)
        self.assertEqual((options.epochs, options.seed, options.threads), (3, 2 ** 64 - 1, 2 ** 31 - 1))

    def test_the_name_in_messages(self):
        with self.assertRaisesRegex(ValueError, "^optimizer_params: lr: nan"):
            _native.make(_native.FitOptions, {"learning_rate": "optimizer_params: lr"}, learning_rate=float("nan"))


@needs_library
class Constructor(unittest.TestCase):
    def test_numbers(self):
        for kwargs in ({"threads": 2 ** 32 + 1}, {"threads": -1}, {"seed": -1}, {"seed": 2 ** 64}):
            with self.subTest(kwargs), self.assertRaisesRegex(ValueError, next(iter(kwargs))):
                tiny_model(**kwargs)
        for kwargs in ({"threads": 1.0}, {"threads": True}, {"seed": "1"}):
            with self.subTest(kwargs), self.assertRaisesRegex(TypeError, next(iter(kwargs))):
                tiny_model(**kwargs)

    def test_no_paths(self):
        model = tiny_model()
        for path, kind in (("", ValueError), (b"", ValueError), (None, TypeError), (3, TypeError), (["x"], TypeError)):
            with self.subTest(path), self.assertRaisesRegex(kind, "save: path"):
                model.save(path)
        for kwargs in ({"dictionary": ""}, {"dictionary": 3}, {"cache_folder": ""}, {"cache_folder": {}}):
            with self.subTest(kwargs), self.assertRaisesRegex((ValueError, TypeError), next(iter(kwargs))):
                tiny_model(**kwargs)
        loader = sbertja.DataLoader([sbertja.InputExample(texts=["水"])])
        for kwargs in ({"output_path": ""}, {"checkpoint_path": ""}, {"output_path": 3}, {"checkpoint_path": "a\0b"}):
            with self.subTest(kwargs), self.assertRaisesRegex((ValueError, TypeError), next(iter(kwargs))):
                model.fit([(loader, sbertja.losses.BatchAllTripletLoss(model))], **kwargs)

    def test_the_longest_input_of_a_tokenizer(self):
        for value in (0, 2, -1, 2 ** 64, 8.0, "8", True):
            with self.subTest(value), self.assertRaisesRegex((ValueError, TypeError), "max_seq_length"):
                sbertja.Tokenizer(TINY / "bert", max_seq_length=value)

    def test_paths_with_a_nul(self):
        with self.assertRaises(FileNotFoundError):
            sbertja.SentenceTransformer("a\0b")
        with self.assertRaisesRegex(ValueError, "NUL"):
            tiny_model().save("a\0b")


if __name__ == "__main__":
    unittest.main()
