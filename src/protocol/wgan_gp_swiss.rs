//! WGAN-GP's `swissroll`: scikit-learn's, noise 0.25, its first and third column over 7.5. It has no modes; distances are
//! measured, beside those of true points from true points.

use super::wgan_gp::{ITERATIONS, RECIPE};
use super::{Law, Measure, Protocol, Quantity, Source};

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "wgan-gp-swiss",
    law: Law::SwissRoll,
    source: Source::Fresh,
    recipe: &RECIPE,
    measure: Measure { samples: 10_000, near: None, quantities: &[Quantity::SlicedW2, Quantity::W1] },
    marks: &[ITERATIONS],
    published: &[],
};
