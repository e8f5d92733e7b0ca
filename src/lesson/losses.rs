//! What a loss tells and what it does not, and when to stop.

use super::{Lesson, Variant};
use crate::data::synthetic::Law;

pub(super) static LESSON: Lesson = Lesson {
    name: "losses",
    title: "6. What a loss tells, what it does not, and when to stop",
    shows: "Two GANs whose losses rest at the same number, one good and one useless; and a critic whose loss does mean \
            something.",
    seconds: 4,
    law: Law::Ring8,
    runs: &[
        Variant { id: "good", name: "a GAN that learns", preset: "teach-gan", changes: &[] },
        Variant {
            id: "blind",
            name: "rates a thousand times as small",
            preset: "teach-gan",
            changes: &[("lr", "1e-6")],
        },
        Variant {
            id: "wasserstein",
            name: "a critic with a gradient penalty",
            preset: "teach-gan",
            changes: &[
                ("objective.rule", "wasserstein"),
                ("penalty.name", "wgan-gp"),
                ("penalty.weight", "1"),
                ("critic_steps", "5"),
                ("lr", "1e-4"),
                ("lr_d", "0.001"),
            ],
        },
    ],
    arrows: &[],
    text: include_str!("losses.html"),
};
