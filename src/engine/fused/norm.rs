//! Batch normalisation and LeakyReLU, forward and backward, for one block of features: a row for each sample.
//!
//! With z the Linear's output, over a batch of B: m = mean(z), v = mean((z - m)^2), n = (z - m) / sqrt(v + eps),
//! y = gamma n + beta (Ioffe and Szegedy 2015, Algorithm 1). Given dL/dy: dbeta = sum(dL/dy), dgamma = sum(dL/dy n),
//! dL/dz = gamma / sqrt(v + eps) (dL/dy - dbeta / B - n dgamma / B).

use crate::real::Real;
use crate::simd::{Isa, Kernel, LANES, Lanes, STRANDS, fused, row, row_done};

/// LeakyReLU of a row, with the slope below 0.
#[inline(always)]
pub(super) fn leaky<T: Real>(x: Lanes<T>, below: T) -> Lanes<T> {
    row(|j| x[j] * slope(x[j], below))
}

/// A row of a gradient on its way back through a LeakyReLU that took or gave x.
#[inline(always)]
pub(super) fn leaky_backward<T: Real>(gradient: Lanes<T>, x: &Lanes<T>, below: T) -> Lanes<T> {
    row(|j| gradient[j] * slope(x[j], below))
}

/// LeakyReLU's derivative at x, or where LeakyReLU gave x. A product with 1 is exact; a choice between products would
/// be a branch or a masked store.
#[inline(always)]
pub(super) fn slope<T: Real>(x: T, below: T) -> T {
    if x > T::ZERO { T::ONE } else { below }
}

/// Multiplies each sample's row by the sample's weight.
pub(super) struct Scale<'a, T> {
    pub(super) rows: &'a mut [Lanes<T>],
    /// The weights are the first numbers.
    pub(super) weights: &'a [Lanes<T>],
}

impl<T: Real> Kernel for Scale<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (to, weights) in self.rows.iter_mut().zip(self.weights) {
            let (x, weight) = (*to, weights[0]);
            *to = row(|j| x[j] * weight);
            row_done();
        }
    }
}

/// Adds each sample's row of values, times the sample's weight.
pub(super) struct AddWeighted<'a, T> {
    pub(super) to: &'a mut [Lanes<T>],
    pub(super) values: &'a [Lanes<T>],
    /// The weights are the first numbers.
    pub(super) weights: &'a [Lanes<T>],
}

impl<T: Real> Kernel for AddWeighted<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for ((to, values), weights) in self.to.iter_mut().zip(self.values).zip(self.weights) {
            let (x, weight) = (*to, weights[0]);
            *to = row(|j| fused::<I, T>(values[j], weight, x[j]));
            row_done();
        }
    }
}

/// Multiplies all rows by the same one.
pub(super) struct ScaleAll<'a, T> {
    pub(super) rows: &'a mut [Lanes<T>],
    pub(super) weights: &'a Lanes<T>,
}

impl<T: Real> Kernel for ScaleAll<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for to in self.rows {
            let x = *to;
            *to = row(|j| x[j] * self.weights[j]);
            row_done();
        }
    }
}

/// Adds up what `f` makes of the rows, in a fixed order.
#[inline(always)]
fn sum<T: Real>(rows: &[Lanes<T>], f: impl Fn(T, usize) -> T) -> Lanes<T> {
    let mut strands = [[T::ZERO; LANES]; STRANDS];
    let (groups, rest) = rows.as_chunks::<STRANDS>();
    for group in groups {
        for (strand, row) in strands.iter_mut().zip(group) {
            for j in 0..LANES {
                strand[j] += f(row[j], j);
            }
        }
    }
    for row in rest {
        for j in 0..LANES {
            strands[0][j] += f(row[j], j);
        }
    }
    let [first, second, third, fourth] = strands;
    std::array::from_fn(|j| (first[j] + second[j]) + (third[j] + fourth[j]))
}

/// The sums of rows over the samples: what a bias's gradient is.
pub(super) struct Sums<'a, T> {
    pub(super) rows: &'a [Lanes<T>],
    pub(super) sums: &'a mut Lanes<T>,
}

impl<T: Real> Kernel for Sums<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        *self.sums = sum(self.rows, |x, _| x);
    }
}

/// The statistics of a batch.
pub(super) struct Statistics<'a, T> {
    pub(super) z: &'a [Lanes<T>],
    pub(super) mean: &'a mut Lanes<T>,
    /// The mean squared deviation.
    pub(super) variance: &'a mut Lanes<T>,
}

impl<T: Real> Kernel for Statistics<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let size = T::from_f64(self.z.len() as f64);
        let mean = sum(self.z, |x, _| x).map(|sum| sum / size);
        *self.variance = sum(self.z, |x, j| (x - mean[j]) * (x - mean[j])).map(|sum| sum / size);
        *self.mean = mean;
    }
}

/// Normalises z in place and gives LeakyReLU(gamma n + beta).
pub(super) struct Normalise<'a, T> {
    pub(super) z: &'a mut [Lanes<T>],
    pub(super) mean: &'a Lanes<T>,
    /// 1 / sqrt(v + eps).
    pub(super) inverse: &'a Lanes<T>,
    pub(super) gamma: &'a Lanes<T>,
    pub(super) beta: &'a Lanes<T>,
    /// LeakyReLU's slope below 0.
    pub(super) below: T,
    pub(super) outputs: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Normalise<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (mean, inverse, gamma, beta, below) = (*self.mean, *self.inverse, *self.gamma, *self.beta, self.below);
        for (z, outputs) in self.z.iter_mut().zip(self.outputs) {
            *z = row(|j| (z[j] - mean[j]) * inverse[j]);
            *outputs = leaky(row(|j| gamma[j] * z[j] + beta[j]), below);
            row_done();
        }
    }
}

/// Puts dL/dz in the place of n, given the gradient by LeakyReLU's outputs, which becomes that by y; and gives dgamma and
/// dbeta.
pub(super) struct NormBackward<'a, T> {
    pub(super) normalised: &'a mut [Lanes<T>],
    pub(super) inverse: &'a Lanes<T>,
    pub(super) gamma: &'a Lanes<T>,
    pub(super) beta: &'a Lanes<T>,
    /// LeakyReLU's slope below 0.
    pub(super) below: T,
    pub(super) gradient: &'a mut [Lanes<T>],
    pub(super) gamma_gradient: &'a mut Lanes<T>,
    pub(super) beta_gradient: &'a mut Lanes<T>,
}

impl<T: Real> Kernel for NormBackward<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        self.back_to_y();
        let (gamma, inverse) = (*self.gamma, *self.inverse);
        let size = T::from_f64(self.normalised.len() as f64);
        let scale = row(|j| gamma[j] * inverse[j]);
        let mean = self.beta_gradient.map(|sum| sum / size);
        let slope = self.gamma_gradient.map(|sum| sum / size);
        for (n, d) in self.normalised.iter_mut().zip(self.gradient) {
            let (mut to, d) = (*n, *d);
            for j in 0..LANES {
                to[j] = scale[j] * (d[j] - mean[j] - to[j] * slope[j]);
            }
            *n = to;
            row_done();
        }
    }
}

impl<T: Real> NormBackward<'_, T> {
    /// Through LeakyReLU, and the sums. LeakyReLU's inputs are computed as they were.
    #[inline(always)]
    fn back_to_y(&mut self) {
        let affine = (*self.gamma, *self.beta, self.below);
        let mut sums = [[[T::ZERO; LANES]; 2]; 2];
        let (pairs, rest) = self.normalised.as_chunks::<2>();
        let (gradients, last) = self.gradient.as_chunks_mut::<2>();
        for (n, d) in pairs.iter().zip(gradients) {
            for i in 0..2 {
                d[i] = back_and_sum(&n[i], d[i], &affine, &mut sums[i]);
                row_done();
            }
        }
        for (n, d) in rest.iter().zip(last) {
            *d = back_and_sum(n, *d, &affine, &mut sums[0]);
        }
        let [[plain, times], [more_plain, more_times]] = sums;
        *self.beta_gradient = row(|j| plain[j] + more_plain[j]);
        *self.gamma_gradient = row(|j| times[j] + more_times[j]);
    }
}

/// Takes a row through LeakyReLU, and adds it and its products with n to the sums.
#[inline(always)]
fn back_and_sum<T: Real>(
    n: &Lanes<T>,
    mut d: Lanes<T>,
    (gamma, beta, below): &(Lanes<T>, Lanes<T>, T),
    [plain, times]: &mut [Lanes<T>; 2],
) -> Lanes<T> {
    for j in 0..LANES {
        d[j] *= slope(gamma[j] * n[j] + beta[j], *below);
        plain[j] += d[j];
        times[j] += d[j] * n[j];
    }
    d
}
