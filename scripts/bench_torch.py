"""PyTorch's contenders of bench.py: the lab's models as lab.py writes them, and R3GAN's objective as its authors do.

Each has `epoch`, and `load`, `iterate` and `tensors`, by which `bench.py --check` holds it against a trace.

Needs: pip install torch safetensors numpy
"""

import torch
from torch.func import functional_call, grad_and_value
from torch.nn.functional import softplus

from lab import Lab


class LabModel(Lab):
    """The lab's own models; compiled, each network is."""

    def __init__(self, config, compiled):
        super().__init__(config, logits=True)
        self.plain = (self.generator, self.discriminator)
        if compiled:
            if self.penalty:
                raise NotImplementedError("torch.compile cannot differentiate a compiled critic twice")
            self.generator, self.discriminator = map(torch.compile, self.plain)

    def iterate(self, drawn):
        return self.iteration(drawn["real"], drawn["noise"], drawn.get("mix"))

    def draw(self, points):
        mix = {"mix": torch.rand(1, len(points))} if self.penalty else {}
        return {"real": points[None], "noise": torch.randn(1, *points.shape)} | mix

    def epoch(self, real, _):
        for points in real:
            self.iterate(self.draw(points))

    def bare(self, act):
        """Does something with the networks that are not compiled, whose weights are the same."""
        ours = (self.generator, self.discriminator)
        self.generator, self.discriminator = self.plain
        result = act()
        self.generator, self.discriminator = ours
        return result

    def load(self, tensors, prefix):
        self.bare(lambda: super(LabModel, self).load(tensors, prefix))

    def tensors(self, prefix):
        return self.bare(lambda: super(LabModel, self).tensors(prefix))


class R3gan(Lab):
    """Relativistic pairs with R1 and R2, the critic first, as R3GAN's authors write it: a penalty is taken from the
    pass that the loss takes anyway, and each step asks for its own network's gradient only."""

    def __init__(self, config):
        super().__init__(config)
        self.g_parameters = list(self.generator.parameters())
        self.d_parameters = list(self.discriminator.parameters())

    def critic_loss(self, real, fake):
        scores, penalties = [], 0
        for points in (real, fake):
            points = points.detach().requires_grad_(True)
            scores.append(self.discriminator(points))
            (slopes,) = torch.autograd.grad(scores[-1].sum(), points, create_graph=True)
            penalties = penalties + slopes.square().sum(1).mean() / 2
        on_real, on_fake = scores
        return softplus(on_fake - on_real).mean() + self.penalty["weight"] * penalties

    def generator_loss(self, real, noise):
        with torch.no_grad():
            on_real = self.discriminator(real)
        return softplus(on_real - self.discriminator(self.generator(noise))).mean()

    def find_critic_gradient(self, real, fake):
        loss = self.critic_loss(real, fake)
        self.d_optim.zero_grad()
        loss.backward(inputs=self.d_parameters)
        return loss

    def find_generator_gradient(self, real, noise):
        loss = self.generator_loss(real, noise)
        self.g_optim.zero_grad()
        loss.backward(inputs=self.g_parameters)
        return loss

    def generate(self, noise):
        with torch.no_grad():
            return self.generator(noise)

    def iterate(self, drawn):
        """real [1, batch, 2], noise [2, batch, latent], more_real [batch, 2]; gives both losses before their steps."""
        d_loss = self.find_critic_gradient(drawn["real"][0], self.generate(drawn["noise"][0]))
        self.d_optim.step()
        g_loss = self.find_generator_gradient(drawn["more_real"], drawn["noise"][1])
        self.g_optim.step()
        return d_loss.item(), g_loss.item()

    def epoch(self, real, more):
        for points, more_real in zip(real, more):
            noise = torch.randn(2, len(points), self.config["generator"]["latent_dim"])
            self.iterate({"real": points[None], "noise": noise, "more_real": more_real})


class CompiledR3gan(R3gan):
    """The same with each loss and its gradient compiled. torch.compile takes no autograd.grad that is differentiated
    again, so the gradients are torch.func's."""

    def __init__(self, config):
        super().__init__(config)
        self.critic_gradient = torch.compile(grad_and_value(self.functional_critic_loss))
        self.generator_gradient = torch.compile(grad_and_value(self.functional_generator_loss))
        self.make = torch.compile(lambda parameters, noise: functional_call(self.generator, parameters, (noise,)))

    def functional_critic_loss(self, parameters, real, fake):
        scores, penalties = [], 0

        def summed(points):
            each = functional_call(self.discriminator, parameters, (points,))
            return each.sum(), each

        for points in (real, fake):
            slopes, (_, each) = grad_and_value(summed, has_aux=True)(points)
            scores.append(each)
            penalties = penalties + slopes.square().sum(1).mean() / 2
        on_real, on_fake = scores
        return softplus(on_fake - on_real).mean() + self.penalty["weight"] * penalties

    def functional_generator_loss(self, parameters, critic, real, noise):
        on_real = functional_call(self.discriminator, critic, (real,))
        fake = functional_call(self.generator, parameters, (noise,))
        return softplus(on_real - functional_call(self.discriminator, critic, (fake,))).mean()

    def find_critic_gradient(self, real, fake):
        gradient, loss = self.critic_gradient(detached(self.discriminator), real, fake)
        return put(self.discriminator, gradient, loss)

    def find_generator_gradient(self, real, noise):
        networks = detached(self.generator), detached(self.discriminator)
        gradient, loss = self.generator_gradient(*networks, real, noise)
        return put(self.generator, gradient, loss)

    def generate(self, noise):
        return self.make(detached(self.generator), noise)


def detached(network):
    return {name: parameter.detach() for name, parameter in network.named_parameters()}


def put(network, gradient, loss):
    for name, parameter in network.named_parameters():
        parameter.grad = gradient[name]
    return loss


def contender(config, compiled):
    if config["objective"].get("model"):
        return LabModel(config, compiled)
    return (CompiledR3gan if compiled else R3gan)(config)
