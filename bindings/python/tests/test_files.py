"""Finding models in the Hugging Face cache and dictionaries in Python packages."""
import importlib
import os
import sys
import tempfile
import unittest
from unittest import mock

from support import TINY, sbertja
from sbertja import _files


class Cache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        self.hub = os.path.join(folder.name, "hub")
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "SENTENCE_TRANSFORMERS_HOME",
                                       "XDG_CACHE_HOME")}
        patch = mock.patch.dict(os.environ, {**environment, "HF_HOME": self.home}, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def store(self, hub, repository, commit, refs=("main",)):
        root = os.path.join(hub, "models--" + repository.replace("/", "--"))
        snapshot = os.path.join(root, "snapshots", commit)
        os.makedirs(snapshot)
        os.makedirs(os.path.join(root, "refs"))
        for ref in refs:
            with open(os.path.join(root, "refs", ref), "w", encoding="ascii") as file:
                file.write(commit)
        return snapshot

    def test_found(self):
        snapshot = self.store(self.hub, "org/bert-ja", "abc", refs=("main", "v1"))
        bare = self.store(self.hub, "sentence-transformers/paraphrase", "def")
        self.assertEqual(_files.find_model("org/bert-ja"), snapshot)
        self.assertEqual(_files.find_model("org/bert-ja", revision="v1"), snapshot)
        self.assertEqual(_files.find_model("org/bert-ja", revision="abc"), snapshot)
        self.assertEqual(_files.find_model("paraphrase"), bare)

    def test_where_it_looks(self):
        for variable in ("HF_HUB_CACHE", "SENTENCE_TRANSFORMERS_HOME"):
            with self.subTest(variable), mock.patch.dict(os.environ, {variable: os.path.join(self.home, variable)}):
                snapshot = self.store(os.environ[variable], "org/" + variable.lower(), "abc")
                self.assertEqual(_files.find_model("org/" + variable.lower()), snapshot)
        self.store(os.path.join(self.home, "mine"), "org/mine", "abc")
        self.assertTrue(_files.find_model("org/mine", cache_folder=os.path.join(self.home, "mine")))

    def test_a_revision_stays_in_the_cache(self):
        snapshot = self.store(self.hub, "org/bert-ja", "abc")
        refs = os.path.join(self.hub, "models--org--bert-ja", "refs")
        for revision in ("../main", "/etc", "a/../../b", "", "a b"):
            with self.subTest(revision), self.assertRaises((ValueError, FileNotFoundError)):
                _files.find_model("org/bert-ja", revision=revision or "/")
        os.mkfifo(os.path.join(refs, "pipe"))
        os.symlink("/dev/zero", os.path.join(refs, "endless"))
        for name, content in (("long", "a" * 10000), ("outside", "../../.."), ("absolute", "/")):
            with open(os.path.join(refs, name), "w", encoding="ascii") as file:
                file.write(content)
        for revision in ("pipe", "endless", "long", "outside", "absolute"):
            with self.subTest(revision), self.assertRaises(FileNotFoundError):
                _files.find_model("org/bert-ja", revision=revision)
        self.assertEqual(_files.find_model("org/bert-ja"), snapshot)
        for name in (str(TINY / "bert"), None, "default"):
            with self.subTest(name), self.assertRaisesRegex((NotImplementedError, RuntimeError), "revision|default"):
                _files.find_model(name, revision="v1")
        for name in (3, ["org/bert-ja"], b"", {}):
            with self.subTest(name), self.assertRaises((TypeError, FileNotFoundError)):
                _files.find_model(name)

    def test_a_directory_comes_first(self):
        self.assertEqual(_files.find_model(TINY / "bert"), str(TINY / "bert"))

    def test_not_found(self):
        for name, message in (("org/none", "hf download org/none"), ("./none", "no such directory"),
                              (__file__, "not a directory"), ("org/a/b", "no such directory")):
            with self.subTest(name), self.assertRaisesRegex(FileNotFoundError, message) as context:
                _files.find_model(name)
            self.assertIsInstance(context.exception, sbertja.SbertjaError)


class Dictionaries(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("ipadic", "unidic_lite"):
            os.makedirs(os.path.join(self.folder, "packages", name, "dicdir"))
            with open(os.path.join(self.folder, "packages", name, "__init__.py"), "w", encoding="utf-8") as file:
                file.write("import os\nDICDIR = os.path.join(os.path.dirname(__file__), 'dicdir')\n")
        for name in ("ipadic", "unidic_lite"):
            sys.modules.pop(name, None)
        sys.path.insert(0, os.path.join(self.folder, "packages"))
        self.addCleanup(sys.path.remove, os.path.join(self.folder, "packages"))
        self.addCleanup(lambda: [sys.modules.pop(name, None) for name in ("ipadic", "unidic_lite")])

    def test_only_packages_are_places(self):
        packages = os.path.join(self.folder, "packages")
        self.assertIn(packages, _files.dictionary_places())
        for name in ("ipadic", "unidic_lite"):
            os.remove(os.path.join(packages, name, "__init__.py"))  # a folder that only has the name
        importlib.invalidate_caches()
        self.assertNotIn(packages, _files.dictionary_places())

    def test_a_kind_or_a_folder_decides(self):
        model = TINY / "tokenizer.mecab_ipadic_wordpiece"
        expected = sbertja.Tokenizer(model).tokenize("水が漏れた")
        self.assertEqual(sbertja.Tokenizer(model, dictionary="ipadic").tokenize("水が漏れた"), expected)
        with self.assertRaisesRegex(RuntimeError, "dictionary unidic: not found.*" + os.path.join(self.folder, "packages")):
            sbertja.Tokenizer(model, dictionary="unidic")
        for wrong, kind, message in ((5, TypeError, "dictionary: .*expected a path"),
                                     (self.folder, RuntimeError, "not a folder of a compiled MeCab dictionary")):
            with self.subTest(wrong), self.assertRaisesRegex(kind, message):
                sbertja.Tokenizer(model, dictionary=wrong)


if __name__ == "__main__":
    unittest.main()
