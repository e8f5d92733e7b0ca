//! Writing a run: the one process that holds the directory's lock.

use fs_err as fs;

use super::lock::Lock;
use super::{
    CONFIG, DISCRIMINATOR, EpochRecord, Floor, GENERATOR, NOISE, REAL, RunDir, RunError, Snapshot, Status, floor,
    frames, metrics, snapshot,
};
use crate::checkpoint;
use crate::config::RunConfig;
use crate::data::{Point, npy};
use crate::files;
use crate::nets::mlp::Mlp;

/// A run that this process writes.
#[derive(Debug)]
pub struct ActiveRun {
    dir: RunDir,
    config: RunConfig,
    frames: Vec<u64>,
    /// Held until the run is let go.
    _lock: Lock,
}

impl ActiveRun {
    /// Starts a run in `dir`. Where one is already there, or files that are no run's, that takes `force`, which
    /// removes a run's files and no others.
    pub fn create(
        dir: RunDir,
        config: &RunConfig,
        held_out: &[Point],
        codes: &[f32],
        force: bool,
    ) -> Result<Self, RunError> {
        fs::create_dir_all(dir.path())?;
        let lock = Lock::take(dir.path())?;
        // Under the lock, lest another process begin a run in between.
        if !force {
            refuse_existing(&dir)?;
        }
        files::remove_parts(dir.path())?;
        for name in super::ALL {
            match fs::remove_file(dir.file(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let latent = config.generator.latent_dim as u64;
        files::write(&dir.file(REAL), &npy::encode(&[held_out.len() as u64, 2], held_out.as_flattened()))?;
        files::write(&dir.file(NOISE), &npy::encode(&[codes.len() as u64 / latent, latent], codes))?;
        frames::create(&dir, held_out.len())?;
        metrics::rewrite(&dir, &[])?;
        let mut run = Self { dir, config: config.clone(), frames: Vec::new(), _lock: lock };
        // Last, for it is what makes the directory a run's.
        run.write_config(config)?;
        Ok(run)
    }

    /// Goes on with the run in `dir`: takes off what was written of an epoch that was cut off, and gives the state.
    pub fn resume(dir: RunDir) -> Result<(Self, Snapshot), RunError> {
        if dir.status()? == Status::Absent {
            return Err(RunError::NoRun { path: dir.path().to_owned(), missing: CONFIG.to_owned() });
        }
        let lock = Lock::take(dir.path())?;
        files::remove_parts(dir.path())?;
        let config = dir.config()?;
        let snapshot = dir.snapshot(&config)?;
        let done = snapshot.progress.epoch;
        let mut records = dir.metrics()?;
        records.retain(|record| record.epoch <= done);
        metrics::rewrite(&dir, &records)?;
        let frames = frames::truncate(&dir, done, dir.real()?.len())?;
        Ok((Self { dir, config, frames, _lock: lock }, snapshot))
    }

    /// The directory.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Makes `config` the run's, which differs from the one before in having more epochs at most. A frame and metrics
    /// that were recorded only because their epoch was to be the last go, as if the run had been meant to be longer all
    /// along.
    pub fn extend(&mut self, config: &RunConfig) -> Result<(), RunError> {
        if *config == self.config {
            return Ok(());
        }
        self.write_config(config)?;
        if let Some(&last) = self.frames.last().filter(|&&last| !config.is_frame(last)) {
            let points = self.dir.real()?.len();
            self.frames = frames::truncate(&self.dir, last - 1, points)?;
        }
        let mut records = self.dir.metrics()?;
        if let Some(last) = records.last_mut().filter(|last| !config.is_measured(last.epoch)) {
            (last.sliced_w2, last.coverage) = (None, None);
            metrics::rewrite(&self.dir, &records)?;
        }
        Ok(())
    }

    fn write_config(&mut self, config: &RunConfig) -> Result<(), RunError> {
        let json =
            serde_json::to_string_pretty(&**config).map_err(|error| self.dir.malformed(CONFIG, error.to_string()))?;
        files::write(&self.dir.file(CONFIG), (json + "\n").as_bytes())?;
        self.config = config.clone();
        Ok(())
    }

    /// Writes what the metrics would be for a perfect generator.
    pub fn write_floor(&mut self, floor: &Floor) -> Result<(), RunError> {
        floor::write(&self.dir, floor)
    }

    /// Adds an epoch's record.
    pub fn append_metrics(&mut self, record: &EpochRecord) -> Result<(), RunError> {
        metrics::append(&self.dir, record)
    }

    /// Adds a frame, one point for each of the run's codes.
    pub fn append_frame(&mut self, epoch: u64, points: &[Point]) -> Result<(), RunError> {
        frames::append(&self.dir, &mut self.frames, epoch, points)
    }

    /// Saves the state: what was appended before it now counts.
    pub fn commit(&mut self, snapshot: &Snapshot) -> Result<(), RunError> {
        snapshot::write(&self.dir, &self.config, snapshot)
    }

    /// Writes the weights as files of their own, for PyTorch and others to read.
    pub fn export(&mut self, snapshot: &Snapshot) -> Result<(), RunError> {
        let state = &snapshot.state;
        for (name, mlp, weights) in [
            (GENERATOR, Mlp::generator(&self.config.generator), &state.generator),
            (DISCRIMINATOR, Mlp::discriminator(&self.config.discriminator), &state.discriminator),
        ] {
            checkpoint::save(&self.dir.file(name), &mlp.to_tensors(weights), None)?;
        }
        Ok(())
    }
}

fn refuse_existing(dir: &RunDir) -> Result<(), RunError> {
    let exists = |what: String, advice| RunError::Exists { path: dir.path().to_owned(), what, advice };
    match dir.status()? {
        Status::Finished { epochs } => Err(exists(
            format!("a finished run of {epochs} epochs"),
            "train into another --out, or replace it with --force",
        )),
        Status::Unfinished { done, epochs } => Err(exists(
            format!("an unfinished run, {done} of {epochs} epochs done"),
            "go on with --resume, or start again with --force",
        )),
        Status::Absent if holds_anything(dir)? => Err(RunError::Foreign { path: dir.path().to_owned() }),
        Status::Absent => Ok(()),
    }
}

/// Whether the directory holds files that no run of ours left there.
fn holds_anything(dir: &RunDir) -> Result<bool, RunError> {
    if !dir.path().exists() {
        return Ok(false);
    }
    for entry in fs::read_dir(dir.path())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !super::ALL.contains(&name.as_str()) && name != super::LOCK && !files::is_part(&name) {
            return Ok(true);
        }
    }
    Ok(false)
}
