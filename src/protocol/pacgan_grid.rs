//! PacGAN's grid: 25 modes of deviation 0.05 on {-4, -2, 0, 2, 4}^2.

use super::pacgan::{ITERATIONS, RECIPE, SOURCE, measure, of};
use super::{Law, Layout, Mixture, Protocol};

pub(super) static PROTOCOL: Protocol = Protocol {
    name: "pacgan-grid",
    law: Law::Mixture(Mixture { layout: Layout::Grid { side: 5, spacing: 2.0 }, sigma: 0.05 }),
    source: SOURCE,
    recipe: &RECIPE,
    measure: measure(0.15),
    marks: &[ITERATIONS],
    published: &[
        of("gan", [17.3, 0.8], [0.948, 0.007], [0.70, 0.07]),
        of("pacgan2", [23.8, 0.7], [0.913, 0.008], [0.13, 0.04]),
        of("pacgan3", [24.6, 0.4], [0.942, 0.004], [0.06, 0.02]),
        of("pacgan4", [24.8, 0.2], [0.936, 0.006], [0.04, 0.01]),
        of("gan-0.2", [17.3, 0.8], [0.948, 0.007], [0.70, 0.07]),
        of("pacgan2-0.2", [23.8, 0.7], [0.913, 0.008], [0.13, 0.04]),
        of("pacgan3-0.2", [24.6, 0.4], [0.942, 0.004], [0.06, 0.02]),
        of("pacgan4-0.2", [24.8, 0.2], [0.936, 0.006], [0.04, 0.01]),
    ],
};
