//! What part of the plane a picture shows.

use std::str::FromStr;

use crate::data::Point;

/// What part of the plane a picture shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axes {
    /// From left to right.
    pub x: (f64, f64),
    /// From bottom to top.
    pub y: (f64, f64),
}

/// Which axes a picture gets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AxesChoice {
    /// The lab's for the lab's points, else around the real ones, with equal units where both sides are about as long.
    #[default]
    Auto,
    /// The lab's for `points.mat`.
    Lab,
    /// Around the real points.
    Fit,
    /// Around the real points, a unit as long on both axes.
    Equal,
    /// These.
    Range(Axes),
}

/// Sides that differ by less than this factor are taken for those of a ring or a grid.
const ALIKE: f64 = 1.25;

impl Axes {
    /// The lab's axes for `points.mat`.
    pub const LAB: Self = Self { x: (-0.25, 1.5), y: (0.0, 0.8) };

    /// Axes around `points` with a margin of a tenth on every side.
    pub fn fitted(points: &[Point]) -> Self {
        let side = |axis: usize| {
            let values = points.iter().map(|point| point[axis]);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            if low > high {
                return (0.0, 1.0);
            }
            // Points in a line still need a picture with two sides.
            let margin = if high > low { (high - low) * 0.1 } else { (low.abs() * 0.1).max(0.5) };
            (low - margin, high + margin)
        };
        Self { x: side(0), y: side(1) }
    }

    /// The axes that a choice means for these real points, on a picture whose area for points is `aspect` times as wide as
    /// high; `is_lab` says whether they are the lab's.
    pub fn chosen(choice: AxesChoice, real: &[Point], is_lab: bool, aspect: f64) -> Self {
        let fitted = Self::fitted(real);
        match choice {
            AxesChoice::Range(axes) => axes,
            AxesChoice::Lab => Self::LAB,
            AxesChoice::Fit => fitted,
            AxesChoice::Equal => fitted.equal(aspect),
            AxesChoice::Auto if is_lab && Self::LAB.hold(real) => Self::LAB,
            AxesChoice::Auto => {
                let ratio = length(fitted.x) / length(fitted.y);
                if (1.0 / ALIKE..ALIKE).contains(&ratio) { fitted.equal(aspect) } else { fitted }
            }
        }
    }

    /// Made longer on one side, so that a unit is as long on both.
    #[must_use]
    fn equal(self, aspect: f64) -> Self {
        let longer = |(low, high): (f64, f64), wanted: f64| {
            let more = (wanted - (high - low)).max(0.0) / 2.0;
            (low - more, high + more)
        };
        Self { x: longer(self.x, length(self.y) * aspect), y: longer(self.y, length(self.x) / aspect) }
    }

    /// Whether all of `points` lie within.
    pub fn hold(&self, points: &[Point]) -> bool {
        points.iter().all(|&point| self.holds(point))
    }

    /// Whether a point lies within.
    pub fn holds(&self, [x, y]: Point) -> bool {
        let within = |value: f64, (low, high): (f64, f64)| (low..=high).contains(&value);
        within(x, self.x) && within(y, self.y)
    }

    /// The place within that is nearest to a point.
    pub(super) fn nearest(&self, [x, y]: Point) -> Point {
        [x.clamp(self.x.0, self.x.1), y.clamp(self.y.0, self.y.1)]
    }
}

impl FromStr for AxesChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => return Ok(Self::Auto),
            "lab" => return Ok(Self::Lab),
            "fit" => return Ok(Self::Fit),
            "equal" => return Ok(Self::Equal),
            _ => {}
        }
        let wrong = || format!("'{text}' is not one of auto, lab, fit, equal, or four numbers: -0.25,1.5,0,0.8");
        let numbers: Vec<f64> =
            text.split(',').map(|number| number.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
        let [x0, x1, y0, y1] = numbers[..] else { return Err(wrong()) };
        if numbers.iter().any(|x| !x.is_finite()) || x0 >= x1 || y0 >= y1 {
            return Err(format!("'{text}' is no range: give left,right,bottom,top, each pair ascending"));
        }
        Ok(Self::Range(Axes { x: (x0, x1), y: (y0, y1) }))
    }
}

fn length((low, high): (f64, f64)) -> f64 {
    high - low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_fit_their_points() {
        let axes = Axes::fitted(&[[0.0, -5.0], [10.0, 5.0]]);
        assert_eq!(axes, Axes { x: (-1.0, 11.0), y: (-6.0, 6.0) });
        assert!(Axes::fitted(&[[3.0, 0.0]; 4]).hold(&[[3.0, 0.0]]));
        assert_eq!(Axes::fitted(&[]), Axes { x: (0.0, 1.0), y: (0.0, 1.0) });
    }

    #[test]
    fn rings_get_equal_units_and_flat_letters_do_not() {
        let ring: Vec<Point> = (0..8).map(|i| f64::from(i).sin_cos()).map(|(y, x)| [x, y]).collect();
        let chosen = |choice, points: &[Point]| Axes::chosen(choice, points, false, 1.5);
        let axes = chosen(AxesChoice::Auto, &ring);
        assert!((length(axes.x) / length(axes.y) - 1.5).abs() < 1e-9 && axes.hold(&ring));
        let flat: Vec<Point> = ring.iter().map(|[x, y]| [*x, y / 4.0]).collect();
        assert_eq!(chosen(AxesChoice::Auto, &flat), Axes::fitted(&flat));
        let equal = chosen(AxesChoice::Equal, &flat);
        assert!((length(equal.x) / length(equal.y) - 1.5).abs() < 1e-9 && equal.hold(&flat));
        assert_eq!(Axes::chosen(AxesChoice::Auto, &[[0.5, 0.5]], true, 1.5), Axes::LAB);
        assert_ne!(Axes::chosen(AxesChoice::Auto, &[[5.0, 0.5]], true, 1.5), Axes::LAB);
    }

    #[test]
    fn choices_are_words_or_four_numbers() {
        assert_eq!("fit".parse(), Ok(AxesChoice::Fit));
        assert_eq!("0, 1,-2,3.5".parse(), Ok(AxesChoice::Range(Axes { x: (0.0, 1.0), y: (-2.0, 3.5) })));
        for wrong in ["", "round", "0,1,2", "0,1,2,x", "1,0,0,1", "0,0,0,1", "0,inf,0,1", "0,1,0,1,5"] {
            assert!(wrong.parse::<AxesChoice>().is_err(), "{wrong}");
        }
    }
}
