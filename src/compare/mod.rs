//! Runs side by side: what each came to, when it came near, and what holds over seeds.

mod groups;
mod lab;
mod panel;
mod table;

pub use groups::{Difference, Group, compare_groups, label_all, labels};
pub use lab::{LabError, lab_configs, lab_sweep};
pub use panel::{Panel, PanelError};
pub use table::{csv, json, markdown};
pub(crate) use table::{difference_rows, group_rows, run_rows};

use std::path::PathBuf;

use crate::config::RunConfig;
use crate::kinds::points::{self, EpochRecord, EvalError, Floor, Measured, Plan, PointsRun};
use crate::metric::Metric;
use crate::run::{Ability, Kind, RunDir, RunError};
use crate::sweep::{PlannedRun, Sweep, SweepError};

/// A run is near when its sliced W2 stays below this many floors.
pub const NEAR: f64 = 2.0;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Its directory.
    pub dir: PathBuf,
    /// What it was.
    pub config: RunConfig,
    /// Its name among the others.
    pub label: String,
    /// The metrics of its last state, over fresh draws, beside their floors.
    pub metrics: Vec<Measured>,
    /// Epochs done.
    pub epochs: u64,
    /// The first measured epoch from which on its sliced W2 stays below [`NEAR`] times its floor; None if it does not.
    pub near_from: Option<u64>,
    /// The deviation of sliced W2 over the last quarter of its epochs, in floors: 0 for a run that has settled. None
    /// with fewer than two measurements there.
    pub unrest: Option<f64>,
    /// Seconds of training.
    pub seconds: f64,
    /// Sliced W2 by epoch.
    pub curve: Vec<(u64, f64)>,
    /// What it would be for a perfect generator.
    pub floor: Option<Floor>,
}

impl RunSummary {
    /// Summarises a run; its label is the name of its model and optimiser until [`label_all`] gives better ones.
    pub fn of(dir: &RunDir, plan: &Plan) -> Result<Self, EvalError> {
        let run = PointsRun::open(dir)?;
        let report = points::evaluate(dir, plan)?;
        // What the panel draws, so that what is wrong with it is this run's matter alone.
        run.real()?;
        run.frames()?;
        let records = run.metrics()?;
        let floor = run.floor()?;
        let curve = curve(&records);
        let floor_mean = floor.map(|floor| floor.sliced_w2.mean);
        Ok(Self {
            dir: run.path().to_owned(),
            label: run.config().title(),
            metrics: report.metrics,
            epochs: report.epoch,
            near_from: floor_mean.and_then(|floor| near_from(&curve, NEAR * floor)),
            unrest: floor_mean.and_then(|floor| Some(unrest(&curve)? / floor)),
            seconds: records.last().map_or(0.0, |record| record.seconds),
            curve,
            floor,
            config: run.config().clone(),
        })
    }

    /// The mean of a metric of its last state.
    pub fn mean(&self, metric: Metric) -> Option<f64> {
        self.measured(metric).map(|measured| measured.generated.mean)
    }

    /// A metric of its last state.
    pub fn measured(&self, metric: Metric) -> Option<&Measured> {
        self.metrics.iter().find(|measured| measured.metric == metric)
    }
}

/// The runs that a path means.
#[derive(Clone, Debug)]
pub struct Found {
    /// Those that are there.
    pub dirs: Vec<RunDir>,
    /// How many of a sweep's are not begun.
    pub not_begun: usize,
}

/// The runs under a path: the run that it is, or those of the sweep that it is, or all in that directory by name.
pub fn runs_under(path: &std::path::Path) -> Result<Found, SweepError> {
    let run = RunDir::new(path);
    if let Some(kind) = run.kind() {
        run.expect_able(Ability::Compare, kind)?;
        return Ok(Found { dirs: vec![run], not_begun: 0 });
    }
    // A sweep's in the plan's order, so that the plan says what the others are compared with.
    let is_sweep = Sweep::empty(path).plan_path().is_file();
    let all: Vec<RunDir> = if is_sweep {
        Sweep::open(path)?.runs.iter().map(PlannedRun::run_dir).collect()
    } else {
        RunDir::all_under(path)?
    };
    let count = all.len();
    let dirs: Vec<RunDir> = all.into_iter().filter(|run| run.can(Ability::Compare) || run.is_half_begun()).collect();
    if dirs.is_empty() {
        run.expect(Kind::Points)?;
        return Err(RunError::NoRun {
            path: path.to_owned(),
            missing: "config.json of a run or plan.jsonl of a sweep".to_owned(),
        }
        .into());
    }
    Ok(Found { not_begun: if is_sweep { count - dirs.len() } else { 0 }, dirs })
}

fn curve(records: &[EpochRecord]) -> Vec<(u64, f64)> {
    records.iter().filter_map(|record| Some((record.epoch, record.sliced_w2?))).collect()
}

/// The first epoch from which on all values are below `limit`.
fn near_from(curve: &[(u64, f64)], limit: f64) -> Option<u64> {
    let first = curve.iter().rposition(|&(_, value)| value >= limit).map_or(0, |last_far| last_far + 1);
    curve.get(first).map(|&(epoch, _)| epoch)
}

/// The deviation of the values over the last quarter of the epochs.
fn unrest(curve: &[(u64, f64)]) -> Option<f64> {
    let last = curve.last()?.0;
    let late: Vec<f64> = curve.iter().filter(|&&(epoch, _)| 4 * epoch > 3 * last).map(|&(_, value)| value).collect();
    (late.len() > 1).then(|| crate::metric::Spread::of(&late).deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_for_good() {
        let curve = [(10, 5.0), (20, 1.0), (30, 3.0), (40, 1.5), (50, 0.5)];
        assert_eq!(near_from(&curve, 2.0), Some(40));
        assert_eq!(near_from(&curve, 6.0), Some(10));
        assert_eq!(near_from(&curve, 0.5), None);
        assert_eq!(near_from(&[], 1.0), None);
    }

    #[test]
    fn unrest_looks_at_the_last_quarter_only() {
        let curve: Vec<(u64, f64)> = (1..=8).map(|i| (10 * i, if i < 7 { 100.0 } else { i as f64 })).collect();
        assert!((unrest(&curve).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(unrest(&curve[..1]), None);
    }
}
