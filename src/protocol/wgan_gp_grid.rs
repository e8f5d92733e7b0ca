//! WGAN-GP's `25gaussians`: 5 x 5 modes 2 apart, of deviation 0.05, all over 2.828; 4000 points of each are drawn once.

use super::wgan_gp::{ITERATIONS, RECIPE, measure};
use super::{Law, Layout, Mixture, Protocol, Source};

/// Their code's word for the deviation of it all.
const SCALE: f64 = 2.828;

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "wgan-gp-grid",
    law: Law::Mixture(Mixture { layout: Layout::Grid { side: 5, spacing: 2.0 / SCALE }, sigma: 0.05 / SCALE }),
    source: Source::Rounds { each: 4000 },
    recipe: &RECIPE,
    measure: measure(0.15 / SCALE),
    marks: &[ITERATIONS],
    published: &[],
};
