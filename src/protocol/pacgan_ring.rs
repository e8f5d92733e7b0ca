//! PacGAN's ring: eight modes of deviation 0.01 on the unit circle.

use super::pacgan::{ITERATIONS, RECIPE, SOURCE, measure, of};
use super::{Law, Layout, Mixture, Protocol};

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "pacgan-ring",
    law: Law::Mixture(Mixture { layout: Layout::Ring { modes: 8, radius: 1.0 }, sigma: 0.01 }),
    source: SOURCE,
    recipe: &RECIPE,
    measure: measure(0.03),
    marks: &[ITERATIONS],
    published: &[
        of("gan", [6.3, 0.5], [0.982, 0.002], [0.45, 0.09]),
        of("pacgan2", [7.9, 0.1], [0.956, 0.020], [0.07, 0.03]),
        of("pacgan3", [7.8, 0.1], [0.977, 0.003], [0.10, 0.02]),
        of("pacgan4", [7.8, 0.1], [0.959, 0.014], [0.07, 0.02]),
        of("gan-0.2", [6.3, 0.5], [0.982, 0.002], [0.45, 0.09]),
        of("pacgan2-0.2", [7.9, 0.1], [0.956, 0.020], [0.07, 0.03]),
        of("pacgan3-0.2", [7.8, 0.1], [0.977, 0.003], [0.10, 0.02]),
        of("pacgan4-0.2", [7.8, 0.1], [0.959, 0.014], [0.07, 0.02]),
    ],
};
