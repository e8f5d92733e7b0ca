//! The saturating and the non-saturating generator against a discriminator that is far ahead.

use super::{Lesson, Variant};
use crate::data::synthetic::Law;

/// A discriminator that is not ahead.
const EVEN: [(&str, &str); 2] = [("lr_d", "1e-4"), ("critic_steps", "1")];

pub(super) static LESSON: Lesson = Lesson {
    name: "strong",
    title: "2. A discriminator that is too strong",
    shows: "The saturating generator has no gradient where the discriminator is sure; the non-saturating one has its \
            largest there.",
    seconds: 2,
    law: Law::Ring8,
    runs: &[
        Variant { id: "saturating", name: "saturating, strong D", preset: "teach-strong", changes: &[] },
        Variant {
            id: "non-saturating",
            name: "non-saturating, strong D",
            preset: "teach-strong",
            changes: &[("objective.rule", "non-saturating")],
        },
        Variant { id: "saturating-even", name: "saturating, even D", preset: "teach-strong", changes: &EVEN },
        Variant {
            id: "non-saturating-even",
            name: "non-saturating, even D",
            preset: "teach-strong",
            changes: &[("objective.rule", "non-saturating"), EVEN[0], EVEN[1]],
        },
    ],
    // The saturating generator's on the scale of the other's.
    arrows: &[1, 1, 3, 3],
    text: include_str!("strong.html"),
};
