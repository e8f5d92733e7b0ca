//! Matrix products, and transposes.

use super::simd::{Isa, Kernel, LANES, Lanes, fused};
use crate::real::Real;

/// C += A B for matrices in blocks of columns, or parts of them.
///
/// Each number of C is taken up, gets its products added in the order of A's columns, and is put down: a fixed
/// sequence of roundings, however the rows are split over calls. Groups of rows times one block of columns stay in
/// registers; everything that they need lies in whole rows of lanes, so that nothing is packed.
pub(super) struct Product<'a, T> {
    /// A's blocks, and how many rows each has.
    pub(super) a: &'a [Lanes<T>],
    pub(super) a_rows: usize,
    /// The first of the rows that are taken; as many are as C has.
    pub(super) a_first: usize,
    /// How many of A's columns and B's rows are taken.
    pub(super) depth: usize,
    /// B's blocks, how many rows each has, and the first that is taken.
    pub(super) b: &'a [Lanes<T>],
    pub(super) b_rows: usize,
    pub(super) b_first: usize,
    /// C's blocks, as many as B's; how many rows each has, and which of them are computed.
    pub(super) c: &'a mut [Lanes<T>],
    pub(super) c_rows: usize,
    pub(super) c_first: usize,
    pub(super) rows: usize,
}

impl<T: Real> Kernel for Product<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let blocks = self.b.chunks_exact(self.b_rows).zip(self.c.chunks_exact_mut(self.c_rows));
        for (b, c) in blocks {
            let part = Part { a: self.a, a_rows: self.a_rows, depth: self.depth, b: &b[self.b_first..][..self.depth] };
            part.all_rows::<I>(self.a_first, &mut c[self.c_first..][..self.rows]);
        }
    }
}

/// A product with one block of B.
struct Part<'a, T> {
    a: &'a [Lanes<T>],
    a_rows: usize,
    depth: usize,
    b: &'a [Lanes<T>],
}

impl<T: Real> Part<'_, T> {
    /// As many rows at a time as registers hold.
    #[inline(always)]
    fn all_rows<I: Isa>(&self, mut row: usize, mut c: &mut [Lanes<T>]) {
        if I::WIDE {
            (row, c) = self.groups::<I, 12>(row, c);
        }
        (row, c) = self.groups::<I, 6>(row, c);
        (row, c) = self.groups::<I, 4>(row, c);
        (row, c) = self.groups::<I, 2>(row, c);
        self.groups::<I, 1>(row, c);
    }

    #[inline(always)]
    fn groups<'c, I: Isa, const R: usize>(&self, mut row: usize, c: &'c mut [Lanes<T>]) -> (usize, &'c mut [Lanes<T>]) {
        let (groups, rest) = c.as_chunks_mut::<R>();
        for c in groups {
            self.group::<I, R>(row, c);
            row += R;
        }
        (row, rest)
    }

    #[inline(always)]
    fn group<I: Isa, const R: usize>(&self, row: usize, c: &mut [Lanes<T>; R]) {
        let mut sums = *c;
        let (whole, rest) = self.b.as_chunks::<LANES>();
        for (block, b) in whole.iter().enumerate() {
            let Some(a) = self.a[block * self.a_rows + row..].first_chunk::<R>() else { return };
            for (k, b) in b.iter().enumerate() {
                add_products::<I, T, R>(&mut sums, a, k, b);
            }
        }
        if !rest.is_empty() {
            let Some(a) = self.a[self.depth / LANES * self.a_rows + row..].first_chunk::<R>() else { return };
            for (k, b) in rest.iter().enumerate() {
                add_products::<I, T, R>(&mut sums, a, k, b);
            }
        }
        *c = sums;
    }
}

#[inline(always)]
fn add_products<I: Isa, T: Real, const R: usize>(sums: &mut [Lanes<T>; R], a: &[Lanes<T>; R], k: usize, b: &Lanes<T>) {
    for r in 0..R {
        for j in 0..LANES {
            sums[r][j] = fused::<I, T>(a[r][k], b[j], sums[r][j]);
        }
    }
}

/// The transpose of a part of a matrix: `rows` rows from `first` of one block of `from` become columns of `to`, from
/// its first; each block of `to` has `to_rows` rows, and the block's lanes become those from `to_first`.
pub(super) struct Transpose<'a, T> {
    pub(super) from: &'a [Lanes<T>],
    pub(super) to: &'a mut [Lanes<T>],
    pub(super) to_rows: usize,
    pub(super) to_first: usize,
    /// How many lanes are wanted.
    pub(super) lanes: usize,
}

impl<T: Real> Kernel for Transpose<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (from, to) in self.from.chunks(LANES).zip(self.to.chunks_mut(self.to_rows)) {
            let to = &mut to[self.to_first..][..self.lanes];
            if let (Some(from), Some(to)) = (from.first_chunk::<LANES>(), to.first_chunk_mut::<LANES>()) {
                transpose_square(from, to);
                continue;
            }
            let (mut square, mut turned) = ([[T::ZERO; LANES]; LANES], [[T::ZERO; LANES]; LANES]);
            square[..from.len()].copy_from_slice(from);
            transpose_square(&square, &mut turned);
            to.copy_from_slice(&turned[..self.lanes]);
        }
    }
}

#[inline(always)]
fn transpose_square<T: Real>(from: &[Lanes<T>; LANES], to: &mut [Lanes<T>; LANES]) {
    for i in 0..LANES {
        for j in 0..LANES {
            to[i][j] = from[j][i];
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::super::matrix::Matrix;
    use super::super::simd::Cpu;
    use super::*;

    /// Whole numbers, whose products and sums are exact in any order.
    fn numbers(rows: usize, columns: usize, seed: usize) -> Matrix<f64> {
        let mut matrix = Matrix::zeros(rows, columns);
        for row in 0..rows {
            for column in 0..columns {
                matrix.set(row, column, ((row * 31 + column * 17 + seed) % 23) as f64 - 11.0);
            }
        }
        matrix
    }

    #[test]
    fn products_of_every_shape_are_those_of_the_definition() {
        for (rows, depth, columns) in [(1, 1, 1), (2, 16, 16), (13, 17, 33), (64, 64, 32), (7, 3, 5)] {
            let (a, b, start) = (numbers(rows, depth, 1), numbers(depth, columns, 2), numbers(rows, columns, 3));
            let mut c = start.clone();
            Cpu::detect().run(Product {
                a: a.data(),
                a_rows: rows,
                a_first: 0,
                depth,
                b: b.data(),
                b_rows: depth,
                b_first: 0,
                c: c.data_mut(),
                c_rows: rows,
                c_first: 0,
                rows,
            });
            for row in 0..rows {
                for column in 0..columns {
                    let sum: f64 = (0..depth).map(|k| a.get(row, k) * b.get(k, column)).sum();
                    assert_eq!([c.get(row, column)], [start.get(row, column) + sum], "{rows}x{depth}x{columns}");
                }
            }
        }
    }

    #[test]
    fn a_part_of_a_product_is_that_part_to_the_last_bit() {
        let single = |matrix: Matrix<f64>| {
            let mut to = Matrix::<f32>::zeros(matrix.rows(), matrix.columns());
            for (to, from) in to.data_mut().iter_mut().zip(matrix.data()) {
                *to = from.map(|x| (x / 7.0) as f32);
            }
            to
        };
        let (a, b) = (single(numbers(20, 40, 5)), single(numbers(40, 16, 6)));
        let product = |first: usize, rows: usize| {
            let mut c = Matrix::<f32>::zeros(rows, 16);
            Cpu::detect().run(Product {
                a: a.data(),
                a_rows: 20,
                a_first: first,
                depth: 40,
                b: b.data(),
                b_rows: 40,
                b_first: 0,
                c: c.data_mut(),
                c_rows: rows,
                c_first: 0,
                rows,
            });
            c.data().to_vec()
        };
        assert_eq!(product(3, 11), product(0, 20)[3..14]);
    }
}
