//! Settings that do nothing: clipping that never binds, a penalty that never pushes.
//!
//! It is looked for from the beginning of a run until the setting is seen to do something, which is at once in most runs,
//! and noted in the record of each epoch in which it did nothing. So a run whose records all say so had no use of it.

use crate::config::RunConfig;
use crate::engine::{self, Sample};
use crate::nets::mlp::Weights;
use crate::objective::Constraint;
use crate::objective::penalties::Points as Places;

use super::run::EpochRecord;

/// So many points of each kind say whether a penalty pushes.
pub(super) const LOOKED_AT: usize = 16;

/// A setting that did nothing in a whole run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Idle {
    /// After no epoch any of the discriminator's parameters was at the clipping's bound.
    Clip(f64),
    /// In no frame the penalty had a gradient at any of the points that were looked at.
    Penalty(&'static str),
}

/// What was not yet seen to do something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    clip: Option<f64>,
    penalty: bool,
}

/// What did nothing in an epoch; None where it was not looked at, or did something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) clip: Option<bool>,
    pub(super) penalty: Option<bool>,
}

impl Watch {
    /// Of a run before its first record.
    pub(super) fn new(config: &RunConfig) -> Self {
        let game = config.game();
        let clip = match game.constraint {
            Constraint::None | Constraint::SpectralNorm => None,
            Constraint::Clip(bound) => Some(bound),
        };
        Self { clip, penalty: game.penalty.is_some() }
    }

    /// Whether there is something left to be seen.
    pub(super) const fn is_at_work(&self) -> bool {
        self.clip.is_some() || self.penalty
    }

    /// Whether it looks at a frame's points.
    pub(super) const fn looks_at_points(&self) -> bool {
        self.penalty
    }

    /// Takes a record of a run that goes on into account.
    pub(super) fn recorded(&mut self, config: &RunConfig, record: &EpochRecord) {
        if record.clip_idle != Some(true) {
            self.clip = None;
        }
        if config.is_frame(record.epoch) && record.penalty_idle != Some(true) {
            self.penalty = false;
        }
    }

    /// Looks at the discriminator after an epoch, and where there is a frame at what the penalty does there.
    pub(super) fn see(&mut self, config: &RunConfig, critic: &Weights, frame: Option<[&[Sample]; 2]>) -> Seen {
        let mut seen = Seen::default();
        if let Some(bound) = self.clip {
            // As the engines have it.
            let bound = bound as f32;
            if critic.parameters.iter().any(|p| p.abs() >= bound) {
                self.clip = None;
            } else {
                seen.clip = Some(true);
            }
        }
        if let Some(points) = frame.filter(|_| self.penalty) {
            if pushes(config, critic, points) {
                self.penalty = false;
            } else {
                seen.penalty = Some(true);
            }
        }
        seen
    }
}

/// Whether the penalty has a gradient at some of its points, made of these real and generated ones.
fn pushes(config: &RunConfig, critic: &Weights, [real, fake]: [&[Sample]; 2]) -> bool {
    let Some(penalised) = config.game().penalty else { return false };
    let pairs = || real.iter().zip(fake).take(LOOKED_AT);
    let between = |e: f32| pairs().map(move |(x, y)| [0, 1].map(|i| e * x[i] + (1.0 - e) * y[i]));
    let points: Vec<Sample> = penalised
        .penalty
        .points
        .iter()
        .flat_map(|place| match place {
            // What is moved is moved from there.
            Places::Real | Places::Moved => between(1.0).collect::<Vec<_>>(),
            Places::Fake => between(0.0).collect(),
            Places::Mixed => [0.1, 0.5, 0.9].into_iter().flat_map(between).collect(),
        })
        .collect();
    engine::score_gradients(config, critic, &points).into_iter().any(|mut push| {
        penalised.penalty.law.of_gradient(&mut push);
        push.iter().any(|x| penalised.weight * x != 0.0)
    })
}

/// The settings that did nothing in a run with these records.
pub(super) fn idle(config: &RunConfig, records: &[EpochRecord]) -> Vec<Idle> {
    let game = config.game();
    let mut found = Vec::new();
    if let Constraint::Clip(bound) = game.constraint
        && !records.is_empty()
        && records.iter().all(|record| record.clip_idle == Some(true))
    {
        found.push(Idle::Clip(bound));
    }
    let mut frames = records.iter().filter(|record| config.is_frame(record.epoch)).peekable();
    if let Some(penalised) = game.penalty
        && frames.peek().is_some()
        && frames.all(|record| record.penalty_idle == Some(true))
    {
        found.push(Idle::Penalty(penalised.penalty.title));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config as _, TrainConfig};
    use serde_json::{Value, json};

    fn config(game: &Value) -> RunConfig {
        let mut config = json!({"discriminator": {"hidden": [2]}});
        config.as_object_mut().unwrap().extend(game.as_object().unwrap().clone());
        TrainConfig::from_value(config).unwrap().check().unwrap()
    }

    /// A critic of two hidden features whose score is `slope` times x wherever x is above 0.
    fn critic(slope: f32) -> Weights {
        let parameters = vec![slope, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        Weights { parameters, statistics: Vec::new(), batches: 0 }
    }

    #[test]
    fn a_penalty_pushes_where_its_law_says_so() {
        let (real, fake) = ([[2.0, 0.0], [3.0, 1.0]], [[1.0, 5.0], [0.5, 0.0]]);
        let pushes = |name: &str, weight: f64, slope: f32| {
            let config = config(&json!({"objective": {"rule": "hinge"}, "penalty": {"name": name, "weight": weight}}));
            pushes(&config, &critic(slope), [&real, &fake])
        };
        for name in ["r1", "r2", "r1+r2"] {
            assert!(pushes(name, 1.0, 0.3) && !pushes(name, 1.0, 0.0) && !pushes(name, 0.0, 0.3), "{name}");
        }
        // One-sided: only slopes above 1.
        assert!(pushes("wgan-lp", 1.0, 1.5) && !pushes("wgan-lp", 1.0, 0.9));
        assert!(pushes("wgan-gp", 1.0, 0.9) && !pushes("wgan-gp", 1.0, 1.0) && pushes("dragan", 1.0, 0.9));
    }

    #[test]
    fn clipping_is_idle_until_a_parameter_is_at_the_bound() {
        let config = config(&json!({"objective": {"model": "wgan", "clip": 0.7}}));
        let mut watch = Watch::new(&config);
        let inside = Weights { parameters: vec![-0.6, 0.3], statistics: Vec::new(), batches: 0 };
        let at = Weights { parameters: vec![-0.7, 0.3], ..inside.clone() };
        let mut see = |weights: &Weights| watch.see(&config, weights, None).clip;
        assert_eq!([see(&inside), see(&inside), see(&at), see(&inside)], [Some(true), Some(true), None, None]);
    }
}
