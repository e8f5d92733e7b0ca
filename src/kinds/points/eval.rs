//! How good a run's generator is: every metric over fresh samples, and beside it the same metric between real points.

use std::path::{Path, PathBuf};

use crate::config::RunConfig;
use crate::data::synthetic::Law;
use crate::data::{self, DataError, Mode, Point, Reading, Split};
use crate::engine::{self, EngineError};
use crate::metric::{MOST_MATCHED, Metric, Reference, Spread, measure};
use crate::rng::{Stream, Use};
use crate::run::{RunDir, RunError};

use super::run::{InputError, PointsRun};

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which metrics; None for all that apply: those that need a known law are left out where none is known.
    pub metrics: Option<Vec<Metric>>,
    /// The law of the data, where the data's file does not say it.
    pub law: Option<Law>,
    /// Points in each set; None for as many as are held out, [`MOST_MATCHED`] at most.
    pub samples: Option<usize>,
    /// Fresh draws.
    pub repeats: usize,
    /// Where the data are now, if not where they lay when the run was begun.
    pub data: Option<PathBuf>,
}

/// A metric of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Which.
    pub metric: Metric,
    /// Of generated points against the held-out ones.
    pub generated: Spread,
    /// Of training points against the held-out ones: what a perfect generator would get.
    pub floor: Spread,
}

impl Measured {
    /// How many floors it is.
    pub fn ratio(&self) -> f64 {
        self.generated.mean / self.floor.mean
    }
}

/// A run, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The epoch of the generator.
    pub epoch: u64,
    /// Points in each set.
    pub samples: usize,
    /// The metrics, in the plan's order.
    pub metrics: Vec<Measured>,
}

/// Why a run cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Its data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Its generator does not work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The generator makes points that are no numbers.
    #[error("the generator of {path} makes points that are not finite")]
    NotFinite {
        /// The run.
        path: PathBuf,
    },
    /// More points than there are, or than can be compared.
    #[error("{asked} samples were asked for; at most {most} can be compared here")]
    TooMany {
        /// Points asked for.
        asked: usize,
        /// Points there can be.
        most: usize,
    },
    /// A metric that needs a known law was asked for, and none is known.
    #[error(
        "{metric} needs the law of the data, which {path} does not say; name it with --law, or use a MAT file from \
         `gan-lab data make`"
    )]
    NoLaw {
        /// The metric.
        metric: &'static str,
        /// The data's file.
        path: String,
    },
}

impl From<InputError> for EvalError {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Run(error) => Self::Run(error),
            InputError::Data(error) => Self::Data(error),
        }
    }
}

/// Measures a run's generator as it was last saved.
pub fn evaluate(dir: &RunDir, plan: &Plan) -> Result<Report, EvalError> {
    let run = PointsRun::open(dir)?;
    let config = run.config();
    let snapshot = run.snapshot()?;
    let set = run.data(plan.data.as_deref())?;
    let units = run.units()?;
    let split = Split::new(&set, config.data.train_size, config.seed)?.map(|point| units.keep(point));
    let needs_modes = plan.metrics.as_ref().is_none_or(|metrics| metrics.iter().any(|metric| metric.needs_modes()));
    let modes = if needs_modes { known_modes(config, &set.path, plan)? } else { None };
    let metrics = applicable(config, plan, modes.as_deref())?;
    let samples = sample_count(&split, plan, &metrics)?;
    let mut engine = engine::create(config)?;
    engine.load(&snapshot.state)?;
    let mut others = Vec::with_capacity(2 * plan.repeats);
    for repeat in 1..=plan.repeats as u64 {
        let points = engine.generate(&codes(config, repeat, samples))?;
        let points: Vec<Point> = points.into_iter().map(|sample| units.outward(sample)).collect();
        if points.as_flattened().iter().any(|x| !x.is_finite()) {
            return Err(EvalError::NotFinite { path: dir.path().to_owned() });
        }
        others.push(points);
        others.push(split.training_sample(config.seed, repeat, samples));
    }
    let reference = Reference { points: &split.held_out[..samples], modes: modes.as_deref() };
    let measured = measure_all(&metrics, &reference, &others);
    let (generated, floor): (Vec<_>, Vec<_>) = measured.as_chunks::<2>().0.iter().cloned().map(<(_, _)>::from).unzip();
    let spread = |rows: &[Vec<Option<f64>>], i: usize| rows.iter().map(|row| row[i]).collect::<Option<Vec<f64>>>();
    let metrics = metrics.iter().enumerate().filter_map(|(i, &metric)| {
        let (generated, floor) = (Spread::of(&spread(&generated, i)?), Spread::of(&spread(&floor, i)?));
        Some(Measured { metric, generated, floor })
    });
    Ok(Report { epoch: snapshot.progress.epoch, samples, metrics: metrics.collect() })
}

/// The modes of the data's law, as the plan or the data's file says it.
fn known_modes(config: &RunConfig, path: &Path, plan: &Plan) -> Result<Option<Vec<Mode>>, DataError> {
    match plan.law {
        Some(law) => Ok(law.modes()),
        None => data::known_modes(path, &Reading::from(&config.data)),
    }
}

fn applicable(config: &RunConfig, plan: &Plan, modes: Option<&[Mode]>) -> Result<Vec<Metric>, EvalError> {
    let Some(wanted) = &plan.metrics else {
        return Ok(Metric::ALL.into_iter().filter(|metric| modes.is_some() || !metric.needs_modes()).collect());
    };
    match wanted.iter().find(|metric| modes.is_none() && metric.needs_modes()) {
        Some(metric) => Err(EvalError::NoLaw { metric: metric.name(), path: config.data.path.display().to_string() }),
        None => Ok(wanted.clone()),
    }
}

/// Measures several sets against the real one, as many at a time as there are processors.
fn measure_all(metrics: &[Metric], reference: &Reference<'_>, others: &[Vec<Point>]) -> Vec<Vec<Option<f64>>> {
    let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);
    let mut measured = Vec::with_capacity(others.len());
    for chunk in others.chunks(at_a_time) {
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                chunk.iter().map(|other| scope.spawn(|| measure(metrics, reference, other))).collect();
            // A worker that panicked is a mistake of ours, and goes on as one.
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            measured.extend(workers.into_iter().map(join));
        });
    }
    measured
}

fn sample_count(split: &Split, plan: &Plan, metrics: &[Metric]) -> Result<usize, EvalError> {
    let matched = metrics.iter().any(|metric| matches!(metric, Metric::W1 | Metric::W2));
    let most = split.held_out.len().min(split.train.len()).min(if matched { MOST_MATCHED } else { usize::MAX });
    match plan.samples {
        Some(asked) if asked > most => Err(EvalError::TooMany { asked, most }),
        Some(asked) => Ok(asked),
        None => Ok(most.min(MOST_MATCHED)),
    }
}

/// Fresh codes for a repeat; part 0 of the stream is the frames'.
fn codes(config: &RunConfig, repeat: u64, samples: usize) -> Vec<f32> {
    Stream::new(config.seed, Use::Eval, repeat).normal(samples * config.generator.latent_dim)
}
