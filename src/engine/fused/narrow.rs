//! Products with a layer of few outputs, whose columns would fill a row of lanes badly.

use super::norm::{leaky, slope};
use crate::real::Real;
use crate::simd::{Isa, Kernel, LANES, Lanes, STRANDS, fused, row, row_done, total};

/// Adds to the sums of each sample, `sums[sample][r]`, its features times the weights of output r, lane by lane: a
/// product with a factor of few columns, whose last sum is over the lanes.
pub(super) struct Dots<'a, T, const R: usize> {
    /// Blocks of features, from the first sample that is taken.
    pub(super) features: &'a [Lanes<T>],
    /// How many rows lie between a block's first and the next one's.
    pub(super) stride: usize,
    /// Rows for each block, of which R are taken.
    pub(super) weights: &'a [Lanes<T>],
    /// How many rows a block has, and the first of those that are taken.
    pub(super) rows: [usize; 2],
    pub(super) sums: &'a mut [Lanes<T>],
}

impl<T: Real, const R: usize> Kernel for Dots<'_, T, R> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let [rows, first] = self.rows;
        let blocks = self.weights.chunks_exact(rows).filter_map(|rows| rows[first..].first_chunk::<R>());
        for (sample, to) in self.sums.as_chunks_mut::<R>().0.iter_mut().enumerate() {
            let mut sums = *to;
            for (block, weights) in blocks.clone().enumerate() {
                let features = self.features[block * self.stride + sample];
                for r in 0..R {
                    sums[r] = row(|j| fused::<I, T>(features[j], weights[r][j], sums[r][j]));
                }
            }
            *to = sums;
        }
    }
}

/// The sums over the lanes.
pub(super) struct Totals<'a, T> {
    pub(super) sums: &'a [Lanes<T>],
    pub(super) totals: &'a mut [T],
}

impl<T: Real> Kernel for Totals<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (total_of, sums) in self.totals.iter_mut().zip(self.sums) {
            *total_of = total(*sums);
            row_done();
        }
    }
}

/// The last hidden layer of a network with one output, for a block of its features: takes what the Linear gives
/// through LeakyReLU, and adds the features times their weights to the sums of each sample, lane by lane.
pub(super) struct Score<'a, T> {
    pub(super) features: &'a mut [Lanes<T>],
    pub(super) weights: &'a Lanes<T>,
    /// LeakyReLU's slope below 0.
    pub(super) below: T,
    pub(super) sums: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Score<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (weights, below) = (*self.weights, self.below);
        for (features, sums) in self.features.iter_mut().zip(self.sums) {
            let (x, sum) = (leaky(*features, below), *sums);
            *features = x;
            *sums = row(|j| fused::<I, T>(x[j], weights[j], sum[j]));
            row_done();
        }
    }
}

/// The sum over samples of LeakyReLU's slopes, each times its sample's weight.
pub(super) struct WeightedSlopes<'a, T> {
    /// What LeakyReLU gave.
    pub(super) values: &'a [Lanes<T>],
    /// The weights are the first numbers.
    pub(super) weights: &'a [Lanes<T>],
    /// The slope below 0.
    pub(super) below: T,
    pub(super) sums: &'a mut Lanes<T>,
}

impl<T: Real> Kernel for WeightedSlopes<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut strands = [[T::ZERO; LANES]; STRANDS];
        let (values, rest) = self.values.as_chunks::<STRANDS>();
        let (weights, more) = self.weights.as_chunks::<STRANDS>();
        for (values, weights) in values.iter().zip(weights) {
            for strand in 0..STRANDS {
                for j in 0..LANES {
                    strands[strand][j] += weights[strand][0] * slope(values[strand][j], self.below);
                }
            }
        }
        for (values, weights) in rest.iter().zip(more) {
            for j in 0..LANES {
                strands[0][j] += weights[0] * slope(values[j], self.below);
            }
        }
        let [a, b, c, d] = strands;
        *self.sums = row(|j| (a[j] + b[j]) + (c[j] + d[j]));
    }
}

/// Adds to R rows the sum over samples of their factors, `factors[sample][r]`, times their rows: the weights' gradient
/// of a layer with few outputs.
pub(super) struct WeightedSums<'a, T, const R: usize> {
    pub(super) factors: &'a [Lanes<T>],
    pub(super) rows: &'a [Lanes<T>],
    pub(super) sums: &'a mut [Lanes<T>; R],
}

impl<T: Real, const R: usize> Kernel for WeightedSums<'_, T, R> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut strands = [[[T::ZERO; LANES]; R]; STRANDS];
        let mut add = |strand: usize, factors: &Lanes<T>, row: &Lanes<T>| {
            for r in 0..R {
                for j in 0..LANES {
                    strands[strand][r][j] = fused::<I, T>(factors[r], row[j], strands[strand][r][j]);
                }
            }
        };
        let (factors, more) = self.factors.as_chunks::<STRANDS>();
        let (rows, rest) = self.rows.as_chunks::<STRANDS>();
        for (factors, rows) in factors.iter().zip(rows) {
            for strand in 0..STRANDS {
                add(strand, &factors[strand], &rows[strand]);
            }
        }
        for (factors, row) in more.iter().zip(rest) {
            add(0, factors, row);
        }
        let [a, b, c, d] = strands;
        for r in 0..R {
            let before = self.sums[r];
            self.sums[r] = row(|j| before[j] + ((a[r][j] + b[r][j]) + (c[r][j] + d[r][j])));
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::super::matrix::numbers;
    use super::*;
    use crate::simd::Cpu;

    #[test]
    fn few_columns_are_summed_over_the_lanes() {
        let (features, weights) = (numbers(11, 40, 1), numbers(2, 40, 2));
        let mut sums = vec![[0.0; LANES]; 2 * 11];
        let (weights, stride) = (&weights, 11);
        Cpu::detect().run(Dots::<_, 2> {
            features: features.data(),
            stride,
            weights: weights.data(),
            rows: [2, 0],
            sums: &mut sums,
        });
        for (i, sums) in sums.iter().enumerate() {
            let expected: f64 = (0..40).map(|k| features.get(i / 2, k) * weights.get(i % 2, k)).sum();
            assert_eq!(sums.iter().sum::<f64>(), expected);
        }
    }

    #[test]
    fn weighted_sums_are_those_of_the_definition() {
        let (factors, rows) = (numbers(11, 2, 1), numbers(11, 16, 2));
        let mut sums = [[1.0; LANES]; 2];
        Cpu::detect().run(WeightedSums { factors: factors.data(), rows: rows.data(), sums: &mut sums });
        for (r, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                assert_eq!(*sum, 1.0 + (0..11).map(|k| factors.get(k, r) * rows.get(k, j)).sum::<f64>());
            }
        }
    }
}
