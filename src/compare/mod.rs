//! Runs side by side: what each came to, when it came near, and what holds over seeds.
//!
//! [`Comparison`] is all of it as a value. Each file that is made from it is one in `outputs`, and [`OUTPUTS`] lists them.

mod comparison;
mod data_set;
mod group;
mod groups;
mod lab;
mod notes;
mod outputs;
mod repeats;
mod rows;

pub use comparison::Comparison;
pub use data_set::{DataSet, Difference};
pub use group::Group;
pub use groups::{Selection, SelectionError, labels, names_of_runs};
pub use lab::{LabError, lab_configs, lab_sweep};
pub use outputs::{Format, OUTPUTS, Output, OutputError, Panel, PanelError, not_drawn, real_of};
pub use repeats::Repeat;
pub use rows::{Cell, PAIRED_WORDS, about, difference_rows, group_rows, over_words, run_rows};

use std::path::{Path, PathBuf};

use crate::config::RunConfig;
use crate::kinds::points::{self, DataSetId, EpochRecord, EvalError, Floor, Measured, Plan, PointsRun, Report, Series};
use crate::metric::Metric;
use crate::run::{Ability, Kind, RunDir, RunError, Status};
use crate::sweep::{PlannedRun, Sweep, SweepError};
use crate::threads;

/// A run is near when the headline metric of its data set stays below this many floors.
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
    /// Its place among the others, from 0.
    pub place: usize,
    /// What its data are.
    pub data: DataSetId,
    /// Where they lie.
    pub data_path: PathBuf,
    /// How many points are held out.
    pub held_out: usize,
    /// Modes of the data's law, where that is known.
    pub modes: Option<usize>,
    /// Whether it keeps its points more coarsely than they lie apart: then what it recorded has a floor of its own.
    pub coarse: bool,
    /// The metric that says most of how near it is.
    pub headline: Metric,
    /// The metrics of its last state, over fresh draws, beside their floors.
    pub metrics: Vec<Measured>,
    /// Epochs done.
    pub epochs: u64,
    /// Whether that is all.
    pub state: RunState,
    /// The condition of its own by which it ended before its last epoch, if it did.
    pub ended: Option<String>,
    /// The first measured epoch from which on the headline metric stays below [`NEAR`] times its floor; None if it does
    /// not.
    pub near_from: Option<u64>,
    /// The deviation of the headline metric over the last quarter of its epochs, in floors: 0 for a run that has settled.
    /// None with fewer than two measurements there.
    pub unrest: Option<f64>,
    /// Seconds of training.
    pub seconds: f64,
    /// How it went, metric by metric.
    pub series: Vec<Series>,
    /// What the recorded metrics would be for a perfect generator.
    pub floor: Option<Floor>,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// To its last epoch.
    Finished,
    /// Until a condition of its own held.
    Ended {
        /// Epochs in all.
        total: u64,
    },
    /// Not so far: it was stopped, or is at work.
    Unfinished {
        /// Epochs in all.
        total: u64,
    },
    /// Until its numbers grew beyond all bounds; what is measured is the state before that epoch.
    Diverged {
        /// Epochs in all.
        total: u64,
    },
}

impl RunState {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Ended { .. } => "ended",
            Self::Unfinished { .. } => "unfinished",
            Self::Diverged { .. } => "diverged",
        }
    }

    /// Whether it came as far as it was to come: to its last epoch, or to a condition of its own.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Finished | Self::Ended { .. })
    }

    /// Whether it ended by a condition of its own.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Ended { .. })
    }

    /// Whether training diverged.
    pub const fn is_diverged(self) -> bool {
        matches!(self, Self::Diverged { .. })
    }

    fn of(run: &PointsRun) -> Result<Self, RunError> {
        Ok(match run.status()? {
            Status::Unfinished { total, .. } if run.dir().manifest()?.diverged => Self::Diverged { total },
            Status::Unfinished { total, .. } => Self::Unfinished { total },
            Status::Ended { total, .. } => Self::Ended { total },
            Status::Finished { .. } | Status::Absent => Self::Finished,
        })
    }
}

/// A run that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The run.
    pub run: PathBuf,
    /// Why not.
    pub reason: String,
}

impl RunSummary {
    /// Summarises a run; its label is the name of its model and optimiser until a [`Comparison`] gives it a better one.
    pub fn of(dir: &RunDir, plan: &Plan) -> Result<Self, EvalError> {
        let run = PointsRun::open(dir)?;
        let report = points::evaluate(dir, plan)?;
        // What the panel draws, so that what is wrong with it is this run's matter alone.
        run.real()?;
        run.frames()?;
        let (records, floor) = (run.metrics()?, run.floor()?);
        Self::from_report(&run, report, &records, floor)
    }

    /// The same by what the run recorded at its last measured frame: nothing is measured, and its data are not needed.
    pub fn recorded(dir: &RunDir) -> Result<Self, EvalError> {
        let run = PointsRun::open(&dir.held())?;
        let (records, floor) = (run.metrics()?, run.floor()?);
        let report = points::recorded(&run, &records, floor)?;
        Self::from_report(&run, report, &records, floor)
    }

    fn from_report(
        run: &PointsRun,
        report: Report,
        records: &[EpochRecord],
        floor: Option<Floor>,
    ) -> Result<Self, EvalError> {
        let headline = report.headline();
        let followed = report.series.iter().find(|series| series.metric == headline);
        let state = RunState::of(run)?;
        // One that diverged came to nothing that it stays near to.
        let followed = followed.filter(|_| !state.is_diverged());
        let floor_mean = followed.and_then(|series| series.floor).map(|floor| floor.mean).filter(|mean| *mean > 0.0);
        let curve = followed.map_or(&[][..], |series| &series.values);
        Ok(Self {
            dir: run.path().to_owned(),
            label: run.config().title(),
            place: 0,
            data: report.data.clone(),
            data_path: report.data_path.clone(),
            held_out: report.held_out,
            modes: report.modes,
            headline,
            epochs: report.epoch,
            state,
            ended: run.dir().ended()?,
            coarse: report.coarse,
            near_from: floor_mean.and_then(|floor| near_from(curve, NEAR * floor)),
            unrest: floor_mean.and_then(|floor| Some(unrest(curve)? / floor)),
            seconds: records.last().map_or(0.0, |record| record.seconds),
            metrics: report.metrics,
            series: report.series,
            floor,
            config: run.config().clone(),
        })
    }

    /// Epochs in all, whether they are done or not.
    pub fn planned(&self) -> u64 {
        match self.state {
            RunState::Finished => self.epochs,
            RunState::Ended { total } | RunState::Unfinished { total } | RunState::Diverged { total } => total,
        }
    }

    /// How far it came, in words.
    pub fn position(&self) -> String {
        match self.state {
            RunState::Finished => self.epochs.to_string(),
            RunState::Ended { total } => format!("ended at {} of {total}", self.epochs),
            RunState::Unfinished { total } => format!("{} of {total}", self.epochs),
            RunState::Diverged { .. } => format!("diverged at epoch {}", self.epochs + 1),
        }
    }

    /// The mean of a metric of its last state.
    pub fn mean(&self, metric: Metric) -> Option<f64> {
        Some(self.measured(metric)?.generated?.mean)
    }

    /// A metric of its last state.
    pub fn measured(&self, metric: Metric) -> Option<&Measured> {
        self.metrics.iter().find(|measured| measured.metric == metric)
    }

    /// How it went by a metric, if that was followed.
    pub fn series_of(&self, metric: Metric) -> Option<&Series> {
        self.series.iter().find(|series| series.metric == metric)
    }

    /// The values of that by epoch.
    pub fn values(&self, metric: Metric) -> &[(u64, f64)] {
        self.series_of(metric).map_or(&[], |series| &series.values)
    }
}

/// The runs that a path means.
#[derive(Clone, Debug)]
pub struct Found {
    /// Those that are there.
    pub dirs: Vec<RunDir>,
    /// How many of a sweep's are not begun.
    pub not_begun: usize,
    /// How many runs or jobs are of a kind that nothing of the sort can be done with.
    pub others: usize,
}

/// The runs under a path that something can be done with: the run that it is, or those of the sweep that it is, or all in
/// that directory by name.
pub fn runs_under(path: &Path, ability: Ability) -> Result<Found, SweepError> {
    let run = RunDir::new(path);
    if let Some(kind) = run.kind() {
        run.expect_able(ability, kind)?;
        return Ok(Found { dirs: vec![run], not_begun: 0, others: 0 });
    }
    // A sweep's in the plan's order, so that the plan says what the others are compared with.
    let is_sweep = Sweep::empty(path).plan_path().is_file();
    let all = if is_sweep {
        let runs: Vec<RunDir> = Sweep::open(path)?.runs.iter().map(PlannedRun::run_dir).collect();
        // Each run remembers what was read of it.
        threads::map(threads::available(), &runs, RunDir::kind);
        runs
    } else {
        RunDir::all_under(path)?
    };
    let (count, mut others) = (all.len(), 0);
    let half_begun =
        |run: &RunDir| run.is_half_begun() && run.manifest().is_ok_and(|manifest| manifest.kind.can(ability));
    let mut fits = |run: &RunDir| {
        let Some(kind) = run.kind() else { return half_begun(run) };
        others += usize::from(!kind.can(ability));
        kind.can(ability)
    };
    let dirs: Vec<RunDir> = all.into_iter().filter(|run| fits(run)).collect();
    if dirs.is_empty() {
        run.expect(Kind::Points)?;
        return Err(RunError::NoRun {
            path: path.to_owned(),
            missing: "config.json of a run or plan.jsonl of a sweep".to_owned(),
        }
        .into());
    }
    Ok(Found { not_begun: if is_sweep { count - others - dirs.len() } else { 0 }, others, dirs })
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
    crate::metric::Spread::of(&late).deviation
}

#[cfg(test)]
mod tests;
