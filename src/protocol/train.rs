//! One training of a method, measured at its marks.

use serde::{Deserialize, Serialize};

use super::law::Feed;
use super::{Protocol, Scores, Shows, picture};
use crate::checkpoint::TensorError;
use crate::config::{Recording, RunConfig, Scale};
use crate::data::Point;
use crate::engine::{self, Engine, EngineError, Sample};
use crate::kinds::points::{Chance, Recorded, Tone, cells, field_of, state_from, state_tensors};
use crate::render::Field;
use crate::rng::{Stream, Use};
use crate::run::Bundle;

/// How far a training is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct At {
    /// Iterations done.
    pub(super) done: u64,
    /// The iteration whose losses were no numbers.
    pub(super) diverged: Option<u64>,
}

/// Why a training cannot go on from a state.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) enum NotRestored {
    Tensor(#[from] TensorError),
    Engine(#[from] EngineError),
}

/// A training on points of a law.
pub(super) struct Training<'a> {
    protocol: &'a Protocol,
    config: &'a RunConfig,
    engine: Box<dyn Engine>,
    feed: Feed,
    /// Where the networks' units begin, and how long they are, in the law's.
    units: [Point; 2],
    at: At,
}

impl<'a> Training<'a> {
    /// A training of which nothing is done.
    pub(super) fn new(protocol: &'a Protocol, config: &'a RunConfig) -> Result<Self, EngineError> {
        let units = if config.data.scale == Scale::None { [[0.0; 2], [1.0; 2]] } else { protocol.law.moments() };
        let feed = Feed::new(protocol.source, &protocol.law, config.members(), config.seed);
        Ok(Self { protocol, config, engine: engine::create(config)?, feed, units, at: At::default() })
    }

    /// How far it is. After the iteration in which it diverged nothing is learnt any more.
    pub(super) fn at(&self) -> At {
        self.at
    }

    /// All that it goes on from beside how far it is.
    pub(super) fn state(&mut self) -> Result<Bundle, EngineError> {
        Ok(state_tensors(self.config, &self.engine.state()?))
    }

    /// Goes on from there.
    pub(super) fn restore(&mut self, at: At, state: &Bundle) -> Result<(), NotRestored> {
        self.engine.load(&state_from(self.config, state)?)?;
        self.at = at;
        Ok(())
    }

    /// Takes an iteration. Its draws follow from the seed and its number alone.
    pub(super) fn step(&mut self) -> Result<(), EngineError> {
        self.at.done += 1;
        if self.at.diverged.is_some() {
            return Ok(());
        }
        let (config, part) = (self.config, self.at.done);
        let law = &self.protocol.law;
        let real = self.feed.take(law, config.real_batches() * config.batch_size, config.seed, part);
        let more = if engine::takes_more_real(config) { config.batch_size } else { 0 };
        let more = law.draw(more, &mut Stream::new(config.seed, Use::More, part));
        let [real, more] = [real, more].map(|points| self.samples(points));
        let draws = Chance::new(config, part).next_iteration(real, more);
        let losses = self.engine.step(&draws)?;
        if !(losses.discriminator.is_finite() && losses.generator.is_finite()) {
            self.at.diverged = Some(self.at.done);
        }
        Ok(())
    }

    /// The points of the generator, or of its average where there is one, on the codes that are the seed's.
    pub(super) fn generate(&mut self) -> Result<Vec<Point>, EngineError> {
        let measure = &self.protocol.measure;
        let [from, unit] = self.units;
        let codes = self.config.generator.codes(measure.samples, &mut Stream::new(self.config.seed, Use::Eval, 0));
        let average = self.engine.state()?.average;
        let averaged = average.map(|average| self.engine.settled(&average)).transpose()?;
        let points = engine::points(self.engine.as_mut(), averaged.as_ref(), &codes)?;
        let whole = |point: Sample| [0, 1].map(|i| f64::from(point[i]) * unit[i] + from[i]);
        Ok(points.into_iter().map(whole).collect())
    }

    /// The numbers of generated points.
    pub(super) fn measure(&self, generated: &[Point]) -> Scores {
        self.protocol.measure.of(&self.protocol.law, generated, self.config.seed)
    }

    /// The discriminator's scores over the pictures' part of the plane, if the recipe's pictures show them; None where a
    /// single point has no score, and of a training that diverged.
    pub(super) fn field(&mut self, generated: &[Point]) -> Result<Option<Field>, EngineError> {
        if self.protocol.recipe.shows != Shows::Contours || Recording::Field.lacks(self.config).is_some() {
            return Ok(None);
        }
        let law = &self.protocol.law;
        let (extent, real) = (picture::extent(law), picture::truth(law, self.config.seed));
        let [cells, real, generated] =
            [cells(extent).collect(), real, generated.to_vec()].map(|points| self.samples(points));
        let (field, real) = (self.engine.score(&cells)?, self.engine.score(&real)?);
        let scores = [real, Vec::new(), self.engine.score(&generated)?];
        if scores.iter().chain([&field]).flatten().any(|score| !score.is_finite()) {
            return Ok(None);
        }
        let recorded = Recorded {
            extent: Some(extent),
            field: Some(vec![field]),
            scores: Some(vec![scores]),
            ..Recorded::default()
        };
        let tone = Tone::of(self.config.game().rule, &recorded);
        Ok(tone.and_then(|tone| field_of(&tone, &recorded, 0)))
    }

    /// Points of the law in the networks' units.
    fn samples(&self, points: Vec<Point>) -> Vec<Sample> {
        let [from, unit] = self.units;
        points.into_iter().map(|point| [0, 1].map(|i| ((point[i] - from[i]) / unit[i]) as f32)).collect()
    }
}
