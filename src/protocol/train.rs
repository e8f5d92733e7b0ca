//! One training of a method, measured at its marks.

use super::{Mixture, Protocol, Scores};
use crate::config::{RunConfig, Scale};
use crate::data::Point;
use crate::engine::{self, Engine, EngineError, Sample};
use crate::kinds::points::Chance;
use crate::rng::{Stream, Use};

/// A training on points that a law gives anew in every iteration.
pub(super) struct Training<'a> {
    protocol: &'a Protocol,
    config: &'a RunConfig,
    engine: Box<dyn Engine>,
    /// A unit of the networks in the law's.
    unit: f64,
    done: u64,
    /// The iteration whose losses were no numbers.
    diverged: Option<u64>,
}

impl<'a> Training<'a> {
    /// A training of which nothing is done.
    pub(super) fn new(protocol: &'a Protocol, config: &'a RunConfig) -> Result<Self, EngineError> {
        // The laws lie around the origin, alike along both axes.
        let unit = if config.data.scale == Scale::None { 1.0 } else { protocol.law.deviation() };
        Ok(Self { protocol, config, engine: engine::create(config)?, unit, done: 0, diverged: None })
    }

    /// Iterations done.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// The iteration in which it diverged, after which nothing is learnt any more.
    pub(super) fn diverged(&self) -> Option<u64> {
        self.diverged
    }

    /// Takes an iteration. Its draws follow from the seed and its number alone.
    pub(super) fn step(&mut self) -> Result<(), EngineError> {
        self.done += 1;
        if self.diverged.is_some() {
            return Ok(());
        }
        let (config, part) = (self.config, self.done);
        let real = config.real_batches() * config.batch_size;
        let more = if engine::takes_more_real(config) { config.batch_size } else { 0 };
        let [real, more] = [(real, Use::Fresh), (more, Use::More)]
            .map(|(n, purpose)| fresh(&self.protocol.law, n, self.unit, &mut Stream::new(config.seed, purpose, part)));
        let draws = Chance::new(config, part).next_iteration(real, more);
        let losses = self.engine.step(&draws)?;
        if !(losses.discriminator.is_finite() && losses.generator.is_finite()) {
            self.diverged = Some(self.done);
        }
        Ok(())
    }

    /// The numbers of the generator, or of its average where there is one, on the codes that are the seed's.
    pub(super) fn measure(&mut self) -> Result<Scores, EngineError> {
        let measure = &self.protocol.recipe.measure;
        let codes = self.config.generator.codes(measure.samples, &mut Stream::new(self.config.seed, Use::Eval, 0));
        let average = self.engine.state()?.average;
        let averaged = average.map(|average| self.engine.settled(&average)).transpose()?;
        let points = engine::points(self.engine.as_mut(), averaged.as_ref(), &codes)?;
        let points: Vec<Point> = points.into_iter().map(|point| point.map(|x| f64::from(x) * self.unit)).collect();
        Ok(measure.of(&self.protocol.law.centres(), &points))
    }
}

/// `n` points of a law, in the networks' units.
fn fresh(law: &Mixture, n: usize, unit: f64, rng: &mut Stream) -> Vec<Sample> {
    law.draw(n, rng).into_iter().map(|point| point.map(|x| (x / unit) as f32)).collect()
}
