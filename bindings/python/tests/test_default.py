"""The default model: in a package as a wheel has it, and the one of the source tree."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import ROOT, TINY, needs_library, sbertja
from sbertja import _native

REAL = ROOT / "models" / "default"


@needs_library
class Packaged(unittest.TestCase):
    """A copy of the package with a small model in place of the real one, used by another Python from another folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.site = pathlib.Path(folder.name, "site")
        self.work = pathlib.Path(folder.name, "work")
        self.work.mkdir()
        package = self.site / "sbertja"
        shutil.copytree(pathlib.Path(sbertja.__file__).parent, package, ignore=shutil.ignore_patterns("lib", "__pycache__"))
        (package / "lib").mkdir()
        library = _native.open_library()[1]
        if not os.path.isabs(library):
            self.skipTest(f"{library} is the system's: there is no file to copy")
        shutil.copy(library, package / "lib" / "libsbertja.so")
        self.model = package / "lib" / "default"
        shutil.copytree(TINY / "model", self.model)

    def run_python(self, code):
        ran = subprocess.run([sys.executable, "-c", "from sbertja import *\n" + code], cwd=self.work, text=True,
                             capture_output=True, env={**os.environ, "PYTHONPATH": str(self.site)}, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout.split()

    def test_without_a_name_and_by_name(self):
        self.assertEqual(self.run_python("print(SentenceTransformer().encode('水').shape[0],"
                                         "SentenceTransformer('default').encode('水').shape[0],"
                                         "models.Transformer('default').get_word_embedding_dimension(),"
                                         "*Tokenizer().tokenize('水'), *Tokenizer('default').tokenize('水'))"),
                         ["48", "48", "48", "水", "水"])

    def test_a_directory_of_that_name_comes_first(self):
        shutil.copytree(TINY / "model-cls-dense-normalize", self.work / "default")
        self.assertEqual(self.run_python("print(SentenceTransformer('default').get_sentence_embedding_dimension(),"
                                         "SentenceTransformer().get_sentence_embedding_dimension())"), ["20", "48"])

    def test_trained_from_it(self):
        self.assertEqual(self.run_python(
            "model = SentenceTransformer()\n"
            "examples = [InputExample(texts=[text], label=label) for text, label in zip('水雨火炎', (0, 0, 1, 1))]\n"
            "model.fit([(DataLoader(examples, batch_size=4), losses.BatchAllTripletLoss(model))], output_path='out')\n"
            "print(SentenceTransformer('out').get_sentence_embedding_dimension())"), ["48"])

    def test_missing(self):
        shutil.rmtree(self.model)
        said = self.run_python("try:\n  print(_native.default_model())\n"
                               "except RuntimeError as fault:\n  print(fault, isinstance(fault, MissingError))"
                               .replace("_native", "models._native"))
        if len(said) == 1:
            self.skipTest(f"{said[0]}: a default model is installed on this machine")
        self.assertEqual(said[-1], "True")
        self.assertIn(str(self.model) + ",", said)


@needs_library
@unittest.skipUnless((REAL / "modules.json").exists(), f"{REAL} holds no model")
class Real(unittest.TestCase):
    def test_it_knows_what_a_text_is_about(self):
        model = sbertja.SentenceTransformer(str(REAL))
        query, same, other = model.encode(["冷却水が漏れた。", "配管から水が漏れていた。", "新しい社員が入社した。"])
        self.assertGreater(model.similarity(query, same), model.similarity(query, other))

    @unittest.skipIf(os.environ.get("SBERTJA_TEST_INSTALLED"), "the installed package has its own")
    def test_it_is_what_the_source_tree_loads(self):
        library = pathlib.Path(_native.open_library()[1])
        if library != ROOT / "build" / "lib" / "libsbertja.so":
            self.skipTest(f"the library is {library}")
        self.assertEqual(_native.default_model(), str(REAL))


class Arguments(unittest.TestCase):
    def test_a_name_and_modules(self):
        with self.assertRaisesRegex(ValueError, "not both"):
            sbertja.SentenceTransformer("default", modules=[])


if __name__ == "__main__":
    unittest.main()
