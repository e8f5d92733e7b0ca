//! 49 modes on a 7 x 7 grid, after 150 000 iterations.

use super::paired_discriminator::{MEASURE, RECIPE};
use super::{Law, Layout, Mixture, Protocol, Published, Source};

const ITERATIONS: u64 = 150_000;

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "grid7",
    law: Law::Mixture(Mixture { layout: Layout::Grid { side: 7, spacing: 1.5 }, sigma: 0.1 }),
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: MEASURE,
    marks: &[ITERATIONS],
    published: &[
        of("vanilla", 21.0, 0.763, [0.520, 0.042]),
        of("rsgan", 21.0, 0.748, [0.519, 0.056]),
        of("paired", 41.4, 0.782, [0.231, 0.045]),
        of("pacgan2", 43.2, 0.777, [0.229, 0.042]),
    ],
};

const fn of(method: &'static str, covered: f64, valid: f64, mode_tv: [f64; 2]) -> Published {
    Published::of_grid(method, ITERATIONS, covered, valid, mode_tv)
}
