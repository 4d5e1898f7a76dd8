"""Evaluators against the references, on a stub that hands out the reference's vectors."""
import csv
import os
import tempfile
import unittest

from support import TINY, np, read_json, read_safetensors
from sbertja import InputExample, evaluation
from sbertja.evaluation.base import score_of
from sbertja.evaluation.binary import threshold_metrics
from sbertja.evaluation.similarity import pearson, ranks


class Stub:
    """A model whose sentences are "s0", "s1", ...: the rows of the reference's vectors."""

    def __init__(self):
        self.vectors = read_safetensors(TINY / "embeddings.safetensors")["mean"]

    def encode(self, sentences, **_):
        return self.vectors[[int(sentence[1:]) for sentence in sentences]]


NAMES = [f"s{i}" for i in range(96)]
FIRST, SECOND, THIRD = NAMES[:32], NAMES[32:64], NAMES[64:]


def triplets(**kwargs):
    return evaluation.TripletEvaluator(FIRST, SECOND, THIRD, **kwargs)


def similarity(**kwargs):
    return evaluation.EmbeddingSimilarityEvaluator(FIRST, SECOND, [i * 7 % 11 / 10 for i in range(32)], **kwargs)


def binary(**kwargs):
    return evaluation.BinaryClassificationEvaluator(FIRST, SECOND, [int(i * 5 % 3 == 0) for i in range(32)], **kwargs)


def retrieval(**kwargs):
    return evaluation.InformationRetrievalEvaluator(
        {f"q{i}": NAMES[i] for i in range(6)}, {f"d{i}": NAMES[i] for i in range(6, 96)},
        {f"q{i}": {f"d{6 + 3 * i}", f"d{7 + 3 * i}"} for i in range(6)}, **kwargs)


MAKERS = {"triplet": triplets, "similarity": similarity, "binary": binary, "retrieval": retrieval}


class Refusals(unittest.TestCase):
    def test_nothing_to_measure_by(self):
        for what, make in {"triplet": lambda: evaluation.TripletEvaluator([], [], []),
                           "binary": lambda: evaluation.BinaryClassificationEvaluator([], [], []),
                           "retrieval": lambda: evaluation.InformationRetrievalEvaluator({}, {}, {}),
                           "sequential": lambda: evaluation.SequentialEvaluator([])}.items():
            with self.subTest(what), self.assertRaises(ValueError):
                make()

    def test_scores_that_are_no_numbers(self):
        with self.assertRaisesRegex(ValueError, "score 1 is nan"):
            evaluation.EmbeddingSimilarityEvaluator(FIRST[:2], SECOND[:2], [0.5, float("nan")])

    def test_documents_that_are_not_there(self):
        with self.assertRaisesRegex(ValueError, "'zz' is not in the corpus"):
            evaluation.InformationRetrievalEvaluator({"q": "s1"}, {"d": "s2"}, {"q": {"zz"}})
        with self.assertRaisesRegex(ValueError, "no set of ids"):
            evaluation.InformationRetrievalEvaluator({"q": "s1"}, {"d": "s2"}, {"q": "d"})


class References(unittest.TestCase):
    PRIMARY = {"triplet": "cosine_accuracy", "similarity": "spearman_cosine", "binary": "cosine_ap",
               "retrieval": "cosine_ndcg@10"}

    def test_values_and_keys(self):
        references = read_json(TINY / "utilities.json")["evaluators"]
        for name, make in MAKERS.items():
            with self.subTest(name):
                evaluator = make()
                score = evaluator(Stub())
                self.assertIsInstance(score, float)
                self.assertEqual(set(evaluator.metrics), set(references[name]))
                for key, value in references[name].items():
                    self.assertAlmostEqual(evaluator.metrics[key], value, delta=1e-6, msg=key)
                self.assertEqual(evaluator.primary_metric, self.PRIMARY[name])
                self.assertEqual(score, evaluator.metrics[evaluator.primary_metric])

    def test_corpus_in_chunks(self):
        whole, parts = retrieval(), retrieval(corpus_chunk_size=7)
        whole(Stub()), parts(Stub())
        self.assertEqual(whole.metrics, parts.metrics)

    def test_names_and_csv(self):
        with tempfile.TemporaryDirectory() as folder:
            for make in MAKERS.values():
                evaluator = make(name="dev")
                evaluator(Stub(), output_path=folder, epoch=0, steps=10)
                evaluator(Stub(), output_path=folder, epoch=1, steps=-1)
                self.assertTrue(all(key.startswith("dev_") for key in evaluator.metrics))
            self.assertEqual(sorted(os.listdir(folder)), [
                "Information-Retrieval_evaluation_dev_results.csv", "binary_classification_evaluation_dev_results.csv",
                "similarity_evaluation_dev_results.csv", "triplet_evaluation_dev_results.csv"])
            with open(os.path.join(folder, "triplet_evaluation_dev_results.csv"), encoding="utf-8") as file:
                self.assertEqual(list(csv.reader(file)), [["epoch", "steps", "cosine_accuracy"],
                                                          ["0", "10", "0.4375"], ["1", "-1", "0.4375"]])

    def test_several_similarities(self):
        functions = ["cosine", "euclidean", "manhattan", "dot"]
        for make, maximum, one in ((triplets, "max_accuracy", "{}_accuracy"),
                                   (similarity, "spearman_max", "spearman_{}"), (binary, "max_ap", "{}_ap")):
            with self.subTest(maximum):
                evaluator = make(similarity_fn_names=functions)
                score = evaluator(Stub())
                self.assertEqual(evaluator.primary_metric, maximum)
                self.assertEqual(score, max(evaluator.metrics[one.format(name)] for name in functions))

    def test_thresholds_of_distances_are_distances(self):
        evaluator = binary(similarity_fn_names=["euclidean"])
        evaluator(Stub())
        self.assertGreater(evaluator.metrics["euclidean_accuracy_threshold"], 0)

    def test_main_similarity(self):
        evaluator = triplets(main_distance_function=evaluation.SimilarityFunction.MANHATTAN)
        evaluator(Stub())
        self.assertEqual(list(evaluator.metrics), ["manhattan_accuracy"])


class Others(unittest.TestCase):
    def test_from_input_examples(self):
        triples = [InputExample(texts=list(texts)) for texts in zip(FIRST, SECOND, THIRD)]
        self.assertEqual(evaluation.TripletEvaluator.from_input_examples(triples)(Stub()), 0.4375)
        pairs = [InputExample(texts=list(texts), label=i % 2) for i, texts in enumerate(zip(FIRST, SECOND))]
        for kind in (evaluation.EmbeddingSimilarityEvaluator, evaluation.BinaryClassificationEvaluator):
            self.assertIsInstance(kind.from_input_examples(pairs)(Stub()), float)

    def test_sequence(self):
        parts = [make() for make in MAKERS.values()]
        self.assertEqual(evaluation.SequentialEvaluator(parts)(Stub()), parts[-1](Stub()))
        mean = evaluation.SequentialEvaluator(parts[:2], main_score_function=lambda scores: sum(scores) / len(scores))
        self.assertAlmostEqual(mean(Stub()), (parts[0](Stub()) + parts[1](Stub())) / 2)
        self.assertIn("cosine_accuracy", mean.metrics)

    def test_score_of_a_dict(self):
        evaluator = type("Own", (), {"primary_metric": "b"})()
        self.assertEqual(score_of(evaluator, {"a": 1, "b": 2}), 2.0)
        with self.assertRaisesRegex(ValueError, "primary_metric 'b'"):
            score_of(evaluator, {"a": 1})

    def test_faults(self):
        for message, make in (
                ("anchors has 2, positives has 1", lambda: evaluation.TripletEvaluator(["a", "b"], ["a"], ["a", "b"])),
                ("scores has 1", lambda: evaluation.EmbeddingSimilarityEvaluator(["a", "b"], ["a", "b"], [1])),
                ("label 1 is 2", lambda: evaluation.BinaryClassificationEvaluator(["a", "b"], ["a", "b"], [1, 2])),
                ("margin for cosin", lambda: evaluation.TripletEvaluator(["a"], ["a"], ["a"], margin={"cosin": 1}))):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                make()

    def test_thresholds(self):
        for name, scores, labels, key, expected in (
                ("apart", [3, 2, 1, 0], [1, 1, 0, 0], "accuracy_threshold", 1.5),
                ("ties are not parted", [1, 1, 1, 0], [1, 0, 0, 0], "accuracy", 0.75),
                ("all together", [2, 1], [1, 1], "f1_threshold", 1),
                ("none", [2, 1], [0, 0], "f1", 0),
                ("perfect", [3, 2, 1, 0], [1, 1, 0, 0], "mcc", 1),
                ("average precision", [4, 3, 2, 1], [1, 0, 1, 0], "ap", (1 + 2 / 3) / 2)):
            with self.subTest(name):
                found = threshold_metrics(np.array(scores, np.float32), np.array(labels) == 1)
                self.assertAlmostEqual(float(found[key]), expected, places=6)

    def test_correlations(self):
        self.assertEqual(ranks([10, 30, 20, 30]).tolist(), [1, 3.5, 2, 3.5])
        self.assertAlmostEqual(pearson([1, 2, 3], [2, 4, 6]), 1)
        self.assertTrue(np.isnan(pearson([1, 1], [1, 2])))


if __name__ == "__main__":
    unittest.main()
