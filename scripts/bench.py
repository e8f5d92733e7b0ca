#!/usr/bin/env python3
"""Time a training iteration of both engines, of plain PyTorch, of PyTorch compiled and of JAX, side by side.

    python3 scripts/bench.py [--repeats 7] [--models gan,wgan,wgan-gp,r3gan] [--threads 1,2]
    python3 scripts/bench.py --check [--models gan,wgan,wgan-gp,r3gan] [--threads 1,2]

All train the lab's recipe (batch 256, one generated batch for both updates, RMSProp) or, as r3gan, relativistic pairs
with R1 and R2 on the lab's networks without BatchNorm (the critic first, each step with points and codes of its own,
Adam), turn by turn, so that a noisy minute hits all. All times are those of bare iterations, batches ready, noise drawn
in the loop. Medians in milliseconds an iteration. The processors are given by taskset (JAX takes its threads from them),
PyTorch's threads are set too. sgemm is the rate of independent threads, one a processor, each multiplying the networks'
largest shapes.

With --check nothing is timed: both engines write a trace of three iterations, and the other contenders repeat these from
the same weights with the same draws. All losses and weights have to agree.

Needs: cargo build --release --example bench_worker (for --check: cargo build --release); pip install torch numpy
safetensors jax; taskset. A contender that cannot run is left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_worker import BATCH, LEFT_OUT, MODELS, ROOT, recipe

WORKER = [sys.executable, ROOT / "scripts" / "bench_worker.py"]
OURS = ("fused", "torch")
OTHERS = ("eager", "compiled", "jax")


def environment(threads):
    # Settings for one machine's BLAS that would make NumPy's slower or faster than it is as installed.
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return kept | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}


def taskset(first, threads):
    return ["taskset", "-c", f"{first}-{first + threads - 1}"]


class Worker:
    def __init__(self, program, kind, what, threads, first=0):
        command = [*taskset(first, threads), *program, kind, what, str(threads)]
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
    if model == "r3gan":
        # The critic's step has a generated batch of its own. In it, for real and for generated points: forward, inputs'
        # gradient, what the penalty sends forward again, and the weights' gradient, where loss and penalty share factors.
        multiplications += sum(generator) + 8 * sum(critic)
        # In the generator's: forward for both, inputs' gradient for generated points.
        multiplications += 3 * sum(critic)
    else:
        # Forward and inputs' gradient of real and generated points, weights' gradient of both.
        multiplications += 6 * sum(critic) - critic[0]
    if model == "wgan-gp":
        multiplications += 4 * sum(critic)
    return 2 * BATCH * multiplications


def measure(model, threads, args, config):
    workers, left_out = {}, {}
    for kind in (*OURS, *OTHERS):
        program, what = ([args.binary], config) if kind in OURS else (WORKER, model)
        worker = Worker(program, kind, what, threads)
        problem = worker.ready()
        if problem:
            left_out[kind] = problem
        else:
            workers[kind] = worker
    rates = [Worker(WORKER, "sgemm", model, 1, first) for first in range(threads)]
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


def trace(engine, model, threads, config, folder, program):
    """The file with a trace of an engine's first iterations."""
    path = folder / f"{model}-{engine}-{threads}.safetensors"
    options = ["--epochs", "1", "--eval-every", "0", "--engine", engine, "--threads", str(threads), "--trace", path]
    command = [program, "train", "--config", config, *options, "--out", folder / "run", "--force", "--quiet"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return path


def check(model, threads, args, config, folder):
    """Whether what runs here agrees with both engines."""
    traces = [trace(engine, model, threads, config, folder, args.program) for engine in OURS]
    agree = True
    for kind in OTHERS:
        command = [*taskset(0, threads), *WORKER, kind, model, str(threads), *traces]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(threads), cwd=ROOT / "scripts")
        verdicts = done.stdout.splitlines()
        for engine, verdict in zip(OURS, verdicts):
            print(f"{model}, {threads} thread(s), {kind} and the engine {engine}: {verdict}", flush=True)
        if len(verdicts) < len(OURS):
            reason = (done.stderr.strip().splitlines() or ["it ended"])[-1]
            how = "left out" if done.returncode == LEFT_OUT else "FAILED"
            print(f"{model}, {threads} thread(s), {kind} {how}: {reason}", flush=True)
        agree &= done.returncode in (0, LEFT_OUT)
    return agree


def table(args, configs):
    names = (*OURS, *OTHERS)
    print(f"{args.repeats} repeats turn by turn; medians in ms an iteration, and how many times as long as fused")
    print("| model | threads | " + " | ".join(names) + " | sgemm, GFLOP/s | fused, share of it |")
    print("|---|---|" + "---|" * (len(names) + 2))
    fused = {}
    for model in args.models:
        for threads in args.threads:
            times, left_out = measure(model, threads, args, configs[model])
            base = fused[model, threads] = times["fused"]
            cells = [f"{times[n]:.2f} ({times[n] / base:.2f})" if n in times else "-" for n in names]
            share = products(model) / (base / 1000) / 1e9 / times["sgemm"]
            cells += [f"{times['sgemm']:.0f}", f"{100 * share:.0f} %"]
            print(f"| {model} | {threads} | " + " | ".join(cells) + " |", flush=True)
            for kind, problem in left_out.items():
                print(f"  ({kind} left out: {problem})", file=sys.stderr)
        if (model, 1) in fused and (model, 2) in fused:
            gain = fused[model, 1] / fused[model, 2]
            print(f"  {model}: two threads are {gain:.2f} times as fast as one", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--models", type=lambda text: text.split(","), default=list(MODELS))
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--check", action="store_true", help="time nothing: see whether all compute the same")
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "examples" / "bench_worker")
    parser.add_argument("--program", default=ROOT / "target" / "release" / "gan-lab", help="gan-lab, for --check")
    args = parser.parse_args()
    unknown = [model for model in args.models if model not in MODELS]
    if unknown:
        parser.error(f"no such model: {unknown[0]}; there are {', '.join(MODELS)}")
    if args.repeats < 1:
        parser.error("--repeats takes 1 or more")
    needed, how = (args.program, "") if args.check else (args.binary, " --example bench_worker")
    if not Path(needed).exists():
        sys.exit(f"{needed} is not there; run: cargo build --release{how}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        configs = {model: folder / f"{model}.json" for model in args.models}
        for model, path in configs.items():
            path.write_text(json.dumps(recipe(model)))
        if not args.check:
            return table(args, configs)
        # All of them, also after one that fails.
        agree = [check(model, n, args, configs[model], folder) for model in args.models for n in args.threads]
    sys.exit(0 if all(agree) else "they do not compute the same")


if __name__ == "__main__":
    main()
