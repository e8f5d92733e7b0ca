//! DRAGAN's penalty (Kodali et al. 2017, section 2.4): [`super::wgan_gp`]'s around real points,
//!
//! lambda mean((|j| - 1)^2) at x + a u s / 2, one a ~ U(0, 1) for each sample, u ~ U(0, 1) for each coordinate, and s the
//! standard deviation of all numbers in the batch.
//!
//! That is the authors' code, in which points only move up; their paper has a normal u.

use super::{Law, Penalty, Points, wgan_gp};

pub(super) static PENALTY: Penalty = Penalty {
    name: "dragan",
    title: "DRAGAN",
    help: "Gradients around real points should have norm 1",
    points: &[Points::Moved],
    law: Law { single: wgan_gp::to_one, double: wgan_gp::to_one },
};

/// What a batch of real points is moved by, from a number for each of them and two more.
pub fn offsets(real: &[[f32; 2]], along: &[f32], apart: &[f32]) -> Vec<[f32; 2]> {
    let numbers = || real.iter().flatten().map(|&x| f64::from(x));
    let n = numbers().count() as f64;
    let mean = numbers().sum::<f64>() / n;
    let deviation = (numbers().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    let moved = |(a, u): (&f32, &[f32; 2])| u.map(|u| (f64::from(a * u) * deviation / 2.0) as f32);
    along.iter().zip(apart.as_chunks().0).map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_half_a_deviation_at_most() {
        // The numbers 1, 3, 1, 3: deviation 1.
        let offsets = offsets(&[[1.0, 3.0], [1.0, 3.0]], &[1.0, 0.5], &[1.0, 0.5, 0.5, 0.0]);
        assert_eq!(offsets, [[0.5, 0.25], [0.125, 0.0]]);
    }
}
