#!/usr/bin/env python3
"""One contender of bench.py: says "ready", then times some epochs for each line it reads and answers with
milliseconds an iteration (for sgemm: GFLOP/s).

    bench_worker.py eager|compiled|jax|sgemm MODEL THREADS
    bench_worker.py eager|compiled|jax MODEL THREADS TRACE…      holds it against traces of gan-lab's

Its threads are set by the processors it may run on (taskset), which bench.py does, and by the libraries' own settings.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("gan", "wgan", "wgan-gp", "r3gan")
ITERATIONS, BATCH, EPOCHS = 27, 256, 4
# The exit status of a contender that cannot run here.
LEFT_OUT = 3
# The largest differences that rounding makes: in a loss, and in a tensor of weights over the largest of them. The
# latter is that of BatchNorm's shifts, which begin at 0 and are nothing but the first steps, and of steps along
# gradients that are small against their terms, which RMSProp and Adam divide by their own size.
LOSS, WEIGHTS = 5e-7, 1e-4


def recipe(model):
    """The lab's config of a model; for r3gan the lab's networks and batches with the preset's game and optimiser, without
    its schedule and average, which are no part of an iteration's gradients."""
    config = lambda name: json.loads((ROOT / "configs" / f"{name}.json").read_text())
    if model != "r3gan":
        return config(f"lab-{model}")
    lab, preset = config("lab-gan"), config("r3gan")
    return lab | {key: preset[key] for key in ("objective", "lr", "update_order")} | {
        "penalty": {"every": 1} | preset["penalty"],
        "optim": {"eps": 1e-8} | preset["optim"],
        "generator": lab["generator"] | preset["generator"],
    }


def contender(kind, model, threads):
    """One that trains, and what its epochs take: real points of the critic's steps and of the generator's."""
    if kind == "jax":
        import jax
        from bench_jax import Contender

        points = lambda seed: jax.random.uniform(jax.random.key(seed), (ITERATIONS, BATCH, 2))
        return Contender(recipe(model)), (points(2), points(4))

    import torch
    from bench_torch import contender as of_torch

    torch.set_num_threads(threads)
    points = lambda: torch.rand(ITERATIONS, BATCH, 2)
    return of_torch(recipe(model), kind == "compiled"), (points(), points())


def sgemm():
    """The rate of the networks' largest products with one thread, the better of PyTorch's and NumPy's."""
    import numpy as np
    import torch

    torch.set_num_threads(1)
    shapes = [(BATCH, 256, 512), (BATCH, 512, 256), (256, BATCH, 512)]
    best = 0.0
    for make, product in (
        (torch.rand, lambda a, b, c: torch.mm(a, b, out=c)),
        (lambda *s: np.random.rand(*s).astype(np.float32), lambda a, b, c: np.matmul(a, b, out=c)),
    ):
        triples = [(make(m, k), make(k, n), make(m, n)) for m, k, n in shapes]
        for timed in (False, True):
            start = time.perf_counter()
            for _ in range(20 if not timed else 100):
                for triple in triples:
                    product(*triple)
            seconds = time.perf_counter() - start
        best = max(best, 100 * sum(2 * m * k * n for m, k, n in shapes) / seconds / 1e9)
    return best


def check(kind, model, threads, trace):
    """From a trace's weights, with its draws: how far the losses and the weights after each iteration are apart, in one
    line. Gives whether they agree."""
    import torch
    from lab import deviation, without_effect
    from replay import load

    note, tensors = load(trace)
    config = recipe(model)
    trained, _ = contender(kind, model, threads)
    trained.load(tensors, "init")
    loss, weight, where = 0.0, 0.0, "none"
    for i in range(note["iterations"]):
        names = ("real", "noise", "mix", "more_real")
        drawn = {name: tensors[f"{i}.{name}"] for name in names if f"{i}.{name}" in tensors}
        losses = trained.iterate(drawn)
        loss = max(loss, *(abs(tensors[f"{i}.{name}"].item() - x) for name, x in zip(("d_loss", "g_loss"), losses)))
        for name, theirs in trained.tensors(str(i)).items():
            if name.endswith("num_batches_tracked") or name.split(".", 1)[1] in without_effect(config):
                continue
            apart = deviation(tensors[name], torch.as_tensor(theirs))
            if not apart <= weight:
                weight, where = apart, name
    agrees = loss <= LOSS and weight <= WEIGHTS
    print(f"{'agrees' if agrees else 'DISAGREES'}: losses {loss:.1e} apart, weights {weight:.1e} ({where})", flush=True)
    return agrees


def main(kind, model, threads, *traces):
    if traces:
        return 0 if all([check(kind, model, threads, trace) for trace in traces]) else 1
    if kind != "sgemm":
        trained, points = contender(kind, model, threads)
        for _ in range(3):
            trained.epoch(*points)
    print("ready", flush=True)
    for _ in sys.stdin:
        if kind == "sgemm":
            print(sgemm(), flush=True)
            continue
        start = time.perf_counter()
        for _ in range(EPOCHS):
            trained.epoch(*points)
        print(1000 * (time.perf_counter() - start) / (EPOCHS * ITERATIONS), flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
    except (ImportError, NotImplementedError) as reason:
        print(reason, file=sys.stderr)
        sys.exit(LEFT_OUT)
