//! R1 and R2 (Mescheder, Geiger and Nowozin 2018, equations 9 and 10): with gamma for the weight,
//!
//! R1 = gamma / 2 mean(|j|^2) at real points, R2 = the same at generated ones; R3GAN (Huang et al. 2024) has both.
//!
//! The half is the papers'; GAN_stability's `reg_param` and others' weights have none, so that their 10 is a gamma of 20.

use super::Term;
use super::{Law, Penalty, Points};
use crate::real::Real;

pub(super) static ON_REAL: Penalty = Penalty {
    name: "r1",
    title: "R1",
    help: "Gradients at real points should be 0",
    points: &[Points::Real],
    law: HALF,
};

pub(super) static ON_FAKE: Penalty = Penalty {
    name: "r2",
    title: "R2",
    help: "Gradients at generated points should be 0",
    points: &[Points::Fake],
    law: HALF,
};

pub(super) static ON_BOTH: Penalty = Penalty {
    name: "r1+r2",
    title: "R1 + R2",
    help: "Gradients at real and at generated points should be 0, as in R3GAN",
    points: &[Points::Real, Points::Fake],
    law: HALF,
};

const HALF: Law = Law { single: half, double: half };

fn half<T: Real>(squared_norm: T) -> Term<T> {
    let half = T::from_f64(0.5);
    Term { value: half * squared_norm, slope: half }
}
