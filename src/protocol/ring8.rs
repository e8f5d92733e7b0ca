//! Eight modes on a ring, after 10 000 and 50 000 iterations.

use super::paired_discriminator::{MEASURE, RECIPE};
use super::{Law, Layout, Mixture, Protocol, Published, Reported, Source};

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "ring8",
    law: Law::Mixture(Mixture { layout: Layout::Ring { modes: 8, radius: 2.0 }, sigma: 0.1 }),
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: MEASURE,
    marks: &[10_000, 50_000],
    published: &[
        of("vanilla", 10_000, Reported::new(7.6, 0.9, 0.1), 0.849, Reported::new(0.226, 0.072, 0.001)),
        of("rsgan", 10_000, Reported::new(7.4, 1.3, 0.1), 0.836, Reported::new(0.281, 0.170, 0.001)),
        of("paired", 10_000, Reported::bare(8.0, 0.1), 0.831, Reported::new(0.169, 0.003, 0.001)),
        of("vanilla", 50_000, Reported::new(6.8, 0.8, 0.1), 0.927, Reported::new(0.183, 0.074, 0.001)),
        of("rsgan", 50_000, Reported::new(7.4, 1.3, 0.1), 0.930, Reported::new(0.198, 0.220, 0.001)),
        of("paired", 50_000, Reported::bare(8.0, 0.1), 0.931, Reported::new(0.069, 0.020, 0.001)),
    ],
};

const fn of(method: &'static str, mark: u64, covered: Reported, valid: f64, mode_tv: Reported) -> Published {
    Published {
        method,
        mark,
        covered: Some(covered),
        valid: Some(Reported::bare(valid, 0.001)),
        mode_tv: Some(mode_tv),
        reverse_kl: None,
    }
}
