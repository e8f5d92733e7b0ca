//! RMSProp as in `torch.optim.RMSprop` (Hinton's lecture 6e; centred: Graves 2013, equations 38 to 45):
//!
//! g' = g + weight_decay p;
//! v = alpha v + (1 - alpha) g'^2;
//! centred: m = m + (1 - alpha) (g' - m) and d = sqrt(v - m^2) + eps, else d = sqrt(v) + eps;
//! with momentum: b = momentum b + g' / d and p = p - lr b, else p = p - lr g' / d.
//!
//! eps is added after the root, unlike in TensorFlow.

use serde::{Deserialize, Serialize};

use super::options::{WrongOption, at_least_0, decay, eps};
use super::{About, BUFFERS};
use crate::real::Real;

pub(super) const ABOUT: About = About { name: "rmsprop", title: "RMSProp", help: "RMSProp, the lab's", steps: 1 };
pub(super) const OPTIONS: &[&str] = &["alpha", "eps", "weight_decay", "momentum", "centered"];

/// Options of `torch.optim.RMSprop`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmspropOptions {
    /// Decay of the mean square.
    pub alpha: f64,
    /// Added to the root, against division by zero.
    pub eps: f64,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Momentum factor.
    pub momentum: f64,
    /// Whether to divide by the deviation instead of the root mean square.
    pub centered: bool,
}

impl RmspropOptions {
    /// PyTorch's.
    pub const DEFAULT: Self = Self { alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false };
}

impl Default for RmspropOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) fn check(o: &RmspropOptions) -> Result<(), WrongOption> {
    decay("alpha", o.alpha)?;
    eps(o.eps)?;
    at_least_0("momentum", o.momentum)?;
    at_least_0("weight_decay", o.weight_decay)
}

pub(super) fn buffer_names(options: &RmspropOptions) -> [Option<&'static str>; BUFFERS] {
    let momentum_buffer = (options.momentum > 0.0).then_some("momentum_buffer");
    [Some("square_avg"), options.centered.then_some("grad_avg"), momentum_buffer, None]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    lr: T,
    weight_decay: T,
    alpha: T,
    rate: T,
    eps: T,
    momentum: T,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &RmspropOptions, lr: f64, _: u64) -> Self {
        Self {
            lr: T::from_f64(lr),
            weight_decay: T::from_f64(options.weight_decay),
            alpha: T::from_f64(options.alpha),
            rate: T::from_f64(1.0 - options.alpha),
            eps: T::from_f64(options.eps),
            momentum: T::from_f64(options.momentum),
        }
    }

    #[inline(always)]
    pub(super) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        [square_avg, grad_avg, momentum_buffer, _]: [&mut [T]; BUFFERS],
    ) {
        if grad_avg.is_empty() && momentum_buffer.is_empty() {
            for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(square_avg) {
                let g = g + self.weight_decay * *p;
                *v = self.alpha * *v + self.rate * g * g;
                *p = *p - self.lr * g / (v.sqrt() + self.eps);
            }
            return;
        }
        for (i, ((p, &g), v)) in parameters.iter_mut().zip(gradient).zip(square_avg).enumerate() {
            let g = g + self.weight_decay * *p;
            *v = self.alpha * *v + self.rate * g * g;
            let variance = match grad_avg.get_mut(i) {
                Some(m) => {
                    *m += self.rate * (g - *m);
                    *v - *m * *m
                }
                None => *v,
            };
            let step = g / (variance.sqrt() + self.eps);
            let direction = match momentum_buffer.get_mut(i) {
                Some(b) => {
                    *b = self.momentum * *b + step;
                    *b
                }
                None => step,
            };
            *p = *p - self.lr * direction;
        }
    }
}

/// The same on tensors.
#[cfg(feature = "torch")]
pub(super) fn step_tensors(
    options: &RmspropOptions,
    [lr, _]: [f64; 2],
    parameters: &mut tch::Tensor,
    gradient: &tch::Tensor,
    [square_avg, grad_avg, momentum_buffer, _]: &mut [Option<tch::Tensor>; BUFFERS],
) -> Result<(), tch::TchError> {
    let gradient = super::torch::decayed(gradient, parameters, options.weight_decay)?;
    let square_avg = super::torch::there(square_avg)?;
    let rate = 1.0 - options.alpha;
    let _ = square_avg.f_mul_scalar_(options.alpha)?;
    let _ = square_avg.f_addcmul_(&gradient.f_mul_scalar(rate)?, &gradient)?;
    let mut divisor = match grad_avg {
        Some(mean) => {
            let _ = mean.f_lerp_(&gradient, rate)?;
            square_avg.f_sub(&mean.f_square()?)?.f_sqrt()?
        }
        None => square_avg.f_sqrt()?,
    };
    let _ = divisor.f_add_scalar_(options.eps)?;
    match momentum_buffer {
        Some(buffer) => {
            let _ = buffer.f_mul_scalar_(options.momentum)?;
            let _ = buffer.f_addcdiv_(&gradient, &divisor)?;
            parameters.f_add_(&buffer.f_mul_scalar(-lr)?).map(drop)
        }
        None => parameters.f_addcdiv_(&gradient.f_mul_scalar(-lr)?, &divisor).map(drop),
    }
}
