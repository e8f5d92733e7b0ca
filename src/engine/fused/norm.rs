//! Batch normalisation and LeakyReLU, forward and backward.
//!
//! With z the Linear's output, over a batch of B: m = mean(z), v = mean((z - m)^2), n = (z - m) / sqrt(v + eps),
//! y = gamma n + beta (Ioffe and Szegedy 2015, Algorithm 1). Given dL/dy: dbeta = sum(dL/dy), dgamma = sum(dL/dy n),
//! dL/dz = gamma / sqrt(v + eps) (dL/dy - dbeta / B - n dgamma / B).
//!
//! Sums run over the blocks of the batch lane by lane, and over the lanes at the end.

use super::simd::{Isa, Kernel, LANES, Lanes, change, total};
use crate::nets::NEGATIVE_SLOPE;
use crate::real::Real;

/// A batch in blocks of lanes, the last of which may not be full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) size: usize,
}

impl Batch {
    pub(super) fn blocks(self) -> usize {
        self.size.div_ceil(LANES)
    }

    /// Whether all lanes of a block hold samples.
    #[inline(always)]
    fn is_full(self, block: usize) -> bool {
        (block + 1) * LANES <= self.size
    }

    /// 1 in the lanes of a block that hold samples, 0 in the others.
    #[inline(always)]
    pub(super) fn weights<T: Real>(self, block: usize) -> Lanes<T> {
        let first = block * LANES;
        std::array::from_fn(|j| if first + j < self.size { T::ONE } else { T::ZERO })
    }
}

#[inline(always)]
fn leaky<T: Real>(x: T) -> T {
    x * slope(x)
}

/// x's derivative by what went into the LeakyReLU that gave x, times d.
#[inline(always)]
fn through_leaky<T: Real>(x: T, d: T) -> T {
    d * slope(x)
}

/// A product with 1 is exact; a choice between products would be a branch or a masked store.
#[inline(always)]
fn slope<T: Real>(x: T) -> T {
    if x > T::ZERO { T::ONE } else { T::from_f64(NEGATIVE_SLOPE) }
}

/// LeakyReLU in place.
pub(super) struct Leaky<'a, T>(pub(super) &'a mut [Lanes<T>]);

impl<T: Real> Kernel for Leaky<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for row in self.0 {
            change(row, [], |x, []| leaky(x));
        }
    }
}

/// A gradient on its way back through a LeakyReLU whose outputs are given.
pub(super) struct LeakyBackward<'a, T> {
    pub(super) outputs: &'a [Lanes<T>],
    pub(super) gradient: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for LeakyBackward<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (outputs, gradient) in self.outputs.iter().zip(self.gradient) {
            change(gradient, [outputs], |d, [x]| through_leaky(x, d));
        }
    }
}

/// The sums of rows over a batch: what a bias's gradient is.
pub(super) struct Sums<'a, T> {
    pub(super) batch: Batch,
    pub(super) rows: &'a [Lanes<T>],
    pub(super) scratch: &'a mut [Lanes<T>],
    pub(super) totals: &'a mut [T],
}

impl<T: Real> Kernel for Sums<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let features = self.totals.len();
        let scratch = &mut self.scratch[..features];
        scratch.fill([T::ZERO; LANES]);
        for (block, rows) in self.rows.chunks_exact(features).enumerate() {
            if self.batch.is_full(block) {
                for (sum, row) in scratch.iter_mut().zip(rows) {
                    change(sum, [row], |sum, [x]| sum + x);
                }
                continue;
            }
            let weights = self.batch.weights(block);
            for (sum, row) in scratch.iter_mut().zip(rows) {
                change(sum, [row, &weights], |sum, [x, weight]| sum + x * weight);
            }
        }
        for (sum, lanes) in self.totals.iter_mut().zip(scratch) {
            *sum = total(*lanes);
        }
    }
}

/// The statistics of a batch, feature by feature.
pub(super) struct Statistics<'a, T> {
    pub(super) batch: Batch,
    pub(super) z: &'a [Lanes<T>],
    pub(super) scratch: &'a mut [Lanes<T>],
    pub(super) mean: &'a mut [T],
    /// The mean squared deviation.
    pub(super) variance: &'a mut [T],
}

impl<T: Real> Kernel for Statistics<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let size = T::from_f64(self.batch.size as f64);
        let features = self.mean.len();
        Sums { batch: self.batch, rows: self.z, scratch: self.scratch, totals: self.mean }.run::<I>();
        for mean in self.mean.iter_mut() {
            *mean = *mean / size;
        }
        let scratch = &mut self.scratch[..features];
        scratch.fill([T::ZERO; LANES]);
        for (block, rows) in self.z.chunks_exact(features).enumerate() {
            if self.batch.is_full(block) {
                for ((sum, row), &mean) in scratch.iter_mut().zip(rows).zip(self.mean.iter()) {
                    change(sum, [row], |sum, [x]| sum + (x - mean) * (x - mean));
                }
                continue;
            }
            let weights = self.batch.weights(block);
            for ((sum, row), &mean) in scratch.iter_mut().zip(rows).zip(self.mean.iter()) {
                change(sum, [row, &weights], |sum, [x, weight]| sum + (x - mean) * (x - mean) * weight);
            }
        }
        for (variance, lanes) in self.variance.iter_mut().zip(scratch) {
            *variance = total(*lanes) / size;
        }
    }
}

/// Normalises z in place and gives LeakyReLU(gamma n + beta).
pub(super) struct Normalise<'a, T> {
    pub(super) z: &'a mut [Lanes<T>],
    pub(super) mean: &'a [T],
    /// 1 / sqrt(v + eps).
    pub(super) inverse: &'a [T],
    pub(super) gamma: &'a [T],
    pub(super) beta: &'a [T],
    pub(super) outputs: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Normalise<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let features = self.mean.len();
        let blocks = self.z.chunks_exact_mut(features).zip(self.outputs.chunks_exact_mut(features));
        for (z, outputs) in blocks {
            for (f, (z, output)) in z.iter_mut().zip(outputs).enumerate() {
                let (mean, inverse) = (self.mean[f], self.inverse[f]);
                let (gamma, beta) = (self.gamma[f], self.beta[f]);
                change(z, [], |z, []| (z - mean) * inverse);
                change(output, [z], |_, [n]| leaky(gamma * n + beta));
            }
        }
    }
}

/// Turns dL/dy into dL/dz in place, and gives dgamma and dbeta.
pub(super) struct NormBackward<'a, T> {
    pub(super) batch: Batch,
    pub(super) normalised: &'a [Lanes<T>],
    pub(super) inverse: &'a [T],
    pub(super) gamma: &'a [T],
    pub(super) gradient: &'a mut [Lanes<T>],
    /// Two rows for each feature.
    pub(super) scratch: &'a mut [Lanes<T>],
    pub(super) gamma_gradient: &'a mut [T],
    pub(super) beta_gradient: &'a mut [T],
}

impl<T: Real> Kernel for NormBackward<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        self.sums();
        let size = T::from_f64(self.batch.size as f64);
        let features = self.gamma.len();
        let blocks = self.normalised.chunks_exact(features).zip(self.gradient.chunks_exact_mut(features));
        for (block, (normalised, gradient)) in blocks.enumerate() {
            for (f, (n, d)) in normalised.iter().zip(gradient.iter_mut()).enumerate() {
                let scale = self.gamma[f] * self.inverse[f];
                let (mean, slope) = (self.beta_gradient[f] / size, self.gamma_gradient[f] / size);
                change(d, [n], |d, [n]| scale * (d - mean - n * slope));
            }
            if !self.batch.is_full(block) {
                // The padding stays zero, for the products that follow sum over it.
                let weights = self.batch.weights(block);
                for d in gradient {
                    change(d, [&weights], |d, [weight]| d * weight);
                }
            }
        }
    }
}

impl<T: Real> NormBackward<'_, T> {
    #[inline(always)]
    fn sums(&mut self) {
        let features = self.gamma.len();
        let (plain, times) = self.scratch[..2 * features].split_at_mut(features);
        plain.fill([T::ZERO; LANES]);
        times.fill([T::ZERO; LANES]);
        let blocks = self.normalised.chunks_exact(features).zip(self.gradient.chunks_exact(features));
        for (normalised, gradient) in blocks {
            let sums = plain.iter_mut().zip(times.iter_mut());
            for ((n, d), (plain, times)) in normalised.iter().zip(gradient).zip(sums) {
                change(plain, [d], |sum, [d]| sum + d);
                change(times, [d, n], |sum, [d, n]| sum + d * n);
            }
        }
        for f in 0..features {
            self.beta_gradient[f] = total(plain[f]);
            self.gamma_gradient[f] = total(times[f]);
        }
    }
}
