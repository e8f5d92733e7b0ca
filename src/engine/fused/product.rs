//! Matrix products, and transposes.

use std::hint::black_box;

use super::norm::{leaky, leaky_backward};
use crate::real::Real;
use crate::simd::{Isa, Kernel, LANES, Lanes, add_products, row, row_done};

/// Terms of a product that follow each other in its sums.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a, T> {
    /// Blocks of the left factor, from the first row that is taken.
    pub(super) a: &'a [Lanes<T>],
    /// How many rows lie between a block's first and the next one's.
    pub(super) a_rows: usize,
    /// Rows of the right factor's block, as many as there are terms.
    pub(super) b: &'a [Lanes<T>],
}

/// What the sums of a product begin with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'a, T> {
    Zero,
    /// The same row for all.
    Row(&'a Lanes<T>),
    /// What is there.
    Kept,
}

/// What becomes of the sums of a product whose left factor is not turned.
#[derive(Clone, Copy, Debug)]
pub(super) enum End<'a, T> {
    /// Nothing more.
    Sum,
    /// They go through LeakyReLU, which has this slope below 0.
    Leaky(T),
    /// They go back through a LeakyReLU of this slope that gave these rows.
    LeakyBackward(T, &'a [Lanes<T>]),
}

/// C = end(start + A B), or start + A^T B, for one block of columns of B and C.
///
/// Each number of C gets its products added in the order of the parts and of their terms: a fixed sequence of
/// roundings, however the rows are split over calls. Groups of rows stay in registers while all terms are added;
/// everything that they need lies in whole rows of lanes, so that nothing is packed.
pub(super) struct Product<'a, T, const TURNED: bool, const PARTS: usize> {
    pub(super) start: Start<'a, T>,
    pub(super) parts: [Part<'a, T>; PARTS],
    pub(super) end: End<'a, T>,
    pub(super) c: &'a mut [Lanes<T>],
}

impl<T: Real, const TURNED: bool, const PARTS: usize> Kernel for Product<'_, T, TURNED, PARTS> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        // If the compiler knew how many these are, it would have no loop over them, and tear the rows of sums over registers of
        // several widths and the stack.
        let parts = black_box(&self.parts[..]);
        let sums = Sums { start: self.start, parts, end: self.end };
        // A turned factor has LANES of its columns in a block.
        let block = if TURNED { LANES } else { usize::MAX };
        for (i, c) in self.c.chunks_mut(block).enumerate() {
            sums.all_rows::<I, TURNED>(i, c);
        }
    }
}

struct Sums<'a, T> {
    start: Start<'a, T>,
    parts: &'a [Part<'a, T>],
    end: End<'a, T>,
}

impl<T: Real> Sums<'_, T> {
    /// As many rows at a time as registers hold.
    #[inline(always)]
    fn all_rows<I: Isa, const TURNED: bool>(&self, block: usize, mut c: &mut [Lanes<T>]) {
        let mut row = 0;
        if I::WIDE {
            (row, c) = self.groups::<I, TURNED, LANES>(block, row, c);
        }
        (row, c) = self.groups::<I, TURNED, 6>(block, row, c);
        (row, c) = self.groups::<I, TURNED, 4>(block, row, c);
        (row, c) = self.groups::<I, TURNED, 2>(block, row, c);
        self.groups::<I, TURNED, 1>(block, row, c);
    }

    #[inline(always)]
    fn groups<'c, I: Isa, const TURNED: bool, const R: usize>(
        &self,
        block: usize,
        mut row: usize,
        c: &'c mut [Lanes<T>],
    ) -> (usize, &'c mut [Lanes<T>]) {
        let (groups, rest) = c.as_chunks_mut::<R>();
        for c in groups {
            let mut sums = match self.start {
                Start::Zero => [[T::ZERO; LANES]; R],
                Start::Row(start) => [*start; R],
                Start::Kept => *c,
            };
            for part in self.parts {
                if TURNED {
                    part.add_turned::<I, R>(block, row, &mut sums);
                } else {
                    part.add::<I, R>(row, &mut sums);
                }
            }
            *c = sums;
            if !TURNED {
                self.end.finish(row, c);
            }
            row += R;
        }
        (row, rest)
    }
}

impl<T: Real> End<'_, T> {
    /// Works on rows that were just put down: of sums that are changed before, the compiler keeps none in registers.
    #[inline(always)]
    pub(super) fn finish<const R: usize>(self, first: usize, c: &mut [Lanes<T>; R]) {
        match self {
            Self::Sum => {}
            Self::Leaky(below) => {
                for row in c {
                    *row = leaky(*row, below);
                    row_done();
                }
            }
            Self::LeakyBackward(below, outputs) => {
                let Some(outputs) = outputs[first..].first_chunk::<R>() else { return };
                for r in 0..R {
                    c[r] = leaky_backward(c[r], &outputs[r], below);
                    row_done();
                }
            }
        }
    }
}

impl<T: Real> Part<'_, T> {
    #[inline(always)]
    fn add<I: Isa, const R: usize>(&self, row: usize, sums: &mut [Lanes<T>; R]) {
        let (whole, rest) = self.b.as_chunks::<LANES>();
        for (block, b) in whole.iter().enumerate() {
            let Some(a) = self.a[block * self.a_rows + row..].first_chunk::<R>() else { return };
            for (k, b) in b.iter().enumerate() {
                add_products::<I, T, R>(sums, std::array::from_fn(|r| a[r][k]), b);
            }
        }
        if !rest.is_empty() {
            let Some(a) = self.a[whole.len() * self.a_rows + row..].first_chunk::<R>() else { return };
            for (k, b) in rest.iter().enumerate() {
                add_products::<I, T, R>(sums, std::array::from_fn(|r| a[r][k]), b);
            }
        }
    }

    #[inline(always)]
    fn add_turned<I: Isa, const R: usize>(&self, block: usize, first: usize, sums: &mut [Lanes<T>; R]) {
        for (a, b) in self.a[block * self.a_rows..].iter().zip(self.b) {
            let Some(a) = a[first..].first_chunk::<R>() else { return };
            add_products::<I, T, R>(sums, *a, b);
        }
    }
}

/// Turns LANES rows of each of some blocks of columns: the block's columns become rows that follow those of the block
/// before.
pub(super) struct Transpose<'a, T> {
    /// The blocks, from the first row that is taken.
    pub(super) from: &'a [Lanes<T>],
    /// How many rows lie between a block's first and the next one's.
    pub(super) stride: usize,
    /// How many rows there are, LANES at most.
    pub(super) rows: usize,
    pub(super) to: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Transpose<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (block, to) in self.to.chunks_mut(LANES).enumerate() {
            let from = &self.from[block * self.stride..][..self.rows];
            if let (Some(from), Some(to)) = (from.first_chunk::<LANES>(), to.first_chunk_mut::<LANES>()) {
                transpose_square(from, to);
                continue;
            }
            let (mut square, mut turned) = ([[T::ZERO; LANES]; LANES], [[T::ZERO; LANES]; LANES]);
            square[..from.len()].copy_from_slice(from);
            transpose_square(&square, &mut turned);
            to.copy_from_slice(&turned[..to.len()]);
        }
    }
}

#[inline(always)]
fn transpose_square<T: Real>(from: &[Lanes<T>; LANES], to: &mut [Lanes<T>; LANES]) {
    for (i, to) in to.iter_mut().enumerate() {
        *to = row(|j| from[j][i]);
        row_done();
    }
}

/// Numbers whose products and sums have to be rounded.
#[cfg(test)]
pub(super) fn thirds(matrix: &super::matrix::Matrix<f64>) -> super::matrix::Matrix<f32> {
    let mut to = super::matrix::Matrix::<f32>::zeros(matrix.rows(), matrix.columns());
    for (to, from) in to.data_mut().iter_mut().zip(matrix.data()) {
        *to = from.map(|x| (x / 3.0) as f32);
    }
    to
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::super::matrix::{Matrix, numbers};
    use super::*;
    use crate::simd::Cpu;

    /// All of A B or A^T B, with `start` added; the terms in two parts.
    fn product<const TURNED: bool>(a: &Matrix<f64>, b: &Matrix<f64>, mut c: Matrix<f64>) -> Matrix<f64> {
        let cut = b.rows() / 2 / LANES * LANES;
        let from = if TURNED { cut } else { cut / LANES * a.rows() };
        for block in 0..b.blocks() {
            let b = b.block(block);
            let parts = [
                Part { a: a.data(), a_rows: a.rows(), b: &b[..cut] },
                Part { a: &a.data()[from..], a_rows: a.rows(), b: &b[cut..] },
            ];
            let c = c.block_mut(block);
            Cpu::detect().run(Product::<_, TURNED, _> { start: Start::Kept, parts, end: End::Sum, c });
        }
        c
    }

    #[test]
    fn products_of_every_shape_are_those_of_the_definition() {
        for (rows, depth, columns) in [(1, 1, 1), (2, 16, 16), (13, 17, 33), (64, 64, 32), (7, 3, 5), (40, 70, 20)] {
            let (a, turned) = (numbers(rows, depth, 1), numbers(depth, rows, 4));
            let b = numbers(depth, columns, 2);
            let plain = product::<false>(&a, &b, numbers(rows, columns, 3));
            let with_turned = product::<true>(&turned, &b, numbers(rows, columns, 3));
            let start = numbers(rows, columns, 3);
            for row in 0..rows {
                for column in 0..columns {
                    let sum = |a: &dyn Fn(usize) -> f64| -> f64 { (0..depth).map(|k| a(k) * b.get(k, column)).sum() };
                    let expected = [sum(&|k| a.get(row, k)), sum(&|k| turned.get(k, row))];
                    let found = [plain.get(row, column), with_turned.get(row, column)];
                    assert_eq!(found, expected.map(|x| x + start.get(row, column)), "{rows}x{depth}x{columns}");
                }
            }
        }
    }

    #[test]
    fn sums_begin_with_what_is_asked_for() {
        let (a, b, row) = (numbers(9, 5, 1), numbers(5, 16, 2), [3.0; LANES]);
        let run = |start| {
            let mut c = vec![[7.0; LANES]; 9];
            let parts = [Part { a: a.data(), a_rows: 9, b: b.data() }];
            Cpu::detect().run(Product::<_, false, _> { start, parts, end: End::Sum, c: &mut c });
            c
        };
        let zero = run(Start::Zero);
        assert_eq!(run(Start::Row(&row)), zero.iter().map(|c| c.map(|x| x + 3.0)).collect::<Vec<_>>());
        assert_eq!(run(Start::Kept), zero.iter().map(|c| c.map(|x| x + 7.0)).collect::<Vec<_>>());
    }

    #[test]
    fn a_part_of_the_rows_is_that_part_to_the_last_bit() {
        let (a, b) = (thirds(&numbers(20, 40, 5)), thirds(&numbers(40, 16, 6)));
        let product = |first: usize, rows: usize| {
            let mut c = vec![[0.0_f32; LANES]; rows];
            let parts = [Part { a: &a.data()[first..], a_rows: 20, b: b.data() }];
            Cpu::detect().run(Product::<_, false, _> { start: Start::Zero, parts, end: End::Sum, c: &mut c });
            c
        };
        assert_eq!(product(3, 11), product(0, 20)[3..14]);
    }

    /// As for AVX2, and as for AVX-512.
    struct Of<const WIDE: bool>;

    impl<const WIDE: bool> Isa for Of<WIDE> {
        const FUSED: bool = true;
        const WIDE: bool = WIDE;
    }

    #[test]
    fn wide_registers_give_the_same_bytes() {
        fn run<I: Isa, const TURNED: bool>(a: &Matrix<f32>, b: &[Lanes<f32>], rows: usize) -> Vec<Lanes<f32>> {
            let mut c = vec![[0.0; LANES]; rows];
            let parts = [Part { a: a.data(), a_rows: a.rows(), b }];
            let (start, end) = (Start::Zero, End::Leaky(0.2));
            Product::<_, TURNED, _> { start, parts, end, c: &mut c }.run::<I>();
            c
        }
        let (a, b) = (thirds(&numbers(48, 40, 5)), thirds(&numbers(48, 16, 6)));
        for rows in [1, 6, 11, 31, 48] {
            let b = &b.data()[..40];
            assert_eq!(run::<Of<true>, false>(&a, b, rows), run::<Of<false>, false>(&a, b, rows));
        }
        for rows in [1, 16, 27, 40] {
            assert_eq!(run::<Of<true>, true>(&a, b.data(), rows), run::<Of<false>, true>(&a, b.data(), rows));
        }
    }

    #[test]
    fn rows_of_several_blocks_become_columns() {
        let matrix = numbers(40, 37, 1);
        for (first, rows) in [(16, 16), (32, 8)] {
            let mut to = vec![[9.0; LANES]; 37];
            Cpu::detect().run(Transpose { from: &matrix.data()[first..], stride: 40, rows, to: &mut to });
            for (column, row) in to.iter().enumerate() {
                assert!((0..rows).all(|j| row[j] == matrix.get(first + j, column)));
            }
        }
    }
}
