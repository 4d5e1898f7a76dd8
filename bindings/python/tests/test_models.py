"""Modules: what the arguments mean, what is refused, and that a directory's modules come back."""
import os
import tempfile
import unittest

from support import TINY, needs_library, np, relative_difference, tiny_model
from sbertja import SentenceTransformer, models


class Descriptions(unittest.TestCase):
    def test_pooling(self):
        for name, kwargs, expected in (
                ("default", {}, "mean"),
                ("flags", {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False,
                           "pooling_mode_max_tokens": False}, "mean"),
                ("flags have their own order", {"pooling_mode_mean_sqrt_len_tokens": True,
                                                "pooling_mode_max_tokens": True, "pooling_mode_cls_token": True},
                 "cls+max+mean+mean_sqrt_len_tokens"),
                ("mode", {"pooling_mode": "cls"}, "cls"),
                ("modes keep their order", {"pooling_mode": ["mean", "max"]}, "mean+max"),
                ("joined", {"pooling_mode": "mean+cls"}, "mean+cls")):
            with self.subTest(name):
                pooling = models.Pooling(48, **kwargs)
                self.assertEqual(pooling.get_pooling_mode_str(), expected)
                self.assertEqual(pooling.get_sentence_embedding_dimension(), 48 * (expected.count("+") + 1))

    def test_transformer(self):
        transformer = models.Transformer(str(TINY / "bert"))
        self.assertEqual(transformer.get_word_embedding_dimension(), 48)
        self.assertEqual(transformer.max_seq_length, 64)
        self.assertEqual(models.Transformer(str(TINY / "model-0.4.1")).get_word_embedding_dimension(), 48)
        self.assertEqual(models.Transformer(str(TINY / "bert"), max_seq_length=16).max_seq_length, 16)

    def test_dense_activation(self):
        class Tanh:  # as torch.nn.Tanh
            pass

        for activation, expected in ((Tanh(), "tanh"), (Tanh, "tanh"), ("torch.nn.modules.activation.ReLU", "relu"),
                                     (None, "identity")):
            self.assertEqual(models.Dense(4, 2, activation_function=activation).activation, expected)

    def test_refused(self):
        for message, make in (
                ("pooling_mode \\['sum'\\]", lambda: models.Pooling(48, "sum")),
                ("is empty", lambda: models.Pooling(48, pooling_mode_mean_tokens=False)),
                ("'softplus'", lambda: models.Dense(4, 2, activation_function="softplus")),
                ("shape \\(2, 4\\), expected \\(4, 2\\)", lambda: models.Dense(2, 4, init_weight=np.zeros((2, 4)))),
                ("must be a models.Transformer", lambda: SentenceTransformer(modules=[models.Normalize()]))):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                make()
        with self.assertRaisesRegex(NotImplementedError, "do_lower_case=True"):
            models.Transformer(str(TINY / "bert"), do_lower_case=True)
        with self.assertRaisesRegex(TypeError, "modul$"):
            SentenceTransformer("x", modul=[])


@needs_library
class Chains(unittest.TestCase):
    def test_modules_of_a_directory(self):
        model = tiny_model("model-cls-dense-normalize")
        self.assertEqual([type(module).__name__ for module in model],
                         ["Transformer", "Pooling", "Dense", "Normalize"])
        self.assertEqual(len(model), 4)
        self.assertEqual(model[1].get_pooling_mode_str(), "cls")
        self.assertEqual((model[2].in_features, model[2].out_features, model[2].activation), (48, 20, "tanh"))

    def test_modules_put_together_anew(self):
        model = tiny_model("model-cls-dense-normalize")
        again = SentenceTransformer(modules=list(model), device="cpu")
        np.testing.assert_array_equal(again.encode("水が漏れた。"), model.encode("水が漏れた。"))

    def test_dense_with_given_weights(self):
        transformer = models.Transformer(str(TINY / "bert"))
        weight = np.eye(2, 48, dtype=np.float32)
        for name, kwargs, bias in (("bias", {"init_bias": [1, 2]}, [1, 2]), ("none", {"bias": False}, [0, 0])):
            with self.subTest(name):
                dense = models.Dense(48, 2, activation_function="identity", init_weight=weight, **kwargs)
                model = SentenceTransformer(modules=[transformer, models.Pooling(48), dense], device="cpu")
                np.testing.assert_allclose(model.encode("水"), tiny_model().encode("水")[:2] + bias, atol=1e-5)

    def test_dense_without_weights_is_random_by_the_seed(self):
        def vector(seed):
            modules = [models.Transformer(str(TINY / "bert")), models.Pooling(48), models.Dense(48, 3)]
            return SentenceTransformer(modules=modules, device="cpu", seed=seed).encode("水").tolist()

        self.assertEqual(vector(1), vector(1))
        self.assertNotEqual(vector(1), vector(2))

    def test_precision(self):
        exact = tiny_model("model").encode("水が漏れた。")
        for precision, bound in (("bf16", 0.02), ("int8", 0.1)):
            with self.subTest(precision), tempfile.TemporaryDirectory() as folder:
                model = tiny_model("model", precision=precision)
                self.assertEqual(model._native.describe()["precision"], precision)
                rough = model.encode("水が漏れた。")
                self.assertTrue(0 < relative_difference(rough, exact) < bound)
                model.save(os.path.join(folder, "m"), packed=precision)
                self.assertTrue(any(name.startswith("packed-") for name in os.listdir(os.path.join(folder, "m"))))
                again = SentenceTransformer(os.path.join(folder, "m"), device="cpu", precision=precision)
                np.testing.assert_array_equal(again.encode("水が漏れた。"), rough)
        with self.assertRaisesRegex(ValueError, "precision \"int4\", expected f32, bf16 or int8"):
            tiny_model("model", precision="int4")
        with self.assertRaisesRegex(NotImplementedError, "engine openblas computes in f32 only"):
            tiny_model("model", precision="int8", engine="openblas")

    def test_chains_that_do_not_fit(self):
        transformer = models.Transformer(str(TINY / "bert"))
        for message, rest in (("not of \\['Transformer'\\]", []),
                              ("word_embedding_dimension is 40", [models.Pooling(40)]),
                              ("in_features is 40", [models.Pooling(48), models.Dense(40, 2)])):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                SentenceTransformer(modules=[transformer, *rest])


if __name__ == "__main__":
    unittest.main()
