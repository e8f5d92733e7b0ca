#!/usr/bin/env python3
"""Time the training of a ProGAN by gan-lab and by plain PyTorch of the same networks, turn by turn.

    python3 scripts/bench_progan.py [--resolution 64] [--repeats 5] [--threads 2] [--images 1280] [--precision auto]

Plain is what a person writes: `nn.Conv2d`-like layers with equalised rates, PyTorch's usual memory layout, autograd,
Adam over all parameters, the same loss (non-saturating, R1 every 16 steps) and batch, an averaged generator. Both train
the finished side from noise on the same random images. Said: images a second of wall time, and of processor time.

Needs: cargo build --release; pip install torch numpy
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent
BATCH, LATENT, GAMMA, EVERY = 32, 64, 0.1, 16


def widths(args):
    levels = args.resolution.bit_length() - 2
    return [min(args.fmaps_base // (4 << level), args.fmaps_max) for level in range(levels)]


class Conv(nn.Module):
    """A convolution whose weights are scaled by He's constant as they are used."""

    def __init__(self, inputs, outputs, kernel, padding, gain=math.sqrt(2)):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.padding = gain / math.sqrt(inputs * kernel**2), padding

    def forward(self, x):
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


def act(x):
    return F.leaky_relu(x, 0.2)


def norm(x):
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


class Generator(nn.Module):
    def __init__(self, args):
        super().__init__()
        w = widths(args)
        self.first = Conv(LATENT, w[0], 4, 3)
        self.convs = nn.ModuleList([nn.ModuleList([Conv(w[max(b - 1, 0)], w[b], 3, 1), Conv(w[b], w[b], 3, 1)])
                                    for b in range(len(w))])
        self.image = Conv(w[-1], 3, 1, 0, 1.0)

    def forward(self, z):
        x = act(self.first(norm(z)[:, :, None, None]))
        for b, (first, second) in enumerate(self.convs):
            if b > 0:
                x = act(first(F.interpolate(norm(x), scale_factor=2)))
            x = act(second(norm(x)))
        return self.image(norm(x))


class Discriminator(nn.Module):
    def __init__(self, args):
        super().__init__()
        w = widths(args)[::-1]
        self.image = Conv(3, w[0], 1, 0)
        self.convs = nn.ModuleList([nn.ModuleList([Conv(a, a, 3, 1), Conv(a, b, 3, 1)]) for a, b in zip(w, w[1:])])
        self.last = Conv(w[-1] + 1, w[-1], 3, 1)
        self.dense, self.score = Conv(w[-1], w[-1], 4, 0), Conv(w[-1], 1, 1, 0, 1.0)

    def forward(self, x):
        x = act(self.image(x))
        for first, second in self.convs:
            x = act(F.avg_pool2d(second(act(first(x))), 2))
        grouped = x.view(4, -1, *x.shape[1:])
        spread = (grouped.var(0, unbiased=False) + 1e-8).sqrt().mean([1, 2, 3])
        spread = spread.view(1, -1, 1, 1, 1).expand(4, -1, 1, 4, 4).reshape(-1, 1, 4, 4)
        return self.score(act(self.dense(act(self.last(torch.cat([x, spread], 1))))))


class Plain:
    """Plain PyTorch, kept between turns."""

    def __init__(self, args, images):
        torch.set_num_threads(args.threads)
        self.generator, self.averaged, self.discriminator = Generator(args), Generator(args), Discriminator(args)
        self.optims = [torch.optim.Adam(net.parameters(), 0.002, (0.0, 0.99))
                       for net in (self.generator, self.discriminator)]
        self.images, self.iteration = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), 0

    def step(self):
        chosen = self.images[torch.randint(len(self.images), (BATCH,))].float() / 127.5 - 1
        with torch.no_grad():
            fake = self.generator(torch.randn(BATCH, LATENT))
        penalised = self.iteration % EVERY == 0
        loss = F.softplus(-self.discriminator(chosen.requires_grad_(penalised))).mean()
        loss = loss + F.softplus(self.discriminator(fake)).mean()
        if penalised:
            slope, = torch.autograd.grad(self.discriminator(chosen).sum(), chosen, create_graph=True)
            loss = loss + EVERY * GAMMA / 2 * slope.square().sum([1, 2, 3]).mean()
        self.optims[1].zero_grad()
        loss.backward()
        self.optims[1].step()
        loss = F.softplus(-self.discriminator(self.generator(torch.randn(BATCH, LATENT)))).mean()
        self.optims[0].zero_grad()
        loss.backward()
        self.optims[0].step()
        with torch.no_grad():
            for old, new in zip(self.averaged.parameters(), self.generator.parameters()):
                old.lerp_(new, 0.002)
        self.iteration += 1

    def turn(self, images):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(images // BATCH):
            self.step()
        return time.perf_counter() - wall, time.process_time() - cpu


def ours(args, data, folder, precision):
    """Seconds of wall and of processor time between the first record and the last."""
    first, last = 160, 160 + args.images

    def run(images):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [args.binary, "train", "progan", "--data", data, "--resolution", args.resolution, "--latent-dim",
                   LATENT, "--fmaps-base", args.fmaps_base, "--fmaps-max", args.fmaps_max, "--batch-size", BATCH,
                   "--kimg-per-phase", "0.0001", "--final-kimg", images / 1000, "--record-kimg", "0.16", "--threads",
                   args.threads, "--precision", precision, "--out", folder / "run", "--force", "--quiet"]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        records = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
        return records[-1]["seconds"], after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    short, long = run(first), run(last)
    return long[0] - short[0], long[1] - short[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--fmaps-base", type=int, default=1024)
    parser.add_argument("--fmaps-max", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=1280)
    parser.add_argument("--precision", default="float32,bfloat16", help="with commas for several")
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "gan-lab")
    args = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (512, args.resolution, args.resolution, 3), dtype=np.uint8)
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.save(folder / "images.npy", images)
        plain = Plain(args, images)
        plain.turn(2 * BATCH)
        for _ in range(args.repeats):
            for precision in args.precision.split(","):
                times = ours(args, folder / "images.npy", folder, precision)
                rates.setdefault(f"gan-lab {precision}", []).append([args.images / t for t in times])
            rates.setdefault("PyTorch float32", []).append([args.images / t for t in plain.turn(args.images)])
    print(f"{args.resolution}x{args.resolution}, batch {BATCH}, {args.threads} threads, medians of {args.repeats}")
    print(f"{'':18} {'images/s':>9} {'ratio':>6} {'images/CPU s':>13} {'ratio':>6}")
    base = [statistics.median(r[i] for r in rates["PyTorch float32"]) for i in range(2)]
    for name, found in rates.items():
        wall, cpu = (statistics.median(r[i] for r in found) for i in range(2))
        print(f"{name:18} {wall:9.1f} {wall / base[0]:6.2f} {cpu:13.1f} {cpu / base[1]:6.2f}")


if __name__ == "__main__":
    main()
