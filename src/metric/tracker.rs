//! The two metrics that follow a run while it trains, at little cost.

use super::neighbours::{coverage, radii};
use super::wasserstein::{Projections, sliced_w2_to};
use crate::data::Point;

/// A real point set, with what the metrics need of it computed once.
#[derive(Clone, Debug)]
pub struct Tracker {
    real: Vec<Point>,
    projections: Projections,
    radii: Vec<f64>,
}

/// How far generated points are from the real ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracked {
    /// [`super::sliced_w2`].
    pub sliced_w2: f64,
    /// [`super::Prdc::coverage`].
    pub coverage: f64,
}

impl Tracker {
    /// A tracker of distances to `real`.
    pub fn new(real: &[Point]) -> Self {
        Self { real: real.to_vec(), projections: Projections::of(real), radii: radii(real) }
    }

    /// The metrics of `generated`, as many points as are real.
    pub fn measure(&self, generated: &[Point]) -> Tracked {
        Tracked {
            sliced_w2: sliced_w2_to(&self.projections, generated),
            coverage: coverage(&self.real, &self.radii, generated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{prdc, sliced_w2};
    use crate::rng::{Stream, Use};

    #[test]
    fn a_tracker_gives_the_metrics_own_numbers() {
        let points = |seed: u64| -> Vec<Point> {
            let drawn = Stream::new(seed, Use::Data, 0).normal(300);
            drawn.as_chunks().0.iter().map(|pair: &[f32; 2]| pair.map(f64::from)).collect()
        };
        let (real, generated) = (points(0), points(1));
        let tracked = Tracker::new(&real).measure(&generated);
        assert_eq!(tracked.sliced_w2.to_bits(), sliced_w2(&real, &generated).to_bits());
        assert_eq!(tracked.coverage.to_bits(), prdc(&real, &generated).coverage.to_bits());
    }
}
