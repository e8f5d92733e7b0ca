//! Point sets whose laws are known.
//!
//! | name | law |
//! |---|---|
//! | `points` | four equally likely correlated Gaussians that draw the letter M: the law behind the course's file |
//! | `ring8` | eight Gaussians, sigma 0.01, evenly around the unit circle (Srivastava et al. 2017; Lin et al. 2018) |
//! | `grid25` | 25 Gaussians, sigma 0.05, on {-4, -2, 0, 2, 4}^2 (Srivastava et al. 2017; Lin et al. 2018) |
//! | `swissroll` | (t cos t, t sin t) with t uniform on [1.5 pi, 4.5 pi], noise 0.25, all over 7.5 (Gulrajani et al. 2017) |
//! | `moons` | two half circles that interlock, noise 0.05 (scikit-learn's `make_moons`) |
//! | `circles` | circles of radius 1 and 0.5, noise 0.05 (scikit-learn's `make_circles`) |
//!
//! A ring made with `linspace(0, 2 pi, 8)`, as in some published code, has its first mode twice and seven modes in
//! all; this one has eight.

use std::f64::consts::{PI, TAU};

use super::Mode;
use crate::rng::{Stream, Use};

/// Points of one stroke of the M.
const STROKE: usize = 2048;

/// The sets that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// The letter M.
    Points,
    /// Eight Gaussians on a circle.
    Ring8,
    /// 25 Gaussians on a grid.
    Grid25,
    /// A spiral.
    SwissRoll,
    /// Two half circles.
    Moons,
    /// Two circles.
    Circles,
}

/// A named array of points.
pub type Named = (&'static str, Vec<[f64; 2]>);

impl Law {
    /// Every law.
    pub const ALL: [Self; 6] = [Self::Points, Self::Ring8, Self::Grid25, Self::SwissRoll, Self::Moons, Self::Circles];

    /// The name in commands and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Ring8 => "ring8",
            Self::Grid25 => "grid25",
            Self::SwissRoll => "swissroll",
            Self::Moons => "moons",
            Self::Circles => "circles",
        }
    }

    /// What it is, for people.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Points => "The letter M of four correlated Gaussians, like the course's points.mat",
            Self::Ring8 => "Eight Gaussians on a circle",
            Self::Grid25 => "25 Gaussians on a grid",
            Self::SwissRoll => "A spiral",
            Self::Moons => "Two half circles that interlock",
            Self::Circles => "Two circles, one in the other",
        }
    }

    /// How many points the set has unless asked otherwise.
    pub const fn default_size(self) -> usize {
        4 * STROKE
    }

    /// The law's modes, where it is one of equally likely Gaussians.
    pub fn modes(self) -> Option<Vec<Mode>> {
        match self {
            Self::Points => Some(STROKES.iter().map(|&(_, gaussian)| scaled_stroke(gaussian)).collect()),
            Self::Ring8 => Some((0..8).map(|i| Mode::round(on_ring(i), RING_SIGMA)).collect()),
            Self::Grid25 => Some((0..25).map(|i| Mode::round(on_grid(i / 5, i % 5), GRID_SIGMA)).collect()),
            Self::SwissRoll | Self::Moons | Self::Circles => None,
        }
    }

    /// Draws the set from a seed; the last array, `xx`, holds its points. `points` gives before it the four strokes `a`
    /// to `d`, of which `xx` is the scaled sequence, so `n` is rounded down to a multiple of four; `ring8` and `grid25`
    /// give the law's `modes` and `covariances` ([`super::load_with_law`]).
    pub fn draw(self, n: usize, seed: u64) -> Vec<Named> {
        let mut rng = Stream::new(seed, Use::Data, 0);
        match self {
            Self::Points => letter_m(n / 4, &mut rng),
            Self::Ring8 => self.with_modes(each(n, || noisy(on_ring(rng.below(8)), RING_SIGMA, &mut rng))),
            Self::Grid25 => self.with_modes(each(n, || {
                let [column, row] = [rng.below(5), rng.below(5)];
                noisy(on_grid(column, row), GRID_SIGMA, &mut rng)
            })),
            Self::SwissRoll => vec![("xx", swiss_roll(n, &mut rng))],
            Self::Moons => each(n, || {
                let (upper, t) = (rng.below(2) == 0, PI * rng.uniform_f64());
                let centre = if upper { [t.cos(), t.sin()] } else { [1.0 - t.cos(), 0.5 - t.sin()] };
                noisy(centre, 0.05, &mut rng)
            }),
            Self::Circles => each(n, || {
                let (radius, t) = (if rng.below(2) == 0 { 1.0 } else { 0.5 }, TAU * rng.uniform_f64());
                noisy([radius * t.cos(), radius * t.sin()], 0.05, &mut rng)
            }),
        }
    }
}

impl Law {
    /// The arrays with those that say the law before them.
    fn with_modes(self, arrays: Vec<Named>) -> Vec<Named> {
        let modes = self.modes().unwrap_or_default();
        let means = modes.iter().map(|mode| mode.mean).collect();
        let covariances = modes.iter().flat_map(|mode| mode.covariance).collect();
        [vec![("modes", means), ("covariances", covariances)], arrays].concat()
    }
}

/// `n` points of the swiss roll.
pub fn swiss_roll(n: usize, rng: &mut Stream) -> Vec<[f64; 2]> {
    let mut point = || {
        let t = 1.5 * PI * (1.0 + 2.0 * rng.uniform_f64());
        noisy([t * t.cos(), t * t.sin()], 0.25, rng).map(|x| x / 7.5)
    };
    (0..n).map(|_| point()).collect()
}

const RING_SIGMA: f64 = 0.01;
const GRID_SIGMA: f64 = 0.05;

fn on_ring(mode: usize) -> [f64; 2] {
    let angle = TAU * mode as f64 / 8.0;
    [angle.cos(), angle.sin()]
}

fn on_grid(column: usize, row: usize) -> [f64; 2] {
    [column, row].map(|i| 2.0 * i as f64 - 4.0)
}

/// A stroke's Gaussian in the units of `xx`.
fn scaled_stroke((mean, (xx, xy, yy)): Gaussian) -> Mode {
    let covariance = [[xx, xy], [xy, yy]].map(|row| row.map(|x| x / 625.0));
    Mode { mean: mean.map(|x| x / 25.0 + 0.5), covariance, share: None }
}

fn each(n: usize, mut draw: impl FnMut() -> [f64; 2]) -> Vec<Named> {
    vec![("xx", (0..n).map(|_| draw()).collect())]
}

fn noisy(centre: [f64; 2], sigma: f64, rng: &mut Stream) -> [f64; 2] {
    centre.map(|x| x + sigma * rng.normal_f64())
}

/// A stroke's mean and covariance [[xx, xy], [xy, yy]] as (xx, xy, yy).
type Gaussian = ([f64; 2], (f64, f64, f64));

/// The strokes a to d of the M.
const STROKES: [(&str, Gaussian); 4] = [
    ("a", ([0.0, 0.0], (4.0, -3.0, 2.5))),
    ("b", ([-8.0, 0.0], (4.0, 3.0, 3.0))),
    ("c", ([9.0, -1.0], (4.0, 2.0, 2.0))),
    ("d", ([15.0, -2.0], (2.4, -2.9, 5.0))),
];

fn letter_m(per_stroke: usize, rng: &mut Stream) -> Vec<Named> {
    let mut arrays: Vec<Named> = STROKES
        .iter()
        .map(|&(name, gaussian)| (name, (0..per_stroke).map(|_| correlated(gaussian, rng)).collect()))
        .collect();
    let scaled = arrays.iter().flat_map(|(_, stroke)| stroke).map(|point| point.map(|x| x / 25.0 + 0.5)).collect();
    arrays.push(("xx", scaled));
    arrays
}

/// A draw through the covariance's Cholesky factor.
fn correlated((mean, (xx, xy, yy)): Gaussian, rng: &mut Stream) -> [f64; 2] {
    let (u, v) = (rng.normal_f64(), rng.normal_f64());
    let l11 = xx.sqrt();
    let l21 = xy / l11;
    let l22 = (yy - l21 * l21).sqrt();
    [mean[0] + l11 * u, mean[1] + l21 * u + l22 * v]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xx(law: Law, n: usize) -> Vec<[f64; 2]> {
        law.draw(n, 0).pop().unwrap().1
    }

    #[test]
    fn every_law_gives_as_many_finite_points_as_asked_and_repeats_by_its_seed() {
        for law in Law::ALL {
            let points = xx(law, 400);
            assert_eq!(points.len(), 400, "{law:?}");
            assert!(points.as_flattened().iter().all(|x| x.is_finite()));
            assert_eq!(law.draw(400, 5), law.draw(400, 5));
            assert_ne!(law.draw(400, 5), law.draw(400, 6));
        }
    }

    #[test]
    fn the_strokes_have_the_published_moments_and_xx_is_their_scaled_sequence() {
        let arrays = Law::Points.draw(80_000, 0);
        for (name, (mean, (var_x, cov, var_y))) in STROKES {
            let stroke = &arrays.iter().find(|(n, _)| *n == name).unwrap().1;
            let n = stroke.len() as f64;
            let got = [0, 1].map(|i| stroke.iter().map(|p| p[i]).sum::<f64>() / n);
            let moment = |i: usize, j: usize| stroke.iter().map(|p| (p[i] - got[i]) * (p[j] - got[j])).sum::<f64>() / n;
            for (value, expected) in [
                (got[0], mean[0]),
                (got[1], mean[1]),
                (moment(0, 0), var_x),
                (moment(0, 1), cov),
                (moment(1, 1), var_y),
            ] {
                // Standard errors are 0.016 for means and at most 0.05 for second moments; four of them.
                assert!((value - expected).abs() < 0.2, "{name}: {value} for {expected}");
            }
        }
        let sequence: Vec<_> = arrays[..4].iter().flat_map(|(_, s)| s).map(|p| p.map(|x| x / 25.0 + 0.5)).collect();
        assert_eq!(arrays[4], ("xx", sequence));
    }

    #[test]
    fn the_ring_has_eight_modes_and_the_grid_25_all_about_equally_full() {
        let ring = xx(Law::Ring8, 8000);
        let mut counts = [0; 8];
        for point in &ring {
            let turn = point[1].atan2(point[0]).rem_euclid(TAU) / TAU * 8.0;
            counts[turn.round() as usize % 8] += 1;
            assert!((turn - turn.round()).abs() < 0.1, "a point between the modes: {point:?}");
        }
        // A binomial count of mean 1000 has deviation 30.
        assert!(counts.iter().all(|&c| (850..1150).contains(&c)), "{counts:?}");
        let grid = xx(Law::Grid25, 10_000);
        let mut counts = [0; 25];
        for point in &grid {
            let [i, j] = point.map(|x| (x / 2.0 + 2.0).round() as usize);
            counts[i * 5 + j] += 1;
        }
        assert!(counts.iter().all(|&c| (300..500).contains(&c)), "{counts:?}");
    }

    #[test]
    fn the_curves_lie_where_they_should() {
        let radius = |p: &[f64; 2]| p[0].hypot(p[1]);
        assert!(xx(Law::Circles, 4000).iter().all(|p| (radius(p) - 1.0).abs() < 0.3 || (radius(p) - 0.5).abs() < 0.3));
        assert!(xx(Law::SwissRoll, 4000).iter().all(|p| (0.4..2.2).contains(&radius(p))));
        assert!(xx(Law::Moons, 4000).iter().all(|p| (-1.3..2.3).contains(&p[0]) && (-0.8..1.3).contains(&p[1])));
    }
}
