//! WGAN (Arjovsky, Chintala and Bottou 2017, Algorithm 1), for a critic f:
//!
//! - critic: L = mean(f(G(z))) - mean(f(x)); minus L estimates the Wasserstein-1 distance up to f's Lipschitz
//!   constant, so the loss is negative while the laws differ;
//! - generator: L = -mean(f(G(z)));
//! - after each of its steps the critic's parameters, biases included, are clamped to [-c, c].

use super::Term;
use crate::real::Real;

/// -f(x).
pub fn on_real(value: f64) -> Term {
    Term { value: -value, slope: -1.0 }
}

/// f(G(z)).
pub fn on_fake(value: f64) -> Term {
    Term { value, slope: 1.0 }
}

/// -f(G(z)).
pub fn for_generator(value: f64) -> Term {
    Term { value: -value, slope: -1.0 }
}

/// Clamps `parameters` to [-c, c] in place; NaN stays, so that divergence shows.
#[inline(always)]
pub fn clip<T: Real>(parameters: &mut [T], c: T) {
    for p in parameters {
        let above = if *p < -c { -c } else { *p };
        *p = if above > c { c } else { above };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_binds_both_ways_and_in_place() {
        let mut parameters = [-3.0_f32, -0.05, 0.1, 9.0, f32::NAN];
        clip(&mut parameters, 0.1);
        assert_eq!(parameters[..4], [-0.1, -0.05, 0.1, 0.1]);
        assert!(parameters[4].is_nan());
    }
}
