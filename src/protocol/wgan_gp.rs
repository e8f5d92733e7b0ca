//! The recipe of WGAN-GP's toys (Gulrajani et al. 2017; igul222/improved_wgan_training, `gan_toy.py`): networks 2-512x3-2 and
//! 2-512x3-1 with ReLU and He's uniform weights, batches of 256, five critic steps on new codes each for one of the generator,
//! 100 000 of those. WGAN-GP: weight 0.1, Adam (1e-4, 0.5, 0.9); WGAN: clipped to 0.01, RMSProp 5e-5.
//!
//! RMSProp is TensorFlow's there: its decay 0.9, its eps 1e-10 within the root, its mean square from 1. Here eps is 1e-5 outside the
//! root, which is the same where it counts, and the mean square is from 0. That the generator has no step in their first
//! iteration makes the order this project's `critic-first`.

use super::{Measure, Method, Near, Printed, Quantity, Recipe, Settings, Shows};

/// The published generator steps.
pub(super) const ITERATIONS: u64 = 100_000;

/// Valid within 3 deviations; a mode counts from one valid point.
pub(super) const fn measure(radius: f64) -> Measure {
    Measure {
        samples: 2500,
        near: Some(Near { radius, least_share: 0.0 }),
        quantities: &[Quantity::Covered, Quantity::Valid, Quantity::ModeTv, Quantity::ReverseKl],
    }
}

pub(super) static RECIPE: Recipe = Recipe {
    source: "WGAN-GP's toys (Gulrajani et al. 2017)",
    networks: r#"{
        "generator": { "latent_dim": 2, "hidden": [512, 512, 512], "batch_norm": [false, false, false] },
        "discriminator": { "hidden": [512, 512, 512] },
        "batch_size": 256
    }"#,
    training: r#"{
        "activation": { "name": "relu" },
        "init": "he-uniform",
        "critic_steps": 5,
        "update_order": "critic-first"
    }"#,
    methods: &[
        Method {
            name: "wgan-gp",
            title: "WGAN-GP",
            about: "the gradient penalty, weight 0.1",
            settings: Settings::Published(
                r#"{
                    "objective": { "model": "wgan-gp", "gp_weight": 0.1 },
                    "optim": { "name": "adam", "betas": [0.5, 0.9] },
                    "lr": 1e-4
                }"#,
            ),
        },
        Method {
            name: "wgan",
            title: "WGAN",
            about: "the critic clipped to 0.01",
            settings: Settings::Published(
                r#"{
                    "objective": { "model": "wgan", "clip": 0.01 },
                    "optim": { "name": "rmsprop", "alpha": 0.9, "eps": 1e-5 },
                    "lr": 5e-5
                }"#,
            ),
        },
        super::BEST,
    ],
    seeds: 1,
    printed: Printed::Pictures("the critic's contours"),
    shows: Shows::Contours,
};
