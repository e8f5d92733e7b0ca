//! The generator's lattice: where it takes codes that lie on lines of equal probability, so that between two neighbouring
//! lines there are as many samples everywhere. [frames, 21, 21, 2] for codes of two numbers: line i of the second number,
//! point j of the first; [frames, 401, 2] for codes of one. In the data's units.

use super::{Layer, Scope, Sight};
use crate::config::LatentLaw;
use crate::engine::{self, EngineError};

/// Lines each way.
pub const LINES: usize = 21;
/// Points along the curve of codes of one number.
pub const STEPS: usize = 401;

pub(super) static LAYER: Layer = Layer {
    file: "lattice.npy",
    shape: |scope: &Scope| {
        if scope.latent == 1 { vec![STEPS as u64, 2] } else { vec![LINES as u64, LINES as u64, 2] }
    },
    precision: |scope: &Scope| scope.precision,
    take,
};

fn take(sight: &mut Sight<'_>) -> Result<Vec<f64>, EngineError> {
    let law = sight.config.generator.latent_law.unwrap_or_default();
    let codes = codes(law, sight.scope.latent);
    let points = engine::points(sight.engine, sight.averaged, &codes)?;
    Ok(points.into_iter().flat_map(|point| sight.units.outward(point)).collect())
}

/// The codes of a lattice in one dimension or two.
fn codes(law: LatentLaw, latent: usize) -> Vec<f32> {
    let lines = |n: usize| (0..n).map(move |i| quantile(law, (i as f64 + 0.5) / n as f64) as f32);
    if latent == 1 {
        return lines(STEPS).collect();
    }
    lines(LINES).flat_map(|second| lines(LINES).flat_map(move |first| [first, second])).collect()
}

/// The number below which a code's number lies with this probability.
fn quantile(law: LatentLaw, probability: f64) -> f64 {
    match law {
        LatentLaw::Uniform => 2.0 * probability - 1.0,
        LatentLaw::Normal => {
            // Halving: exact to the last digit, and the same on every machine.
            let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
            let (mut low, mut high) = (-9.0, 9.0);
            for _ in 0..64 {
                let middle = 0.5 * (low + high);
                if below(middle) < probability { low = middle } else { high = middle }
            }
            0.5 * (low + high)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_as_much_of_the_law_between_them() {
        // Python's statistics.NormalDist().inv_cdf.
        for (probability, expected) in [
            (0.025, -1.959_963_984_540_054),
            (0.5, 0.0),
            (0.9, 1.281_551_565_544_600_4),
            (1.0 / 42.0, -1.980_752_396_647_278_6),
        ] {
            let found = quantile(LatentLaw::Normal, probability);
            assert!((found - expected).abs() < 1e-12, "{probability}: {found} for {expected}");
        }
        assert!((quantile(LatentLaw::Uniform, 0.25) + 0.5).abs() < 1e-15);
    }

    #[test]
    fn codes_lie_on_lines() {
        for law in [LatentLaw::Normal, LatentLaw::Uniform] {
            let plane = codes(law, 2);
            assert_eq!(plane.len(), LINES * LINES * 2);
            let at = |line: usize, point: usize| &plane[2 * (line * LINES + point)..][..2];
            assert_eq!(at(3, 5)[0].to_bits(), at(9, 5)[0].to_bits());
            assert_eq!(at(3, 5)[1].to_bits(), at(3, 7)[1].to_bits());
            assert!(at(3, 5)[0] < at(3, 6)[0] && at(3, 5)[1] < at(4, 5)[1]);
            assert!(at(10, 10).iter().all(|x| x.abs() < 1e-7), "the middle is the origin");
            let curve = codes(law, 1);
            assert!(curve.len() == STEPS && curve.is_sorted());
        }
    }
}
