#!/usr/bin/env python3
"""Make the generators in tests/fixtures/checkpoints/layouts/: of each family one small random network, written in every layout
that people have, and its effective weights as PyTorch computes them.

NVIDIA's pickles are written with stand-ins for its classes, whose module_src is empty: none of its code is in the files.

Needs: pip install torch safetensors numpy
"""

import argparse
import collections
import io
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "checkpoints" / "layouts"
SIDES = [4, 8, 16]
WIDTHS = [6, 5, 4]
Z, W, HIDDEN, CLASSES = 6, 5, 7, 3
LEVELS = len(SIDES)
ROOT2 = 2**0.5


def draw(*shape, scale=1.0):
    return torch.randn(*shape) * scale


# --- effective weights --------------------------------------------------------------------------------------------------------


def mapping_numbers(inputs, layers=2):
    sizes = [inputs] + [HIDDEN] * (layers - 1) + [W]
    return [(draw(b, a, scale=100.0), draw(b, scale=20.0)) for a, b in zip(sizes, sizes[1:])]


def mapping_effective(numbers, gains):
    found = {}
    for i, (weight, bias) in enumerate(numbers):
        of_weight, of_bias = gains
        found[f"mapping.{i}.weight"] = weight * 0.01 / weight.shape[1] ** 0.5 * of_weight
        found[f"mapping.{i}.bias"] = bias * 0.01 * of_bias
    return found


class Style2:
    """A StyleGAN2, its numbers as NVIDIA keeps them."""

    def __init__(self, classes=0):
        self.classes = classes
        self.mapping = mapping_numbers(Z + (W if classes else 0))
        self.embed = (draw(W, classes), draw(W)) if classes else None
        self.mean = draw(W, scale=0.3)
        self.const = draw(WIDTHS[0], 4, 4)
        self.convs, self.images = [], []
        for i in range(2 * LEVELS - 1):
            b, into, out = (i + 1) // 2, WIDTHS[i // 2], WIDTHS[(i + 1) // 2]
            self.convs.append(
                {
                    "weight": draw(out, into, 3, 3),
                    "affine": (draw(into, W), draw(into, scale=0.2) + 1),
                    "bias": draw(out, scale=0.2),
                    "strength": torch.tensor(0.3 + 0.1 * i),
                    "noise": draw(SIDES[b], SIDES[b]),
                }
            )
        for b, width in enumerate(WIDTHS):
            self.images.append(
                {
                    "weight": draw(3, width, 1, 1),
                    "affine": (draw(width, W), draw(width, scale=0.2) + 1),
                    "bias": draw(3, scale=0.2),
                }
            )

    def effective(self):
        found = mapping_effective(self.mapping, (ROOT2, ROOT2)) | {"mean": self.mean, "constant": self.const}
        if self.embed:
            found |= {"embedding.weight": self.embed[0] / self.classes**0.5, "embedding.bias": self.embed[1]}
        for i, conv in enumerate(self.convs):
            found |= {
                f"conv{i}.weight": conv["weight"],
                f"conv{i}.bias": conv["bias"],
                f"conv{i}.style.weight": conv["affine"][0] / W**0.5,
                f"conv{i}.style.bias": conv["affine"][1],
                f"conv{i}.strength": conv["strength"].view(1),
                f"conv{i}.noise": conv["noise"],
            }
        for b, image in enumerate(self.images):
            found |= {
                f"image{b}.weight": image["weight"] / image["weight"].shape[1] ** 0.5,
                f"image{b}.bias": image["bias"],
                f"image{b}.style.weight": image["affine"][0] / W**0.5,
                f"image{b}.style.bias": image["affine"][1],
            }
        return found

    def filter(self):
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        return torch.outer(taps, taps)

    def names(self, i):
        b = (i + 1) // 2
        return SIDES[b], "conv0" if i % 2 else "conv1"

    def nvidia(self):
        found = {"mapping.w_avg": self.mean, "synthesis.b4.const": self.const}
        for i, (weight, bias) in enumerate(self.mapping):
            found |= {f"mapping.fc{i}.weight": weight, f"mapping.fc{i}.bias": bias}
        if self.embed:
            found |= {"mapping.embed.weight": self.embed[0], "mapping.embed.bias": self.embed[1]}
        for i, conv in enumerate(self.convs):
            side, name = self.names(i)
            base = f"synthesis.b{side}.{name}."
            found |= {
                base + "weight": conv["weight"],
                base + "bias": conv["bias"],
                base + "affine.weight": conv["affine"][0],
                base + "affine.bias": conv["affine"][1],
                base + "noise_strength": conv["strength"],
                base + "noise_const": conv["noise"],
                base + "resample_filter": self.filter(),
            }
        for side, image in zip(SIDES, self.images):
            base = f"synthesis.b{side}.torgb."
            found |= {
                base + "weight": image["weight"],
                base + "bias": image["bias"],
                base + "affine.weight": image["affine"][0],
                base + "affine.bias": image["affine"][1],
            }
            found[f"synthesis.b{side}.resample_filter"] = self.filter()
        return found

    def rosinality(self, noises=True):
        found = {"input.input": self.const[None]}
        for i, (weight, bias) in enumerate(self.mapping):
            found |= {f"style.{i + 1}.weight": weight, f"style.{i + 1}.bias": bias}
        for i, conv in enumerate(self.convs):
            base = "conv1." if i == 0 else f"convs.{i - 1}."
            found |= {
                base + "conv.weight": conv["weight"][None],
                base + "conv.modulation.weight": conv["affine"][0],
                base + "conv.modulation.bias": conv["affine"][1],
                base + "noise.weight": conv["strength"].view(1),
                base + "activate.bias": conv["bias"],
            }
            if i % 2:
                found[base + "conv.blur.kernel"] = self.filter() * 4
            if noises:
                found[f"noises.noise_{i}"] = conv["noise"][None, None]
        for b, image in enumerate(self.images):
            base = "to_rgb1." if b == 0 else f"to_rgbs.{b - 1}."
            found |= {
                base + "conv.weight": image["weight"][None],
                base + "bias": image["bias"].view(1, 3, 1, 1),
                base + "conv.modulation.weight": image["affine"][0],
                base + "conv.modulation.bias": image["affine"][1],
            }
            if b:
                found[base + "upsample.kernel"] = self.filter() * 4
        return found

    def genforce(self):
        found = {"truncation.w_avg": self.mean, "synthesis.early_layer.const": self.const[None]}
        for i, (weight, bias) in enumerate(self.mapping):
            found |= {f"mapping.dense{i}.weight": weight, f"mapping.dense{i}.bias": bias}
        if self.embed:
            found |= {"mapping.LabelEmbed.weight": self.embed[0], "mapping.LabelEmbed.bias": self.embed[1]}
        for i, conv in enumerate(self.convs):
            base = f"synthesis.layer{i}."
            found |= {
                base + "weight": conv["weight"].flip(2, 3) if i % 2 else conv["weight"],
                base + "bias": conv["bias"],
                base + "style.weight": conv["affine"][0],
                base + "style.bias": conv["affine"][1] - 1,
                base + "noise_strength": conv["strength"],
                base + "noise": conv["noise"][None, None],
            }
            if i % 2:
                found[base + "filter.kernel"] = self.filter()[None, None] * 4
        for b, image in enumerate(self.images):
            base = f"synthesis.output{b}."
            found |= {
                base + "weight": image["weight"],
                base + "bias": image["bias"],
                base + "style.weight": image["affine"][0],
                base + "style.bias": image["affine"][1] - 1,
            }
        found["synthesis.upsample.kernel"] = self.filter()[None, None] * 4
        return found

    def tensorflow(self):
        mapping = []
        for i, (weight, bias) in enumerate(self.mapping):
            mapping += [(f"Dense{i}/weight", weight.T), (f"Dense{i}/bias", bias)]
        if self.embed:
            mapping += [("LabelEmbed/weight", self.embed[0].T), ("LabelEmbed/bias", self.embed[1])]
        synthesis = [(f"noise{i}", conv["noise"][None, None]) for i, conv in enumerate(self.convs)]
        synthesis.append(("4x4/Const/const", self.const[None]))
        for i, conv in enumerate(self.convs):
            side, name = self.names(i)
            base = f"{side}x{side}/" + ("Conv" if i == 0 else "Conv0_up" if name == "conv0" else "Conv1") + "/"
            weight = conv["weight"].flip(2, 3) if i % 2 else conv["weight"]
            synthesis += [
                (base + "weight", weight.permute(2, 3, 1, 0)),
                (base + "bias", conv["bias"]),
                (base + "mod_weight", conv["affine"][0].T),
                (base + "mod_bias", conv["affine"][1] - 1),
                (base + "noise_strength", conv["strength"]),
            ]
        for side, image in zip(SIDES, self.images):
            base = f"{side}x{side}/ToRGB/"
            synthesis += [
                (base + "weight", image["weight"].permute(2, 3, 1, 0)),
                (base + "bias", image["bias"]),
                (base + "mod_weight", image["affine"][0].T),
                (base + "mod_bias", image["affine"][1] - 1),
            ]
        return [("dlatent_avg", self.mean), ("lod", torch.tensor(0.0))], {"mapping": mapping, "synthesis": synthesis}


class Style1:
    """A StyleGAN, its numbers as genforce keeps them."""

    def __init__(self):
        self.mapping = mapping_numbers(Z, layers=3)
        self.mean = draw(W, scale=0.3)
        self.const = draw(WIDTHS[0], 4, 4)
        self.layers, self.images = [], []
        for i in range(2 * LEVELS):
            b = i // 2
            into, out = (WIDTHS[b - 1] if i % 2 == 0 and b else WIDTHS[b]), WIDTHS[b]
            self.layers.append(
                {
                    "weight": draw(out, into, 3, 3) if i else None,
                    "bias": draw(out, scale=0.2),
                    "noise": draw(SIDES[b], SIDES[b]),
                    "strength": draw(out, scale=0.3),
                    "style": (draw(2 * out, W), draw(2 * out, scale=0.2)),
                }
            )
        for width in WIDTHS:
            self.images.append((draw(3, width, 1, 1), draw(3, scale=0.2)))

    def effective(self):
        found = mapping_effective(self.mapping, (ROOT2, 1.0)) | {"mean": self.mean, "constant": self.const}
        for i, layer in enumerate(self.layers):
            half = layer["bias"].shape[0]
            one = torch.cat([torch.ones(half), torch.zeros(half)])
            found |= {
                f"layer{i}.bias": layer["bias"],
                f"layer{i}.style.weight": layer["style"][0] / W**0.5,
                f"layer{i}.style.bias": layer["style"][1] + one,
                f"layer{i}.strength": layer["strength"],
                f"layer{i}.noise": layer["noise"],
            }
            if i:
                found[f"layer{i}.weight"] = layer["weight"] * ROOT2 / layer["weight"][0].numel() ** 0.5
        for b, (weight, bias) in enumerate(self.images):
            found |= {f"image{b}.weight": weight / weight.shape[1] ** 0.5, f"image{b}.bias": bias}
        return found

    def genforce(self):
        found = {
            "truncation.w_avg": self.mean,
            "synthesis.lod": torch.tensor(0.0),
            "synthesis.layer0.const": self.const[None],
        }
        for i, (weight, bias) in enumerate(self.mapping):
            found |= {f"mapping.dense{i}.weight": weight, f"mapping.dense{i}.bias": bias}
        blur = torch.tensor([1.0, 2.0, 1.0]) / 4
        for i, layer in enumerate(self.layers):
            base = f"synthesis.layer{i}."
            found |= {
                base + "bias": layer["bias"],
                base + "apply_noise.noise": layer["noise"][None, None],
                base + "apply_noise.weight": layer["strength"],
                base + "style.weight": layer["style"][0],
                base + "style.bias": layer["style"][1],
            }
            if i:
                found[base + "weight"] = layer["weight"]
            if i and i % 2 == 0:
                found[base + "blur.kernel"] = torch.outer(blur, blur).repeat(layer["bias"].shape[0], 1, 1, 1)
        for b, (weight, bias) in enumerate(self.images):
            found |= {f"synthesis.output{b}.weight": weight, f"synthesis.output{b}.bias": bias}
        return found

    def tensorflow(self):
        mapping = []
        for i, (weight, bias) in enumerate(self.mapping):
            mapping += [(f"Dense{i}/weight", weight.T), (f"Dense{i}/bias", bias)]
        synthesis = [("lod", torch.tensor(0.0)), ("4x4/Const/const", self.const[None])]
        for i, layer in enumerate(self.layers):
            side = SIDES[i // 2]
            name = ["Const", "Conv"][i] if i < 2 else ["Conv0_up", "Conv1"][i % 2]
            base = f"{side}x{side}/{name}/"
            synthesis += [
                (base + "bias", layer["bias"]),
                (base + "Noise/weight", layer["strength"]),
                (base + "StyleMod/weight", layer["style"][0].T),
                (base + "StyleMod/bias", layer["style"][1]),
                (f"noise{i}", layer["noise"][None, None]),
            ]
            if i:
                synthesis.append((base + "weight", layer["weight"].permute(2, 3, 1, 0)))
        for b, (weight, bias) in enumerate(self.images):
            base = f"ToRGB_lod{LEVELS - 1 - b}/"
            synthesis += [(base + "weight", weight.permute(2, 3, 1, 0)), (base + "bias", bias)]
        return [("dlatent_avg", self.mean)], {"mapping": mapping, "synthesis": synthesis}


class Progan:
    """A ProGAN, its numbers as genforce keeps them."""

    def __init__(self):
        self.first = (draw(WIDTHS[0], Z, 4, 4), draw(WIDTHS[0], scale=0.3))
        self.levels, width = [], WIDTHS[0]
        for b, out in enumerate(WIDTHS):
            enlarging = (draw(out, width, 3, 3), draw(out, scale=0.3)) if b else None
            second = (draw(out, out, 3, 3), draw(out, scale=0.3))
            self.levels.append((enlarging, second, (draw(3, out, 1, 1), draw(3, scale=0.3))))
            width = out

    def convs(self):
        """Name, weight, bias, gain."""
        for b, (enlarging, second, image) in enumerate(self.levels):
            if enlarging:
                yield f"enlarging{b}", *enlarging, ROOT2
            yield f"second{b}", *second, ROOT2
            yield f"image{b}", *image, 1.0

    def effective(self):
        weight, bias = self.first
        found = {
            "first.weight": weight * ROOT2 / weight[0].numel() ** 0.5,
            "first.bias": bias.view(-1, 1, 1).expand(-1, 4, 4).contiguous(),
        }
        for name, weight, bias, gain in self.convs():
            found |= {f"{name}.weight": weight * gain / weight[0].numel() ** 0.5, f"{name}.bias": bias}
        return found

    def genforce(self, fused=False):
        found = {"lod": torch.tensor(0.0), "layer0.weight": self.first[0], "layer0.bias": self.first[1]}
        for name, weight, bias, _ in self.convs():
            b = int(name[-1])
            base = {"e": f"layer{2 * b}", "s": f"layer{2 * b + 1}", "i": f"output{b}"}[name[0]]
            if fused and name[0] == "e":
                # The transposed convolution that does the same: [inputs, outputs], turned round; its fan in is the same.
                weight = weight.flip(2, 3).transpose(0, 1)
            found |= {f"{base}.weight": weight, f"{base}.bias": bias}
        return found

    def zoo(self, module=".module"):
        """The bias is multiplied too, and the image's gain is sqrt 2: so both are divided here."""
        weight, bias = self.first
        scale = (2 / Z) ** 0.5
        rows = weight.flip(2, 3).permute(0, 2, 3, 1).reshape(-1, Z) * (ROOT2 / weight[0].numel() ** 0.5) / scale
        found = {f"formatLayer{module}.weight": rows, f"formatLayer{module}.bias": bias.repeat_interleave(16) / scale}
        for name, weight, bias, gain in self.convs():
            b = int(name[-1])
            base = {"e": f"scaleLayers.{b - 1}.0", "i": f"toRGBLayers.{b}"}.get(name[0])
            base = base or ("groupScale0.0" if b == 0 else f"scaleLayers.{b - 1}.1")
            scale = (2 / weight[0].numel()) ** 0.5
            found |= {f"{base}{module}.weight": weight * gain / ROOT2, f"{base}{module}.bias": bias / scale}
        return found

    def pro_gan_pth(self, version):
        first = self.first[0].flip(2, 3).transpose(0, 1) / 4
        block = lambda b: f"layers.{b}" if version == 3 else "initial_block" if b == 0 else f"layers.{b - 1}"
        found = {f"{block(0)}.conv_1.weight": first, f"{block(0)}.conv_1.bias": self.first[1]}
        for name, weight, bias, gain in self.convs():
            b = int(name[-1])
            base = {"e": f"{block(b)}.conv_1", "s": f"{block(b)}.conv_2", "i": f"rgb_converters.{b}"}[name[0]]
            found |= {f"{base}.weight": weight * gain / ROOT2, f"{base}.bias": bias}
        return found

    def tensorflow(self, fused=False):
        weight, bias = self.first
        dense = weight.flip(2, 3).permute(1, 0, 2, 3).reshape(Z, -1)
        found = [("lod", torch.tensor(0.0)), ("4x4/Dense/weight", dense), ("4x4/Dense/bias", bias)]
        for name, weight, bias, _ in self.convs():
            b = int(name[-1])
            side = SIDES[b]
            base = {"e": f"{side}x{side}/Conv0", "i": f"ToRGB_lod{LEVELS - 1 - b}"}.get(name[0])
            base = base or ("4x4/Conv" if b == 0 else f"{side}x{side}/Conv1")
            kernel = weight.permute(2, 3, 1, 0)
            if fused and name[0] == "e":
                base, kernel = f"{base}_up", weight.flip(2, 3).permute(2, 3, 0, 1)
            found += [(f"{base}/weight", kernel), (f"{base}/bias", bias)]
        return found


# --- files --------------------------------------------------------------------------------------------------------------------


def module(name, **things):
    """A module of this name for pickle to find."""
    parts = name.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[: i + 1]), types.ModuleType(parts[i]))
    for key, thing in things.items():
        thing.__module__, thing.__qualname__ = name, key
        setattr(sys.modules[name], key, thing)


def _reconstruct_persistent_obj(meta):
    raise SystemExit("this is never called")


class Network:
    """Stands for NVIDIA's tfutil and tflib networks."""

    def __init__(self, state):
        self.state = state

    def __getstate__(self):
        return self.state

    def __setstate__(self, state):
        self.state = state


class Dict(dict):
    """Stands for EasyDict."""


class Persistent:
    """Is pickled as NVIDIA's modules are."""

    def __init__(self, name, state):
        self.name, self.state = name, state

    def __reduce__(self):
        meta = {"type": "class", "version": 6, "module_src": "", "class_name": self.name, "state": self.state}
        return _reconstruct_persistent_obj, (meta,)


CLASSES_OF = {"synthesis": "SynthesisNetwork", "mapping": "MappingNetwork", "torgb": "ToRGBLayer"}
BUFFERS = ("w_avg", "noise_const", "resample_filter")


def persistent(name, state, container, attributes):
    """A tree of modules from a state dict."""
    own, children = {}, {}
    for key, value in state.items():
        head, _, rest = key.partition(".")
        if rest:
            children.setdefault(head, {})[rest] = value
        else:
            own[head] = value
    kind = CLASSES_OF.get(name.split(".")[-1], "Generator" if name == "" else "SynthesisLayer")
    inside = lambda key: f"{name}.{key}" if name else key
    members = {
        "training": False,
        "_parameters": container((k, torch.nn.Parameter(v)) for k, v in own.items() if k not in BUFFERS),
        "_buffers": container((k, v) for k, v in own.items() if k in BUFFERS),
        "_backward_hooks": collections.OrderedDict(),
        "_modules": container((k, persistent(inside(k), v, container, attributes)) for k, v in children.items()),
        "_non_persistent_buffers_set": set(),
        "_init_kwargs": Dict(conv_clamp=256),
    }
    return Persistent(kind, members | attributes(name))


def attributes(name, classes=0):
    last = name.split(".")[-1]
    if name == "":
        return {"z_dim": Z, "c_dim": classes, "w_dim": W, "img_resolution": SIDES[-1], "img_channels": 3, "num_ws": 6}
    if last.startswith("conv"):
        return {"activation": "lrelu", "conv_clamp": 1.5, "use_noise": True, "up": 2 if last == "conv0" else 1}
    if last == "torgb":
        return {"conv_clamp": None}
    if last.startswith("fc"):
        return {"activation": "lrelu", "weight_gain": np.float64(0.01 / 7**0.5), "bias_gain": 0.01}
    if last.startswith("b"):
        return {"architecture": "skip", "is_last": False}
    return {}


def arrays(variables):
    kind = lambda x: np.float32(x.item()) if x.ndim == 0 else np.ascontiguousarray(x.numpy())
    return [(name, kind(value)) for name, value in variables]


def network(version, variables, components=None, **kwargs):
    state = {
        "version": version,
        "name": "Gs",
        "static_kwargs": dict(kwargs),
        "build_module_src": "",
        "build_func_name": "G",
        "variables": arrays(variables),
    }
    if components is not None:
        state["components"] = Dict((k, network(version, v)) for k, v in components.items())
    return Network(state)


def tensorflow(name, generator, worse, protocol):
    other = Network({"version": 1, "name": "D", "static_kwargs": {}, "variables": [("x", np.zeros(2, np.float32))]})
    data = pickle.dumps((worse, other, generator), protocol=protocol)
    if protocol < 4:
        # As NumPy before 2 calls it.
        data = data.replace(b"numpy._core", b"numpy.core")
    (OUT / name).write_bytes(data)


def nvidia(name, state, protocol, container=dict, **more):
    root = persistent("", state, container, more.pop("attributes", attributes))
    (OUT / name).write_bytes(pickle.dumps({"G_ema": root, **more}, protocol=protocol))


def strided(state):
    """As genforce's converter saves: weights as permuted views of TensorFlow's order."""
    view = lambda t: t.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1) if t.dim() == 4 else t
    return collections.OrderedDict((k, view(v)) for k, v in state.items())


def contiguous(state):
    return {k: v.contiguous().clone() for k, v in state.items()}


def style2():
    net, worse = Style2(), Style2()
    save_file(contiguous(net.effective()), OUT / "stylegan2.safetensors")
    channels_last = {
        k: v.contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v for k, v in net.nvidia().items()
    }
    other = persistent("", worse.nvidia(), dict, attributes)
    nvidia("stylegan2-nvidia.pkl", channels_last, 4, G=other, augment_pipe=None, training_set_kwargs=Dict(path="x"))
    nvidia("stylegan2-nvidia-old.pkl", net.nvidia(), 3, collections.OrderedDict)
    save_file(contiguous(net.nvidia()), OUT / "stylegan2-nvidia.safetensors")
    parts = list(contiguous(net.nvidia()).items())
    shards = [dict(parts[::2]), dict(parts[1::2])]
    names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    for name, shard in zip(names, shards):
        save_file(shard, OUT / name)
    lines = ", ".join(f'"{k}": "{name}"' for name, shard in zip(names, shards) for k in shard)
    (OUT / "model.safetensors.index.json").write_text('{"metadata": {}, "weight_map": {' + lines + "}}\n")
    torch.save({"g_ema": net.rosinality(), "latent_avg": net.mean}, OUT / "stylegan2-rosinality.pt")
    training = {"g": worse.rosinality(), "d": {"x": torch.zeros(2)}, "g_ema": net.rosinality()}
    training |= {"g_optim": {"state": {0: {"step": 3}}, "param_groups": [{"lr": 0.1}]}, "args": argparse.Namespace(size=16)}
    torch.save(training, OUT / "stylegan2-rosinality-training.pt", _use_new_zipfile_serialization=False)
    decoder = {f"decoder.{k}": v for k, v in net.rosinality(noises=False).items()}
    encoder = {"state_dict": {"encoder.x": torch.zeros(2)} | decoder, "latent_avg": net.mean.repeat(6, 1), "opts": {"a": 1}}
    torch.save(encoder, OUT / "stylegan2-encoder.pt")
    both = {"generator": worse.genforce(), "generator_smooth": strided(net.genforce())}
    torch.save(both, OUT / "stylegan2-genforce.pth")
    torch.save({"models": both, "running_metadata": {}, "optimizers": {}}, OUT / "stylegan2-genforce-training.pth")
    for name, protocol in (("stylegan2-tensorflow.pkl", 2), ("stylegan2-tensorflow-4.pkl", 4)):
        gs = network(4, *net.tensorflow(), resolution=16, conv_clamp=1.5)
        tensorflow(name, gs, network(4, *worse.tensorflow()), protocol)
    conditional = Style2(CLASSES)
    save_file(contiguous(conditional.effective()), OUT / "conditional.safetensors")
    nvidia("conditional-nvidia.pkl", conditional.nvidia(), 4, attributes=lambda name: attributes(name, CLASSES))
    torch.save(conditional.genforce(), OUT / "conditional-genforce.pth")
    tensorflow("conditional-tensorflow.pkl", network(5, *conditional.tensorflow()), network(5, []), 2)


def style1():
    net, worse = Style1(), Style1()
    save_file(contiguous(net.effective()), OUT / "stylegan.safetensors")
    torch.save({"generator": worse.genforce(), "generator_smooth": strided(net.genforce())}, OUT / "stylegan-genforce.pth")
    tensorflow("stylegan-tensorflow.pkl", network(3, *net.tensorflow()), network(3, *worse.tensorflow()), 2)


def progan():
    net, worse = Progan(), Progan()
    save_file(contiguous(net.effective()), OUT / "progan.safetensors")
    torch.save({"generator_smooth": strided(net.genforce())}, OUT / "progan-genforce.pth")
    torch.save({"generator_smooth": net.genforce(fused=True)}, OUT / "progan-genforce-fused.pth")
    config = Settings()
    config.__dict__ |= {"alpha": 0, "leakyReluLeak": 0.2, "equalizedlR": True, "perChannelNormalization": True}
    config.__dict__ |= {"categoryVectorDim": 0, "lossCriterion": "WGANGP", "depthOtherScales": WIDTHS[1:]}
    torch.save({"config": config, "netG": worse.zoo(), "avgG": net.zoo()}, OUT / "progan-zoo.pth")
    unusual = Settings()
    unusual.__dict__ |= config.__dict__ | {"alpha": 0.25, "leakyReluLeak": 0.1, "categoryVectorDim": 2, "lossCriterion": "DCGAN"}
    torch.save({"config": unusual, "netG": net.zoo("")}, OUT / "progan-zoo-unusual.pth")
    three = {"conf": {"use_eql": True}, "state_dict": net.pro_gan_pth(3)}
    torch.save({"generator": {"conf": {}, "state_dict": worse.pro_gan_pth(3)}, "shadow_generator": three}, OUT / "progan-pth-3.bin")
    torch.save({f"module.{k}": v for k, v in net.pro_gan_pth(2).items()}, OUT / "progan-pth-2.pth")
    for name, protocol, fused in (("progan-tensorflow.pkl", 2, False), ("progan-tensorflow-fused.pkl", 4, True)):
        tensorflow(name, network(2, net.tensorflow(fused)), network(2, worse.tensorflow()), protocol)


class Settings:
    """Stands for the object that pytorch_GAN_zoo keeps under `config`."""


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    module("torch_utils.persistence", _reconstruct_persistent_obj=_reconstruct_persistent_obj)
    module("dnnlib.tflib.network", Network=Network)
    module("dnnlib.util", EasyDict=Dict)
    module("models.utils.config", BaseConfig=Settings)
    style2()
    style1()
    progan()


if __name__ == "__main__":
    main()
