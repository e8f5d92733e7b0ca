//! What is recorded of a frame beside its points: one file each, and the list of them. To add one: a file, a variant of
//! [`Recording`], and a line in [`layer`].
//!
//! Scores and slopes are the discriminator's by the networks' units, as losses and penalties see them; places are in the
//! data's. A number is recorded as the networks have it after the frame's epoch, by the running statistics of batches.

mod field;
mod forces;
mod lattice;
mod read;
mod scores;
mod slopes;
mod tone;
mod weights;

pub use field::{SIDE, cells};
pub use lattice::{LINES, STEPS};
pub use read::{Groups, Lattice, Recorded};
pub use tone::{Span, Tone};
pub(super) use tone::{between_means, quantile};
pub use weights::PERCENTILES;

use serde::{Deserialize, Serialize};

use super::Units;
use crate::config::{Recording, RunConfig};
use crate::data::Split;
use crate::data::npy::Precision;
use crate::engine::{self, Engine, EngineError, Sample, State};
use crate::nets::mlp::Weights;
use crate::run::ArrayPlan;

/// The file that says what is recorded, and where.
pub(super) const RECORDED: &str = "recorded.json";

/// Points of each kind that are scored: enough for a histogram.
const SCORED: usize = 512;
/// Points of each kind at which the score's gradient is taken.
const PUSHED: usize = 200;

/// A thing that is recorded.
pub(super) struct Layer {
    /// Its array.
    file: &'static str,
    /// The shape of a frame of it.
    shape: fn(&Scope) -> Vec<u64>,
    /// What its numbers are kept in.
    precision: fn(&Scope) -> Precision,
    /// A frame of it.
    take: fn(&mut Sight<'_>) -> Result<Vec<f64>, EngineError>,
}

/// What is recorded under a name.
pub(super) const fn layer(recording: Recording) -> &'static Layer {
    match recording {
        Recording::Field => &field::LAYER,
        Recording::Lattice => &lattice::LAYER,
        Recording::Forces => &forces::LAYER,
        Recording::Scores => &scores::LAYER,
        Recording::Slopes => &slopes::LAYER,
        Recording::Weights => &weights::LAYER,
    }
}

/// The part of the plane over which a field is taken: that of the default picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// From left to right.
    pub x: [f64; 2],
    /// From bottom to top.
    pub y: [f64; 2],
}

/// What a run records beside its points, and of how many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// By their names.
    pub recorded: Vec<String>,
    /// Over which part of the plane.
    pub extent: Extent,
    /// How many points of each kind are scored.
    pub scored: usize,
    /// At how many of each kind the score's gradient is taken.
    pub pushed: usize,
    /// How many of them, side by side, the discriminator scores at once.
    pub pack: usize,
    /// How many numbers a code has.
    pub latent: usize,
    /// What the data's coordinates are kept in.
    pub precision: Precision,
}

impl Scope {
    /// Of a run over this part of the plane, whose data are split in this way.
    pub(super) fn new(config: &RunConfig, split: &Split, units: &Units, extent: Extent) -> Self {
        let pack = config.members();
        let of = |most: usize| most.min(split.train.len()).min(split.held_out.len()) / pack * pack;
        let mut scope = Self {
            recorded: Vec::new(),
            extent,
            scored: of(SCORED),
            pushed: of(PUSHED),
            pack,
            latent: config.generator.latent_dim,
            precision: units.precision,
        };
        // Of so few points that there is no pack of them nothing is recorded.
        let holds = |recording: &Recording| !(layer(*recording).shape)(&scope).contains(&0);
        let names = config.recordings().into_iter().filter(holds).map(|recording| recording.name().to_owned());
        scope.recorded = names.collect();
        scope
    }

    /// What is recorded.
    pub(super) fn recordings(&self) -> Vec<Recording> {
        let is_there = |recording: &Recording| self.recorded.iter().any(|name| name == recording.name());
        Recording::ALL.into_iter().filter(is_there).collect()
    }

    /// The arrays that it takes.
    pub(super) fn arrays(&self) -> Vec<ArrayPlan> {
        let plan = |recording| {
            let layer = layer(recording);
            ArrayPlan { file: layer.file, shape: (layer.shape)(self), precision: (layer.precision)(self) }
        };
        self.recordings().into_iter().map(plan).collect()
    }
}

/// A frame as the networks have it.
pub(super) struct Sight<'a> {
    config: &'a RunConfig,
    scope: &'a Scope,
    units: &'a Units,
    engine: &'a mut dyn Engine,
    state: &'a State,
    /// The averaged generator, settled, where there is one.
    averaged: Option<&'a Weights>,
    /// Training, held-out and generated points, as the networks have them.
    points: [&'a [Sample]; 3],
    /// The scores at the first of these, and their gradients, once somebody has asked.
    scores: Option<[Vec<f32>; 3]>,
    gradients: Option<[Vec<Vec<f64>>; 3]>,
}

impl<'a> Sight<'a> {
    pub(super) fn new(
        (config, scope, units): (&'a RunConfig, &'a Scope, &'a Units),
        engine: &'a mut dyn Engine,
        state: &'a State,
        averaged: Option<&'a Weights>,
        points: [&'a [Sample]; 3],
    ) -> Self {
        Self { config, scope, units, engine, state, averaged, points, scores: None, gradients: None }
    }

    /// A frame of all that is recorded, in the order of [`Scope::arrays`].
    pub(super) fn take(mut self) -> Result<Vec<Vec<f64>>, EngineError> {
        self.scope.recordings().into_iter().map(|recording| (layer(recording).take)(&mut self)).collect()
    }

    /// The scores of the first training, held-out and generated points, or packs of them.
    fn scores(&mut self) -> Result<[Vec<f32>; 3], EngineError> {
        if let Some(scores) = &self.scores {
            return Ok(scores.clone());
        }
        let mut all = [const { Vec::new() }; 3];
        for (scores, points) in all.iter_mut().zip(self.points) {
            *scores = self.engine.score(&points[..self.scope.scored])?;
        }
        self.scores = Some(all.clone());
        Ok(all)
    }

    /// The scores' gradients at fewer of them: of each pack by all of its coordinates.
    fn gradients(&mut self) -> [Vec<Vec<f64>>; 3] {
        let (config, state, pushed) = (self.config, self.state, self.scope.pushed);
        let points = self.points;
        let found = || points.map(|points| engine::score_gradients(config, &state.discriminator, &points[..pushed]));
        self.gradients.get_or_insert_with(found).clone()
    }
}

/// Single precision, for what is not in the data's units.
const fn single(_: &Scope) -> Precision {
    Precision::Single
}
