//! How curves are told apart: by colour, by dashes, and where those have all been used by marks. No two of the styles have
//! both dashes and mark in common, so that they are told apart in grey print.

use plotters::backend::BitMapBackend;
use plotters::element::{PathElement, Polygon};
use plotters::style::{Color as _, RGBColor, ShapeStyle, WHITE};

use super::super::RenderError;
use super::super::scale::Scale;
use super::super::scatter::Area;
use super::super::theme::SERIES;

/// Lengths of dashes and of what is between them, in turn; none for a line without gaps.
const DASHES: [&[f64]; 6] =
    [&[], &[9.0, 4.0], &[2.0, 3.0], &[9.0, 3.0, 2.0, 3.0], &[17.0, 4.0, 4.0, 4.0], &[8.0, 3.0, 2.0, 3.0, 2.0, 3.0]];

/// Corners of a mark around its middle, for a radius of 1, and whether it is filled.
const MARKS: [(&[(f64, f64)], bool); 6] = [
    (&[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)], true),
    (&[(0.0, -1.1), (1.0, 0.8), (-1.0, 0.8)], true),
    (&[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)], false),
    (&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)], false),
    (&[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)], true),
    (&[(0.0, 1.1), (1.0, -0.8), (-1.0, -0.8)], false),
];

/// A curve's width.
const WIDTH: f64 = 2.0;
const MARK: f64 = 4.0;

/// A place in pixels.
pub(super) type Place = (i32, i32);

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke(usize);

impl Stroke {
    /// How many there are.
    pub(super) const COUNT: usize = DASHES.len() * (MARKS.len() + 1);

    /// The style of this number, counted from 0; after the last comes the first.
    pub(super) fn of(number: usize) -> Self {
        Self(number % Self::COUNT)
    }

    pub(super) fn colour(self) -> RGBColor {
        SERIES[self.0 % SERIES.len()]
    }

    fn dashes(self) -> &'static [f64] {
        DASHES[self.0 % DASHES.len()]
    }

    /// None for the first styles, which differ without.
    fn mark(self) -> Option<(&'static [(f64, f64)], bool)> {
        (self.0 / DASHES.len()).checked_sub(1).map(|i| MARKS[i])
    }

    /// A line through places, with a mark at some of them.
    pub(super) fn draw(
        self,
        area: &Area<BitMapBackend<'_>>,
        places: &[Place],
        scale: Scale,
    ) -> Result<(), RenderError> {
        let style = ShapeStyle::from(self.colour()).stroke_width(scale.pixels(WIDTH));
        let dashes: Vec<f64> = self.dashes().iter().map(|&length| scale.length(length)).collect();
        for dash in dashed(places, &dashes) {
            area.draw(&PathElement::new(dash, style)).map_err(RenderError::new)?;
        }
        let Some((corners, filled)) = self.mark() else { return Ok(()) };
        // A mark for about every 90 pixels, and not at the edges, where lines meet.
        let far = scale.length(90.0);
        let mut last = places.first().map_or(0.0, |place| f64::from(place.0) - far / 2.0);
        for &(x, y) in places {
            if f64::from(x) - last >= far {
                last = f64::from(x);
                self.mark_at(area, (x, y), corners, filled, scale)?;
            }
        }
        Ok(())
    }

    /// A short line that stands for it.
    pub(super) fn sample(
        self,
        area: &Area<BitMapBackend<'_>>,
        (x, y): Place,
        length: i32,
        scale: Scale,
    ) -> Result<(), RenderError> {
        let style = ShapeStyle::from(self.colour()).stroke_width(scale.pixels(WIDTH));
        let dashes: Vec<f64> = self.dashes().iter().map(|&length| scale.length(length)).collect();
        for dash in dashed(&[(x, y), (x + length, y)], &dashes) {
            area.draw(&PathElement::new(dash, style)).map_err(RenderError::new)?;
        }
        match self.mark() {
            Some((corners, filled)) => self.mark_at(area, (x + length / 2, y), corners, filled, scale),
            None => Ok(()),
        }
    }

    fn mark_at(
        self,
        area: &Area<BitMapBackend<'_>>,
        (x, y): Place,
        corners: &[(f64, f64)],
        filled: bool,
        scale: Scale,
    ) -> Result<(), RenderError> {
        let corner = |&(dx, dy): &(f64, f64)| (x + scale.at(dx * MARK), y + scale.at(dy * MARK));
        let mut corners: Vec<Place> = corners.iter().map(corner).collect();
        let inside = if filled { self.colour() } else { WHITE };
        area.draw(&Polygon::new(corners.clone(), inside.filled())).map_err(RenderError::new)?;
        corners.extend(corners.first().copied());
        let rim = ShapeStyle::from(self.colour()).stroke_width(scale.pixels(1.3));
        area.draw(&PathElement::new(corners, rim)).map_err(RenderError::new)
    }

    /// A cross: here the curve ends because there was nothing finite any more.
    pub(super) fn cross(self, area: &Area<BitMapBackend<'_>>, (x, y): Place, scale: Scale) -> Result<(), RenderError> {
        let arm = scale.at(5.5);
        for (colour, width) in [(WHITE, 5.0), (self.colour(), 2.4)] {
            let style = ShapeStyle::from(colour).stroke_width(scale.pixels(width));
            for up in [arm, -arm] {
                let line = PathElement::new(vec![(x - arm, y - up), (x + arm, y + up)], style);
                area.draw(&line).map_err(RenderError::new)?;
            }
        }
        Ok(())
    }
}

/// A line in pieces by the lengths of dashes and gaps, which follow each other in turn; the whole line for none.
fn dashed(places: &[Place], lengths: &[f64]) -> Vec<Vec<Place>> {
    let Some((&first, lengths)) = places.first().zip((!lengths.is_empty()).then_some(lengths)) else {
        return vec![places.to_vec()];
    };
    let (mut pieces, mut piece) = (Vec::new(), vec![first]);
    let (mut at, mut left) = (0, lengths[0]);
    for pair in places.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]].map(|(x, y)| (f64::from(x), f64::from(y)));
        let length = (x1 - x0).hypot(y1 - y0);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let part = done / length;
            let place = ((x0 + part * (x1 - x0)).round() as i32, (y0 + part * (y1 - y0)).round() as i32);
            if at % 2 == 0 {
                piece.push(place);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![place];
            }
            at = (at + 1) % lengths.len();
            left = lengths[at];
        }
        left -= length - done;
        if at % 2 == 0 {
            piece.push(pair[1]);
        }
    }
    pieces.extend((piece.len() > 1).then_some(piece));
    pieces
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_styles_look_the_same_in_colour_or_in_grey() {
        let all = (0..Stroke::COUNT).map(Stroke::of);
        let grey: BTreeSet<String> =
            all.clone().map(|stroke| format!("{:?} {:?}", stroke.dashes(), stroke.mark())).collect();
        assert_eq!(grey.len(), Stroke::COUNT);
        let of_colour = |stroke: Stroke| format!("{:?} {:?}", stroke.colour(), stroke.dashes());
        assert_eq!(all.map(of_colour).collect::<BTreeSet<_>>().len(), Stroke::COUNT);
        assert_eq!(Stroke::of(Stroke::COUNT), Stroke::of(0));
    }

    #[test]
    fn dashes_are_as_long_as_they_say_around_corners_too() {
        let corner = [(0, 0), (10, 0), (10, 10)];
        assert_eq!(dashed(&corner, &[]), [corner.to_vec()]);
        assert_eq!(
            dashed(&corner, &[6.0, 2.0]),
            [vec![(0, 0), (6, 0)], vec![(8, 0), (10, 0), (10, 4)], vec![(10, 6), (10, 10)]]
        );
        assert_eq!(dashed(&[(0, 0), (4, 0)], &[9.0, 2.0]), [[(0, 0), (4, 0)]]);
        assert!(dashed(&[(3, 3)], &[9.0, 2.0]).is_empty());
    }
}
