//! SGD as in `torch.optim.SGD`:
//!
//! g' = g + weight_decay p;
//! with momentum: b = g' in the first step, b = momentum b + (1 - dampening) g' after it,
//! and g' = b, or g' + momentum b with Nesterov's;
//! p = p - lr g'.

use serde::{Deserialize, Serialize};

use super::options::{WrongOption, at_least_0, require};
use super::{About, BUFFERS};
use crate::real::Real;

pub(super) const ABOUT: About = About { name: "sgd", title: "SGD", help: "Stochastic gradient descent", steps: 1 };
pub(super) const OPTIONS: &[&str] = &["momentum", "dampening", "weight_decay", "nesterov"];

/// Options of `torch.optim.SGD`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdOptions {
    /// Momentum factor.
    pub momentum: f64,
    /// Dampening of the momentum.
    pub dampening: f64,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Nesterov momentum; needs momentum above 0 and dampening 0.
    pub nesterov: bool,
}

impl SgdOptions {
    /// PyTorch's.
    pub const DEFAULT: Self = Self { momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false };
}

impl Default for SgdOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) fn check(o: &SgdOptions) -> Result<(), WrongOption> {
    at_least_0("momentum", o.momentum)?;
    at_least_0("weight_decay", o.weight_decay)?;
    require("dampening", o.dampening, o.dampening.is_finite(), "a number")?;
    let nesterov = !o.nesterov || (o.momentum > 0.0 && o.dampening == 0.0);
    require("nesterov", o.nesterov, nesterov, "false, or momentum above 0 and dampening 0")
}

pub(super) fn buffer_names(options: &SgdOptions) -> [Option<&'static str>; BUFFERS] {
    [(options.momentum != 0.0).then_some("momentum_buffer"), None, None, None]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    lr: T,
    weight_decay: T,
    momentum: T,
    rate: T,
    nesterov: bool,
    first: bool,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &SgdOptions, lr: f64, taken: u64) -> Self {
        Self {
            lr: T::from_f64(lr),
            weight_decay: T::from_f64(options.weight_decay),
            momentum: T::from_f64(options.momentum),
            rate: T::from_f64(1.0 - options.dampening),
            nesterov: options.nesterov,
            first: taken == 0,
        }
    }

    #[inline(always)]
    pub(super) fn apply(&self, parameters: &mut [T], gradient: &[T], [momentum_buffer, ..]: [&mut [T]; BUFFERS]) {
        if momentum_buffer.is_empty() {
            for (p, &g) in parameters.iter_mut().zip(gradient) {
                *p = *p - self.lr * (g + self.weight_decay * *p);
            }
            return;
        }
        for ((p, &g), b) in parameters.iter_mut().zip(gradient).zip(momentum_buffer) {
            let g = g + self.weight_decay * *p;
            *b = if self.first { g } else { self.momentum * *b + self.rate * g };
            let direction = if self.nesterov { g + self.momentum * *b } else { *b };
            *p = *p - self.lr * direction;
        }
    }
}

/// The same on tensors.
#[cfg(feature = "torch")]
pub(super) fn step_tensors(
    options: &SgdOptions,
    [lr, taken]: [f64; 2],
    parameters: &mut tch::Tensor,
    gradient: &tch::Tensor,
    [buffer, ..]: &mut [Option<tch::Tensor>; BUFFERS],
) -> Result<(), tch::TchError> {
    let gradient = super::torch::decayed(gradient, parameters, options.weight_decay)?;
    let direction = match buffer {
        None => gradient,
        Some(buffer) => {
            if taken == 0.0 {
                buffer.f_copy_(&gradient)?;
            } else {
                let _ = buffer.f_mul_scalar_(options.momentum)?;
                let _ = buffer.f_add_(&gradient.f_mul_scalar(1.0 - options.dampening)?)?;
            }
            if options.nesterov {
                gradient.f_add(&buffer.f_mul_scalar(options.momentum)?)?
            } else {
                buffer.shallow_clone()
            }
        }
    };
    parameters.f_add_(&direction.f_mul_scalar(-lr)?).map(drop)
}
