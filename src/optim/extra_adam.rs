//! ExtraAdam (Gidel et al. 2019, Algorithm 4): the extragradient, which takes out the circling of a game by stepping along
//! the gradient of where a step would lead. Its steps come in twos, each of which takes a gradient into the moments of
//! [`super::adam`], with a t of its own; with u_t for Adam's step at t:
//!
//! - the first looks ahead: w = p, p = p - u_t;
//! - the second, along the gradient at this p, moves: p = w - u_(t+1).
//!
//! Both networks look ahead together, so that each gradient of the second step is that at both networks' new places. An
//! iteration has both steps, on batches of their own.

use super::adam::{self, grow};
use super::options::WrongOption;
use super::{About, AdamOptions, BUFFERS};
use crate::real::Real;

pub(super) const ABOUT: About = About {
    name: "extra-adam",
    title: "ExtraAdam",
    help: "Extragradient Adam: looks one step ahead and uses the gradient there, which damps circling; two batches an iteration",
    steps: 2,
};
pub(super) const OPTIONS: &[&str] = adam::OPTIONS;

pub(super) fn check(options: &AdamOptions) -> Result<(), WrongOption> {
    adam::check(options)
}

pub(super) fn buffer_names(options: &AdamOptions) -> [Option<&'static str>; BUFFERS] {
    let [exp_avg, exp_avg_sq, max_exp_avg_sq, _] = adam::buffer_names(options);
    [exp_avg, exp_avg_sq, max_exp_avg_sq, Some("saved")]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    looks_ahead: bool,
    adam: adam::Step<T>,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &AdamOptions, lr: f64, taken: u64) -> Self {
        Self { looks_ahead: taken.is_multiple_of(2), adam: adam::Step::new(options, lr, taken) }
    }

    #[inline(always)]
    pub(super) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        [exp_avg, exp_avg_sq, max_exp_avg_sq, saved]: [&mut [T]; BUFFERS],
    ) {
        if self.looks_ahead {
            saved.copy_from_slice(parameters);
            return self.adam.apply(parameters, gradient, [exp_avg, exp_avg_sq, max_exp_avg_sq, &mut []]);
        }
        let moments = exp_avg.iter_mut().zip(exp_avg_sq).zip(saved);
        if max_exp_avg_sq.is_empty() {
            for ((p, &g), ((m, v), saved)) in parameters.iter_mut().zip(gradient).zip(moments) {
                self.adam.take_in(g, *p, m, v);
                *p = *saved - self.adam.way(*m, *v);
            }
            return;
        }
        for (((p, &g), ((m, v), saved)), largest) in
            parameters.iter_mut().zip(gradient).zip(moments).zip(max_exp_avg_sq)
        {
            self.adam.take_in(g, *p, m, v);
            grow(largest, *v);
            *p = *saved - self.adam.way(*m, *largest);
        }
    }
}

/// The same on tensors.
#[cfg(feature = "torch")]
pub(super) fn step_tensors(
    options: &AdamOptions,
    [lr, taken]: [f64; 2],
    parameters: &mut tch::Tensor,
    gradient: &tch::Tensor,
    buffers: &mut [Option<tch::Tensor>; BUFFERS],
) -> Result<(), tch::TchError> {
    let gradient = super::torch::decayed(gradient, parameters, options.weight_decay)?;
    let saved = super::torch::there(&mut buffers[3])?;
    if taken % 2.0 == 0.0 {
        saved.f_copy_(parameters)?;
    } else {
        parameters.f_copy_(saved)?;
    }
    adam::take_in_tensors(options, &gradient, buffers)?;
    let (numerator, divisor) = adam::way_of_tensors(options, [-lr, taken + 1.0], buffers)?;
    parameters.f_addcdiv_(&numerator, &divisor).map(drop)
}
