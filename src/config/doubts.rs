//! Combinations of settings that are allowed and known to fail.

use super::{EmaConfig, RunConfig};
use crate::objective::{Constraint, rules};

impl RunConfig {
    /// What a person should know before training begins, a sentence each.
    pub fn doubts(&self) -> Vec<String> {
        let game = self.game();
        let mut doubts = Vec::new();
        let unbounded = game.penalty.is_none_or(|penalised| penalised.weight <= 0.0);
        if game.rule == rules::WASSERSTEIN && unbounded && game.constraint == Constraint::None {
            doubts.push(
                "nothing bounds the critic: with the Wasserstein rule its scores grow without end; take --penalty wgan-gp, \
                 or --constraint clip"
                    .to_owned(),
            );
        }
        if game.rule == rules::WASSERSTEIN && game.constraint == Constraint::SpectralNorm {
            doubts.push(
                "the Wasserstein rule is known not to train with a spectral norm, which leaves the critic far flatter than \
                 slope 1; take --rule hinge"
                    .to_owned(),
            );
        }
        let critic_steps = self.epochs * self.iterations_per_epoch() * self.critic_steps as u64;
        if let Some(penalised) = game.penalty.filter(|penalised| penalised.every > critic_steps) {
            doubts.push(format!(
                "the penalty is taken every {} critic steps, and this run has {critic_steps}: it is taken once",
                penalised.every
            ));
        }
        let iterations = self.epochs * self.iterations_per_epoch();
        if let Some(lookahead) = self.lookahead.filter(|lookahead| lookahead.every > iterations) {
            doubts.push(format!(
                "slow weights pull the others back every {} iterations, and this run has {iterations}: they never do",
                lookahead.every
            ));
        }
        let generated = (self.epochs * self.iterations_per_epoch()) as f64 * self.batch_size as f64;
        if let Some(EmaConfig { half_life, ramp }) = self.ema
            && ramp <= 0.0
            && half_life > generated
        {
            doubts.push(format!(
                "the average forgets half in {half_life} generated points, and this run makes {generated}: it stays near \
                 the initial weights; take a smaller --ema, or an ema.ramp of 0.05"
            ));
        }
        doubts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Config as _, Model, TrainConfig};

    fn doubts(config: Value) -> Vec<String> {
        TrainConfig::from_value(config).unwrap().check().unwrap().doubts()
    }

    #[test]
    fn what_is_known_to_fail_is_said_and_nothing_else() {
        for model in Model::ALL {
            assert!(TrainConfig::lab(model).check().unwrap().doubts().is_empty(), "{model}");
        }
        for (config, words) in [
            (json!({"objective": {"rule": "wasserstein"}}), "nothing bounds the critic"),
            (json!({"objective": {"model": "wgan-gp", "gp_weight": 0.0}}), "nothing bounds the critic"),
            (
                json!({"objective": {"rule": "wasserstein"}, "constraint": {"name": "spectral-norm"}}),
                "not to train with a spectral norm",
            ),
            (
                json!({"objective": {"model": "gan"}, "penalty": {"name": "r1", "every": 100_000}}),
                "this run has 8640: it is taken once",
            ),
            (
                json!({"objective": {"model": "gan"}, "lookahead": {"every": 10_000}}),
                "this run has 8640: they never do",
            ),
            (
                json!({"objective": {"model": "gan"}, "ema": {"half_life": 1e9, "ramp": 0.0}}),
                "near the initial weights",
            ),
        ] {
            let found = doubts(config.clone());
            assert!(found.len() == 1 && found[0].contains(words), "{config}: {found:?}");
        }
        for sound in [
            json!({"objective": {"rule": "wasserstein"}, "constraint": {"name": "clip"}}),
            json!({"objective": {"model": "gan"}, "ema": {"half_life": 1e9}}),
        ] {
            assert!(doubts(sound.clone()).is_empty(), "{sound}");
        }
    }
}
