//! A run of points, as readers see it.
//!
//! | file | content |
//! |---|---|
//! | `config.json` | the whole resolved config |
//! | `metrics.jsonl` | one [`EpochRecord`] a line |
//! | `data.json` | what the run made of its data: a [`Prepared`] |
//! | `floor.json` | the [`Floor`] of the metrics in `metrics.jsonl` |
//! | `real.npy` | float32 [held-out, 2], the held-out points; float64 where float32 would be too coarse |
//! | `noise.npy` | float32 [held-out, latent], the codes that every frame is drawn from |
//! | `samples.npy`, `frames.json` | the same, [frames, held-out, 2], and each frame's epoch |
//! | `recorded.json`, `field.npy` and so on | what is recorded of each frame beside its points (`recorded`) |
//! | `generator.safetensors`, `discriminator.safetensors` | the weights, with PyTorch's names, as of the saved state |
//! | `averaged.safetensors` | the averaged generator's, where there is one; then the frames are its |
//! | `best.json`, `best-*.safetensors` | with `keep_best`: the [`BestRecord`], and the same weights as of then |

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::idle::{self, Idle};
use super::snapshot::Snapshot;
use super::units::{Prepared, Units};
use crate::config::{BestBy, RunConfig, TrainConfig, Watched};
use crate::data::{self, DataError, KnownLaw, Mode, Point, PointSet, Reading, Split};
use crate::metric::Spread;
use crate::run::{Kind, RunDir, RunError, Status, digest};

pub(super) const DATA: &str = "data.json";
pub(super) const FLOOR: &str = "floor.json";
pub(super) const REAL: &str = "real.npy";
pub(super) const NOISE: &str = "noise.npy";
pub(super) const SAMPLES: &str = "samples.npy";
pub(super) const FRAMES: &str = "frames.json";
pub(super) const GENERATOR: &str = "generator.safetensors";
pub(super) const AVERAGED: &str = "averaged.safetensors";
pub(super) const DISCRIMINATOR: &str = "discriminator.safetensors";
pub(super) const BEST: &str = "best.json";
pub(super) const BEST_GENERATOR: &str = "best-generator.safetensors";
pub(super) const BEST_AVERAGED: &str = "best-averaged.safetensors";
pub(super) const BEST_DISCRIMINATOR: &str = "best-discriminator.safetensors";

/// What an epoch came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Iterations since the run began.
    pub iteration: u64,
    /// The discriminator's mean loss over the epoch.
    pub d_loss: f64,
    /// The generator's mean loss over the epoch.
    pub g_loss: f64,
    /// The frame's sliced W2 distance from the held-out points, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sliced_w2: Option<f64>,
    /// Its coverage of them; not of so few that it cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// The total variation between its shares of the law's modes and the law's own, where the data's file says the law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_tv: Option<f64>,
    /// Where the generator is averaged, so that the metrics above are the average's: the generator's own sliced W2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_sliced_w2: Option<f64>,
    /// Its own coverage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_coverage: Option<f64>,
    /// Its own total variation of the modes' shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_mode_tv: Option<f64>,
    /// True where clipping has done nothing so far and none of the discriminator's parameters is at its bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_idle: Option<bool>,
    /// True where the penalty has done nothing in any frame so far and has no gradient in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub penalty_idle: Option<bool>,
    /// The share of the discriminator's parameters that are at the clip, in frames of a run whose weights are clipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_share: Option<f64>,
    /// Seconds of training since the run began, its interruptions not counted.
    pub seconds: f64,
}

impl EpochRecord {
    /// A number of it; None for what was not measured in this epoch.
    pub fn value(&self, watched: Watched) -> Option<f64> {
        match watched {
            Watched::DLoss => Some(self.d_loss),
            Watched::GLoss => Some(self.g_loss),
            Watched::SlicedW2 => self.sliced_w2,
            Watched::Coverage => self.coverage,
            Watched::ModeTv => self.mode_tv,
            Watched::GeneratorSlicedW2 => self.generator_sliced_w2,
            Watched::GeneratorCoverage => self.generator_coverage,
            Watched::GeneratorModeTv => self.generator_mode_tv,
        }
    }
}

/// The metrics of training points against the held-out ones, over draws: what a perfect generator would get.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Points in each set.
    pub points: usize,
    /// Draws.
    pub draws: usize,
    /// The sliced W2 distance.
    pub sliced_w2: Spread,
    /// The coverage; None of so few points that it cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Spread>,
    /// The total variation of the modes' shares; None where no law is known, and for runs of before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_tv: Option<Spread>,
}

/// When the metric that a run keeps its best state by was best.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestRecord {
    /// The metric.
    pub metric: BestBy,
    /// The epoch.
    pub epoch: u64,
    /// What it was then.
    pub value: f64,
}

/// The recorded frames of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    /// Each frame's epoch.
    pub epochs: Vec<u64>,
    /// Each frame's points, one for each of the run's codes.
    pub samples: Vec<Vec<Point>>,
}

impl Frames {
    /// Each frame's epoch with its points.
    pub fn into_pairs(self) -> impl Iterator<Item = (u64, Vec<Point>)> {
        self.epochs.into_iter().zip(self.samples)
    }
}

/// That a run's generator makes nothing like the data: which sign of it was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NothingLearnt {
    /// No generated point of the last frame lies within the held-out points' range.
    Elsewhere,
    /// So many floors away.
    Floors(f64),
    /// No held-out point has a generated one near it.
    NoCoverage,
}

/// A run this many floors away has learnt nothing.
const MOST_FLOORS: f64 = 20.0;

/// A run of points.
#[derive(Clone, Debug, PartialEq)]
pub struct PointsRun {
    dir: RunDir,
    config: RunConfig,
}

impl PointsRun {
    /// Opens the run in a directory, which must be one of points.
    pub fn open(dir: &RunDir) -> Result<Self, RunError> {
        dir.expect(Kind::Points)?;
        Ok(Self { dir: dir.clone(), config: dir.config(Kind::Points, TrainConfig::check)? })
    }

    /// Its directory.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Its config.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// How far it is.
    pub fn status(&self) -> Result<Status, RunError> {
        self.dir.status()
    }

    /// The units of its networks. Runs of before there was a choice have the data's own.
    pub fn units(&self) -> Result<Units, RunError> {
        Ok(self.noted()?.map_or(Units::OWN, |prepared| prepared.units))
    }

    /// What it made of its data, which are split into these points; where the file is lost, what follows from them and
    /// from what their file says of their law, unless the floor says that the run knows of none, and of their names, unless
    /// that is not what was noted.
    pub(super) fn prepared(
        &self,
        split: &Split,
        modes: Option<Vec<Mode>>,
        names: Option<[String; 2]>,
    ) -> Result<Prepared, RunError> {
        match self.noted() {
            Ok(Some(prepared)) => Ok(prepared),
            Ok(None) => Ok(Prepared::with(&self.config, split, Units::OWN)),
            Err(RunError::Malformed { .. } | RunError::NoRun { .. } | RunError::Lacks { .. }) => {
                let none = matches!(self.floor(), Ok(Some(Floor { mode_tv: None, .. })));
                let made = Prepared::of(&self.config, split, modes.filter(|_| !none));
                let with_names = made.clone().named(names);
                Ok(if self.has_noted(&with_names)? { with_names } else { made })
            }
            Err(error) => Err(error),
        }
    }

    /// The modes of its data's law, as it knew them when it was begun.
    pub(super) fn modes(&self) -> Result<Option<Vec<Mode>>, RunError> {
        Ok(self.noted()?.and_then(|prepared| prepared.known_modes()))
    }

    /// Whether this is what it noted of its data, by the digest.
    fn has_noted(&self, prepared: &Prepared) -> Result<bool, RunError> {
        let text = prepared.text().map_err(|error| self.dir.malformed(DATA, error.to_string()))?;
        Ok(self.dir.manifest()?.digests.get(DATA).is_none_or(|noted| *noted == digest(text.as_bytes())))
    }

    /// What x and y are called in its data, where its data's file said so when it was begun.
    pub fn axis_names(&self) -> Result<Option<[String; 2]>, RunError> {
        Ok(self.noted()?.and_then(|prepared| prepared.names))
    }

    fn noted(&self) -> Result<Option<Prepared>, RunError> {
        if !self.dir.manifest()?.digests.contains_key(DATA) {
            return Ok(None);
        }
        let noted = serde_json::from_value(self.dir.json(DATA)?);
        noted.map(Some).map_err(|error| self.dir.malformed(DATA, error.to_string()))
    }

    /// The held-out points.
    pub fn real(&self) -> Result<Vec<Point>, RunError> {
        let array = self.dir.array(REAL)?;
        match array.shape[..] {
            [_, 2] => Ok(array.values.as_chunks().0.to_vec()),
            _ => Err(self.dir.malformed(REAL, format!("its shape is {:?}, not [points, 2]", array.shape))),
        }
    }

    /// The codes that every frame is drawn from, [held-out, latent].
    pub fn noise(&self) -> Result<Vec<f32>, RunError> {
        Ok(self.dir.array(NOISE)?.values.into_iter().map(|x| x as f32).collect())
    }

    /// The recorded frames.
    pub fn frames(&self) -> Result<Frames, RunError> {
        // First the state, which counts on frames that were written before it.
        let counted = self.dir.counted_frames()?;
        let mut epochs = self.dir.labels(FRAMES)?;
        let array = self.dir.array(SAMPLES)?;
        let [frames, points, 2] = array.shape[..] else {
            let reason = format!("its shape is {:?}, not [frames, points, 2]", array.shape);
            return Err(self.dir.malformed(SAMPLES, reason));
        };
        // While frames are being appended one of the two files is ahead.
        epochs.truncate(frames as usize);
        if let Some((count, _)) = counted {
            self.dir.check_frames(SAMPLES, &array)?;
            if epochs.len() < count {
                return Err(self.dir.malformed(FRAMES, format!("it names {} frames of {count}", epochs.len())));
            }
            if !self.dir.is_locked() {
                epochs.truncate(count);
            }
        }
        self.check_epochs(&epochs)?;
        let all = array.values.as_chunks().0;
        let samples = all.chunks((points as usize).max(1)).take(epochs.len()).map(<[Point]>::to_vec).collect();
        Ok(Frames { epochs, samples })
    }

    /// The points of one frame, which is read alone: also while others are being appended.
    pub fn frame(&self, index: usize) -> Result<Vec<Point>, RunError> {
        let values = self.dir.array_part(SAMPLES, index)?;
        Ok(values.as_chunks().0.to_vec())
    }

    /// How many frames are recorded.
    pub fn frame_count(&self) -> Result<usize, RunError> {
        let counted = if self.dir.is_locked() { None } else { self.dir.counted_frames()? };
        Ok(self.dir.labels(FRAMES)?.len().min(counted.map_or(usize::MAX, |(count, _)| count)))
    }

    /// Every frame but the last stands where the config has one; the last may have ended a run that became longer since.
    fn check_epochs(&self, epochs: &[u64]) -> Result<(), RunError> {
        let Some((&last, others)) = epochs.split_last() else { return Ok(()) };
        let due: Vec<u64> = (1..last).filter(|&epoch| self.config.is_frame(epoch)).take(epochs.len()).collect();
        let tied = self.dir.counted_frames()?.is_some();
        let done = match self.dir.status()? {
            Status::Finished { done } | Status::Ended { done, .. } | Status::Unfinished { done, .. } => done,
            Status::Absent => return Ok(()),
        };
        let last_fits =
            last >= 1 && (self.config.is_frame(last) || last == done) && (last <= done || self.dir.is_locked());
        if tied && (due != others || !last_fits) {
            return Err(self.dir.malformed(FRAMES, "its epochs are not those at which this run recorded frames"));
        }
        Ok(())
    }

    /// The records of all epochs done.
    pub fn metrics(&self) -> Result<Vec<EpochRecord>, RunError> {
        let records: Vec<EpochRecord> = self.dir.records(&|record| conform(&self.config, record))?;
        let in_order = records.iter().enumerate().all(|(i, record)| record.epoch == i as u64 + 1);
        if !in_order {
            return Err(self.dir.malformed(Kind::Points.records_file(), "its epochs do not follow each other from 1"));
        }
        Ok(records)
    }

    /// Its settings that did nothing in the epochs done.
    pub fn idle(&self) -> Result<Vec<Idle>, RunError> {
        Ok(idle::idle(&self.config, &self.metrics()?))
    }

    /// What the metrics among the records would be for a perfect generator; None for a run that measured nothing.
    pub fn floor(&self) -> Result<Option<Floor>, RunError> {
        if !self.dir.file(FLOOR).exists() {
            if self.config.eval_every != Some(0) && self.dir.manifest()?.digests.contains_key(FLOOR) {
                return Err(RunError::Lacks { path: self.path().to_owned(), missing: FLOOR.to_owned() });
            }
            return Ok(None);
        }
        let floor = serde_json::from_value(self.dir.json(FLOOR)?);
        floor.map(Some).map_err(|error| self.dir.malformed(FLOOR, error.to_string()))
    }

    /// Whether what was measured last, or else the last frame, says that nothing was learnt, and what says so.
    pub fn nothing_learnt(&self) -> Result<Option<NothingLearnt>, RunError> {
        let measured = self.metrics()?.into_iter().rev().find_map(|record| Some((record.sliced_w2?, record.coverage)));
        let frames = self.frames()?;
        if let Some(frame) = frames.samples.last() {
            let real = self.real()?;
            let (low, high) = (extremes(&real, f64::min), extremes(&real, f64::max));
            let within = |point: &Point| (0..2).all(|i| (low[i]..=high[i]).contains(&point[i]));
            if !frame.iter().any(within) {
                return Ok(Some(NothingLearnt::Elsewhere));
            }
        }
        let Some(((distance, coverage), floor)) = measured.zip(self.floor()?) else { return Ok(None) };
        let floors = distance / floor.sliced_w2.mean;
        Ok(match (floors > MOST_FLOORS, coverage) {
            (true, _) => Some(NothingLearnt::Floors(floors)),
            (false, Some(0.0)) => Some(NothingLearnt::NoCoverage),
            (false, _) => None,
        })
    }

    /// When its best state was, where it keeps one and measured already.
    pub fn best(&self) -> Result<Option<BestRecord>, RunError> {
        if self.config.keep_best.is_none() || !self.dir.file(BEST).exists() {
            return Ok(None);
        }
        RunDir::check_follower(&self.dir.file(BEST))?;
        let best = serde_json::from_value(self.dir.json(BEST)?);
        best.map(Some).map_err(|error| self.dir.malformed(BEST, error.to_string()))
    }

    /// The saved state.
    pub fn snapshot(&self) -> Result<Snapshot, RunError> {
        let (bundle, position) = self.dir.state()?;
        Snapshot::read(&self.dir, &self.config, &bundle, position)
    }

    /// The points that the run was begun with: from `given`, or where they lay.
    pub fn data(&self, given: Option<&Path>) -> Result<PointSet, InputError> {
        self.data_as(given, &Reading::from(&self.config.data)).map(|(set, _)| set)
    }

    /// The same, read in another way: a file that is elsewhere now may have other names in it.
    pub(super) fn data_as(&self, given: Option<&Path>, reading: &Reading) -> Result<(PointSet, KnownLaw), InputError> {
        self.dir.input("data", given, |path| {
            let (set, law) = data::load_with_law(path, reading)?;
            let sha256 = self.digest(&set)?;
            Ok(((set, law), sha256))
        })
    }

    /// The digest of points in the form in which the run has its data's: runs of before points too fine for single
    /// precision had one of their own know theirs by that of all others.
    pub(super) fn digest(&self, set: &PointSet) -> Result<String, RunError> {
        let manifest = self.dir.manifest()?;
        let single = set.single_digest();
        let is_old = manifest.inputs.iter().any(|input| input.role == "data" && input.sha256 == single);
        Ok(if is_old { single } else { set.digest() })
    }

    /// Where the run's data are now: in `given`, or where they lay.
    pub fn data_path(&self, given: Option<&Path>) -> Result<PathBuf, InputError> {
        self.data(given).map(|set| set.path)
    }
}

/// Why a run's data cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// They are not there, or are others.
    #[error(transparent)]
    Run(#[from] RunError),
    /// They cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
}

fn extremes(points: &[Point], pick: fn(f64, f64) -> f64) -> Point {
    let first = points.first().copied().unwrap_or_default();
    points.iter().fold(first, |found, point| [0, 1].map(|i| pick(found[i], point[i])))
}

/// Takes out of a record what belongs there only because the run was to end with it.
pub(super) fn conform(config: &RunConfig, record: &mut Value) {
    conform_but(config, None, record);
}

/// The same but for the record of the epoch in which the run ended by its own condition.
pub(super) fn conform_but(config: &RunConfig, ended: Option<u64>, record: &mut Value) {
    let epoch = record.get("epoch").and_then(Value::as_u64);
    let (Some(epoch), Value::Object(map)) = (epoch, record) else { return };
    if ended == Some(epoch) {
        return;
    }
    if !config.is_frame(epoch) {
        map.shift_remove("penalty_idle");
        map.shift_remove("clip_share");
    }
    if !config.is_measured(epoch) {
        let measured = Watched::ALL.into_iter().filter(|watched| !watched.is_loss());
        measured.for_each(|watched| drop(map.shift_remove(&watched.name().replace('-', "_"))));
    }
}
