//! The unrolled GAN's public notebook (Metz et al. 2017; poolio/unrolled_gan): networks 256-128-128-2 and 2-128-128-1 with tanh,
//! orthogonal weights with the gain 1.4, batches of 512, Adam (b1 0.5) with the rates 1e-3 and 1e-4, both networks stepped at
//! once, 25 000 iterations. Its ring is `linspace(0, 2 pi, 8)`, so that one of eight modes stands twice.
//!
//! It shows pictures of densities, no numbers, with five steps unrolled. Numbers for an unrolled GAN in other papers' tables are
//! of other recipes.

use super::{
    Law, Layout, Measure, Method, Mixture, Near, Printed, Protocol, Quantity, Recipe, Settings, Shows, Source,
};

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "unrolled",
    law: Law::Mixture(Mixture { layout: Layout::ClosedRing { points: 8, radius: 1.0 }, sigma: 0.01 }),
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: Measure {
        samples: 2500,
        near: Some(Near { radius: 0.03, least_share: 0.0 }),
        quantities: &[Quantity::Covered, Quantity::Valid, Quantity::ModeTv, Quantity::ReverseKl],
    },
    marks: &[25_000],
    published: &[],
};

static RECIPE: Recipe = Recipe {
    source: "unrolled GAN's notebook (Metz et al. 2017)",
    networks: r#"{
        "generator": { "latent_dim": 256, "hidden": [128, 128], "batch_norm": [false, false] },
        "discriminator": { "hidden": [128, 128] },
        "batch_size": 512
    }"#,
    training: r#"{
        "objective": { "model": "gan", "generator_loss": "saturating" },
        "activation": { "name": "tanh" },
        "init": "orthogonal",
        "init_gain": 1.4,
        "optim": { "name": "adam", "betas": [0.5, 0.999] },
        "lr": 1e-3,
        "lr_d": 1e-4,
        "critic_steps": 1,
        "update_order": "generator-first"
    }"#,
    methods: &[
        Method {
            name: "unrolled0",
            title: "K = 0",
            about: "the saturating GAN, no step unrolled",
            settings: Settings::Published("{}"),
        },
        Method {
            name: "unrolled5",
            title: "K = 5",
            about: "five steps of the discriminator unrolled",
            settings: Settings::Published(r#"{ "unroll": 5 }"#),
        },
        super::BEST,
    ],
    seeds: 5,
    printed: Printed::Pictures("densities"),
    shows: Shows::Density,
};
