#!/usr/bin/env python3
"""One contender of bench.py: says "ready", then times some epochs for each line it reads and answers with
milliseconds an iteration (for sgemm: GFLOP/s).

    bench_worker.py eager|compiled|jax|sgemm MODEL THREADS

Its threads are set by the processors it may run on (taskset), which bench.py does, and by the libraries' own settings.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ITERATIONS, BATCH, EPOCHS = 27, 256, 4


def recipe(model):
    return json.loads((ROOT / "configs" / f"lab-{model}.json").read_text())


def pytorch(model, threads, compiled):
    import torch

    from lab import Lab

    torch.set_num_threads(threads)
    config = recipe(model)
    lab, batches = Lab(config, logits=True), torch.rand(ITERATIONS, 1, BATCH, 2)
    if compiled:
        if model == "wgan-gp":
            raise SystemExit("torch.compile cannot differentiate a compiled critic twice")
        lab.generator, lab.discriminator = torch.compile(lab.generator), torch.compile(lab.discriminator)

    def epoch():
        for real in batches:
            mix = torch.rand(1, BATCH) if model == "wgan-gp" else None
            lab.iteration(real, torch.randn(1, BATCH, 2), mix)

    return epoch


def jax_epoch(model):
    import jax
    import jax.numpy as jnp

    config = recipe(model)
    generator_widths = [config["generator"]["latent_dim"], *config["generator"]["hidden"], 2]
    critic_widths = [2, *config["discriminator"]["hidden"], 1]
    norms, eps = config["generator"]["batch_norm"], config["generator"]["batch_norm_eps"]
    lr, alpha, small = config["lr"], config["optim"]["alpha"], config["optim"]["eps"]

    def layers(key, widths):
        made = []
        for inputs, outputs in zip(widths, widths[1:]):
            key, a, b = jax.random.split(key, 3)
            bound = inputs**-0.5
            made.append({
                "w": jax.random.uniform(a, (inputs, outputs), minval=-bound, maxval=bound),
                "b": jax.random.uniform(b, (outputs,), minval=-bound, maxval=bound),
            })
        return made

    def generator_init(key):
        made = layers(key, generator_widths)
        for layer, norm in zip(made, norms):
            if norm:
                layer |= {"gamma": jnp.ones_like(layer["b"]), "beta": jnp.zeros_like(layer["b"])}
        return made

    def leaky(x):
        return jnp.where(x > 0, x, 0.2 * x)

    def generate(parameters, x):
        statistics = []
        for layer in parameters[:-1]:
            x = x @ layer["w"] + layer["b"]
            if "gamma" in layer:
                mean, variance = x.mean(0), x.var(0)
                statistics.append((mean, variance))
                x = (x - mean) / jnp.sqrt(variance + eps) * layer["gamma"] + layer["beta"]
            x = leaky(x)
        return x @ parameters[-1]["w"] + parameters[-1]["b"], statistics

    def critic(parameters, x):
        for layer in parameters[:-1]:
            x = leaky(x @ layer["w"] + layer["b"])
        return (x @ parameters[-1]["w"] + parameters[-1]["b"])[:, 0]

    def generator_loss(generator, discriminator, noise):
        fake, statistics = generate(generator, noise)
        scores = critic(discriminator, fake)
        loss = jax.nn.log_sigmoid(-scores).mean() if model == "gan" else -scores.mean()
        return loss, (fake, statistics)

    def critic_loss(discriminator, real, fake, mix):
        on_real, on_fake = critic(discriminator, real), critic(discriminator, fake)
        if model == "gan":
            return -jax.nn.log_sigmoid(on_real).mean() - jax.nn.log_sigmoid(-on_fake).mean()
        loss = on_fake.mean() - on_real.mean()
        if model == "wgan-gp":
            points = mix * real + (1 - mix) * fake
            slopes = jax.grad(lambda x: critic(discriminator, x).sum())(points)
            norms = jnp.sqrt((slopes**2).sum(1) + 1e-24)
            loss += config["objective"]["gp_weight"] * ((norms - 1) ** 2).mean()
        return loss

    def rmsprop(parameters, gradient, squares):
        squares = jax.tree.map(lambda v, g: alpha * v + (1 - alpha) * g * g, squares, gradient)
        step = lambda p, g, v: p - lr * g / (jnp.sqrt(v) + small)
        return jax.tree.map(step, parameters, gradient, squares), squares

    def iteration(state, real):
        g, d, g_squares, d_squares, running, key = state
        key, a, b = jax.random.split(key, 3)
        noise, mix = jax.random.normal(a, (BATCH, 2)), jax.random.uniform(b, (BATCH, 1))
        (g_loss, (fake, statistics)), gradient = jax.value_and_grad(generator_loss, has_aux=True)(g, d, noise)
        running = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, running, statistics)
        d_loss, d_gradient = jax.value_and_grad(critic_loss)(d, real, fake, mix)
        g, g_squares = rmsprop(g, gradient, g_squares)
        d, d_squares = rmsprop(d, d_gradient, d_squares)
        if model == "wgan":
            clip = config["objective"]["clip"]
            d = jax.tree.map(lambda p: jnp.clip(p, -clip, clip), d)
        return (g, d, g_squares, d_squares, running, key), (d_loss, g_loss)

    run = jax.jit(lambda state, batches: jax.lax.scan(iteration, state, batches))
    g, d = generator_init(jax.random.key(0)), layers(jax.random.key(1), critic_widths)
    zeros = lambda tree: jax.tree.map(jnp.zeros_like, tree)
    running = [(jnp.zeros(w), jnp.ones(w)) for w, norm in zip(generator_widths[1:], norms) if norm]
    batches = jax.random.uniform(jax.random.key(2), (ITERATIONS, BATCH, 2))
    state = [(g, d, zeros(g), zeros(d), running, jax.random.key(3))]

    def epoch():
        state[0], losses = run(state[0], batches)
        jax.block_until_ready(losses)

    return epoch


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


def main(kind, model, threads):
    epoch = {
        "eager": lambda: pytorch(model, threads, False),
        "compiled": lambda: pytorch(model, threads, True),
        "jax": lambda: jax_epoch(model),
        "sgemm": lambda: None,
    }[kind]()
    if epoch:
        for _ in range(3):
            epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        if not epoch:
            print(sgemm(), flush=True)
            continue
        start = time.perf_counter()
        for _ in range(EPOCHS):
            epoch()
        print(1000 * (time.perf_counter() - start) / (EPOCHS * ITERATIONS), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
