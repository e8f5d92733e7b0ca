"""JAX's contender of bench.py: the lab's models, and R3GAN's objective on the same networks. An epoch is one jitted scan.

It has `epoch`, and `load`, `iterate` and `tensors`, by which `bench.py --check` holds it against a trace.

Needs: pip install jax numpy
"""

import jax
import jax.numpy as jnp
import numpy as np


def leaky(x):
    return jnp.where(x > 0, x, 0.2 * x)


def layers(key, widths):
    made = []
    for inputs, outputs in zip(widths, widths[1:]):
        key, a, b = jax.random.split(key, 3)
        bound = inputs**-0.5
        made.append({
            "w": jax.random.uniform(a, (inputs, outputs), minval=-bound, maxval=bound),
            "b": jax.random.uniform(b, (outputs,), minval=-bound, maxval=bound),
        })
    return made


def critic(parameters, x):
    for layer in parameters[:-1]:
        x = leaky(x @ layer["w"] + layer["b"])
    return (x @ parameters[-1]["w"] + parameters[-1]["b"])[:, 0]


def sloped(parameters, points):
    """The scores of points, and the squares of their gradients' lengths."""

    def summed(x):
        scores = critic(parameters, x)
        return scores.sum(), scores

    slopes, scores = jax.grad(summed, has_aux=True)(points)
    return scores, (slopes**2).sum(1)


def zeros(tree):
    return jax.tree.map(jnp.zeros_like, tree)


def rmsprop(config):
    lr, alpha, eps = config["lr"], config["optim"]["alpha"], config["optim"]["eps"]

    def step(parameters, gradient, squares):
        squares = jax.tree.map(lambda v, g: alpha * v + (1 - alpha) * g * g, squares, gradient)
        move = lambda p, g, v: p - lr * g / (jnp.sqrt(v) + eps)
        return jax.tree.map(move, parameters, gradient, squares), squares

    return zeros, step


def adam(config):
    lr, (beta1, beta2), eps = config["lr"], config["optim"]["betas"], config["optim"]["eps"]

    def begin(parameters):
        return zeros(parameters), zeros(parameters), jnp.zeros((), jnp.int32)

    def step(parameters, gradient, state):
        means, squares, t = state
        t = t + 1
        means = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, means, gradient)
        squares = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, squares, gradient)
        of_mean, of_square = 1 - beta1**t, jnp.sqrt(1 - beta2**t)
        move = lambda p, m, v: p - lr / of_mean * m / (jnp.sqrt(v) / of_square + eps)
        return jax.tree.map(move, parameters, means, squares), (means, squares, t)

    return begin, step


class Contender:
    def __init__(self, config):
        g = config["generator"]
        self.config, self.norms, self.eps = config, g["batch_norm"], g["batch_norm_eps"]
        self.momentum, self.latent, self.batch = g["batch_norm_momentum"], g["latent_dim"], config["batch_size"]
        self.model = config["objective"].get("model")
        self.begin, self.descend = (adam if config["optim"]["name"] == "adam" else rmsprop)(config)
        widths = [self.latent, *g["hidden"], 2]
        generator = layers(jax.random.key(0), widths)
        for layer, norm in zip(generator, self.norms):
            if norm:
                layer |= {"gamma": jnp.ones_like(layer["b"]), "beta": jnp.zeros_like(layer["b"])}
        discriminator = layers(jax.random.key(1), [2, *config["discriminator"]["hidden"], 1])
        running = [(jnp.zeros(w), jnp.ones(w)) for w, norm in zip(widths[1:], self.norms) if norm]
        self.set(generator, discriminator, running)
        self.key = jax.random.key(3)
        self.one = jax.jit(self.step)
        self.run = jax.jit(lambda state, key, batches: jax.lax.scan(self.drawn_step, (state, key), batches))

    def set(self, generator, discriminator, running):
        optims = self.begin(generator), self.begin(discriminator)
        self.state = (generator, discriminator, *optims, running)

    def generate(self, parameters, x):
        statistics = []
        for layer in parameters[:-1]:
            x = x @ layer["w"] + layer["b"]
            if "gamma" in layer:
                mean, variance = x.mean(0), x.var(0)
                statistics.append((mean, variance * (len(x) / (len(x) - 1))))
                x = (x - mean) / jnp.sqrt(variance + self.eps) * layer["gamma"] + layer["beta"]
            x = leaky(x)
        return x @ parameters[-1]["w"] + parameters[-1]["b"], statistics

    def generator_loss(self, generator, discriminator, noise):
        fake, statistics = self.generate(generator, noise)
        scores = critic(discriminator, fake)
        loss = jax.nn.log_sigmoid(-scores).mean() if self.model == "gan" else -scores.mean()
        return loss, (fake, statistics)

    def critic_loss(self, discriminator, real, fake, mix):
        on_real, on_fake = critic(discriminator, real), critic(discriminator, fake)
        if self.model == "gan":
            return -jax.nn.log_sigmoid(on_real).mean() - jax.nn.log_sigmoid(-on_fake).mean()
        loss = on_fake.mean() - on_real.mean()
        if self.model == "wgan-gp":
            _, squares = sloped(discriminator, mix * real + (1 - mix) * fake)
            norms = jnp.sqrt(squares + 1e-24)
            loss += self.config["objective"]["gp_weight"] * ((norms - 1) ** 2).mean()
        return loss

    def lab_step(self, state, drawn):
        """The lab's order: one generated batch for both."""
        g, d, g_optim, d_optim, running = state
        mix = drawn["mix"][0][:, None] if "mix" in drawn else None
        (g_loss, (fake, statistics)), gradient = jax.value_and_grad(self.generator_loss, has_aux=True)(
            g, d, drawn["noise"][0]
        )
        move = lambda old, new: (1 - self.momentum) * old + self.momentum * new
        running = jax.tree.map(move, running, statistics)
        d_loss, d_gradient = jax.value_and_grad(self.critic_loss)(d, drawn["real"][0], fake, mix)
        g, g_optim = self.descend(g, gradient, g_optim)
        d, d_optim = self.descend(d, d_gradient, d_optim)
        if self.model == "wgan":
            clip = self.config["objective"]["clip"]
            d = jax.tree.map(lambda p: jnp.clip(p, -clip, clip), d)
        return (g, d, g_optim, d_optim, running), (d_loss, g_loss)

    def r3gan_critic_loss(self, discriminator, real, fake):
        (on_real, r1), (on_fake, r2) = sloped(discriminator, real), sloped(discriminator, fake)
        penalties = (r1.mean() + r2.mean()) / 2
        return jax.nn.softplus(on_fake - on_real).mean() + self.config["penalty"]["weight"] * penalties

    def r3gan_generator_loss(self, generator, discriminator, real, noise):
        fake, _ = self.generate(generator, noise)
        return jax.nn.softplus(critic(discriminator, real) - critic(discriminator, fake)).mean()

    def r3gan_step(self, state, drawn):
        """The critic first, then the generator with points and codes of its own."""
        g, d, g_optim, d_optim, running = state
        fake, _ = self.generate(g, drawn["noise"][0])
        d_loss, gradient = jax.value_and_grad(self.r3gan_critic_loss)(d, drawn["real"][0], fake)
        d, d_optim = self.descend(d, gradient, d_optim)
        g_loss, gradient = jax.value_and_grad(self.r3gan_generator_loss)(g, d, drawn["more_real"], drawn["noise"][1])
        g, g_optim = self.descend(g, gradient, g_optim)
        return (g, d, g_optim, d_optim, running), (d_loss, g_loss)

    def step(self, state, drawn):
        return (self.lab_step if self.model else self.r3gan_step)(state, drawn)

    def drawn_step(self, carried, points):
        """A step with real points that are ready and codes that are drawn here."""
        state, key = carried
        key, a, b = jax.random.split(key, 3)
        drawn = {"real": points["real"][None]}
        if self.model == "wgan-gp":
            drawn["mix"] = jax.random.uniform(b, (1, self.batch))
        if not self.model:
            drawn["more_real"] = points["more"]
        drawn["noise"] = jax.random.normal(a, (1 if self.model else 2, self.batch, self.latent))
        state, losses = self.step(state, drawn)
        return (state, key), losses

    def epoch(self, real, more):
        """All batches; `more` are the real points of the generator's steps, where it has some of its own."""
        (self.state, self.key), losses = self.run(self.state, self.key, {"real": real, "more": more})
        jax.block_until_ready(losses)

    def iterate(self, drawn):
        self.state, losses = self.one(self.state, {name: jnp.asarray(values) for name, values in drawn.items()})
        return tuple(map(float, losses))

    def places(self):
        """Where the generator's layers are in PyTorch's list."""
        place = 0
        for norm in [*self.norms, False]:
            yield place, norm
            place += 3 if norm else 2

    def load(self, tensors, prefix):
        """Weights by PyTorch's names."""
        take = lambda name: jnp.asarray(tensors[f"{prefix}.{name}"].numpy())
        linear = lambda name: {"w": take(f"{name}.weight").T, "b": take(f"{name}.bias")}
        generator, running = [], []
        for place, norm in self.places():
            generator.append(linear(f"generator.net.{place}"))
            if norm:
                at = f"generator.net.{place + 1}"
                generator[-1] |= {"gamma": take(f"{at}.weight"), "beta": take(f"{at}.bias")}
                running.append((take(f"{at}.running_mean"), take(f"{at}.running_var")))
        hidden = len(self.config["discriminator"]["hidden"])
        self.set(generator, [linear(f"discriminator.net.{2 * i}") for i in range(hidden + 1)], running)

    def tensors(self, prefix):
        """Weights by PyTorch's names, as NumPy's arrays."""
        generator, discriminator, _, _, running = self.state
        named, running = {}, iter(running)
        for (place, norm), layer in zip(self.places(), generator):
            named |= {f"generator.net.{place}.weight": layer["w"].T, f"generator.net.{place}.bias": layer["b"]}
            if norm:
                at, (mean, variance) = f"generator.net.{place + 1}", next(running)
                named |= {f"{at}.weight": layer["gamma"], f"{at}.bias": layer["beta"]}
                named |= {f"{at}.running_mean": mean, f"{at}.running_var": variance}
        for i, layer in enumerate(discriminator):
            named |= {f"discriminator.net.{2 * i}.weight": layer["w"].T, f"discriminator.net.{2 * i}.bias": layer["b"]}
        return {f"{prefix}.{name}": np.array(value) for name, value in named.items()}
