//! Areas of colour on a plane, and what of lines and triangles lies within axes.

use plotters::backend::DrawingBackend;
use plotters::element::Rectangle;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBAColor, RGBColor, ShapeStyle};

use super::super::scale::Scale;
use super::super::scatter::{Area, Chart};
use super::super::theme::Look;
use super::super::words::width;
use super::super::{Axes, RenderError};
use super::field::{SPACE, WORDS};
use crate::data::Point;

/// The side of a patch of one colour, in pixels of a picture of the usual size.
const PATCH: f64 = 2.0;

/// The side of a key's square.
const SQUARE: f64 = 11.0;

/// A key of areas in the generated points' colour: a square from pale to deep, and words; gives how wide it is.
pub(super) fn key<DB: DrawingBackend>(
    words: &str,
    area: &Area<DB>,
    (x, y): (i32, i32),
    look: Look,
    scale: Scale,
) -> Result<i32, RenderError> {
    const STEPS: i32 = 4;
    let (wide, half) = (scale.at(SQUARE / 2.0).max(1), scale.at(SQUARE / 2.0));
    for step in 0..STEPS {
        let left = x + step * wide;
        let colour = look.generated.colour.mix(0.15 + 0.6 * f64::from(step) / f64::from(STEPS - 1));
        let corners = [(left, y - half), (left + wide, y + half)];
        area.draw(&Rectangle::new(corners, colour.filled())).map_err(RenderError::new)?;
    }
    let at = x + STEPS * wide + scale.at(SPACE);
    let style = scale.font(WORDS, look.label).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw_text(words, &style, (at, y)).map_err(RenderError::new)?;
    Ok(at + width(words, WORDS, scale).ceil() as i32 - x)
}

/// Paints the chart's area patch by patch; those beside each other that have one colour are one rectangle.
pub(super) fn paint<DB: DrawingBackend>(
    chart: &Chart<'_, DB>,
    axes: Axes,
    scale: Scale,
    colour_at: impl Fn(Point) -> Option<RGBAColor>,
) -> Result<(), RenderError> {
    let area = chart.plotting_area().strip_coord_spec();
    let (width, height) = area.dim_in_pixel();
    let patch = scale.pixels(PATCH);
    let (columns, rows) = (width.div_ceil(patch), height.div_ceil(patch));
    let along = |(low, high): (f64, f64), i: u32, n: u32| {
        let share = f64::from(i * patch + patch / 2) / f64::from(n.max(1));
        low + (high - low) * share.min(1.0)
    };
    let rectangle = |from: u32, to: u32, row: u32, colour: RGBAColor| {
        let corner = |column: u32, row: u32| ((column * patch).min(width) as i32, (row * patch).min(height) as i32);
        let style = ShapeStyle { color: colour, filled: true, stroke_width: 0 };
        area.draw(&Rectangle::new([corner(from, row), corner(to, row + 1)], style)).map_err(RenderError::new)
    };
    for row in 0..rows {
        let y = axes.y.0 + axes.y.1 - along(axes.y, row, height);
        let colour = |column: u32| colour_at([along(axes.x, column, width), y]);
        let (mut from, mut there) = (0, colour(0));
        for column in 1..=columns {
            let next = if column < columns { colour(column) } else { None };
            if next == there && column < columns {
                continue;
            }
            if let Some(colour) = there {
                rectangle(from, column, row, colour)?;
            }
            (from, there) = (column, next);
        }
    }
    Ok(())
}

/// A blend of two colours: the first at 0, the second at 1.
pub(in super::super) fn blend(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let part = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share.clamp(0.0, 1.0)).round() as u8;
    RGBColor(part(from.0, to.0), part(from.1, to.1), part(from.2, to.2))
}

/// A colour that hides what is behind it.
pub(super) fn opaque(colour: RGBColor) -> RGBAColor {
    colour.mix(1.0)
}

/// What of a polygon without dents lies within the axes (Sutherland and Hodgman 1974); empty where nothing does.
pub(super) fn clipped(corners: &[Point], axes: Axes) -> Vec<Point> {
    let mut found = corners.to_vec();
    for (axis, bound, sign) in [(0, axes.x.0, 1.0), (0, axes.x.1, -1.0), (1, axes.y.0, 1.0), (1, axes.y.1, -1.0)] {
        let inside = |point: &Point| sign * (point[axis] - bound);
        let mut kept = Vec::with_capacity(found.len() + 1);
        for (i, point) in found.iter().enumerate() {
            let before = &found[(i + found.len() - 1) % found.len()];
            let (a, b) = (inside(before), inside(point));
            if (a < 0.0) != (b < 0.0) {
                let share = a / (a - b);
                kept.push([0, 1].map(|k| before[k] + (point[k] - before[k]) * share));
            }
            if b >= 0.0 {
                kept.push(*point);
            }
        }
        found = kept;
    }
    found
}

/// What of a line between two points lies within the axes.
pub(super) fn clipped_line(from: Point, to: Point, axes: Axes) -> Option<[Point; 2]> {
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for (axis, low, high) in [(0, axes.x.0, axes.x.1), (1, axes.y.0, axes.y.1)] {
        let step = to[axis] - from[axis];
        let at = [low, high].map(|bound| (bound - from[axis]) / step);
        if step.abs() > 0.0 {
            start = start.max(at[0].min(at[1]));
            end = end.min(at[0].max(at[1]));
        } else if !(low..=high).contains(&from[axis]) {
            return None;
        }
    }
    let point = |share: f64| [0, 1].map(|k| from[k] + (to[k] - from[k]) * share);
    (start <= end).then(|| [point(start), point(end)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };

    fn area(corners: &[Point]) -> f64 {
        let cross = |i: usize| {
            let ([x0, y0], [x1, y1]) = (corners[i], corners[(i + 1) % corners.len()]);
            x0 * y1 - x1 * y0
        };
        (0..corners.len()).map(cross).sum::<f64>().abs() / 2.0
    }

    #[test]
    fn what_is_within_the_axes_stays() {
        assert_eq!(clipped(&[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]], UNIT).len(), 3);
        assert!(clipped(&[[2.0, 0.1], [3.0, 0.1], [2.5, 0.9]], UNIT).is_empty());
        // Half of a square stands out, and all of a large triangle but the unit square.
        assert!((area(&clipped(&[[0.5, 0.0], [1.5, 0.0], [1.5, 1.0], [0.5, 1.0]], UNIT)) - 0.5).abs() < 1e-12);
        assert!((area(&clipped(&[[-9.0, -9.0], [20.0, -9.0], [-9.0, 20.0]], UNIT)) - 1.0).abs() < 1e-12);
        assert!(clipped(&[], UNIT).is_empty());
    }

    #[test]
    fn lines_end_at_the_axes() {
        assert_eq!(clipped_line([0.5, -1.0], [0.5, 2.0], UNIT), Some([[0.5, 0.0], [0.5, 1.0]]));
        assert_eq!(clipped_line([0.2, 0.2], [0.4, 0.4], UNIT), Some([[0.2, 0.2], [0.4, 0.4]]));
        for (from, to) in [([2.0, 0.0], [2.0, 1.0]), ([-1.0, 0.5], [0.5, 2.5])] {
            assert_eq!(clipped_line(from, to, UNIT), None, "{from:?} {to:?}");
        }
    }
}
