"""A virtual environment for each peer, made on first use: build/peers/NAME with the packages at the versions stated.

A script calls enter() before it imports any of them, and from then on runs inside. `--venv DIR` names an environment to
use instead; what that one lacks is not installed. Only the standard library may be imported here.
"""
import os
import shutil
import subprocess
import sys
import venv

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# PyTorch and what reads its models: for sentence-transformers and CTranslate2, and to export for the others, which run
# without it. One environment for all of that, since it is large.
TORCH = "torch", ["torch==2.15.0", "transformers==5.23.0", "sentence-transformers==6.2.0", "fugashi==1.5.2",
                  "ipadic==1.0.0", "onnx==1.23.2", "onnxscript==0.7.2", "ctranslate2==4.8.5"]


def python_of(name, packages):
    """The interpreter of build/peers/NAME, which is made if it is not there or has other packages."""
    folder = os.path.join(TOP, "build", "peers", name)
    python, stamp = os.path.join(folder, "bin", "python"), os.path.join(folder, "packages.txt")
    wanted = "\n".join(packages) + "\n"
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted:
        return python
    print(f"{name}: installing {', '.join(packages)} into {folder}", file=sys.stderr, flush=True)
    if not os.path.exists(python):
        try:
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(folder)
            sys.exit(f"{name}: {sys.executable} cannot make environments with pip (Debian: install python3-venv)")
    if subprocess.run([python, "-m", "pip", "install", "--quiet", *packages]).returncode != 0:
        sys.exit(f"{name}: pip cannot install {', '.join(packages)} (its message is above); "
                 f"install them elsewhere and name that environment with --venv DIR")
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    return python


def enter(name, packages):
    """Goes on in the environment: starts this program again there, unless it already runs there."""
    if os.environ.get("SBERTJA_PEER") == name:
        return
    if "--venv" in sys.argv[:-1]:
        python = os.path.join(sys.argv[sys.argv.index("--venv") + 1], "bin", "python")
    else:
        python = python_of(name, packages)
    os.environ["SBERTJA_PEER"] = name
    os.execv(python, [python, *sys.argv])


def exported(path):
    """The ONNX file of a model's directory, beside it; made once, where PyTorch is."""
    file = f"{path}.onnx"
    if not os.path.exists(file):
        surroundings = {key: value for key, value in os.environ.items() if key != "SBERTJA_PEER"}
        script = os.path.join(TOP, "bench", "peers", "export_onnx.py")
        subprocess.run([python_of(*TORCH), script, path, f"{file}.part"], check=True, env=surroundings)
        os.rename(f"{file}.part", file)
    return file
