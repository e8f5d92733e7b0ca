//! What is drawn on an area for points: its lines, dots, and what lies outside at the border.

use plotters::backend::DrawingBackend;
use plotters::element::{Circle, Polygon};
use plotters::style::{Color as _, RGBColor, ShapeStyle};

use super::scale::Scale;
use super::scatter::{Area, Chart};
use super::sides::{SIZE, Sides};
use super::theme::{Dots, Look};
use super::words::width;
use super::{Axes, RenderError};
use crate::data::Point;

/// How far a number may reach beyond its axis's end.
const BESIDE: f64 = 8.0;

/// The axes' lines, and what stands at their ticks below and at the left where it is wanted.
pub(super) fn mesh<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    sides: &Sides,
    look: Look,
    scale: Scale,
    (below, left): (bool, bool),
) -> Result<(), RenderError> {
    let (across, _) = chart.plotting_area().get_pixel_range();
    // A number at the edge must not run into those of the next cell, or out of the picture.
    let room = scale.length(BESIDE);
    let fits = |x: f64, label: &str| {
        let at = f64::from(chart.backend_coord(&(x, sides.y.values().first().copied().unwrap_or(0.0))).0);
        let half = width(label, SIZE, scale) / 2.0;
        at - half >= f64::from(across.start) - room && at + half <= f64::from(across.end) + room
    };
    let below_at = |x: f64| Some(sides.x.at(x)).filter(|label| below && fits(x, label)).unwrap_or_default();
    let labels: Vec<(f64, String)> = sides.x.values().iter().map(|&x| (x, below_at(x))).collect();
    let label = |x: &f64| {
        labels
            .iter()
            .find(|(known, _)| known.to_bits() == x.to_bits())
            .map_or_else(String::new, |(_, label)| label.clone())
    };
    chart
        .configure_mesh()
        .bold_line_style(look.grid)
        .light_line_style(look.ground)
        .axis_style(look.frame)
        .x_labels(labels.len())
        .y_labels(sides.y.values().len())
        .x_label_style(scale.font(SIZE, look.label))
        .y_label_style(scale.font(SIZE, look.label))
        .x_label_formatter(&label)
        .y_label_formatter(&|&y| if left { sides.y.at(y) } else { String::new() })
        .draw()
        .map_err(RenderError::new)
}

/// Points within the axes.
pub(super) fn dots<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    points: &[Point],
    axes: Axes,
    dots: Dots,
    scale: Scale,
) -> Result<(), RenderError> {
    let colour = dots.colour.mix(dots.opacity_of(points.len()));
    let style = if dots.hollow { colour.stroke_width(scale.pixels(0.7)) } else { ShapeStyle::from(colour).filled() };
    let radius = scale.pixels(dots.radius);
    let within = points.iter().filter(|&&point| axes.holds(point));
    let dots = within.map(|point| Circle::new((point[0], point[1]), radius, style));
    chart.draw_series(dots).map(drop).map_err(RenderError::new)
}

/// Points outside the axes, as triangles on the border that point to where they are.
pub(super) fn border<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    points: &[Point],
    axes: Axes,
    colour: RGBColor,
    scale: Scale,
) -> Result<(), RenderError> {
    let side = scale.pixels(4.0) as i32;
    let mark = |&point: &Point| {
        let [x, y] = axes.nearest(point);
        let beyond = |value: f64, (low, high): (f64, f64)| i32::from(value > high) - i32::from(value < low);
        // Up is negative in pixels.
        let (dx, dy) = (beyond(point[0], axes.x), -beyond(point[1], axes.y));
        let base = |turn: i32| (-2 * dx * side - turn * dy * side, -2 * dy * side + turn * dx * side);
        plotters::element::EmptyElement::at((x, y))
            + Polygon::new(vec![(0, 0), base(1), base(-1)], colour.mix(0.8).filled())
    };
    let outside = points.iter().filter(|&&point| !axes.holds(point)).map(mark);
    chart.draw_series(outside).map(drop).map_err(RenderError::new)
}

/// A dot of a legend, larger than in the picture.
pub(super) fn legend_dot<DB: DrawingBackend>(
    area: &Area<DB>,
    at: (i32, i32),
    dots: Dots,
    scale: Scale,
) -> Result<(), RenderError> {
    let style = if dots.hollow { dots.colour.stroke_width(scale.pixels(1.0)) } else { dots.colour.filled() };
    area.draw(&Circle::new(at, scale.pixels(4.0), style)).map_err(RenderError::new)
}
