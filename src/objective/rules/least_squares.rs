//! LSGAN (Mao et al. 2017, equation 9) with the labels 0 for generated and 1 for real points:
//!
//! - discriminator: L = mean((r - 1)^2) / 2 + mean(f^2) / 2, at 1/4 when every score is 1/2 because it cannot tell;
//! - generator: L = mean((f - 1)^2) / 2.

use super::super::Term;
use super::{Alone, Meets, Rule};

pub(super) static RULE: Rule = Rule {
    name: "least-squares",
    title: "LSGAN",
    help: "Squared distances: of real scores to 1, of generated scores to 0 (in the generator's loss to 1)",
    meets: Meets::Alone(Alone { real: to_one, fake: to_zero, generator: to_one }),
    logits: false,
    blind: Some(0.5),
};

fn to_one(score: f64) -> Term {
    to_zero(score - 1.0)
}

fn to_zero(score: f64) -> Term {
    Term { value: score * score / 2.0, slope: score, curvature: 1.0 }
}
