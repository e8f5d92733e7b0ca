//! How optimisers are chosen in a config, and what goes round them; `optim` holds the optimisers themselves.

use serde::{Deserialize, Serialize};

use super::{Choice, ConfigError, POINTS, TrainConfig};
use crate::optim::{Optim, WrongOption};

/// How slow weights go round both optimisers; `optim::lookahead` holds the formula.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LookaheadConfig {
    /// Iterations from one sync to the next; 0 for no slow weights.
    pub every: u64,
    /// How much of the way the slow weights go.
    pub step: f64,
}

impl Default for LookaheadConfig {
    fn default() -> Self {
        Self { every: 5, step: 0.5 }
    }
}

impl Optim {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; Self::ALL_DEFAULTS.len()] = {
        let mut choices = [Choice { name: "", help: "" }; Self::ALL_DEFAULTS.len()];
        let mut i = 0;
        while i < choices.len() {
            choices[i] = Choice { name: Self::ALL_DEFAULTS[i].name(), help: Self::ALL_DEFAULTS[i].help() };
            i += 1;
        }
        choices
    };
}

impl TrainConfig {
    /// The optimisers of generator and discriminator.
    pub fn optims(&self) -> [Optim; 2] {
        [self.optim, self.optim_d.unwrap_or(self.optim)]
    }

    /// The halves that an iteration has, each with steps of both networks on batches of its own: two for an extragradient,
    /// else one.
    pub fn halves(&self) -> usize {
        self.optim.steps_in_one()
    }

    /// Batches of real points in an iteration, one for each of the discriminator's steps.
    pub fn real_batches(&self) -> usize {
        self.critic_steps * self.halves()
    }

    /// Iterations done after so many steps of the generator's.
    pub fn iterations_after(&self, generator_steps: u64) -> u64 {
        generator_steps / self.halves() as u64
    }

    /// Whether an average follows the step that makes so many of the generator's: not one that only looks ahead.
    pub fn follows_after(&self, generator_steps: u64) -> bool {
        generator_steps.is_multiple_of(self.halves() as u64)
    }

    /// What the slow weights do at the end of the iteration that so many steps of the generator make: how much of the way
    /// they go, if they do.
    pub fn sync_after(&self, generator_steps: u64) -> Option<f64> {
        let LookaheadConfig { every, step } = self.lookahead?;
        (self.follows_after(generator_steps) && self.iterations_after(generator_steps).is_multiple_of(every))
            .then_some(step)
    }

    /// The optimisers in the words of papers: `Adam`, `Adam and RMSProp`, `Adam with lookahead`.
    pub fn optim_title(&self) -> String {
        let other = self.optim_d.map(|optim| format!(" and {}", optim.title())).unwrap_or_default();
        let around = if self.lookahead.is_some() { " with lookahead" } else { "" };
        format!("{}{other}{around}", self.optim.title())
    }
}

/// Whether an optimiser's options make sense, which stand under `group`.
pub(super) fn check(group: &str, optim: &Optim) -> Result<(), ConfigError> {
    optim.check().map_err(|WrongOption { option, found, expected }| {
        let mut keys = POINTS.keys.iter().filter(|key| key.group() == Some(group));
        // Tests see that every option is one of the table's.
        let key = keys.find(|key| key.last() == option).map_or(option, |key| key.path);
        ConfigError::Value { key, found, expected: expected.to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::super::Model;
    use super::*;
    use crate::optim::AdamOptions;

    #[test]
    fn slow_weights_sync_after_whole_iterations_only() {
        let lookahead = Some(LookaheadConfig { every: 2, step: 0.3 });
        let plain = TrainConfig { lookahead, ..TrainConfig::lab(Model::Gan) };
        let extra = TrainConfig { optim: Optim::ExtraAdam(AdamOptions::DEFAULT), ..plain.clone() };
        let syncs = |config: &TrainConfig| (1..=8).filter(|&n| config.sync_after(n).is_some()).collect::<Vec<_>>();
        assert_eq!((syncs(&plain), syncs(&extra)), (vec![2, 4, 6, 8], vec![4, 8]));
        assert_eq!((plain.real_batches(), extra.real_batches(), extra.iterations_after(6)), (1, 2, 3));
    }
}
