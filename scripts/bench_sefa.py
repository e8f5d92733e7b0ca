#!/usr/bin/env python3
"""Time the synthesis of 1024x1024 images by gan-lab and by plain PyTorch, and the lab's whole SeFa job both ways.

    python3 scripts/bench_sefa.py [--repeats 3] [--samples 1] [--directions 1] [--steps 5]
    python3 scripts/bench_sefa.py --repeats 1 --samples 5 --directions 5 --steps 21     # the lab's, whole: 20 minutes

Random weights of the published sizes. Plainly, as in the lab's script,
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


def plain_job(net, folder, args):
    """For each distance and sample: the unedited image, and one along each direction."""
    torch.manual_seed(0)
    codes, directions = torch.randn(args.samples, 1, 512), F.normalize(torch.randn(args.directions, 1, 512), dim=2)
    start, count = time.perf_counter(), 0
    for distance in torch.linspace(-2, 2, args.steps):
        for z in (edited for code in codes for edited in (code, *(code + distance * d for d in directions))):
            with torch.no_grad():
                small = F.interpolate(net(z), size=256, mode="bilinear", align_corners=False)
            pixels = (((small[0] + 1) / 2).clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(folder / f"{count}.png", compress_level=1)
            count += 1
    return time.perf_counter() - start, count


def our_job(checkpoint, folder, args):
    options = f"--n {args.samples} --k {args.directions} --steps {args.steps} --json".split()
    command = [args.binary, "sefa", "--checkpoint", checkpoint, *options]
    start = time.perf_counter()
    output = subprocess.run([*command, "--out", folder], check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - start, json.loads(output)["rendered"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--directions", type=int, default=1)
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
        ours, plain = [], []
        for _ in range(args.repeats):
            seconds, ours_count = our_job(checkpoint, folder / "job", args)
            ours.append(seconds)
            seconds, plain_count = plain_job(net, folder, args)
            plain.append(seconds)
    ours, plain = statistics.median(ours), statistics.median(plain)
    print(f"gan-lab: {ours_count} images in {ours:.1f} s, {ours / ours_count:.2f} s an image, all of the job included")
    print(f"plainly: {plain_count} images in {plain:.1f} s, {plain / plain_count:.2f} s an image")
    print(f"an image: {plain / plain_count / (ours / ours_count):.2f} times as fast")
    print(f"this job: {plain / ours:.2f} times as fast")
    # N 5, K 5, 21 distances: 630 images plainly, 505 here.
    print(f"the lab's job: {630 * plain / plain_count / (505 * ours / ours_count):.2f} times as fast (by these times)")


if __name__ == "__main__":
    main()
