//! Whether a run is to end before its last epoch: its conditions, followed record by record.
//!
//! How often in a row a condition held follows from the records and is not saved: a run that was killed and goes on reads
//! them again and ends where it would have ended.

use crate::config::{BestBy, Condition, RunConfig, Watched};

use super::run::{EpochRecord, Floor, PointsRun};
use super::{TrainError, idle};
use crate::run::Status;

/// The conditions of a run, as far as its records go.
#[derive(Debug)]
pub(super) struct Watch {
    followed: Vec<Followed>,
}

/// A condition, and how often in a row it held.
#[derive(Debug)]
struct Followed {
    condition: Condition,
    /// The floor of its number; 0 where it is not said in floors.
    floor: f64,
    in_a_row: u64,
}

impl Watch {
    /// The conditions of a run whose metrics have this floor, before its first record. A condition on what this run does
    /// not measure is an error.
    pub(super) fn new(config: &RunConfig, floor: Option<&Floor>) -> Result<Self, TrainError> {
        let follow = |condition: Condition| {
            expect_recorded("stop_when", &format!("'{condition}'"), condition.watched, floor)?;
            let floor =
                if condition.in_floors { floor.and_then(|floor| floor_of(floor, condition.watched)) } else { None };
            if condition.in_floors && floor.is_none_or(|floor| floor <= 0.0) {
                let reason = "its floor is 0 here; write the distance itself".to_owned();
                return Err(TrainError::Unwatched { key: "stop_when", said: format!("'{condition}'"), reason });
            }
            Ok(Followed { condition, floor: floor.unwrap_or(0.0), in_a_row: 0 })
        };
        Ok(Self { followed: config.conditions().into_iter().map(follow).collect::<Result<_, _>>()? })
    }

    /// Takes the next record into account: gives the first condition that holds now.
    pub(super) fn see(&mut self, config: &RunConfig, record: &EpochRecord) -> Option<String> {
        let mut met = None;
        for Followed { condition, floor, in_a_row } in &mut self.followed {
            if !condition.is_due(config, record.epoch) {
                continue;
            }
            let holds = record.value(condition.watched).is_some_and(|value| condition.holds(value, *floor));
            *in_a_row = if holds { *in_a_row + 1 } else { 0 };
            if *in_a_row >= condition.times {
                met = met.or_else(|| Some(condition.to_string()));
            }
        }
        met
    }
}

/// What is watched of a run, as far as it was recorded.
pub(super) struct Watching {
    pub(super) watch: Watch,
    pub(super) idle: idle::Watch,
    /// The epoch and the condition, where the run is over there already.
    pub(super) ended: Option<(u64, String)>,
}

impl Watching {
    /// Of a run whose metrics have this floor; `begun` is what is there of one that goes on. A setting that speaks of what is
    /// not measured is an error.
    pub(super) fn of(config: &RunConfig, floor: Option<&Floor>, begun: Option<&PointsRun>) -> Result<Self, TrainError> {
        config.keep_best.map_or(Ok(()), |best| expect_best(best, floor))?;
        let (mut watch, mut idle) = (Watch::new(config, floor)?, idle::Watch::new(config));
        let ended = begun.map(|run| where_it_is(&mut watch, &mut idle, run, config)).transpose()?.flatten();
        Ok(Self { watch, idle, ended })
    }
}

/// Follows what is watched over what is recorded of a run that goes on: gives the epoch and the condition where the run is
/// over there already. That takes what an end has, a frame and a measurement: a run that was asked to end only now goes on
/// until it has both.
fn where_it_is(
    watch: &mut Watch,
    idle: &mut idle::Watch,
    run: &PointsRun,
    config: &RunConfig,
) -> Result<Option<(u64, String)>, TrainError> {
    if config.stop_when.is_empty() && !idle.is_at_work() {
        return Ok(None);
    }
    let (done, was_over) = match run.status()? {
        Status::Absent => return Ok(None),
        Status::Finished { done } | Status::Ended { done, .. } => (done, true),
        Status::Unfinished { done, .. } => (done, false),
    };
    let mut met = None;
    for record in run.metrics()?.iter().take_while(|record| record.epoch <= done) {
        met = watch.see(config, record).filter(|_| record.epoch == done);
        idle.recorded(config, record);
    }
    let is_whole = config.is_frame(done) && (config.is_measured(done) || config.eval_every == Some(0));
    let holds = done < config.epochs && (was_over || is_whole);
    Ok(met.filter(|_| holds).map(|condition| (done, condition)))
}

/// Refuses a metric to keep the best state by that this run does not measure.
fn expect_best(best: BestBy, floor: Option<&Floor>) -> Result<(), TrainError> {
    expect_recorded("keep_best", best.watched().name(), best.watched(), floor)
}

/// The mean floor of a metric, where it has one.
fn floor_of(floor: &Floor, watched: Watched) -> Option<f64> {
    match watched {
        Watched::DLoss | Watched::GLoss => None,
        Watched::SlicedW2 | Watched::GeneratorSlicedW2 => Some(floor.sliced_w2.mean),
        Watched::Coverage | Watched::GeneratorCoverage => floor.coverage.map(|spread| spread.mean),
        Watched::ModeTv | Watched::GeneratorModeTv => floor.mode_tv.map(|spread| spread.mean),
    }
}

/// Refuses what a run with this floor does not record.
fn expect_recorded(key: &'static str, said: &str, watched: Watched, floor: Option<&Floor>) -> Result<(), TrainError> {
    let is_recorded =
        |watched: Watched| watched.is_loss() || floor.is_some_and(|floor| floor_of(floor, watched).is_some());
    if is_recorded(watched) {
        return Ok(());
    }
    let why = match watched {
        Watched::ModeTv | Watched::GeneratorModeTv => {
            "the law of the data is not known, or there are fewer held-out points than modes"
        }
        _ => "there are too few held-out points to measure it",
    };
    let recorded: Vec<&str> = Watched::ALL
        .into_iter()
        .filter(|&other| is_recorded(other) && !other.is_beside_average())
        .map(Watched::name)
        .collect();
    let reason = format!("{} is not measured here: {why}; this run records {}", watched.name(), recorded.join(", "));
    Err(TrainError::Unwatched { key, said: said.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, TrainConfig};
    use crate::metric::Spread;

    fn record(epoch: u64, coverage: Option<f64>) -> EpochRecord {
        let sliced_w2 = coverage.map(|_| 0.3);
        EpochRecord { epoch, sliced_w2, coverage, ..EpochRecord::default() }
    }

    fn floor() -> Floor {
        let spread = |x: f64| Spread::of(&[x]);
        Floor { points: 9, draws: 1, sliced_w2: spread(0.1), coverage: Some(spread(0.9)), mode_tv: None }
    }

    /// At which epochs the condition is met, of records that cover so much.
    fn met(condition: &str, frame_every: u64, covered: &[f64]) -> Vec<u64> {
        let config = TrainConfig { frame_every, stop_when: vec![condition.into()], ..TrainConfig::lab(Model::Gan) };
        let config = config.check().unwrap();
        let mut watch = Watch::new(&config, Some(&floor())).unwrap();
        let records = covered.iter().zip(1..).map(|(&x, epoch)| record(epoch, config.is_measured(epoch).then_some(x)));
        records.filter_map(|record| watch.see(&config, &record).map(|_| record.epoch)).collect()
    }

    #[test]
    fn a_condition_is_met_when_it_held_so_often_in_a_row() {
        let covered = [0.1, 0.1, 0.5, 0.1, 0.1, 0.1, 0.1, 0.5];
        assert_eq!(met("coverage < 0.2 for 3 frames", 1, &covered), [6, 7]);
        assert_eq!(met("coverage < 0.2", 1, &covered), [1, 2, 4, 5, 6, 7]);
        // Only what is measured is counted: epochs 2, 4, 6, 8.
        assert_eq!(met("coverage < 0.2 for 3 frames", 2, &covered), [6]);
        assert_eq!(met("sliced-w2 > 2.9 floors for 2 measurements", 4, &covered), [8]);
        assert!(met("sliced-w2 > 3.1 floors", 1, &covered).is_empty());
    }

    #[test]
    fn what_is_not_measured_here_is_named_with_what_is() {
        let config = |condition: &str| {
            TrainConfig { stop_when: vec![condition.into()], ..TrainConfig::lab(Model::Gan) }.check().unwrap()
        };
        let message = Watch::new(&config("mode-tv < 0.1"), Some(&floor())).unwrap_err().to_string();
        assert!(message.contains("mode-tv is not measured here"), "{message}");
        assert!(message.contains("records d-loss, g-loss, sliced-w2, coverage"), "{message}");
        let message = expect_best(BestBy::ModeTv, Some(&floor())).unwrap_err().to_string();
        assert!(message.starts_with("keep_best is mode-tv, but mode-tv is not measured here"), "{message}");
        assert!(expect_best(BestBy::Coverage, Some(&floor())).is_ok());
        let flat = Floor { sliced_w2: Spread::of(&[0.0]), ..floor() };
        let message = Watch::new(&config("sliced-w2 < 2 floors"), Some(&flat)).unwrap_err().to_string();
        assert!(message.contains("floor is 0"), "{message}");
    }
}
