//! Penalties on the discriminator's gradient by its points, j = grad_x f(x): the mean over points of psi(|j|^2). To add
//! one: a file with its formula, and a line in [`ALL`].
//!
//! f is the raw score. A penalty's weight goes with the data's unit: data scaled by s have gradients of 1/s.

mod dragan;
mod r1;
mod wgan_gp;
mod wgan_lp;

pub use dragan::offsets;

use crate::real::Real;

/// Every penalty.
pub static ALL: [&Penalty; 6] =
    [&wgan_gp::PENALTY, &wgan_lp::PENALTY, &dragan::PENALTY, &r1::ON_REAL, &r1::ON_FAKE, &r1::ON_BOTH];

/// WGAN-GP's.
pub static WGAN_GP: &Penalty = &wgan_gp::PENALTY;
/// Of real points.
pub static R1: &Penalty = &r1::ON_REAL;

/// A term of the squared norm of the score's gradient by a point.
#[derive(Debug)]
pub struct Penalty {
    /// The word for it in configs, options and file names.
    pub name: &'static str,
    /// The name as papers write it.
    pub title: &'static str,
    /// What it is, in one line.
    pub help: &'static str,
    /// At which points it is taken; at each kind with the whole weight.
    pub points: &'static [Points],
    /// psi, before its weight.
    pub law: Law,
}

/// Points at which a penalty is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// Real points.
    Real,
    /// Generated points.
    Fake,
    /// e x + (1 - e) G(z), one e ~ U(0, 1) for each pair.
    Mixed,
    /// Real points, each moved by [`offsets`].
    Moved,
}

/// psi at a squared norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term<T = f64> {
    /// Its value.
    pub value: T,
    /// Its derivative by the squared norm.
    pub slope: T,
}

/// psi in both precisions.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    single: fn(f32) -> Term<f32>,
    double: fn(f64) -> Term<f64>,
}

/// A penalty with how strong it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalised {
    /// Which.
    pub penalty: &'static Penalty,
    /// Its weight, lambda or gamma in the papers.
    pub weight: f64,
    /// It is taken in every so many-th step of the discriminator, with as many times its weight (Karras et al. 2020,
    /// "lazy regularisation").
    pub every: u64,
    /// What of the weight is left at the run's end, to which it moves along half a cosine (Huang et al. 2024 let R3GAN's
    /// gamma fall to a tenth); 1 where it stays.
    pub end: f64,
}

impl PartialEq for Penalty {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Penalty {
    /// Whether it is half its weight, called gamma, times the mean square of the gradient: R1, R2 and both.
    pub fn has_gamma(&self) -> bool {
        [&r1::ON_REAL, &r1::ON_FAKE, &r1::ON_BOTH].contains(&self)
    }

    /// The penalty of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|penalty| penalty.name == name)
    }
}

impl Law {
    /// psi at a squared norm, and its derivative by that; where the norm is 0 and there is none, 0 is taken.
    #[inline]
    pub fn at<T: Real>(&self, squared_norm: T) -> Term<T> {
        // One of the two has no rounding.
        if size_of::<T>() == size_of::<f32>() {
            let Term { value, slope } = (self.single)(squared_norm.to_f32());
            Term { value: T::from_f32(value), slope: T::from_f32(slope) }
        } else {
            let Term { value, slope } = (self.double)(squared_norm.to_f64());
            Term { value: T::from_f64(value), slope: T::from_f64(slope) }
        }
    }

    /// psi of the gradient j by a point or a pack of points, and its derivative by j, in the place of j.
    #[inline]
    pub fn of_gradient<T: Real>(&self, j: &mut [T]) -> T {
        let mut square = T::ZERO;
        for x in &*j {
            square += *x * *x;
        }
        let Term { value, slope } = self.at(square);
        for x in j {
            *x = (slope + slope) * *x;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slope_is_that_of_finite_differences() {
        for penalty in ALL {
            for n in [1e-4, 0.3, 0.999, 1.2, 7.0, 400.0] {
                let at = |n: f64| penalty.law.at(n).value;
                let (numeric, exact) = ((at(n + 1e-7) - at(n - 1e-7)) / 2e-7, penalty.law.at(n).slope);
                assert!((exact - numeric).abs() < 1e-5 * (1.0 + exact.abs()), "{} at {n}: {exact}", penalty.name);
            }
        }
    }

    #[test]
    fn a_vanishing_gradient_gives_no_direction_and_nan_stays() {
        for penalty in ALL {
            let mut slope = [0.0_f32, 0.0];
            let value = penalty.law.of_gradient(&mut slope);
            assert!(value.is_finite() && slope == [0.0, 0.0], "{}: {value} {slope:?}", penalty.name);
            assert!(penalty.law.at(f64::NAN).value.is_nan(), "{}: divergence must show", penalty.name);
        }
    }

    #[test]
    fn both_precisions_are_one_formula() {
        for penalty in ALL {
            for n in [0.5_f32, 1.0, 3.0] {
                let (single, double) = (penalty.law.at(n), penalty.law.at(f64::from(n)));
                assert!((f64::from(single.value) - double.value).abs() < 1e-6, "{}", penalty.name);
                assert!((f64::from(single.slope) - double.slope).abs() < 1e-6, "{}", penalty.name);
            }
        }
    }

    #[test]
    fn names_are_unique() {
        for (i, penalty) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|other| other.name != penalty.name && other.title != penalty.title));
            assert_eq!(Penalty::named(penalty.name), Some(*penalty));
        }
    }
}
