//! 25 modes on a 5 x 5 grid, after 50 000 iterations. After 10 000 the packed methods are worse than the vanilla GAN there.

use super::paired_discriminator::{MEASURE, RECIPE};
use super::{Law, Layout, Mixture, Protocol, Published, Source};

const ITERATIONS: u64 = 50_000;

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "grid5",
    law: Law::Mixture(Mixture { layout: Layout::Grid { side: 5, spacing: 1.5 }, sigma: 0.1 }),
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: MEASURE,
    marks: &[ITERATIONS],
    published: &[
        of("vanilla", 7.2, 0.737, [0.718, 0.023]),
        of("rsgan", 7.8, 0.735, [0.686, 0.039]),
        of("paired", 24.4, 0.758, [0.242, 0.050]),
        of("pacgan2", 24.6, 0.784, [0.216, 0.034]),
    ],
};

const fn of(method: &'static str, covered: f64, valid: f64, mode_tv: [f64; 2]) -> Published {
    Published::of_grid(method, ITERATIONS, covered, valid, mode_tv)
}
