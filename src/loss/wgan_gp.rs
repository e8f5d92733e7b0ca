//! WGAN-GP (Gulrajani et al. 2017, Algorithm 1 and equation 3): the losses of [`super::wgan`] without clipping, and
//! to the critic's added
//!
//! lambda mean((|grad f(x^)|_2 - 1)^2),  x^ = e x + (1 - e) G(z),  one e ~ U(0, 1) for each sample.

use crate::real::Real;

/// The point between a real and a generated one: mix x + (1 - mix) G(z).
pub fn mixed<T: Real>(real: T, fake: T, mix: T) -> T {
    mix * real + (T::ONE - mix) * fake
}

/// (|j| - 1)^2 for a point's gradient j, and its derivative with respect to j, which is 2 (|j| - 1) j / |j|; at j = 0,
/// where there is none, 0 is taken, as PyTorch does.
pub fn penalty<T: Real>(j: [T; 2]) -> (T, [T; 2]) {
    let norm = (j[0] * j[0] + j[1] * j[1]).sqrt();
    let excess = norm - T::ONE;
    let factor = if norm == T::ZERO { T::ZERO } else { (excess + excess) / norm };
    (excess * excess, j.map(|x| factor * x))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::*;

    #[test]
    fn the_penalty_and_its_slope_are_known() {
        let (value, slope) = penalty([3.0_f64, 4.0]);
        assert!((value - 16.0).abs() < 1e-12);
        // 2 (5 - 1) (3, 4) / 5
        assert!((slope[0] - 4.8).abs() < 1e-12 && (slope[1] - 6.4).abs() < 1e-12);
    }

    #[test]
    fn a_vanishing_gradient_is_penalised_and_gives_no_direction() {
        assert_eq!(penalty([0.0_f32, 0.0]), (1.0, [0.0, 0.0]));
    }

    #[test]
    fn a_point_is_mixed_by_the_real_ones_weight() {
        assert_eq!([mixed(1.0, 0.0, 0.25_f32), mixed(2.0, 4.0, 1.0)], [0.25, 2.0]);
    }
}
