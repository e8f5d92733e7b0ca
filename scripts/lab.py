"""The lab's networks and training iteration in plain PyTorch, as a student would write them.

This is the yardstick that gan-lab is held against: reference.py makes the tests' fixtures with it, replay.py checks
a trace of gan-lab's with it, bench.py times it. It follows a gan-lab config (the JSON of config.json).

Needs: pip install torch safetensors numpy
"""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


def generator(config):
    g = config["generator"]
    layers, width = [], g["latent_dim"]
    for next_width, norm in zip(g["hidden"], g["batch_norm"]):
        layers.append(nn.Linear(width, next_width))
        if norm:
            layers.append(nn.BatchNorm1d(next_width, eps=g["batch_norm_eps"], momentum=g["batch_norm_momentum"]))
        layers.append(nn.LeakyReLU(0.2))
        width = next_width
    return Net(*layers, nn.Linear(width, 2))


def discriminator(config, sigmoid):
    layers, width = [], 2
    for next_width in config["discriminator"]["hidden"]:
        layers += [nn.Linear(width, next_width), nn.LeakyReLU(0.2)]
        width = next_width
    layers.append(nn.Linear(width, 1))
    return Net(*layers, nn.Sigmoid()) if sigmoid else Net(*layers)


def optimizer(config, parameters):
    options = dict(config["optim"])
    kind = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam}[options.pop("name")]
    if "betas" in options:
        options["betas"] = tuple(options["betas"])
    return kind(parameters, lr=config["lr"], **options)


def without_effect(config):
    """Names of tensors that hold rounding noise in single precision: a Linear's bias before BatchNorm, which takes
    it off again so that its true gradient is 0, and the running mean that follows that bias. RMSProp and Adam divide
    by the gradient's size and turn such noise into steps; no output of the network depends on them."""
    names, place = set(), 0
    for norm in config["generator"]["batch_norm"]:
        if norm:
            names |= {f"generator.net.{place}.bias", f"generator.net.{place + 1}.running_mean"}
        place += 3 if norm else 2
    return names


def deviation(ours, theirs):
    """The largest difference within a tensor, over the largest magnitude in it."""
    scale = theirs.abs().max().item()
    return (ours.double() - theirs.double()).abs().max().item() / scale if scale else ours.abs().max().item()


class Lab:
    """Two networks and their optimisers; `iteration` is one training iteration.

    A GAN's discriminator ends in a sigmoid, whose logarithm the losses take, as the formula says. With `logits` it
    does not, and the losses take logsigmoid: the same to the last digits, which count in single precision.
    """

    def __init__(self, config, dtype=torch.float32, logits=False):
        self.config, self.objective = config, config["objective"]
        sigmoid = self.objective["model"] == "gan" and not logits
        self.log_d = torch.log if sigmoid else nn.functional.logsigmoid
        self.log_not_d = (lambda d: torch.log(1 - d)) if sigmoid else (lambda d: nn.functional.logsigmoid(-d))
        self.generator, self.discriminator = generator(config).to(dtype), discriminator(config, sigmoid).to(dtype)
        self.g_optim = optimizer(config, self.generator.parameters())
        self.d_optim = optimizer(config, self.discriminator.parameters())

    def generator_loss(self, fake):
        d = self.discriminator(fake)
        if self.objective["model"] != "gan":
            return -d.mean()
        if self.objective["generator_loss"] == "saturating":
            return self.log_not_d(d).mean()
        return -self.log_d(d).mean()

    def discriminator_loss(self, real, fake, mix):
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        if self.objective["model"] == "gan":
            return -(self.log_d(on_real).mean() + self.log_not_d(on_fake).mean())
        loss = on_fake.mean() - on_real.mean()
        if self.objective["model"] == "wgan-gp":
            points = (mix * real + (1 - mix) * fake).requires_grad_(True)
            values = self.discriminator(points)
            (slopes,) = torch.autograd.grad(values, points, torch.ones_like(values), create_graph=True)
            loss = loss + self.objective["gp_weight"] * ((slopes.norm(2, dim=1) - 1) ** 2).mean()
        return loss

    def step_generator(self, fake):
        loss = self.generator_loss(fake)
        self.g_optim.zero_grad()
        loss.backward()
        self.g_optim.step()
        return loss.item()

    def step_discriminator(self, real, fake, mix):
        loss = self.discriminator_loss(real, fake, mix)
        self.d_optim.zero_grad()
        loss.backward()
        self.d_optim.step()
        if self.objective["model"] == "wgan":
            with torch.no_grad():
                for p in self.discriminator.parameters():
                    p.clamp_(-self.objective["clip"], self.objective["clip"])
        return loss.item()

    def iteration(self, real, noise, mix):
        """real [critic_steps, batch, 2], noise [batches, batch, latent], mix [critic_steps, batch] or None."""
        steps = self.config["critic_steps"]
        mixes = [None] * steps if mix is None else [m.unsqueeze(1) for m in mix]
        d_losses, g_loss = [], None
        generator_first = self.config["update_order"] == "generator-first"
        for step in range(steps):
            fake = self.generator(noise[step])
            if generator_first and step == 0:
                g_loss = self.step_generator(fake)
            d_losses.append(self.step_discriminator(real[step], fake.detach(), mixes[step]))
        if not generator_first:
            g_loss = self.step_generator(self.generator(noise[steps]))
        return sum(d_losses) / steps, g_loss

    def tensors(self, prefix):
        nets = {"generator": self.generator, "discriminator": self.discriminator}
        return {f"{prefix}.{net}.{k}": v.clone() for net, m in nets.items() for k, v in m.state_dict().items()}

    def load(self, tensors, prefix):
        for name, net in (("generator", self.generator), ("discriminator", self.discriminator)):
            start = f"{prefix}.{name}."
            state = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
            net.load_state_dict(state, strict=True)
