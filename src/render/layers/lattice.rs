//! Where the generator takes a lattice of codes: a sheet that it bends, deep where as many samples lie on less of the plane,
//! or a curve for codes of one number.

use plotters::backend::DrawingBackend;
use plotters::element::{PathElement, Polygon};
use plotters::style::Color as _;

use super::super::scale::Scale;
use super::super::scatter::Chart;
use super::super::theme::Look;
use super::super::{Axes, RenderError};
use super::plane::{clipped, clipped_line};
use crate::data::Point;

/// A lattice of points.
#[derive(Clone, Debug, PartialEq)]
pub enum Mesh {
    /// Points along a curve.
    Curve(Vec<Point>),
    /// Lines of as many points.
    Sheet(Vec<Vec<Point>>),
}

/// What its key says.
pub(super) const WORDS_OF_KEY: &str = "codes, deep where many samples are";
/// How deep a cell is: so much of the generated points' colour at most and at least.
const DEPTH: (f64, f64) = (0.6, 0.05);
/// A cell of this share of the picture is half as deep as the smallest.
const USUAL: f64 = 1.0 / 1200.0;

pub(super) fn draw<DB: DrawingBackend>(
    mesh: &Mesh,
    chart: &mut Chart<'_, DB>,
    axes: Axes,
    look: Look,
    scale: Scale,
) -> Result<(), RenderError> {
    let colour = look.generated.colour;
    let style = |opacity: f64, width: f64| colour.mix(opacity).stroke_width(scale.pixels(width));
    let lines = |chart: &mut Chart<'_, DB>, line: Vec<Point>, style| {
        let pieces = line.windows(2).filter_map(|pair| clipped_line(pair[0], pair[1], axes));
        let pieces =
            pieces.map(|piece| PathElement::new(piece.map(|[x, y]| (x, y)).to_vec(), style)).collect::<Vec<_>>();
        chart.draw_series(pieces).map(drop).map_err(RenderError::new)
    };
    let sheet = match mesh {
        Mesh::Curve(points) => return lines(chart, points.clone(), style(0.8, 1.4)),
        Mesh::Sheet(sheet) => sheet,
    };
    let whole = (axes.x.1 - axes.x.0) * (axes.y.1 - axes.y.0);
    for pair in sheet.windows(2) {
        for (first, second) in pair[0].windows(2).zip(pair[1].windows(2)) {
            let halves = [[first[0], first[1], second[1]], [first[0], second[1], second[0]]];
            let share = halves.iter().map(area).sum::<f64>() / whole;
            let filled = colour.mix(depth(share)).filled();
            let pieces = halves.iter().map(|half| clipped(half, axes)).filter(|piece| piece.len() > 2);
            let pieces =
                pieces.map(|piece| Polygon::new(piece.iter().map(|&[x, y]| (x, y)).collect::<Vec<_>>(), filled));
            chart.draw_series(pieces).map_err(RenderError::new)?;
        }
    }
    let across = (0..sheet.first().map_or(0, Vec::len)).map(|i| sheet.iter().map(|line| line[i]).collect());
    let all: Vec<Vec<Point>> = sheet.iter().cloned().chain(across).collect();
    all.into_iter().try_for_each(|line| lines(chart, line, style(0.3, 0.6)))
}

/// How deep a cell of this share of the picture is; all cells have as many samples.
fn depth(share: f64) -> f64 {
    DEPTH.1 + (DEPTH.0 - DEPTH.1) * USUAL / (USUAL + share)
}

fn area([[x0, y0], [x1, y1], [x2, y2]]: &[Point; 3]) -> f64 {
    ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)).abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_a_cell_the_deeper_it_is() {
        assert!((depth(0.0) - DEPTH.0).abs() < 1e-12);
        assert!(depth(1e-4) > depth(1e-3) && depth(1e-3) > depth(1.0) && depth(1.0) >= DEPTH.1);
        assert!((area(&[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]) - 1.0).abs() < 1e-12);
    }
}
