#!/usr/bin/env python3
"""Time the synthesis of 1024x1024 images by gan-lab and by plain PyTorch, and the lab's whole SeFa job both ways.

    python3 scripts/bench_sefa.py [--repeats 3] [--steps 5]

Random weights of the published sizes. One job here is one sample along one direction. Plainly, as in the lab's script,
the unedited image is made again for every distance; gan-lab makes it once, and takes it for distance 0 too. Both
resize, and write PNG files. Times are medians, turn by turn.

Needs: cargo build --release; pip install torch numpy safetensors pillow
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

from pggan import Genforce

ROOT = Path(__file__).resolve().parent.parent


def plain_job(net, folder, steps):
    """One sample, one direction: 2 images for each distance."""
    torch.manual_seed(0)
    code, direction = torch.randn(1, 512), F.normalize(torch.randn(1, 512))
    start, count = time.perf_counter(), 0
    for distance in torch.linspace(-2, 2, steps):
        for z in (code, code + distance * direction):
            with torch.no_grad():
                small = F.interpolate(net(z), size=256, mode="bilinear", align_corners=False)
            pixels = (((small[0] + 1) / 2).clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(folder / f"{count}.png", compress_level=1)
            count += 1
    return time.perf_counter() - start, count


def our_job(binary, checkpoint, folder, steps):
    command = [binary, "sefa", "--checkpoint", checkpoint, "--n", "1", "--k", "1", "--steps", str(steps), "--json"]
    start = time.perf_counter()
    output = subprocess.run([*command, "--out", folder], check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - start, json.loads(output)["rendered"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "gan-lab")
    args = parser.parse_args()
    torch.manual_seed(0)
    net = Genforce(1024).eval()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = {k: v.contiguous() for k, v in net.state_dict().items()}
        print(f"{len(state)} entries in the state dict, {torch.get_num_threads()} threads")
        checkpoint = folder / "random1024.safetensors"
        save_file(state, checkpoint)
        our_job(args.binary, checkpoint, folder / "warm", 1)
        ours, plain = [], []
        for _ in range(args.repeats):
            seconds, ours_count = our_job(args.binary, checkpoint, folder / "job", args.steps)
            ours.append(seconds)
            seconds, plain_count = plain_job(net, folder, args.steps)
            plain.append(seconds)
    ours, plain = statistics.median(ours), statistics.median(plain)
    print(f"gan-lab: {ours_count} images in {ours:.1f} s, {ours / ours_count:.2f} s an image, all of the job included")
    print(f"plainly: {plain_count} images in {plain:.1f} s, {plain / plain_count:.2f} s an image")
    print(f"an image: {plain / plain_count / (ours / ours_count):.2f} times as fast")
    # N 5, K 5, 21 distances: 630 images plainly, 505 here.
    print(f"the lab's job: {630 * plain / plain_count / (505 * ours / ours_count):.2f} times as fast (by these times)")


if __name__ == "__main__":
    main()
