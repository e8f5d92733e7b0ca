//! The optimisers of the lab's report.

use super::{Lesson, Variant};
use crate::data::synthetic::Law;

pub(super) static LESSON: Lesson = Lesson {
    name: "optimisers",
    title: "5. The optimisers of the lab's report",
    shows: "The same GAN with SGD, RMSProp and Adam at one learning rate, and with SGD at a rate of its own.",
    seconds: 4,
    law: Law::Points,
    runs: &[
        Variant { id: "sgd", name: "SGD", preset: "teach-optimisers", changes: &[("optim.name", "sgd")] },
        Variant {
            id: "sgd-fast",
            name: "SGD, 200 times the rate",
            preset: "teach-optimisers",
            changes: &[("optim.name", "sgd"), ("lr", "0.01")],
        },
        Variant { id: "rmsprop", name: "RMSProp", preset: "teach-optimisers", changes: &[] },
        Variant { id: "adam", name: "Adam", preset: "teach-optimisers", changes: &[("optim.name", "adam")] },
    ],
    arrows: &[],
    text: include_str!("optimisers.html"),
};
