//! [`super::super::gan`] on tensors.

use tch::{Kind, TchError, Tensor};

use crate::config::GeneratorLoss;

/// The discriminator's loss on the logits of real and of generated points.
pub fn discriminator(real: &Tensor, fake: &Tensor) -> Result<Tensor, TchError> {
    mean_log_d(real)?.f_add(&mean_log_one_minus_d(fake)?)?.f_neg()
}

/// The generator's loss on the logits of generated points.
pub fn generator(fake: &Tensor, kind: GeneratorLoss) -> Result<Tensor, TchError> {
    match kind {
        GeneratorLoss::Saturating => mean_log_one_minus_d(fake),
        GeneratorLoss::NonSaturating => mean_log_d(fake)?.f_neg(),
    }
}

fn mean_log_d(logits: &Tensor) -> Result<Tensor, TchError> {
    logits.f_log_sigmoid()?.f_mean(None::<Kind>)
}

fn mean_log_one_minus_d(logits: &Tensor) -> Result<Tensor, TchError> {
    mean_log_d(&logits.f_neg()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(values: &[f64]) -> Tensor {
        Tensor::from_slice(values).view([-1, 1])
    }

    #[test]
    fn the_values_are_those_of_the_formula() {
        let (real, fake) = ([0.3, -1.2], [2.0, 0.1]);
        let d = |l: f64| 1.0 / (1.0 + (-l).exp());
        let mean = |f: &dyn Fn(f64) -> f64, l: &[f64]| l.iter().map(|&l| f(l)).sum::<f64>() / l.len() as f64;
        let expected = -mean(&|l| d(l).ln(), &real) - mean(&|l| (1.0 - d(l)).ln(), &fake);
        let got = discriminator(&logits(&real), &logits(&fake)).unwrap().double_value(&[]);
        assert!((got - expected).abs() < 1e-12);
        for (kind, expected) in [
            (GeneratorLoss::Saturating, mean(&|l| (1.0 - d(l)).ln(), &fake)),
            (GeneratorLoss::NonSaturating, -mean(&|l| d(l).ln(), &fake)),
        ] {
            assert!((generator(&logits(&fake), kind).unwrap().double_value(&[]) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn huge_logits_overflow_neither_the_loss_nor_its_gradient() {
        let single = |x: f32| Tensor::from_slice(&[x]).view([-1, 1]).set_requires_grad(true);
        for (real, fake, expected) in [(-1e4, 1e4, 2e4), (1e4, -1e4, 0.0), (3e38, 3e38, 3e38)] {
            let (real, fake) = (single(real), single(fake));
            let loss = discriminator(&real, &fake).unwrap();
            assert!((loss.double_value(&[]) - expected).abs() <= expected * 1e-6);
            let gradients = Tensor::run_backward(&[loss], &[&real, &fake], false, false);
            assert!(gradients.iter().all(|g| g.double_value(&[0, 0]).is_finite()));
        }
    }
}
