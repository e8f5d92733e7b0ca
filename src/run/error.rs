//! What can be wrong with a run directory.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;

/// What can be wrong with a run directory; every message names it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file of tensors cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// There is no run, or a part of it is missing.
    #[error("{path} holds no run: {missing} is not there; `gan-lab train` makes runs")]
    NoRun {
        /// The directory.
        path: PathBuf,
        /// The file that was looked for.
        missing: String,
    },
    /// A file is not what a run writes.
    #[error("{path} is damaged or not from gan-lab: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is a run already.
    #[error("{path} holds {what}; {advice}")]
    Exists {
        /// The directory.
        path: PathBuf,
        /// How far the run is.
        what: String,
        /// What can be done.
        advice: &'static str,
    },
    /// The directory holds something else.
    #[error("{path} is not empty and holds no run; choose another --out, or write into it with --force")]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// Another process writes there.
    #[error("{path} is in use by process {pid}; wait for it, stop it, or choose another --out")]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process, as far as it said.
        pid: String,
    },
}
