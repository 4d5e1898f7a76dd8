"""Training: a script for sentence-transformers as it stands, the references' arithmetic, callbacks, interrupts."""
import logging
import os
import signal
import tempfile
import threading
import unittest

from support import (TINY, needs_library, np, read_json, read_safetensors, relative_difference, report_rows,
                     tiny_model, tiny_sentences)
from sbertja import (DataLoader, InputExample, NoDuplicatesDataLoader, SentenceLabelDataset, SentencesDataset,
                     SentenceTransformer, build_info, evaluation, losses, models, training, util)
from sbertja.losses import BatchHardTripletLossDistanceFunction, TripletDistanceMetric


def labelled(count=8):
    return [InputExample(texts=[text], label=float(label)) for text, label in report_rows(count=count)]


def objective(model, count=8, batch_size=8, samples_per_label=2):
    loader = DataLoader(SentenceLabelDataset(labelled(count), samples_per_label), batch_size=batch_size)
    return loader, losses.BatchAllTripletLoss(model)


class Arguments(unittest.TestCase):
    def test_distance_functions(self):
        vectors = np.array([[3, 4], [0, 0]], np.float32)
        functions = BatchHardTripletLossDistanceFunction
        self.assertIs(functions.eucledian_distance, functions.euclidean_distance)
        np.testing.assert_allclose(functions.euclidean_distance(vectors), [[0, 5], [5, 0]])
        np.testing.assert_allclose(functions.euclidean_distance(vectors, squared=True), [[0, 25], [25, 0]])
        np.testing.assert_allclose(functions.cosine_distance(vectors), [[0, 1], [1, 1]], atol=1e-6)
        np.testing.assert_allclose(TripletDistanceMetric.MANHATTAN(vectors[:1], vectors[1:]), [7])

    def test_a_distance_of_another_kind_is_refused(self):
        with self.assertRaisesRegex(ValueError, "euclidean_distance.*cosine_distance"):
            losses.BatchAllTripletLoss(None, TripletDistanceMetric.MANHATTAN)
        with self.assertRaisesRegex(ValueError, "TripletDistanceMetric.EUCLIDEAN"):
            losses.TripletLoss(None, lambda x, y: 0)

    def test_labels(self):
        for label in (2, 2.0, np.float32(2), np.int64(2), True + 1):
            self.assertEqual(losses.BatchAllTripletLoss.check_label(label, 0), 2)
        for label in (0.5, float("nan"), float("inf"), "2", None, 2 ** 31, -2 ** 31 - 1, 2 ** 70):
            with self.subTest(label), self.assertRaisesRegex(ValueError, "example 7: the label .* is not an integer"):
                losses.BatchAllTripletLoss.check_label(label, 7)

    def test_scores(self):
        loss = losses.CoSENTLoss(None)
        for score in (0.5, 1, np.float32(0.25), -1, "0.5"):
            self.assertEqual(loss.check_label(score, 0), float(score))
        for score in (float("nan"), float("inf"), None, "x", [1, 2], 10 ** 400):
            with self.subTest(score), self.assertRaisesRegex(ValueError, "CoSENTLoss: example 7: the score .* finite"):
                loss.check_label(score, 7)

    def test_teachers(self):
        with self.assertRaisesRegex(ValueError, "'mse' or|'mse', 'cosine'"):
            losses.DistillationLoss(None, [4], metric="l1")
        with self.assertRaisesRegex(ValueError, "1 weights for 2 teachers"):
            losses.DistillationLoss(None, [4, 5], weights=[1])
        loss = losses.DistillationLoss(None, [np.zeros((3, 4))])
        loss.check_count(3)
        with self.assertRaisesRegex(ValueError, r"teacher 0 has the shape \(3, 4\), expected 5 rows"):
            loss.check_count(5)

    def test_losses_on_cosines_take_their_defaults_only(self):
        class MSELoss:  # torch's, by its name
            pass

        losses.CosineSimilarityLoss(None, MSELoss())
        with self.assertRaisesRegex(NotImplementedError, "only MSELoss"):
            losses.CosineSimilarityLoss(None, object())
        with self.assertRaisesRegex(NotImplementedError, "only Identity"):
            losses.CosineSimilarityLoss(None, None, object())
        with self.assertRaisesRegex(ValueError, "give one of pairwise_cos_sim"):
            losses.CoSENTLoss(None, 20.0, util.cos_sim)
        with self.assertRaisesRegex(ValueError, "give one of cos_sim"):
            losses.MultipleNegativesRankingLoss(None, 20.0, util.dot_score)

    def test_optimizer_params(self):
        found = training.optimizer_options({"lr": 1e-3, "betas": (0.8, 0.9), "correct_bias": False, "eps": 1e-7}, None)
        self.assertEqual(found, {"preset": b"st-0.4.1", "learning_rate": 1e-3, "beta1": 0.8, "beta2": 0.9,
                                 "epsilon": 1e-7})
        self.assertEqual(training.optimizer_options({"correct_bias": True}, "torch")["preset"], b"torch")
        defaults = {"amsgrad": False, "maximize": False, "foreach": None, "fused": None, "capturable": False}
        self.assertEqual(training.optimizer_options(defaults, None)["learning_rate"], None)
        for message, params, preset in (("momentum", {"momentum": 1}, None), ("amsgrad", {"amsgrad": True}, None),
                                        ("argument of fit", {"weight_decay": 0.1}, None),
                                        ("contradict", {"correct_bias": False}, "torch"),
                                        ("contradict", {"correct_bias": True}, "st-0.4.1"),
                                        ("betas: 1 numbers", {"betas": (0.9,)}, None)):
            with self.subTest(message), self.assertRaisesRegex((ValueError, NotImplementedError), message):
                training.optimizer_options(params, preset)
        for params in ([("lr", 1)], "lr", {"lr"}):
            with self.assertRaisesRegex(TypeError, "optimizer_params"):
                training.optimizer_options(params, None)

    def test_optimizer_and_checkpoints(self):
        class AdamW:
            pass

        class SGD:
            pass

        training.refuse_unused(AdamW, 0)
        training.refuse_unused(None, 1)
        for message, arguments in (("SGD", (SGD, 0)), ("checkpoint_save_total_limit", (None, 3))):
            with self.assertRaisesRegex(NotImplementedError, message):
                training.refuse_unused(*arguments)


@needs_library
class Script(unittest.TestCase):
    def test_as_written_for_sentence_transformers(self):
        from sbertja import DataLoader, InputExample, SentenceTransformer, losses, models
        from sbertja.datasets import SentenceLabelDataset, SentencesDataset  # noqa: F401
        from sbertja.evaluation import TripletEvaluator  # noqa: F401
        from sbertja.losses import TripletDistanceMetric, TripletLoss  # noqa: F401
        from sbertja.readers import TripletReader  # noqa: F401

        for column in ("text", "tokens"):
            with self.subTest(column), tempfile.TemporaryDirectory() as folder:
                rows = report_rows(column=column, count=16)
                out = os.path.join(folder, "out")
                transformer = models.Transformer(str(TINY / "bert"))
                pooling = models.Pooling(transformer.get_word_embedding_dimension(), pooling_mode_mean_tokens=True,
                                         pooling_mode_cls_token=False, pooling_mode_max_tokens=False)
                model = SentenceTransformer(modules=[transformer, pooling])
                before = model.encode(["文", "別の文"])
                train_example = SentenceLabelDataset(
                    [InputExample(texts=[t], label=float(y)) for t, y in rows], samples_per_label=16)
                train_dataloader = DataLoader(train_example, batch_size=32)
                train_loss = losses.BatchAllTripletLoss(model)
                model.fit(train_objectives=[(train_dataloader, train_loss)], epochs=3, warmup_steps=1)
                array = model.encode(["文", "別の文"])
                model.save(out)
                model2 = SentenceTransformer(out)
                self.assertFalse(np.array_equal(array, before), "trained")
                np.testing.assert_array_equal(model2.encode(["文", "別の文"]), array)

    def test_triplets_from_a_file(self):
        texts = [text for text, _ in report_rows(count=8)]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "t.tsv"), "w", encoding="utf-8") as file:
                for three in zip(texts[0::3], texts[1::3], texts[2::3]):
                    file.write("\t".join(three) + "\n")
            from sbertja.readers import TripletReader
            examples = TripletReader(folder).get_examples("t.tsv")
        for metric in (TripletDistanceMetric.EUCLIDEAN, TripletDistanceMetric.COSINE, TripletDistanceMetric.MANHATTAN):
            model = tiny_model()
            before = model.encode("水")
            loader = DataLoader(SentencesDataset(examples, model), shuffle=True, batch_size=4)
            loss = losses.TripletLoss(model, distance_metric=metric, triplet_margin=1)
            model.fit([(loader, loss)], warmup_steps=0, show_progress_bar=False)
            self.assertFalse(np.array_equal(model.encode("水"), before))


@needs_library
class Pairs(unittest.TestCase):
    """Losses on scored pairs and on anchors."""

    def setUp(self):
        texts = [text for text, _ in report_rows(count=12)]
        self.pairs = [InputExample(texts=[a, b], label=score / 17)
                      for score, (a, b) in enumerate(zip(texts[0::2], texts[1::2]))]

    def losses_of(self, make, examples, epochs=20, loader=DataLoader):
        """What a loss is before and after, by an evaluator of our own on the vectors."""
        model = tiny_model()
        before = model.encode([text for example in examples for text in example.texts])
        model.fit([(loader(examples, batch_size=6), make(model))], epochs=epochs, warmup_steps=0,
                  optimizer_params={"lr": 1e-3}, show_progress_bar=False)
        after = model.encode([text for example in examples for text in example.texts])
        return util.pairwise_cos_sim(before[0::2], before[1::2]), util.pairwise_cos_sim(after[0::2], after[1::2])

    def test_cosine_similarity(self):
        scores = np.array([example.label for example in self.pairs])
        before, after = self.losses_of(losses.CosineSimilarityLoss, self.pairs)
        self.assertLess(np.square(after - scores).mean(), 0.5 * np.square(before - scores).mean())

    def test_cosent(self):
        scores = np.array([example.label for example in self.pairs])
        before, after = self.losses_of(losses.CoSENTLoss, self.pairs)
        self.assertGreater(np.corrcoef(after, scores)[0, 1], np.corrcoef(before, scores)[0, 1] + 0.2)

    def test_ranking_without_duplicates(self):
        def own(vectors):
            return (util.cos_sim(vectors[0::2], vectors[1::2]).argmax(1) == range(len(self.pairs))).mean()

        model = tiny_model()
        texts = [text for example in self.pairs for text in example.texts]
        before = own(model.encode(texts))
        loader = NoDuplicatesDataLoader(self.pairs * 2, batch_size=9)
        model.fit([(loader, losses.MultipleNegativesRankingLoss(model))], epochs=15, warmup_steps=0,
                  optimizer_params={"lr": 1e-3}, show_progress_bar=False)
        self.assertGreater(own(model.encode(texts)), before)

    def test_products_in_bf16(self):
        found = []
        for use_amp in (False, True):
            model = tiny_model()
            with self.assertLogs("sbertja") as log:
                logging.getLogger("sbertja").info("fit")  # or else there may be nothing, which assertLogs takes for a fault
                model.fit([(DataLoader(self.pairs, batch_size=6), losses.CosineSimilarityLoss(model))], warmup_steps=0,
                          optimizer_params={"lr": 1e-3}, use_amp=use_amp, show_progress_bar=False)
            found.append((model.encode("水"), any("bf16" in line for line in log.output)))
        (plain, no_warning), (narrow, warning) = found
        self.assertFalse(no_warning)
        self.assertEqual(warning, np.array_equal(plain, narrow))

    def test_hard_negatives(self):
        model = tiny_model()
        before = model.encode("水")
        examples = [InputExample(texts=[*pair.texts, "石", "空"]) for pair in self.pairs]
        model.fit([(DataLoader(examples, 4, shuffle=True), losses.MultipleNegativesRankingLoss(model, scale=10))],
                  warmup_steps=0, show_progress_bar=False)
        self.assertFalse(np.array_equal(model.encode("水"), before))

    def test_refused(self):
        model = tiny_model()
        for message, examples, loss in (
                ("example 0 has 3 texts, CosineSimilarityLoss wants 2", [InputExample(texts=["水"] * 3)],
                 losses.CosineSimilarityLoss(model)),
                ("example 0 has 1 texts, MultipleNegativesRankingLoss wants 2 or more", [InputExample(texts=["水"])],
                 losses.MultipleNegativesRankingLoss(model)),
                ("the score nan", [InputExample(texts=["水", "火"], label=float("nan"))], losses.CoSENTLoss(model)),
                ("scale: expected a number above 0", self.pairs, losses.CoSENTLoss(model, scale=0))):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                model.fit([(DataLoader(examples, 2), loss)], show_progress_bar=False)


@needs_library
class Arithmetic(unittest.TestCase):
    """20 steps without dropout, rows in order: the references' batches."""

    def train(self, preset, steps):
        reference = read_json(TINY / f"train.{preset}.json")
        labels, texts = tiny_sentences()
        rows = [row for step in reference["trace"] for row in step["rows"]]
        model = tiny_model()
        loader = DataLoader([InputExample(texts=[texts[row]], label=labels[row]) for row in rows], batch_size=16)
        model.fit([(loader, losses.BatchAllTripletLoss(model))], warmup_steps=reference["warmup_steps"],
                  steps_per_epoch=steps, weight_decay=reference["weight_decay"], preset=preset,
                  optimizer_params={"lr": reference["lr"]}, show_progress_bar=False)
        return model.encode(texts)

    def test_torch(self):
        found = self.train("torch", 20)
        expected = read_safetensors(TINY / "train.torch.safetensors")["embeddings"]
        found, expected = found - found.mean(0), expected - expected.mean(0)
        self.assertLess(relative_difference(found, expected), 1e-4)

    def test_old_preset_differs(self):
        self.assertGreater(np.abs(self.train("torch", 20) - self.train("st-0.4.1", 20)).max(), 1e-3)


@needs_library
class Callbacks(unittest.TestCase):
    def test_evaluator_callback_and_output(self):
        model = tiny_model()
        seen, scores = [], []

        def evaluator(current, output_path=None, epoch=-1, steps=-1):
            self.assertIs(current, model)
            with open(os.path.join(output_path, "log.csv"), "a", encoding="utf-8") as file:
                file.write(f"{epoch},{steps}\n")
            seen.append(current.encode("水"))
            return -len(seen)  # the first is the best

        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            model.fit([objective(model)], evaluator, epochs=3, warmup_steps=0, output_path=out,
                      callback=lambda *arguments: scores.append(arguments))
            self.assertEqual(scores, [(-1.0, 0, -1), (-2.0, 1, -1), (-3.0, 2, -1)])
            np.testing.assert_array_equal(SentenceTransformer(out, device="cpu").encode("水"), seen[0])
            with open(os.path.join(out, "eval", "log.csv"), encoding="utf-8") as file:
                self.assertEqual(file.read(), "0,-1\n1,-1\n2,-1\n")
        self.assertFalse(np.array_equal(seen[0], seen[1]))
        np.testing.assert_array_equal(model.encode("水"), seen[2])

    def test_steps_are_updates(self):
        model, seen = tiny_model(), []

        def evaluator(current, output_path=None, epoch=-1, steps=-1):
            seen.append(steps)
            return 0

        model.fit([objective(model)], evaluator, steps_per_epoch=2, evaluation_steps=1, warmup_steps=0,
                  gradient_accumulation_steps=3, show_progress_bar=False)
        self.assertEqual(seen, [1, 2, -1])

    def test_an_exception_in_the_evaluator_passes(self):
        model = tiny_model()
        before = model.encode("水")

        def evaluator(*_arguments, **_more):
            raise LookupError("mine")

        with self.assertRaisesRegex(LookupError, "mine"):
            model.fit([objective(model)], evaluator, epochs=5, warmup_steps=0)
        self.assertFalse(np.array_equal(model.encode("水"), before), "kept as it then was")

    def test_interrupt(self):
        model = tiny_model()
        before = model.encode("水")
        loader_and_loss = objective(model, count=160)
        old = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
        self.addCleanup(signal.signal, signal.SIGINT, old)
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            model.fit([loader_and_loss], epochs=100000, warmup_steps=0)
        self.assertFalse(np.array_equal(model.encode("水"), before))

    def test_same_seed_same_bits(self):
        def vector(seed):
            model = tiny_model()
            model.fit([objective(model)], epochs=2, warmup_steps=0, seed=seed)
            return model.encode("水").tolist()

        self.assertEqual(vector(1), vector(1))
        self.assertNotEqual(vector(1), vector(2))

    def test_resume(self):
        def vector(epochs, checkpoint, resume=False):
            model = tiny_model()
            model.fit([objective(model)], epochs=epochs, warmup_steps=0, scheduler="constantlr",
                      checkpoint_path=checkpoint, checkpoint_save_steps=1, resume=resume)
            return model.encode("水").tolist()

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "checkpoint")
            whole = vector(3, None)
            model = tiny_model()

            def stop_after_two(*arguments, epoch, **_more):
                if epoch == 1:
                    raise InterruptedError
                return 0

            with self.assertRaises(InterruptedError):
                model.fit([objective(model)], stop_after_two, epochs=3, warmup_steps=0, scheduler="constantlr",
                          checkpoint_path=path, checkpoint_save_steps=1)
            self.assertEqual(vector(3, path, resume=True), whole)

    def test_resume_in_another_environment(self):
        def fit(model, folder, **resume):
            model.fit([objective(model)], warmup_steps=0, checkpoint_path=os.path.join(folder, "checkpoint"), **resume)

        with tempfile.TemporaryDirectory() as folder:
            fit(tiny_model(), folder)
            path = os.path.join(folder, "checkpoint", "checkpoint.json")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(f'"{build_info()["version"]}"', '"0.0.1"'))
            with self.assertRaisesRegex(ValueError, 'version: "0.0.1", here'):
                fit(tiny_model(), folder, resume=True)
            with self.assertLogs("sbertja", logging.WARNING) as log:
                fit(tiny_model(), folder, resume="any")
            self.assertIn('version: "0.0.1", here', log.output[0])
            with self.assertRaisesRegex(ValueError, "resume: 'all', expected True, False or 'any'"):
                fit(tiny_model(), folder, resume="all")

    def test_a_save_that_fails_leaves_the_trained_model(self):
        model = tiny_model()
        before = model.encode("水")
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")

            def put_a_file_in_the_way(*arguments, **_more):
                with open(out, "w", encoding="utf-8"):
                    return 1.0

            with self.assertRaisesRegex(OSError, "out: exists and is not a directory"), \
                    self.assertLogs("sbertja", logging.WARNING):
                model.fit([objective(model)], put_a_file_in_the_way, warmup_steps=0, output_path=out)
            after = model.encode("水")
            self.assertFalse(np.array_equal(before, after))
            model.save(os.path.join(folder, "elsewhere"))
            saved = SentenceTransformer(os.path.join(folder, "elsewhere"))
            np.testing.assert_array_equal(saved.encode("水"), after)

    def test_evaluations_do_not_stand_in_the_way(self):
        model = tiny_model()
        rows = report_rows(count=4)
        evaluator = evaluation.EmbeddingSimilarityEvaluator([text for text, _ in rows], [text for text, _ in rows[::-1]],
                                                            list(np.linspace(0, 1, len(rows))), name="dev")
        with tempfile.TemporaryDirectory() as folder:
            model.evaluate(evaluator, output_path=folder)
            written = os.listdir(folder)
            self.assertEqual(len(written), 1)
            model.fit([objective(model)], evaluator, warmup_steps=0, output_path=folder)
            model.evaluate(evaluator, output_path=folder)
            self.assertIn("eval", os.listdir(folder))
            self.assertIn(written[0], os.listdir(folder))
            SentenceTransformer(folder)

    def test_the_working_directory_stays(self):
        here = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            try:
                os.chdir(folder)
                model = tiny_model()
                for _ in range(2):
                    model.save(".")
                    self.assertEqual(os.getcwd(), os.path.realpath(folder))
                    self.assertIn("modules.json", os.listdir("."))
                np.testing.assert_array_equal(SentenceTransformer(".").encode("水"), model.encode("水"))
            finally:
                os.chdir(here)

    def test_the_trained_model_can_be_changed_and_copied(self):
        model = tiny_model()
        model.fit([objective(model)], warmup_steps=0)
        before = model.encode("水")
        model.max_seq_length = 16
        np.testing.assert_array_equal(model.encode("水"), before)
        with self.assertRaisesRegex(ValueError, "belongs to a trained model"):
            SentenceTransformer(modules=list(model))


@needs_library
class Refused(unittest.TestCase):
    def test_examples_and_objectives(self):
        model, other = tiny_model(), tiny_model()
        loss, triplet = losses.BatchAllTripletLoss(model), losses.TripletLoss(model)
        one = [InputExample(texts=["水"], label=0)]
        for message, objectives, kind in (
                ("train_objectives is empty", [], ValueError),
                ("example 1: the label 0.5", [(DataLoader([*one, InputExample(texts=["火"], label=0.5)], 2), loss)],
                 ValueError),
                ("example 0 has 1 texts, TripletLoss wants 3", [(DataLoader(one), triplet)], ValueError),
                ("texts must be a list", [(DataLoader([InputExample(texts="水")]), loss)], TypeError),
                ("text 0 of example 0 has a lone surrogate", [(DataLoader([InputExample(texts=["\udfff"])]), loss)],
                 ValueError),
                ("made for another model", [(DataLoader(one), losses.BatchAllTripletLoss(other))], ValueError),
                ("samples_per_label", [(DataLoader(SentenceLabelDataset(labelled(4), 4), 6), loss)], ValueError)):
            with self.subTest(message), self.assertRaisesRegex(kind, message):
                model.fit(objectives)

    def test_options(self):
        model = tiny_model()
        for kwargs in ({"scheduler": "sometimes"}, {"preset": "sgd"}, {"weight_decay": float("nan")}):
            with self.subTest(kwargs), self.assertRaises(ValueError):
                model.fit([objective(model)], **kwargs)


@needs_library
class Classifier(unittest.TestCase):
    def test_bagging_on_the_vectors(self):
        try:
            from sklearn.ensemble import BaggingClassifier
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            self.skipTest("scikit-learn is not installed")
        rows = report_rows(count=20)
        vectors = tiny_model().encode([text for text, _ in rows])
        classifier = BaggingClassifier(LogisticRegression(max_iter=200), n_estimators=3, random_state=0)
        classifier.fit(vectors, [label for _, label in rows])
        self.assertEqual(classifier.predict(vectors).shape, (60,))



@needs_library
class Distillation(unittest.TestCase):
    def distil(self, folder, **options):
        """A student of one layer and the vectors that the tiny model gives for the report's first sentences."""
        examples = labelled(24)
        teacher = tiny_model().encode([example.texts[0] for example in examples])
        np.save(os.path.join(folder, "teacher.npy"), teacher.astype(np.float16))
        student = tiny_model()
        results = []
        for vectors in (os.path.join(folder, "teacher.npy"), teacher.astype(np.float16).astype(np.float32)):
            student = tiny_model()
            loss = losses.DistillationLoss(student, [vectors, 7], metric="cosine", similarity=0.5)
            loader = DataLoader(examples, batch_size=24, shuffle=True, batch_tokens=300)
            student.fit([(loader, loss)], epochs=2, warmup_steps=0, optimizer_params={"lr": 1e-3}, no_dropout=True,
                        show_progress_bar=False, **options)
            results.append(student.encode("水が漏れた。"))
        np.testing.assert_array_equal(*results)
        return student

    def test_a_file_and_an_array_teach_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            student = self.distil(folder)
            self.assertEqual(student.get_sentence_embedding_dimension(),
                             tiny_model().get_sentence_embedding_dimension())

    def test_the_head_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            student = self.distil(folder, keep_head=True)
            self.assertEqual(student.get_sentence_embedding_dimension(),
                             tiny_model().get_sentence_embedding_dimension() + 7)


if __name__ == "__main__":
    unittest.main()
