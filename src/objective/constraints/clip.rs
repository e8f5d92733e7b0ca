//! Weight clipping (Arjovsky, Chintala and Bottou 2017, Algorithm 1): after each of the critic's steps its parameters,
//! biases included, are clamped to [-c, c]. Public code that clamps before the step shows the generator a critic outside.

use crate::real::Real;

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
