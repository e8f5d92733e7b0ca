//! How far the runs of a sweep are.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{PlannedRun, Sweep, SweepError};
use crate::files;
use crate::run::{RunError, Status};

const ERRORS: &str = "errors";

/// How far a run of a sweep is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// All of its epochs are done, or it ended by a condition of its own.
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
    pub fn states(&self) -> Vec<RunState> {
        self.runs.iter().map(|run| self.state(run)).collect()
    }

    /// The state of a run. What cannot be read of it is that run's failure, and nobody else's.
    pub fn state(&self, run: &PlannedRun) -> RunState {
        let dir = run.run_dir();
        let status = match dir.status() {
            Ok(status) => status,
            // Whoever is at work may mend it.
            Err(_) if dir.is_locked() => return RunState::Running { done: 0 },
            Err(error) => return RunState::Failed { reason: unreadable(&error, dir.path()) },
        };
        let done = match status {
            Status::Absent => 0,
            Status::Unfinished { done, .. } | Status::Ended { done, .. } | Status::Finished { done } => done,
        };
        // A run that ended by its own condition is as far as it is to go.
        let reached = match status {
            Status::Finished { done } => Some(done),
            Status::Ended { total, .. } => Some(total),
            Status::Absent | Status::Unfinished { .. } => None,
        };
        if reached.is_some_and(|reached| reached >= run.recipe().epochs) {
            return RunState::Done;
        }
        if dir.is_locked() {
            return RunState::Running { done };
        }
        match (self.failure(run), status) {
            (Some(reason), _) => RunState::Failed { reason },
            (None, Status::Absent) => RunState::Missing,
            (None, _) => RunState::Stopped { done },
        }
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

    /// Whether a failure is noted that nobody has mended since.
    pub fn has_failure(&self, run: &PlannedRun) -> bool {
        self.failure_path(run).exists()
    }

    fn failure(&self, run: &PlannedRun) -> Option<String> {
        let path = self.failure_path(run);
        match fs::read(&path) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).trim_end().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(format!("it failed, but the reason cannot be read: {error}")),
        }
    }

    fn failure_path(&self, run: &PlannedRun) -> PathBuf {
        let dir = run.dir();
        let parts: Vec<_> = dir.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts[parts.len().saturating_sub(2)..].join("-");
        self.dir.join(ERRORS).join(format!("{name}.txt"))
    }
}

/// What is wrong with a run's directory, and what to do about it: the error's own words need not say either.
fn unreadable(error: &RunError, dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "{dir} cannot be read: {error}; repair it, or move it away and run the sweep again, which starts the run from \
         the beginning"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::lines::three_seeds as sweep;

    #[test]
    fn a_failure_is_remembered_until_it_is_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let sweep = sweep(dir.path());
        let run = &sweep.runs[0];
        assert_eq!(sweep.state(run), RunState::Missing);
        sweep.record_failure(run, "it broke\n").unwrap();
        let state = sweep.state(run);
        assert!(sweep.has_failure(run));
        assert_eq!(state, RunState::Failed { reason: "it broke".into() });
        assert_eq!(Tally::of([&state, &RunState::Done]), Tally { failed: 1, done: 1, ..Tally::default() });
        sweep.clear_failure(run).unwrap();
        sweep.clear_failure(run).unwrap();
        assert!(!sweep.has_failure(run));
        assert_eq!(sweep.state(run), RunState::Missing);
    }

    #[test]
    fn what_cannot_be_read_is_one_runs_failure_and_says_where_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let sweep = sweep(dir.path());
        let damaged = sweep.runs[0].dir();
        files::write(&damaged.join("config.json"), b"{}").unwrap();
        files::write(&damaged.join("state.safetensors"), b"not a state").unwrap();
        // A note that is none.
        fs::create_dir_all(sweep.failure_path(&sweep.runs[1])).unwrap();
        let states = sweep.states();
        let RunState::Failed { reason } = &states[0] else { panic!("{:?}", states[0]) };
        assert!(reason.contains(damaged.to_str().unwrap()) && reason.contains("move it away"), "{reason}");
        assert!(matches!(states[1], RunState::Failed { .. }), "{:?}", states[1]);
        assert_eq!(states[2], RunState::Missing);
    }
}
