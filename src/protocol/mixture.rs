//! Laws of published protocols: equally likely Gaussians, all round and of one deviation.

use std::f64::consts::TAU;

use crate::data::Point;
use crate::rng::Stream;

/// A law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// Where its Gaussians are.
    pub layout: Layout,
    /// The deviation of each, in every direction.
    pub sigma: f64,
}

/// Where the Gaussians of a law are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layout {
    /// Evenly on a circle around the origin; the first is on the x axis.
    Ring {
        /// How many.
        modes: usize,
        /// The circle's radius.
        radius: f64,
    },
    /// A square grid around the origin, row by row from below left.
    Grid {
        /// How many there are along a side.
        side: usize,
        /// From one to the next.
        spacing: f64,
    },
}

impl Mixture {
    /// The means.
    pub fn centres(&self) -> Vec<Point> {
        match self.layout {
            Layout::Ring { modes, radius } => {
                let angle = |i| TAU * i as f64 / modes as f64;
                (0..modes).map(|i| [radius * angle(i).cos(), radius * angle(i).sin()]).collect()
            }
            Layout::Grid { side, spacing } => {
                let middle = (side.max(1) - 1) as f64 / 2.0;
                let place = |i: usize| spacing * (i as f64 - middle);
                (0..side * side).map(|i| [place(i % side), place(i / side)]).collect()
            }
        }
    }

    /// The standard deviation along each axis, which is the same for both.
    pub fn deviation(&self) -> f64 {
        let centres = self.centres();
        let mean_square = centres.iter().map(|centre| centre[0] * centre[0]).sum::<f64>() / centres.len() as f64;
        (mean_square + self.sigma * self.sigma).sqrt()
    }

    /// `n` points.
    pub fn draw(&self, n: usize, rng: &mut Stream) -> Vec<Point> {
        let centres = self.centres();
        (0..n)
            .map(|_| {
                let centre = centres[rng.below(centres.len())];
                centre.map(|x| x + self.sigma * rng.normal_f64())
            })
            .collect()
    }

    /// What it is, in words.
    pub fn words(&self) -> String {
        let sigma = self.sigma;
        match self.layout {
            Layout::Ring { modes, radius } => {
                format!("{modes} Gaussians of deviation {sigma} on a circle of radius {radius}")
            }
            Layout::Grid { side, spacing } => {
                format!("{side} x {side} Gaussians of deviation {sigma}, {spacing} apart")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    const RING: Mixture = Mixture { layout: Layout::Ring { modes: 8, radius: 2.0 }, sigma: 0.1 };

    fn grid(side: usize) -> Mixture {
        Mixture { layout: Layout::Grid { side, spacing: 1.5 }, sigma: 0.1 }
    }

    fn near(a: Point, b: Point) -> bool {
        (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-12
    }

    #[test]
    fn centres_are_where_the_words_say() {
        let half = 2.0_f64.sqrt();
        let ring = RING.centres();
        let expected = [[2.0, 0.0], [half, half], [0.0, 2.0], [-half, half], [-2.0, 0.0]];
        assert!(ring.len() == 8 && ring.iter().zip(expected).all(|(&a, b)| near(a, b)), "{ring:?}");
        let three = grid(3).centres();
        let expected = [[-1.5, -1.5], [0.0, -1.5], [1.5, -1.5], [-1.5, 0.0], [0.0, 0.0]];
        assert!(three.len() == 9 && three.iter().zip(expected).all(|(&a, b)| near(a, b)), "{three:?}");
        for (side, corner) in [(3, 1.5), (5, 3.0), (7, 4.5)] {
            let centres = grid(side).centres();
            assert_eq!(centres.len(), side * side);
            assert!(near(centres[side * side - 1], [corner, corner]));
            // No mode twice, and none nearer than the spacing.
            for (i, a) in centres.iter().enumerate() {
                assert!(centres[..i].iter().all(|b| (a[0] - b[0]).hypot(a[1] - b[1]) > 1.5 - 1e-9));
            }
        }
    }

    #[test]
    fn modes_have_equal_shares_and_their_deviation() {
        for law in [RING, grid(3), grid(5), grid(7)] {
            let (n, centres) = (98_000, law.centres());
            let points = law.draw(n, &mut Stream::new(3, Use::Data, 0));
            let mut counts = vec![0.0; centres.len()];
            let mut squares = 0.0;
            for point in &points {
                let distance = |c: &Point| (point[0] - c[0]).hypot(point[1] - c[1]);
                let nearest =
                    (0..centres.len()).min_by(|&a, &b| distance(&centres[a]).total_cmp(&distance(&centres[b])));
                counts[nearest.unwrap()] += 1.0;
                squares += distance(&centres[nearest.unwrap()]).powi(2);
            }
            let share = 1.0 / centres.len() as f64;
            let error = (n as f64 * share * (1.0 - share)).sqrt();
            assert!(counts.iter().all(|count| (count - n as f64 * share).abs() < 4.5 * error), "{counts:?}");
            let sigma = (squares / (2.0 * n as f64)).sqrt();
            assert!((sigma - 0.1).abs() < 5.0 * 0.1 / (4.0 * n as f64).sqrt(), "{sigma}");
            let axis = (points.iter().map(|p| p[1] * p[1]).sum::<f64>() / n as f64).sqrt();
            assert!((axis / law.deviation() - 1.0).abs() < 0.01, "{axis} for {}", law.deviation());
        }
    }
}
