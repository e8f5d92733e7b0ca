//! WGAN-GP's `8gaussians`: a ring of radius 2 and deviation 0.02, all over 1.414.

use super::wgan_gp::{ITERATIONS, RECIPE, measure};
use super::{Law, Layout, Mixture, Protocol, Source};

/// Their code's word for the deviation of it all.
const SCALE: f64 = 1.414;

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "wgan-gp-ring",
    law: Law::Mixture(Mixture { layout: Layout::Ring { modes: 8, radius: 2.0 / SCALE }, sigma: 0.02 / SCALE }),
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: measure(0.06 / SCALE),
    marks: &[ITERATIONS],
    published: &[],
};
