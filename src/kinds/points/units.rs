//! The units in which the networks work, and how a run's data get there and back.
//!
//! A generator whose weights begin small makes points around the origin, about as far apart as the weights are large: it
//! does not get to data that lie far from there, or whose axes differ by orders of magnitude. So the data are moved and
//! scaled before anything is learnt, by an affine map that is the run's own:
//!
//! data = centre + matrix * model, with a lower triangular matrix.
//!
//! - `none`: the identity.
//! - `standardise`: the training points' mean becomes 0 and each axis's standard deviation 1: the matrix is diagonal.
//! - `whiten`: their covariance becomes the identity: the matrix is its Cholesky factor.
//!
//! All that a person sees is in the data's units. The map is in double precision; only what it gives to the networks is
//! in single, where all is of the size of 1.

use serde::{Deserialize, Serialize};

use crate::config::{Model, RunConfig, Scale, Shuffle, TrainConfig};
use crate::data::npy::Precision;
use crate::data::{Mode, Point, PointSpread, Split};
use crate::engine::Sample;

/// Where all coordinates of data lie that are learnt as they are: the lab's lie in -0.13 to 1.31.
const LAB_RANGE: [f64; 2] = [-0.5, 1.5];
/// What their axes' standard deviations are: the lab's are 0.36 and 0.08.
const LAB_DEVIATION: [f64; 2] = [0.05, 0.5];
/// Axes whose correlation is larger are not only scaled: what lies along a diagonal would stay narrow across it.
const CORRELATED: f64 = 0.8;

/// What a run made of its data before it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// Points that train.
    pub train: usize,
    /// Points that are held out.
    pub held_out: usize,
    /// What `data.shuffle` came to.
    pub shuffle: Shuffle,
    /// Training points that a pass leaves out, because batches are full: others each time where every epoch shuffles.
    pub left_out: usize,
    /// What `data.scale` came to.
    pub units: Units,
    /// The modes of the data's law, where their file said it when the run was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<Vec<KnownMode>>,
    /// What x and y are called, where their file said it when the run was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<[String; 2]>,
}

/// A Gaussian of a law, as files keep it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownMode {
    /// Its mean.
    pub mean: [f64; 2],
    /// Its covariance matrix, by rows.
    pub covariance: [[f64; 2]; 2],
    /// Its share of the points, where modes are not equally likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

impl From<Mode> for KnownMode {
    fn from(Mode { mean, covariance, share }: Mode) -> Self {
        Self { mean, covariance, share }
    }
}

impl From<KnownMode> for Mode {
    fn from(KnownMode { mean, covariance, share }: KnownMode) -> Self {
        Self { mean, covariance, share }
    }
}

/// The map between the data's units and the networks'.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Units {
    /// Which kind of map: never [`Scale::Auto`].
    pub scale: Scale,
    /// The point of the data that is the networks' origin.
    pub centre: Point,
    /// By rows; what is above the diagonal is 0.
    pub matrix: [[f64; 2]; 2],
    /// What files keep the data's coordinates in.
    pub precision: Precision,
}

impl Prepared {
    /// What a config makes of data that are split in this way, whose law has these modes where it is known.
    pub fn of(config: &RunConfig, split: &Split, modes: Option<Vec<Mode>>) -> Self {
        let modes = modes.map(|modes| modes.into_iter().map(KnownMode::from).collect());
        Self { modes, ..Self::with(config, split, Units::of(config.data.scale, &split.train)) }
    }

    /// The same with what x and y are called.
    #[must_use]
    pub(super) fn named(self, names: Option<[String; 2]>) -> Self {
        Self { names, ..self }
    }

    /// The file that keeps it.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The modes of the law, where it is known.
    pub fn known_modes(&self) -> Option<Vec<Mode>> {
        self.modes.as_ref().map(|modes| modes.iter().copied().map(Mode::from).collect())
    }

    /// The same with units that are known, and no law.
    pub(super) fn with(config: &RunConfig, split: &Split, units: Units) -> Self {
        let shuffle = match config.data.shuffle {
            Shuffle::Auto if units.scale == Scale::None && has_the_labs_batches(config) => Shuffle::Once,
            Shuffle::Auto => Shuffle::EveryEpoch,
            named => named,
        };
        let taken = config.iterations_per_epoch() as usize * config.batch_size * config.real_batches();
        let (train, held_out) = (split.train.len(), split.held_out.len());
        Self { train, held_out, shuffle, left_out: train - taken, units, modes: None, names: None }
    }
}

/// Whether an epoch takes what it takes in the lab: 7000 points, 256 at a time.
fn has_the_labs_batches(config: &RunConfig) -> bool {
    let lab = TrainConfig::lab(Model::Gan);
    let of = |config: &TrainConfig| (config.data.train_size, config.batch_size, config.real_batches());
    of(config) == of(&lab)
}

impl Units {
    /// The data's own, in single precision.
    pub const OWN: Self =
        Self { scale: Scale::None, centre: [0.0; 2], matrix: [[1.0, 0.0], [0.0, 1.0]], precision: Precision::Single };

    /// The units that `scale` means for these training points, of which there is at least one.
    pub fn of(scale: Scale, points: &[Point]) -> Self {
        let spread = PointSpread::of(points);
        let scale = match scale {
            Scale::Auto if lies_as_the_labs(&spread) => Scale::None,
            Scale::Auto if spread.correlation().abs() > CORRELATED => Scale::Whiten,
            Scale::Auto => Scale::Standardise,
            named => named,
        };
        let precision = if spread.is_fine() { Precision::Single } else { Precision::Double };
        if scale == Scale::None {
            return Self { precision, ..Self::OWN };
        }
        // An axis along which all points are one stays as it is.
        let or_one = |x: f64| if x > 0.0 && x.is_finite() { x } else { 1.0 };
        let [[xx, xy], [_, yy]] = spread.covariance;
        let matrix = if scale == Scale::Whiten {
            let a = or_one(xx.sqrt());
            let b = if xx > 0.0 { xy / a } else { 0.0 };
            // What rounding leaves of points in a line is none of their spread.
            let rest = yy - b * b;
            [[a, 0.0], [b, or_one(if rest > yy * 1e-12 { rest.sqrt() } else { 0.0 })]]
        } else {
            [[or_one(xx.sqrt()), 0.0], [0.0, or_one(yy.sqrt())]]
        };
        Self { scale, centre: spread.mean, matrix, precision }
    }

    /// Whether these keep the points apart less finely than what is kept today would: so did programs that kept every run
    /// without a scale in single precision.
    pub fn is_too_coarse_for(&self, points: &[Point]) -> bool {
        self.precision == Precision::Single && !PointSpread::of(points).is_fine()
    }

    /// The standard deviation of the training points along an axis, which the map takes to 1; 1 for the identity.
    pub fn spread(&self, axis: usize) -> f64 {
        self.matrix[axis][0].hypot(self.matrix[axis][1])
    }

    /// A point of the data as files keep it.
    pub fn keep(&self, point: Point) -> Point {
        point.map(|x| self.precision.kept(x))
    }

    /// What a weight of the square of the score's slope by the networks' points (gamma of R1 and R2) is for its slope by the
    /// data's own x and y: a slope by the networks' is one by the data's times the unit, and so gamma goes with the unit's
    /// square. None where the two axes are mixed.
    pub fn gamma_of_data(&self, gamma: f64) -> Option<[f64; 2]> {
        let [[x, _], [mixed, y]] = self.matrix;
        (mixed == 0.0).then(|| [x, y].map(|unit| gamma * unit * unit))
    }

    /// A point of the data as the networks have it.
    pub fn inward(&self, point: Point) -> Sample {
        let [dx, dy] = [point[0] - self.centre[0], point[1] - self.centre[1]];
        let [[a, _], [b, c]] = self.matrix;
        let x = dx / a;
        [x as f32, ((dy - b * x) / c) as f32]
    }

    /// A direction of the networks' in the data's units.
    pub fn direction_outward(&self, [x, y]: Point) -> Point {
        let [first, second] = self.matrix;
        [first[0] * x, second[0] * x + second[1] * y]
    }

    /// A point of the networks' in the data's units, as files keep it.
    pub fn outward(&self, sample: Sample) -> Point {
        let [x, y] = sample.map(f64::from);
        let [first, second] = self.matrix;
        self.keep([self.centre[0] + first[0] * x, self.centre[1] + second[0] * x + second[1] * y])
    }
}

/// Whether points lie where the lab's do and spread as they do.
fn lies_as_the_labs(spread: &PointSpread) -> bool {
    let [least, most] = LAB_RANGE;
    let [narrow, wide] = LAB_DEVIATION;
    (0..2).all(|i| spread.low[i] >= least && spread.high[i] <= most && (narrow..=wide).contains(&spread.deviation(i)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic::Law;

    fn letter() -> Vec<Point> {
        Law::Points.draw(2000, 3).pop().unwrap().1
    }

    fn moments(samples: &[Sample]) -> PointSpread {
        PointSpread::of(&samples.iter().map(|sample| sample.map(f64::from)).collect::<Vec<_>>())
    }

    #[test]
    fn the_labs_points_stay_as_they_are_and_others_are_standardised() {
        let points = letter();
        assert_eq!(Units::of(Scale::Auto, &points), Units::OWN);
        let (sample, single) = (Units::OWN.inward(points[0]), points[0].map(|x| x as f32));
        assert_eq!(sample.map(f32::to_bits), single.map(f32::to_bits));
        let kept = Units::OWN.outward(sample);
        assert_eq!(kept.map(f64::to_bits), single.map(|x| f64::from(x).to_bits()));
        for change in [
            |[x, y]: Point| [x + 3.0, y],
            |[x, y]: Point| [x, y - 1.0],
            |[x, y]: Point| [x * 10.0, y],
            |[x, y]: Point| [x, y * 0.1 + 0.4],
        ] {
            let moved: Vec<Point> = points.iter().map(|&point| change(point)).collect();
            assert_eq!(Units::of(Scale::Auto, &moved).scale, Scale::Standardise);
        }
    }

    #[test]
    fn points_along_a_diagonal_are_whitened() {
        for (slope, expected) in [(0.0, Scale::Standardise), (1.0, Scale::Whiten), (-1.0, Scale::Whiten)] {
            let turned: Vec<Point> = letter().iter().map(|[x, y]| [9.0 + x, y + slope * x]).collect();
            assert_eq!(Units::of(Scale::Auto, &turned).scale, expected, "{slope}");
        }
    }

    #[test]
    fn standardised_and_whitened_points_have_the_moments_that_the_words_say() {
        let turned: Vec<Point> = letter().iter().map(|[x, y]| [100.0 + x - y, 7.0 * x + 5.0 * y]).collect();
        for (scale, correlated) in [(Scale::Standardise, true), (Scale::Whiten, false)] {
            let units = Units::of(scale, &turned);
            let spread = moments(&turned.iter().map(|&point| units.inward(point)).collect::<Vec<_>>());
            for i in 0..2 {
                assert!(spread.mean[i].abs() < 1e-5 && (spread.covariance[i][i] - 1.0).abs() < 1e-5);
            }
            assert_eq!(spread.covariance[0][1].abs() > 1e-3, correlated);
            for &point in &turned {
                let there = units.outward(units.inward(point));
                assert!((0..2).all(|i| (there[i] - point[i]).abs() < 1e-4), "{point:?} {there:?}");
            }
        }
    }

    #[test]
    fn gamma_for_the_datas_slopes_is_the_same_penalty() {
        let points: Vec<Point> = letter().iter().map(|[x, y]| [30.0 * x, 2.0 * y]).collect();
        let units = Units::of(Scale::Standardise, &points);
        // A score with the slopes a and b by the data's x and y; by the networks' its slopes are differences there.
        let (a, b, gamma) = (0.7, -1.3, 10.0);
        let score = |sample: Sample| {
            let [x, y] = units.outward(sample);
            a * x + b * y
        };
        let by_networks = [score([1.0, 0.0]) - score([0.0, 0.0]), score([0.0, 1.0]) - score([0.0, 0.0])];
        let penalty = gamma / 2.0 * by_networks.map(|j| j * j).iter().sum::<f64>();
        let [gx, gy] = units.gamma_of_data(gamma).unwrap();
        let of_data = gx / 2.0 * a * a + gy / 2.0 * b * b;
        assert!((penalty / of_data - 1.0).abs() < 1e-4, "{penalty} {of_data}");
        assert!(gx > 100.0 * gy, "{gx} {gy}");
        assert_eq!(Units::OWN.gamma_of_data(gamma), Some([gamma; 2]));
        let turned: Vec<Point> = letter().iter().map(|[x, y]| [x - y, 7.0 * x + 5.0 * y]).collect();
        assert_eq!(Units::of(Scale::Whiten, &turned).gamma_of_data(gamma), None);
    }

    #[test]
    fn metres_far_from_their_origin_keep_their_millimetres() {
        let points: Vec<Point> = letter().iter().map(|[x, y]| [388_095.0 + x, 3_948_995.0 + y]).collect();
        let units = Units::of(Scale::Auto, &points);
        assert_eq!((units.scale, units.precision), (Scale::Standardise, Precision::Double));
        for &point in &points {
            let there = units.outward(units.inward(point));
            assert!((0..2).all(|i| (there[i] - point[i]).abs() < 1e-6), "{point:?} {there:?}");
        }
        // Without a scale too: what the networks get is single, what the points are measured against is not.
        let unscaled = Units::of(Scale::None, &points);
        assert_eq!(unscaled, Units { precision: Precision::Double, ..Units::OWN });
        assert!(Units::OWN.is_too_coarse_for(&points) && !unscaled.is_too_coarse_for(&points));
        assert!(!Units::OWN.is_too_coarse_for(&letter()));
        // A hundred away single precision is fine enough for the letter.
        let near: Vec<Point> = letter().iter().map(|[x, y]| [30.0 + x, *y]).collect();
        assert_eq!(Units::of(Scale::Auto, &near).precision, Precision::Single);
    }

    #[test]
    fn points_in_a_line_or_in_one_place_are_mapped_there_and_back() {
        for points in [vec![[5.0, 2.0]; 4], vec![[1.0, 9.0], [2.0, 9.0]], vec![[0.0, 10.0], [1.0, 12.0], [2.0, 14.0]]] {
            for scale in [Scale::Standardise, Scale::Whiten] {
                let units = Units::of(scale, &points);
                for &point in &points {
                    let sample = units.inward(point);
                    assert!(sample.iter().all(|x| x.abs() < 2.0), "{sample:?}");
                    let there = units.outward(sample);
                    assert!((0..2).all(|i| (there[i] - point[i]).abs() < 1e-5), "{point:?} {there:?}");
                }
            }
        }
    }
}
