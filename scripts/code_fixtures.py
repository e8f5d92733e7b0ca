#!/usr/bin/env python3
"""Make tests/fixtures/codes.json, codes as NumPy and PyTorch draw them, and tests/fixtures/directions/, files of directions.

Of NumPy's `RandomState(seed).randn(n)`, which NVIDIA's tools use, the first numbers and the SHA-256 of all as little-endian
float32; of `torch.manual_seed(seed); torch.randn(n, dim)` the first numbers of every code.

The factor files are saved as rosinality's closed_form_factorization.py saves them. `factor-gan-lab.pt` is gan-lab's own (a test
writes it): here PyTorch reads it, with and without `weights_only`, and finds what it should.

    python3 scripts/code_fixtures.py        # needs NumPy and PyTorch
"""

import hashlib
import json
from pathlib import Path

import numpy
import torch

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
OUT = FIXTURES / "codes.json"


def of_numpy(seed: int, n: int) -> dict:
    numbers = numpy.random.RandomState(seed).randn(n)
    digest = hashlib.sha256(numbers.astype("<f4").tobytes()).hexdigest()
    return {"seed": seed, "n": n, "first": numbers[:4].tolist(), "float32_sha256": digest}


def of_torch(seed: int, n: int, dim: int) -> dict:
    torch.manual_seed(seed)
    codes = torch.randn(n, dim)
    return {"seed": seed, "n": n, "dim": dim, "first": codes[:, :4].tolist()}


def factor_files() -> None:
    folder = FIXTURES / "directions"
    folder.mkdir(exist_ok=True)
    columns = torch.arange(1, 13, dtype=torch.float32).reshape(4, 3) / 10
    factor = {"ckpt": "550000.pt", "eigvec": columns / columns.norm(dim=0)}
    torch.save(factor, folder / "factor-zip.pt")
    torch.save(factor, folder / "factor-legacy.pt", _use_new_zipfile_serialization=False)
    ours = folder / "factor-gan-lab.pt"
    if not ours.exists():
        print(f"{ours} is not there yet: INSTA_UPDATE=always cargo test writes it")
        return
    for weights_only in (True, False):
        read = torch.load(ours, weights_only=weights_only)
        assert list(read) == ["ckpt", "eigvec"] and read["ckpt"] == "generator.pt", read
        expected = (torch.arange(12, dtype=torch.float32).reshape(4, 3) - 5.5) / 4
        assert torch.equal(read["eigvec"], expected) and read["eigvec"].is_contiguous(), read
    print(f"PyTorch {torch.__version__} reads {ours}")


def main() -> None:
    seeds = [(0, 512), (1, 512), (85, 512), (2**32 - 1, 512), (12345, 63), (7, 1_000_000)]
    fixture = {
        "versions": {"numpy": numpy.__version__, "torch": torch.__version__},
        "numpy": [of_numpy(seed, n) for seed, n in seeds],
        "torch": [of_torch(0, 5, 512), of_torch(7, 1, 512), of_torch(7, 3, 6), of_torch(2**40, 2, 64), of_torch(5, 1, 5)],
    }
    OUT.write_text(json.dumps(fixture, indent=1) + "\n")
    print(f"wrote {OUT}")
    factor_files()


if __name__ == "__main__":
    main()
