//! How good a run's generator is: every metric over fresh samples, and beside it the same metric between real points.

use std::path::PathBuf;

use crate::config::RunConfig;
use crate::data::synthetic::Law;
use crate::data::{DataError, KnownLaw, Mode, Point, Reading, Split};
use crate::engine::{self, EngineError};
use crate::metric::{CannotTell, MOST_MATCHED, Metric, Reference, Spread, measure, mode_scores};
use crate::paths;
use crate::rng::{Stream, Use};
use crate::run::{RunDir, RunError};
use crate::threads;

use super::chosen::{Chosen, Which};
use super::follow::DRAWS as FLOOR_DRAWS;
use super::run::{EpochRecord, Floor, InputError, PointsRun};

/// Of the held-out points at least this share is of high quality where the law is theirs: 0.989 is expected.
const LEAST_OF_LAW: f64 = 0.8;
/// And their shares of the modes are no farther from equal ones than this.
const MOST_APART: f64 = 0.5;

/// The metrics that a run records itself at its frames; those of modes only where it knows its data's law.
pub const RECORDED: [Metric; 3] = [Metric::SlicedW2, Metric::Coverage, Metric::ModeTv];

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which metrics; None for all that apply: those that need a known law are left out where none is known.
    pub metrics: Option<Vec<Metric>>,
    /// Whether metrics that need a known law are left out too where none is known, as long as others are left.
    pub lenient: bool,
    /// The law of the data, where the data's file does not say it.
    pub law: Option<Law>,
    /// Points in each set; None for as many as are held out, [`MOST_MATCHED`] at most.
    pub samples: Option<usize>,
    /// Which generator.
    pub which: Which,
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
    /// Of generated points against the held-out ones; None where it cannot tell.
    pub generated: Option<Spread>,
    /// Of training points against the held-out ones: what a perfect generator would get. None where it cannot tell.
    pub floor: Option<Spread>,
    /// Why it cannot tell.
    pub unknown: Option<CannotTell>,
}

impl Measured {
    /// How many floors a distance is; None where there is no such number.
    pub fn ratio(&self) -> Option<f64> {
        let (generated, floor) = (self.generated?.mean, self.floor?.mean);
        (self.metric.is_distance() && floor > 0.0).then(|| generated / floor)
    }
}

/// What cannot be told, in words: a line for each reason, with the metrics' names.
pub fn notes<'a>(metrics: impl IntoIterator<Item = &'a Measured>) -> Vec<String> {
    let mut found: Vec<(CannotTell, Vec<&str>)> = Vec::new();
    for measured in metrics {
        let Some(reason) = measured.unknown else { continue };
        let name = measured.metric.name();
        match found.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => found.push((reason, vec![name])),
        }
    }
    found.into_iter().map(|(reason, names)| format!("{}: {reason}", names.join(", "))).collect()
}

/// What runs have in common that may be compared: the same points, the same number of them held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSetId {
    /// The SHA-256 of the points, in double precision where single is too coarse for them.
    pub sha256: String,
    /// How many train.
    pub train_size: usize,
}

/// A metric of a run's frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Which.
    pub metric: Metric,
    /// Its values by epoch.
    pub values: Vec<(u64, f64)>,
    /// What it is for real points, over draws.
    pub floor: Option<Spread>,
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
    /// What the run's data are.
    pub data: DataSetId,
    /// The file that they were read from.
    pub data_path: PathBuf,
    /// How many points are held out.
    pub held_out: usize,
    /// How the run went, metric by metric.
    pub series: Vec<Series>,
    /// How many modes the law of the data has, where it is known to be one of Gaussians.
    pub modes: Option<usize>,
    /// Whether the run keeps its points more coarsely than they lie apart, as older programs did: then what it recorded
    /// has a floor of its own.
    pub coarse: bool,
}

impl Report {
    /// The one metric that says most of how near the run is: where the law has modes the total variation of their shares,
    /// which junk between them cannot hide from; else sliced W2.
    pub fn headline(&self) -> Metric {
        if self.modes.is_some() { Metric::ModeTv } else { Metric::SlicedW2 }
    }
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
    /// A run that measured nothing is to be taken by what it recorded.
    #[error("{path} recorded no metrics (eval_every 0, or no frame yet), so it has to be measured anew", path = path.display())]
    NothingRecorded {
        /// The run.
        path: PathBuf,
    },
    /// A generator was asked for that the run does not have.
    #[error("{path} {reason}")]
    NoSuchGenerator {
        /// The run.
        path: PathBuf,
        /// Why it has none.
        reason: String,
    },
    /// More points than there are, or than can be compared.
    #[error("{asked} samples were asked for; at most {most} can be compared here")]
    TooMany {
        /// Points asked for.
        asked: usize,
        /// Points there can be.
        most: usize,
    },
    /// A law was said that is not the data's.
    #[error(
        "the data are not of the law {law}: {share:.0} % of the held-out points lie within 3 deviations of one of its \
         modes, in {captured} of its {modes} modes; name the data's own law, or none"
    )]
    OtherLaw {
        /// The law.
        law: &'static str,
        /// How many per cent of the real points it explains.
        share: f64,
        /// In how many of its modes they are.
        captured: usize,
        /// How many it has.
        modes: usize,
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

/// Measures a run's generator.
pub fn evaluate(dir: &RunDir, plan: &Plan) -> Result<Report, EvalError> {
    let run = PointsRun::open(dir)?;
    let config = run.config();
    let snapshot = run.snapshot()?;
    let (set, law) = run.data_as(plan.data.as_deref(), &Reading::from(&config.data))?;
    let units = run.units()?;
    // The points as their file has them, not as the run keeps them: the floor is the data's and the split's, whatever the
    // run's units and their precision are.
    let split = Split::new(&set, config.data.train_size, config.seed)?;
    let modes = known_modes(&run, law, plan)?;
    if let (Some(law), Some(modes)) = (plan.law, &modes) {
        refuse_other_law(law, modes, &split.held_out)?;
    }
    let metrics = applicable(config, plan, modes.as_deref())?;
    let samples = sample_count(&split, plan, &metrics)?;
    let mut engine = engine::create(config)?;
    engine.load(&snapshot.state)?;
    let Chosen { epoch, weights } = Chosen::of(&run, plan.which, &snapshot, engine.as_mut())?;
    let mut others = Vec::with_capacity(2 * plan.repeats);
    for repeat in 1..=plan.repeats as u64 {
        let codes = codes(config, repeat, samples);
        let points = engine::points(engine.as_mut(), weights.as_ref(), &codes)?;
        let points: Vec<Point> = points.into_iter().map(|sample| units.outward(sample)).collect();
        if points.as_flattened().iter().any(|x| !x.is_finite()) {
            return Err(EvalError::NotFinite { path: dir.path().to_owned() });
        }
        others.push(points);
        others.push(split.training_sample(config.seed, repeat, samples));
    }
    let reference = Reference { points: &split.held_out[..samples], modes: modes.as_deref() };
    let measured = threads::map(threads::available(), &others, |other| measure(&metrics, &reference, other));
    let (generated, floor): (Vec<_>, Vec<_>) = measured.as_chunks::<2>().0.iter().cloned().map(<(_, _)>::from).unzip();
    let spread = |rows: &[Vec<Result<f64, CannotTell>>], i: usize| {
        let values = rows.iter().map(|row| row[i]).collect::<Result<Vec<f64>, _>>()?;
        Ok(Spread::of(&values))
    };
    let metrics = metrics.iter().enumerate().map(|(i, &metric)| {
        let draws = split.distinct_draws(samples, floor.len());
        let (generated, floor) = (spread(&generated, i), spread(&floor[..draws], i));
        let unknown: Option<CannotTell> = generated.err().or(floor.err());
        Measured { metric, generated: generated.ok(), floor: floor.ok(), unknown }
    });
    Ok(Report {
        epoch,
        samples,
        metrics: metrics.collect(),
        data: DataSetId { sha256: set.digest(), train_size: config.data.train_size },
        data_path: set.path.clone(),
        held_out: split.held_out.len(),
        series: series(&run, &split, modes.as_deref(), plan.law.is_some())?,
        modes: modes.as_ref().map(Vec::len),
        coarse: units.is_too_coarse_for(&split.train),
    })
}

/// What a run recorded itself in these records, without its data being read or anything drawn: the metrics of [`RECORDED`] at
/// its last measured frame. That is one draw, of the codes that all its frames have.
pub fn recorded(run: &PointsRun, records: &[EpochRecord], floor: Option<Floor>) -> Result<Report, EvalError> {
    let (dir, config) = (run.dir(), run.config());
    let series = series_recorded(records, floor);
    let at_the_last = |series: &Series| {
        let &(_, value) = series.values.last()?;
        let (generated, floor) = (Some(Spread::of(&[value])), series.floor);
        Some(Measured { metric: series.metric, generated, floor, unknown: None })
    };
    let metrics: Vec<Measured> = series.iter().filter_map(at_the_last).collect();
    if metrics.is_empty() {
        return Err(EvalError::NothingRecorded { path: dir.path().to_owned() });
    }
    let manifest = dir.manifest()?;
    let data = manifest.input("data");
    let (data_path, sha256) = data.map(|input| (paths::path(&input.path), input.sha256.clone())).unwrap_or_default();
    let real = run.real()?;
    Ok(Report {
        epoch: records.last().map_or(0, |record| record.epoch),
        samples: real.len().min(MOST_MATCHED),
        metrics,
        data: DataSetId { sha256, train_size: config.data.train_size },
        data_path,
        held_out: real.len(),
        series,
        modes: run.modes()?.as_ref().map(Vec::len),
        coarse: run.units()?.is_too_coarse_for(&real),
    })
}

/// How a run went by the metrics that it recorded; by that of modes only where it did.
fn series_recorded(records: &[EpochRecord], floor: Option<Floor>) -> Vec<Series> {
    let value = |metric: Metric, record: &EpochRecord| match metric {
        Metric::Coverage => record.coverage,
        Metric::ModeTv => record.mode_tv,
        _ => record.sliced_w2,
    };
    let floor_of = |metric: Metric, floor: Floor| match metric {
        Metric::Coverage => floor.coverage,
        Metric::ModeTv => floor.mode_tv,
        _ => Some(floor.sliced_w2),
    };
    let series = |metric| Series {
        metric,
        values: records.iter().filter_map(|record| Some((record.epoch, value(metric, record)?))).collect(),
        floor: floor.and_then(|floor| floor_of(metric, floor)),
    };
    let is_there = |series: &Series| series.metric != Metric::ModeTv || !series.values.is_empty();
    RECORDED.map(series).into_iter().filter(is_there).collect()
}

/// How the run went by the metrics that are recorded, and by those of its modes, which are taken from its frames where no
/// record has them: not where the law was said only now, nor where the run is of before they were recorded.
fn series(run: &PointsRun, split: &Split, modes: Option<&[Mode]>, said: bool) -> Result<Vec<Series>, RunError> {
    let mut found = series_recorded(&run.metrics()?, run.floor()?);
    let of_modes = found.pop_if(|series| series.metric == Metric::ModeTv);
    let Some(modes) = modes else { return Ok(found) };
    if let Some(series) = of_modes.filter(|_| !said) {
        found.push(series);
        return Ok(found);
    }
    let points = split.held_out.len().min(split.train.len()).min(MOST_MATCHED);
    if points >= Metric::ModeTv.least(Some(modes.len())) {
        let tv = |points: &[Point]| mode_scores(modes, points).total_variation;
        let values = run.frames()?.into_pairs().map(|(epoch, frame)| (epoch, tv(&frame[..points.min(frame.len())])));
        let draws = 1..=split.distinct_draws(points, FLOOR_DRAWS) as u64;
        let real = draws.map(|draw| tv(&split.training_sample(run.config().seed, draw, points)));
        let floor = Some(Spread::of(&real.collect::<Vec<_>>()));
        found.push(Series { metric: Metric::ModeTv, values: values.collect(), floor });
    }
    Ok(found)
}

/// The modes of the data's law, as the plan, the run or the data's file says it. A file that says one in no form that is
/// understood is an error only for those who ask.
fn known_modes(run: &PointsRun, known: KnownLaw, plan: &Plan) -> Result<Option<Vec<Mode>>, EvalError> {
    if let Some(law) = plan.law {
        return Ok(law.modes());
    }
    if let Some(modes) = run.modes()? {
        return Ok(Some(modes));
    }
    let asked = plan.metrics.as_ref().is_none_or(|metrics| metrics.iter().any(|metric| metric.needs_modes()));
    if asked && !plan.lenient { Ok(known?) } else { Ok(known.ok().flatten()) }
}

/// Refuses a law that the real points do not follow: whatever is measured by it is as bad for them as for any others, and
/// so looks as good as can be.
fn refuse_other_law(law: Law, modes: &[Mode], real: &[Point]) -> Result<(), EvalError> {
    let scores = mode_scores(modes, real);
    if scores.high_quality >= LEAST_OF_LAW && scores.total_variation <= MOST_APART {
        return Ok(());
    }
    let (share, captured) = (scores.high_quality, scores.captured as usize);
    Err(EvalError::OtherLaw { law: law.name(), share: 100.0 * share, captured, modes: modes.len() })
}

fn applicable(config: &RunConfig, plan: &Plan, modes: Option<&[Mode]>) -> Result<Vec<Metric>, EvalError> {
    let Some(wanted) = &plan.metrics else {
        return Ok(Metric::ALL.into_iter().filter(|metric| modes.is_some() || !metric.needs_modes()).collect());
    };
    if plan.lenient && modes.is_none() && wanted.iter().any(|metric| !metric.needs_modes()) {
        return Ok(wanted.iter().copied().filter(|metric| !metric.needs_modes()).collect());
    }
    match wanted.iter().find(|metric| modes.is_none() && metric.needs_modes()) {
        Some(metric) => Err(EvalError::NoLaw { metric: metric.name(), path: config.data.path.display().to_string() }),
        None => Ok(wanted.clone()),
    }
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
    config.generator.codes(samples, &mut Stream::new(config.seed, Use::Eval, repeat))
}
