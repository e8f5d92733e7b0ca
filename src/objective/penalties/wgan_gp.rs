//! WGAN-GP's penalty (Gulrajani et al. 2017, Algorithm 1 and equation 3):
//!
//! lambda mean((|j| - 1)^2) at x^ = e x + (1 - e) G(z), one e ~ U(0, 1) for each sample.

use super::Term;
use super::{Law, Penalty, Points};
use crate::real::Real;

pub(super) static PENALTY: Penalty = Penalty {
    name: "wgan-gp",
    title: "GP",
    help: "Gradients between real and generated points should have norm 1",
    points: &[Points::Mixed],
    law: Law { single: to_one, double: to_one },
};

/// (|j| - 1)^2; by |j|^2 it moves by (|j| - 1) / |j|, taken as 0 at j = 0, as PyTorch does.
pub(super) fn to_one<T: Real>(squared_norm: T) -> Term<T> {
    let norm = squared_norm.sqrt();
    let excess = norm - T::ONE;
    let slope = if norm == T::ZERO { T::ZERO } else { excess / norm };
    Term { value: excess * excess, slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_penalty_and_its_slope_are_known() {
        let mut slope = [3.0_f64, 4.0];
        let value = PENALTY.law.of_gradient(&mut slope);
        assert!((value - 16.0).abs() < 1e-12);
        // 2 (5 - 1) (3, 4) / 5
        assert!((slope[0] - 4.8).abs() < 1e-12 && (slope[1] - 6.4).abs() < 1e-12);
    }
}
