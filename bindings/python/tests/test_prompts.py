"""Prompts, truncate_dim and what is kept of a directory's settings, as sentence-transformers 6.2.0 was seen to do it."""
import copy
import json
import os
import pickle
import shutil
import tempfile
import unittest

import numpy as np

from support import TINY, needs_library, read_json, tiny_model

import sbertja
from sbertja import models

SETTINGS = "config_sentence_transformers.json"

# The file, the constructor's arguments; then the prompts beside "query" and "document", and the prompts that encode,
# encode_query and encode_document use. None: ValueError.
TABLE = [
    ({}, {}, {}, ("", "", "")),
    ({"prompts": {"query": "Q:", "passage": "P:"}}, {}, {"query": "Q:", "passage": "P:"}, ("", "Q:", "")),
    ({"prompts": {"passage": "P:", "a": "A:"}, "default_prompt_name": "a"}, {}, {"passage": "P:", "a": "A:"},
     ("A:", "", "")),
    ({"prompts": {"document": "D:"}, "default_prompt_name": "document"}, {}, {"document": "D:"}, ("D:", "", "D:")),
    ({"prompts": {"query": "Q:"}}, {"prompts": {"b": "B:"}}, {"query": "Q:", "b": "B:"}, ("", "Q:", "")),
    ({"prompts": {"query": "Q:", "a": "A:"}}, {"prompts": {"query": "R:"}, "default_prompt_name": "a"},
     {"query": "R:", "a": "A:"}, ("A:", "R:", "")),
    ({"prompts": None, "default_prompt_name": None}, {"default_prompt_name": "query"}, {}, ("", "", "")),
    ({"prompts": {"a": "A:"}, "default_prompt_name": "gone"}, {}, None, None),
    ({"default_prompt_name": "b"}, {"prompts": {"b": "B:"}}, {"b": "B:"}, ("B:", "", "")),
    ({}, {"default_prompt_name": "b"}, None, None),
]


@needs_library
class Prompts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "model")
        self.saved = os.path.join(folder.name, "saved")
        shutil.copytree(TINY / "model", self.path)

    def settings(self, content):
        with open(os.path.join(self.path, SETTINGS), "w", encoding="utf-8") as file:
            json.dump(content, file)

    def load(self, **arguments):
        return sbertja.SentenceTransformer(self.path, device="cpu", **arguments)

    def test_table(self):
        for content, arguments, prompts, used in TABLE:
            with self.subTest(content=content, arguments=arguments):
                self.settings(content)
                if prompts is None:
                    self.assertRaises(ValueError, self.load, **arguments)
                    continue
                model = self.load(**arguments)
                self.assertEqual(model.prompts, {"query": "", "document": "", **prompts})
                for encode, prompt in zip((model.encode, model.encode_query, model.encode_document), used):
                    np.testing.assert_array_equal(encode("水"), model.encode(prompt + "水", prompt=""))

    def test_without_modules_there_are_no_settings(self):
        self.settings({"prompts": {"a": "A:"}, "default_prompt_name": "a", "truncate_dim": 3})
        os.remove(os.path.join(self.path, "modules.json"))
        model = self.load()
        self.assertEqual((model.prompts, model.default_prompt_name, model.truncate_dim),
                         ({"query": "", "document": ""}, None, None))

    def test_left_out_of_pooling(self):
        transformer = models.Transformer(TINY / "bert")
        vectors = {}
        for include in (True, False):
            pooling = models.Pooling(48, "mean", include_prompt=include)
            model = sbertja.SentenceTransformer(modules=[transformer, pooling], prompts={"query": "質問: "})
            self.assertEqual(model[1].include_prompt, include)
            matrix = model.encode("水", prompt_name="query", output_value="token_embeddings")
            skip = 0 if include else len(model.tokenizer.encode("質問: ")) - 1
            np.testing.assert_allclose(model.encode("水", prompt_name="query"), matrix[skip:].mean(0), atol=1e-5)
            model.save(self.saved)
            again = sbertja.SentenceTransformer(self.saved)
            vectors[include] = again.encode_query("水")
            np.testing.assert_array_equal(vectors[include], model.encode_query("水"))
        self.assertGreater(np.abs(vectors[True] - vectors[False]).max(), 0.1)

    def test_truncate_dim(self):
        whole = self.load().encode(["水", "火"])
        self.settings({"truncate_dim": 7})
        model = self.load()
        self.assertEqual(model.get_sentence_embedding_dimension(), 7)
        np.testing.assert_array_equal(model.encode(["水", "火"]), whole[:, :7])
        np.testing.assert_array_equal(model.encode(["水", "火"], truncate_dim=100), whole)
        with model.truncate_embeddings(3):
            cut = model.encode("水", normalize_embeddings=True)
        self.assertEqual((len(cut), model.truncate_dim), (3, 7))
        self.assertAlmostEqual(float(np.linalg.norm(cut)), 1, places=5)
        model.truncate_dim = None
        np.testing.assert_array_equal(model.encode(["水", "火"]), whole)
        for wrong in (0, -1, 1.5, "7"):
            with self.assertRaises((ValueError, TypeError)):
                model.encode("水", truncate_dim=wrong)

    def test_every_way_out_keeps_them(self):
        self.settings({"prompts": {"query": "質問: "}, "default_prompt_name": "query", "similarity_fn_name": "dot",
                       "truncate_dim": 7, "of others": [1]})
        model = self.load()
        model.prompts["a"] = "A:"
        wanted = model.encode("水")
        loss = sbertja.losses.MultipleNegativesRankingLoss(model)
        loader = sbertja.DataLoader([sbertja.InputExample(texts=["水", "火"])], batch_size=1)
        for name, leave in (("save", lambda: model.save(self.saved)), ("same place", lambda: model.save(self.path)),
                            ("0.4.1", lambda: model.save(self.saved, layout="0.4.1")),
                            ("fit", lambda: model.fit([(loader, loss)], output_path=self.saved, optimizer_params={"lr": 0},
                                                      warmup_steps=0, weight_decay=0, show_progress_bar=False))):
            with self.subTest(name):
                leave()
                path = self.path if name == "same place" else self.saved
                content = read_json(os.path.join(path, SETTINGS))
                content.pop("__version__")
                self.assertEqual(content, {"prompts": {"query": "質問: ", "document": "", "a": "A:"}, "truncate_dim": 7,
                                           "default_prompt_name": "query", "similarity_fn_name": "dot", "of others": [1]})
                again = sbertja.SentenceTransformer(path)
                np.testing.assert_allclose(again.encode("水"), wanted, atol=1e-5)
        for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            self.assertEqual((again.prompts, again.default_prompt_name, again.similarity_fn_name, again.truncate_dim),
                             (model.prompts, "query", "dot", 7))

    def test_similarity_of_other_kinds_of_models(self):
        self.settings({"similarity_fn_name": "maxsim"})
        self.assertEqual(self.load().similarity_fn_name, "cosine")


if __name__ == "__main__":
    unittest.main()
