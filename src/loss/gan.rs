//! GAN (Goodfellow et al. 2014, equation 1), from logits l with D = sigmoid(l):
//!
//! - discriminator: L = -mean(log D(x)) - mean(log(1 - D(G(z)))); at its best it is 2 log 2 = 1.386 when the two
//!   laws agree, lower when it can tell them apart;
//! - generator, saturating: L = mean(log(1 - D(G(z)))), at -log 2 = -0.693 when the discriminator cannot tell;
//! - generator, non-saturating: L = -mean(log D(G(z))), at log 2 there.
//!
//! log D = logsigmoid(l) and log(1 - D) = logsigmoid(-l), neither of which overflows or takes the log of 0 for any
//! finite logit, in the value or in the gradient.

use super::Term;
use crate::config::GeneratorLoss;

/// -log D(x).
pub fn on_real(logit: f64) -> Term {
    let (log, below) = log_sigmoid(logit);
    Term { value: -log, slope: -below }
}

/// -log(1 - D(G(z))).
pub fn on_fake(logit: f64) -> Term {
    let (log, above) = log_sigmoid(-logit);
    Term { value: -log, slope: above }
}

/// log(1 - D(G(z))), or -log D(G(z)).
pub fn for_generator(logit: f64, kind: GeneratorLoss) -> Term {
    match kind {
        GeneratorLoss::Saturating => {
            let Term { value, slope } = on_fake(logit);
            Term { value: -value, slope: -slope }
        }
        GeneratorLoss::NonSaturating => on_real(logit),
    }
}

/// log sigmoid(x), and sigmoid(-x), which is its derivative.
fn log_sigmoid(x: f64) -> (f64, f64) {
    let e = (-x.abs()).exp();
    (x.min(0.0) - e.ln_1p(), if x > 0.0 { e } else { 1.0 } / (1.0 + e))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_the_formula() {
        for l in [-1.2, 0.3, 2.0_f64] {
            let d = 1.0 / (1.0 + (-l).exp());
            assert!((on_real(l).value + d.ln()).abs() < 1e-12);
            assert!((on_fake(l).value + (1.0 - d).ln()).abs() < 1e-12);
            assert!((for_generator(l, GeneratorLoss::Saturating).value - (1.0 - d).ln()).abs() < 1e-12);
            assert!((for_generator(l, GeneratorLoss::NonSaturating).value + d.ln()).abs() < 1e-12);
        }
    }

    #[test]
    fn huge_logits_overflow_neither_the_loss_nor_its_slope() {
        for logit in [-3e38, -1e4, 1e4, 3e38] {
            for term in [on_real(logit), on_fake(logit), for_generator(logit, GeneratorLoss::Saturating)] {
                assert!(term.value.is_finite() && term.slope.abs() <= 1.0, "{logit}: {term:?}");
            }
        }
        assert_eq!([on_fake(3e38).value], [3e38]);
        assert!(on_real(f64::NAN).value.is_nan(), "divergence must show");
    }
}
