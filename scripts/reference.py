#!/usr/bin/env python3
"""Make the numeric fixtures in tests/fixtures/reference/ with PyTorch.

Each file holds a config, initial weights, the draws of three iterations (real points, noise, mixing weights …), and
the losses and all weights after each of them, computed by lab.py in double precision: small networks, so that the
files are small. It is the form in which `gan-lab train --trace` writes.

    python3 scripts/reference.py [NAME...]     without names all of them

Needs: pip install torch safetensors numpy
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from lab import PENALTIES, RULES, Lab, deviation, parts, without_effect

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "reference"
ITERATIONS, BATCH = 3, 24
STRAY = 1e-6

OBJECTIVES = {
    "gan": {"model": "gan", "generator_loss": "saturating"},
    "wgan": {"model": "wgan", "clip": 0.1},
    "wgan-gp": {"model": "wgan-gp", "gp_weight": 0.1},
}
OPTIMS = {
    "sgd": {"name": "sgd", "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False},
    "rmsprop": {"name": "rmsprop", "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False},
    "adam": {"name": "adam", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False},
    "adamw": {"name": "adamw", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False},
    "optimistic-adam": {
        "name": "optimistic-adam", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False
    },
    "extra-adam": {"name": "extra-adam", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False},
}


def config(model, default_optim, **changes):
    return {
        "objective": OBJECTIVES[model],
        "data": {"path": "data/points.mat", "key": "xx", "train_size": 7000, "shuffle": "once"},
        "generator": {
            "latent_dim": 2,
            "hidden": [8, 12, 16],
            "batch_norm": [False, True, True],
            "batch_norm_eps": 0.8,
            "batch_norm_momentum": 0.1,
        },
        "discriminator": {"hidden": [8, 12]},
        "optim": OPTIMS[default_optim],
        "lr": 1e-3,
        "epochs": 1,
        "batch_size": BATCH,
        "critic_steps": 1,
        "update_order": "generator-first",
        "frame_every": 10,
        "seed": 0,
        "device": "cpu",
        "threads": 1,
        **changes,
    }


def cases():
    for model in OBJECTIVES:
        for optim in OPTIMS:
            yield f"{model}-{optim}", config(model, optim)
    yield "gan-non-saturating", config("gan", "adam", objective={"model": "gan", "generator_loss": "non-saturating"})
    yield "wgan-paper-order", config("wgan", "rmsprop", critic_steps=3, update_order="critic-first")
    yield "wgan-gp-paper-order", config("wgan-gp", "adam", critic_steps=2, update_order="critic-first")
    yield "gan-three-critic-steps", config("gan", "rmsprop", critic_steps=3)
    options = {**OPTIMS["sgd"], "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}
    yield "sgd-all-options", config("wgan", "sgd", optim=options)
    options = {**OPTIMS["sgd"], "momentum": 0.9, "dampening": 0.3}
    yield "sgd-dampened", config("gan", "sgd", optim=options)
    options = {**OPTIMS["rmsprop"], "momentum": 0.9, "weight_decay": 0.01, "centered": True}
    yield "rmsprop-all-options", config("gan", "rmsprop", optim=options)
    options = {**OPTIMS["adam"], "betas": [0.5, 0.9], "weight_decay": 0.01, "amsgrad": True}
    yield "adam-all-options", config("wgan-gp", "adam", optim=options)
    options = {**OPTIMS["adamw"], "betas": [0.5, 0.9], "weight_decay": 0.3, "amsgrad": True}
    yield "adamw-all-options", config("wgan-gp", "adamw", optim=options)
    options = {**OPTIMS["optimistic-adam"], "betas": [0.5, 0.9], "weight_decay": 0.1, "amsgrad": True}
    yield "optimistic-all-options", config("wgan-gp", "optimistic-adam", optim=options, critic_steps=2)
    options = {**OPTIMS["extra-adam"], "betas": [0.5, 0.9], "weight_decay": 0.1, "amsgrad": True}
    penalty = {"name": "r1", "weight": 0.3, "every": 2}
    yield "extra-all-options", config("gan", "adam", objective={"rule": "rpgan"}, optim=options, penalty=penalty)
    optim = {**OPTIMS["sgd"], "momentum": 0.9}
    yield "optim-d", config("gan", "adam", optim_d=optim, lr_d=0.01, critic_steps=2, update_order="critic-first")
    yield "lookahead", config("gan", "extra-adam", lookahead={"every": 2, "step": 0.5})
    yield "lookahead-clipped", config("wgan", "adam", lookahead={"every": 1, "step": 0.3}, critic_steps=2)
    both = {"generator-first": {}, "critic-first": {"critic_steps": 2, "update_order": "critic-first"}}
    # The order that a rule has goes by its place; the paired discriminator, which is none of RULES, has the other one.
    for i, rule in [*enumerate(RULES), (7, "paired")]:
        objective = {"rule": rule} | ({"real_label": 0.9} if "saturating" in rule else {})
        order = list(both)[i % 2]
        # Where a unit is on for all points RaGAN's gradient by its bias is 0 but for rounding, which Adam makes a step.
        optim = "sgd" if rule == "ragan" else "adam"
        yield f"rule-{rule}", config("gan", optim, objective=objective, **both[order])
    for order, changes in both.items():
        yield f"rpgan-{order}", config("gan", "sgd", objective={"rule": "rpgan"}, **changes)
    # The first ones, so that another rule at the end of RULES changes no fixture.
    rules = list(RULES)[:7]
    for i, name in enumerate(PENALTIES):
        changes = {"objective": {"rule": rules[1 + i % (len(rules) - 1)]}, **both[list(both)[i % 2]]}
        penalty = {"name": name, "weight": 0.3, "every": 1 + i % 2}
        optim = "adam" if i % 2 == 0 and i < 4 else "sgd"
        yield f"penalty-{name}", config("gan", optim, penalty=penalty, **changes)
    # Of few steps, so that the weight moves.
    data = {"path": "data/points.mat", "key": "xx", "train_size": 8 * BATCH, "shuffle": "once"}
    fading = {"name": "r1", "weight": 0.3, "every": 1, "end": 0.1}
    yield "penalty-fading", config("gan", "sgd", objective={"rule": "hinge"}, penalty=fading, data=data)
    normed = {"constraint": {"name": "spectral-norm"}, "objective": {"rule": "hinge"}}
    yield "spectral-norm", config("gan", "adam", **normed)
    penalty = {"name": "wgan-gp", "weight": 0.3, "every": 2}
    yield "spectral-norm-paper-order", config("gan", "sgd", penalty=penalty, **normed, **both["critic-first"])
    yield "paired-generator-first", config("gan", "sgd", objective={"rule": "paired"})
    yield "packed", config("gan", "adam", pack=2)
    penalty = {"name": "wgan-gp", "weight": 0.3, "every": 1}
    objective = {"rule": "non-saturating", "real_label": 1.0}
    yield "packed-paper-order", config("gan", "sgd", objective=objective, pack=3, penalty=penalty, **both["critic-first"])
    penalty = {"name": "r1+r2", "weight": 0.3, "every": 1}
    yield "packed-pairs", config("gan", "sgd", objective={"rule": "rpgan"}, pack=4, penalty=penalty)
    yield "clipped-gradients", config("gan", "adam", clip_grad=0.3)
    yield "clipped-gradients-paper-order", config("gan", "sgd", clip_grad=0.2, **normed, **both["critic-first"])
    yield "instance-noise", config("gan", "adam", instance_noise={"deviation": 0.1}, **both["critic-first"])
    slope = {"name": "leaky-relu", "slope": 0.05}
    penalty = {"name": "wgan-gp", "weight": 0.3, "every": 1}
    yield "relu", config("wgan-gp", "adam", activation={"name": "relu"}, activation_d=slope)
    unnormed = config("gan", "sgd")["generator"] | {"batch_norm": [False] * 3}
    yield "tanh", config("gan", "sgd", activation={"name": "tanh"}, generator=unnormed)
    yield "tanh-penalised", config(
        "gan", "sgd", objective={"rule": "rpgan"}, activation_d={"name": "tanh"}, penalty=penalty, **both["critic-first"]
    )
    maxout = {"name": "maxout", "pieces": 3}
    yield "maxout", config("gan", "sgd", activation={"name": "relu"}, activation_d=maxout, pack=2)
    yield "maxout-penalised", config("wgan-gp", "sgd", activation=maxout, **both["critic-first"])
    normed = {"hidden": [8, 12], "batch_norm": [False, True], "batch_norm_eps": 0.1}
    yield "normed-discriminator", config("gan", "sgd", discriminator=normed)
    yield "normed-discriminator-paper-order", config(
        "gan", "sgd", objective={"rule": "least-squares"}, discriminator=normed, **both["critic-first"]
    )
    fast = {"optim_d": OPTIMS["sgd"], "lr_d": 0.3}
    yield "unrolled-sgd", config("gan", "sgd", unroll=3, **fast)
    yield "unrolled-pairs", config("gan", "sgd", objective={"rule": "rpgan"}, unroll=2, **fast, **both["critic-first"])
    squares = {"objective": {"rule": "least-squares"}, "optim_d": OPTIMS["rmsprop"]}
    yield "unrolled-rmsprop", config("gan", "sgd", unroll=2, pack=2, **squares)
    adam = {"optim_d": {**OPTIMS["adam"], "betas": [0.5, 0.999]}, "lr_d": 0.01}
    objective = {"rule": "non-saturating", "real_label": 0.9}
    yield "unrolled-adam", config("gan", "sgd", objective=objective, unroll=5, **adam)
    drift = {"drift": 0.2, "objective": {"rule": "wasserstein"}}
    yield "drift", config("gan", "sgd", penalty={"name": "wgan-gp", "weight": 0.3, "every": 1}, **drift)
    few = {"lr_d": 0.003, "data": data}
    yield "scheduled", config("gan", "sgd", schedule={"name": "cosine", "warm_up": 0.25, "end": 0.1}, **few)
    line = {"schedule": {"name": "linear", "warm_up": 0, "end": 0}, **few, **both["critic-first"]}
    yield "scheduled-paper-order", config("gan", "optimistic-adam", **line)
    both_norms = {"constraint": {"name": "spectral-norm"}, "objective": {"rule": "hinge"}}
    normed_last = {"hidden": [8, 12], "batch_norm": [True, False], "batch_norm_eps": 0.1}
    yield "normed-discriminator-spectral", config("gan", "sgd", discriminator=normed_last, **both_norms)
    yield "bounded", config("gan", "sgd", objective={"rule": "hinge"}, constraint={"name": "clip", "bound": 0.2})


def uniform(draws, *shape):
    return torch.rand(*shape, generator=draws, dtype=torch.float32)


def simulate(config, seed):
    """A fixture's tensors, and how far single precision strays from double in the worst tensor."""
    draws = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    # Weights and draws are single-precision numbers, so that an engine of either precision can begin with them.
    single, double = Lab(config, torch.float32), Lab(config, torch.float64)
    tensors = single.tensors("init")
    double.load(tensors, "init")
    steps, strayed = config["critic_steps"] * single.halves, 0.0
    batches = steps + (config["update_order"] == "critic-first")
    for i in range(ITERATIONS):
        real = uniform(draws, steps, BATCH, 2) * torch.tensor([1.4, 0.6]) + torch.tensor([-0.1, 0.1])
        noise = torch.randn(batches, BATCH, 2, generator=draws)
        tensors |= {f"{i}.real": real, f"{i}.noise": noise}
        also = {}
        rule, _, penalty, _ = parts(config)
        places = PENALTIES[penalty["name"]][1] if penalty else []
        if "mixed" in places:
            also["mix"] = uniform(draws, steps, BATCH // config.get("pack", 1))
        if "moved" in places:
            also["moves"] = uniform(draws, steps, BATCH, 2) / 8
        if config.get("instance_noise"):
            also["fake_noise"] = torch.randn(batches, BATCH, 2, generator=draws) * config["instance_noise"]["deviation"]
        if rule == "paired":
            also["real_first"] = uniform(draws, batches, BATCH).round()
        meets = rule in ("rpgan", "ragan", "paired") or config.get("unroll")
        if meets and config["update_order"] == "critic-first":
            also["more_real"] = uniform(draws, BATCH, 2) * torch.tensor([1.4, 0.6]) + torch.tensor([-0.1, 0.1])
        tensors |= {f"{i}.{name}": value for name, value in also.items()}
        doubles = {name: value.double() for name, value in also.items()}
        d_loss, g_loss = double.iteration(real.double(), noise.double(), **doubles)
        single.iteration(real, noise, **also)
        tensors |= {f"{i}.d_loss": torch.tensor([d_loss]).double(), f"{i}.g_loss": torch.tensor([g_loss]).double()}
        after = double.tensors(str(i))
        for key, value in single.tensors(str(i)).items():
            if key.split(".", 1)[1] not in without_effect(config):
                strayed = max(strayed, deviation(value, after[key]))
        tensors |= after
    return tensors, strayed


def make(name, config):
    # A gradient that happens to be all but 0 is divided by its own size, and rounding decides the step; such draws
    # test nothing but luck. The first seed without them is taken.
    for seed in range(1000):
        tensors, strayed = simulate(config, seed)
        if strayed < STRAY:
            break
    else:
        raise SystemExit(f"{name}: no seed keeps single precision within {STRAY}")
    note = json.dumps({"format": "gan-lab trace 1", "iterations": ITERATIONS, "config": config})
    OUT.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, OUT / f"{name}.safetensors", {"gan-lab": note})
    print(f"{name}: seed {seed}, single precision strays {strayed:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    wanted = sys.argv[1:]
    known = dict(cases())
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"no such fixture: {', '.join(unknown)}; there are {', '.join(known)}")
    for name in wanted or known:
        make(name, known[name])
