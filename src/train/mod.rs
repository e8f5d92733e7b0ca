//! The training loop: draws batches and noise, asks the engine for steps, hands records to the run.

mod draws;
mod follow;
mod trace;

pub use draws::frame_codes;
pub use trace::Trace;

use std::time::{Duration, Instant};

use crate::checkpoint::CheckpointError;
use crate::config::RunConfig;
use crate::data::{self, DataError, Split};
use crate::engine::{self, Engine, EngineError, Losses};
use crate::metric::Tracked;
use crate::run::{ActiveRun, EpochRecord, Progress, RunDir, RunError, Snapshot};
use draws::EpochDraws;
use follow::Follower;

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
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
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

/// The state is saved at the end of an epoch when this much time has passed since it was saved last, and at the end of
/// training and when it is stopped: each time the disk is waited for, which would cost short epochs more than their work.
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// How a run is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Afresh; with `force` in the place of what is there.
    New {
        /// Whether a run that is there is replaced.
        force: bool,
    },
    /// From the state that the run in the directory saved; the config may have more epochs than it had.
    Resume,
}

/// A run in training: its data, its engine, its directory.
pub struct Session {
    config: RunConfig,
    split: Split,
    digest: String,
    engine: Box<dyn Engine>,
    run: ActiveRun,
    follower: Option<Follower>,
    trace: Option<Trace>,
    progress: Progress,
    saved: Saved,
}

/// When the state was saved last.
#[derive(Clone, Copy, Debug)]
struct Saved {
    epoch: u64,
    at: Instant,
}

impl Session {
    /// Loads the data, makes the engine, and takes the directory; a new run's initial state is recorded. Nothing is
    /// written before the data are known to be sound.
    pub fn open(config: RunConfig, dir: RunDir, start: Start) -> Result<Self, TrainError> {
        let set = data::load(&config.data.path, &config.data.key)?;
        let split = Split::new(&set, config.data.train_size, config.seed)?;
        engine::permit(&config, split.held_out.len()).map_err(EngineError::from)?;
        let digest = set.digest();
        let mut engine = engine::create(&config)?;
        let follower = Follower::new(&config, &split);
        let (run, progress) = match start {
            Start::New { force } => {
                let codes = frame_codes(&config, split.held_out.len());
                let mut run = ActiveRun::create(dir, &config, &split.held_out, &codes, force)?;
                if let Some(follower) = &follower {
                    run.write_floor(&follower.floor(&config, &split))?;
                }
                (run, Progress::default())
            }
            Start::Resume => {
                let (mut run, snapshot) = ActiveRun::resume(dir)?;
                if snapshot.data != digest {
                    return Err(TrainError::OtherData { path: config.data.path.display().to_string() });
                }
                engine.load(&snapshot.state)?;
                run.extend(&config)?;
                (run, snapshot.progress)
            }
        };
        let saved = Saved { epoch: progress.epoch, at: Instant::now() };
        let mut session = Self { config, split, digest, engine, run, follower, trace: None, progress, saved };
        if start != Start::Resume {
            session.save(session.progress)?;
        }
        Ok(session)
    }

    /// Records the first iterations.
    pub fn set_trace(&mut self, trace: Option<Trace>) {
        self.trace = trace;
    }

    /// Epochs done.
    pub fn epochs_done(&self) -> u64 {
        self.progress.epoch
    }

    /// Where it is recorded.
    pub fn dir(&self) -> &RunDir {
        self.run.dir()
    }

    /// Trains to the last epoch, or until `stop` says so, which is asked before every iteration. `observe` sees every
    /// epoch's record.
    pub fn train(
        &mut self,
        stop: &dyn Fn() -> bool,
        observe: &mut dyn FnMut(&EpochRecord),
    ) -> Result<Outcome, TrainError> {
        let mut progress = self.progress;
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
        let mut draws = EpochDraws::new(&self.config, &self.split.train, progress.epoch + 1);
        for _ in 0..progress.iteration {
            draws.next_iteration();
        }
        while progress.iteration < self.config.iterations_per_epoch() {
            if stop() {
                return Ok(false);
            }
            let draws = draws.next_iteration();
            if let Some(trace) = &mut self.trace {
                trace.before(self.engine.as_mut())?;
            }
            let losses = self.engine.step(&draws)?;
            self.check_finite(progress, losses)?;
            if let Some(trace) = &mut self.trace {
                trace.after(&draws, losses, self.engine.as_mut())?;
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
        let snapshot = self.snapshot(Progress { epoch, ..Progress::default() })?;
        if let Some(what) = snapshot.state.first_not_finite() {
            let (kept, iteration) = (self.saved.epoch, epoch * iterations);
            return Err(TrainError::Diverged { what, value: f64::NAN, iteration, epoch, kept });
        }
        let tracked = self.look(epoch)?;
        let record = EpochRecord {
            epoch,
            iteration: epoch * iterations,
            d_loss: progress.d_loss_sum / iterations as f64,
            g_loss: progress.g_loss_sum / iterations as f64,
            sliced_w2: tracked.map(|tracked| tracked.sliced_w2),
            coverage: tracked.map(|tracked| tracked.coverage),
            seconds: clock.seconds(),
        };
        self.run.append_metrics(&record)?;
        if epoch == self.config.epochs || self.saved.at.elapsed() >= SAVE_AFTER {
            self.write(&snapshot)?;
        }
        *progress = snapshot.progress;
        Ok(record)
    }

    /// Records the epoch's frame and takes its metrics, where one or the other is due.
    fn look(&mut self, epoch: u64) -> Result<Option<Tracked>, TrainError> {
        let (is_frame, is_measured) = (self.config.is_frame(epoch), self.config.is_measured(epoch));
        if !is_frame && !is_measured {
            return Ok(None);
        }
        let codes = frame_codes(&self.config, self.split.held_out.len());
        let points = self.engine.generate(&codes)?;
        if is_frame {
            self.run.append_frame(epoch, &points)?;
        }
        Ok(self.follower.as_ref().filter(|_| is_measured).map(|follower| follower.measure(&points)))
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
                    kept: self.saved.epoch,
                });
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, progress: Progress) -> Result<Snapshot, TrainError> {
        Ok(Snapshot { progress, state: self.engine.state()?, data: self.digest.clone() })
    }

    fn save(&mut self, progress: Progress) -> Result<(), TrainError> {
        let snapshot = self.snapshot(progress)?;
        self.write(&snapshot)
    }

    fn write(&mut self, snapshot: &Snapshot) -> Result<(), TrainError> {
        self.run.commit(snapshot)?;
        self.run.export(snapshot)?;
        self.saved = Saved { epoch: snapshot.progress.epoch, at: Instant::now() };
        Ok(())
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
