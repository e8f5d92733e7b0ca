#!/usr/bin/env python3
"""Make the checkpoints in tests/fixtures/checkpoints/: small random generators in every layout and format, the images
that PyTorch makes of them, and files that must be refused. layout_fixtures.py makes the other layouts.

Needs: pip install torch safetensors numpy
"""

import collections
import os
import pickle
from pathlib import Path

import torch
from safetensors.torch import save_file

from pggan import Genforce, Zoo

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "checkpoints"
SIZES = {"resolution": 16, "latent": 6, "channels": 3, "base": 64, "most": 7}


def strided(state):
    """As genforce's converter saves: weights as permuted views of TensorFlow's order."""
    view = lambda t: t.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1) if t.dim() == 4 else t
    return collections.OrderedDict((k, view(v)) for k, v in state.items())


class Code:
    """A pickle that asks for code to be run."""

    def __reduce__(self):
        return (os.system, ("echo harm",))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    codes = torch.randn(4, SIZES["latent"])
    net, other, zoo = Genforce(**SIZES), Genforce(**SIZES), Zoo(**SIZES)
    with torch.no_grad():
        images = {"codes": codes, "genforce": net(codes), "other": other(codes), "zoo": zoo(codes)}
    save_file({k: v.contiguous() for k, v in images.items()}, OUT / "images.safetensors")

    state, worse = net.state_dict(), other.state_dict()
    both = {"generator": worse, "discriminator": {"x": torch.zeros(2)}, "generator_smooth": strided(state)}
    torch.save(both, OUT / "genforce-zip.pth")
    torch.save(both, OUT / "genforce-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"models": both, "learning_rates": {"generator": 0.1}}, OUT / "genforce-training.pth")
    torch.save({"generator": state}, OUT / "genforce-plain.pth")
    torch.save(state, OUT / "bare.weights")
    save_file({k: v.contiguous() for k, v in state.items()}, OUT / "bare.safetensors")
    zoo_state = zoo.state_dict()
    torch.save({"avgG": zoo_state, "netG": Zoo(**SIZES).state_dict(), "config": {"depth": 2}}, OUT / "zoo.pth")
    torch.save({"netG": {k.replace(".module", ""): v for k, v in zoo_state.items()}}, OUT / "zoo-old.pth")

    missing = {k: v for k, v in state.items() if k != "layer3.bias"}
    shape = {**state, "layer3.weight": torch.randn(5, 7, 3, 3), "layer3.bias": torch.randn(4)}
    extra = {**state, "layer9.weight": torch.randn(7, 7, 3, 3)}
    kind = {**state, "layer1.bias": torch.zeros(7, dtype=torch.int64)}
    nan = {**state, "layer1.bias": torch.full((7,), float("nan"))}
    for name, wrong in (("missing", missing), ("shape", shape), ("extra", extra), ("type", kind), ("nan", nan)):
        torch.save({"generator": wrong}, OUT / f"wrong-{name}.pth")
    torch.save({"something": torch.zeros(3)}, OUT / "wrong-network.pth")
    (OUT / "wrong-code.pth").write_bytes(pickle.dumps({"generator": Code()}, protocol=2))
    (OUT / "wrong-text.pth").write_text("<html>404 not found</html>\n")


if __name__ == "__main__":
    main()
