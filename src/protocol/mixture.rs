//! Laws of published protocols that are mixtures: Gaussians, all round and of one deviation, equally likely unless one stands
//! twice.

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
    /// On a circle around the origin, from its top clockwise, with the last on the first: `linspace(0, 2 pi, points)`, which
    /// published code has in the place of a ring. That mode is twice as likely, and modes are one fewer than points.
    ClosedRing {
        /// How many, the first counted twice.
        points: usize,
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
    /// The means of the modes, each once.
    pub fn centres(&self) -> Vec<Point> {
        let mut places = self.places();
        places.truncate(self.modes());
        places
    }

    /// How many modes there are.
    pub fn modes(&self) -> usize {
        match self.layout {
            Layout::Ring { modes, .. } => modes,
            Layout::ClosedRing { points, .. } => points.saturating_sub(1),
            Layout::Grid { side, .. } => side * side,
        }
    }

    /// How likely each mode is.
    pub fn shares(&self) -> Vec<f64> {
        let modes = self.modes();
        let Layout::ClosedRing { points, .. } = self.layout else { return vec![1.0 / modes as f64; modes] };
        (0..modes).map(|mode| if mode == 0 { 2.0 } else { 1.0 } / points as f64).collect()
    }

    /// Whether all modes are equally likely.
    pub fn is_even(&self) -> bool {
        !matches!(self.layout, Layout::ClosedRing { .. })
    }

    /// The means of Gaussians of which all are equally likely.
    fn places(&self) -> Vec<Point> {
        match self.layout {
            Layout::Ring { modes, radius } => {
                let angle = |i| TAU * i as f64 / modes as f64;
                (0..modes).map(|i| [radius * angle(i).cos(), radius * angle(i).sin()]).collect()
            }
            Layout::ClosedRing { points, radius } => {
                let modes = points.saturating_sub(1).max(1);
                let angle = |i| TAU * (i % modes) as f64 / modes as f64;
                (0..points).map(|i| [radius * angle(i).sin(), radius * angle(i).cos()]).collect()
            }
            Layout::Grid { side, spacing } => {
                let middle = (side.max(1) - 1) as f64 / 2.0;
                let place = |i: usize| spacing * (i as f64 - middle);
                (0..side * side).map(|i| [place(i % side), place(i / side)]).collect()
            }
        }
    }

    /// The mean, and the standard deviation along each axis.
    pub fn moments(&self) -> [Point; 2] {
        let places = self.places();
        let mean_of = |of: &dyn Fn(&Point) -> f64| places.iter().map(of).sum::<f64>() / places.len() as f64;
        let deviation = |square: f64| (square + self.sigma * self.sigma).sqrt();
        if matches!(self.layout, Layout::ClosedRing { .. }) {
            let mean = [0, 1].map(|i| mean_of(&|place| place[i]));
            return [mean, [0, 1].map(|i| deviation(mean_of(&|place| (place[i] - mean[i]).powi(2))))];
        }
        // The others lie around the origin, alike along both axes.
        [[0.0; 2], [deviation(mean_of(&|place| place[0] * place[0])); 2]]
    }

    /// `n` points.
    pub fn draw(&self, n: usize, rng: &mut Stream) -> Vec<Point> {
        let places = self.places();
        (0..n).map(|_| self.around(places[rng.below(places.len())], rng)).collect()
    }

    /// `each` points of every place, one round of all places after another.
    pub fn rounds(&self, each: usize, rng: &mut Stream) -> Vec<Point> {
        let places = self.places();
        (0..each).flat_map(|_| &places).map(|&place| self.around(place, rng)).collect()
    }

    fn around(&self, centre: Point, rng: &mut Stream) -> Point {
        centre.map(|x| x + self.sigma * rng.normal_f64())
    }

    /// What it is, in words.
    pub fn words(&self) -> String {
        let sigma = short(self.sigma);
        match self.layout {
            Layout::Ring { modes, radius } => {
                format!("{modes} Gaussians of deviation {sigma} on a circle of radius {}", short(radius))
            }
            Layout::ClosedRing { points, radius } => {
                let modes = self.modes();
                let radius = short(radius);
                format!(
                    "{points} Gaussians of deviation {sigma} on a circle of radius {radius}, the last on the first: {modes} modes"
                )
            }
            Layout::Grid { side, spacing } => {
                format!("{side} x {side} Gaussians of deviation {sigma}, {} apart", short(spacing))
            }
        }
    }
}

/// A length as it was written, or with four decimals where a division made it longer.
pub(super) fn short(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
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
            let [mean, deviation] = law.moments();
            assert_eq!((mean, deviation[0].to_bits()), ([0.0; 2], deviation[1].to_bits()));
            assert!((axis / deviation[1] - 1.0).abs() < 0.01, "{axis} for {deviation:?}");
        }
    }

    /// NumPy: `t = linspace(0, 2 * pi, 8)`, the points `(sin(t), cos(t))`.
    #[test]
    fn a_closed_ring_has_one_mode_twice() {
        let law = Mixture { layout: Layout::ClosedRing { points: 8, radius: 1.0 }, sigma: 0.01 };
        let numpy = [[0.0, 1.0], [0.781_831_482, 0.623_489_802], [0.974_927_912, -0.222_520_934]];
        let centres = law.centres();
        let is_near = |(a, b): (&Point, &Point)| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-8;
        assert!(centres.len() == 7 && centres.iter().zip(&numpy).all(is_near), "{centres:?}");
        assert_eq!(law.shares(), [0.25, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125]);
        // The sums of sines and of cosines around a circle are 0, so that the mean is an eighth of the double one.
        let [mean, deviation] = law.moments();
        assert!(near(mean, [0.0, 0.125]), "{mean:?}");
        let squares = [3.5 / 8.0 + 1e-4, 4.5 / 8.0 + 1e-4 - 1.0 / 64.0];
        assert!(near(deviation, squares.map(f64::sqrt)), "{deviation:?}");
        let points = law.draw(40_000, &mut Stream::new(0, Use::Data, 0));
        let at_the_top = points.iter().filter(|point| point[1] > 0.9).count() as f64 / 40_000.0;
        assert!((at_the_top - 0.25).abs() < 4.0 * (0.1875_f64 / 40_000.0).sqrt(), "{at_the_top}");
        let [x, y] = [0, 1].map(|i| points.iter().map(|point| point[i]).sum::<f64>() / 40_000.0);
        assert!(x.abs() < 0.015 && (y - 0.125).abs() < 0.015, "{x} {y}");
    }

    #[test]
    fn rounds_have_every_mode_equally_often() {
        let points = grid(5).rounds(40, &mut Stream::new(0, Use::Data, 0));
        let centres = grid(5).centres();
        assert_eq!(points.len(), 1000);
        for (i, point) in points.iter().enumerate() {
            let centre = centres[i % 25];
            assert!((point[0] - centre[0]).hypot(point[1] - centre[1]) < 0.6, "{i}: {point:?}");
        }
    }
}
