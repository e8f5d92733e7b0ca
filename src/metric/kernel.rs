//! Distances between means in a feature space.
//!
//! - energy distance (Szekely and Rizzo 2013): sqrt(2 E|X - Y| - E|X - X'| - E|Y - Y'|), over all pairs, equal ones
//!   included: 0 for equal sets, smaller is better.
//! - squared MMD (Gretton et al. 2012, equation 3), unbiased, so that it may be below 0: k a mean of Gaussians whose
//!   bandwidths are the median distance between all points times 1/4, 1/2, 1, 2 and 4; 0 is best.

use super::{About, Best, By, Least, distance, squared};
use crate::data::Point;

/// [`energy_distance`].
pub(super) const ENERGY: About = About {
    name: "energy",
    best: Best::Zero,
    is_distance: true,
    least: Least::Points(1),
    by: By::Sets(energy_distance),
};

/// [`mmd_squared`], a mean over pairs of different points.
pub(super) const MMD2: About =
    About { name: "mmd2", best: Best::Zero, is_distance: false, least: Least::Points(2), by: By::Sets(mmd_squared) };

/// The energy distance.
pub fn energy_distance(a: &[Point], b: &[Point]) -> f64 {
    let mean = |x: &[Point], y: &[Point]| {
        let total: f64 = x.iter().map(|&p| y.iter().map(|&q| distance(p, q)).sum::<f64>()).sum();
        total / (x.len() * y.len()) as f64
    };
    // Rounding may leave a little less than nothing.
    (2.0 * mean(a, b) - mean(a, a) - mean(b, b)).max(0.0).sqrt()
}

/// The unbiased squared maximum mean discrepancy.
pub fn mmd_squared(a: &[Point], b: &[Point]) -> f64 {
    let median = median_distance(a, b);
    let widest = -1.0 / (2.0 * (4.0 * median).powi(2)).max(f64::MIN_POSITIVE);
    let kernel = |p: Point, q: Point| {
        // Half the bandwidth is the fourth power of the Gaussian.
        let mut gaussian = (widest * squared(p, q)).exp();
        let mut sum = gaussian;
        for _ in 0..4 {
            gaussian = gaussian.powi(4);
            sum += gaussian;
        }
        sum / 5.0
    };
    let total = |x: &[Point], y: &[Point]| x.iter().map(|&p| y.iter().map(|&q| kernel(p, q)).sum::<f64>()).sum::<f64>();
    let within = |x: &[Point]| {
        let n = x.len() as f64;
        // Without the points' kernel with themselves, which is 1.
        (total(x, x) - n) / (n * (n - 1.0))
    };
    within(a) + within(b) - 2.0 * total(a, b) / (a.len() * b.len()) as f64
}

/// The median distance between different points of both sets together.
fn median_distance(a: &[Point], b: &[Point]) -> f64 {
    let all: Vec<Point> = a.iter().chain(b).copied().collect();
    let mut distances: Vec<f64> =
        all.iter().enumerate().flat_map(|(i, &p)| all[..i].iter().map(move |&q| distance(p, q))).collect();
    if distances.is_empty() {
        return 0.0;
    }
    let middle = distances.len() / 2;
    *distances.select_nth_unstable_by(middle, f64::total_cmp).1
}
