//! The same losses on tensors of any device, out of the one definition on plain numbers: with the slopes held constant,
//! the sum of slope times score has exactly the loss's gradient, and so has that of a penalty's slope times |j|^2.

use tch::{Kind, TchError, Tensor};

use super::{Curvature, Game, Network, Penalty};
use crate::torch_library::repeatable::gradients;

/// A number to be minimised, as autograd takes it, and its value.
#[derive(Debug)]
pub struct Loss {
    /// What has the loss's gradient; its own value means nothing.
    pub surrogate: Tensor,
    /// The loss.
    pub value: f64,
}

/// The discriminator's loss, without its penalty, on the scores of real and of generated points, [batch, 1] each.
pub fn critic(game: &Game, real: &Tensor, fake: &Tensor) -> Result<Loss, TchError> {
    let (r, f) = (numbers(real)?, numbers(fake)?);
    let (mut by_r, mut by_f) = (vec![0.0; r.len()], vec![0.0; f.len()]);
    let sum = game.critic(&r, &f, [&mut by_r, &mut by_f]);
    let surrogate = weighted(real, &by_r, r.len())?.f_add(&weighted(fake, &by_f, f.len())?)?;
    Ok(Loss { surrogate, value: sum / r.len() as f64 })
}

/// The generator's loss on the scores of generated points, which carry its graph, and of real ones.
pub fn generator(game: &Game, real: Option<&Tensor>, fake: &Tensor) -> Result<Loss, TchError> {
    let (r, f) = (real.map(numbers).transpose()?.unwrap_or_default(), numbers(fake)?);
    let mut by_f = vec![0.0; f.len()];
    let sum = game.generator(&r, &f, &mut by_f);
    Ok(Loss { surrogate: weighted(fake, &by_f, f.len())?, value: sum / f.len() as f64 })
}

/// What has the first and the second derivatives of the discriminator's loss, where scores meet alone or in pairs: the slopes
/// held constant times the scores, and half the curvatures times the squares of what the scores move by.
pub fn critic_twice(game: &Game, real: &Tensor, fake: &Tensor) -> Result<Tensor, TchError> {
    let (r, f) = (numbers(real)?, numbers(fake)?);
    let square = |scores: &Tensor, curvatures: &[f64]| {
        let moved = scores.f_sub(&scores.f_detach()?)?;
        weighted(&moved.f_square()?, curvatures, 2 * r.len())
    };
    let Some(Curvature { alone: [of_real, of_fake], gaps }) = game.critic_curvature(&r, &f) else {
        return Err(TchError::Shape("this rule's second derivatives are not known".into()));
    };
    let alone = square(real, &of_real)?.f_add(&square(fake, &of_fake)?)?;
    critic(game, real, fake)?.surrogate.f_add(&alone)?.f_add(&square(&real.f_sub(fake)?, &gaps)?)
}

/// The generator's loss where the discriminator moves with it, on scores that both carry their graph.
pub fn unrolled_generator(game: &Game, real: &Tensor, fake: &Tensor) -> Result<Loss, TchError> {
    let (r, f) = (numbers(real)?, numbers(fake)?);
    let (mut by_r, mut by_f) = (vec![0.0; r.len()], vec![0.0; f.len()]);
    let sum = game.unrolled_generator(&r, &f, [&mut by_r, &mut by_f]);
    let surrogate = weighted(real, &by_r, r.len())?.f_add(&weighted(fake, &by_f, f.len())?)?;
    Ok(Loss { surrogate, value: sum / f.len() as f64 })
}

/// A network's loss on the scores of a real and a generated point side by side, [batch, 1].
pub fn beside(game: &Game, network: Network, scores: &Tensor, real_first: &[f32]) -> Result<Loss, TchError> {
    let plain = numbers(scores)?;
    let mut slopes = vec![0.0; plain.len()];
    let sum = game.beside(network, &plain, real_first, &mut slopes);
    Ok(Loss { surrogate: weighted(scores, &slopes, plain.len())?, value: sum / plain.len() as f64 })
}

/// A penalty before its weight, at points [batch, …] of points or images, detached; `score` maps them to [batch, 1].
///
/// Its gradient by the discriminator's weights goes through that by the points, so the first backward pass must be part
/// of the graph: `create_graph` is what makes the penalty more than a number in the log.
pub fn penalty(
    penalty: &Penalty,
    score: impl Fn(&Tensor) -> Result<Tensor, TchError>,
    points: &Tensor,
) -> Result<Loss, TchError> {
    let points = points.f_detach()?.f_set_requires_grad(true)?;
    // Points do not influence each other's scores, so the gradient of the sum holds each one's own.
    let total = score(&points)?.f_sum(None::<Kind>)?;
    let gradients = gradients(&total, &[&points], true, true)?;
    let squares = gradients[0].f_flatten(1, -1)?.f_square()?.f_sum_dim_intlist([1_i64].as_slice(), false, None)?;
    let terms: Vec<_> = numbers(&squares)?.into_iter().map(|n| penalty.law.at(n)).collect();
    let slopes: Vec<f64> = terms.iter().map(|term| term.slope).collect();
    let value = terms.iter().map(|term| term.value).sum::<f64>() / terms.len() as f64;
    Ok(Loss { surrogate: weighted(&squares, &slopes, terms.len())?, value })
}

impl Loss {
    /// With another, times a weight.
    pub fn plus(self, other: &Self, weight: f64) -> Result<Self, TchError> {
        let surrogate = self.surrogate.f_add(&other.surrogate.f_mul_scalar(weight)?)?;
        Ok(Self { surrogate, value: self.value + weight * other.value })
    }
}

/// The points on the lines between pairs: mix x + (1 - mix) G(z); `mix` is [batch, 1, …] with as many axes.
pub fn mixed(real: &Tensor, fake: &Tensor, mix: &Tensor) -> Result<Tensor, TchError> {
    let rest = mix.f_neg()?.f_add_scalar(1.0)?;
    mix.f_mul(real)?.f_add(&rest.f_mul(fake)?)
}

/// A tensor's numbers in double precision, one after another, without its graph.
pub fn numbers(tensor: &Tensor) -> Result<Vec<f64>, TchError> {
    let flat = tensor.f_detach()?.f_flatten(0, -1)?.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Double)?;
    Vec::<f64>::try_from(flat)
}

/// The sum of scores times their slopes, over `n`.
fn weighted(scores: &Tensor, slopes: &[f64], n: usize) -> Result<Tensor, TchError> {
    let shares: Vec<f64> = slopes.iter().map(|slope| slope / n as f64).collect();
    let shares = Tensor::from_slice(&shares).f_to_kind(scores.kind())?.f_to_device(scores.device())?;
    shares.f_view_as(scores)?.f_mul(scores)?.f_sum(None::<Kind>)
}

#[cfg(test)]
mod tests {
    use super::super::{penalties, rules};
    use super::*;

    const CPU: (Kind, tch::Device) = (Kind::Double, tch::Device::Cpu);

    #[test]
    fn the_gan_and_the_hinge_loss_have_libtorchs_gradients() {
        let scores = |values: &[f64]| Tensor::from_slice(values).view([-1, 1]).set_requires_grad(true);
        let (real, fake) = (scores(&[0.3, -1.2, 2.0]), scores(&[2.0, 0.1, -3.0]));
        let mean = |x: Tensor| x.mean(None::<Kind>);
        let theirs = [
            ("saturating", -mean(real.log_sigmoid()) - mean((-&fake).log_sigmoid())),
            ("hinge", mean((-&real + 1.0).relu()) + mean((&fake + 1.0).relu())),
            ("rpgan", -mean((&real - &fake).log_sigmoid())),
            (
                "ragan",
                (-mean((&real - fake.mean(None::<Kind>)).log_sigmoid())
                    - mean((real.mean(None::<Kind>) - &fake).log_sigmoid()))
                    / 2.0,
            ),
        ];
        for (name, theirs) in theirs {
            let ours = critic(&Game::of(rules::Rule::named(name).unwrap()), &real, &fake).unwrap();
            assert!((ours.value - theirs.double_value(&[])).abs() < 1e-12, "{name}");
            let of = |loss: &Tensor| Tensor::run_backward(&[loss], &[&real, &fake], true, false);
            for (ours, theirs) in of(&ours.surrogate).iter().zip(of(&theirs)) {
                assert!((ours - theirs).abs().max().double_value(&[]) < 1e-12, "{name}");
            }
        }
    }

    #[test]
    fn a_linear_critics_penalties_are_known() {
        // f(x) = w . x has gradient w everywhere, of length 5.
        let w = Tensor::from_slice(&[3.0, 4.0]).view([2, 1]);
        let points = Tensor::ones([7, 2], CPU);
        for (of, expected) in [(penalties::WGAN_GP, 16.0), (penalties::R1, 12.5)] {
            let penalty = penalty(of, |x| x.f_matmul(&w), &points).unwrap();
            assert!((penalty.value - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn each_pair_is_mixed_by_its_own_weight_in_both_coordinates() {
        let real = Tensor::from_slice(&[1.0, 1.0, 1.0, 1.0]).view([2, 2]);
        let fake = Tensor::from_slice(&[0.0, 0.0, 0.0, 0.0]).view([2, 2]);
        let mix = Tensor::from_slice(&[0.25, 0.75]).view([2, 1]);
        let got = Vec::<f64>::try_from(mixed(&real, &fake, &mix).unwrap().flatten(0, -1)).unwrap();
        assert_eq!(got, [0.25, 0.25, 0.75, 0.75]);
    }

    #[test]
    fn a_vanishing_gradient_gives_a_finite_penalty_and_finite_weight_gradients() {
        let w = Tensor::zeros([2, 1], CPU).set_requires_grad(true);
        let points = Tensor::ones([3, 2], CPU);
        for of in penalties::ALL {
            let penalty = penalty(of, |x| x.f_matmul(&w), &points).unwrap();
            let gradients = Tensor::run_backward(&[penalty.surrogate], &[&w], false, false);
            assert!(penalty.value.is_finite() && gradients[0].isfinite().all().int64_value(&[]) == 1, "{}", of.name);
        }
    }

    /// A critic with one hidden layer of LeakyReLU units, its parameters flat: W [5, 2], b [5], v [5, 1].
    fn small(parameters: &Tensor, x: &Tensor) -> Tensor {
        let part = |start, size| parameters.narrow(0, start, size);
        let hidden = x.matmul(&part(0, 10).view([2, 5])) + part(10, 5);
        (hidden.clamp_min(0.0) + hidden.clamp_max(0.0) * 0.2).matmul(&part(15, 5).view([5, 1]))
    }

    #[test]
    fn every_penaltys_weight_gradient_is_that_of_finite_differences() {
        let numbers = |n: i64, step: f64| (Tensor::arange(n, CPU) * step).sin();
        let parameters = (numbers(20, 1.7) * 2.0).set_requires_grad(true);
        let points = numbers(16, 0.9).view([8, 2]);
        for of in penalties::ALL {
            let at = |p: &Tensor| penalty(of, |x| Ok(small(p, x)), &points).unwrap();
            let analytic = Tensor::run_backward(&[at(&parameters).surrogate], &[&parameters], false, false);
            let mut felt = 0;
            for i in 0..20 {
                let moved_by = |shift: f64| {
                    let moved = parameters.detach().copy();
                    let _ = moved.get(i).fill_(parameters.double_value(&[i]) + shift);
                    at(&moved).value
                };
                let numeric = (moved_by(1e-6) - moved_by(-1e-6)) / 2e-6;
                let exact = analytic[0].double_value(&[i]);
                let name = of.name;
                assert!((exact - numeric).abs() < 1e-7 * (1.0 + exact.abs()), "{name} {i}: {exact} for {numeric}");
                felt += i32::from(exact.abs() > 1e-3);
            }
            // It has an effect, on W and on v; b moves nothing but which units are on.
            assert!(felt >= 10, "only {felt} parameters feel {}", of.name);
        }
    }
}
