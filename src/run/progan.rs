//! The run directory of a ProGAN's training.
//!
//! | file | content |
//! |---|---|
//! | `config.json` | the whole resolved config |
//! | `metrics.jsonl` | one [`ImageRecord`] a line |
//! | `samples/<images>.png` | a grid of images from the same codes at each record |
//! | `training.gif` | the grids one after another, when training ends or is stopped |
//! | `generator.safetensors` | the averaged generator, in genforce's layout |
//! | `state.safetensors` | all that resuming needs |
//! | `lock` | the pid of the process at work, while there is one |
//!
//! As for points, `state.safetensors` decides, and what goes beyond it is taken off on resuming.

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{CONFIG, GENERATOR, METRICS, RunError, STATE};
use crate::checkpoint::{self, CheckpointError, NamedTensor, TensorError};
use crate::config::ProganConfig;
use crate::files;
use crate::nets::pggan::{Pggan, slots};

const SAMPLES: &str = "samples";

/// What the images between two records came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Images shown since the run began.
    pub images: u64,
    /// Iterations since the run began.
    pub iteration: u64,
    /// The side that is trained.
    pub side: usize,
    /// How much of it is faded in.
    pub alpha: f64,
    /// The discriminator's mean loss since the last record, without penalties.
    pub d_loss: f64,
    /// The generator's.
    pub g_loss: f64,
    /// Seconds of training since the run began.
    pub seconds: f64,
}

/// A run's state at a record.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSnapshot {
    /// Images shown.
    pub images: u64,
    /// Iterations taken.
    pub iteration: u64,
    /// Steps of the two optimisers since the side last changed.
    pub steps: [u64; 2],
    /// The trainer's arrays.
    pub arrays: crate::progan::Arrays,
}

/// The names of the trainer's arrays, in its order.
const ARRAYS: [&str; 7] = [
    "generator",
    "averaged",
    "discriminator",
    "generator_optim.exp_avg",
    "generator_optim.exp_avg_sq",
    "discriminator_optim.exp_avg",
    "discriminator_optim.exp_avg_sq",
];

/// A run that this process writes.
#[derive(Debug)]
pub struct ImageRun {
    path: PathBuf,
    _lock: Lock,
}

impl ImageRun {
    /// The config of the run at `path`, if there is one with a state.
    pub fn config_at(path: &Path) -> Result<Option<ProganConfig>, RunError> {
        if !path.join(CONFIG).is_file() || !path.join(STATE).is_file() {
            return Ok(None);
        }
        let malformed = |reason: String| RunError::Malformed { path: path.join(CONFIG), reason };
        let text = fs::read_to_string(path.join(CONFIG))?;
        let config: ProganConfig = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        config.check().map(Some).map_err(|error| malformed(error.to_string()))
    }

    /// Starts a run at `path`; an existing one takes `force`, and goes.
    pub fn create(path: &Path, config: &ProganConfig, force: bool) -> Result<Self, RunError> {
        fs::create_dir_all(path)?;
        let run = Self { path: path.to_owned(), _lock: Lock::take(path)? };
        if !force && Self::config_at(path)?.is_some() {
            let (what, advice) = ("a run".to_owned(), "go on with --resume, or replace it with --force");
            return Err(RunError::Exists { path: path.to_owned(), what, advice });
        }
        files::remove_parts(path)?;
        for name in [STATE, GENERATOR, METRICS, "training.gif"] {
            if path.join(name).exists() {
                fs::remove_file(path.join(name))?;
            }
        }
        for (_, sample) in run.samples()? {
            fs::remove_file(sample)?;
        }
        files::write(&path.join(METRICS), b"")?;
        let json = serde_json::to_string_pretty(config).map_err(|error| run.malformed(CONFIG, error.to_string()))?;
        files::write(&path.join(CONFIG), (json + "\n").as_bytes())?;
        Ok(run)
    }

    /// Goes on with the run at `path`.
    pub fn resume(path: &Path) -> Result<(Self, ImageSnapshot), RunError> {
        let run = Self { path: path.to_owned(), _lock: Lock::take(path)? };
        files::remove_parts(path)?;
        let snapshot = run.snapshot()?;
        let mut records = run.records()?;
        records.retain(|record| record.images <= snapshot.images);
        run.rewrite(&records)?;
        for (_, sample) in run.samples()?.into_iter().filter(|(images, _)| *images > snapshot.images) {
            fs::remove_file(sample)?;
        }
        Ok((run, snapshot))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the film of the samples goes.
    pub fn film(&self) -> PathBuf {
        self.path.join("training.gif")
    }

    /// All records.
    pub fn records(&self) -> Result<Vec<ImageRecord>, RunError> {
        let text = fs::read_to_string(self.path.join(METRICS))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        lines.map_err(|error| self.malformed(METRICS, error.to_string()))
    }

    /// Adds a record with its grid of samples (the bytes of a PNG file), then saves the state.
    pub fn record(
        &self,
        record: &ImageRecord,
        sample: &[u8],
        net: &Pggan,
        snapshot: &ImageSnapshot,
    ) -> Result<(), RunError> {
        files::write(&self.path.join(SAMPLES).join(format!("{:09}.png", record.images)), sample)?;
        let mut records = self.records()?;
        records.push(record.clone());
        self.rewrite(&records)?;
        self.write_snapshot(snapshot)?;
        let averaged = &snapshot.arrays[1].1;
        Ok(checkpoint::save(&self.path.join(GENERATOR), &generator_tensors(net, averaged), None)?)
    }

    /// The sample grids with the images shown before each, in their order.
    pub fn samples(&self) -> Result<Vec<(u64, PathBuf)>, RunError> {
        let folder = self.path.join(SAMPLES);
        let mut found = Vec::new();
        if folder.is_dir() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let images = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
                found.extend(images.map(|images| (images, path)));
            }
        }
        found.sort();
        Ok(found)
    }

    fn rewrite(&self, records: &[ImageRecord]) -> Result<(), RunError> {
        let lines: Result<Vec<String>, _> = records.iter().map(serde_json::to_string).collect();
        let mut text = lines.map_err(|error| self.malformed(METRICS, error.to_string()))?.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        Ok(files::write(&self.path.join(METRICS), text.as_bytes())?)
    }

    fn write_snapshot(&self, snapshot: &ImageSnapshot) -> Result<(), RunError> {
        let count = |name: &str, n: u64| NamedTensor::i64(name, vec![], vec![n as i64]);
        let mut tensors = vec![
            count("progress.images", snapshot.images),
            count("progress.iteration", snapshot.iteration),
            count("generator_optim.steps", snapshot.steps[0]),
            count("discriminator_optim.steps", snapshot.steps[1]),
        ];
        let arrays = snapshot.arrays.iter();
        tensors.extend(arrays.map(|(name, values)| NamedTensor::f32(*name, vec![values.len()], values.clone())));
        Ok(checkpoint::save(&self.path.join(STATE), &tensors, None)?)
    }

    fn snapshot(&self) -> Result<ImageSnapshot, RunError> {
        let path = self.path.join(STATE);
        let tensors = checkpoint::load(&path)?.tensors;
        let read = || -> Result<ImageSnapshot, TensorError> {
            let count = |name: &str| Ok(NamedTensor::find(&tensors, name)?.as_i64_scalar()? as u64);
            let array = |name: &'static str| Ok((name, NamedTensor::find(&tensors, name)?.as_f32_any()?.to_vec()));
            Ok(ImageSnapshot {
                images: count("progress.images")?,
                iteration: count("progress.iteration")?,
                steps: [count("generator_optim.steps")?, count("discriminator_optim.steps")?],
                arrays: ARRAYS.into_iter().map(array).collect::<Result<_, TensorError>>()?,
            })
        };
        read().map_err(|source| CheckpointError::Tensor { path, problem: source }.into())
    }

    fn malformed(&self, name: &str, reason: String) -> RunError {
        RunError::Malformed { path: self.path.join(name), reason }
    }
}

/// A finished generator's weights as genforce's state dict has them; `lod` 0 says that all levels are grown.
fn generator_tensors(net: &Pggan, flat: &[f32]) -> Vec<NamedTensor> {
    let mut tensors = vec![NamedTensor::f32("lod", vec![], vec![0.0])];
    let mut rest = flat;
    for slot in slots(&net.generator()) {
        let (values, left) = rest.split_at(slot.size());
        rest = left;
        tensors.push(NamedTensor::f32(slot.name, slot.shape, values.to_vec()));
    }
    tensors
}
