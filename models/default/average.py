#!/usr/bin/env python3
"""The weighted mean of two models' weights, the second trained from the first: step 9 of train.sh.

    average.py FIRST SECOND SHARE TARGET      SHARE: of the second, between 0 and 1

Such a mean keeps more of what the first one did well than the second alone (Wortsman et al. 2022, arXiv 2109.01903).
"""
import pathlib
import shutil
import sys

from safetensors.numpy import load_file, save_file

WEIGHTS = "model.safetensors"


def main():
    first, second, target = (pathlib.Path(sys.argv[i]) for i in (1, 2, 4))
    share = float(sys.argv[3])
    draft = target.with_name(target.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(second, draft)
    before, after = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    mean = {name: ((1 - share) * before[name] + share * value).astype(value.dtype) for name, value in after.items()}
    save_file(mean, draft / WEIGHTS, metadata={"format": "pt"})
    draft.rename(target)


if __name__ == "__main__":
    main()
