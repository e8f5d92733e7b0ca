//! Mode collapse on the ring, and what mends it.

use super::{Lesson, Variant};
use crate::data::synthetic::Law;

pub(super) static LESSON: Lesson = Lesson {
    name: "collapse",
    title: "3. Mode collapse, and three cures",
    shows: "A generator that finds one of eight modes or none, and three changes that bring the others back.",
    seconds: 6,
    law: Law::Ring8,
    runs: &[
        Variant { id: "collapsed", name: "slow discriminator", preset: "teach-collapse", changes: &[] },
        Variant { id: "even", name: "equal rates", preset: "teach-collapse", changes: &[("lr_d", "0.001")] },
        Variant {
            id: "r1",
            name: "equal rates and R1",
            preset: "teach-collapse",
            changes: &[("lr_d", "0.001"), ("penalty.name", "r1"), ("penalty.weight", "0.1")],
        },
        Variant {
            id: "pairs",
            name: "pairs, R1 and R2",
            preset: "teach-collapse",
            changes: &[
                ("objective.rule", "rpgan"),
                ("lr_d", "0.001"),
                ("penalty.name", "r1+r2"),
                ("penalty.weight", "0.03"),
            ],
        },
    ],
    arrows: &[],
    text: include_str!("collapse.html"),
};
