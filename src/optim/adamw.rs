//! AdamW as in `torch.optim.AdamW` (Loshchilov and Hutter 2019, Algorithm 2): [`super::adam`] with a weight decay that is
//! no part of the gradient, so that it is not divided by the gradient's size:
//!
//! p = p - lr weight_decay p, then Adam's step along g.

use serde::{Deserialize, Serialize};

use super::options::WrongOption;
use super::{About, AdamOptions, BUFFERS, adam};
use crate::real::Real;

pub(super) const ABOUT: About =
    About { name: "adamw", title: "AdamW", help: "Adam with decoupled weight decay", steps: 1 };
pub(super) const OPTIONS: &[&str] = adam::OPTIONS;

/// Options of `torch.optim.AdamW`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamwOptions {
    /// Decays of the gradient's mean and mean square.
    pub betas: [f64; 2],
    /// Added to the root, against division by zero.
    pub eps: f64,
    /// What of the parameters is lost in a step, over the learning rate.
    pub weight_decay: f64,
    /// Whether to divide by the largest mean square so far.
    pub amsgrad: bool,
}

impl AdamwOptions {
    /// PyTorch's.
    pub const DEFAULT: Self = Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, amsgrad: false };

    /// Adam's without the decay.
    fn adam(&self) -> AdamOptions {
        AdamOptions { betas: self.betas, eps: self.eps, weight_decay: 0.0, amsgrad: self.amsgrad }
    }
}

impl Default for AdamwOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) fn check(o: &AdamwOptions) -> Result<(), WrongOption> {
    adam::check(&AdamOptions { weight_decay: o.weight_decay, ..o.adam() })
}

pub(super) fn buffer_names(options: &AdamwOptions) -> [Option<&'static str>; BUFFERS] {
    adam::buffer_names(&options.adam())
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    left: T,
    adam: adam::Step<T>,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &AdamwOptions, lr: f64, taken: u64) -> Self {
        let left = T::from_f64(1.0 - lr * options.weight_decay);
        Self { left, adam: adam::Step::new(&options.adam(), lr, taken) }
    }

    #[inline(always)]
    pub(super) fn apply(&self, parameters: &mut [T], gradient: &[T], buffers: [&mut [T]; BUFFERS]) {
        for p in &mut *parameters {
            *p *= self.left;
        }
        self.adam.apply(parameters, gradient, buffers);
    }
}

/// The same on tensors.
#[cfg(feature = "torch")]
pub(super) fn step_tensors(
    options: &AdamwOptions,
    [lr, taken]: [f64; 2],
    parameters: &mut tch::Tensor,
    gradient: &tch::Tensor,
    buffers: &mut [Option<tch::Tensor>; BUFFERS],
) -> Result<(), tch::TchError> {
    let _ = parameters.f_mul_scalar_(1.0 - lr * options.weight_decay)?;
    adam::step_tensors(&options.adam(), [lr, taken], parameters, gradient, buffers)
}
