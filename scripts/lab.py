"""The lab's networks and training iteration in plain PyTorch, as a student would write them.

This is the yardstick that gan-lab is held against: reference.py makes the tests' fixtures with it, replay.py checks
a trace of gan-lab's with it, bench.py times it. It follows a gan-lab config (the JSON of config.json).

Needs: pip install torch safetensors numpy
"""

import math

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus
from torch.nn.utils.parametrizations import spectral_norm


class Net(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


class Maxout(nn.Module):
    """The largest of every so many numbers that follow each other."""

    def __init__(self, pieces):
        super().__init__()
        self.pieces = pieces

    def forward(self, x):
        return x.unflatten(1, (-1, self.pieces)).amax(2)


def activation(config, of_discriminator=False):
    """What makes the module after a hidden layer, and how many numbers of the Linear's it takes for each of its own."""
    said = (config.get("activation_d") if of_discriminator else None) or config.get("activation") or {}
    pieces = said.get("pieces", 5)
    return {
        "leaky-relu": (lambda: nn.LeakyReLU(said.get("slope", 0.2)), 1),
        "relu": (nn.ReLU, 1),
        "tanh": (nn.Tanh, 1),
        "maxout": (lambda: Maxout(pieces), pieces),
    }[said.get("name", "leaky-relu")]


def hidden(sizes, norms, linear, norm, activation):
    """The hidden layers; sizes are those before, between and after them."""
    function, pieces = activation
    layers = []
    for width, following, normed in zip(sizes, sizes[1:], norms):
        layers.append(linear(width, following * pieces))
        if normed:
            layers.append(norm(following * pieces))
        layers.append(function())
    return layers


def generator(config):
    g = config["generator"]
    norm = lambda width: nn.BatchNorm1d(width, eps=g["batch_norm_eps"], momentum=g["batch_norm_momentum"])
    sizes = [g["latent_dim"], *g["hidden"]]
    return Net(*hidden(sizes, g["batch_norm"], nn.Linear, norm, activation(config)), nn.Linear(sizes[-1], 2))


def discriminator(config, sigmoid):
    spectral = (config.get("constraint") or {}).get("name") == "spectral-norm"

    def linear(inputs, outputs):
        layer = nn.Linear(inputs, outputs)
        # Not in training, in which it would take a power iteration whenever it is used.
        return spectral_norm(layer, n_power_iterations=1).eval() if spectral else layer

    d = config["discriminator"]
    sizes = [4 if config["objective"].get("rule") == "paired" else 2 * config.get("pack", 1), *d["hidden"]]
    eps, momentum = d.get("batch_norm_eps", 1e-5), d.get("batch_norm_momentum", 0.1)
    norm = lambda width: nn.BatchNorm1d(width, eps=eps, momentum=momentum)
    norms = d.get("batch_norm") or [False] * len(d["hidden"])
    layers = [*hidden(sizes, norms, linear, norm, activation(config, True)), linear(sizes[-1], 1)]
    return Net(*layers, nn.Sigmoid()) if sigmoid else Net(*layers)


class GameAdam:
    """Adam's moments for the two that PyTorch has not, written from the papers' algorithms."""

    def __init__(self, parameters, lr, betas, eps, weight_decay, amsgrad):
        self.parameters, self.lr, self.betas, self.eps = list(parameters), lr, betas, eps
        self.weight_decay, self.amsgrad, self.t = weight_decay, amsgrad, 0
        self.mean, self.square, self.largest, self.other = (
            [torch.zeros_like(p) for p in self.parameters] for _ in range(4)
        )

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def ways(self):
        """Adam's step of each parameter, over the learning rate, with the gradients taken in."""
        self.t += 1
        (beta1, beta2), ways = self.betas, []
        for i, p in enumerate(self.parameters):
            gradient = p.grad + self.weight_decay * p
            self.mean[i] = beta1 * self.mean[i] + (1 - beta1) * gradient
            self.square[i] = beta2 * self.square[i] + (1 - beta2) * gradient**2
            self.largest[i] = torch.maximum(self.largest[i], self.square[i])
            square = self.largest[i] if self.amsgrad else self.square[i]
            mean, square = self.mean[i] / (1 - beta1**self.t), square / (1 - beta2**self.t)
            ways.append(mean / (square.sqrt() + self.eps))
        return ways


class OptimisticAdam(GameAdam):
    """Daskalakis et al. 2018, Algorithm 1."""

    @torch.no_grad()
    def step(self):
        for i, (p, way) in enumerate(zip(self.parameters, self.ways())):
            p -= 2 * self.lr * way
            p += self.lr * self.other[i]
            self.other[i] = way


class ExtraAdam(GameAdam):
    """Gidel et al. 2019, Algorithm 4: steps that look ahead and steps that move take turns."""

    @torch.no_grad()
    def step(self):
        ahead = self.t % 2 == 0
        for i, (p, way) in enumerate(zip(self.parameters, self.ways())):
            if ahead:
                self.other[i] = p.clone()
                p -= self.lr * way
            else:
                p.copy_(self.other[i] - self.lr * way)


def unrolled_sgd(optim):
    """Steps of plain SGD as a function that stays in the graph."""
    (group,) = optim.param_groups
    return lambda parameters, gradients: [p - group["lr"] * g for p, g in zip(parameters, gradients)]


def unrolled_rmsprop(optim):
    """The same of RMSProp, from the state that it has."""
    (group,) = optim.param_groups
    squares = [optim.state[p].get("square_avg", torch.zeros_like(p)) for p in group["params"]]

    def step(parameters, gradients):
        squares[:] = [group["alpha"] * s + (1 - group["alpha"]) * g**2 for s, g in zip(squares, gradients)]
        return [p - group["lr"] * g / (s.sqrt() + group["eps"]) for p, g, s in zip(parameters, gradients, squares)]

    return step


def unrolled_adam(optim):
    """The same of Adam."""
    (group,) = optim.param_groups
    kept = lambda name: [optim.state[p].get(name, torch.zeros_like(p)) for p in group["params"]]
    means, squares, taken = kept("exp_avg"), kept("exp_avg_sq"), [int(optim.state[group["params"][0]].get("step", 0))]

    def step(parameters, gradients):
        (beta1, beta2), taken[0] = group["betas"], taken[0] + 1
        means[:] = [beta1 * m + (1 - beta1) * g for m, g in zip(means, gradients)]
        squares[:] = [beta2 * v + (1 - beta2) * g**2 for v, g in zip(squares, gradients)]
        first, second = 1 - beta1 ** taken[0], 1 - beta2 ** taken[0]
        ways = [(m / first) / ((v / second).sqrt() + group["eps"]) for m, v in zip(means, squares)]
        return [p - group["lr"] * way for p, way in zip(parameters, ways)]

    return step


def unrolled(optim):
    """An optimiser's steps as a function that stays in the graph."""
    known, group = UNROLLED.get(optim.__class__), getattr(optim, "param_groups", [{}])[0]
    extras = [k for k in ("momentum", "weight_decay", "amsgrad", "centered", "nesterov") if group.get(k)]
    if known is None or extras:
        raise SystemExit(
            "lab.py unrolls plain SGD, RMSProp and Adam, without momentum, weight decay or other extras; this is "
            f"{optim.__class__.__name__} {' '.join(extras)}".rstrip() + ". The program's own tests hold the others."
        )
    return known(optim)


# PyTorch's own steps change parameters in their place, through which no gradient goes.
UNROLLED = {torch.optim.SGD: unrolled_sgd, torch.optim.RMSprop: unrolled_rmsprop, torch.optim.Adam: unrolled_adam}

OPTIMS = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "optimistic-adam": OptimisticAdam,
    "extra-adam": ExtraAdam,
}


def optimizer(options, lr, parameters):
    options = dict(options)
    kind = OPTIMS[options.pop("name")]
    if "betas" in options:
        options["betas"] = tuple(options["betas"])
    return kind(parameters, lr=lr, **options)


def without_effect(config):
    """Names of tensors that hold rounding noise in single precision: a Linear's bias before BatchNorm, which takes
    it off again so that its true gradient is 0, and the running mean that follows that bias. RMSProp and Adam divide
    by the gradient's size and turn such noise into steps; no output of the network depends on them. Where scores are
    compared with each other the score's own bias is such a tensor: it moves all of them alike."""
    names, place = set(), 0
    for network in ("generator", "discriminator"):
        place, widths = 0, config[network]["hidden"]
        for norm in config[network].get("batch_norm") or [False] * len(widths):
            if norm:
                names |= {f"{network}.net.{place}.bias", f"{network}.net.{place + 1}.running_mean"}
            place += 3 if norm else 2
    if parts(config)[0] in ("rpgan", "ragan"):
        names.add(f"discriminator.net.{place}.bias")
    return names


def deviation(ours, theirs):
    """The largest difference within a tensor, over the largest magnitude in it."""
    scale = theirs.abs().max().item()
    return (ours.double() - theirs.double()).abs().max().item() / scale if scale else ours.abs().max().item()


def cross_entropy(scores, label):
    return binary_cross_entropy_with_logits(scores, torch.full_like(scores, label))


# What the discriminator and the generator minimise, by a rule's name: r and f are the scores of real and of generated
# points, label that of real points.
RULES = {
    "saturating": (lambda r, f, label: cross_entropy(r, label) + cross_entropy(f, 0), lambda r, f: -cross_entropy(f, 0)),
    "non-saturating": (
        lambda r, f, label: cross_entropy(r, label) + cross_entropy(f, 0),
        lambda r, f: cross_entropy(f, 1),
    ),
    "least-squares": (
        lambda r, f, label: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
        lambda r, f: ((f - 1) ** 2).mean() / 2,
    ),
    "hinge": (lambda r, f, label: relu(1 - r).mean() + relu(1 + f).mean(), lambda r, f: -f.mean()),
    "wasserstein": (lambda r, f, label: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "rpgan": (lambda r, f, label: softplus(f - r).mean(), lambda r, f: softplus(r - f).mean()),
    "ragan": (
        lambda r, f, label: (softplus(f.mean() - r).mean() + softplus(f - r.mean()).mean()) / 2,
        lambda r, f: (softplus(r.mean() - f).mean() + softplus(r - f.mean()).mean()) / 2,
    ),
}

def paired(scores, real_first):
    """Of the score that a real and a generated point side by side have: whether the real one stands first."""
    return binary_cross_entropy_with_logits(scores, real_first.unsqueeze(1))


# A penalty, before its weight, of the lengths of the discriminator's gradients, and the points where it is taken.
PENALTIES = {
    "wgan-gp": (lambda n: ((n - 1) ** 2).mean(), ["mixed"]),
    "wgan-lp": (lambda n: (relu(n - 1) ** 2).mean(), ["mixed"]),
    "dragan": (lambda n: ((n - 1) ** 2).mean(), ["moved"]),
    "r1": (lambda n: (n**2).mean() / 2, ["real"]),
    "r2": (lambda n: (n**2).mean() / 2, ["fake"]),
    "r1+r2": (lambda n: (n**2).mean() / 2, ["real", "fake"]),
}


def parts(config):
    """A config's rule, label of real points, penalty (or None) and bound of the discriminator's parameters (or None)."""
    objective = config["objective"]
    penalty, constraint = config.get("penalty"), config.get("constraint")
    penalty = None if penalty is None or penalty["name"] == "none" else penalty
    bound = constraint.get("bound") if constraint else None
    model = objective.get("model")
    if model == "gan":
        return objective["generator_loss"], 1.0, penalty, bound
    if model == "wgan":
        return "wasserstein", 1.0, penalty, objective["clip"]
    if model == "wgan-gp":
        return "wasserstein", 1.0, {"name": "wgan-gp", "weight": objective["gp_weight"], "every": 1}, bound
    return objective["rule"], objective.get("real_label", 1.0), penalty, bound


class Lab:
    """Two networks and their optimisers; `iteration` is one training iteration.

    The lab's own GAN has a discriminator that ends in a sigmoid, whose logarithm the losses take, as the formula says.
    With `logits` it does not, as with every other rule: the same to the last digits, which count in single precision.
    """

    def __init__(self, config, dtype=torch.float32, logits=False):
        self.config = config
        self.rule, self.label, self.penalty, self.bound = parts(config)
        self.sigmoid = config["objective"].get("model") == "gan" and not logits
        self.generator = generator(config).to(dtype)
        self.discriminator = discriminator(config, self.sigmoid).to(dtype)
        self.g_optim = optimizer(config["optim"], config["lr"], self.generator.parameters())
        self.d_optim = optimizer(
            config.get("optim_d") or config["optim"], config.get("lr_d") or config["lr"], self.discriminator.parameters()
        )
        # An extragradient's iteration is two of the others', each of which is a half.
        self.halves = 2 if config["optim"]["name"] == "extra-adam" else 1
        self.d_steps = self.iterations = 0
        self.slow = None

    def pairs(self, real, fake, drawn):
        """Real and generated points side by side, in the order that was drawn."""
        first = drawn["real_first"].unsqueeze(1) > 0.5
        return torch.cat([torch.where(first, real, fake), torch.where(first, fake, real)], dim=1)

    def packs(self, points):
        """As the discriminator has them: so many side by side."""
        return points.reshape(-1, 2 * self.config.get("pack", 1))

    def unrolled_loss(self, real, fake):
        """The generator's loss after steps of the discriminator that stay in the graph (Metz et al. 2017)."""
        weights = dict(self.discriminator.named_parameters())
        step = unrolled(self.d_optim)

        def scores(points):
            d = functional_call(self.discriminator, weights, (points,))
            return torch.logit(d) if self.sigmoid else d

        rule = self.rule
        for _ in range(self.config["unroll"]):
            loss = self.critic_loss(scores(real), scores(fake))
            gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
            weights = dict(zip(weights, step(list(weights.values()), gradients)))
        if rule in ("saturating", "wasserstein"):
            # A game of sum zero: real points' scores move with the discriminator too.
            return -self.critic_loss(scores(real), scores(fake))
        return RULES[rule][1](scores(real), scores(fake))

    def critic_loss(self, on_real, on_fake):
        """Of raw scores, without a penalty."""
        loss = RULES[self.rule][0](on_real, on_fake, self.label)
        return loss + self.config["drift"] * (on_real**2).mean() if self.config.get("drift") else loss

    def generator_loss(self, real, fake, drawn):
        if self.config.get("unroll"):
            return self.unrolled_loss(self.packs(real), self.packs(fake))
        if self.rule == "paired":
            return paired(self.discriminator(self.pairs(real, fake, drawn)), 1 - drawn["real_first"])
        if not self.sigmoid:
            compared = self.rule in ("rpgan", "ragan")
            on_real = self.discriminator(self.packs(real)) if compared else None
            return RULES[self.rule][1](on_real, self.discriminator(self.packs(fake)))
        d = self.discriminator(self.packs(fake))
        return torch.log(1 - d).mean() if self.rule == "saturating" else -torch.log(d).mean()

    def discriminator_loss(self, real, fake, drawn):
        if self.rule == "paired":
            return paired(self.discriminator(self.pairs(real, fake, drawn)), drawn["real_first"])
        real, fake = self.packs(real), self.packs(fake)
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        if self.sigmoid:
            loss = -(torch.log(on_real).mean() + torch.log(1 - on_fake).mean())
        else:
            loss = self.critic_loss(on_real, on_fake)
        if self.penalty and (self.d_steps // self.halves) % self.penalty["every"] == 0:
            law, places = PENALTIES[self.penalty["name"]]
            for place in places:
                penalty = law(self.slopes(real, fake, place, drawn))
                loss = loss + self.penalty_weight() * penalty
        return loss

    def penalty_weight(self):
        """What is left of it falls along half a cosine over the run's discriminator steps."""
        steps, c = self.config["critic_steps"], self.config
        total = c["epochs"] * (c["data"]["train_size"] // c["batch_size"] // steps) * steps
        end = self.penalty.get("end", 1.0)
        left = end + (1 - end) * (1 + math.cos(math.pi * self.d_steps / total)) / 2
        return self.penalty["weight"] * self.penalty["every"] * left

    def slopes(self, real, fake, place, drawn):
        """The lengths of the discriminator's gradients, in the graph."""
        points = {
            "real": lambda: real,
            "fake": lambda: fake,
            "mixed": lambda: drawn["mix"] * real + (1 - drawn["mix"]) * fake,
            "moved": lambda: real + self.packs(drawn["moves"]),
        }[place]()
        points = points.detach().clone().requires_grad_(True)
        values = self.discriminator(points)
        (slopes,) = torch.autograd.grad(values, points, torch.ones_like(values), create_graph=True)
        return slopes.norm(2, dim=1)

    def clip(self, network):
        if self.config.get("clip_grad"):
            torch.nn.utils.clip_grad_norm_(network.parameters(), self.config["clip_grad"])

    def step_generator(self, real, fake, drawn):
        loss = self.generator_loss(real, fake, drawn)
        self.g_optim.zero_grad()
        loss.backward()
        self.clip(self.generator)
        self.g_optim.step()
        return loss.item()

    def step_discriminator(self, real, fake, drawn):
        loss = self.discriminator_loss(real, fake, drawn)
        self.d_optim.zero_grad()
        loss.backward()
        self.clip(self.discriminator)
        self.d_optim.step()
        self.d_steps += 1
        self.clamp()
        # After each step a power iteration of each spectral norm: using it in training takes one.
        for layer in self.discriminator.net:
            if hasattr(layer, "parametrizations"):
                layer.train()
                with torch.no_grad():
                    layer.weight
                layer.eval()
        return loss.item()

    @torch.no_grad()
    def clamp(self):
        if self.bound is not None:
            for p in self.discriminator.parameters():
                p.clamp_(-self.bound, self.bound)

    def parameters(self):
        return [*self.generator.parameters(), *self.discriminator.parameters()]

    @torch.no_grad()
    def look_ahead(self, every, step):
        """Chavdarova et al. 2021, Algorithm 1, at the end of an iteration."""
        if self.iterations % every:
            return
        for p, slow in zip(self.parameters(), self.slow):
            p.copy_(slow + step * (p - slow))
        self.clamp()
        self.slow = [p.clone() for p in self.parameters()]

    def set_rates(self):
        """Before an iteration: the learning rates rise to their own in a warm-up, then fall along the schedule."""
        c, schedule = self.config, self.config.get("schedule")
        if not schedule:
            return
        total = c["epochs"] * (c["data"]["train_size"] // c["batch_size"] // (c["critic_steps"] * self.halves))
        warm_up, end = schedule["warm_up"] * total, schedule["end"]
        done = self.iterations
        u = min(1, max(0, (done - warm_up) / (total - warm_up)))
        shapes = {"constant": 1, "linear": 1 - (1 - end) * u, "cosine": end + (1 - end) * (1 + math.cos(math.pi * u)) / 2}
        factor = min(1, (done + 1) / warm_up) if done < warm_up else shapes[schedule["name"]]
        for optim, rate in ((self.g_optim, c["lr"]), (self.d_optim, c.get("lr_d") or c["lr"])):
            if isinstance(optim, GameAdam):
                optim.lr = factor * rate
            else:
                optim.param_groups[0]["lr"] = factor * rate

    def iteration(self, real, noise, mix=None, moves=None, more_real=None, real_first=None, fake_noise=None):
        """real [critic_steps, batch, 2], noise [batches, batch, latent], and where they are needed: mix [critic_steps,
        batch / pack], moves [critic_steps, batch, 2], more_real [batch, 2], real_first [batches, batch], fake_noise
        [batches, batch, 2]; with an extragradient twice as many steps. Real points have their noise already."""
        lookahead = self.config.get("lookahead")
        if lookahead and self.slow is None:
            self.slow = [p.detach().clone() for p in self.parameters()]
        self.set_rates()
        steps = self.config["critic_steps"] * self.halves
        d_losses, g_loss = [], 0
        generator_first = self.config["update_order"] == "generator-first"
        added = lambda index: 0 if fake_noise is None else fake_noise[index]
        made = lambda index: self.generator(noise[index]) + added(index)
        order = lambda index: {"real_first": None if real_first is None else real_first[index]}
        for step in range(steps):
            fake = made(step)
            if generator_first and step % self.config["critic_steps"] == 0:
                g_loss += self.step_generator(real[step], fake, order(step)) / self.halves
            drawn = order(step) | {
                "mix": None if mix is None else mix[step].unsqueeze(1),
                "moves": None if moves is None else moves[step],
            }
            d_losses.append(self.step_discriminator(real[step], fake.detach(), drawn))
        if not generator_first:
            g_loss = self.step_generator(more_real, made(steps), order(steps))
        self.iterations += 1
        if lookahead:
            self.look_ahead(**lookahead)
        return sum(d_losses) / steps, g_loss

    def tensors(self, prefix):
        nets = {"generator": self.generator, "discriminator": self.discriminator}
        return {f"{prefix}.{net}.{k}": v.clone() for net, m in nets.items() for k, v in m.state_dict().items()}

    def load(self, tensors, prefix):
        for name, net in (("generator", self.generator), ("discriminator", self.discriminator)):
            start = f"{prefix}.{name}."
            state = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
            net.load_state_dict(state, strict=True)
