//! Which of a run's generators is asked.

use super::eval::EvalError;
use super::run::PointsRun;
use super::snapshot::Snapshot;
use super::{Point, draws};
use crate::engine::{self, Engine};
use crate::nets::mlp::Weights;

/// One of the generators that a run saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// That of the last saved state: the averaged one where the run has one. The frames are its.
    #[default]
    Last,
    /// The averaged one of the last saved state.
    Average,
    /// The one that is trained, of the last saved state.
    Generator,
    /// That of the best measurement, by the metric that the run keeps its best by; averaged where the run averages.
    Best,
}

impl Which {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Last, Self::Average, Self::Generator, Self::Best];

    /// The name in commands and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Average => "average",
            Self::Generator => "generator",
            Self::Best => "best",
        }
    }

    /// What it is, in words.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Last => "The last saved state: the averaged generator if the run has one (--ema), else the generator",
            Self::Average => "The averaged generator, as last saved",
            Self::Generator => "The generator without averaging, as last saved",
            Self::Best => "The state with the best value of the metric of --keep-best",
        }
    }
}

/// A generator, and the epoch that it is of.
pub(super) struct Chosen {
    pub(super) epoch: u64,
    /// None for the engine's own.
    pub(super) weights: Option<Weights>,
}

impl Chosen {
    /// The one that is asked for, of the snapshot that the engine has loaded.
    pub(super) fn of(
        run: &PointsRun,
        which: Which,
        snapshot: &Snapshot,
        engine: &mut dyn Engine,
    ) -> Result<Self, EvalError> {
        let lacks =
            |reason: &str| EvalError::NoSuchGenerator { path: run.path().to_owned(), reason: reason.to_owned() };
        let epoch = snapshot.progress.epoch;
        let average = snapshot.state.average.as_ref();
        let weights = match which {
            Which::Generator => None,
            Which::Average if average.is_none() => {
                return Err(lacks("has no averaged generator: it was trained without --ema"));
            }
            Which::Last | Which::Average => average.map(|average| engine.settled(average)).transpose()?,
            Which::Best => {
                let none = if run.config().keep_best.is_some() {
                    "has measured nothing yet, so that there is no best"
                } else {
                    "keeps no best state: it was trained without --keep-best"
                };
                let best = snapshot.kept.best().ok_or_else(|| lacks(none))?;
                return Ok(Self { epoch: best.epoch, weights: Some(best.shown().clone()) });
            }
        };
        Ok(Self { epoch, weights })
    }
}

/// What a run's generator makes of the run's codes, as a frame has it, and the generator's epoch.
pub fn points_from(run: &PointsRun, which: Which) -> Result<(u64, Vec<Point>), EvalError> {
    let snapshot = run.snapshot()?;
    let mut engine = engine::create(run.config())?;
    engine.load(&snapshot.state)?;
    let Chosen { epoch, weights } = Chosen::of(run, which, &snapshot, engine.as_mut())?;
    let codes = draws::frame_codes(run.config(), run.real()?.len());
    let points = engine::points(engine.as_mut(), weights.as_ref(), &codes)?;
    let units = run.units()?;
    let points: Vec<Point> = points.into_iter().map(|sample| units.outward(sample)).collect();
    if points.as_flattened().iter().any(|x| !x.is_finite()) {
        return Err(EvalError::NotFinite { path: run.path().to_owned() });
    }
    Ok((epoch, points))
}
