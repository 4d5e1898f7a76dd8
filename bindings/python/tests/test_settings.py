"""What is set on an object afterwards takes effect or raises; and each argument of a public function has an effect, or takes
the values only that change nothing."""
import copy
import inspect
import os
import pickle
import tempfile
import unittest

from support import TINY, needs_library, np, sbertja, tiny_model
from sbertja import (DataLoader, InputExample, NoDuplicatesDataLoader, SentenceLabelDataset, SentencesDataset,
                     SentenceTransformer, Tokenizer, evaluation, losses, models, readers, util)

PAIRS = [InputExample(texts=[text, text + "。"], label=index % 2) for index, text in enumerate("水火雨雪")]
LONG = "冷却水が漏れたので、配管を交換してから運転を再開した。"


def evaluators():
    names = ["水", "火"]
    return [evaluation.TripletEvaluator(names, names, names), evaluation.EmbeddingSimilarityEvaluator(names, names, [0, 1]),
            evaluation.BinaryClassificationEvaluator(names, names, [0, 1]),
            evaluation.InformationRetrievalEvaluator({"q": "水"}, {"d": "火"}, {"q": {"d"}}),
            evaluation.SequentialEvaluator([evaluation.TripletEvaluator(names, names, names)])]


def objects(model=None):
    """One of each public class."""
    return [models.Transformer(str(TINY / "bert")), models.Pooling(48), models.Dense(4, 2), models.Normalize(),
            losses.BatchAllTripletLoss(model), losses.TripletLoss(model), losses.CosineSimilarityLoss(model),
            losses.CoSENTLoss(model), losses.MultipleNegativesRankingLoss(model), losses.DistillationLoss(model, [4]),
            SentencesDataset(PAIRS), SentenceLabelDataset(PAIRS), DataLoader(PAIRS, 2), NoDuplicatesDataLoader(PAIRS, 2),
            *evaluators(), InputExample(texts=["水"])]


class Attributes(unittest.TestCase):
    def test_unknown_names(self):
        for each in objects():
            with self.subTest(type(each).__name__), self.assertRaises(AttributeError):
                each.max_seq_len = 3
        for owner, wrong, right in ((losses.CoSENTLoss(None), "scales", "scale"), (DataLoader(PAIRS), "batchsize", "batch_size"),
                                    (models.Transformer(str(TINY / "bert")), "max_seq_len", "max_seq_length"),
                                    (evaluators()[0], "margins", "margin")):
            with self.assertRaisesRegex(AttributeError, f"has no attribute '{wrong}' to set: did you mean '{right}'"):
                setattr(owner, wrong, 1)

    def test_fixed(self):
        of = {type(each).__name__: each for each in objects()}
        for name, attributes in {
                "Transformer": ("directory", "dictionary"), "Pooling": ("modes", "word_embedding_dimension"),
                "Dense": ("activation", "bias", "weight", "in_features", "out_features"),
                "BatchAllTripletLoss": ("model", "metric", "kind", "METRICS"), "MultipleNegativesRankingLoss": ("model",),
                "SentencesDataset": ("model",), "SentenceLabelDataset": ("examples", "samples_per_label", "labels"),
                "NoDuplicatesDataLoader": ("shuffle", "no_duplicates"), "TripletEvaluator": ("anchors", "metrics"),
                "EmbeddingSimilarityEvaluator": ("scores", "sentences1", "primary_metric"),
                "InformationRetrievalEvaluator": ("queries", "corpus", "relevant_docs", "primary"),
                "SequentialEvaluator": ("metrics", "primary_metric")}.items():
            for attribute in attributes:
                with self.subTest(name, attribute=attribute), self.assertRaises(AttributeError):
                    setattr(of[name], attribute, getattr(of[name], attribute))

    def test_wrong_values(self):
        nan = float("nan")
        of = {type(each).__name__: each for each in objects()}
        for name, attribute, value in (
                ("BatchAllTripletLoss", "triplet_margin", nan), ("BatchAllTripletLoss", "triplet_margin", "5"),
                ("BatchAllTripletLoss", "distance_metric", util.cos_sim), ("TripletLoss", "distance_metric", None),
                ("CoSENTLoss", "scale", float("inf")), ("CoSENTLoss", "similarity_fct", util.cos_sim),
                ("CosineSimilarityLoss", "loss_fct", len), ("DistillationLoss", "metric", "l1"),
                ("DistillationLoss", "similarity", nan), ("DistillationLoss", "weights", [nan]),
                ("DataLoader", "batch_size", 0), ("DataLoader", "collate_fn", len), ("DataLoader", "dataset", {}),
                ("DataLoader", "shuffle", "no"), ("TripletEvaluator", "margin", nan), ("TripletEvaluator", "batch_size", 0),
                ("TripletEvaluator", "similarity_fn_names", ["cosin"]), ("SequentialEvaluator", "evaluators", []),
                ("InformationRetrievalEvaluator", "ndcg_at_k", []), ("InformationRetrievalEvaluator", "map_at_k", [0]),
                ("Transformer", "max_seq_length", 0), ("Transformer", "max_seq_length", "64")):
            with self.subTest(name, attribute=attribute), self.assertRaises((ValueError, TypeError, NotImplementedError)):
                setattr(of[name], attribute, value)

    def test_taken(self):
        loss = losses.BatchAllTripletLoss(None)
        loss.triplet_margin = 2
        loss.distance_metric = losses.BatchHardTripletLossDistanceFunction.cosine_distance
        self.assertEqual(loss.options([]), {"metric": 2, "margin": 2.0})
        loader = DataLoader(PAIRS)
        loader.batch_size, loader.drop_last, loader.shuffle = 3, True, True
        self.assertEqual([len(batch) for batch in loader], [3])
        transformer = models.Transformer(str(TINY / "bert"))
        transformer.max_seq_length = 9
        self.assertEqual(transformer.max_seq_length, 9)

    def test_classes_of_a_user_have_attributes_of_their_own(self):
        class Loader(DataLoader):
            pass

        loader = Loader(PAIRS)
        loader.comment = "mine"
        with self.assertRaises(AttributeError):
            loader.collate_fn = loader.no_such
        with self.assertRaises(NotImplementedError):
            loader.collate_fn = len

    def test_arrays_that_nothing_looks_at_again(self):
        weight = np.ones((2, 4), np.float32)
        dense = models.Dense(4, 2, init_weight=weight)
        weight[:] = 0
        self.assertEqual(dense.weight.sum(), 8)
        with self.assertRaises(ValueError):
            dense.weight[:] = 0


@needs_library
class Model(unittest.TestCase):
    def setUp(self):
        self.model = tiny_model()

    def test_unknown_and_fixed(self):
        for name in ("max_seq_len", "prompt", "pooling_mode", "similarity", "batch_size"):
            if name != "similarity":  # a method may be replaced: whoever calls it gets the new one
                with self.subTest(name), self.assertRaisesRegex(AttributeError, f"no attribute '{name}' to set"):
                    setattr(self.model, name, 1)
        for name in ("device", "tokenizer", "threads", "modules"):
            with self.subTest(name), self.assertRaises(AttributeError):
                setattr(self.model, name, getattr(self.model, name))
        for module in self.model:
            with self.assertRaises(AttributeError):
                module.pooling_mode = "cls"

    def test_prompts(self):
        self.model.prompts = {"query": "質問:"}
        expected = self.model.encode("質問:水")
        np.testing.assert_array_equal(self.model.encode("水", "query"), expected)
        self.model.default_prompt_name = "query"
        np.testing.assert_array_equal(self.model.encode("水"), expected)
        self.model.prompts["query"] = 3
        with self.assertRaisesRegex(TypeError, "prompt 'query' is int"):
            self.model.encode("水")
        for value in ({"query": None}, {3: "x"}, ["query"], "query"):
            with self.subTest(value), self.assertRaises(TypeError):
                self.model.prompts = value
        with self.assertRaises(TypeError):
            self.model.default_prompt_name = 3

    def test_similarity(self):
        self.model.similarity_fn_name = "dot"
        a, b = np.array([2, 0], np.float32), np.array([3, 0], np.float32)
        self.assertEqual(self.model.similarity(a, b), 6)
        for value in ("cos", 3, ""):
            with self.subTest(value), self.assertRaises(ValueError):
                self.model.similarity_fn_name = value

    def test_longest_input(self):
        expected = SentenceTransformer(modules=[models.Transformer(str(TINY / "bert"), 8), models.Pooling(48)]).encode(LONG)
        whole = self.model.encode(LONG)
        for set_it in (lambda model: setattr(model, "max_seq_length", 8),
                       lambda model: setattr(model[0], "max_seq_length", 8),
                       lambda model: setattr(model._first_module(), "max_seq_length", 8)):
            model = tiny_model()
            set_it(model)
            np.testing.assert_array_equal(model.encode(LONG), expected)
            self.assertEqual((model.max_seq_length, model[0].max_seq_length), (8, 8))
        transformer = models.Transformer(str(TINY / "bert"))
        model = SentenceTransformer(modules=[transformer, models.Pooling(48)])
        np.testing.assert_array_equal(model.encode(LONG), whole)
        transformer.max_seq_length = 8
        np.testing.assert_array_equal(model.encode(LONG), expected)
        model.max_seq_length = None
        np.testing.assert_array_equal(model.encode(LONG), whole)
        for value in (0, 2, -1, 65, 2 ** 64, 8.0, "8", True):
            with self.subTest(value), self.assertRaises((ValueError, TypeError)):
                model.max_seq_length = value
        self.assertEqual(model.max_seq_length, 64)

    def test_a_setting_that_fails_changes_nothing(self):
        expected = self.model.encode(LONG)
        with self.assertRaises((ValueError, RuntimeError, NotImplementedError)):
            self.model.to("abacus")
        self.model.max_seq_length = 64
        self.model.max_seq_length = 32
        np.testing.assert_array_equal(self.model.encode(LONG), expected)
        with self.assertRaises(TypeError):
            self.model.to(None)

    def test_parameters_cannot_be_written(self):
        for _, values in self.model.named_parameters():
            with self.assertRaises(ValueError):
                values[0, 0] = 1
            break

    def test_a_loss_that_is_changed(self):
        def trained(**attributes):
            model = tiny_model(threads=1)
            loss = losses.CoSENTLoss(model)
            for name, value in attributes.items():
                setattr(loss, name, value)
            model.fit([(DataLoader(PAIRS, 4), loss)], warmup_steps=0, show_progress_bar=False)
            return model.encode("水")

        self.assertFalse(np.array_equal(trained(), trained(scale=1)))


@needs_library
class Copies(unittest.TestCase):
    def test_every_class(self):
        model = tiny_model()
        for each in objects(None):
            for again in (copy.copy(each), copy.deepcopy(each), pickle.loads(pickle.dumps(each))):
                with self.subTest(type(each).__name__):
                    self.assertIs(type(again), type(each))
                    self.assertEqual(repr(getattr(again, "scale", None)), repr(getattr(each, "scale", None)))
        loss = pickle.loads(pickle.dumps(losses.BatchAllTripletLoss(model)))
        np.testing.assert_array_equal(loss.model.encode("水"), model.encode("水"))
        tokenizer = pickle.loads(pickle.dumps(Tokenizer(str(TINY / "bert"), max_seq_length=9)))
        self.assertEqual(len(tokenizer.encode(LONG)), 9)
        with self.assertRaisesRegex(TypeError, "pickle the model"):
            pickle.dumps(model.tokenizer)

    def test_a_copy_is_as_guarded_as_the_first(self):
        for again in (copy.copy(models.Pooling(48)), pickle.loads(pickle.dumps(models.Pooling(48)))):
            with self.assertRaises(AttributeError):
                again.modes = ("cls",)
            self.assertEqual(again.get_pooling_mode_str(), "mean")

    def test_a_loss_after_training(self):
        model = tiny_model()
        loss = losses.DistillationLoss(model, [np.ones((4, 3), np.float32) * np.arange(4)[:, None]])
        examples = [InputExample(texts=[text]) for text in "水火雨雪"]
        model.fit([(DataLoader(examples, 4), loss)], warmup_steps=0, show_progress_bar=False)
        self.assertEqual(len(copy.deepcopy(loss).teachers), 1)


# Every argument that takes its default only, or values that change nothing: {function: {argument: (refused, accepted)}}.
KWARGS = ({"attn_implementation": "sdpa"}, (None, {}))
UNUSED = {
    "SentenceTransformer": {
        "backend": ("onnx", ("torch",)), "model_kwargs": KWARGS, "tokenizer_kwargs": KWARGS, "config_kwargs": KWARGS,
        "processor_kwargs": KWARGS, "trust_remote_code": (True, (False,)), "token": ("hf_x", (None, False)),
        "use_auth_token": (True, (None, False)), "local_files_only": ("yes", (False, True)), "revision": ("v1", (None,)),
        "model_card_data": ({}, (None,))},
    "Transformer": {
        "model_args": KWARGS, "tokenizer_args": KWARGS, "config_args": KWARGS, "backend": ("onnx", ("torch",)),
        "do_lower_case": (True, (False,)), "tokenizer_name_or_path": ("other", (None,))},
    "encode": {
        "precision": ("int8", ("float32",)), "convert_to_tensor": (True, (False,)), "device": ("cuda", (None, "cpu")),
        "pool": ({}, (None,)), "chunk_size": (10, (None,)), "num_workers": (1, (0,))},
    "save": {
        "model_name": ("mine", (None,)), "create_model_card": (None, (True, False)), "train_datasets": (["x"], (None, [])),
        "safe_serialization": (False, (True,))},
    "fit": {"optimizer_class": (type("SGD", (), {}), (None, type("AdamW", (), {}))), "checkpoint_save_total_limit": (2, (0, 1))},
    "DataLoader": {
        "sampler": ([0], (None,)), "batch_sampler": ([[0]], (None,)), "num_workers": (1, (0,)), "collate_fn": (len, (None,)),
        "pin_memory": (True, (False,)), "timeout": (1, (0,)), "worker_init_fn": (len, (None,)),
        "multiprocessing_context": ("fork", (None,)), "generator": (1, (None,)), "prefetch_factor": (2, (None,)),
        "persistent_workers": (True, (False,)), "pin_memory_device": ("cuda", ("",)), "in_order": (False, (True,))},
    "SentenceLabelDataset": {"with_replacement": (True, (False,))},
    "CosineSimilarityLoss": {"loss_fct": (len, (None,)), "cos_score_transformation": (len, (None,))},
    "CoSENTLoss": {"similarity_fct": (util.dot_score, (util.pairwise_cos_sim,))},
    "MultipleNegativesRankingLoss": {"similarity_fct": (util.dot_score, (util.cos_sim,))},
}

# Arguments that change no result, as their descriptions say: memory, speed, and what is shown.
HARMLESS = {"batch_size": {"encode", "paraphrase_mining", "community_detection", "evaluators"},
            "show_progress_bar": {"encode", "fit", "paraphrase_mining", "community_detection", "evaluators"},
            "model": {"SentencesDataset"}}


@needs_library
class Unused(unittest.TestCase):
    def callers(self, folder):
        model = tiny_model()
        loss = losses.BatchAllTripletLoss(model)
        singles = [InputExample(texts=example.texts[:1], label=example.label) for example in PAIRS]
        return {
            "SentenceTransformer": lambda **kwargs: tiny_model(**kwargs),
            "Transformer": lambda **kwargs: models.Transformer(str(TINY / "bert"), **kwargs),
            "encode": lambda **kwargs: model.encode("水", **kwargs),
            "save": lambda **kwargs: model.save(os.path.join(folder, "saved"), **kwargs),
            "fit": lambda **kwargs: model.fit([(DataLoader(singles, 4), loss)], show_progress_bar=False, warmup_steps=0,
                                              **kwargs),
            "DataLoader": lambda **kwargs: DataLoader(PAIRS, **kwargs),
            "SentenceLabelDataset": lambda **kwargs: SentenceLabelDataset(PAIRS, **kwargs),
            "CosineSimilarityLoss": lambda **kwargs: losses.CosineSimilarityLoss(model, **kwargs),
            "CoSENTLoss": lambda **kwargs: losses.CoSENTLoss(model, **kwargs),
            "MultipleNegativesRankingLoss": lambda **kwargs: losses.MultipleNegativesRankingLoss(model, **kwargs)}

    def test_refused_by_name_and_defaults_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            callers = self.callers(folder)
            self.assertEqual(set(callers), set(UNUSED))
            for function, arguments in UNUSED.items():
                for name, (refused, accepted) in arguments.items():
                    with self.subTest(function, argument=name):
                        kinds = (NotImplementedError, TypeError, ValueError)
                        with self.assertRaisesRegex(kinds, name if name != "tokenizer_name_or_path" else "other"):
                            callers[function](**{name: refused})
                        for value in accepted:
                            callers[function](**{name: value})

    def test_unknown_arguments(self):
        with tempfile.TemporaryDirectory() as folder:
            for function, call in self.callers(folder).items():
                with self.subTest(function), self.assertRaisesRegex(TypeError, "no_such_argument"):
                    call(no_such_argument=1)

    def test_the_table_names_arguments_that_there_are(self):
        kinds = {"encode": SentenceTransformer.encode, "save": SentenceTransformer.save, "fit": SentenceTransformer.fit,
                 "Transformer": models.Transformer, "DataLoader": DataLoader,
                 "SentenceLabelDataset": SentenceLabelDataset}
        for name, function in kinds.items():
            self.assertLessEqual(set(UNUSED[name]), set(inspect.signature(function).parameters))

    def test_harmless_ones_are_described(self):
        self.assertIn("`batch_size` changes no vector", SentenceTransformer.encode.__doc__)
        self.assertIn("`batch_size` bounds the memory", util.community_detection.__doc__)
        self.assertIn("is not needed", SentencesDataset.__doc__)


@needs_library
class Effects(unittest.TestCase):
    """Arguments of encode, fit and the losses that are not in the tables above: each changes the result."""

    def test_encode(self):
        model = tiny_model(prompts={"q": "質問:"})
        plain = model.encode(LONG)
        for kwargs in ({"prompt_name": "q"}, {"prompt": "答え:"}, {"normalize_embeddings": True}):
            with self.subTest(kwargs):
                self.assertFalse(np.array_equal(model.encode(LONG, **kwargs), plain))
        self.assertEqual(model.encode(LONG, output_value="token_embeddings").ndim, 2)
        self.assertIsInstance(model.encode([LONG], convert_to_numpy=False), list)

    def test_fit(self):
        examples = [InputExample(texts=[f"{text}が漏れた{end}"], label=index % 2)
                    for index, text in enumerate("水油湯酸") for end in ("。", "", "ので")]

        def trained(loader=None, loss=None, **kwargs):
            model = tiny_model(threads=1)
            options = {"epochs": 2, "warmup_steps": 1, "optimizer_params": {"lr": 1e-3}, "weight_decay": 0.01, **kwargs}
            model.fit([(DataLoader(examples, **{"batch_size": 6, "shuffle": True, **(loader or {})}),
                        losses.BatchAllTripletLoss(model, **(loss or {})))], show_progress_bar=False, **options)
            return model.encode("水")

        plain = trained()
        np.testing.assert_array_equal(trained(), plain)
        for kwargs in ({"epochs": 1}, {"steps_per_epoch": 1}, {"scheduler": "constantlr"}, {"warmup_steps": 3},
                       {"optimizer_params": {"lr": 1e-4}}, {"optimizer_params": {"lr": 1e-3, "betas": (0.5, 0.9)}},
                       {"optimizer_params": {"lr": 1e-3, "eps": 0.1}}, {"weight_decay": 0.5}, {"max_grad_norm": 0.01},
                       {"seed": 7}, {"preset": "st-0.4.1"}, {"gradient_accumulation_steps": 2},
                       {"loader": {"batch_size": 4}}, {"loader": {"shuffle": False}}, {"loader": {"batch_tokens": 20}},
                       {"loss": {"margin": 0.1}},
                       {"loss": {"distance_metric": losses.BatchHardTripletLossDistanceFunction.cosine_distance}}):
            with self.subTest(kwargs):
                self.assertFalse(np.array_equal(trained(**kwargs), plain))


class Signatures(unittest.TestCase):
    """Each argument of each public class and function is named in its description, in a table here, or is an argument that
    this list says has an effect; so that a new one cannot be forgotten."""

    USED = {
        "SentenceTransformer": "model_name_or_path modules device prompts default_prompt_name similarity_fn_name cache_folder max_text_bytes "
                               "threads dictionary engine instructions seed precision truncate_dim weights",
        "encode": "self sentences prompt_name prompt output_value convert_to_numpy normalize_embeddings truncate_dim",
        "fit": "self train_objectives evaluator epochs steps_per_epoch scheduler warmup_steps optimizer_params weight_decay "
               "evaluation_steps output_path save_best_model max_grad_norm use_amp callback checkpoint_path "
               "checkpoint_save_steps seed threads preset resume keep_head no_dropout gradient_accumulation_steps",
        "save": "self path layout dtype packed",
        "Transformer": "model_name_or_path max_seq_length cache_dir dictionary",
        "DataLoader": "dataset batch_size shuffle drop_last batch_tokens",
        "NoDuplicatesDataLoader": "train_examples batch_size",
        "SentenceLabelDataset": "examples samples_per_label", "SentencesDataset": "examples",
        "BatchAllTripletLoss": "model distance_metric margin", "TripletLoss": "model distance_metric triplet_margin",
        "CosineSimilarityLoss": "model", "CoSENTLoss": "model scale", "MultipleNegativesRankingLoss": "model scale",
        "DistillationLoss": "model teachers weights metric similarity",
        "Tokenizer": "directory dictionary max_seq_length max_text_bytes", "InputExample": "guid texts label",
    }

    def test_all(self):
        functions = {"encode": SentenceTransformer.encode, "fit": SentenceTransformer.fit, "save": SentenceTransformer.save,
                     **{kind.__name__: kind for kind in (
                         SentenceTransformer, models.Transformer, DataLoader, NoDuplicatesDataLoader, SentenceLabelDataset,
                         SentencesDataset, losses.BatchAllTripletLoss, losses.TripletLoss, losses.CosineSimilarityLoss,
                         losses.CoSENTLoss, losses.MultipleNegativesRankingLoss, losses.DistillationLoss, Tokenizer,
                         readers.InputExample)}}
        for name, function in functions.items():
            with self.subTest(name):
                found = {each for each, parameter in inspect.signature(function).parameters.items()
                         if parameter.kind is not parameter.VAR_KEYWORD}
                known = {*self.USED[name].split(), *UNUSED.get(name, ()),
                         *(each for each, where in HARMLESS.items() if name in where)}
                self.assertLessEqual(found, known)
        self.assertLessEqual({"Transformer", "Pooling", "Dense", "Normalize"}, set(dir(models)))
        self.assertTrue(all(hasattr(sbertja, name) for name in sbertja.__all__))


if __name__ == "__main__":
    unittest.main()
