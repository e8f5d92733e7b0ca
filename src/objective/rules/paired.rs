//! The paired discriminator (paired-discriminator, 2026), against lost modes: it has a real and a generated point side by
//! side, in random order, as many one way as the other, and its score l is the logit of the real one standing first; for
//! t = 1 where it does, else 0:
//!
//! - discriminator: L = mean(softplus(l) - t l);
//! - generator: the same with 1 - t, through the generated point's half only.
//!
//! Both are at log 2 = 0.693 when the discriminator cannot tell.

use super::super::{Term, softplus};
use super::{Meets, Rule, Sides};

pub(super) static RULE: Rule = Rule {
    name: "paired",
    title: "Paired",
    help: "The discriminator sees a real and a generated point side by side and tells which is real",
    meets: Meets::Sides(Sides { critic: entropy, generator: |score, real_first| entropy(score, 1.0 - real_first) }),
    logits: true,
    blind: Some(0.0),
};

/// The cross-entropy of a logit with a label.
fn entropy(score: f64, label: f64) -> Term {
    let Term { value, slope, curvature } = softplus(score);
    Term { value: value - label * score, slope: slope - label, curvature }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Game, Network};
    use super::*;

    #[test]
    fn slopes_are_those_of_finite_differences_and_the_networks_want_opposite_things() {
        let game = Game::of(&RULE);
        let (scores, order) = ([-2.0, 0.3, 1.5, -0.1], [1.0, 0.0, 0.0, 1.0]);
        let losses = |network, scores: &[f64; 4]| {
            let mut slopes = [0.0; 4];
            (game.beside(network, scores, &order, &mut slopes), slopes)
        };
        for network in [Network::Discriminator, Network::Generator] {
            let (_, slopes) = losses(network, &scores);
            for (i, exact) in slopes.iter().enumerate() {
                let at = |by: f64| {
                    let mut moved = scores;
                    moved[i] += by;
                    losses(network, &moved).0
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((exact - numeric).abs() < 1e-8, "{network:?} {i}: {exact} for {numeric}");
                // The discriminator wants a high score where the real point stands first.
                let up = (order[i] > 0.5) == (network == Network::Discriminator);
                assert_eq!(*exact < 0.0, up, "{network:?} {i}");
            }
            let (blind, _) = losses(network, &[0.0; 4]);
            assert!((blind / 4.0 - std::f64::consts::LN_2).abs() < 1e-12);
        }
    }

    #[test]
    fn no_score_overflows_and_nan_stays() {
        for score in [3e38, -3e38] {
            let Term { value, slope, .. } = entropy(score, 0.0);
            assert!(value.is_finite() && slope.is_finite());
        }
        assert!(entropy(f64::NAN, 1.0).value.is_nan());
    }
}
