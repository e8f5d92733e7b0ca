//! Points of several classes: each has a shape of its own and a colour, so that they are told apart in grey print too.

use plotters::backend::DrawingBackend;
use plotters::element::{EmptyElement, PathElement, Polygon};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor, ShapeStyle};

use super::scale::Scale;
use super::scatter::{Area, Chart};
use super::theme::{Look, SERIES};
use super::words::width;
use super::{Axes, RenderError};
use crate::data::Point;

/// The classes of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classes {
    /// What they are called, [`Classes::MOST`] at most.
    pub names: Vec<String>,
    /// For each point the place of its class in `names`.
    pub of: Vec<u32>,
}

/// A shape's corners for a radius of 1, and whether it is filled.
type Shape = (&'static [(f64, f64)], bool);

const ROUND: &[(f64, f64)] =
    &[(1.0, 0.0), (0.7, 0.7), (0.0, 1.0), (-0.7, 0.7), (-1.0, 0.0), (-0.7, -0.7), (0.0, -1.0), (0.7, -0.7)];
const SQUARE: &[(f64, f64)] = &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)];
const UP: &[(f64, f64)] = &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)];
const DOWN: &[(f64, f64)] = &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)];
const DIAMOND: &[(f64, f64)] = &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)];

const SHAPES: [Shape; 10] = [
    (ROUND, true),
    (UP, false),
    (SQUARE, true),
    (DIAMOND, false),
    (DOWN, true),
    (ROUND, false),
    (UP, true),
    (SQUARE, false),
    (DIAMOND, true),
    (DOWN, false),
];

const RADIUS: f64 = 2.8;
/// Of the names.
const SIZE: f64 = 12.5;

impl Classes {
    /// More are not told apart.
    pub const MOST: usize = SHAPES.len();

    /// Points within the axes, in their order: no class lies over all others.
    pub(super) fn dots<DB: DrawingBackend>(
        &self,
        chart: &mut Chart<'_, DB>,
        points: &[Point],
        axes: Axes,
        scale: Scale,
    ) -> Result<(), RenderError> {
        for (&[x, y], &class) in points.iter().zip(&self.of).filter(|(point, _)| axes.holds(**point)) {
            let (shape, colour) = look_of(class as usize);
            let corners = corners(shape, RADIUS, scale);
            if shape.1 {
                let filled = EmptyElement::at((x, y)) + Polygon::new(corners, colour.mix(0.75).filled());
                chart.draw_series([filled]).map_err(RenderError::new)?;
            } else {
                let rim = ShapeStyle::from(colour).stroke_width(scale.pixels(0.9));
                let drawn = EmptyElement::at((x, y)) + PathElement::new(closed(corners), rim);
                chart.draw_series([drawn]).map_err(RenderError::new)?;
            }
        }
        Ok(())
    }

    /// The shapes with their names in a line that begins at a place and is so long; letters are smaller where it is short.
    pub(super) fn legend<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        (left, y): (i32, i32),
        room: f64,
        look: Look,
        scale: Scale,
    ) -> Result<(), RenderError> {
        let (before, after) = (scale.length(12.0), scale.length(16.0));
        let taken: f64 = self.names.iter().map(|name| before + width(name, SIZE, scale) + after).sum();
        let shrunk = (room / taken).min(1.0);
        let mut x = f64::from(left);
        for (class, name) in self.names.iter().enumerate() {
            let (shape, colour) = look_of(class);
            let at = (x + shrunk * before / 3.0) as i32;
            let corners = corners(shape, 4.0 * shrunk, scale).into_iter().map(|(dx, dy)| (at + dx, y + dy)).collect();
            if shape.1 {
                area.draw(&Polygon::new(corners, colour.filled())).map_err(RenderError::new)?;
            } else {
                let rim = ShapeStyle::from(colour).stroke_width(scale.pixels(1.0));
                area.draw(&PathElement::new(closed(corners), rim)).map_err(RenderError::new)?;
            }
            let text = scale.font(SIZE * shrunk, look.ink).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw_text(name, &text, ((x + shrunk * before) as i32, y)).map_err(RenderError::new)?;
            x += shrunk * (before + width(name, SIZE, scale) + after);
        }
        Ok(())
    }
}

fn look_of(class: usize) -> (Shape, RGBColor) {
    (SHAPES[class % SHAPES.len()], SERIES[class % SERIES.len()])
}

fn corners((corners, _): Shape, radius: f64, scale: Scale) -> Vec<(i32, i32)> {
    corners.iter().map(|&(x, y)| (scale.at(x * radius), scale.at(y * radius))).collect()
}

fn closed(mut corners: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    corners.extend(corners.first().copied());
    corners
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_class_has_a_shape_of_its_own() {
        let shapes: BTreeSet<String> = (0..Classes::MOST).map(|class| format!("{:?}", look_of(class).0)).collect();
        assert_eq!(shapes.len(), Classes::MOST);
    }
}
