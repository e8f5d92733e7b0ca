//! The GAN's own game (Goodfellow et al. 2014, equation 1), from logits l with D = sigmoid(l):
//!
//! - discriminator: L = -mean(log D(x)) - mean(log(1 - D(G(z)))); at its best it is 2 log 2 = 1.386 when the two
//!   laws agree, lower when it can tell them apart;
//! - generator, saturating: L = mean(log(1 - D(G(z)))), at -log 2 = -0.693 when the discriminator cannot tell.
//!
//! -log D = softplus(-l) and -log(1 - D) = softplus(l), neither of which overflows or takes the log of 0 for any finite
//! logit, in the value or in the slope.

use super::super::{Term, softplus};
use super::{Alone, Meets, Rule};

pub(super) static RULE: Rule = Rule {
    name: "saturating",
    title: "GAN",
    help: "The original GAN: both losses have the term log(1 - D(G(z))), as in the lab",
    meets: Meets::Alone(Alone { real, fake, generator }),
    logits: true,
    blind: Some(0.0),
};

/// -log D(x).
pub(super) fn real(logit: f64) -> Term {
    let Term { value, slope, curvature } = softplus(-logit);
    Term { value, slope: -slope, curvature }
}

/// -log(1 - D(G(z))).
pub(super) fn fake(logit: f64) -> Term {
    softplus(logit)
}

/// log(1 - D(G(z))).
fn generator(logit: f64) -> Term {
    let Term { value, slope, curvature } = softplus(logit);
    Term { value: -value, slope: -slope, curvature: -curvature }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_the_formula() {
        for l in [-1.2, 0.3, 2.0_f64] {
            let d = 1.0 / (1.0 + (-l).exp());
            assert!((real(l).value + d.ln()).abs() < 1e-12);
            assert!((fake(l).value + (1.0 - d).ln()).abs() < 1e-12);
            assert!((generator(l).value - (1.0 - d).ln()).abs() < 1e-12);
        }
    }
}
