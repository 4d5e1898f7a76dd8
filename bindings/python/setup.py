"""Builds the C library with the source tree's Makefile and packs it into the wheel, with the default model beside it.

The package has no compiled part of its own, so that one wheel serves every Python 3 of a platform: its tag is
py3-none-PLATFORM. All else is in pyproject.toml.
"""
import pathlib
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BUILD = HERE / "build" / "library"


def build_library():
    """Runs make in a build folder of our own; the result is the folder with the libraries."""
    if not (SOURCE / "Makefile").exists() or not (SOURCE / "include" / "sbertja.h").exists():
        raise SystemExit(f"{SOURCE}: not the source tree of libsbertja: install from bindings/python inside it")
    subprocess.run(["make", "--no-print-directory", "-C", str(SOURCE), f"BUILD={BUILD}", "lib"], check=True)
    return BUILD / "lib"


def copy_model(target):
    """The default model without its recipe; the library finds it beside itself."""
    model = SOURCE / "models" / "default"
    shutil.rmtree(target, ignore_errors=True)
    if (model / "modules.json").exists():
        shutil.copytree(model, target, ignore=shutil.ignore_patterns("*.py", "*.sh", "__pycache__"))
    else:
        print(f"{model}: no model: the package comes without a default model")


class BuildWithLibrary(build_py):
    """Copies the library and the default model beside the package's modules."""

    def run(self):
        super().run()
        libraries = build_library()
        target = (HERE if self.editable_mode else pathlib.Path(self.build_lib)) / "sbertja" / "lib"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(libraries / "libsbertja.so", target / "libsbertja.so")  # the file that the link stands for
        copy_model(target / "default")


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    def has_ext_modules(self):
        return True


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel}, distclass=PlatformDistribution)
