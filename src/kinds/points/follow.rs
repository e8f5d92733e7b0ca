//! Metrics that follow a run while it trains.

use crate::config::RunConfig;
use crate::data::{Mode, Point, Split};
use crate::metric::{Spread, Tracked, Tracker};

use super::run::Floor;

/// More points than this are not compared while a run trains: the cost grows with their square.
const MOST_POINTS: usize = 2000;
/// Draws of training points for the floor.
pub(super) const DRAWS: usize = 4;

/// Measures a run's frames against its held-out points.
#[derive(Debug)]
pub(super) struct Follower {
    tracker: Tracker,
    points: usize,
}

impl Follower {
    /// None for a run that measures nothing. `modes` are those of the data's law, where it is known.
    pub(super) fn new(config: &RunConfig, split: &Split, modes: Option<Vec<Mode>>) -> Option<Self> {
        if config.eval_every == Some(0) {
            return None;
        }
        let points = split.held_out.len().min(split.train.len()).min(MOST_POINTS);
        Some(Self { tracker: Tracker::new(&split.held_out[..points], modes), points })
    }

    /// The metrics of a frame, which has a point for each held-out one.
    pub(super) fn measure(&self, frame: &[Point]) -> Tracked {
        self.tracker.measure(&frame[..self.points])
    }

    /// The metrics of training points.
    pub(super) fn floor(&self, config: &RunConfig, split: &Split) -> Floor {
        let draws = split.distinct_draws(self.points, DRAWS);
        let measured: Vec<Tracked> = (1..=draws as u64)
            .map(|draw| self.measure(&split.training_sample(config.seed, draw, self.points)))
            .collect();
        let spread = |of: fn(&Tracked) -> Option<f64>| {
            let values = measured.iter().map(of).collect::<Option<Vec<f64>>>()?;
            Some(Spread::of(&values))
        };
        Floor {
            points: self.points,
            draws,
            sliced_w2: Spread::of(&measured.iter().map(|tracked| tracked.sliced_w2).collect::<Vec<_>>()),
            coverage: spread(|tracked| tracked.coverage),
            mode_tv: spread(|tracked| tracked.mode_tv),
        }
    }
}
