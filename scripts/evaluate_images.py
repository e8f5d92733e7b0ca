#!/usr/bin/env python3
"""How close are a generator's images to those that it learned from?

    python3 scripts/evaluate_images.py data/models/pggan_fashion32.safetensors
    python3 scripts/evaluate_images.py data/models/pggan_faces64.safetensors --data data/faces/faces.npy

Without --data they are Fashion-MNIST's; an npy file holds bytes [n, side, side] or [n, side, side, 3].

1000 generated images against 1000 real ones, and 1000 other real ones against the same for the floor, in the space of
the 64 first principal components of the real images:

- 1-NN accuracy (Lopez-Paz and Oquab 2017): how well the nearest other image tells real from generated; 0.5 is best.
- precision and recall (Kynkaanniemi et al. 2019, k = 3): the share of generated images within the real ones' balls,
  and of real ones within the generated ones'; 1 is best.

Needs: cargo build --release; ./scripts/fetch-fashion-mnist.sh; pip install numpy pillow
"""

import argparse
import gzip
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
N, COMPONENTS, K = 1000, 64, 3


def real_images(data):
    if data:
        return np.load(data, mmap_mode="r")
    raw = gzip.decompress((ROOT / "data/fashion-mnist/train-images-idx3-ubyte.gz").read_bytes())
    return np.pad(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2)))


def rows(images):
    return images.reshape(len(images), -1).astype(np.float64)


def generated_images(checkpoint, side, mode, seed):
    with tempfile.TemporaryDirectory() as folder:
        # One distance, 0: the samples themselves, at their own size.
        options = f"--n {N} --k 1 --steps 1 --start 0 --end 0 --viz-size {side} --seed {seed} --batch 50 --quiet".split()
        subprocess.run([ROOT / "target/release/gan-lab", "sefa", "--checkpoint", checkpoint, *options, "--out", folder], check=True, stdout=subprocess.DEVNULL)
        paths = [Path(folder) / "images" / f"sample{i}.png" for i in range(N)]
        return rows(np.stack([np.asarray(Image.open(p).convert(mode)) for p in paths]))


def principal(x):
    """The first principal components, as columns: subspace iteration, which is enough for the leading ones."""
    basis = np.random.default_rng(0).standard_normal((x.shape[1], 2 * COMPONENTS))
    for _ in range(12):
        basis = np.linalg.qr(x.T @ (x @ basis))[0]
    _, _, turn = np.linalg.svd(x @ basis, full_matrices=False)
    return (basis @ turn.T)[:, :COMPONENTS]


def distances(a, b):
    return np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0))


def nearest_neighbour_accuracy(a, b):
    both = np.concatenate([a, b])
    d = distances(both, both)
    np.fill_diagonal(d, np.inf)
    nearest = d.argmin(1)
    labels = np.arange(2 * N) < N
    return (labels == labels[nearest]).mean()


def covered(points, by):
    d = distances(by, by)
    radii = np.sort(d, axis=1)[:, K]
    return (distances(points, by) <= radii[None]).any(1).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--data", help="an npy file of images, in the place of Fashion-MNIST")
    args = parser.parse_args()
    real = real_images(args.data)
    side, mode = real.shape[1], "RGB" if real.ndim == 4 else "L"
    # Images lie in no order.
    first = rows(real[:10000])
    mean = first.mean(0)
    components = principal(first - mean)
    project = lambda x: (x - mean) @ components
    print(f"{'':28} {'1-NN accuracy':>14} {'precision':>10} {'recall':>8}")
    found = {"generated against real": [], "real against real": []}
    for seed in range(3):
        draws = np.random.default_rng(seed).permutation(len(real))
        reference = project(rows(real[draws[:N]]))
        for name, other in (
            ("generated against real", project(generated_images(args.checkpoint, side, mode, seed))),
            ("real against real", project(rows(real[draws[N : 2 * N]]))),
        ):
            found[name].append([nearest_neighbour_accuracy(reference, other), covered(other, reference), covered(reference, other)])
    for name, values in found.items():
        m, s = np.mean(values, 0), np.std(values, 0)
        print(f"{name:28} {m[0]:8.3f} ±{s[0]:.3f} {m[1]:6.2f} ±{s[1]:.2f} {m[2]:5.2f} ±{s[2]:.2f}")


if __name__ == "__main__":
    main()
