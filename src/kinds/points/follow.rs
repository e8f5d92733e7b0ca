//! Metrics that follow a run while it trains.

use crate::config::RunConfig;
use crate::data::{Point, Split};
use crate::metric::{Spread, Tracked, Tracker};

use super::run::Floor;

/// More points than this are not compared while a run trains: the cost grows with their square.
const MOST_POINTS: usize = 2000;
/// Draws of training points for the floor.
const DRAWS: usize = 4;

/// Measures a run's frames against its held-out points.
#[derive(Debug)]
pub(super) struct Follower {
    tracker: Tracker,
    points: usize,
}

impl Follower {
    /// None for a run that measures nothing.
    pub(super) fn new(config: &RunConfig, split: &Split) -> Option<Self> {
        if config.eval_every == Some(0) {
            return None;
        }
        let points = split.held_out.len().min(split.train.len()).min(MOST_POINTS);
        Some(Self { tracker: Tracker::new(&split.held_out[..points]), points })
    }

    /// The metrics of a frame, which has a point for each held-out one.
    pub(super) fn measure(&self, frame: &[Point]) -> Tracked {
        self.tracker.measure(&frame[..self.points])
    }

    /// The metrics of training points.
    pub(super) fn floor(&self, config: &RunConfig, split: &Split) -> Floor {
        let draws = 1..=DRAWS as u64;
        let measured: Vec<Tracked> =
            draws.map(|draw| self.measure(&split.training_sample(config.seed, draw, self.points))).collect();
        let spread = |of: fn(&Tracked) -> f64| Spread::of(&measured.iter().map(of).collect::<Vec<_>>());
        Floor {
            points: self.points,
            draws: DRAWS,
            sliced_w2: spread(|tracked| tracked.sliced_w2),
            coverage: spread(|tracked| tracked.coverage),
        }
    }
}
