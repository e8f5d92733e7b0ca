//! How far one point set is from another: pure numbers.
//!
//! Each file holds one kind of measure with its formula, range, direction and source. A distance says little alone: two
//! samples of the very same law are not at distance 0, so [`measure`] is meant to be asked twice, once for generated
//! points and once for real ones, which is the floor.

mod kernel;
mod modes;
mod neighbours;
mod spread;
mod tracker;
mod wasserstein;

pub use kernel::{energy_distance, mmd_squared};
pub use modes::{ModeScores, mode_scores};
pub use neighbours::{Prdc, nearest_neighbour_accuracy, prdc};
pub use spread::Spread;
pub use tracker::{Tracked, Tracker};
pub use wasserstein::{sliced_w2, w1, w2};

use crate::data::{Mode, Point};

/// Point sets of other sizes cannot be matched one to one, and larger ones not in reasonable time.
pub const MOST_MATCHED: usize = 2000;

/// A measure of how far generated points are from real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Exact Wasserstein-1 distance.
    W1,
    /// Exact Wasserstein-2 distance.
    W2,
    /// Sliced Wasserstein-2 distance.
    SlicedW2,
    /// Energy distance.
    Energy,
    /// Unbiased squared maximum mean discrepancy.
    Mmd2,
    /// Accuracy of the nearest neighbour in telling the two apart.
    NearestNeighbour,
    /// Share of generated points within the real ones' balls.
    Precision,
    /// Share of real points within the generated ones' balls.
    Recall,
    /// How many real balls hold a generated point, relative to real points.
    Density,
    /// Share of real balls that hold a generated point.
    Coverage,
    /// Share of points within 3 deviations of a mode of the known law.
    HighQuality,
    /// Modes of the known law with such a point.
    Modes,
    /// Total variation between the modes' shares, junk a class of its own, and the law's.
    ModeTv,
    /// KL divergence of the modes' shares from the law's.
    ReverseKl,
    /// Deviation within the modes, relative to the law's.
    Spread,
}

/// What generated points are measured against.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// Real points.
    pub points: &'a [Point],
    /// The modes of their law, where it is known to be a mixture of Gaussians.
    pub modes: Option<&'a [Mode]>,
}

/// Why a metric says nothing about two sets. A number in its place would be read as one that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotTell {
    /// It needs the modes of the law.
    #[error("the law of the data is not known; --law says it")]
    NoLaw,
    /// Whatever the points were, its value would be the same, or could not be its best.
    #[error("{points} points in a set are too few to tell; it takes at least {least}")]
    TooFew {
        /// Points in the smaller set.
        points: usize,
        /// What it takes.
        least: usize,
    },
    /// It is a deviation within modes, and there is nothing to take one of.
    #[error("no mode holds two of the points, so there is no spread to tell")]
    NoSpread,
}

/// What a metric is: its file has it beside its formula.
struct About {
    /// The name in commands and files.
    name: &'static str,
    /// Its best value.
    best: Best,
    /// Whether it is read as a multiple of its floor.
    is_distance: bool,
    /// The fewest points about which it says anything.
    least: Least,
    /// How it is computed.
    by: By,
}

/// The best value of a metric.
#[derive(Clone, Copy)]
enum Best {
    /// 0; below it is no better.
    Zero,
    /// 0.5.
    Half,
    /// 1.
    One,
    /// What real points have.
    Floor,
    /// As much as can be.
    Most,
}

/// The fewest points in each set.
#[derive(Clone, Copy)]
enum Least {
    /// So many.
    Points(usize),
    /// One for each mode of the law.
    AsManyAsModes,
}

/// How a metric is computed.
#[derive(Clone, Copy)]
enum By {
    /// From two equally large sets, real and generated.
    Sets(fn(&[Point], &[Point]) -> f64),
    /// As one of the four numbers that share their balls.
    Prdc(fn(&Prdc) -> f64),
    /// As one of the scores against a known law.
    Modes(fn(&ModeScores) -> Result<f64, CannotTell>),
}

/// What several metrics of the same sets share.
#[derive(Default)]
struct Shared {
    prdc: Option<Prdc>,
    modes: Option<ModeScores>,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 15] = [
        Self::W1,
        Self::W2,
        Self::SlicedW2,
        Self::Energy,
        Self::Mmd2,
        Self::NearestNeighbour,
        Self::Precision,
        Self::Recall,
        Self::Density,
        Self::Coverage,
        Self::HighQuality,
        Self::Modes,
        Self::ModeTv,
        Self::ReverseKl,
        Self::Spread,
    ];

    /// What it is.
    const fn about(self) -> &'static About {
        match self {
            Self::W1 => &wasserstein::W1,
            Self::W2 => &wasserstein::W2,
            Self::SlicedW2 => &wasserstein::SLICED_W2,
            Self::Energy => &kernel::ENERGY,
            Self::Mmd2 => &kernel::MMD2,
            Self::NearestNeighbour => &neighbours::NEAREST_NEIGHBOUR,
            Self::Precision => &neighbours::PRECISION,
            Self::Recall => &neighbours::RECALL,
            Self::Density => &neighbours::DENSITY,
            Self::Coverage => &neighbours::COVERAGE,
            Self::HighQuality => &modes::HIGH_QUALITY,
            Self::Modes => &modes::MODES,
            Self::ModeTv => &modes::MODE_TV,
            Self::ReverseKl => &modes::REVERSE_KL,
            Self::Spread => &modes::SPREAD,
        }
    }

    /// The name in commands and files.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// What is best, in words.
    pub const fn best(self) -> &'static str {
        match self.about().best {
            Best::Zero => "0",
            Best::Half => "0.5",
            Best::One => "1",
            Best::Floor => "floor",
            Best::Most => "all",
        }
    }

    /// Whether it is a distance, to be read as a multiple of its floor.
    pub const fn is_distance(self) -> bool {
        self.about().is_distance
    }

    /// Whether it needs the modes of the law.
    pub const fn needs_modes(self) -> bool {
        matches!(self.about().by, By::Modes(_))
    }

    /// How far a value is from the best one, 0 or more, or below 0 where there is no best but more is better. `floor` is
    /// the metric's value between real points. A distance below its floor is no better than the floor's own mean, but
    /// which of two such values is smaller is still told apart, so that an order is an order.
    pub fn badness(self, value: f64, floor: Option<f64>) -> f64 {
        match self.about().best {
            Best::Zero => value.max(0.0),
            Best::Half => (value - 0.5).abs(),
            Best::One => (value - 1.0).abs(),
            Best::Floor => (value - floor.unwrap_or(1.0)).abs(),
            Best::Most => -value,
        }
    }

    /// The fewest points in each set about which it can say anything, `modes` being those of the known law.
    pub fn least(self, modes: Option<usize>) -> usize {
        match self.about().least {
            Least::Points(least) => least,
            // Fewer points than modes cannot be in all of them.
            Least::AsManyAsModes => modes.unwrap_or(1),
        }
    }

    /// The measure of `generated` against as many real points.
    fn of(self, reference: &Reference<'_>, generated: &[Point], shared: &mut Shared) -> Result<f64, CannotTell> {
        let real = reference.points;
        let modes = reference.modes.filter(|modes| !modes.is_empty());
        if self.needs_modes() && modes.is_none() {
            return Err(CannotTell::NoLaw);
        }
        let (points, least) = (real.len().min(generated.len()), self.least(modes.map(<[Mode]>::len)));
        if points < least {
            return Err(CannotTell::TooFew { points, least });
        }
        match self.about().by {
            By::Sets(formula) => Ok(formula(real, generated)),
            By::Prdc(part) => Ok(part(shared.prdc.get_or_insert_with(|| prdc(real, generated)))),
            By::Modes(part) => {
                let modes = modes.ok_or(CannotTell::NoLaw)?;
                part(shared.modes.get_or_insert_with(|| mode_scores(modes, generated)))
            }
        }
    }
}

/// Several metrics of the same two sets, in their order, or why they cannot tell.
pub fn measure(metrics: &[Metric], reference: &Reference<'_>, generated: &[Point]) -> Vec<Result<f64, CannotTell>> {
    let mut shared = Shared::default();
    metrics.iter().map(|metric| metric.of(reference, generated, &mut shared)).collect()
}

fn distance(a: Point, b: Point) -> f64 {
    squared(a, b).sqrt()
}

fn squared(a: Point, b: Point) -> f64 {
    (0..2).map(|i| (a[i] - b[i]).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(n: usize, at: f64) -> Vec<Point> {
        (0..n).map(|i| [at + (i as f64).sin(), at + (i as f64).cos()]).collect()
    }

    /// Numbers from POT, SciPy, scikit-learn and prdc (`scripts/metric_fixtures.py`).
    #[test]
    fn every_metric_gives_the_independent_implementations_numbers() {
        let text = include_str!("../../tests/fixtures/metrics.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
        assert_eq!(cases.len(), 4);
        for (i, case) in cases.iter().enumerate() {
            let points = |name: &str| serde_json::from_value::<Vec<Point>>(case[name].clone()).unwrap();
            let (real, generated) = (points("real"), points("generated"));
            let means: Vec<[f64; 2]> = serde_json::from_value(case["means"].clone()).unwrap();
            let covariances: Vec<[[f64; 2]; 2]> = serde_json::from_value(case["covariances"].clone()).unwrap();
            let laws = means.into_iter().zip(covariances);
            let modes: Vec<Mode> = laws.map(|(mean, covariance)| Mode { mean, covariance, share: None }).collect();
            let reference = Reference { points: &real, modes: Some(&modes) };
            let measured = measure(&Metric::ALL, &reference, &generated);
            for (metric, got) in Metric::ALL.into_iter().zip(measured) {
                let got = got.unwrap();
                let expected = case[metric.name()].as_f64().unwrap_or_else(|| {
                    let name = metric.name();
                    panic!(
                        "tests/fixtures/metrics.json lacks {name}: add it to scripts/metric_fixtures.py and run that"
                    )
                });
                let apart = (got - expected).abs();
                assert!(apart < 1e-9 + 1e-6 * expected.abs(), "case {i}, {}: {got} for {expected}", metric.name());
            }
        }
    }

    #[test]
    fn badness_is_the_distance_from_the_best_value() {
        for (metric, value, floor, badness) in [
            (Metric::W1, 0.25, Some(0.5), 0.25),
            (Metric::Mmd2, -0.25, None, 0.0),
            (Metric::NearestNeighbour, 0.75, None, 0.25),
            (Metric::NearestNeighbour, 0.25, None, 0.25),
            (Metric::Recall, 0.75, Some(0.5), 0.25),
            (Metric::HighQuality, 0.75, Some(0.5), 0.25),
            (Metric::HighQuality, 0.75, None, 0.25),
            (Metric::Modes, 8.0, Some(2.0), -8.0),
        ] {
            assert_eq!(metric.badness(value, floor).to_bits(), f64::to_bits(badness), "{metric:?} {value}");
        }
    }

    #[test]
    fn metrics_that_cannot_tell_give_no_number() {
        let modes = [Mode::round([0.0, 0.0], 1.0), Mode::round([9.0, 0.0], 1.0)];
        for n in 1..8 {
            let (real, far) = (cluster(n, 0.0), cluster(n, 40.0));
            let measured = measure(&Metric::ALL, &Reference { points: &real, modes: Some(&modes) }, &far);
            for (metric, value) in Metric::ALL.into_iter().zip(measured) {
                let least = metric.least(Some(modes.len()));
                match value {
                    Ok(_) => assert!(n >= least, "{} of {n} points", metric.name()),
                    // None of the far points is in a mode.
                    Err(CannotTell::NoSpread) => assert_eq!(metric, Metric::Spread),
                    Err(reason) => assert_eq!(reason, CannotTell::TooFew { points: n, least }),
                }
            }
        }
        // Once they can tell, a generator far away is far away.
        let (real, far) = (cluster(6, 0.0), cluster(6, 40.0));
        let reference = Reference { points: &real, modes: None };
        let told = measure(&[Metric::Precision, Metric::Coverage, Metric::NearestNeighbour], &reference, &far);
        assert_eq!(told, [Ok(0.0), Ok(0.0), Ok(1.0)]);
        assert_eq!(measure(&[Metric::ModeTv], &reference, &far), [Err(CannotTell::NoLaw)]);
    }
}
