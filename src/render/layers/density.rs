//! How densely generated points lie: a histogram over the axes, smoothed along both, deeper where more are.

use plotters::backend::DrawingBackend;
use plotters::style::Color as _;

use super::super::scale::Scale;
use super::super::scatter::Chart;
use super::super::theme::Look;
use super::super::{Axes, RenderError};
use super::plane::paint;
use crate::data::Point;

/// What its key says.
pub(super) const WORDS_OF_KEY: &str = "denser";
/// Cells along each axis.
const SIDE: usize = 64;
/// The weights of a cell's neighbours: a Gaussian of 1.2 cells.
const REACH: usize = 3;
const DEVIATION: f64 = 1.2;
/// Tones are drawn in so many steps, the deepest so deep.
const STEPS: f64 = 14.0;
const DEEPEST: f64 = 0.85;

pub(super) fn draw<DB: DrawingBackend>(
    points: &[Point],
    chart: &Chart<'_, DB>,
    axes: Axes,
    look: Look,
    scale: Scale,
) -> Result<(), RenderError> {
    let cells = smoothed(&counts(points, axes));
    let most = cells.iter().copied().fold(0.0, f64::max);
    paint(chart, axes, scale, |point| {
        let [column, row] = cell(point, axes)?;
        let tone = ((cells[row * SIDE + column] / most).sqrt() * STEPS).round() / STEPS;
        (tone > 0.0).then(|| look.generated.colour.mix(tone * DEEPEST))
    })
}

/// The cell of a point: its column and its row from below; None outside.
fn cell([x, y]: Point, axes: Axes) -> Option<[usize; 2]> {
    let place =
        |value: f64, (low, high): (f64, f64)| (((value - low) / (high - low) * SIDE as f64) as usize).min(SIDE - 1);
    axes.holds([x, y]).then(|| [place(x, axes.x), place(y, axes.y)])
}

fn counts(points: &[Point], axes: Axes) -> Vec<f64> {
    let mut counts = vec![0.0; SIDE * SIDE];
    for [column, row] in points.iter().filter_map(|&point| cell(point, axes)) {
        counts[row * SIDE + column] += 1.0;
    }
    counts
}

/// Smoothed along rows and then along columns.
fn smoothed(cells: &[f64]) -> Vec<f64> {
    let weight = |away: usize| (-0.5 * (away as f64 / DEVIATION).powi(2)).exp();
    let total: f64 = weight(0) + 2.0 * (1..=REACH).map(weight).sum::<f64>();
    let along = |cells: &[f64], step: usize, place: fn(usize) -> usize| -> Vec<f64> {
        let of = |i: usize| {
            let here = place(i);
            let near = here.saturating_sub(REACH)..=(here + REACH).min(SIDE - 1);
            near.map(|there| cells[i - here * step + there * step] * weight(here.abs_diff(there))).sum::<f64>() / total
        };
        (0..cells.len()).map(of).collect()
    };
    along(&along(cells, 1, |i| i % SIDE), SIDE, |i| i / SIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_the_whole_and_spreads_it_evenly() {
        let mut cells = vec![0.0; SIDE * SIDE];
        cells[20 * SIDE + 30] = 5.0;
        let found = smoothed(&cells);
        assert!((found.iter().sum::<f64>() - 5.0).abs() < 1e-9);
        let at = |row: usize, column: usize| found[row * SIDE + column];
        assert!((at(21, 30) - at(19, 30)).abs() < 1e-12 && (at(20, 32) - at(22, 30)).abs() < 1e-12);
        assert!(at(20, 30) > at(20, 31) && at(20, 31) > at(20, 32) && at(24, 30).abs() < 1e-12);
    }

    #[test]
    fn points_outside_are_in_no_cell() {
        let axes = Axes { x: (0.0, 1.0), y: (-1.0, 0.0) };
        assert_eq!(cell([0.0, -1.0], axes), Some([0, 0]));
        assert_eq!(cell([1.0, 0.0], axes), Some([SIDE - 1; 2]));
        assert_eq!(cell([1.1, 0.0], axes), None);
        assert!((counts(&[[0.5, -0.5], [3.0, 3.0]], axes).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
