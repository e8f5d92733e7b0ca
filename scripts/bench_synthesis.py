#!/usr/bin/env python3
"""Time pictures of StyleGAN and StyleGAN2 by gan-lab and by plain PyTorch, turn by turn, from the same random weights.

    python3 scripts/bench_synthesis.py [--repeats 5] [--threads 2] [--models sg2-1024,sg2-256]

Plain is the networks' arithmetic as scripts/stylegan.py has it: each picture's weights are modulated and convolved,
PyTorch's usual memory layout, no gradients. Both draw the same rows of w, one picture at a time. Also said: gan-lab's
peak memory, reading included, and by how many of 255 steps a picture's channels differ at most.

Needs: cargo build --release --bench synthesis; pip install torch numpy safetensors
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from stylegan import StyleGan, StyleGan2, source

ROOT = Path(__file__).resolve().parent.parent
MODELS = {
    "sg2-1024": (StyleGan2, {"resolution": 1024}),
    "sg2-512": (StyleGan2, {"resolution": 512}),
    "sg2-256": (StyleGan2, {"resolution": 256}),
    "sg2-256-half": (StyleGan2, {"resolution": 256, "base": 16384}),
    "sg1-1024": (StyleGan, {"resolution": 1024}),
    "sg1-256": (StyleGan, {"resolution": 256}),
}


def binary():
    """The newest build of the benchmark."""
    found = [p for p in (ROOT / "target" / "release" / "deps").glob("synthesis-*") if p.suffix == ""]
    if not found:
        raise SystemExit("build it first: cargo build --release --bench synthesis")
    return max(found, key=lambda p: p.stat().st_mtime)


def compare(name, args, folder):
    network, options = MODELS[name]
    net = network(**options)
    z = source(100, torch.float32)(1, 512)
    ws = net.mapping(z)[:, None].repeat(1, net.rows, 1)
    file, image = folder / "weights.safetensors", folder / "image"
    save_file({**{k: v.float().contiguous() for k, v in net.effective().items()}, "z": z}, file)
    ours = subprocess.Popen(
        [args.binary or binary(), file, str(args.threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def draw(path=""):
        ours.stdin.write(f"{path}\n")
        ours.stdin.flush()
        seconds, *peak = ours.stdout.readline().split()
        return float(seconds), int(peak[0]) / 1000

    draw(image)
    plain = net.synthesis(ws)[0].numpy()
    made = np.fromfile(image, dtype=np.float32).reshape(plain.shape)
    # Random weights make pictures of any spread; a real one's lies in [-1, 1].
    scale = 3 * plain.std()
    steps = lambda x: np.floor(np.clip(127.5 * x / scale + 128, 0, 255)).astype(int)
    apart = np.abs(steps(made) - steps(plain)).max()
    times, peak = {"ours": [], "plain": []}, 0
    for _ in range(args.repeats):
        seconds, peak = draw()
        times["ours"].append(seconds)
        start = time.perf_counter()
        net.synthesis(ws)
        times["plain"].append(time.perf_counter() - start)
    ours.stdin.close()
    ours.wait()
    ratios = [plain / ours for plain, ours in zip(times["plain"], times["ours"])]
    ours_time, plain_time = (statistics.median(times[k]) for k in ("ours", "plain"))
    print(
        f"{name:13} ours {ours_time:6.3f} s (least {min(times['ours']):.3f})   plain {plain_time:6.3f} s (least "
        f"{min(times['plain']):.3f})   {statistics.median(ratios):5.2f} times   peak {peak:4.0f} MB   "
        f"apart {apart} of 255, "
        f"{np.abs(made - plain).max() / plain.std():.1e} deviations",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--binary")
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(args.threads)
    for name in args.models.split(","):
        with tempfile.TemporaryDirectory() as folder:
            compare(name, args, Path(folder))


if __name__ == "__main__":
    main()
