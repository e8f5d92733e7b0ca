//! The recipe that all comparisons of the paired discriminator's reports share (paired-discriminator, 2026): two
//! networks of 128-128 with LeakyReLU 0.2 and PyTorch's initial weights, 16 codes, batches of 256, Adam (2e-4, 0.5, 0.999),
//! one step of each, the discriminator first, new real points and codes in every phase.
//!
//! PacGAN's discriminator has the same 256 points as 128 packs of 2 there; so steps are equal, work is not.

use super::{Measure, Method, Near, Printed, Quantity, Recipe, Settings, Shows};

/// Valid within 3 deviations of 0.1; a mode counts from a hundredth of all points.
pub(super) const MEASURE: Measure = Measure {
    samples: 10_000,
    near: Some(Near { radius: 0.3, least_share: 0.01 }),
    quantities: &[Quantity::Covered, Quantity::Valid, Quantity::ModeTv],
};

pub(super) static RECIPE: Recipe = Recipe {
    source: "paired-discriminator (2026), reports on rings and grids",
    networks: r#"{
        "generator": { "latent_dim": 16, "hidden": [128, 128], "batch_norm": [false, false] },
        "discriminator": { "hidden": [128, 128] },
        "batch_size": 256
    }"#,
    training: r#"{
        "optim": { "name": "adam", "betas": [0.5, 0.999] },
        "lr": 2e-4,
        "critic_steps": 1,
        "update_order": "critic-first"
    }"#,
    methods: &[
        Method {
            name: "vanilla",
            title: "vanilla",
            about: "the non-saturating GAN",
            settings: Settings::Published(r#"{ "objective": { "model": "gan", "generator_loss": "non-saturating" } }"#),
        },
        Method {
            name: "rsgan",
            title: "RSGAN",
            about: "relativistic pairs",
            settings: Settings::Published(r#"{ "objective": { "rule": "rpgan" } }"#),
        },
        Method {
            name: "paired",
            title: "paired",
            about: "the paired discriminator",
            settings: Settings::Published(r#"{ "objective": { "rule": "paired" } }"#),
        },
        Method {
            name: "pacgan2",
            title: "PacGAN2",
            about: "the non-saturating GAN on packs of two",
            settings: Settings::Published(
                r#"{ "objective": { "model": "gan", "generator_loss": "non-saturating" }, "pack": 2 }"#,
            ),
        },
        super::BEST,
    ],
    seeds: 5,
    printed: Printed::Deviations,
    shows: Shows::Points,
};
