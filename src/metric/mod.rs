//! How far one point set is from another: pure numbers.
//!
//! Each file holds one kind of measure with its formula, range, direction and source. A distance says little alone: two
//! samples of the very same law are not at distance 0, so [`crate::metric::Metric::of`] is meant to be asked twice,
//! once for generated points and once for real ones, which is the floor.

mod kernel;
mod neighbours;
mod wasserstein;

pub use kernel::{energy_distance, mmd_squared};
pub use neighbours::{Prdc, nearest_neighbour_accuracy, prdc};
pub use wasserstein::{sliced_w2, w1, w2};

use crate::data::Point;

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
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 10] = [
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
    ];

    /// The name in commands and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::W1 => "w1",
            Self::W2 => "w2",
            Self::SlicedW2 => "sliced-w2",
            Self::Energy => "energy",
            Self::Mmd2 => "mmd2",
            Self::NearestNeighbour => "1-nn",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Density => "density",
            Self::Coverage => "coverage",
        }
    }

    /// What is best, in words.
    pub const fn best(self) -> &'static str {
        match self {
            Self::W1 | Self::W2 | Self::SlicedW2 | Self::Energy | Self::Mmd2 => "0",
            Self::NearestNeighbour => "0.5",
            Self::Precision | Self::Recall | Self::Density | Self::Coverage => "1",
        }
    }

    /// Whether it is a distance, to be read as a multiple of its floor.
    pub const fn is_distance(self) -> bool {
        matches!(self, Self::W1 | Self::W2 | Self::SlicedW2 | Self::Energy)
    }

    /// The measure of `generated` against `real`, of the same size.
    pub fn of(self, real: &[Point], generated: &[Point]) -> f64 {
        self.of_with(real, generated, &mut None)
    }

    /// The same; what four of the metrics share is computed once and kept in `shared`.
    fn of_with(self, real: &[Point], generated: &[Point], shared: &mut Option<Prdc>) -> f64 {
        let mut prdc = || *shared.get_or_insert_with(|| prdc(real, generated));
        match self {
            Self::W1 => w1(real, generated),
            Self::W2 => w2(real, generated),
            Self::SlicedW2 => sliced_w2(real, generated),
            Self::Energy => energy_distance(real, generated),
            Self::Mmd2 => mmd_squared(real, generated),
            Self::NearestNeighbour => nearest_neighbour_accuracy(real, generated),
            Self::Precision => prdc().precision,
            Self::Recall => prdc().recall,
            Self::Density => prdc().density,
            Self::Coverage => prdc().coverage,
        }
    }
}

/// Several metrics of the same two sets, in their order.
pub fn measure(metrics: &[Metric], real: &[Point], generated: &[Point]) -> Vec<f64> {
    let mut shared = None;
    metrics.iter().map(|metric| metric.of_with(real, generated, &mut shared)).collect()
}

fn distance(a: Point, b: Point) -> f64 {
    squared(a, b).sqrt()
}

fn squared(a: Point, b: Point) -> f64 {
    (0..2).map(|i| (f64::from(a[i]) - f64::from(b[i])).powi(2)).sum()
}
