#!/usr/bin/env python3
"""Make tests/fixtures/metrics.json: point sets, and their distances by POT, SciPy, scikit-learn and prdc.

Needs: pip install numpy scipy pot scikit-learn prdc
"""

import json
from pathlib import Path

import numpy as np
import ot
from prdc import compute_prdc
from scipy.spatial.distance import cdist, mahalanobis, pdist
from scipy.stats import entropy, truncexpon
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


def modes(points, means, covariances):
    k, n = len(means), len(points)
    inverse = [np.linalg.inv(c) for c in covariances]
    distances = np.array([[mahalanobis(p, m, i) for m, i in zip(means, inverse)] for p in points])
    nearest, good = distances.argmin(1), distances.min(1) <= 3
    counts = np.array([np.sum(good & (nearest == i)) for i in range(k)])
    shares = np.append(counts, n - counts.sum()) / n
    squares, freedom = 0.0, 0
    for i in range(k):
        own = points[good & (nearest == i)]
        if len(own) > 1:
            squares += np.einsum("ij,jk,ik->", own - own.mean(0), inverse[i], own - own.mean(0))
            freedom += len(own) - 1
    # The squared distance of a Gaussian in the plane is exponential with mean 2; here cut off at 9.
    expected = 2 * truncexpon(b=4.5).mean()
    return {
        "high-quality": counts.sum() / n,
        "modes": int(np.sum(counts > 0)),
        "mode-tv": 0.5 * np.abs(shares - np.append(np.full(k, 1 / k), 0)).sum(),
        "reverse-kl": float(entropy(counts, np.full(k, 1 / k))) if counts.sum() else float(np.log(k)),
        "spread": float(np.sqrt(squares / freedom / expected)) if freedom else 0.0,
    }


def case(a, b, law):
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
        "means": law[0].tolist(),
        "covariances": law[1].tolist(),
        **modes(y, *law),
        **{k: float(p[k]) for k in ("precision", "recall", "density", "coverage")},
    }


def main():
    rng = np.random.default_rng(0)
    normal = lambda n, scale=1.0, shift=0.0: rng.normal(size=(n, 2)) * scale + shift
    ring = lambda n: np.stack([np.cos(t := rng.uniform(0, 6.2832, n)), np.sin(t)], 1) + normal(n, 0.05)
    # Two oblique modes and a round one, and cases with one of them missing, with junk, and with nothing near.
    law = (
        np.array([[-1.0, 0.0], [1.5, 0.5], [0.0, -2.0]]),
        np.array([[[0.4, 0.2], [0.2, 0.3]], [[0.2, -0.1], [-0.1, 0.5]], [[0.1, 0.0], [0.0, 0.1]]]),
    )
    cases = [
        case(normal(60), normal(60), law),
        case(normal(80), normal(80, [0.2, 2.0], [3.0, -1.0]), law),
        case(ring(90), normal(90, 0.4), law),
        case(normal(50) * 1e-3, normal(50) * 1e-3 + 5e-4, (law[0] * 1e-3, law[1] * 1e-6)),
    ]
    OUT.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
