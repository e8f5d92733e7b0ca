#!/usr/bin/env python3
"""Make tests/fixtures/metrics.json: point sets, and their distances by POT, SciPy, scikit-learn and prdc.

Needs: pip install numpy scipy pot scikit-learn prdc
"""

import json
from pathlib import Path

import numpy as np
import ot
from prdc import compute_prdc
from scipy.spatial.distance import cdist, pdist
from sklearn.neighbors import NearestNeighbors

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "metrics.json"


def mmd2(a, b):
    median = np.sort(pdist(np.concatenate([a, b])))[len(pdist(np.concatenate([a, b]))) // 2]
    kernel = lambda x, y: np.mean([np.exp(-cdist(x, y, "sqeuclidean") / (2 * (f * median) ** 2)) for f in (0.25, 0.5, 1, 2, 4)], 0)
    n, m = len(a), len(b)
    off = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return off(kernel(a, a)) + off(kernel(b, b)) - 2 * kernel(a, b).sum() / (n * m)


def nearest_neighbour(a, b):
    both, labels = np.concatenate([a, b]), np.arange(len(a) + len(b)) < len(a)
    nearest = NearestNeighbors(n_neighbors=2).fit(both).kneighbors(both)[1][:, 1]
    return float(np.mean(labels == labels[nearest]))


def sliced(a, b):
    angles = np.pi * (np.arange(512) + 0.5) / 512
    projections = np.stack([np.cos(angles), np.sin(angles)])
    return float(ot.sliced_wasserstein_distance(a, b, projections=projections, p=2))


def case(a, b):
    a, b = a.astype(np.float32), b.astype(np.float32)
    x, y = a.astype(np.float64), b.astype(np.float64)
    p = compute_prdc(x, y, nearest_k=5)
    energy = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    return {
        "real": a.tolist(),
        "generated": b.tolist(),
        "w1": float(ot.emd2([], [], cdist(x, y))),
        "w2": float(np.sqrt(ot.emd2([], [], cdist(x, y, "sqeuclidean")))),
        "sliced-w2": sliced(x, y),
        "energy": float(np.sqrt(max(energy, 0))),
        "mmd2": float(mmd2(x, y)),
        "1-nn": nearest_neighbour(x, y),
        **{k: float(p[k]) for k in ("precision", "recall", "density", "coverage")},
    }


def main():
    rng = np.random.default_rng(0)
    normal = lambda n, scale=1.0, shift=0.0: rng.normal(size=(n, 2)) * scale + shift
    ring = lambda n: np.stack([np.cos(t := rng.uniform(0, 6.2832, n)), np.sin(t)], 1) + normal(n, 0.05)
    cases = [
        case(normal(60), normal(60)),
        case(normal(80), normal(80, [0.2, 2.0], [3.0, -1.0])),
        case(ring(90), normal(90, 0.4)),
        case(normal(50) * 1e-3, normal(50) * 1e-3 + 5e-4),
    ]
    OUT.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
