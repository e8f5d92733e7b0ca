#!/usr/bin/env python3
"""Run the lines of README.md that use a direction elsewhere, on a job of gan-lab's and a StyleGAN2 in plain PyTorch, and write
the picture that they make: 16 rows of 16 pixels of 3 bytes. A test compares it with the job's own.

usage: use_direction.py JOB OUT     JOB is one of tests/fixtures/checkpoints/layouts/stylegan2-nvidia.safetensors, seed 0, one sample
Needs: pip install torch numpy safetensors
"""

import os
import re
import sys
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file

from stylegan import Mapping, StyleGan2, truncated

ROOT = Path(__file__).resolve().parent.parent
LAYOUT = ROOT / "tests/fixtures/checkpoints/layouts/stylegan2-nvidia.safetensors"


def layer(state, base):
    """A layer of NVIDIA's names by those of stylegan.py."""
    found = {name: state[f"{base}.{name}"] for name in ("weight", "bias", "affine.weight", "affine.bias")}
    found |= {"up": base.endswith("conv0"), "noise": state.get(f"{base}.noise_const"), "strength": state.get(f"{base}.noise_strength")}
    found["weight"] = found["weight"].flatten(2).squeeze(2) if found["weight"].shape[-1] == 1 else found["weight"]
    return found


class Generator(StyleGan2):
    """With the calls that NVIDIA's has."""

    def __init__(self, state):
        self.resolution, self.clamp, self.skips, self.levels = 16, None, True, 3
        self.const, self.filter = state["synthesis.b4.const"], state["synthesis.b8.conv0.resample_filter"]
        names = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1"]
        self.convs = [layer(state, f"synthesis.{name}") for name in names]
        self.images = [layer(state, f"synthesis.b{side}.torgb") for side in (4, 8, 16)]
        self.net = Mapping.__new__(Mapping)
        count = sum(name.startswith("mapping.fc") for name in state) // 2
        self.net.layers = [(state[f"mapping.fc{i}.weight"], state[f"mapping.fc{i}.bias"]) for i in range(count)]
        self.net.embed, self.net.gain_before, self.mean = None, False, state["mapping.w_avg"]

    def mapping(self, z, c, truncation_psi=1, truncation_cutoff=None):
        assert c is None
        return truncated(self.mean, self.net(z), truncation_psi, truncation_cutoff, self.rows)


def lines():
    """The lines, as they stand in README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "directions.npy" in block]
    assert len(blocks) == 1, f"README.md has {len(blocks)} blocks that use directions.npy"
    return blocks[0]


def main():
    job, out = sys.argv[1], Path(sys.argv[2]).resolve()
    os.chdir(job)
    torch.manual_seed(0)
    names = {"torch": torch, "numpy": numpy, "G": Generator(load_file(LAYOUT)), "z": torch.randn(1, 6)}
    exec(compile(lines(), "README.md", "exec"), names)  # noqa: S102
    # rosinality's scripts read the same directions, as columns, from factor.pt.
    columns = torch.load("factor.pt", weights_only=True)["eigvec"]
    assert torch.equal(columns.T, torch.from_numpy(numpy.load("directions.npy"))), "factor.pt has other directions"
    pixels = (names["image"][0] * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    out.write_bytes(pixels.permute(1, 2, 0).contiguous().numpy().tobytes())


if __name__ == "__main__":
    main()
