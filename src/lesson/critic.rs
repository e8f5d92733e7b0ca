//! Why WGAN clips, and what the gradient penalty does instead.

use super::{Lesson, Variant};
use crate::data::synthetic::Law;

pub(super) static LESSON: Lesson = Lesson {
    name: "critic",
    title: "4. Why WGAN clips, and what the penalty does instead",
    shows: "The same Wasserstein critic without a bound, with its weights clipped at 1, 0.1 and 0.01, and with a gradient \
            penalty.",
    seconds: 4,
    law: Law::SwissRoll,
    runs: &[
        Variant { id: "free", name: "no bound", preset: "teach-critic", changes: &[] },
        Variant {
            id: "clip1",
            name: "clip 1",
            preset: "teach-critic",
            changes: &[("constraint.name", "clip"), ("constraint.bound", "1")],
        },
        Variant {
            id: "clip01",
            name: "clip 0.1",
            preset: "teach-critic",
            changes: &[("constraint.name", "clip"), ("constraint.bound", "0.1")],
        },
        Variant {
            id: "clip001",
            name: "clip 0.01",
            preset: "teach-critic",
            changes: &[("constraint.name", "clip"), ("constraint.bound", "0.01")],
        },
        Variant {
            id: "penalty",
            name: "gradient penalty",
            preset: "teach-critic",
            changes: &[("penalty.name", "wgan-gp"), ("penalty.weight", "1")],
        },
    ],
    arrows: &[],
    text: include_str!("critic.html"),
};
