//! The metrics that follow a run while it trains, at little cost.

use super::neighbours::{coverage, radii};
use super::wasserstein::{Projections, sliced_w2_to};
use super::{Metric, mode_scores};
use crate::data::{Mode, Point};

/// A real point set, with what the metrics need of it computed once.
#[derive(Clone, Debug)]
pub struct Tracker {
    real: Vec<Point>,
    projections: Projections,
    radii: Vec<f64>,
    modes: Option<Vec<Mode>>,
}

/// How far generated points are from the real ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracked {
    /// [`super::sliced_w2`].
    pub sliced_w2: f64,
    /// [`super::Prdc::coverage`]; None of so few points that it cannot tell.
    pub coverage: Option<f64>,
    /// [`super::ModeScores::total_variation`]; None without a law, or of fewer points than modes.
    pub mode_tv: Option<f64>,
}

impl Tracker {
    /// A tracker of distances to `real`, whose law has these modes where it is known.
    pub fn new(real: &[Point], modes: Option<Vec<Mode>>) -> Self {
        Self { real: real.to_vec(), projections: Projections::of(real), radii: radii(real), modes }
    }

    /// The metrics of `generated`, as many points as are real.
    pub fn measure(&self, generated: &[Point]) -> Tracked {
        let tells = |metric: Metric, modes: Option<usize>| generated.len() >= metric.least(modes);
        let modes = self.modes.as_ref().filter(|modes| tells(Metric::ModeTv, Some(modes.len())));
        Tracked {
            sliced_w2: sliced_w2_to(&self.projections, generated),
            coverage: tells(Metric::Coverage, None).then(|| coverage(&self.real, &self.radii, generated)),
            mode_tv: modes.map(|modes| mode_scores(modes, generated).total_variation),
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
        let modes = vec![Mode::round([0.0, 0.0], 0.5), Mode::round([1.0, 0.0], 0.5)];
        let tracked = Tracker::new(&real, Some(modes.clone())).measure(&generated);
        assert_eq!(tracked.sliced_w2.to_bits(), sliced_w2(&real, &generated).to_bits());
        assert_eq!(tracked.coverage.unwrap().to_bits(), prdc(&real, &generated).coverage.to_bits());
        assert_eq!(tracked.mode_tv, Some(mode_scores(&modes, &generated).total_variation));
        let few = Tracker::new(&real[..5], None).measure(&generated[..5]);
        assert_eq!((few.coverage, few.mode_tv), (None, None));
        let enough = Metric::Coverage.least(None);
        assert!(Tracker::new(&real[..enough], None).measure(&generated[..enough]).coverage.is_some());
    }
}
