//! A run directory: what a training run leaves on disk. No other room knows its file names.
//!
//! | file | content |
//! |---|---|
//! | `config.json` | the whole resolved config |
//! | `metrics.jsonl` | one [`EpochRecord`] a line |
//! | `floor.json` | the [`Floor`] of the metrics in `metrics.jsonl` |
//! | `real.npy` | float32 [held-out, 2], the held-out points |
//! | `noise.npy` | float32 [held-out, latent], the codes that every frame is drawn from |
//! | `samples.npy`, `frames.json` | float32 [frames, held-out, 2], and each frame's epoch |
//! | `generator.safetensors`, `discriminator.safetensors` | the weights, with PyTorch's names, as of the saved state |
//! | `state.safetensors` | all that resuming needs |
//! | `lock` | the pid of the process at work, while there is one |
//!
//! `state.safetensors` decides: what the other files hold beyond its epoch is from an epoch that was cut off, and is
//! taken off again when the run is resumed. [`RunDir`] reads, also while a process writes; [`ActiveRun`] writes.

mod active;
mod error;
mod floor;
mod frames;
#[cfg(feature = "torch")]
mod job;
mod lock;
mod metrics;
#[cfg(feature = "torch")]
mod progan;
mod snapshot;

pub use active::ActiveRun;
pub use error::RunError;
pub use floor::Floor;
pub use frames::Frames;
#[cfg(feature = "torch")]
pub use job::JobDir;
pub use metrics::EpochRecord;
#[cfg(feature = "torch")]
pub use progan::{ImageRecord, ImageRun, ImageSnapshot};
pub use snapshot::{Progress, Snapshot};

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::config::{RunConfig, TrainConfig};
use crate::data::{Point, npy};

/// Where training runs are unless told otherwise.
pub const RUNS: &str = "work_dirs/train";

const CONFIG: &str = "config.json";
const METRICS: &str = "metrics.jsonl";
const FLOOR: &str = "floor.json";
const REAL: &str = "real.npy";
const NOISE: &str = "noise.npy";
const SAMPLES: &str = "samples.npy";
const FRAMES: &str = "frames.json";
const GENERATOR: &str = "generator.safetensors";
const DISCRIMINATOR: &str = "discriminator.safetensors";
const STATE: &str = "state.safetensors";
const LOCK: &str = "lock";

/// All that a run writes, the lock aside.
const ALL: [&str; 10] = [CONFIG, METRICS, FLOOR, REAL, NOISE, SAMPLES, FRAMES, GENERATOR, DISCRIMINATOR, STATE];

/// How far the run in a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is no run, or one that was killed before its first state.
    Absent,
    /// There is one, with this many epochs done of all.
    Unfinished {
        /// Epochs done.
        done: u64,
        /// Epochs to do.
        epochs: u64,
    },
    /// All epochs are done.
    Finished {
        /// Epochs done.
        epochs: u64,
    },
}

/// A directory that may hold a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// The directory at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directories with runs of points directly under `parent`, in the order of their names; none where it is
    /// missing. (A ProGAN's run has no held-out points.)
    pub fn all_under(parent: &Path) -> Result<Vec<Self>, RunError> {
        if !parent.is_dir() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(parent)? {
            let run = Self::new(entry?.path());
            if run.holds_points() {
                found.push(run);
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// How far the run is.
    pub fn status(&self) -> Result<Status, RunError> {
        if !self.is_begun() {
            return Ok(Status::Absent);
        }
        let (done, epochs) = (snapshot::epochs_done(self)?, self.config()?.epochs);
        Ok(if done >= epochs { Status::Finished { epochs: done } } else { Status::Unfinished { done, epochs } })
    }

    /// Whether there is a run of points with a state.
    pub fn holds_points(&self) -> bool {
        self.is_begun() && self.file(REAL).is_file()
    }

    /// Whether there is a run with a state; one killed before its first state has done nothing.
    fn is_begun(&self) -> bool {
        self.file(CONFIG).is_file() && self.file(STATE).is_file()
    }

    /// The run's config.
    pub fn config(&self) -> Result<RunConfig, RunError> {
        let path = self.file(CONFIG);
        let malformed = |reason: String| RunError::Malformed { path: path.clone(), reason };
        let text = self.read_text(CONFIG)?;
        let config = TrainConfig::from_json(&text).and_then(TrainConfig::check);
        config.map_err(|error| malformed(error.to_string()))
    }

    /// The held-out points.
    pub fn real(&self) -> Result<Vec<Point>, RunError> {
        let array = self.read_array(REAL)?;
        match array.shape[..] {
            [_, 2] => Ok(array.values.as_chunks().0.to_vec()),
            _ => Err(self.malformed(REAL, format!("its shape is {:?}, not [points, 2]", array.shape))),
        }
    }

    /// The codes that every frame is drawn from, [held-out, latent].
    pub fn noise(&self) -> Result<Vec<f32>, RunError> {
        Ok(self.read_array(NOISE)?.values)
    }

    /// The recorded frames.
    pub fn frames(&self) -> Result<Frames, RunError> {
        frames::read(self)
    }

    /// The records of all epochs done.
    pub fn metrics(&self) -> Result<Vec<EpochRecord>, RunError> {
        metrics::read(self)
    }

    /// What the metrics among the records would be for a perfect generator; None for a run that measured nothing.
    pub fn floor(&self) -> Result<Option<Floor>, RunError> {
        floor::read(self)
    }

    /// Whether a process writes here.
    pub fn is_locked(&self) -> bool {
        lock::is_held(&self.path)
    }

    /// The saved state, of the networks and optimiser that `config` describes.
    pub fn snapshot(&self, config: &RunConfig) -> Result<Snapshot, RunError> {
        snapshot::read(self, config)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn malformed(&self, name: &str, reason: impl Into<String>) -> RunError {
        RunError::Malformed { path: self.file(name), reason: reason.into() }
    }

    /// A file's text; a missing file means that there is no run.
    fn read_text(&self, name: &str) -> Result<String, RunError> {
        let bytes = self.read_bytes(name)?;
        String::from_utf8(bytes).map_err(|_| self.malformed(name, "it is not text"))
    }

    fn read_bytes(&self, name: &str) -> Result<Vec<u8>, RunError> {
        match fs::read(self.file(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(RunError::NoRun { path: self.path.clone(), missing: name.to_owned() })
            }
            other => Ok(other?),
        }
    }

    fn read_array(&self, name: &str) -> Result<npy::Array, RunError> {
        npy::decode(&self.read_bytes(name)?).map_err(|error| self.malformed(name, error.to_string()))
    }
}
