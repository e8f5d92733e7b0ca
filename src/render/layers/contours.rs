//! Lines of equal score: that where the discriminator cannot tell is thick. They are found cell by cell (marching squares;
//! Lorensen and Cline 1987 in two dimensions).

use plotters::backend::DrawingBackend;
use plotters::element::PathElement;
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::scale::Scale;
use super::super::scatter::{Area, Chart};
use super::super::theme::Look;
use super::super::words::width;
use super::super::{Axes, RenderError};
use super::field::{Field, SPACE, WORDS};
use super::plane::clipped_line;
use crate::data::Point;

/// The tones that lines are drawn at.
const LEVELS: [f64; 9] = [-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8];
/// How wide, where the discriminator can tell and where it cannot.
const WIDTHS: [f64; 2] = [0.8, 1.8];
/// Of the key.
const LINE: f64 = 22.0;
/// What stands beside it.
pub(super) const BLIND: &str = "cannot tell";

pub(super) fn draw<DB: DrawingBackend>(
    field: &Field,
    chart: &mut Chart<'_, DB>,
    axes: Axes,
    look: Look,
    scale: Scale,
) -> Result<(), RenderError> {
    for level in LEVELS {
        let is_blind = level.abs() < 1e-9;
        let style =
            look.ink.mix(if is_blind { 0.75 } else { 0.4 }).stroke_width(scale.pixels(WIDTHS[usize::from(is_blind)]));
        let lines = lines(field, level).into_iter().filter_map(|[from, to]| clipped_line(from, to, axes));
        let lines = lines.map(|line| PathElement::new(line.map(|[x, y]| (x, y)).to_vec(), style));
        chart.draw_series(lines).map_err(RenderError::new)?;
    }
    Ok(())
}

/// Pieces of the line at a level.
fn lines(field: &Field, level: f64) -> Vec<[Point; 2]> {
    let side = field.side;
    let place = |(low, high): (f64, f64), i: usize| low + (high - low) * (i as f64 + 0.5) / side as f64;
    let corner = |row: usize, column: usize| {
        // A tone at the level itself counts as above it, so that a line has two ends in every cell.
        let tone = f64::from(field.tones[row * side + column]) - level;
        ([place(field.extent.x, column), place(field.extent.y, row)], tone)
    };
    let mut found = Vec::new();
    for row in 1..side {
        for column in 1..side {
            let corners =
                [corner(row - 1, column - 1), corner(row - 1, column), corner(row, column), corner(row, column - 1)];
            let crossing = |i: usize| {
                let ((a, tone_a), (b, tone_b)) = (corners[i], corners[(i + 1) % 4]);
                ((tone_a < 0.0) != (tone_b < 0.0)).then(|| {
                    let share = tone_a / (tone_a - tone_b);
                    [0, 1].map(|k| a[k] + (b[k] - a[k]) * share)
                })
            };
            let crossings: Vec<(usize, Point)> = (0..4).filter_map(|i| Some((i, crossing(i)?))).collect();
            match crossings[..] {
                [(_, a), (_, b)] => found.push([a, b]),
                [(_, a), (_, b), (_, c), (_, d)] => {
                    // Two opposite corners are above: which of them are joined is told by the middle.
                    let middle = corners.iter().map(|(_, tone)| tone).sum::<f64>();
                    let joined = (middle < 0.0) == (corners[0].1 < 0.0);
                    found.extend(if joined { [[a, b], [c, d]] } else { [[d, a], [b, c]] });
                }
                _ => {}
            }
        }
    }
    found
}

/// A thick line, and what it is.
pub(super) fn key<DB: DrawingBackend>(
    _: &Field,
    area: &Area<DB>,
    (x, y): (i32, i32),
    look: Look,
    scale: Scale,
) -> Result<i32, RenderError> {
    let end = x + scale.at(LINE);
    let style = look.ink.mix(0.75).stroke_width(scale.pixels(WIDTHS[1]));
    area.draw(&PathElement::new(vec![(x, y), (end, y)], style)).map_err(RenderError::new)?;
    let at = end + scale.at(SPACE);
    let style = scale.font(WORDS, look.label).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw_text(BLIND, &style, (at, y)).map_err(RenderError::new)?;
    Ok(at + width(BLIND, WORDS, scale).ceil() as i32 - x)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn field(side: usize, tone: impl Fn(f64, f64) -> f64) -> Field {
        let centre = |i: usize| (i as f64 + 0.5) / side as f64;
        let tones = (0..side * side).map(|i| tone(centre(i % side), centre(i / side)) as f32);
        let extent = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        Field { side, tones: Arc::new(tones.collect()), extent, words: Default::default() }
    }

    #[test]
    fn the_lines_of_a_cone_are_circles() {
        let cone = field(40, |x, y| 1.0 - 4.0 * (x - 0.5).hypot(y - 0.5));
        for level in [0.0, 0.4] {
            let radius = (1.0 - level) / 4.0;
            let lines = lines(&cone, level);
            assert!(lines.iter().flatten().all(|[x, y]| ((x - 0.5).hypot(y - 0.5) - radius).abs() < 2e-3));
            let length: f64 = lines.iter().map(|[a, b]| (a[0] - b[0]).hypot(a[1] - b[1])).sum();
            assert!((length / (std::f64::consts::TAU * radius) - 1.0).abs() < 0.01, "{level}: {length}");
        }
        assert!(lines(&cone, 2.0).is_empty());
        assert!(lines(&field(1, |_, _| 0.0), 0.0).is_empty());
    }

    #[test]
    fn a_saddle_has_two_lines_in_its_cell() {
        let saddle = field(2, |x, y| if (x < 0.5) == (y < 0.5) { 1.0 } else { -1.0 });
        assert_eq!(lines(&saddle, 0.0).len(), 2);
    }
}
