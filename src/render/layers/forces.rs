//! Where generated points are pushed: an arrow from each, as long as a gradient step of a stated size would take it.

use plotters::backend::DrawingBackend;
use plotters::element::{PathElement, Polygon};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor};

use super::super::scale::Scale;
use super::super::scatter::{Area, Chart};
use super::super::theme::Look;
use super::super::words::width;
use super::super::{Axes, RenderError};
use super::field::{SPACE, WORDS};
use crate::data::Point;

/// Arrows from points.
#[derive(Clone, Debug, PartialEq)]
pub struct Forces {
    /// Where each begins.
    pub from: Vec<Point>,
    /// Where each ends.
    pub to: Vec<Point>,
    /// What an arrow of the key's length is.
    pub words: String,
}

/// Lengths in pixels: of a stroke, of the head, of the arrow in the key. Longer arrows than the last are cut there.
const STROKE: f64 = 0.9;
const HEAD: f64 = 4.2;
const KEY: f64 = 24.0;
const LONGEST: f64 = 90.0;
/// Shorter ones have no head, but are still seen.
const SHORTEST: f64 = 1.2;

pub(super) fn draw<DB: DrawingBackend>(
    forces: &Forces,
    chart: &Chart<'_, DB>,
    axes: Axes,
    look: Look,
    scale: Scale,
) -> Result<(), RenderError> {
    let area = chart.plotting_area();
    let (across, down) = area.get_pixel_range();
    let plain = area.strip_coord_spec();
    let pixel = |[x, y]: Point| {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let (wide, high) = (f64::from(across.end - across.start), f64::from(down.end - down.start));
        [share(x, axes.x) * wide, (1.0 - share(y, axes.y)) * high]
    };
    for (&from, &to) in forces.from.iter().zip(&forces.to).filter(|(from, _)| axes.holds(**from)) {
        arrow(&plain, pixel(from), pixel(to), look.force, scale)?;
    }
    Ok(())
}

fn arrow<DB: DrawingBackend>(
    area: &Area<DB>,
    from: Point,
    to: Point,
    colour: RGBColor,
    scale: Scale,
) -> Result<(), RenderError> {
    let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    let length = dx.hypot(dy);
    if !length.is_finite() || length < scale.length(SHORTEST) {
        return Ok(());
    }
    let long = length.min(scale.length(LONGEST));
    let [ux, uy] = [dx / length, dy / length];
    let (wide, high) = area.dim_in_pixel();
    let inside = |[x, y]: Point| (x.clamp(0.0, f64::from(wide)), y.clamp(0.0, f64::from(high)));
    let rounded = |point: Point| {
        let (x, y) = inside(point);
        (x.round() as i32, y.round() as i32)
    };
    let tip = [from[0] + ux * long, from[1] + uy * long];
    let head = scale.length(HEAD).min(long);
    let neck = [tip[0] - ux * head, tip[1] - uy * head];
    let colour = colour.mix(0.85);
    let line = PathElement::new(vec![rounded(from), rounded(neck)], colour.stroke_width(scale.pixels(STROKE)));
    area.draw(&line).map_err(RenderError::new)?;
    let side = |sign: f64| [neck[0] - sign * uy * head * 0.45, neck[1] + sign * ux * head * 0.45];
    let corners = vec![rounded(tip), rounded(side(1.0)), rounded(side(-1.0))];
    area.draw(&Polygon::new(corners, colour.filled())).map_err(RenderError::new)
}

/// An arrow, and what it is.
pub(super) fn key<DB: DrawingBackend>(
    forces: &Forces,
    area: &Area<DB>,
    (x, y): (i32, i32),
    look: Look,
    scale: Scale,
) -> Result<i32, RenderError> {
    let end = f64::from(x) + scale.length(KEY);
    arrow(area, [f64::from(x), f64::from(y)], [end, f64::from(y)], look.force, scale)?;
    let at = end as i32 + scale.at(SPACE);
    let style = scale.font(WORDS, look.label).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw_text(&forces.words, &style, (at, y)).map_err(RenderError::new)?;
    Ok(at + width(&forces.words, WORDS, scale).ceil() as i32 - x)
}
