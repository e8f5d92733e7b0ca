//! An optimiser's step as an inner loop.

use super::matrix::{Each, Learnt, Matrix};
use crate::objective::constraints;
use crate::optim::{Update, average, clip};
use crate::real::Real;
use crate::simd::{Cpu, Isa, Kernel, Lanes};

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
    /// Steps some of `learnt`'s rows of lanes, those from `first`, along their gradient; or keeps that for [`Self::step`].
    pub(super) fn apply(&self, cpu: Cpu, learnt: &mut Learnt<T>, first: usize, gradient: &[Lanes<T>]) {
        let n = gradient.len();
        if learnt.gradient.rows() > 0 {
            return learnt.gradient.data_mut()[first..][..n].copy_from_slice(gradient);
        }
        let Learnt { values, buffers, average, .. } = learnt;
        let rows = |matrix| rows_of(matrix, first, n);
        let (parameters, gradient) = (rows(values), gradient.as_flattened());
        let (buffers, average) = (buffers.each_mut().map(rows), rows(average));
        cpu.run(Step { descent: self, parameters, gradient, buffers, average });
    }

    /// Steps all of a network's parameters along the gradient that was kept, whose norm is `most` at most.
    pub(super) fn step_together(&self, cpu: Cpu, most: f64, each: Each<'_, T>) {
        let mut square = 0.0;
        each(&mut |learnt| square += learnt.square());
        let scale = clip::scale(most, square);
        each(&mut |learnt| {
            learnt.scale(scale);
            self.step(cpu, learnt);
        });
    }

    /// Steps parameters along the gradient that was kept.
    pub(super) fn step(&self, cpu: Cpu, learnt: &mut Learnt<T>) {
        let Learnt { values, raw, gradient, buffers, average, .. } = learnt;
        let n = gradient.data().len();
        let rows = |matrix| rows_of(matrix, 0, n);
        let parameters = if raw.rows() > 0 { rows(raw) } else { rows(values) };
        let gradient = gradient.data().as_flattened();
        let (buffers, average) = (buffers.each_mut().map(rows), rows(average));
        cpu.run(Step { descent: self, parameters, gradient, buffers, average });
    }
}

/// Some rows of a matrix; none of one that has none.
fn rows_of<T: Real>(matrix: &mut Matrix<T>, first: usize, n: usize) -> &mut [T] {
    if matrix.rows() == 0 { &mut [] } else { matrix.data_mut()[first..][..n].as_flattened_mut() }
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
