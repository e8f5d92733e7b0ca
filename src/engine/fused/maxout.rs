//! Maxout in the critic: of some numbers of a Linear's the largest is the layer's (Goodfellow et al. 2013). The numbers that
//! stand at the same place among those of their features are a piece, and a Linear of its own; which piece was the largest is
//! kept for each sample and feature, as a number.

use crate::real::Real;
use crate::simd::{Isa, Kernel, LANES, Lanes, row, row_done};

/// Puts what a piece gives in the place of what is less, and its number beside.
pub(super) struct Larger<'a, T> {
    pub(super) given: &'a [Lanes<T>],
    pub(super) piece: usize,
    pub(super) outputs: &'a mut [Lanes<T>],
    pub(super) largest: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Larger<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let piece = T::from_f64(self.piece as f64);
        for ((given, outputs), largest) in self.given.iter().zip(self.outputs).zip(self.largest) {
            let (x, best, which) = (*given, *outputs, *largest);
            *outputs = row(|j| if x[j] > best[j] { x[j] } else { best[j] });
            *largest = row(|j| if x[j] > best[j] { piece } else { which[j] });
            row_done();
        }
    }
}

/// Puts a piece's values where it was the largest.
pub(super) struct Choose<'a, T> {
    pub(super) from: &'a [Lanes<T>],
    pub(super) largest: &'a [Lanes<T>],
    pub(super) piece: usize,
    pub(super) to: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Choose<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let piece = T::from_f64(self.piece as f64);
        for ((from, largest), to) in self.from.iter().zip(self.largest).zip(self.to) {
            let (x, which, before) = (*from, *largest, *to);
            *to = row(|j| if which[j] == piece { x[j] } else { before[j] });
            row_done();
        }
    }
}

/// Leaves values where a piece was the largest, and 0 elsewhere.
pub(super) struct Keep<'a, T> {
    pub(super) largest: &'a [Lanes<T>],
    pub(super) piece: usize,
    pub(super) rows: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Keep<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let piece = T::from_f64(self.piece as f64);
        for (largest, rows) in self.largest.iter().zip(self.rows) {
            let (which, x) = (*largest, *rows);
            *rows = row(|j| if which[j] == piece { x[j] } else { T::ZERO });
            row_done();
        }
    }
}

/// The sum of the weights of those samples for which a piece was the largest.
pub(super) struct WeightedCount<'a, T> {
    pub(super) largest: &'a [Lanes<T>],
    pub(super) piece: usize,
    /// The weights are the first numbers.
    pub(super) weights: &'a [Lanes<T>],
    pub(super) sums: &'a mut Lanes<T>,
}

impl<T: Real> Kernel for WeightedCount<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (piece, mut sums) = (T::from_f64(self.piece as f64), [T::ZERO; LANES]);
        for (largest, weights) in self.largest.iter().zip(self.weights) {
            let (which, weight, before) = (*largest, weights[0], sums);
            sums = row(|j| if which[j] == piece { before[j] + weight } else { before[j] });
            row_done();
        }
        *self.sums = sums;
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::super::matrix::{Matrix, numbers};
    use super::*;
    use crate::simd::Cpu;

    #[test]
    fn the_largest_piece_is_found_and_its_values_come_back() {
        const PIECES: usize = 3;
        let (cpu, given) = (Cpu::detect(), [0, 1, 2].map(|piece| numbers(5, 40, 7 * piece)));
        let (mut outputs, mut largest) = (numbers(5, 40, 0), Matrix::<f64>::zeros(5, 40));
        for (piece, given) in given.iter().enumerate().skip(1) {
            let (outputs, largest) = (outputs.data_mut(), largest.data_mut());
            cpu.run(Larger { given: given.data(), piece, outputs, largest });
        }
        let (mut chosen, mut counts) = (Matrix::<f64>::zeros(5, 40), [0.0; LANES]);
        for piece in 0..PIECES {
            let (from, largest) = (given[piece].data(), largest.data());
            cpu.run(Choose { from, largest, piece, to: chosen.data_mut() });
            let mut kept = numbers(5, 40, 7 * piece);
            cpu.run(Keep { largest, piece, rows: kept.data_mut() });
            let mut sums = [0.0; LANES];
            let (largest, weights) = (&largest[..5], numbers(5, 16, 3));
            cpu.run(WeightedCount { largest, piece, weights: weights.data(), sums: &mut sums });
            for j in 0..LANES {
                counts[j] += sums[j];
                let of = |i: usize| if largest[i][j] == piece as f64 { weights.get(i, 0) } else { 0.0 };
                assert_eq!(sums[j], (0..5).map(of).sum::<f64>());
            }
            for i in 0..5 {
                for j in 0..40 {
                    let here = (0..PIECES).all(|other| given[piece].get(i, j) >= given[other].get(i, j));
                    assert!(kept.get(i, j) == 0.0 || here, "{piece} {i} {j}");
                }
            }
        }
        for i in 0..5 {
            for j in 0..40 {
                let most = given.iter().map(|given| given.get(i, j)).fold(f64::MIN, f64::max);
                assert_eq!([outputs.get(i, j), chosen.get(i, j)], [most; 2], "{i} {j}");
            }
        }
    }
}
