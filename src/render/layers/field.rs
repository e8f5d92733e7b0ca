//! The discriminator's scores over the plane, as tones from the generated points' colour to the real ones'.

use std::sync::Arc;

use plotters::backend::DrawingBackend;
use plotters::element::Rectangle;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor};

use super::super::scale::Scale;
use super::super::scatter::{Area, Chart};
use super::super::theme::Look;
use super::super::words::width;
use super::super::{Axes, RenderError};
use super::plane::{blend, opaque, paint};
use crate::data::Point;

/// Tones are drawn in so many steps on each side.
const STEPS: f64 = 12.0;

/// Of the key: its bar, and its words.
const BAR: (f64, f64) = (104.0, 10.0);
pub(super) const WORDS: f64 = 12.5;
pub(super) const SPACE: f64 = 7.0;

/// Tones over a part of the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// So many rows of as many, from the lowest and leftmost: -1 where a point passes as generated for sure, 1 where it
    /// passes as real, 0 where the discriminator cannot tell.
    pub side: usize,
    /// The tones.
    pub tones: Arc<Vec<f32>>,
    /// Over which part of the plane.
    pub extent: Axes,
    /// What it is, and what the scale's two ends are.
    pub words: [String; 3],
}

impl Field {
    /// The tone at a point, between the centres of cells along lines; None outside.
    pub(super) fn at(&self, [x, y]: Point) -> Option<f64> {
        if !self.extent.holds([x, y]) || self.side == 0 {
            return None;
        }
        let place = |value: f64, (low, high): (f64, f64)| {
            let at = ((value - low) / (high - low) * self.side as f64 - 0.5).clamp(0.0, self.side as f64 - 1.0);
            let below = (at as usize).min(self.side.saturating_sub(2));
            (below, (below + 1).min(self.side - 1), at - below as f64)
        };
        let (left, right, across) = place(x, self.extent.x);
        let (lower, upper, up) = place(y, self.extent.y);
        let tone = |row: usize, column: usize| f64::from(self.tones[row * self.side + column]);
        let between = |row: usize| tone(row, left) + (tone(row, right) - tone(row, left)) * across;
        Some(between(lower) + (between(upper) - between(lower)) * up)
    }
}

/// The colour of a tone.
pub(super) fn colour(tone: f64, look: Look) -> RGBColor {
    let tone = (tone * STEPS).round() / STEPS;
    blend(look.blind, if tone < 0.0 { look.low } else { look.high }, tone.abs().powf(0.8))
}

pub(super) fn draw<DB: DrawingBackend>(
    field: &Field,
    chart: &Chart<'_, DB>,
    axes: Axes,
    look: Look,
    scale: Scale,
) -> Result<(), RenderError> {
    paint(chart, axes, scale, |point| field.at(point).map(|tone| opaque(colour(tone, look))))
}

/// A bar of the tones, with what its ends are, and what they are of.
pub(super) fn key<DB: DrawingBackend>(
    field: &Field,
    area: &Area<DB>,
    (x, y): (i32, i32),
    look: Look,
    scale: Scale,
) -> Result<i32, RenderError> {
    let [what, low, high] = &field.words;
    let style = scale.font(WORDS, look.label).pos(Pos::new(HPos::Left, VPos::Center));
    let space = scale.at(SPACE);
    let mut at = x;
    for text in [what, low] {
        area.draw_text(text, &style, (at, y)).map_err(RenderError::new)?;
        at += width(text, WORDS, scale).ceil() as i32 + space;
    }
    let (long, high_as) = (scale.at(BAR.0), scale.at(BAR.1));
    let pieces = 2 * STEPS as i32 + 1;
    for piece in 0..pieces {
        let tone = 2.0 * f64::from(piece) / f64::from(pieces - 1) - 1.0;
        let edge = |piece: i32| at + long * piece / pieces;
        let corners = [(edge(piece), y - high_as / 2), (edge(piece + 1), y + high_as / 2)];
        area.draw(&Rectangle::new(corners, colour(tone, look).filled())).map_err(RenderError::new)?;
    }
    let rim = [(at, y - high_as / 2), (at + long, y + high_as / 2)];
    area.draw(&Rectangle::new(rim, look.frame.stroke_width(scale.pixels(0.5)))).map_err(RenderError::new)?;
    at += long + space;
    area.draw_text(high, &style, (at, y)).map_err(RenderError::new)?;
    Ok(at + width(high, WORDS, scale).ceil() as i32 - x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Theme;

    /// x + 2 y over the unit square.
    pub(super) fn slope(side: usize) -> Field {
        let centre = |i: usize| (i as f64 + 0.5) / side as f64;
        let tones = (0..side * side).map(|i| (centre(i % side) + 2.0 * centre(i / side)) as f32 / 3.0);
        let extent = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        Field { side, tones: Arc::new(tones.collect()), extent, words: ["D".into(), "0".into(), "1".into()] }
    }

    #[test]
    fn tones_between_cells_lie_along_lines() {
        let field = slope(8);
        for [x, y] in [[0.3, 0.6], [0.5, 0.5], [0.9, 0.1]] {
            let found = field.at([x, y]).unwrap();
            assert!((found - (x + 2.0 * y) / 3.0).abs() < 1e-6, "{x} {y}: {found}");
        }
        // Beyond the outermost centres it is that of the outermost.
        assert!((field.at([0.0, 0.0]).unwrap() - 3.0 / 16.0 / 3.0).abs() < 1e-6);
        assert_eq!((field.at([1.1, 0.5]), slope(1).at([0.5, 0.5]).is_some()), (None, true));
    }

    #[test]
    fn the_two_sides_have_other_colours_and_points_are_seen_on_both() {
        let apart = |a: RGBColor, b: RGBColor| {
            let part = |a: u8, b: u8| (f64::from(a) - f64::from(b)).powi(2);
            (part(a.0, b.0) + part(a.1, b.1) + part(a.2, b.2)).sqrt()
        };
        for (theme, name) in Theme::ALL {
            let look = theme.look();
            let [low, blind, high] = [-1.0, 0.0, 1.0].map(|tone| colour(tone, look));
            assert!(apart(low, high) > 60.0 && apart(low, blind) > 30.0 && apart(high, blind) > 25.0, "{name}");
            for ground in [low, blind, high] {
                for dot in [look.real_over, look.generated.colour, look.force] {
                    assert!(apart(dot, ground) > 80.0, "{name}: {dot:?} on {ground:?}");
                }
            }
        }
    }
}
