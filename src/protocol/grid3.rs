//! Nine modes on a 3 x 3 grid, after 50 000 iterations.

use super::paired_discriminator::{MEASURE, RECIPE};
use super::{Law, Layout, Mixture, Protocol, Published, Source};

const ITERATIONS: u64 = 50_000;

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "grid3",
    law: Law::Mixture(Mixture { layout: Layout::Grid { side: 3, spacing: 1.5 }, sigma: 0.1 }),
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: MEASURE,
    marks: &[ITERATIONS],
    published: &[
        of("vanilla", 4.0, 0.949, [0.542, 0.001]),
        of("rsgan", 4.0, 0.943, [0.540, 0.002]),
        of("paired", 9.0, 0.943, [0.058, 0.006]),
        of("pacgan2", 9.0, 0.937, [0.064, 0.010]),
    ],
};

const fn of(method: &'static str, covered: f64, valid: f64, mode_tv: [f64; 2]) -> Published {
    Published::of_grid(method, ITERATIONS, covered, valid, mode_tv)
}
