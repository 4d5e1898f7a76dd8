#!/usr/bin/env python3
"""Directories that the library writes, opened by five versions of sentence-transformers: the same vectors to 1e-5 of the
largest value. `make check-peers` installs each version into an environment of its own under build/peers, which takes
minutes and some gigabytes the first time; it is not part of `make check`, which needs no network.

Each environment shares one installation of torch. The script runs itself there with --open to have the vectors made.
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TINY = os.path.join(ROOT, "tests", "data", "tiny")
PEERS = os.path.join(ROOT, "build", "peers")
BASE = ["torch==2.6.0", "numpy<2.3", "scipy", "scikit-learn", "safetensors", "fugashi", "ipadic"]
VERSIONS = {  # 2.2 asks for torchvision, which no text model uses: installed without what it depends on
    "2.2.2": (["--no-deps", "sentence-transformers==2.2.2"],
              ["transformers==4.30.2", "huggingface_hub==0.16.4", "nltk", "Pillow", "tqdm", "requests", "sentencepiece"]),
    "2.7.0": (["sentence-transformers==2.7.0", "transformers==4.40.2"],),
    "3.4.1": (["sentence-transformers==3.4.1", "transformers==4.48.3"],),
    "5.7.0": (["sentence-transformers==5.7.0", "transformers==4.57.3"],),
    "6.2.0": (["sentence-transformers==6.2.0", "transformers==5.24.0"],),
}
PROMPT = "質問: "
BOUND = 1e-5
NO_PROMPTS = ("2.2.2",)  # encode has no such argument yet
ONLY_FOUR_MODES = ("2.2.2",)


def sentences():
    with open(os.path.join(TINY, "sentences.tsv"), encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t", 1)[1] for line in file][:24]


def environment(version):
    """The Python of an environment that has this version, made if need be; None where it cannot be installed."""
    folder = os.path.join(PEERS, version)
    python, ready = os.path.join(folder, "bin", "python"), os.path.join(folder, "ready")
    if not os.path.exists(ready):
        base = os.path.join(PEERS, "base")
        pip = [os.path.join(base, "bin", "pip"), "--python"]
        try:
            if not os.path.exists(os.path.join(base, "ready")):
                subprocess.run([sys.executable, "-m", "venv", base], check=True)
                subprocess.run([pip[0], "install", "-q", *BASE], check=True)
                open(os.path.join(base, "ready"), "w").close()
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
            site = os.path.join("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
            with open(os.path.join(folder, site, "base.pth"), "w", encoding="utf-8") as file:
                file.write(os.path.join(base, site) + "\n")
            for packages in VERSIONS[version]:
                subprocess.run([*pip, python, "install", "-q", *packages], check=True)
            open(ready, "w").close()
        except (OSError, subprocess.CalledProcessError) as fault:
            print(f"{version}: cannot be installed: {fault}", flush=True)
            return None
    return python


def variants():
    """Name, model, how it is saved, whether it is for a prompt, and whether version 2.2 knows its modes."""
    import ipadic

    import sbertja
    from sbertja import models
    settings = {"device": "cpu", "dictionary": ipadic.DICDIR}

    def load(name):
        return sbertja.SentenceTransformer(os.path.join(TINY, name), **settings)

    def made(pooling, *rest, include_prompt=True, **arguments):
        width = 48 * len(pooling.split("+"))
        rest = [models.Dense(width, 20, **kind) if isinstance(kind, dict) else kind for kind in rest]
        return sbertja.SentenceTransformer(
            modules=[models.Transformer(os.path.join(TINY, "bert")),
                     models.Pooling(48, pooling, include_prompt=include_prompt), *rest], seed=3, **settings, **arguments)

    for name in ("bert", "model", "model-0.4.1", "model-cls-dense-normalize", "hf-bin-zip", "hf-safetensors-bf16"):
        yield name, load(name), {}, False, True
    for mode in ("cls", "max", "mean_sqrt_len_tokens", "max+mean", "mean+max", "mean_sqrt_len_tokens+cls+max", "cls+max+mean+mean_sqrt_len_tokens"):
        yield mode, made(mode), {}, False, True
    for mode in ("weightedmean", "lasttoken", "mean+weightedmean"):
        yield mode, made(mode), {}, False, False
    yield "Dense", made("mean", {}), {}, False, True
    yield "Dense without bias, Normalize", made("max+mean", {"bias": False, "activation_function": "relu"},
                                                models.Normalize()), {}, False, True
    for dtype in ("f16", "bf16"):
        yield f"Dense in {dtype}", made("mean", {}), {"dtype": dtype}, False, True
    yield "another order, Dense", made("mean+max", {}), {"dtype": "bf16"}, False, True
    yield "layout 0.4.1, Dense", made("mean+max", {}), {"layout": "0.4.1"}, False, True
    yield "packed", load("model"), {"packed": "int8"}, False, True
    yield "a prompt", made("mean", prompts={"query": PROMPT}), {}, True, True
    for mode in ("mean", "max", "weightedmean", "lasttoken"):
        yield f"include_prompt false, {mode}", made(mode, include_prompt=False), {}, True, False


def write_all(folder):
    """Saves every variant, and the vectors that the library then gives for the directory; a list of what was written."""
    import ipadic
    import numpy as np

    import sbertja
    written = []
    for index, (name, model, how, prompt, any_version) in enumerate(variants()):
        path = os.path.join(folder, str(index))
        model.save(path, **how)
        again = sbertja.SentenceTransformer(path, device="cpu", dictionary=ipadic.DICDIR)
        np.save(os.path.join(folder, f"{index}.npy"), again.encode(sentences(), prompt=PROMPT if prompt else None))
        written.append([name, path, prompt, any_version])
    with open(os.path.join(folder, "list.json"), "w", encoding="utf-8") as file:
        json.dump(written, file)


def open_all(folder, version):
    """Compares the vectors of this interpreter's sentence-transformers with ours. Returns how many differ."""
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer
    torch.set_num_threads(1)
    with open(os.path.join(folder, "list.json"), encoding="utf-8") as file:
        written = json.load(file)
    failed, worst, opened = 0, 0.0, 0
    for index, (name, path, prompt, any_version) in enumerate(written):
        if prompt and version in NO_PROMPTS or not any_version and version in ONLY_FOUR_MODES:
            continue
        try:
            model = SentenceTransformer(path, device="cpu")
            theirs = model.encode(sentences(), **({"prompt": PROMPT} if prompt else {}))
            ours = np.load(os.path.join(folder, f"{index}.npy"))
            difference = float(np.abs(theirs - ours).max() / np.abs(ours).max())
            opened, worst = opened + 1, max(worst, difference)
            if difference < BOUND:
                continue
            print(f"{version}: {name}: differs by {difference:.1e}")
        except Exception as fault:
            print(f"{version}: {name}: does not open: {type(fault).__name__}: {fault}")
        failed += 1
    print(f"{version}: {opened} of {len(written)} directories opened, largest difference {worst:.1e}", flush=True)
    return failed


def main():
    if sys.argv[1:2] == ["--write"]:
        return write_all(sys.argv[2])
    if sys.argv[1:2] == ["--open"]:
        return min(open_all(*sys.argv[2:4]), 100)
    folder = os.path.join(PEERS, "written")
    os.makedirs(folder, exist_ok=True)
    quiet = {**os.environ, "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore",
             "PYTHONPATH": os.path.join(ROOT, "bindings", "python")}
    ran = passed = failed = 0
    for version in VERSIONS:
        python = environment(version)
        if python is None:
            continue
        if ran == 0:
            subprocess.run([python, __file__, "--write", folder], env=quiet, check=True)
        ran += 1
        wrong = subprocess.run([python, __file__, "--open", folder, version], env=quiet).returncode
        passed, failed = passed + (wrong == 0), failed + (wrong != 0)
    print(f"{ran} of {len(VERSIONS)} versions ran\n{passed} passed, {failed} failed")
    return 1 if failed or ran == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
