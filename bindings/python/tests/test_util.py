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


if __name__ == "__main__":
    unittest.main()
