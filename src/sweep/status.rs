//! How far the runs of a sweep are.

use std::io;
use std::path::PathBuf;

use fs_err as fs;

use super::{PlannedRun, Sweep, SweepError};
use crate::files;
use crate::run::Status;

const ERRORS: &str = "errors";

/// How far a run of a sweep is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// All of its epochs are done.
    Done,
    /// A process is at work on it.
    Running {
        /// Epochs done.
        done: u64,
    },
    /// It ended with an error, and nobody has done it again since.
    Failed {
        /// The error.
        reason: String,
    },
    /// It was stopped or killed, and goes on when its line is done again.
    Stopped {
        /// Epochs done.
        done: u64,
    },
    /// It has not begun.
    Missing,
}

impl RunState {
    /// Its name in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running { .. } => "running",
            Self::Failed { .. } => "failed",
            Self::Stopped { .. } => "stopped",
            Self::Missing => "missing",
        }
    }
}

/// How many runs are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs that are done.
    pub done: usize,
    /// Runs that a process is at work on.
    pub running: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Runs that were stopped or killed.
    pub stopped: usize,
    /// Runs that have not begun.
    pub missing: usize,
}

impl Tally {
    /// Counts states.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a RunState>) -> Self {
        let mut tally = Self::default();
        for state in states {
            *match state {
                RunState::Done => &mut tally.done,
                RunState::Running { .. } => &mut tally.running,
                RunState::Failed { .. } => &mut tally.failed,
                RunState::Stopped { .. } => &mut tally.stopped,
                RunState::Missing => &mut tally.missing,
            } += 1;
        }
        tally
    }
}

impl Sweep {
    /// The state of every run, in the plan's order.
    pub fn states(&self) -> Result<Vec<RunState>, SweepError> {
        self.runs.iter().map(|run| self.state(run)).collect()
    }

    /// The state of a run.
    pub fn state(&self, run: &PlannedRun) -> Result<RunState, SweepError> {
        let dir = run.run_dir();
        let status = match dir.status() {
            Ok(status) => status,
            // A damaged run costs itself only.
            Err(error) => return Ok(RunState::Failed { reason: error.to_string() }),
        };
        if let Status::Finished { done } = status
            && done >= run.config.epochs
        {
            return Ok(RunState::Done);
        }
        let done = match status {
            Status::Absent => 0,
            Status::Unfinished { done, .. } | Status::Finished { done } => done,
        };
        if dir.is_locked() {
            return Ok(RunState::Running { done });
        }
        Ok(match (self.failure(run)?, status) {
            (Some(reason), _) => RunState::Failed { reason },
            (None, Status::Absent) => RunState::Missing,
            (None, _) => RunState::Stopped { done },
        })
    }

    /// Notes why a run failed.
    pub fn record_failure(&self, run: &PlannedRun, reason: &str) -> Result<(), SweepError> {
        Ok(files::write(&self.failure_path(run), (reason.trim_end().to_owned() + "\n").as_bytes())?)
    }

    /// Forgets that a run failed before.
    pub fn clear_failure(&self, run: &PlannedRun) -> Result<(), SweepError> {
        match fs::remove_file(self.failure_path(run)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn failure(&self, run: &PlannedRun) -> Result<Option<String>, SweepError> {
        match fs::read_to_string(self.failure_path(run)) {
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn failure_path(&self, run: &PlannedRun) -> PathBuf {
        let parts: Vec<_> = run.dir.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts[parts.len().saturating_sub(2)..].join("-");
        self.dir.join(ERRORS).join(format!("{name}.txt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, TrainConfig};

    #[test]
    fn a_failure_is_remembered_until_it_is_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let sweep = Sweep::new(dir.path(), vec![TrainConfig::lab(Model::Gan).check().unwrap()]);
        let run = &sweep.runs[0];
        assert_eq!(sweep.state(run).unwrap(), RunState::Missing);
        sweep.record_failure(run, "it broke\n").unwrap();
        let state = sweep.state(run).unwrap();
        assert_eq!(state, RunState::Failed { reason: "it broke".into() });
        assert_eq!(Tally::of([&state, &RunState::Done]), Tally { failed: 1, done: 1, ..Tally::default() });
        sweep.clear_failure(run).unwrap();
        sweep.clear_failure(run).unwrap();
        assert_eq!(sweep.states().unwrap(), [RunState::Missing]);
    }
}
