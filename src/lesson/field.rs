//! What the discriminator sees, and why the generator moves.

use super::{Lesson, Variant};
use crate::data::synthetic::Law;

pub(super) static LESSON: Lesson = Lesson {
    name: "field",
    title: "1. What the discriminator sees, and why the generator moves",
    shows: "One GAN that learns eight small heaps of points: the discriminator's scores as a landscape, and the pull that \
            they have on generated points.",
    seconds: 2,
    law: Law::Ring8,
    runs: &[Variant {
        id: "gan",
        name: "a GAN on eight modes",
        preset: "teach-gan",
        changes: &[("epochs", "100"), ("frame_every", "2")],
    }],
    arrows: &[],
    text: include_str!("field.html"),
};
