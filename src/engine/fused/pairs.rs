//! Products with the same left factor, two blocks of columns at a time, for AVX-512.
//!
//! In a cycle a processor can load as many registers as it can multiply. In a [`Product`] by itself each multiply-add loads a
//! number of the left factor, so that any other load holds it up; here that number is loaded for two of them. The compiler
//! finds the right instructions for one block and not for two, so that they are named. The sums are those of the products
//! by themselves, to the last bit.

use std::{array, mem};

use super::product::{Part, Product, Start};
use crate::real::Real;
use crate::simd::{Cpu, Isa, Kernel, LANES, Lanes, Of, Simd, WithSimd};

/// Computes products that differ in their columns only.
pub(super) fn multiply<'a, T: Real, const TURNED: bool, const PARTS: usize>(
    cpu: Cpu,
    mut products: impl Iterator<Item = Product<'a, T, TURNED, PARTS>>,
) {
    while let Some(mut first) = products.next() {
        match products.next() {
            Some(mut second) if cpu.is_wide() => cpu.run_explicit(Both(&mut first, &mut second)),
            // Each in a function of its own: of two in one, a compiler keeps the sums of neither in registers.
            second => [Some(first), second].into_iter().flatten().for_each(|product| cpu.run(product)),
        }
    }
}

/// Their results are taken out of them. For registers as wide as a row.
struct Both<'a, 'b, T, const TURNED: bool, const PARTS: usize>(
    &'b mut Product<'a, T, TURNED, PARTS>,
    &'b mut Product<'a, T, TURNED, PARTS>,
);

impl<T: Real, const TURNED: bool, const PARTS: usize> WithSimd for Both<'_, '_, T, TURNED, PARTS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if !<Of<S> as Isa>::WIDE {
            unreachable!("a row does not fit into a register");
        }
        let Self(first, second) = self;
        debug_assert!(first.parts.iter().zip(&second.parts).all(|(one, other)| std::ptr::eq(one.a, other.a)));
        let is_single = T::singles::<LANES>(&[]).is_some();
        let (c, other) = (mem::take(&mut first.c), mem::take(&mut second.c));
        if !is_single || c.len() != other.len() {
            for (product, c) in [(first, c), (second, other)] {
                Product { c, ..*product }.run::<Of<S>>();
            }
            return;
        }
        let both = [&*first, &*second];
        // A turned factor has LANES of its columns in a block.
        let block = if TURNED { LANES } else { usize::MAX };
        for (i, (c, other)) in c.chunks_mut(block).zip(other.chunks_mut(block)).enumerate() {
            let at = Rows { block: i, row: 0, c: [c, other] };
            // As many rows at a time as leave registers for both right factors; a turned block has its rows in halves.
            let at = if TURNED { at } else { at.groups::<S, TURNED, PARTS, 12>(simd, both) };
            let at = at.groups::<S, TURNED, PARTS, 8>(simd, both);
            let at = at.groups::<S, TURNED, PARTS, 4>(simd, both);
            let at = at.groups::<S, TURNED, PARTS, 2>(simd, both);
            at.groups::<S, TURNED, PARTS, 1>(simd, both);
        }
    }
}

/// Rows of both results that are not computed yet.
struct Rows<'a, T> {
    /// Of a turned factor: the block.
    block: usize,
    row: usize,
    c: [&'a mut [Lanes<T>]; 2],
}

impl<T: Real> Rows<'_, T> {
    #[inline(always)]
    fn groups<S: Simd, const TURNED: bool, const PARTS: usize, const R: usize>(
        self,
        simd: S,
        both: [&Product<'_, T, TURNED, PARTS>; 2],
    ) -> Self {
        let Self { block, mut row, c: [first, second] } = self;
        let ((groups, rest), (others, other_rest)) = (first.as_chunks_mut::<R>(), second.as_chunks_mut::<R>());
        for (c, other) in groups.iter_mut().zip(others) {
            let mut sums = [begin::<S, T, R>(simd, both[0].start, c), begin::<S, T, R>(simd, both[1].start, other)];
            for (part, second) in both[0].parts.iter().zip(&both[1].parts) {
                let b = [vectors::<S, T>(part.b), vectors::<S, T>(second.b)];
                if TURNED {
                    add_turned::<S, T, R>(simd, part, b, (block, row), &mut sums);
                } else {
                    add::<S, T, R>(simd, part, b, row, &mut sums);
                }
            }
            end::<S, T, TURNED, PARTS, R>(both[0], row, &sums[0], c);
            end::<S, T, TURNED, PARTS, R>(both[1], row, &sums[1], other);
            row += R;
        }
        Self { block, row, c: [rest, other_rest] }
    }
}

/// Rows as registers.
#[inline(always)]
fn vectors<S: Simd, T: Real>(rows: &[Lanes<T>]) -> &[S::f32s] {
    S::as_simd_f32s(T::singles(rows).unwrap_or_default().as_flattened()).0
}

/// The sums before the first term; `there` is what is there.
#[inline(always)]
fn begin<S: Simd, T: Real, const R: usize>(simd: S, start: Start<'_, T>, there: &[Lanes<T>; R]) -> [S::f32s; R] {
    match start {
        Start::Zero => [simd.splat_f32s(0.0); R],
        Start::Row(row) => [vectors::<S, T>(array::from_ref(row))[0]; R],
        Start::Kept => {
            let rows = vectors::<S, T>(there);
            array::from_fn(|r| rows[r])
        }
    }
}

/// Puts sums down; what they end in follows on the rows that were put down, as in a product by itself.
#[inline(always)]
fn end<S: Simd, T: Real, const TURNED: bool, const PARTS: usize, const R: usize>(
    product: &Product<'_, T, TURNED, PARTS>,
    row: usize,
    sums: &[S::f32s; R],
    c: &mut [Lanes<T>; R],
) {
    let rows = T::singles_mut(c).unwrap_or_default();
    // One by one: a copy of all of them would be a call.
    for (row, sum) in S::as_mut_simd_f32s(rows.as_flattened_mut()).0.iter_mut().zip(sums) {
        *row = *sum;
    }
    if !TURNED {
        product.end.finish(row, c);
    }
}

/// Adds R numbers times each of two rows.
#[inline(always)]
fn add_rows<S: Simd, T: Real, const R: usize>(
    simd: S,
    a: impl Fn(usize) -> T,
    b: [S::f32s; 2],
    [sums, others]: &mut [[S::f32s; R]; 2],
) {
    for r in 0..R {
        let a = simd.splat_f32s(a(r).to_f32());
        sums[r] = simd.mul_add_f32s(a, b[0], sums[r]);
        others[r] = simd.mul_add_f32s(a, b[1], others[r]);
    }
}

#[inline(always)]
fn add<S: Simd, T: Real, const R: usize>(
    simd: S,
    part: &Part<'_, T>,
    [b, other]: [&[S::f32s]; 2],
    row: usize,
    sums: &mut [[S::f32s; R]; 2],
) {
    let ((whole, rest), (other_whole, other_rest)) = (b.as_chunks::<LANES>(), other.as_chunks::<LANES>());
    for (block, (b, other)) in whole.iter().zip(other_whole).enumerate() {
        let Some(a) = part.a[block * part.a_rows + row..].first_chunk::<R>() else { return };
        for (k, (b, other)) in b.iter().zip(other).enumerate() {
            add_rows(simd, |r| a[r][k], [*b, *other], sums);
        }
    }
    if !rest.is_empty() {
        let Some(a) = part.a[whole.len() * part.a_rows + row..].first_chunk::<R>() else { return };
        for (k, (b, other)) in rest.iter().zip(other_rest).enumerate().take(LANES) {
            add_rows(simd, |r| a[r][k], [*b, *other], sums);
        }
    }
}

#[inline(always)]
fn add_turned<S: Simd, T: Real, const R: usize>(
    simd: S,
    part: &Part<'_, T>,
    [b, other]: [&[S::f32s]; 2],
    (block, first): (usize, usize),
    sums: &mut [[S::f32s; R]; 2],
) {
    for (a, (b, other)) in part.a[block * part.a_rows..].iter().zip(b.iter().zip(other)) {
        let Some(a) = a[first..].first_chunk::<R>() else { return };
        add_rows(simd, |r| a[r], [*b, *other], sums);
    }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::numbers;
    use super::super::product::{End, thirds};
    use super::*;

    /// On a processor with AVX-512 this compares the instructions named here with the compiler's, else nothing new.
    #[test]
    fn two_products_together_are_those_of_each_alone_to_the_last_bit() {
        fn check<const TURNED: bool>(rows: usize, depth: usize) {
            let (height, width) = if TURNED { (depth, rows) } else { (rows, depth) };
            let (a, b, values) =
                (thirds(&numbers(height, width, 5)), thirds(&numbers(depth, 32, 6)), thirds(&numbers(rows, 32, 7)));
            let cut = depth / 2 / LANES * LANES;
            let from = if TURNED { cut } else { cut / LANES * height };
            let product = |block: usize, c| {
                let b = b.block(block);
                let parts = [
                    Part { a: a.data(), a_rows: height, b: &b[..cut] },
                    Part { a: &a.data()[from..], a_rows: height, b: &b[cut..] },
                ];
                let end = if TURNED { End::Sum } else { End::LeakyBackward(0.2, values.block(block)) };
                let start = if block == 0 { Start::Kept } else { Start::Row(&[1.5; LANES]) };
                Product::<f32, TURNED, _> { start, parts, end, c }
            };
            let (mut alone, mut both) = (thirds(&numbers(rows, 32, 8)), thirds(&numbers(rows, 32, 8)));
            for (block, c) in alone.blocks_mut().enumerate() {
                Cpu::detect().run(product(block, c));
            }
            multiply(Cpu::detect(), both.blocks_mut().enumerate().map(|(block, c)| product(block, c)));
            assert_eq!(alone.data(), both.data(), "{rows} rows, {depth} terms, turned: {TURNED}");
        }
        for rows in [1, 2, 5, 8, 16, 29, 64] {
            for depth in [1, 16, 33, 64] {
                check::<false>(rows, depth);
                check::<true>(rows, depth);
            }
        }
    }
}
