//! Matrices as the inner loops take them.

use super::simd::{LANES, Lanes};
use crate::optim::BUFFERS;
use crate::real::Real;

/// A matrix in blocks of [`LANES`] columns, one after another; in a block, row follows row. What a block has beyond
/// the last column is zero or does not matter.
///
/// Any such matrix can be either factor of a [`super::product::Product`], and its result.
#[derive(Clone, Debug)]
pub(super) struct Matrix<T> {
    rows: usize,
    columns: usize,
    data: Vec<Lanes<T>>,
}

impl<T: Real> Matrix<T> {
    pub(super) fn zeros(rows: usize, columns: usize) -> Self {
        let data = vec![[T::ZERO; LANES]; rows * columns.div_ceil(LANES)];
        Self { rows, columns, data }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
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

    pub(super) fn set(&mut self, row: usize, column: usize, value: T) {
        self.data[column / LANES * self.rows + row][column % LANES] = value;
    }

    pub(super) fn get(&self, row: usize, column: usize) -> T {
        self.data[column / LANES * self.rows + row][column % LANES]
    }
}

/// Where a matrix lies in a tensor that is flat, row after row, among others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where the tensor begins.
    pub(super) offset: usize,
    /// Its columns.
    pub(super) columns: usize,
    /// The tensor's row that is the matrix's first.
    pub(super) first_row: usize,
    /// The tensor's column that is the matrix's first.
    pub(super) first_column: usize,
}

impl Place {
    /// A part of a vector.
    pub(super) fn vector(offset: usize, first: usize) -> Self {
        Self { offset, columns: 0, first_row: 0, first_column: first }
    }

    fn of(self, row: usize, column: usize) -> usize {
        self.offset + (self.first_row + row) * self.columns + self.first_column + column
    }
}

/// Parameters, and the optimiser's buffers for them, in the same order.
#[derive(Clone, Debug)]
pub(super) struct Learnt<T> {
    pub(super) values: Matrix<T>,
    pub(super) buffers: [Matrix<T>; BUFFERS],
    place: Place,
}

impl<T: Real> Learnt<T> {
    /// Zeros; `kept` says which of the buffers there are.
    pub(super) fn zeros(rows: usize, columns: usize, place: Place, kept: [bool; BUFFERS]) -> Self {
        let values = Matrix::zeros(rows, columns);
        let buffers = kept.map(|kept| if kept { values.clone() } else { Matrix::zeros(0, columns) });
        Self { values, buffers, place }
    }

    /// A vector's numbers; their order is that of memory.
    pub(super) fn vector(&self) -> &[T] {
        &self.values.data().as_flattened()[..self.values.columns()]
    }

    /// Takes the parameters, or one of the buffers, out of a flat array.
    pub(super) fn take(&mut self, what: What, flat: &[f32]) {
        let place = self.place;
        let matrix = self.matrix_mut(what);
        for row in 0..matrix.rows() {
            for column in 0..matrix.columns() {
                matrix.set(row, column, T::from_f32(flat[place.of(row, column)]));
            }
        }
    }

    /// Puts the parameters, or one of the buffers, into a flat array.
    pub(super) fn put(&mut self, what: What, flat: &mut [T]) {
        let place = self.place;
        let matrix = self.matrix_mut(what);
        for row in 0..matrix.rows() {
            for column in 0..matrix.columns() {
                flat[place.of(row, column)] = matrix.get(row, column);
            }
        }
    }

    fn matrix_mut(&mut self, what: What) -> &mut Matrix<T> {
        match what {
            What::Parameters => &mut self.values,
            What::Buffer(i) => &mut self.buffers[i],
        }
    }
}

/// The parameters, or one of an optimiser's buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Parameters,
    Buffer(usize),
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
}
