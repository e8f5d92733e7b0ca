//! Adam as in `torch.optim.Adam` (Kingma and Ba 2015, Algorithm 1; amsgrad: Reddi et al. 2018):
//!
//! g' = g + weight_decay p, in step t = 1, 2, …;
//! m = m + (1 - beta1) (g' - m);  v = beta2 v + (1 - beta2) g'^2;
//! amsgrad: v' = max(v', v), else v' = v;
//! p = p - lr / (1 - beta1^t) m / (sqrt(v') / sqrt(1 - beta2^t) + eps).

use serde::{Deserialize, Serialize};
#[cfg(feature = "torch")]
use tch::{TchError, Tensor};

use super::options::{WrongOption, at_least_0, decay, eps};
#[cfg(feature = "torch")]
use super::torch::there;
use super::{About, BUFFERS};
use crate::real::Real;

pub(super) const ABOUT: About = About { name: "adam", title: "Adam", help: "Adam", steps: 1 };
pub(super) const OPTIONS: &[&str] = &["betas", "eps", "weight_decay", "amsgrad"];

/// Options of `torch.optim.Adam`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamOptions {
    /// Decays of the gradient's mean and mean square.
    pub betas: [f64; 2],
    /// Added to the root, against division by zero.
    pub eps: f64,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Whether to divide by the largest mean square so far.
    pub amsgrad: bool,
}

impl AdamOptions {
    /// PyTorch's.
    pub const DEFAULT: Self = Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, amsgrad: false };
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) fn check(o: &AdamOptions) -> Result<(), WrongOption> {
    decay("betas", o.betas[0])?;
    decay("betas", o.betas[1])?;
    eps(o.eps)?;
    at_least_0("weight_decay", o.weight_decay)
}

pub(super) fn buffer_names(options: &AdamOptions) -> [Option<&'static str>; BUFFERS] {
    [Some("exp_avg"), Some("exp_avg_sq"), options.amsgrad.then_some("max_exp_avg_sq"), None]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    weight_decay: T,
    beta2: T,
    rates: [T; 2],
    corrected_lr: T,
    root_correction: T,
    eps: T,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &AdamOptions, lr: f64, taken: u64) -> Self {
        let [beta1, beta2] = options.betas;
        let correction = |beta: f64| 1.0 - beta.powf((taken + 1) as f64);
        Self {
            weight_decay: T::from_f64(options.weight_decay),
            beta2: T::from_f64(beta2),
            rates: [T::from_f64(1.0 - beta1), T::from_f64(1.0 - beta2)],
            corrected_lr: T::from_f64(lr / correction(beta1)),
            root_correction: T::from_f64(correction(beta2).sqrt()),
            eps: T::from_f64(options.eps),
        }
    }

    #[inline(always)]
    pub(super) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        [exp_avg, exp_avg_sq, max_exp_avg_sq, _]: [&mut [T]; BUFFERS],
    ) {
        let moments = exp_avg.iter_mut().zip(exp_avg_sq);
        if max_exp_avg_sq.is_empty() {
            for ((p, &g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
                self.take_in(g, *p, m, v);
                self.descend(p, *m, *v);
            }
            return;
        }
        for (((p, &g), (m, v)), largest) in parameters.iter_mut().zip(gradient).zip(moments).zip(max_exp_avg_sq) {
            self.take_in(g, *p, m, v);
            grow(largest, *v);
            self.descend(p, *m, *largest);
        }
    }

    /// Takes a gradient into its moments.
    #[inline(always)]
    pub(super) fn take_in(&self, g: T, p: T, m: &mut T, v: &mut T) {
        let [rate1, rate2] = self.rates;
        let g = g + self.weight_decay * p;
        *m += rate1 * (g - *m);
        *v = self.beta2 * *v + rate2 * g * g;
    }

    #[inline(always)]
    pub(super) fn descend(&self, p: &mut T, m: T, v: T) {
        *p = *p - self.way(m, v);
    }

    /// How far these moments move a parameter.
    #[inline(always)]
    pub(super) fn way(&self, m: T, v: T) -> T {
        self.corrected_lr * m / (v.sqrt() / self.root_correction + self.eps)
    }
}

/// Keeps the largest mean square. NaN is kept, as PyTorch does, so that divergence shows.
#[inline(always)]
pub(super) fn grow<T: Real>(largest: &mut T, v: T) {
    *largest = if v <= *largest { *largest } else { v };
}

/// The same on tensors.
#[cfg(feature = "torch")]
pub(super) fn step_tensors(
    options: &AdamOptions,
    [lr, taken]: [f64; 2],
    parameters: &mut Tensor,
    gradient: &Tensor,
    buffers: &mut [Option<Tensor>; BUFFERS],
) -> Result<(), TchError> {
    let gradient = super::torch::decayed(gradient, parameters, options.weight_decay)?;
    take_in_tensors(options, &gradient, buffers)?;
    let (numerator, divisor) = way_of_tensors(options, [-lr, taken + 1.0], buffers)?;
    parameters.f_addcdiv_(&numerator, &divisor).map(drop)
}

/// Takes a gradient into the moments.
#[cfg(feature = "torch")]
pub(super) fn take_in_tensors(
    options: &AdamOptions,
    gradient: &Tensor,
    [exp_avg, exp_avg_sq, max_exp_avg_sq, _]: &mut [Option<Tensor>; BUFFERS],
) -> Result<(), TchError> {
    let [beta1, beta2] = options.betas;
    let (exp_avg, exp_avg_sq) = (there(exp_avg)?, there(exp_avg_sq)?);
    let _ = exp_avg.f_lerp_(gradient, 1.0 - beta1)?;
    let _ = exp_avg_sq.f_mul_scalar_(beta2)?;
    let _ = exp_avg_sq.f_addcmul_(&gradient.f_mul_scalar(1.0 - beta2)?, gradient)?;
    if let Some(largest) = max_exp_avg_sq {
        let larger = largest.f_maximum(exp_avg_sq)?;
        largest.f_copy_(&larger)?;
    }
    Ok(())
}

/// How far the moments after `steps` steps move the parameters: over what, and divided by what.
#[cfg(feature = "torch")]
pub(super) fn way_of_tensors(
    options: &AdamOptions,
    [lr, steps]: [f64; 2],
    [exp_avg, exp_avg_sq, max_exp_avg_sq, _]: &mut [Option<Tensor>; BUFFERS],
) -> Result<(Tensor, Tensor), TchError> {
    let correction = |beta: f64| 1.0 - beta.powf(steps);
    let [beta1, beta2] = options.betas;
    let square = if max_exp_avg_sq.is_some() { max_exp_avg_sq } else { exp_avg_sq };
    let mut divisor = there(square)?.f_sqrt()?;
    let _ = divisor.f_div_scalar_(correction(beta2).sqrt())?;
    let _ = divisor.f_add_scalar_(options.eps)?;
    Ok((there(exp_avg)?.f_mul_scalar(lr / correction(beta1))?, divisor))
}
