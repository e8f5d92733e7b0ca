//! Runs of points: training draws batches and noise, asks the engine for steps, and measures what the generator makes.

mod best;
mod chosen;
mod draws;
mod eval;
mod follow;
mod idle;
mod recorded;
mod run;
mod scene;
mod snapshot;
mod trace;
mod units;
mod watch;

pub use chosen::{Which, points_from};
pub use draws::{Chance, frame_codes};
pub use eval::{DataSetId, EvalError, Measured, Plan, RECORDED, Report, Series, evaluate, notes, recorded};
pub use idle::Idle;
pub use recorded::{Extent, Groups, LINES, Lattice, PERCENTILES, Recorded, SIDE, STEPS, Scope, Span, Tone, cells};
pub use run::{BestRecord, EpochRecord, Floor, Frames, InputError, NothingLearnt, PointsRun};
pub use scene::{FrameScene, SceneError, Scenes, View, blind_loss, field_of};
pub use snapshot::{Best, Kept, Progress, Snapshot, state_from, state_tensors};
pub use trace::Trace;
pub use units::{KnownMode, Prepared, Units};

use std::iter;
use std::path::Path;

use crate::checkpoint::CheckpointError;
use crate::config::{RunConfig, Scale};
use crate::data::npy::{self, Precision};
use crate::data::{self, DataError, Point, PointSpread, Reading, Split, Taken};
use crate::engine::{self, Engine, EngineError, Losses, Sample, State};
use crate::metric::Tracked;
use crate::nets::mlp::{Mlp, Weights};
use crate::objective::Constraint;
use crate::render::{AxesChoice, Real, ScatterPainter, Size};
use crate::run::{
    ActiveRun, ArrayPlan, Bundle, Claim, Input, Kind, Position, RunDir, RunError, SeriesPlan, Session, Start, Work,
};
use best::follow_weights;
use draws::EpochDraws;
use follow::Follower;
use recorded::Sight;
use watch::{Watch, Watching};

/// Why training ended before its last epoch.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The arithmetic failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run cannot be written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file of tensors cannot be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A number became NaN or infinite, or too large to be of use.
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
    /// A setting speaks of what this run does not record.
    #[error("{key} is {said}, but {reason}")]
    Unwatched {
        /// The setting.
        key: &'static str,
        /// Its value, or the part of it.
        said: String,
        /// What is recorded instead, and what to do.
        reason: String,
    },
    /// A run whose rates fall to its end was to get another end.
    #[error(
        "the learning rates of this run, the weight of its penalty or its noise follow a schedule over its {planned} epochs, so that \
         it cannot be changed to {wanted} epochs; begin a run of {wanted} epochs in another directory with --out"
    )]
    Scheduled {
        /// The epochs that it was begun with.
        planned: u64,
        /// Those that were asked for.
        wanted: u64,
    },
}

/// In single precision two numbers of this size that differ by less than 1 are the same.
const LARGEST_LOSS: f64 = 16_777_216.0;

/// That single precision is too coarse for points along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merging {
    /// Its steps there.
    pub step: f64,
    /// The standard deviation of the training points.
    pub deviation: f64,
}

/// Training on points.
pub struct Points {
    config: RunConfig,
    prepared: Prepared,
    /// The training points, in the networks' units.
    train: Vec<Sample>,
    split: Split,
    taken: Taken,
    remarks: Vec<String>,
    merging: [Option<Merging>; 2],
    /// What is recorded beside points, where something is.
    scope: Option<Scope>,
    engine: Box<dyn Engine>,
    follower: Option<Follower>,
    trace: Option<Trace>,
    watch: Watch,
    idle: idle::Watch,
    /// The condition that holds, so that the run is over.
    ended: Option<String>,
    kept: Kept,
    progress: Progress,
    /// What is left of the epoch's draws.
    draws: Option<EpochDraws>,
    /// The engine's state after the epoch that was recorded last, until the next step.
    fresh: Option<State>,
    /// A loss above this is of no use; a critic's grows with the size of the data.
    largest_loss: f64,
}

/// Loads the data, makes the engine, and takes the directory. Nothing is written before the data are known to be sound.
/// A run that goes on may have more epochs than before, and its data may be elsewhere, in `moved`.
pub fn open(
    config: RunConfig,
    dir: RunDir,
    start: Start,
    moved: Option<&Path>,
    trace: Option<Trace>,
) -> Result<Session<Points>, TrainError> {
    let begun = match (start, dir.kind()) {
        (Start::Resume, Some(Kind::Points)) => Some(PointsRun::open(&dir)?),
        _ => None,
    };
    if let Some(planned) = begun.as_ref().map(|run| run.config().epochs)
        && config.is_planned_to_its_end()
        && planned != config.epochs
    {
        return Err(TrainError::Scheduled { planned, wanted: config.epochs });
    }
    let reading = Reading::from(&config.data);
    let (set, law) = match &begun {
        Some(run) => run.data_as(moved, &reading).map_err(TrainError::from)?,
        None => data::load_with_law(&config.data.path, &reading)?,
    };
    let sha256 = begun.as_ref().map_or_else(|| Ok(set.digest()), |run| run.digest(&set))?;
    let split = Split::new(&set, config.data.train_size, config.seed)?;
    // What says no law in a form that is understood says none.
    let modes = law.ok().flatten();
    let (config, prepared) = if let Some(run) = &begun {
        let prepared = run.prepared(&split, modes, set.taken.axis_names())?;
        (config.in_words_of(run.config(), prepared.shuffle, prepared.units.scale), prepared)
    } else {
        let prepared = Prepared::of(&config, &split, modes).named(set.taken.axis_names());
        (config, prepared)
    };
    let units = prepared.units;
    let merging = merging(&units, &split);
    let train: Vec<Sample> = split.train.iter().map(|&point| units.inward(point)).collect();
    if train.as_flattened().iter().any(|x| !x.is_finite()) {
        set.fits_single()?;
    }
    let split = split.map(|point| units.keep(point));
    engine::permit(&config, split.held_out.len()).map_err(EngineError::from)?;
    let follower = Follower::new(&config, &split, prepared.known_modes());
    let codes = frame_codes(&config, split.held_out.len());
    let text = |name, json| text(&dir, name, json);
    let [real, noise] = once(&config, &units, &split, &codes);
    let mut once = vec![real, noise, (run::DATA, text(run::DATA, prepared.text())?)];
    let floor = follower.as_ref().map(|follower| follower.floor(&config, &split));
    if let Some(floor) = &floor {
        once.push((run::FLOOR, text(run::FLOOR, serde_json::to_string_pretty(floor).map(|text| text + "\n"))?));
    }
    let scope = scope(begun.as_ref(), &config, &split, &prepared)?;
    if let Some(scope) = &scope {
        once.push((
            recorded::RECORDED,
            text(recorded::RECORDED, serde_json::to_string_pretty(scope).map(|text| text + "\n"))?,
        ));
    }
    let shape = vec![split.held_out.len() as u64, 2];
    let samples = ArrayPlan { file: run::SAMPLES, shape, precision: units.precision };
    let arrays = iter::once(samples).chain(scope.iter().flat_map(Scope::arrays));
    let Watching { watch, idle, ended } = Watching::of(&config, floor.as_ref(), begun.as_ref())?;
    let (ended_at, ended) = ended.unzip();
    let (for_frames, for_records) = (config.clone(), config.clone());
    let claim = Claim {
        kind: Kind::Points,
        settings: serde_json::to_value(&*config)
            .map_err(|error| dir.malformed(Kind::Points.settings_file(), error.to_string()))?,
        total: config.epochs,
        ended: ended.clone(),
        inputs: vec![Input::new("data", &set.path, sha256)],
        once,
        name: String::new(),
        series: Some(SeriesPlan {
            arrays: arrays.collect(),
            labels: run::FRAMES,
            due: Box::new(move |epoch| for_frames.is_frame(epoch) || ended_at == Some(epoch)),
        }),
        conform: Box::new(move |record| run::conform_but(&for_records, ended_at, record)),
        recount: None,
        shown: None,
    };
    let engine = engine::create(&config)?;
    let largest_loss = largest_loss(&train);
    let work = Points {
        config,
        prepared,
        train,
        split,
        remarks: data::remarks(&set.points),
        merging,
        scope,
        taken: set.taken,
        engine,
        follower,
        trace,
        watch,
        idle,
        ended,
        kept: Kept::default(),
        progress: Progress::default(),
        draws: None,
        fresh: None,
        largest_loss,
    };
    Session::open(work, &claim, dir, start)
}

/// The files of the held-out points and of the codes of frames.
fn once(config: &RunConfig, units: &Units, split: &Split, codes: &[f32]) -> [(&'static str, Vec<u8>); 2] {
    let latent = config.generator.latent_dim as u64;
    let kept: Vec<f64> = codes.iter().copied().map(f64::from).collect();
    [
        (run::REAL, npy::encode(units.precision, &[split.held_out.len() as u64, 2], split.held_out.as_flattened())),
        (run::NOISE, npy::encode(Precision::Single, &[codes.len() as u64 / latent, latent], &kept)),
    ]
}

/// JSON as one of the run's files.
fn text(dir: &RunDir, name: &str, json: serde_json::Result<String>) -> Result<Vec<u8>, RunError> {
    json.map(String::into_bytes).map_err(|error| dir.malformed(name, error.to_string()))
}

/// A loss above this is of no use for these points.
fn largest_loss(train: &[Sample]) -> f64 {
    LARGEST_LOSS * f64::from(train.as_flattened().iter().fold(1.0_f32, |most, x| most.max(x.abs())))
}

/// For each axis whether single precision, in which the networks have the points as they are, merges many of them.
fn merging(units: &Units, split: &Split) -> [Option<Merging>; 2] {
    let spread = (units.scale == Scale::None).then(|| PointSpread::of(&split.train));
    spread.map_or([None; 2], |spread| {
        [0, 1].map(|axis| Some(Merging { step: spread.coarse_steps()[axis]?, deviation: spread.deviation(axis) }))
    })
}

/// What a run records beside points, where it records something: one that was begun as it does, a new one as its config says.
fn scope(
    begun: Option<&PointsRun>,
    config: &RunConfig,
    split: &Split,
    prepared: &Prepared,
) -> Result<Option<Scope>, RunError> {
    let new = || Scope::new(config, split, &prepared.units, extent(config, split, prepared));
    let scope = match begun {
        Some(run) => run.scope_or(new)?,
        None => Some(new()),
    };
    Ok(scope.filter(|scope| !scope.recorded.is_empty()))
}

/// The part of the plane that the default picture of a run shows.
fn extent(config: &RunConfig, split: &Split, prepared: &Prepared) -> Extent {
    let real = Real { points: split.held_out.clone(), names: prepared.names.clone(), classes: None };
    let axes = ScatterPainter::axes(Size::default(), AxesChoice::default(), &real, config.data.is_the_labs());
    Extent { x: [axes.x.0, axes.x.1], y: [axes.y.0, axes.y.1] }
}

impl From<InputError> for TrainError {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Run(error) => Self::Run(error),
            InputError::Data(error) => Self::Data(error),
        }
    }
}

impl Work for Points {
    type Record = EpochRecord;
    type State = Snapshot;
    type Error = TrainError;

    fn position(&self) -> Position {
        Position { done: self.progress.epoch, total: self.config.epochs }
    }

    fn ended(&self) -> Option<String> {
        self.ended.clone()
    }

    fn has_diverged(error: &TrainError) -> bool {
        matches!(error, TrainError::Diverged { .. })
    }

    fn step(&mut self, _: &mut ActiveRun) -> Result<(), TrainError> {
        self.fresh = None;
        let draws = self.draws.get_or_insert_with(|| {
            let mut draws =
                EpochDraws::new(&self.config, self.prepared.shuffle, self.train.len(), self.progress.epoch + 1);
            // What was used before the run was stopped.
            draws.pass(self.progress.iteration);
            draws
        });
        let draws = draws.next_iteration(&self.train);
        if let Some(trace) = &mut self.trace {
            trace.before(self.engine.as_mut())?;
        }
        let losses = self.engine.step(&draws)?;
        self.check(losses)?;
        if let Some(trace) = &mut self.trace {
            trace.after(&draws, losses, self.engine.as_mut())?;
        }
        self.progress.iteration += 1;
        self.progress.d_loss_sum += losses.discriminator;
        self.progress.g_loss_sum += losses.generator;
        Ok(())
    }

    fn record(&mut self, run: &mut ActiveRun, seconds: f64) -> Result<Option<EpochRecord>, TrainError> {
        let iterations = self.config.iterations_per_epoch();
        if self.progress.iteration < iterations {
            return Ok(None);
        }
        let epoch = self.progress.epoch + 1;
        let state = self.engine.state()?;
        if let Some(what) = state.first_not_finite() {
            return Err(self.diverged(what, f64::NAN));
        }
        let due = Look { frame: self.config.is_frame(epoch), measure: self.config.is_measured(epoch) };
        let tracked = self.look(run, epoch, &state, due)?;
        let mut record = EpochRecord {
            epoch,
            iteration: epoch * iterations,
            d_loss: self.progress.d_loss_sum / iterations as f64,
            g_loss: self.progress.g_loss_sum / iterations as f64,
            seconds,
            ..EpochRecord::default()
        };
        record.measured(tracked);
        record.clip_share = due.frame.then(|| self.clip_share(&state)).flatten();
        let idle = self.look_for_idle(&state, due.frame)?;
        (record.clip_idle, record.penalty_idle) = (idle.clip, idle.penalty);
        let met = self.watch.see(&self.config, &record);
        if epoch < self.config.epochs && met.is_some() {
            self.ended = met;
            // A run's last epoch has both.
            let left = Look { frame: !due.frame, measure: !due.measure };
            record.measured(self.look(run, epoch, &state, left)?);
            record.clip_share = self.clip_share(&state);
        }
        self.keep_best(&record, &state)?;
        self.progress = Progress { epoch, ..Progress::default() };
        self.draws = None;
        self.fresh = Some(state);
        Ok(Some(record))
    }

    fn may_save(&self) -> bool {
        self.progress.iteration == 0
    }

    fn state(&mut self) -> Result<Option<Snapshot>, TrainError> {
        let state = match self.fresh.take() {
            Some(state) => state,
            None => self.engine.state()?,
        };
        Ok(Some(Snapshot { progress: self.progress, state, kept: self.kept.clone() }))
    }

    fn bundle(&self, snapshot: &Snapshot) -> Bundle {
        snapshot.bundle(&self.config)
    }

    fn load(&mut self, dir: &RunDir, bundle: &Bundle, position: Position) -> Result<(), TrainError> {
        let snapshot = Snapshot::read(dir, &self.config, bundle, position)?;
        self.engine.load(&snapshot.state)?;
        self.progress = snapshot.progress;
        self.kept = snapshot.kept;
        if self.ended.is_none() && position.done < position.total {
            // It goes on, and will not have ended there.
            self.kept.at_end = None;
        }
        Ok(())
    }

    fn artefacts(&mut self, run: &mut ActiveRun, snapshot: Option<&Snapshot>, ending: bool) -> Result<(), TrainError> {
        let Some(Snapshot { state, kept, .. }) = snapshot else { return Ok(()) };
        let averaged = state.average.as_ref().map(|average| self.engine.settled(average)).transpose()?;
        let generator = || Mlp::generator(&self.config);
        let files = [
            Some((run::GENERATOR, generator(), &state.generator)),
            averaged.as_ref().map(|weights| (run::AVERAGED, generator(), weights)),
            Some((run::DISCRIMINATOR, Mlp::discriminator(&self.config), &state.discriminator)),
        ];
        for (name, mlp, weights) in files.into_iter().flatten() {
            follow_weights(run, name, &mlp, weights)?;
        }
        if let Some(metric) = self.config.keep_best {
            self.best_artefacts(run, metric, kept.best())?;
        }
        match &mut self.trace {
            Some(trace) if ending => Ok(trace.finish()?),
            _ => Ok(()),
        }
    }
}

/// What is to be made of an epoch beside its losses.
#[derive(Clone, Copy, Debug)]
struct Look {
    frame: bool,
    measure: bool,
}

/// What was measured of an epoch.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// The metrics of what the frames show: the averaged generator's where there is one.
    shown: Tracked,
    /// Beside an averaged generator those of the generator itself.
    own: Option<Tracked>,
}

impl EpochRecord {
    /// Takes in what was measured, if something was.
    fn measured(&mut self, looked: Option<Looked>) {
        let Some(Looked { shown, own }) = looked else { return };
        (self.sliced_w2, self.coverage, self.mode_tv) = (Some(shown.sliced_w2), shown.coverage, shown.mode_tv);
        let Some(Tracked { sliced_w2, coverage, mode_tv }) = own else { return };
        self.generator_sliced_w2 = Some(sliced_w2);
        (self.generator_coverage, self.generator_mode_tv) = (coverage, mode_tv);
    }
}

impl Points {
    /// Its config.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// What it made of its data.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// How its data were read.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What is odd about its data, a sentence each.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// For each axis whether single precision, in which the networks have the points as they are, merges many of them.
    pub fn merging(&self) -> [Option<Merging>; 2] {
        self.merging
    }

    /// What does nothing in the state after an epoch; of the penalty only where there is a frame.
    fn look_for_idle(&mut self, state: &State, frame: bool) -> Result<idle::Seen, TrainError> {
        let mut made = Vec::new();
        if frame && self.idle.looks_at_points() {
            let codes = frame_codes(&self.config, idle::LOOKED_AT);
            made = self.engine.generate(&codes)?;
        }
        let points = (frame && !made.is_empty()).then_some([&self.train[..], &made[..]]);
        Ok(self.idle.see(&self.config, &state.discriminator, points))
    }

    /// Records the epoch's frame and takes its metrics, where one or the other is wanted.
    fn look(
        &mut self,
        run: &mut ActiveRun,
        epoch: u64,
        state: &State,
        Look { frame, measure }: Look,
    ) -> Result<Option<Looked>, TrainError> {
        if !(frame || measure && self.follower.is_some()) {
            return Ok(None);
        }
        let codes = frame_codes(&self.config, self.split.held_out.len());
        let averaged = state.average.as_ref().map(|average| self.engine.settled(average)).transpose()?;
        let (samples, points) = self.points(averaged.as_ref(), &codes)?;
        if frame {
            let beside = self.beside(state, averaged.as_ref(), &samples)?;
            let frame: Vec<Vec<f64>> = iter::once(points.as_flattened().to_vec()).chain(beside).collect();
            run.append_frame(epoch, &frame)?;
        }
        let own = if measure && averaged.is_some() { Some(self.points(None, &codes)?.1) } else { None };
        let measured = self.follower.as_ref().filter(|_| measure).map(|follower| Looked {
            shown: follower.measure(&points),
            own: own.as_ref().map(|own| follower.measure(own)),
        });
        Ok(measured)
    }

    /// What is recorded of a frame beside its points.
    fn beside(
        &mut self,
        state: &State,
        averaged: Option<&Weights>,
        samples: &[Sample],
    ) -> Result<Vec<Vec<f64>>, TrainError> {
        let Some(scope) = &self.scope else { return Ok(Vec::new()) };
        let units = &self.prepared.units;
        let held_out: Vec<Sample> =
            self.split.held_out.iter().take(scope.scored).map(|&point| units.inward(point)).collect();
        let points = [&self.train[..], &held_out, samples];
        let taken = Sight::new((&self.config, scope, units), self.engine.as_mut(), state, averaged, points).take()?;
        if taken.iter().flatten().any(|&x| !(x as f32).is_finite()) {
            return Err(self.diverged("a score of the discriminator".to_owned(), f64::INFINITY));
        }
        Ok(taken)
    }

    /// The share of the discriminator's parameters that are at the clip.
    fn clip_share(&self, state: &State) -> Option<f64> {
        let Constraint::Clip(bound) = self.config.game().constraint else { return None };
        // As the engines have it.
        let bound = bound as f32;
        let parameters = &state.discriminator.parameters;
        let there = parameters.iter().filter(|parameter| parameter.abs() >= bound).count();
        Some(there as f64 / parameters.len() as f64)
    }

    /// What the averaged generator, or else the generator itself, makes of codes: as the networks have it, and in the data's
    /// units.
    fn points(&mut self, averaged: Option<&Weights>, codes: &[f32]) -> Result<(Vec<Sample>, Vec<Point>), TrainError> {
        let samples = engine::points(self.engine.as_mut(), averaged, codes)?;
        let points: Vec<Point> = samples.iter().map(|&sample| self.prepared.units.outward(sample)).collect();
        if points.as_flattened().iter().any(|x| !x.is_finite()) {
            return Err(self.diverged("a generated point".to_owned(), f64::INFINITY));
        }
        Ok((samples, points))
    }

    fn check(&self, losses: Losses) -> Result<(), TrainError> {
        let named = [("the discriminator's loss", losses.discriminator), ("the generator's loss", losses.generator)];
        match named.into_iter().find(|(_, value)| !value.is_finite() || value.abs() > self.largest_loss) {
            Some((what, value)) => Err(self.diverged(what.to_owned(), value)),
            None => Ok(()),
        }
    }

    fn diverged(&self, what: String, value: f64) -> TrainError {
        let Progress { epoch, iteration, .. } = self.progress;
        let iterations = self.config.iterations_per_epoch();
        let iteration = epoch * iterations + (iteration + 1).min(iterations);
        TrainError::Diverged { what, value, iteration, epoch: epoch + 1, kept: epoch }
    }
}
