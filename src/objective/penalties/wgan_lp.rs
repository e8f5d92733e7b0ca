//! WGAN-LP's penalty (Petzka, Fischer and Lukovnikov 2018, equation 7): [`super::wgan_gp`] on one side, because a critic
//! may well be flatter than 1:
//!
//! lambda mean(max(0, |j| - 1)^2) at x^ = e x + (1 - e) G(z), one e ~ U(0, 1) for each sample.

use super::Term;
use super::{Law, Penalty, Points, wgan_gp};
use crate::real::Real;

pub(super) static PENALTY: Penalty = Penalty {
    name: "wgan-lp",
    title: "LP",
    help: "Gradients between real and generated points should have norm 1 at most",
    points: &[Points::Mixed],
    law: Law { single: to_one_at_most, double: to_one_at_most },
};

fn to_one_at_most<T: Real>(squared_norm: T) -> Term<T> {
    if squared_norm <= T::ONE { Term { value: T::ZERO, slope: T::ZERO } } else { wgan_gp::to_one(squared_norm) }
}
