//! An optimiser's step as an inner loop.

use super::matrix::Learnt;
use super::simd::{Cpu, Isa, Kernel, Lanes};
use crate::objective::constraints;
use crate::optim::{Update, average};
use crate::real::Real;

/// A step of an optimiser, and what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descent<T> {
    pub(super) update: Update<T>,
    /// Where parameters are clamped to.
    pub(super) clip: Option<T>,
    /// How far the average moves towards the parameters.
    pub(super) average: T,
}

impl<T: Real> Descent<T> {
    /// Steps some of `learnt`'s rows of lanes, those from `first`, along their gradient.
    pub(super) fn apply(&self, cpu: Cpu, learnt: &mut Learnt<T>, first: usize, gradient: &[Lanes<T>]) {
        let n = gradient.len();
        let buffers = learnt.buffers.each_mut().map(|buffer| {
            if buffer.rows() == 0 { &mut [] } else { buffer.data_mut()[first..][..n].as_flattened_mut() }
        });
        let parameters = learnt.values.data_mut()[first..][..n].as_flattened_mut();
        let average = match learnt.average.rows() {
            0 => &mut [],
            _ => learnt.average.data_mut()[first..][..n].as_flattened_mut(),
        };
        cpu.run(Step { descent: self, parameters, gradient: gradient.as_flattened(), buffers, average });
    }
}

struct Step<'a, T> {
    descent: &'a Descent<T>,
    parameters: &'a mut [T],
    gradient: &'a [T],
    buffers: [&'a mut [T]; crate::optim::BUFFERS],
    average: &'a mut [T],
}

impl<T: Real> Kernel for Step<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        self.descent.update.apply(self.parameters, self.gradient, self.buffers);
        if let Some(c) = self.descent.clip {
            constraints::clip(self.parameters, c);
        }
        average::step(self.average, self.parameters, self.descent.average);
    }
}
