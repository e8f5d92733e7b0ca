#!/usr/bin/env python3
"""Time a training iteration of both engines, of plain PyTorch, of PyTorch compiled and of JAX, side by side.

    python3 scripts/bench.py [--repeats 7] [--models gan,wgan,wgan-gp] [--threads 1,2]

All train the lab's recipe (batch 256, one generated batch for both updates, RMSProp), turn by turn, so that a noisy
minute hits all. All times are those of bare iterations, batches ready, noise drawn in the loop. Medians in
milliseconds an iteration. The processors are given by taskset (JAX takes its threads from them), PyTorch's threads are
set too. sgemm is the rate of independent threads, one a processor, each multiplying the networks' largest shapes.

Needs: cargo build --release --example bench_worker; pip install torch numpy safetensors jax; taskset. A contender that cannot run is left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BATCH = 256
OURS = ("fused", "torch")
OTHERS = ("eager", "compiled", "jax")


def environment(threads):
    # Settings for one machine's BLAS that would make NumPy's slower or faster than it is as installed.
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return kept | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}


def taskset(first, threads):
    return ["taskset", "-c", f"{first}-{first + threads - 1}"]


class Worker:
    def __init__(self, program, kind, model, threads, first=0):
        command = [*taskset(first, threads), *program, kind, model, str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(threads), cwd=ROOT / "scripts",
        )

    def ready(self):
        if self.process.stdout.readline().strip() == "ready":
            return None
        lines = self.process.communicate()[1].strip().splitlines()
        return lines[-1] if lines else "it ended"

    def ask(self):
        print(file=self.process.stdin, flush=True)

    def answer(self):
        return float(self.process.stdout.readline())

    def close(self):
        self.process.communicate()


def products(model):
    """Floating-point operations of the matrix products in an iteration, none of which can be left out."""
    pair = lambda widths: [a * b for a, b in zip(widths, widths[1:])]
    generator, critic = pair([2, 64, 256, 512, 2]), pair([2, 64, 256, 1])
    # Forward, weights' gradient, and inputs' gradient but for the first layer.
    multiplications = 3 * sum(generator) - generator[0]
    # Forward and inputs' gradient of real and generated points, weights' gradient of both.
    multiplications += 6 * sum(critic) - critic[0]
    if model == "wgan-gp":
        multiplications += 4 * sum(critic)
    return 2 * BATCH * multiplications


def measure(model, threads, args):
    workers, left_out = {}, {}
    python = [sys.executable, ROOT / "scripts" / "bench_worker.py"]
    for kind in (*OURS, *OTHERS):
        worker = Worker([args.binary] if kind in OURS else python, kind, model, threads)
        problem = worker.ready()
        if problem:
            left_out[kind] = problem
        else:
            workers[kind] = worker
    rates = [Worker(python, "sgemm", model, 1, first) for first in range(threads)]
    for worker in rates:
        worker.ready()
    times = {name: [] for name in (*workers, "sgemm")}
    for _ in range(args.repeats):
        for kind, worker in workers.items():
            worker.ask()
            times[kind].append(worker.answer())
        for worker in rates:
            worker.ask()
        times["sgemm"].append(sum(worker.answer() for worker in rates))
    for worker in [*workers.values(), *rates]:
        worker.close()
    return {name: statistics.median(values) for name, values in times.items()}, left_out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--models", default="gan,wgan,wgan-gp")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "examples" / "bench_worker")
    args = parser.parse_args()
    if not Path(args.binary).exists():
        sys.exit(f"{args.binary} is not there; run: cargo build --release --example bench_worker")
    names = (*OURS, *OTHERS)
    print(f"{args.repeats} repeats turn by turn; medians in ms an iteration, and how many times as long as fused")
    print("| model | threads | " + " | ".join(names) + " | sgemm, GFLOP/s | fused, share of it |")
    print("|---|---|" + "---|" * (len(names) + 2))
    fused = {}
    for model in args.models.split(","):
        for threads in map(int, args.threads.split(",")):
            times, left_out = measure(model, threads, args)
            base = fused[model, threads] = times["fused"]
            cells = [f"{times[n]:.2f} ({times[n] / base:.2f})" if n in times else "-" for n in names]
            share = products(model) / (base / 1000) / 1e9 / times["sgemm"]
            print(f"| {model} | {threads} | " + " | ".join(cells) + f" | {times['sgemm']:.0f} | {100 * share:.0f} % |", flush=True)
            for kind, problem in left_out.items():
                print(f"  ({kind} left out: {problem})", file=sys.stderr)
        if (model, 1) in fused and (model, 2) in fused:
            print(f"  {model}: two threads are {fused[model, 1] / fused[model, 2]:.2f} times as fast as one", file=sys.stderr)


if __name__ == "__main__":
    main()
