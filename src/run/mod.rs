//! A run directory: what a run of any kind leaves on disk, and the loop that writes it.
//!
//! | file | content |
//! |---|---|
//! | `run.json` | the [`Manifest`]: kind, settings, inputs with their digests, the files that are the run's own |
//! | `config.json`, `job.json` | the settings, for people |
//! | `metrics.jsonl`, `images.jsonl` | the records, one a line |
//! | `state.safetensors` | all that resuming needs, tied to the run by its note |
//! | `lock` | the pid of the process at work, while there is one |
//!
//! `kinds` adds the files of each kind. The state decides: what the other files hold beyond it is from work that was cut
//! off, and is taken off again when the run is resumed. [`RunDir`] reads, also while a process writes; [`ActiveRun`]
//! writes; [`Session`] trains, records, saves, stops and goes on.

mod active;
mod dir;
mod error;
mod faults;
mod kind;
mod lock;
mod manifest;
mod memo;
mod records;
mod refusals;
mod series;
mod session;
mod state;

pub use crate::digest::{digest, hex};
pub use active::{ActiveRun, Claim, Mark, Recount};
pub use dir::{Found, RunDir, Status};
pub use error::RunError;
pub use kind::{Ability, Kind};
pub use manifest::{Input, Manifest};
pub use series::{ArrayPlan, SeriesPlan};
pub use session::{Outcome, Session, Start, Steering, Work};
pub use state::{Bundle, Position, wrong_tensor};

/// Where training runs are unless told otherwise.
pub const RUNS: &str = "work_dirs/train";

const LOCK: &str = "lock";

/// `1 epoch`, `2 epochs`
pub fn count(n: u64, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}
