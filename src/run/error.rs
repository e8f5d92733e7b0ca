//! What can be wrong with a run directory.

use std::path::PathBuf;

use super::Kind;
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
    /// A run's own file is gone.
    #[error("{path} lacks {missing}, which its run wrote; `gan-lab runs --check` says what can be mended", path = path.display())]
    Lacks {
        /// The directory.
        path: PathBuf,
        /// The file.
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
    /// A file of another run.
    #[error(
        "{path} belongs to another run, and not to that of {others} beside it; put this run's own file back in its \
         place, or begin the run again with --force"
    )]
    Stranger {
        /// The file.
        path: PathBuf,
        /// Files of the run that it does not belong to.
        others: String,
    },
    /// A run of a format that this program does not know yet.
    #[error(
        "{path} was written by a later gan-lab ({program}), in a format that this one does not know; use the later one"
    )]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// The program that wrote it.
        program: String,
    },
    /// There is a run already.
    #[error("{path} holds {what}; {advice}")]
    Exists {
        /// The directory.
        path: PathBuf,
        /// What it holds and how far that is.
        what: String,
        /// What can be done.
        advice: String,
    },
    /// The directory holds something else.
    #[error(
        "{path} holds files that are not a run's, such as {name}; nothing was changed. Choose another --out, or move \
         them away"
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// One of the files.
        name: String,
    },
    /// The path is not a directory.
    #[error("{path} is not a folder; choose another --out")]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// An input lies where the run would write.
    #[error("{input} lies where this run would write a file of its own; choose another --out, or move it away")]
    InputInside {
        /// The input.
        input: PathBuf,
    },
    /// Another process writes there.
    #[error("{path} is in use by process {pid}; wait for it, stop it, or choose another --out")]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process, as far as it said.
        pid: String,
    },
    /// Something else has the lock's name.
    #[error("{path} is not a lock of gan-lab's ({reason}); nothing was changed. Choose another --out, or move it away")]
    NotALock {
        /// The file.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// A run of another kind.
    #[error("{path} holds {}, not {}; {}", found.title(), wanted.title(), found.instead())]
    OtherKind {
        /// The directory.
        path: PathBuf,
        /// What is there.
        found: Kind,
        /// What was asked for.
        wanted: Kind,
    },
    /// The run was begun with other settings.
    #[error(
        "{path} was begun with other settings, which its {file} has:\n  {lines}\nleave those options out to go on with it, choose another \
         --out, or replace it with --force"
    )]
    OtherSettings {
        /// The directory.
        path: PathBuf,
        /// Which of its files says so.
        file: &'static str,
        /// The differences, a line each.
        lines: String,
    },
    /// The run's input is another.
    #[error("the {role} in {input} is not what {path} was begun with; {advice}")]
    OtherInput {
        /// The directory.
        path: PathBuf,
        /// What the input is for.
        role: String,
        /// Where it is.
        input: String,
        /// What can be done.
        advice: String,
    },
    /// The run's input is not where it was.
    #[error("the {role} of {path} is not there any more: looked for {looked}. Name it with --{role}")]
    NoInput {
        /// The directory.
        path: PathBuf,
        /// What the input is for.
        role: String,
        /// Where it was looked for.
        looked: String,
    },
}
