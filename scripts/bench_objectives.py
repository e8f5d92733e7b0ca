#!/usr/bin/env python3
"""What each objective costs: milliseconds an iteration with the lab's networks, beside the lab's GAN.

    python3 scripts/bench_objectives.py [--threads 1] [--rounds 5] [--before OTHER_GAN_LAB]

The objectives take turns in every round; medians are printed, with the least and the largest. Nothing else should run
meanwhile. With --before the lab's three models are timed with another build too.

Needs: cargo build --release
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EPOCHS, ITERATIONS = 12, 27
MODELS = ("gan", "wgan", "wgan-gp")
RULES = ("least-squares", "hinge", "rpgan", "ragan", "paired")


def cases(program, before):
    known = {model: (program, [model]) for model in MODELS}
    if before:
        known |= {f"{model}, before": (before, [model]) for model in MODELS}
    known |= {rule: (program, ["--rule", rule]) for rule in RULES}
    known["hinge, spectral norm"] = (program, ["--rule", "hinge", "--constraint", "spectral-norm"])
    known["gan, packs of 2"] = (program, ["gan", "--pack", "2"])
    known["gan, clipped gradients"] = (program, ["gan", "--clip-grad", "1"])
    known["gan, lookahead"] = (program, ["gan", "--lookahead", "5"])
    known["gan, averaged"] = (program, ["gan", "--ema", "10000"])
    for penalty in ("r1", "r1+r2"):
        weight = ["--penalty", penalty, "--penalty-weight", "0.1"]
        known[f"gan, {penalty}"] = (program, ["gan", *weight])
        known[f"rpgan, {penalty}"] = (program, ["--rule", "rpgan", *weight])
    return known


def iteration(program, options, threads, out):
    """Milliseconds an iteration, the first two epochs left out."""
    recorded = ["--frame-every", "100", "--eval-every", "0", "--epochs", str(EPOCHS), "--threads", str(threads)]
    subprocess.run([program, "train", *options, *recorded, "--out", out, "--force", "--quiet"], check=True, cwd=ROOT)
    seconds = [json.loads(line)["seconds"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    return 1000 * (seconds[-1] - seconds[1]) / ((EPOCHS - 2) * ITERATIONS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", help="another build of gan-lab")
    args = parser.parse_args()
    known = cases(str(ROOT / "target" / "release" / "gan-lab"), args.before)
    times = {name: [] for name in known}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            for place, (name, (program, options)) in enumerate(known.items()):
                times[name].append(iteration(program, options, args.threads, Path(folder) / str(place)))
    base = statistics.median(times["gan"])
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:18} {middle:7.3f} ms  x {middle / base:.2f}  ({min(found):.3f} to {max(found):.3f})")


if __name__ == "__main__":
    main()
