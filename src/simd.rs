//! Inner loops compiled for several instruction sets, the best of which is taken at run time.
//!
//! An inner loop is a [`Kernel`]: plain Rust over rows of [`LANES`] numbers, which the compiler turns into vector
//! instructions of whatever set it compiles for. `pulp` holds a copy for AVX2 with FMA, for AVX-512 and for NEON and
//! picks one by the CPU. Every number is computed by the same sequence of roundings in each copy that has fused
//! multiply-add, so that those give the same bytes.

use pulp::Arch;
pub(crate) use pulp::{Simd, WithSimd};

use crate::real::Real;

/// Numbers in a row: the width of an AVX-512 register in single precision.
pub(crate) const LANES: usize = 16;

/// Sums over samples that grow side by side, for each has to wait for its last term.
pub(crate) const STRANDS: usize = 4;

/// A row of numbers that are treated alike.
pub(crate) type Lanes<T> = [T; LANES];

/// What is known of the instruction set when a kernel is compiled.
pub(crate) trait Isa {
    /// Whether a b + c is one instruction.
    const FUSED: bool;
    /// Whether a row fits into one register, and there are 32 of them.
    const WIDE: bool;
}

/// What is known of one of `pulp`'s.
pub(crate) struct Of<S>(std::marker::PhantomData<S>);

impl<S: Simd> Isa for Of<S> {
    const FUSED: bool = !S::IS_SCALAR;
    const WIDE: bool = size_of::<S::f32s>() == size_of::<Lanes<f32>>();
}

/// An inner loop with all that it works on.
pub(crate) trait Kernel {
    /// Does the work; `inline(always)`, so that it is compiled for the instruction set of its caller.
    fn run<I: Isa>(self);
}

struct Dispatch<K>(K);

impl<K: Kernel> WithSimd for Dispatch<K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run::<Of<S>>();
    }
}

struct Wide;

impl WithSimd for Wide {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        Of::<S>::WIDE
    }
}

/// Which instruction set is used; found once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    arch: Arch,
    wide: bool,
}

impl Cpu {
    pub(crate) fn detect() -> Self {
        let arch = Arch::new();
        Self { arch, wide: arch.dispatch(Wide) }
    }

    /// Whether a row fits into one register, and there are 32 of them.
    pub(crate) const fn is_wide(self) -> bool {
        self.wide
    }

    pub(crate) fn run(self, kernel: impl Kernel) {
        self.arch.dispatch(Dispatch(kernel));
    }

    /// Runs what names its vector instructions itself, because the compiler would not find them.
    pub(crate) fn run_explicit(self, kernel: impl WithSimd<Output = ()>) {
        self.arch.dispatch(kernel);
    }
}

/// a b + c, rounded once where the instruction set can.
#[inline(always)]
pub(crate) fn fused<I: Isa, T: Real>(a: T, b: T, c: T) -> T {
    if I::FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// A row from what `f` makes of each place.
#[inline(always)]
pub(crate) fn row<T: Real>(f: impl Fn(usize) -> T) -> Lanes<T> {
    let mut row = [T::ZERO; LANES];
    for (j, x) in row.iter_mut().enumerate() {
        *x = f(j);
    }
    row
}

/// Stands at the end of work on a row in a loop over rows: without it the compiler may work on as many rows as a
/// register has numbers, turned on their side by gathers and scatters. It is no instruction.
#[inline(always)]
pub(crate) fn row_done() {
    std::hint::black_box(());
}

/// A row's sum, in a fixed order.
#[inline(always)]
pub(crate) fn total<T: Real>(mut row: Lanes<T>) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for j in 0..width {
            row[j] += row[j + width];
        }
        width /= 2;
    }
    row[0]
}

/// Adds the products of R numbers and a row to R rows of sums.
#[inline(always)]
pub(crate) fn add_products<I: Isa, T: Real, const R: usize>(sums: &mut [Lanes<T>; R], a: [T; R], b: &Lanes<T>) {
    // Four rows at a time, which the compiler writes out: a loop over more of them it would turn on its side.
    for (sums, a) in sums.chunks_mut(4).zip(a.chunks(4)) {
        for (sums, a) in sums.iter_mut().zip(a) {
            for j in 0..LANES {
                sums[j] = fused::<I, T>(*a, b[j], sums[j]);
            }
        }
    }
}
