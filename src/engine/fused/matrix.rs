//! Matrices as the inner loops take them.

use std::ops::{Deref, DerefMut};

use crate::optim::BUFFERS;
use crate::real::Real;
use crate::simd::{LANES, Lanes};

/// The size of a cache line in bytes. A row that began elsewhere would lie in two of them.
const LINE: usize = 64;

/// Rows of lanes, zero at first, that begin at a cache line.
#[derive(Debug)]
pub(super) struct Rows<T> {
    numbers: Vec<T>,
    first: usize,
    len: usize,
}

impl<T: Real> Rows<T> {
    pub(super) fn zeros(len: usize) -> Self {
        let spare = LINE / size_of::<T>();
        let numbers = vec![T::ZERO; len * LANES + spare];
        let first = numbers.as_ptr().align_offset(LINE).min(spare);
        Self { numbers, first, len }
    }
}

impl<T: Real> Deref for Rows<T> {
    type Target = [Lanes<T>];

    fn deref(&self) -> &[Lanes<T>] {
        self.numbers[self.first..][..self.len * LANES].as_chunks().0
    }
}

impl<T: Real> DerefMut for Rows<T> {
    fn deref_mut(&mut self) -> &mut [Lanes<T>] {
        self.numbers[self.first..][..self.len * LANES].as_chunks_mut().0
    }
}

/// A matrix in blocks of [`LANES`] columns, one after another; in a block, row follows row. What a block has beyond
/// the last column is zero, or does not matter.
///
/// Activations have a row for each sample and a column for each feature. Any matrix can be either factor of a
/// [`super::product::Product`], and its result.
#[derive(Debug)]
pub(super) struct Matrix<T> {
    rows: usize,
    columns: usize,
    data: Rows<T>,
}

impl<T: Real> Matrix<T> {
    pub(super) fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: Rows::zeros(rows * columns.div_ceil(LANES)) }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn blocks(&self) -> usize {
        self.columns.div_ceil(LANES)
    }

    /// All blocks, one after another.
    pub(super) fn data(&self) -> &[Lanes<T>] {
        &self.data
    }

    pub(super) fn data_mut(&mut self) -> &mut [Lanes<T>] {
        &mut self.data
    }

    /// The rows of one block.
    pub(super) fn block(&self, block: usize) -> &[Lanes<T>] {
        &self.data[block * self.rows..][..self.rows]
    }

    pub(super) fn block_mut(&mut self, block: usize) -> &mut [Lanes<T>] {
        &mut self.data[block * self.rows..][..self.rows]
    }

    /// All blocks, each by itself.
    pub(super) fn blocks_mut(&mut self) -> impl Iterator<Item = &mut [Lanes<T>]> {
        self.data.chunks_exact_mut(self.rows.max(1))
    }

    pub(super) fn set(&mut self, row: usize, column: usize, value: T) {
        self.data[column / LANES * self.rows + row][column % LANES] = value;
    }

    pub(super) fn get(&self, row: usize, column: usize) -> T {
        self.data[column / LANES * self.rows + row][column % LANES]
    }
}

/// Where a matrix lies among other numbers: its (row, column) is at `offset` + row `row` + column `column`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Place {
    /// A part of a vector.
    pub(super) fn vector(offset: usize) -> Self {
        Self { offset, row: 0, column: 1 }
    }

    fn of(self, row: usize, column: usize) -> usize {
        self.offset + row * self.row + column * self.column
    }
}

/// Parameters, and the optimiser's buffers for them, in the same order.
#[derive(Debug)]
pub(super) struct Learnt<T> {
    pub(super) values: Matrix<T>,
    pub(super) buffers: [Matrix<T>; BUFFERS],
    /// The average of the parameters over the steps.
    pub(super) average: Matrix<T>,
    /// The parameters themselves, where `values` are made of them.
    pub(super) raw: Matrix<T>,
    /// The gradient, where parameters are stepped when all of a layer's or a network's is there.
    pub(super) gradient: Matrix<T>,
    /// The slow weights.
    slow: Matrix<T>,
    place: Place,
}

/// Shows parts of parameters, one after another.
pub(super) type Each<'a, T> = &'a dyn Fn(&mut dyn FnMut(&mut Learnt<T>));

/// What there is beside parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Which of the optimiser's buffers.
    pub(super) buffers: [bool; BUFFERS],
    /// Whether their average.
    pub(super) average: bool,
    /// Whether slow weights.
    pub(super) slow: bool,
    /// When they are stepped.
    pub(super) stepped: Stepped,
}

/// When parameters are stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// When their gradient is found.
    AtOnce,
    /// When the gradient of the whole network is there.
    Together,
    /// When the gradient of a whole layer is there, which works with something made of them.
    Apart,
}

impl<T: Real> Learnt<T> {
    /// Zeros.
    pub(super) fn zeros(rows: usize, columns: usize, place: Place, kept: Kept) -> Self {
        let if_kept = |kept| Matrix::zeros(if kept { rows } else { 0 }, columns);
        let (buffers, average, slow) = (kept.buffers.map(if_kept), if_kept(kept.average), if_kept(kept.slow));
        let (raw, gradient) = (if_kept(kept.stepped == Stepped::Apart), if_kept(kept.stepped != Stepped::AtOnce));
        Self { values: Matrix::zeros(rows, columns), buffers, average, slow, raw, gradient, place }
    }

    /// The slow weights, then the parameters and their average, for what is done between iterations.
    pub(super) fn slow_and_fast(&mut self) -> [&mut [T]; 3] {
        let fast = if self.raw.rows() > 0 { &mut self.raw } else { &mut self.values };
        [&mut self.slow, fast, &mut self.average].map(|matrix| matrix.data_mut().as_flattened_mut())
    }

    /// Takes the parameters, or another of the arrays, out of a flat one.
    pub(super) fn take(&mut self, what: What, flat: &[T]) {
        let (place, matrix) = (self.place, self.part(what));
        for row in 0..matrix.rows() {
            for column in 0..matrix.columns() {
                matrix.set(row, column, flat[place.of(row, column)]);
            }
        }
    }

    /// Puts the parameters, or another of the arrays, into a flat one.
    pub(super) fn put(&mut self, what: What, flat: &mut [T]) {
        let (place, matrix) = (self.place, self.part(what));
        for row in 0..matrix.rows() {
            for column in 0..matrix.columns() {
                flat[place.of(row, column)] = matrix.get(row, column);
            }
        }
    }

    /// Makes the gradient 0 beyond the last column, so that it counts in no sum.
    pub(super) fn clear_padding(&mut self) {
        let used = (self.gradient.columns() - 1) % LANES + 1;
        if let Some(last) = self.gradient.blocks().checked_sub(1) {
            for row in self.gradient.block_mut(last) {
                row[used..].fill(T::ZERO);
            }
        }
    }

    /// The sum of the gradient's squares.
    pub(super) fn square(&mut self) -> f64 {
        self.clear_padding();
        self.gradient.data().as_flattened().iter().map(|g| g.to_f64() * g.to_f64()).sum()
    }

    /// Scales the gradient.
    pub(super) fn scale(&mut self, by: f64) {
        for g in self.gradient.data_mut().as_flattened_mut() {
            *g *= T::from_f64(by);
        }
    }

    fn part(&mut self, what: What) -> &mut Matrix<T> {
        match what {
            What::Parameters if self.raw.rows() > 0 => &mut self.raw,
            What::Parameters => &mut self.values,
            What::Buffer(i) => &mut self.buffers[i],
            What::Average => &mut self.average,
            What::Slow => &mut self.slow,
        }
    }
}

/// One of the arrays of numbers, one for each parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Parameters,
    /// One of the optimiser's.
    Buffer(usize),
    Average,
    Slow,
}

/// Whole numbers, whose products and sums are exact in any order.
#[cfg(test)]
pub(super) fn numbers(rows: usize, columns: usize, seed: usize) -> Matrix<f64> {
    let mut matrix = Matrix::zeros(rows, columns);
    for row in 0..rows {
        for column in 0..columns {
            matrix.set(row, column, ((row * 31 + column * 17 + seed) % 23) as f64 - 11.0);
        }
    }
    matrix
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_block_follow_each_other() {
        let mut matrix = Matrix::<f32>::zeros(3, 20);
        matrix.set(2, 17, 5.0);
        assert_eq!([matrix.block(1)[2][1], matrix.data()[5][1], matrix.get(2, 17)], [5.0; 3]);
        assert_eq!(matrix.data().len(), 6);
    }

    #[test]
    fn rows_begin_at_a_cache_line() {
        for len in [1, 3, 100, 5000] {
            assert_eq!(Rows::<f32>::zeros(len).as_ptr().addr() % LINE, 0);
            assert_eq!(Rows::<f64>::zeros(len).as_ptr().addr() % LINE, 0);
        }
    }

    #[test]
    fn a_part_comes_from_its_place_and_goes_back_there() {
        let flat: Vec<f32> = (0..40).map(|i| i as f32).collect();
        // Columns 2 and 3 of a matrix [4, 5] that begins at 10, turned.
        let place = Place { offset: 12, row: 1, column: 5 };
        let kept = Kept { buffers: [true, false, false, false], average: false, slow: false, stepped: Stepped::AtOnce };
        let mut part = Learnt::<f32>::zeros(2, 4, place, kept);
        part.take(What::Parameters, &flat);
        assert_eq!([part.values.get(0, 0), part.values.get(1, 0), part.values.get(0, 3)], [12.0, 13.0, 27.0]);
        let mut back = vec![0.0; 40];
        part.put(What::Parameters, &mut back);
        assert_eq!(
            (back[13], back[14], back.iter().sum::<f32>()),
            (13.0, 0.0, (12..28).step_by(5).sum::<i32>() as f32 * 2.0 + 4.0)
        );
    }
}
