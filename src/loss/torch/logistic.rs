//! The non-saturating GAN loss on logits, with R1 (Mescheder, Geiger and Nowozin 2018, equation 9), for images:
//!
//! - discriminator: the GAN's own, -mean(log D(x)) - mean(log(1 - D(G(z)))) ([`super::gan::discriminator`]);
//! - generator: -mean(log D(G(z)));
//! - added to the discriminator's: gamma / 2 mean(|grad_x f(x)|^2) over real images, f the logit.
//!
//! R1 may be taken every n-th step only, with n times its weight (Karras et al. 2020, "lazy regularisation").

use tch::{Kind, TchError, Tensor};

/// mean(|grad_x f(x)|^2) over real images [batch, …]; `logits` maps images to [batch, 1].
pub fn r1_penalty(logits: impl Fn(&Tensor) -> Result<Tensor, TchError>, real: &Tensor) -> Result<Tensor, TchError> {
    let real = real.f_detach()?.f_set_requires_grad(true)?;
    let total = logits(&real)?.f_sum(None::<Kind>)?;
    let gradients = Tensor::f_run_backward(&[total], &[&real], true, true)?;
    gradients[0].f_square()?.f_sum(None::<Kind>)?.f_div_scalar(real.size()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_discriminators_penalty_is_the_square_of_its_weights() {
        let w = Tensor::from_slice(&[3.0, 4.0]).view([2, 1]);
        let points = Tensor::ones([7, 2], (Kind::Double, tch::Device::Cpu));
        let penalty = r1_penalty(|x| x.f_matmul(&w), &points).unwrap();
        assert!((penalty.double_value(&[]) - 25.0).abs() < 1e-12);
    }
}
