//! Numbers with a derivative.

use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use super::Real;

/// a + b e with e e = 0: a value, and its derivative by some number. Arithmetic that is written once for all of [`Real`]
/// gives with it the derivative of what it computes, in one direction, exactly (Clifford 1873; in the field's words,
/// forward-mode differentiation). Comparisons look at the value alone: where a function has a corner, the derivative is
/// that of the side on which the value is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual {
    /// What it is.
    pub value: f64,
    /// By how much it moves.
    pub slope: f64,
}

impl Dual {
    /// A number that moves.
    pub fn new(value: f64, slope: f64) -> Self {
        Self { value, slope }
    }
}

impl PartialEq for Dual {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Add for Dual {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.value + other.value, self.slope + other.slope)
    }
}

impl Sub for Dual {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.value - other.value, self.slope - other.slope)
    }
}

impl Mul for Dual {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.value * other.value, self.slope * other.value + self.value * other.slope)
    }
}

impl Div for Dual {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self::new(value, (self.slope - value * other.slope) / other.value)
    }
}

impl Neg for Dual {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(-self.value, -self.slope)
    }
}

impl AddAssign for Dual {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl MulAssign for Dual {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Real for Dual {
    const ZERO: Self = Self { value: 0.0, slope: 0.0 };
    const ONE: Self = Self { value: 1.0, slope: 0.0 };

    fn from_f64(x: f64) -> Self {
        Self::new(x, 0.0)
    }

    fn to_f64(self) -> f64 {
        self.value
    }

    fn to_f32(self) -> f32 {
        self.value as f32
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }

    /// At 0, where the root's derivative is infinite, the derivative is taken as 0.
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        Self::new(root, if root > 0.0 { self.slope / (2.0 * root) } else { 0.0 })
    }

    fn tanh(self) -> Self {
        let value = self.value.tanh();
        Self::new(value, self.slope * (1.0 - value * value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_the_derivative_of_finite_differences() {
        type Function = (&'static str, fn(Dual) -> Dual);
        let c = |x: f64| Dual::from_f64(x);
        let functions: [Function; 8] = [
            ("sum", |x| x + x + Dual::ONE),
            ("difference", |x| Dual::from_f64(3.0) - x * x),
            ("product", |x| x * x * x),
            ("quotient", |x| (x + Dual::ONE) / (x * x + Dual::from_f64(2.0))),
            ("negative", |x| -(x * x)),
            ("root", |x| (x * x + Dual::ONE).sqrt()),
            ("tanh", |x| (x * Dual::from_f64(1.5)).tanh()),
            ("product and sum", |x| x.mul_add(x, x)),
        ];
        for (name, f) in functions {
            for x in [-1.3, 0.2, 0.9] {
                let step = 1e-6;
                let numeric = (f(c(x + step)).value - f(c(x - step)).value) / (2.0 * step);
                let exact = f(Dual::new(x, 1.0)).slope;
                assert!((exact - numeric).abs() < 1e-8, "{name} at {x}: {exact} for {numeric}");
            }
        }
        assert!(Dual::new(0.0, 5.0).sqrt().slope.abs() < 1e-300);
        assert!(Dual::new(1.0, 9.0) < Dual::new(2.0, 0.0) && Dual::new(1.0, 9.0) == Dual::new(1.0, 0.0));
    }
}
