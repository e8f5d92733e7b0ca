#!/usr/bin/env python3
"""Replay a trace of gan-lab's in PyTorch and print how far the two are apart.

    gan-lab train wgan-gp --trace trace.safetensors --out /tmp/run
    python3 scripts/replay.py trace.safetensors

Tensors that hold nothing but rounding noise (lab.py says which and why) are told apart from the others, which must
agree. The engine in double precision, --engine plain, agrees to the last digits that a trace keeps; in single precision
a gradient that is small against its terms is rounding in part, and RMSProp and Adam divide it by its own size.

Needs: pip install torch safetensors numpy
"""

import json
import sys

import torch
from safetensors import safe_open

from lab import Lab, deviation, without_effect

# libtorch's own arithmetic agrees with PyTorch's; another order of sums shows in gradients that are small against their
# terms, which RMSProp and Adam divide by their own size.
TOLERANCES = {"torch": 2e-6, "fused": 2e-5, "plain": 1e-6}
# Adam's first steps are of one size whatever the gradient's is, and BatchNorm's shifts, which begin at 0, hold nothing else.
ADAM = 10
# What PyTorch's own single precision is away from its double says how much of a tensor is rounding; so many times that is let be.
ROUNDING = 100


def load(path):
    with safe_open(path, framework="pt") as file:
        note = json.loads(file.metadata()["gan-lab"])
        return note, {key: file.get_tensor(key) for key in file.keys()}


def main(path):
    note, tensors = load(path)
    config = note["config"]
    torch.set_num_threads(config["threads"])
    optims = [config[key]["name"] for key in ("optim", "optim_d") if config.get(key)]
    plain = config["engine"] == "plain"
    tolerance = TOLERANCES[config["engine"]] * (ADAM if any("adam" in name for name in optims) and not plain else 1)
    rounding = 0 if plain else ROUNDING
    no_effect, worst, worst_noise, worst_loss = without_effect(config), (0.0, 0.0, 0.0, "none"), 0.0, 0.0
    single, double = Lab(config, logits=True), Lab(config, torch.float64, logits=True)
    single.load(tensors, "init")
    double.load(tensors, "init")
    for i in range(note["iterations"]):
        drawn = {name: tensors.get(f"{i}.{name}") for name in ("mix", "moves", "more_real", "real_first", "fake_noise")}
        single.iteration(tensors[f"{i}.real"], tensors[f"{i}.noise"], **drawn)
        doubles = {name: value if value is None else value.double() for name, value in drawn.items()}
        d_loss, g_loss = double.iteration(tensors[f"{i}.real"].double(), tensors[f"{i}.noise"].double(), **doubles)
        for name, value in (("d_loss", d_loss), ("g_loss", g_loss)):
            worst_loss = max(worst_loss, abs(tensors[f"{i}.{name}"].item() - value))
        exact = double.tensors(str(i))
        for key, theirs in single.tensors(str(i)).items():
            apart, own = deviation(tensors[key], exact[key]), deviation(theirs, exact[key])
            if key.split(".", 1)[1] in no_effect:
                worst_noise = max(worst_noise, apart)
            else:
                worst = max(worst, (apart / max(tolerance, rounding * own), apart, own, key))
    objective, optim = config["objective"], " and ".join(optims)
    game = objective.get("model") or "-".join([objective["rule"], *(config[k]["name"] for k in ("penalty", "constraint") if k in config)])
    print(f"{game} with {optim}: {note['iterations']} iterations on {config['threads']} thread(s)")
    share, apart, own, key = worst
    print(f"  a weight's worst deviation      {apart:.1e}  ({key}; of PyTorch's single precision {own:.1e})")
    print(f"  of a tensor without effect      {worst_noise:.1e}  (biases before BatchNorm, running means)")
    print(f"  of a loss, absolute             {worst_loss:.1e}")
    agrees = share <= 1
    print(f"  {'agrees' if agrees else 'DISAGREES'} with PyTorch {torch.__version__} in double precision within {tolerance:g}"
          + (f", or {rounding} times what its single precision is away from it" if rounding else ""))
    return 0 if agrees else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: replay.py TRACE.safetensors")
    sys.exit(main(sys.argv[1]))
