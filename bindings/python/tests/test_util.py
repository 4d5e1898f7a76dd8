"""Search, mining, clustering and similarities against the references."""
import unittest

from support import TINY, np, read_json, read_safetensors
from sbertja import SimilarityFunction, util


class References(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vectors = read_safetensors(TINY / "embeddings.safetensors")["mean"]
        cls.expected = read_json(TINY / "utilities.json")

    def check_search(self, found):
        for hits, expected in zip(found, self.expected["semantic_search"], strict=True):
            self.assertEqual([hit["corpus_id"] for hit in hits], [hit["corpus_id"] for hit in expected])
            np.testing.assert_allclose([hit["score"] for hit in hits], [hit["score"] for hit in expected], atol=1e-6)

    def test_semantic_search(self):
        self.check_search(util.semantic_search(self.vectors[:6], self.vectors[6:], top_k=5))

    def test_semantic_search_in_nothing(self):
        self.assertEqual(util.semantic_search(self.vectors[:2], self.vectors[:0]), [[], []])
        with self.assertRaisesRegex(ValueError, "top_k"):
            util.semantic_search(self.vectors[:2], self.vectors, top_k=0)

    def test_semantic_search_in_chunks(self):
        self.check_search(util.semantic_search(self.vectors[:6], self.vectors[6:], top_k=5, query_chunk_size=4,
                                               corpus_chunk_size=7))

    def test_paraphrase_mining(self):
        expected = self.expected["paraphrase_mining"]
        for chunks in ((5000, 100000), (10, 13)):
            with self.subTest(chunks):
                found = util.paraphrase_mining_embeddings(self.vectors, *chunks, top_k=5)[:len(expected)]
                self.assertEqual([pair[1:] for pair in found], [pair[1:] for pair in expected])
                np.testing.assert_allclose([pair[0] for pair in found], [pair[0] for pair in expected], atol=1e-6)

    def test_paraphrase_mining_gives_no_more_than_asked(self):
        few = util.paraphrase_mining_embeddings(self.vectors, query_chunk_size=10, max_pairs=7, top_k=5)
        self.assertEqual([pair[1:] for pair in few], [pair[1:] for pair in self.expected["paraphrase_mining"][:7]])

    def test_community_detection(self):
        for batch_size in (1024, 10):
            with self.subTest(batch_size):
                found = util.community_detection(self.vectors, threshold=0.97, min_community_size=2,
                                                 batch_size=batch_size)
                self.assertEqual(found, self.expected["community_detection"])


class Similarities(unittest.TestCase):
    A = np.array([[1, 0], [3, 4]], np.float32)
    B = np.array([[0, 2], [3, 0], [0, 0]], np.float32)

    def test_all_with_all(self):
        for name, expected in (("cosine", [[0, 1, 0], [0.8, 0.6, 0]]), ("dot", [[0, 3, 0], [8, 9, 0]]),
                               ("euclidean", [[-5 ** 0.5, -2, -1], [-13 ** 0.5, -4, -5]]),
                               ("manhattan", [[-3, -2, -1], [-5, -4, -7]])):
            with self.subTest(name):
                found = SimilarityFunction.to_similarity_fn(name)(self.A, self.B)
                np.testing.assert_allclose(found, expected, atol=1e-6)
                self.assertEqual(found.dtype, np.float32)
                pairwise = SimilarityFunction.to_similarity_pairwise_fn(name)(self.A, self.B[:2])
                np.testing.assert_allclose(pairwise, np.diag(found), atol=1e-6)

    def test_single_vectors_and_lists(self):
        self.assertEqual(util.cos_sim([1, 0], [0, 1]).shape, (1, 1))
        self.assertEqual(util.pytorch_cos_sim([self.A[0], self.A[1]], self.B).shape, (2, 3))

    def test_many_candidates_take_the_same_order_as_few(self):
        scores = np.random.default_rng(1).integers(0, 50, (5, 400)).astype(np.float32)
        self.assertTrue(np.array_equal(np.take_along_axis(scores, util.top_indices(scores, 9), 1),
                                       -np.sort(-scores, axis=1)[:, :9]))


class Kinds(unittest.TestCase):
    """Vectors of every kind of number and layout; what is no array of numbers."""

    FUNCTIONS = (util.cos_sim, util.dot_score, util.euclidean_sim, util.manhattan_sim)
    A = np.array([[1, -2, 2], [3, 4, 0], [0, 1, 5]], np.float32)
    B = np.array([[2, 0, 1], [-1, 3, 2]], np.float32)

    def layouts(self, array):
        yield "float64", array.astype(np.float64)
        yield "float16", array.astype(np.float16)
        yield "longdouble", array.astype(np.longdouble)
        yield "big-endian", array.astype(">f4")
        yield "integers", array.astype(np.int8)
        yield "Fortran order", np.asfortranarray(array)
        yield "strided", np.repeat(array, 2, axis=1)[:, ::2]
        yield "negative strides", np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
        yield "objects", array.astype(object)
        yield "lists", array.tolist()
        yield "rows", list(array)
        readonly = array.copy()
        readonly.flags.writeable = False
        yield "read-only", readonly

    def test_layouts(self):
        for function in self.FUNCTIONS:
            expected = function(self.A, self.B)
            for name, array in self.layouts(self.A):
                with self.subTest(function.__name__, layout=name):
                    found = function(array, self.B)
                    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
                    self.assertTrue(found.dtype.isnative)

    def test_halves_do_not_overflow(self):
        large = np.full((1, 100), 300, np.float16)
        self.assertAlmostEqual(float(util.cos_sim(large, large)[0, 0]), 1, places=5)
        self.assertEqual(float(util.dot_score(large, large)[0, 0]), 9e6)

    def test_refused(self):
        pairwise = (util.pairwise_cos_sim, util.pairwise_dot_score, util.pairwise_euclidean_sim,
                    util.pairwise_manhattan_sim)
        for function in (*self.FUNCTIONS, *pairwise):
            for name, value in (("texts", ["水", "火"]), ("one text", "水"), ("None", None), ("dict", {"a": [1]}),
                                ("set", {1.0}),
                                ("missing", [[1, None, 2]]), ("numbers as texts", np.array([["1", "2", "3"]])),
                                ("complex", self.A * 1j), ("dates", np.array([["2020-01-01"]], "M8[D]"))):
                with self.subTest(function.__name__, given=name), self.assertRaisesRegex(TypeError, "expected numbers"):
                    function(value, self.B)
            with self.assertRaisesRegex(ValueError, "one or two dimensions"):
                function(self.A[None], self.B)
            with self.assertRaisesRegex(ValueError, "width|row by row"):
                function(self.A[:2, :2], self.B)
        for function in pairwise:
            with self.assertRaisesRegex(ValueError, "row by row"):
                function(self.A, self.B)

    def test_nan(self):
        wrong = self.A.copy()
        wrong[1, 1] = np.nan
        self.assertEqual(np.isnan(util.cos_sim(wrong, self.B)).sum(), 2, "only its own row")
        for call in (lambda: util.semantic_search(self.A, wrong), lambda: util.semantic_search(wrong, self.A),
                     lambda: util.paraphrase_mining_embeddings(wrong),
                     lambda: util.community_detection(wrong, min_community_size=1),
                     lambda: util.semantic_search(self.A, self.A * np.inf)):
            with self.assertRaisesRegex(ValueError, "NaN"), np.errstate(invalid="ignore"):
                call()

    def test_numbers(self):
        nan = float("nan")
        for function, kwargs in (
                (util.semantic_search, {"top_k": 0}), (util.semantic_search, {"top_k": 1.5}),
                (util.semantic_search, {"top_k": True}), (util.semantic_search, {"top_k": 2 ** 64}),
                (util.semantic_search, {"query_chunk_size": 0}), (util.semantic_search, {"corpus_chunk_size": -1}),
                (util.paraphrase_mining_embeddings, {"max_pairs": 0}), (util.paraphrase_mining_embeddings, {"top_k": "3"}),
                (util.community_detection, {"threshold": nan}), (util.community_detection, {"threshold": "0.5"}),
                (util.community_detection, {"threshold": True}), (util.community_detection, {"min_community_size": 0}),
                (util.community_detection, {"batch_size": 0})):
            arguments = (self.A, self.A) if function is util.semantic_search else (self.A,)
            with self.subTest(function.__name__, **kwargs), self.assertRaisesRegex((ValueError, TypeError), [*kwargs][0]):
                function(*arguments, **kwargs)

    def test_nothing(self):
        empty = np.empty((0, 3), np.float32)
        for function in self.FUNCTIONS:
            self.assertEqual(function(empty, self.B).shape, (0, 2))
            self.assertEqual(function(self.B, empty).shape, (2, 0))
        self.assertEqual(util.semantic_search(empty, self.B), [])


if __name__ == "__main__":
    unittest.main()
