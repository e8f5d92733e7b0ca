//! Optimistic Adam (Daskalakis et al. 2018, Algorithm 1), which takes out the circling of a game by stepping along where
//! the gradient is going. With u_t for the step of [`super::adam`] at t, its moments corrected for that t:
//!
//! p = p - 2 u_t + u_(t-1), and p = p - 2 u_1 in the first step.
//!
//! Both have the rate that is due now. The authors' Keras code reads its buffers one update late and takes u_(t-2).

use super::adam::{self, grow};
use super::options::WrongOption;
use super::{About, AdamOptions, BUFFERS};
use crate::real::Real;

pub(super) const ABOUT: About = About {
    name: "optimistic-adam",
    title: "optimistic Adam",
    help: "Adam along an extrapolated gradient, which damps the circling of the two networks",
    steps: 1,
};
pub(super) const OPTIONS: &[&str] = adam::OPTIONS;

pub(super) fn check(options: &AdamOptions) -> Result<(), WrongOption> {
    adam::check(options)
}

pub(super) fn buffer_names(options: &AdamOptions) -> [Option<&'static str>; BUFFERS] {
    // The moments before a step are all that the step before it was made of.
    adam::buffer_names(options)
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    before: adam::Step<T>,
    twice: adam::Step<T>,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &AdamOptions, lr: f64, taken: u64) -> Self {
        // Before the first step the moments are 0, and so is what any constants make of them.
        let before = adam::Step::new(options, lr, taken.saturating_sub(1));
        Self { before, twice: adam::Step::new(options, 2.0 * lr, taken) }
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
                let before = self.before.way(*m, *v);
                self.twice.take_in(g, *p, m, v);
                *p = *p - (self.twice.way(*m, *v) - before);
            }
            return;
        }
        for (((p, &g), (m, v)), largest) in parameters.iter_mut().zip(gradient).zip(moments).zip(max_exp_avg_sq) {
            let before = self.before.way(*m, *largest);
            self.twice.take_in(g, *p, m, v);
            grow(largest, *v);
            *p = *p - (self.twice.way(*m, *largest) - before);
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
    if taken > 0.0 {
        let (numerator, divisor) = adam::way_of_tensors(options, [lr, taken], buffers)?;
        let _ = parameters.f_addcdiv_(&numerator, &divisor)?;
    }
    adam::take_in_tensors(options, &gradient, buffers)?;
    let (numerator, divisor) = adam::way_of_tensors(options, [-2.0 * lr, taken + 1.0], buffers)?;
    parameters.f_addcdiv_(&numerator, &divisor).map(drop)
}
