//! Many runs: a plan that expands into one resolved config a line, and who does them.
//!
//! | file | content |
//! |---|---|
//! | `plan.jsonl` | one [`PlannedRun`] a line |
//! | `runs/<model>-<optim>-<digest>/seed<seed>/` | the runs; the digest is of all that the config says but its seed, so the same config is always the same directory, and no directory holds more entries than there are seeds or configs |
//! | `errors/<…>.txt` | why a run failed, until it is done again |
//! | `sweep.sbatch`, `logs/` | what goes to Slurm and what its tasks say |
//!
//! Runs do not know of each other: any number of processes on any number of machines that share the directory can do
//! lines of the plan, each line any number of times, in any order.

mod lines;
mod plan;
mod pool;
mod slurm;
mod status;

pub use lines::{PlannedRun, Sweep};
pub use plan::{PlanFile, seed_list};
pub use pool::{Ending, Event, Pool, Stop};
pub use slurm::{ArrayJob, Queue, commands};
pub use status::{RunState, Tally};

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::made::MadeError;
use crate::run::RunError;

/// What can be wrong with a sweep.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A file cannot be read or written, a program not started.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A run directory cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file of the sweep has the place of somebody else's.
    #[error(transparent)]
    Made(#[from] MadeError),
    /// A plan that is not one.
    #[error("{path} is not a plan: {reason}")]
    NotAPlan {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A point of the grid whose config makes no sense.
    #[error("{path}, with {point}: {reason}")]
    Config {
        /// The plan.
        path: PathBuf,
        /// The values of the grid.
        point: String,
        /// What is wrong.
        reason: ConfigError,
    },
    /// There is no such line.
    #[error(
        "{path} {}; there is no index {index}",
        lines.checked_sub(1).map_or_else(|| "holds no run".to_owned(), |last| format!("has {lines} runs, 0 to {last}"))
    )]
    NoLine {
        /// The plan.
        path: PathBuf,
        /// Its lines.
        lines: usize,
        /// The one asked for.
        index: usize,
    },
    /// A line whose run would lie where the plan has no say.
    #[error(
        "{path}, line {line}: its directory {dir} lies outside of {base}, and nothing is written there; a plan's runs lie \
         below its own folder", path = path.display(), line = index + 1, dir = dir.display(), base = base.display()
    )]
    Outside {
        /// The plan.
        path: PathBuf,
        /// Its line, from 0.
        index: usize,
        /// The directory, as the line says it.
        dir: PathBuf,
        /// Where runs may lie.
        base: PathBuf,
    },
    /// A line whose run would lie, through a link, where the plan has no say.
    #[error(
        "{path}, line {line}: {link} is a link to {target}, outside of {base}, and nothing is written there; to keep a \
         whole sweep elsewhere, make its folder {base} a link", path = path.display(), line = index + 1,
        link = link.display(), target = target.display(), base = base.display()
    )]
    Linked {
        /// The plan.
        path: PathBuf,
        /// Its line, from 0.
        index: usize,
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
        /// Where runs may lie.
        base: PathBuf,
    },
    /// Words that a script cannot say.
    #[error("{what} is {value:?}, {reason}")]
    Unsayable {
        /// Which option or folder.
        what: &'static str,
        /// What it is.
        value: String,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// A program of Slurm's failed.
    #[error("{program} failed: {reason}")]
    Slurm {
        /// Which program.
        program: &'static str,
        /// Its words.
        reason: String,
    },
}
