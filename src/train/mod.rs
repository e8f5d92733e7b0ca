//! The training loop: draws batches and noise, asks the engine for steps, hands records to the run.

mod draws;
mod trace;

pub use draws::frame_codes;
pub use trace::Trace;

use std::time::Instant;

use crate::checkpoint::CheckpointError;
use crate::config::RunConfig;
use crate::data::Split;
use crate::engine::{Engine, EngineError, Losses};
use crate::run::{ActiveRun, EpochRecord, Progress, RunError, Snapshot};
use draws::EpochDraws;

/// Why training ended before its last epoch.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The arithmetic failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run cannot be written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The trace cannot be written.
    #[error(transparent)]
    Trace(#[from] CheckpointError),
    /// A number became NaN or infinite.
    #[error(
        "training diverged: {what} is {value} in iteration {iteration} (epoch {epoch}); the run keeps its state after \
         epoch {kept}. A lower --lr usually helps"
    )]
    Diverged {
        /// Which number.
        what: String,
        /// What it became.
        value: f64,
        /// The iteration, from 1, since the run began.
        iteration: u64,
        /// Its epoch.
        epoch: u64,
        /// Epochs done in the state that is kept.
        kept: u64,
    },
    /// The data are not those that the run began with.
    #[error(
        "the data in {path} are not those that this run began with; put the old file back, or start again with --force"
    )]
    OtherData {
        /// The data's file.
        path: String,
    },
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs are done.
    Finished,
    /// It was asked to stop, and saved its state.
    Stopped,
}

/// What training works with.
pub struct Training<'a> {
    /// What to do.
    pub config: &'a RunConfig,
    /// The points.
    pub split: &'a Split,
    /// The digest of the points.
    pub data_digest: &'a str,
    /// Who does the arithmetic.
    pub engine: &'a mut dyn Engine,
    /// Where it is recorded.
    pub run: &'a mut ActiveRun,
    /// Records the first iterations, where wanted.
    pub trace: Option<&'a mut Trace>,
}

impl Training<'_> {
    /// Begins a new run: records its initial state.
    pub fn begin(&mut self) -> Result<Progress, TrainError> {
        let progress = Progress::default();
        self.save(progress)?;
        Ok(progress)
    }

    /// Takes up a run where `snapshot` left it; the config may have more epochs than it had.
    pub fn take_up(&mut self, snapshot: &Snapshot) -> Result<Progress, TrainError> {
        if snapshot.data != self.data_digest {
            return Err(TrainError::OtherData { path: self.config.data.path.display().to_string() });
        }
        self.engine.load(&snapshot.state)?;
        self.run.extend(self.config)?;
        Ok(snapshot.progress)
    }

    /// Trains from `progress` to the last epoch, or until `stop` says so, which is asked before every iteration.
    /// `observe` sees every epoch's record.
    pub fn run(
        &mut self,
        mut progress: Progress,
        stop: &dyn Fn() -> bool,
        observe: &mut dyn FnMut(&EpochRecord),
    ) -> Result<Outcome, TrainError> {
        let clock = Clock::start(self.run.dir().metrics()?.last().map_or(0.0, |record| record.seconds));
        while progress.epoch < self.config.epochs {
            if !self.epoch(&mut progress, stop)? {
                self.save(progress)?;
                return Ok(Outcome::Stopped);
            }
            let record = self.finish_epoch(&mut progress, &clock)?;
            observe(&record);
        }
        if let Some(trace) = &mut self.trace {
            trace.finish()?;
        }
        Ok(Outcome::Finished)
    }

    /// The rest of an epoch; false if it was stopped.
    fn epoch(&mut self, progress: &mut Progress, stop: &dyn Fn() -> bool) -> Result<bool, TrainError> {
        let mut draws = EpochDraws::new(self.config, &self.split.train, progress.epoch + 1);
        for _ in 0..progress.iteration {
            draws.next_iteration();
        }
        while progress.iteration < self.config.iterations_per_epoch() {
            if stop() {
                return Ok(false);
            }
            let draws = draws.next_iteration();
            if let Some(trace) = &mut self.trace {
                trace.before(self.engine)?;
            }
            let losses = self.engine.step(&draws)?;
            self.check_finite(progress, losses)?;
            if let Some(trace) = &mut self.trace {
                trace.after(&draws, losses, self.engine)?;
            }
            progress.iteration += 1;
            progress.d_loss_sum += losses.discriminator;
            progress.g_loss_sum += losses.generator;
        }
        Ok(true)
    }

    /// Records an epoch whose iterations are done.
    fn finish_epoch(&mut self, progress: &mut Progress, clock: &Clock) -> Result<EpochRecord, TrainError> {
        let iterations = self.config.iterations_per_epoch();
        let epoch = progress.epoch + 1;
        let record = EpochRecord {
            epoch,
            iteration: epoch * iterations,
            d_loss: progress.d_loss_sum / iterations as f64,
            g_loss: progress.g_loss_sum / iterations as f64,
            seconds: clock.seconds(),
        };
        let snapshot = self.snapshot(Progress { epoch, ..Progress::default() })?;
        if let Some(what) = snapshot.state.first_not_finite() {
            let kept = progress.epoch;
            return Err(TrainError::Diverged { what, value: f64::NAN, iteration: record.iteration, epoch, kept });
        }
        let is_frame = self.config.is_frame(epoch);
        if is_frame {
            let codes = frame_codes(self.config, self.split.held_out.len());
            let points = self.engine.generate(&codes)?;
            self.run.append_frame(epoch, &points)?;
        }
        self.run.append_metrics(&record)?;
        self.run.commit(&snapshot)?;
        if is_frame {
            self.run.export(&snapshot)?;
        }
        *progress = snapshot.progress;
        Ok(record)
    }

    fn check_finite(&self, progress: &Progress, losses: Losses) -> Result<(), TrainError> {
        let named = [("the discriminator's loss", losses.discriminator), ("the generator's loss", losses.generator)];
        for (what, value) in named {
            if !value.is_finite() {
                return Err(TrainError::Diverged {
                    what: what.to_owned(),
                    value,
                    iteration: progress.epoch * self.config.iterations_per_epoch() + progress.iteration + 1,
                    epoch: progress.epoch + 1,
                    kept: progress.epoch,
                });
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, progress: Progress) -> Result<Snapshot, TrainError> {
        Ok(Snapshot { progress, state: self.engine.state()?, data: self.data_digest.to_owned() })
    }

    fn save(&mut self, progress: Progress) -> Result<(), TrainError> {
        let snapshot = self.snapshot(progress)?;
        self.run.commit(&snapshot)?;
        Ok(self.run.export(&snapshot)?)
    }
}

/// Seconds of training, over all the processes that took part.
struct Clock {
    before: f64,
    start: Instant,
}

impl Clock {
    fn start(before: f64) -> Self {
        Self { before, start: Instant::now() }
    }

    /// To the millisecond: more digits would be noise.
    fn seconds(&self) -> f64 {
        ((self.before + self.start.elapsed().as_secs_f64()) * 1000.0).round() / 1000.0
    }
}
