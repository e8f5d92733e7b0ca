"""StyleGAN's and StyleGAN2's generators in plain PyTorch, as their papers and published codes describe them, of random
parameters; and their effective weights (constants multiplied in) as a flat dict, which tests and bench_synthesis.py
read.

synthesis_fixtures.py makes test files with it, bench_synthesis.py times it.

Needs: pip install torch
"""

import math

import torch
from torch.nn import functional as F


def normalised(x):
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


def upfirdn(x, f, up, before, after, gain):
    """Zeros between the places, padding (negative: cropping), convolution with f (not correlation), times gain."""
    n, c, h, w = x.shape
    if up > 1:
        spread = x.new_zeros(n, c, h, up, w, up)
        spread[:, :, :, 0, :, 0] = x
        x = spread.view(n, c, h * up, w * up)
    x = F.pad(x, [before, after, before, after])
    kernel = (f * gain).flip([0, 1]).to(x.dtype)[None, None].repeat(c, 1, 1, 1)
    return F.conv2d(x, kernel, groups=c)


class Mapping:
    """z to w, with NVIDIA's constants: lr 0.01, 1 / sqrt(inputs)."""

    LR = 0.01

    def __init__(self, random, z, w, layers, classes, gain_before, mean, each_normalised=True):
        widths = [z + (w if classes else 0)] + [w] * layers
        self.layers = [
            (random(o, i) / self.LR, random(o, scale=20.0)) for i, o in zip(widths[:-1], widths[1:])
        ]
        self.gain_before, self.classes, self.each_normalised = gain_before, classes, each_normalised
        self.embed = (random(w, classes), random(w, scale=0.3)) if classes else None
        self.mean = random(w, scale=0.3) if mean else None
        self.z, self.w = z, w

    def __call__(self, z, label=None):
        x = z
        if self.embed is not None:
            e = F.one_hot(torch.tensor([label] * len(z)), self.classes).to(z.dtype) @ self.embed[0].T
            e = e / math.sqrt(self.classes) + self.embed[1]
            both = torch.cat([normalised(z), normalised(e)], 1)
            x = both if self.each_normalised else normalised(torch.cat([z, e], 1))
        else:
            x = normalised(z)
        for weight, bias in self.layers:
            scale = self.LR / math.sqrt(weight.shape[1]) * (math.sqrt(2) if self.gain_before else 1)
            x = F.leaky_relu(x @ (weight * scale).T + bias * self.LR, 0.2)
            x = x if self.gain_before else x * math.sqrt(2)
        return x

    def effective(self):
        out = {}
        for i, (weight, bias) in enumerate(self.layers):
            # StyleGAN2's gain after the activation can stand before it; StyleGAN's stands at the weight alone.
            gain = math.sqrt(2)
            out[f"mapping.{i}.weight"] = weight * (self.LR / math.sqrt(weight.shape[1]) * gain)
            out[f"mapping.{i}.bias"] = bias * (self.LR * (1 if self.gain_before else gain))
        out["mapping.latent"] = torch.tensor(float(self.z))
        if self.embed is not None:
            out["embedding.weight"] = self.embed[0] / math.sqrt(self.classes)
            out["embedding.bias"] = self.embed[1]
            out["embedding.each"] = torch.tensor(float(self.each_normalised))
        if self.mean is not None:
            out["mapping.mean"] = self.mean
        return out


def truncated(mean, w, psi, cutoff, rows):
    ws = w[:, None].repeat(1, rows, 1)
    if psi != 1:
        cutoff = rows if cutoff is None else cutoff
        ws[:, :cutoff] = mean + psi * (ws[:, :cutoff] - mean)
    return ws


def source(seed, dtype):
    generator = torch.Generator().manual_seed(seed)
    # Single precision, in which files hold them.
    return lambda *shape, scale=1.0: (torch.randn(shape, generator=generator) * scale).to(dtype)


class StyleGan2:
    def __init__(self, resolution, base=32768, most=512, z=512, w=512, layers=8, channels=3, classes=0, clamp=None,
                 filter=(1, 3, 3, 1), skips=True, noise=True, mean=True, seed=0, dtype=torch.float32):
        random = source(seed, dtype)
        self.resolution, self.clamp, self.skips = resolution, clamp, skips
        self.mapping = Mapping(random, z, w, layers, classes, False, mean)
        self.levels = resolution.bit_length() - 2
        width = [min(base // (4 << b), most) for b in range(self.levels)]
        self.const = random(width[0], 4, 4)
        f = torch.tensor(filter, dtype=torch.float32)
        f = torch.outer(f, f) if f.dim() == 1 else f
        self.filter = (f / f.sum()).to(dtype)
        self.convs, self.images = [], []
        for b in range(self.levels):
            for up in ([False] if b == 0 else [True, False]):
                i, o, r = width[b - 1] if up else width[b], width[b], 4 << b
                self.convs.append({
                    "up": up, "weight": random(o, i, 3, 3), "bias": random(o, scale=0.2),
                    "affine.weight": random(i, w), "affine.bias": 1 + random(i, scale=0.1),
                    "noise": random(r, r) if noise else None, "strength": random(scale=0.3) if noise else None,
                })
            self.images.append({
                "weight": random(channels, width[b]), "bias": random(channels, scale=0.2),
                "affine.weight": random(width[b], w), "affine.bias": 1 + random(width[b], scale=0.1),
            })

    @property
    def rows(self):
        return 2 * self.levels

    def style(self, layer, w):
        return w @ (layer["affine.weight"] / math.sqrt(w.shape[1])).T + layer["affine.bias"]

    def conv(self, layer, x, w, noise_mode):
        s = self.style(layer, w)
        weight = layer["weight"][None] * s[:, None, :, None, None]
        weight = weight * (weight.square().sum([2, 3, 4], keepdim=True) + 1e-8).rsqrt()
        n, o, i = weight.shape[:3]
        x = x.reshape(1, n * i, *x.shape[2:])
        k = self.filter.shape[0]
        if layer["up"]:
            weight = weight.transpose(1, 2).reshape(n * i, o, 3, 3)
            x = F.conv_transpose2d(x, weight, stride=2, groups=n).reshape(n, o, 2 * x.shape[2] + 1, -1)
            x = upfirdn(x, self.filter, 1, (k + 1) // 2 - 1, (k - 2) // 2, 4)
        else:
            x = F.conv2d(x, weight.reshape(n * o, i, 3, 3), padding=1, groups=n).reshape(n, o, *x.shape[2:])
        if layer["noise"] is not None and noise_mode == "const":
            x = x + layer["noise"] * layer["strength"]
        x = F.leaky_relu(x + layer["bias"][None, :, None, None], 0.2) * math.sqrt(2)
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)

    def to_image(self, layer, x, w):
        s = self.style(layer, w) / math.sqrt(x.shape[1])
        image = torch.einsum("nihw,noi->nohw", x, layer["weight"][None] * s[:, None])
        image = image + layer["bias"][None, :, None, None]
        return image if self.clamp is None else image.clamp(-self.clamp, self.clamp)

    def synthesis(self, ws, noise_mode="const"):
        x = self.const[None].repeat(len(ws), 1, 1, 1)
        image, i, k = None, 0, self.filter.shape[0]
        for b in range(self.levels):
            for _ in range(1 if b == 0 else 2):
                x = self.conv(self.convs[i], x, ws[:, i], noise_mode)
                i += 1
            if image is not None:
                image = upfirdn(image, self.filter, 2, (k + 1) // 2, (k - 2) // 2, 4)
            if self.skips or b == self.levels - 1:
                own = self.to_image(self.images[b], x, ws[:, i])
                image = own if image is None else image + own
        return image

    def effective(self):
        out = {"const": self.const, "filter": self.filter, "skips": torch.tensor(float(self.skips))}
        out.update(self.mapping.effective())
        scale = lambda layer: 1 / math.sqrt(layer["affine.weight"].shape[1])
        for name, layers in (("conv", self.convs), ("image", self.images)):
            for i, layer in enumerate(layers):
                # Demodulation takes any scale of a convolution out again.
                by = 1.0 if name == "conv" else 1 / math.sqrt(layer["weight"].shape[1])
                out[f"{name}.{i}.weight"] = layer["weight"] * by
                out[f"{name}.{i}.bias"] = layer["bias"]
                out[f"{name}.{i}.style.weight"] = layer["affine.weight"] * scale(layer)
                out[f"{name}.{i}.style.bias"] = layer["affine.bias"]
                if layer.get("noise") is not None:
                    out[f"{name}.{i}.noise"], out[f"{name}.{i}.strength"] = layer["noise"], layer["strength"][None]
                if self.clamp is not None:
                    out[f"{name}.{i}.clamp"] = torch.tensor(float(self.clamp))
        return out


class StyleGan:
    def __init__(self, resolution, base=16384, most=512, z=512, w=512, layers=8, channels=3, classes=0, lod=0.0,
                 noise=True, mean=True, seed=0, dtype=torch.float32):
        random = source(seed, dtype)
        self.resolution, self.lod = resolution, lod
        self.mapping = Mapping(random, z, w, layers, classes, True, mean, each_normalised=False)
        self.levels = resolution.bit_length() - 2
        width = [min(base // (4 << b), most) for b in range(self.levels)]
        self.const = random(width[0], 4, 4)
        self.layers, self.images = [], []
        for i in range(2 * self.levels):
            b = i // 2
            o, r = width[b], 4 << b
            inputs = width[b - 1] if i % 2 == 0 else o
            self.layers.append({
                "weight": random(o, inputs, 3, 3) if i > 0 else None, "bias": random(o, scale=0.2),
                "noise": random(r, r) if noise else None, "strength": random(o, scale=0.3) if noise else None,
                "style.weight": random(2 * o, w), "style.bias": random(2 * o, scale=0.2),
            })
        self.images = [(random(channels, o), random(channels, scale=0.2)) for o in width]

    @property
    def rows(self):
        return 2 * self.levels

    def conv(self, i, x):
        layer = self.layers[i]
        if i == 0:
            return x
        weight = layer["weight"] * (math.sqrt(2) / math.sqrt(9 * layer["weight"].shape[1]))
        if i % 2 == 1:
            return F.conv2d(x, weight, padding=1)
        if 2 * x.shape[2] >= 128:
            weight = F.pad(weight, [1, 1, 1, 1])
            weight = weight[:, :, 1:, 1:] + weight[:, :, :-1, 1:] + weight[:, :, 1:, :-1] + weight[:, :, :-1, :-1]
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2, padding=1)
        else:
            x = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)
        blur = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype) / 4
        blur = torch.outer(blur, blur)[None, None].repeat(x.shape[1], 1, 1, 1)
        return F.conv2d(x, blur, padding=1, groups=x.shape[1])

    def synthesis(self, ws, noise_mode="const"):
        x = self.const[None].repeat(len(ws), 1, 1, 1)
        images = []
        for i, layer in enumerate(self.layers):
            x = self.conv(i, x)
            if layer["noise"] is not None and noise_mode == "const":
                x = x + layer["noise"] * layer["strength"][None, :, None, None]
            x = F.leaky_relu(x + layer["bias"][None, :, None, None], 0.2)
            x = x - x.mean(dim=[2, 3], keepdim=True)
            x = x * (x.square().mean(dim=[2, 3], keepdim=True) + 1e-8).rsqrt()
            w = ws[:, i]
            style = w @ (layer["style.weight"] / math.sqrt(w.shape[1])).T + layer["style.bias"]
            factor, added = style[:, :, None, None].chunk(2, dim=1)
            x = x * (factor + 1) + added
            if i % 2 == 1:
                weight, bias = self.images[i // 2]
                weight = weight / math.sqrt(weight.shape[1])
                if self.lod == 0 and i + 1 < len(self.layers):
                    images.append(None)
                else:
                    images.append(torch.einsum("nihw,oi->nohw", x, weight) + bias[None, :, None, None])
        double = lambda image: F.interpolate(image, scale_factor=2, mode="nearest")
        top = self.levels - 1 - math.floor(self.lod)
        image, part = images[top], self.lod - math.floor(self.lod)
        if part > 0:
            image = image * (1 - part) + double(images[top - 1]) * part
        for _ in range(top, self.levels - 1):
            image = double(image)
        return image

    def effective(self):
        out = {"const": self.const, "lod": torch.tensor(float(self.lod)), **self.mapping.effective()}
        for i, layer in enumerate(self.layers):
            if layer["weight"] is not None:
                out[f"layer.{i}.weight"] = layer["weight"] * (math.sqrt(2) / math.sqrt(9 * layer["weight"].shape[1]))
            out[f"layer.{i}.bias"] = layer["bias"]
            o = len(layer["bias"])
            out[f"layer.{i}.style.weight"] = layer["style.weight"] / math.sqrt(layer["style.weight"].shape[1])
            out[f"layer.{i}.style.bias"] = layer["style.bias"] + torch.cat([torch.ones(o), torch.zeros(o)])
            if layer["noise"] is not None:
                out[f"layer.{i}.noise"], out[f"layer.{i}.strength"] = layer["noise"], layer["strength"]
        for b, (weight, bias) in enumerate(self.images):
            out[f"image.{b}.weight"], out[f"image.{b}.bias"] = weight / math.sqrt(weight.shape[1]), bias
        return out
