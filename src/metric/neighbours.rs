//! Measures by nearest neighbours.
//!
//! - 1-NN accuracy (Lopez-Paz and Oquab 2017): of both sets together, the share of points whose nearest other point is
//!   of their own set; 0.5 is best, 1 says that the sets lie apart, 0 that one copies the other.
//! - precision, recall (Kynkaanniemi et al. 2019), density, coverage (Naeem et al. 2020), with balls around each point
//!   that reach to its k-th neighbour in its own set, k = 5: precision is the share of generated points in any real
//!   ball, recall the share of real points in any generated ball, density the mean number of real balls that hold a
//!   generated point over k, coverage the share of real balls that hold any. All from 0; 1 is best, and density may
//!   exceed it.

use super::{About, Best, By, Least, squared};
use crate::data::Point;

/// The neighbour to which a ball reaches.
pub(super) const K: usize = 5;

// Sets of two that lie apart come about by chance once in 2^4 times, sets of three once in 2^6.
/// [`nearest_neighbour_accuracy`].
pub(super) const NEAREST_NEIGHBOUR: About = About {
    name: "1-nn",
    best: Best::Half,
    is_distance: false,
    least: Least::Points(3),
    by: By::Sets(nearest_neighbour_accuracy),
};

/// [`Prdc::precision`].
pub(super) const PRECISION: About = About {
    name: "precision",
    best: Best::One,
    is_distance: false,
    least: Least::Points(K + 1),
    by: By::Prdc(|prdc| prdc.precision),
};

/// [`Prdc::recall`].
pub(super) const RECALL: About = About {
    name: "recall",
    best: Best::One,
    is_distance: false,
    least: Least::Points(K + 1),
    by: By::Prdc(|prdc| prdc.recall),
};

/// [`Prdc::density`].
pub(super) const DENSITY: About = About {
    name: "density",
    best: Best::One,
    is_distance: false,
    least: Least::Points(K + 1),
    by: By::Prdc(|prdc| prdc.density),
};

/// [`Prdc::coverage`].
pub(super) const COVERAGE: About = About {
    name: "coverage",
    best: Best::One,
    is_distance: false,
    least: Least::Points(K + 1),
    by: By::Prdc(|prdc| prdc.coverage),
};

/// Precision, recall, density and coverage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prdc {
    /// Share of generated points in any real ball.
    pub precision: f64,
    /// Share of real points in any generated ball.
    pub recall: f64,
    /// Mean number of real balls that hold a generated point, over k.
    pub density: f64,
    /// Share of real balls that hold a generated point.
    pub coverage: f64,
}

/// The accuracy of the nearest neighbour, itself left out.
pub fn nearest_neighbour_accuracy(real: &[Point], generated: &[Point]) -> f64 {
    let all: Vec<(Point, bool)> =
        real.iter().map(|&p| (p, true)).chain(generated.iter().map(|&p| (p, false))).collect();
    let agrees = |(i, &(p, label)): (usize, &(Point, bool))| {
        let others = all.iter().enumerate().filter(|&(j, _)| j != i);
        let nearest = others.min_by(|(_, (a, _)), (_, (b, _))| squared(p, *a).total_cmp(&squared(p, *b)));
        nearest.is_some_and(|(_, &(_, other))| other == label)
    };
    all.iter().enumerate().filter(|&pair| agrees(pair)).count() as f64 / all.len().max(1) as f64
}

/// All four; sets of at most k points have no k-th neighbour, and their balls hold everything: [`super::measure`] gives
/// no number there.
pub fn prdc(real: &[Point], generated: &[Point]) -> Prdc {
    let (real_radii, generated_radii) = (radii(real), radii(generated));
    let share = |holds: &dyn Fn(usize) -> bool, n: usize| (0..n).filter(|&i| holds(i)).count() as f64 / n.max(1) as f64;
    let in_real = |i: usize, j: usize| squared(real[i], generated[j]) < real_radii[i];
    let (n, m) = (real.len(), generated.len());
    let balls: usize = (0..m).map(|j| (0..n).filter(|&i| in_real(i, j)).count()).sum();
    Prdc {
        precision: share(&|j| (0..n).any(|i| in_real(i, j)), m),
        recall: share(&|i| (0..m).any(|j| squared(real[i], generated[j]) < generated_radii[j]), n),
        density: balls as f64 / (K * m.max(1)) as f64,
        coverage: coverage(real, &real_radii, generated),
    }
}

/// The share of real balls, of these squared radii, that hold a generated point.
pub(super) fn coverage(real: &[Point], radii: &[f64], generated: &[Point]) -> f64 {
    let held = |(&p, &radius): (&Point, &f64)| generated.iter().any(|&q| squared(p, q) < radius);
    real.iter().zip(radii).filter(|&pair| held(pair)).count() as f64 / real.len().max(1) as f64
}

/// The balls' radii, squared.
pub(super) fn radii(points: &[Point]) -> Vec<f64> {
    let radius = |&p: &Point| {
        let mut distances: Vec<f64> = points.iter().map(|&q| squared(p, q)).collect();
        // The nearest is the point itself.
        if distances.len() <= K {
            return f64::INFINITY;
        }
        *distances.select_nth_unstable_by(K, f64::total_cmp).1
    };
    points.iter().map(radius).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As prdc has it (Naeem et al. 2020). Rounded data have such ties.
    #[test]
    fn a_point_at_the_radius_itself_is_outside() {
        // The ball of each of six points on a line reaches to the end that is farther away; that of the last has radius 5.
        let line: Vec<Point> = (0..6).map(|x| [f64::from(x), 0.0]).collect();
        let beyond = |x: f64| vec![[x, 0.0]; 6];
        let of = |scores: Prdc| (scores.precision, scores.density, scores.coverage);
        assert_eq!(of(prdc(&line, &beyond(10.0))), (0.0, 0.0, 0.0));
        assert_eq!(of(prdc(&line, &beyond(9.9))), (1.0, 0.2, 1.0 / 6.0));
        assert_eq!(prdc(&beyond(10.0), &line).recall.to_bits(), 0.0_f64.to_bits());
        assert_eq!(prdc(&beyond(9.9), &line).recall.to_bits(), 1.0_f64.to_bits());
    }
}
