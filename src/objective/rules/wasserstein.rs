//! The Wasserstein losses (Arjovsky, Chintala and Bottou 2017, Algorithm 1), for a critic f:
//!
//! - critic: L = mean(f(G(z))) - mean(f(x)); minus L estimates the Wasserstein-1 distance up to f's Lipschitz
//!   constant, so the loss is negative while the laws differ;
//! - generator: L = -mean(f(G(z))).
//!
//! The critic's Lipschitz constant needs a bound: clipping, or a gradient penalty. Public code often has both signs
//! turned; ours has real points high.

use super::super::Term;
use super::{Alone, Meets, Rule};

pub(super) static RULE: Rule = Rule {
    name: "wasserstein",
    title: "Wasserstein",
    help: "The difference of the mean scores; needs clipping or a gradient penalty",
    meets: Meets::Alone(Alone { real: high, fake: low, generator: high }),
    logits: false,
    blind: None,
};

pub(super) fn high(score: f64) -> Term {
    Term::line(-score, -1.0)
}

fn low(score: f64) -> Term {
    Term::line(score, 1.0)
}
