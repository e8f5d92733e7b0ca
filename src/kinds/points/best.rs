//! Keeping the networks of the best measurement.

use std::sync::Arc;

use super::run::{self, BestRecord, EpochRecord};
use super::snapshot::Best;
use super::{Points, TrainError};
use crate::checkpoint;
use crate::config::BestBy;
use crate::engine::State;
use crate::nets::mlp::{Mlp, Weights};
use crate::run::ActiveRun;

impl Points {
    /// Keeps the networks where what was measured is better than all before it.
    pub(super) fn keep_best(&mut self, record: &EpochRecord, state: &State) -> Result<(), TrainError> {
        let Some(metric) = self.config.keep_best else { return Ok(()) };
        let Some(value) = record.value(metric.watched()) else { return Ok(()) };
        if self.kept.regular.as_ref().is_some_and(|best| !metric.is_better(value, best.value)) {
            return Ok(());
        }
        let best = Arc::new(Best {
            epoch: record.epoch,
            value,
            generator: state.generator.clone(),
            averaged: state.average.as_ref().map(|average| self.engine.settled(average)).transpose()?,
            discriminator: state.discriminator.clone(),
        });
        if self.config.is_measured_anyway(record.epoch) {
            self.kept.regular = Some(best);
        } else {
            self.kept.at_end = Some(best);
        }
        Ok(())
    }

    /// The files of the best state, or none where there is no such state any more.
    pub(super) fn best_artefacts(
        &self,
        run: &mut ActiveRun,
        metric: BestBy,
        best: Option<&Best>,
    ) -> Result<(), TrainError> {
        let Some(best) = best else {
            for name in [run::BEST, run::BEST_GENERATOR, run::BEST_AVERAGED, run::BEST_DISCRIMINATOR] {
                run.unfollow(name)?;
            }
            return Ok(());
        };
        let generator = Mlp::generator(&self.config);
        follow_weights(run, run::BEST_GENERATOR, &generator, &best.generator)?;
        if let Some(averaged) = &best.averaged {
            follow_weights(run, run::BEST_AVERAGED, &generator, averaged)?;
        }
        let discriminator = Mlp::discriminator(&self.config);
        follow_weights(run, run::BEST_DISCRIMINATOR, &discriminator, &best.discriminator)?;
        let record = BestRecord { metric, epoch: best.epoch, value: best.value };
        let text = serde_json::to_string_pretty(&record);
        let text = text.map_err(|error| run.dir().malformed(run::BEST, error.to_string()))?;
        Ok(run.follow(run::BEST, (text + "\n").as_bytes())?)
    }
}

/// Makes sure that a file has a network's weights.
pub(super) fn follow_weights(run: &mut ActiveRun, name: &str, mlp: &Mlp, weights: &Weights) -> Result<(), TrainError> {
    let bytes = checkpoint::encode(&run.dir().file(name), &mlp.to_tensors(weights), Some(crate::version::note()))?;
    Ok(run.follow(name, &bytes)?)
}
