#!/usr/bin/env python3
"""Make the files in tests/fixtures/synthesis/: small random generators of the StyleGAN families as effective weights,
codes, and what plain PyTorch makes of them in double precision. Run in scripts/.

Needs: pip install torch safetensors numpy
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from stylegan import StyleGan, StyleGan2, source, truncated

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "synthesis"
SMALL = {"resolution": 32, "base": 512, "most": 18, "z": 12, "w": 16, "layers": 2}

# Name, network, class of the picture, psi, rows that are truncated (None: all), whether noise is added.
CASES = [
    ("sg2", StyleGan2, SMALL, None, 0.7, 4, True),
    ("sg2-plain", StyleGan2, {**SMALL, "layers": 3, "noise": False, "seed": 1}, None, 1.0, None, True),
    ("sg2-clamp", StyleGan2, {**SMALL, "clamp": 1.5, "seed": 2}, None, 0.5, None, True),
    ("sg2-classes", StyleGan2, {**SMALL, "classes": 3, "seed": 3}, 2, 0.7, None, True),
    ("sg2-grey", StyleGan2, {**SMALL, "channels": 1, "seed": 4}, None, 0.7, None, True),
    ("sg2-alpha", StyleGan2, {**SMALL, "channels": 4, "skips": False, "seed": 5}, None, 0.7, None, True),
    ("sg2-quiet", StyleGan2, {**SMALL, "seed": 6}, None, 0.7, None, False),
    ("sg2-filter", StyleGan2, {**SMALL, "filter": (1, 2, 1), "seed": 7}, None, 0.7, None, True),
    ("sg2-lopsided", StyleGan2, {**SMALL, "filter": (1, 5, 10, 7, 3, 1), "seed": 8}, None, 0.7, None, True),
    ("sg2-64", StyleGan2, {**SMALL, "resolution": 64, "most": 17, "seed": 9}, None, 0.7, None, True),
    ("sg1", StyleGan, {**SMALL, "seed": 10}, None, 0.7, 4, True),
    ("sg1-fused", StyleGan, {**SMALL, "resolution": 128, "most": 8, "channels": 1, "seed": 11}, None, 1.0, None, True),
    ("sg1-fading", StyleGan, {**SMALL, "lod": 0.25, "seed": 12}, None, 0.7, None, True),
    ("sg1-classes", StyleGan, {**SMALL, "classes": 3, "channels": 1, "seed": 13}, 1, 0.7, None, True),
    ("sg1-quiet", StyleGan, {**SMALL, "lod": 1.0, "noise": False, "seed": 14}, None, 0.7, None, True),
]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)
    for name, network, options, label, psi, cutoff, noise in CASES:
        net = network(**options, dtype=torch.float64)
        n = 1 if options["resolution"] > 64 else 2
        z = source(100, torch.float64)(n, options["z"])
        w = net.mapping(z, label)
        ws = truncated(net.mapping.mean, w, psi, cutoff, net.rows)
        image = net.synthesis(ws, "const" if noise else "none")
        numbers = {
            **net.effective(), "z": z, "w": w, "psi": torch.tensor(psi),
            "cutoff": torch.tensor(float(net.rows if cutoff is None else cutoff)),
            "label": torch.tensor(float(-1 if label is None else label)), "noise": torch.tensor(float(noise)),
            "images": image,
        }
        # The images alone keep double precision's digits that single precision has room for; so do the weights.
        save_file({k: v.to(torch.float32).contiguous() for k, v in numbers.items()}, OUT / f"{name}.safetensors")
        size = (OUT / f"{name}.safetensors").stat().st_size
        print(f"{name}: {size / 1000:.0f} kB, images {image.std():.2f} (most {image.abs().max():.2f})")
        assert size < 300_000


if __name__ == "__main__":
    main()
