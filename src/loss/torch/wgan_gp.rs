//! [`super::super::wgan_gp`] on tensors, points or images.
//!
//! The penalty's gradient with respect to the critic's weights goes through grad f, so the first backward pass must
//! be part of the graph: `create_graph` is what makes the penalty more than a number in the log.

use tch::{Kind, TchError, Tensor};

/// The gradient penalty without its weight.
///
/// `real` and `fake` are [batch, …], detached, points or images; `mix` is [batch, 1, …] with as many axes, the weight
/// of the real one of each pair. `critic` maps points to values.
pub fn gradient_penalty(
    critic: impl Fn(&Tensor) -> Result<Tensor, TchError>,
    real: &Tensor,
    fake: &Tensor,
    mix: &Tensor,
) -> Result<Tensor, TchError> {
    let points = mixed(real, fake, mix)?.f_set_requires_grad(true)?;
    // Points do not influence each other's values, so the gradient of the sum holds each one's own.
    let total = critic(&points)?.f_sum(None::<Kind>)?;
    let gradients = Tensor::f_run_backward(&[total], &[&points], true, true)?;
    let norms = gradients[0].f_flatten(1, -1)?.f_norm_scalaropt_dim(2, [1_i64], false)?;
    norms.f_sub_scalar(1.0)?.f_square()?.f_mean(None::<Kind>)
}

/// The points on the lines between pairs: mix x + (1 - mix) G(z).
fn mixed(real: &Tensor, fake: &Tensor, mix: &Tensor) -> Result<Tensor, TchError> {
    let rest = mix.f_neg()?.f_add_scalar(1.0)?;
    mix.f_mul(real)?.f_add(&rest.f_mul(fake)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_critics_penalty_is_known() {
        // f(x) = w . x has gradient w everywhere.
        let w = Tensor::from_slice(&[3.0, 4.0]).view([2, 1]);
        let points = Tensor::zeros([5, 2], (Kind::Double, tch::Device::Cpu));
        let mix = Tensor::full([5, 1], 0.5, (Kind::Double, tch::Device::Cpu));
        let penalty = gradient_penalty(|x| x.f_matmul(&w), &points, &points, &mix).unwrap();
        assert!((penalty.double_value(&[]) - 16.0).abs() < 1e-12);
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
        let w = Tensor::zeros([2, 1], (Kind::Double, tch::Device::Cpu)).set_requires_grad(true);
        let points = Tensor::ones([3, 2], (Kind::Double, tch::Device::Cpu));
        let mix = Tensor::zeros([3, 1], (Kind::Double, tch::Device::Cpu));
        let penalty = gradient_penalty(|x| x.f_matmul(&w), &points, &points, &mix).unwrap();
        assert!((penalty.double_value(&[]) - 1.0).abs() < 1e-12);
        let gradients = Tensor::run_backward(&[penalty], &[&w], false, false);
        assert!(gradients[0].isfinite().all().int64_value(&[]) == 1);
    }

    /// A critic with one hidden layer of LeakyReLU units, its parameters flat: W [5, 2], b [5], v [5, 1].
    fn critic(parameters: &Tensor, x: &Tensor) -> Tensor {
        let part = |start, size| parameters.narrow(0, start, size);
        let hidden = x.matmul(&part(0, 10).view([2, 5])) + part(10, 5);
        (hidden.clamp_min(0.0) + hidden.clamp_max(0.0) * 0.2).matmul(&part(15, 5).view([5, 1]))
    }

    #[test]
    fn the_penaltys_weight_gradient_is_that_of_finite_differences() {
        let numbers = |n: i64, step: f64| (Tensor::arange(n, (Kind::Double, tch::Device::Cpu)) * step).sin();
        let parameters = numbers(20, 1.7).set_requires_grad(true);
        let (real, fake) = (numbers(16, 0.9).view([8, 2]), numbers(16, 2.3).view([8, 2]) * 2.0);
        let mix = (numbers(8, 3.1).view([8, 1]) + 1.0) / 2.0;
        let penalty = |p: &Tensor| gradient_penalty(|x| Ok(critic(p, x)), &real, &fake, &mix).unwrap();
        let analytic = Tensor::run_backward(&[penalty(&parameters)], &[&parameters], false, false);
        let mut checked = 0;
        for i in 0..20 {
            let at = |shift: f64| {
                let moved = parameters.detach().copy();
                let _ = moved.get(i).fill_(parameters.double_value(&[i]) + shift);
                penalty(&moved).double_value(&[])
            };
            let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
            let exact = analytic[0].double_value(&[i]);
            assert!((exact - numeric).abs() < 1e-7 * (1.0 + exact.abs()), "parameter {i}: {exact} for {numeric}");
            checked += i32::from(exact.abs() > 1e-3);
        }
        // The penalty has an effect, on W and on v; b moves nothing but which units are on.
        assert!(checked >= 14, "only {checked} parameters feel the penalty");
    }
}
