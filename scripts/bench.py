#!/usr/bin/env python3
"""Time a training iteration of gan-lab's and of plain PyTorch's (lab.py), side by side.

    python3 scripts/bench.py [--threads 2] [--repeats 5]

Both train the lab's recipe on data/points.mat (batch 256, one generated batch for both updates), turn by turn, so
that a noisy minute hits both. gan-lab's time is that of a whole run, its records and the state that it saves after
every epoch included; PyTorch's is that of the bare iterations, its batches and noise ready or drawn in the loop.
Medians in milliseconds an iteration.

Needs: cargo build --release; pip install torch numpy
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from lab import Lab

ROOT = Path(__file__).resolve().parent.parent
EPOCHS, WARM_UP, ITERATIONS = 12, 2, 27


def time_gan_lab(binary, model, threads):
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [binary, "train", model, "--epochs", str(EPOCHS), "--threads", str(threads), "--out", run, "--quiet"]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        seconds = [json.loads(line)["seconds"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    return 1000 * (seconds[-1] - seconds[WARM_UP - 1]) / ((EPOCHS - WARM_UP) * ITERATIONS)


def time_pytorch(model, threads):
    torch.set_num_threads(threads)
    config = json.loads((ROOT / "configs" / f"lab-{model}.json").read_text())
    lab, points = Lab(config), torch.rand(7000, 2)
    batches = points[: ITERATIONS * 256].view(ITERATIONS, 1, 256, 2)

    def epoch():
        for real in batches:
            mix = torch.rand(1, 256) if model == "wgan-gp" else None
            lab.iteration(real, torch.randn(1, 256, 2), mix)

    for _ in range(WARM_UP):
        epoch()
    start = time.perf_counter()
    for _ in range(EPOCHS - WARM_UP):
        epoch()
    return 1000 * (time.perf_counter() - start) / ((EPOCHS - WARM_UP) * ITERATIONS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "gan-lab")
    args = parser.parse_args()
    if not Path(args.binary).exists():
        sys.exit(f"{args.binary} is not there; run: cargo build --release")
    print(f"PyTorch {torch.__version__}, {args.threads} thread(s), {args.repeats} repeats, ms an iteration (median)")
    print(f"{'model':10} {'gan-lab':>9} {'PyTorch':>9} {'PyTorch / gan-lab':>18}")
    for model in ("gan", "wgan", "wgan-gp"):
        ours, theirs = [], []
        for _ in range(args.repeats):
            ours.append(time_gan_lab(args.binary, model, args.threads))
            theirs.append(time_pytorch(model, args.threads))
        ours, theirs = statistics.median(ours), statistics.median(theirs)
        print(f"{model:10} {ours:9.2f} {theirs:9.2f} {theirs / ours:18.2f}")


if __name__ == "__main__":
    main()
