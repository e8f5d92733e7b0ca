//! Single and double precision, and numbers with a derivative, for arithmetic that is written once for all.

mod dual;

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

pub use dual::Dual;

/// A floating-point number. Runs are in single precision; double is there to check formulas with.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The nearest number of this precision.
    fn from_f64(x: f64) -> Self;

    /// The same number in double precision.
    fn to_f64(self) -> f64;

    /// The same number, or the nearest one, in single precision.
    fn to_f32(self) -> f32;

    /// Rows of these numbers as rows in single precision, if that is what they are.
    fn singles<const N: usize>(_rows: &[[Self; N]]) -> Option<&[[f32; N]]> {
        None
    }

    /// The same, to be changed.
    fn singles_mut<const N: usize>(_rows: &mut [[Self; N]]) -> Option<&mut [[f32; N]]> {
        None
    }

    /// The same number from single precision.
    fn from_f32(x: f32) -> Self {
        Self::from_f64(f64::from(x))
    }

    /// self a + b, rounded once.
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;

    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn singles<const N: usize>(rows: &[[Self; N]]) -> Option<&[[f32; N]]> {
        Some(rows)
    }

    #[inline(always)]
    fn singles_mut<const N: usize>(rows: &mut [[Self; N]]) -> Option<&mut [[f32; N]]> {
        Some(rows)
    }

    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as Self
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }

    fn tanh(self) -> Self {
        Self::tanh(self)
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self as f32
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }

    fn tanh(self) -> Self {
        Self::tanh(self)
    }
}
