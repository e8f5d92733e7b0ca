"""ProGAN's generator in plain PyTorch, in the two layouts that people have, as their papers and codes describe them.

checkpoint_fixtures.py makes test files with it, bench_sefa.py times it.

Needs: pip install torch
"""

import torch
from torch import nn
from torch.nn import functional as F


def pixel_norm(x):
    return x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


def widths(resolution, base, most):
    sides = [4 << b for b in range(resolution.bit_length() - 2)]
    return [min(base // side, most) for side in sides]


class Genforce(nn.Module):
    """Names and constants of genforce: the weight alone is scaled, images have gain 1, norm before each layer."""

    def __init__(self, resolution, latent=512, channels=3, base=16384, most=512):
        super().__init__()
        self.levels = resolution.bit_length() - 2
        self.register_buffer("lod", torch.zeros(()))
        width = latent
        for b, out in enumerate(widths(resolution, base, most)):
            k = 4 if b == 0 else 3
            self.add(f"layer{2 * b}", out, width, k)
            self.add(f"layer{2 * b + 1}", out, out, 3)
            self.add(f"output{b}", channels, out, 1)
            width = out

    def add(self, name, out, inputs, k):
        layer = nn.Module()
        layer.weight = nn.Parameter(torch.randn(out, inputs, k, k))
        layer.bias = nn.Parameter(torch.randn(out) * 0.1)
        self.add_module(name, layer)

    def conv(self, name, x, padding, gain):
        layer = getattr(self, name)
        scale = gain / layer.weight[0].numel() ** 0.5
        return F.conv2d(x, layer.weight * scale, layer.bias, padding=padding)

    def forward(self, z):
        x = pixel_norm(z).view(z.shape[0], -1, 1, 1)
        for b in range(self.levels):
            x = pixel_norm(x)
            if b > 0:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = F.leaky_relu(self.conv(f"layer{2 * b}", x, 3 if b == 0 else 1, 2**0.5), 0.2)
            x = F.leaky_relu(self.conv(f"layer{2 * b + 1}", pixel_norm(x), 1, 2**0.5), 0.2)
        return self.conv(f"output{self.levels - 1}", pixel_norm(x), 0, 1.0)


class Scaled(nn.Module):
    """A layer of pytorch_GAN_zoo's, called `module` inside: all of its output is scaled, the bias too."""

    def __init__(self, module):
        super().__init__()
        self.module = module
        self.scale = (2 / module.weight[0].numel()) ** 0.5
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias, std=0.1)

    def forward(self, x):
        return self.module(x) * self.scale


class Zoo(nn.Module):
    """Names and constants of facebookresearch/pytorch_GAN_zoo: norm after each activation."""

    def __init__(self, resolution, latent=512, channels=3, base=16384, most=512):
        super().__init__()
        ws = widths(resolution, base, most)
        self.formatLayer = Scaled(nn.Linear(latent, 16 * ws[0]))
        self.groupScale0 = nn.ModuleList([Scaled(nn.Conv2d(ws[0], ws[0], 3, padding=1))])
        self.scaleLayers = nn.ModuleList(
            nn.ModuleList([Scaled(nn.Conv2d(a, b, 3, padding=1)), Scaled(nn.Conv2d(b, b, 3, padding=1))])
            for a, b in zip(ws, ws[1:])
        )
        self.toRGBLayers = nn.ModuleList(Scaled(nn.Conv2d(w, channels, 1)) for w in ws)

    def forward(self, z):
        x = self.formatLayer(pixel_norm(z))
        x = pixel_norm(F.leaky_relu(x.view(z.shape[0], -1, 4, 4), 0.2))
        x = pixel_norm(F.leaky_relu(self.groupScale0[0](x), 0.2))
        for scale in self.scaleLayers:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            for layer in scale:
                x = pixel_norm(F.leaky_relu(layer(x), 0.2))
        return self.toRGBLayers[-1](x)
