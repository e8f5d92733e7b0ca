//! [`super::super::wgan`] on tensors.

use tch::{Kind, TchError, Tensor};

/// The critic's loss on its values at real and at generated points.
pub fn critic(real: &Tensor, fake: &Tensor) -> Result<Tensor, TchError> {
    fake.f_mean(None::<Kind>)?.f_sub(&real.f_mean(None::<Kind>)?)
}

/// The generator's loss on the critic's values at generated points.
pub fn generator(fake: &Tensor) -> Result<Tensor, TchError> {
    fake.f_mean(None::<Kind>)?.f_neg()
}

/// Clamps `parameters` to [-c, c] in place.
pub fn clip(parameters: &mut Tensor, c: f64) -> Result<(), TchError> {
    parameters.f_clamp_(-c, c).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_the_formula() {
        let (real, fake) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[-1.0, 4.0, 6.0]));
        assert!((critic(&real, &fake).unwrap().double_value(&[]) - 1.5).abs() < 1e-12);
        assert!((generator(&fake).unwrap().double_value(&[]) + 3.0).abs() < 1e-12);
    }

    #[test]
    fn clipping_binds_both_ways_and_in_place() {
        let mut parameters = Tensor::from_slice(&[-3.0_f32, -0.05, 0.1, 9.0]);
        clip(&mut parameters, 0.1).unwrap();
        assert_eq!(Vec::<f32>::try_from(parameters).unwrap(), [-0.1, -0.05, 0.1, 0.1]);
    }
}
