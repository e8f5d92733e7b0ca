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
    /// Total variation between the modes' shares, junk a class of its own, and equal ones.
    ModeTv,
    /// KL divergence of the modes' shares from equal ones.
    ReverseKl,
    /// Deviation within the modes, relative to the law's.
    Spread,
}

/// What generated points are measured against.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// Real points.
    pub points: &'a [Point],
    /// The modes of their law, where it is known to be one of equally likely Gaussians.
    pub modes: Option<&'a [Mode]>,
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
            Self::HighQuality => "high-quality",
            Self::Modes => "modes",
            Self::ModeTv => "mode-tv",
            Self::ReverseKl => "reverse-kl",
            Self::Spread => "spread",
        }
    }

    /// What is best, in words.
    pub const fn best(self) -> &'static str {
        match self {
            Self::W1 | Self::W2 | Self::SlicedW2 | Self::Energy | Self::Mmd2 | Self::ModeTv | Self::ReverseKl => "0",
            Self::NearestNeighbour => "0.5",
            Self::Precision | Self::Recall | Self::Density | Self::Coverage | Self::Spread => "1",
            Self::HighQuality => "floor",
            Self::Modes => "all",
        }
    }

    /// Whether it is a distance, to be read as a multiple of its floor.
    pub const fn is_distance(self) -> bool {
        matches!(self, Self::W1 | Self::W2 | Self::SlicedW2 | Self::Energy | Self::ModeTv | Self::ReverseKl)
    }

    /// Whether it needs the modes of the law.
    pub const fn needs_modes(self) -> bool {
        matches!(self, Self::HighQuality | Self::Modes | Self::ModeTv | Self::ReverseKl | Self::Spread)
    }

    /// The measure of `generated` against as many real points; None where it needs modes and none are known.
    fn of(self, reference: &Reference<'_>, generated: &[Point], shared: &mut Shared) -> Option<f64> {
        let real = reference.points;
        let mut prdc = || *shared.prdc.get_or_insert_with(|| prdc(real, generated));
        Some(match self {
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
            Self::HighQuality | Self::Modes | Self::ModeTv | Self::ReverseKl | Self::Spread => {
                let modes = reference.modes?;
                let scores = shared.modes.get_or_insert_with(|| mode_scores(modes, generated));
                self.among(scores)
            }
        })
    }

    /// Its number among the scores against a law.
    fn among(self, scores: &ModeScores) -> f64 {
        match self {
            Self::Modes => scores.captured,
            Self::ModeTv => scores.total_variation,
            Self::ReverseKl => scores.reverse_kl,
            Self::Spread => scores.spread_ratio,
            _ => scores.high_quality,
        }
    }
}

/// Several metrics of the same two sets, in their order; None for those that need modes where none are known.
pub fn measure(metrics: &[Metric], reference: &Reference<'_>, generated: &[Point]) -> Vec<Option<f64>> {
    let mut shared = Shared::default();
    metrics.iter().map(|metric| metric.of(reference, generated, &mut shared)).collect()
}

fn distance(a: Point, b: Point) -> f64 {
    squared(a, b).sqrt()
}

fn squared(a: Point, b: Point) -> f64 {
    (0..2).map(|i| (a[i] - b[i]).powi(2)).sum()
}
