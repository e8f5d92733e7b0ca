//! Many pictures of points on one sheet, with one legend, and axes at its edges only.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::pdf::{FINENESS, PdfBackend};
use super::scale::Scale;
use super::scatter::{Area, OVERSAMPLING, border, dots, label_width, legend_dot, load_font, mesh};
use super::theme::Theme;
use super::{Axes, Picture, RenderError, Size};
use crate::data::Point;

// In pixels of cells of the usual size.
const MARGIN: f64 = 14.0;
const HEADER: f64 = 34.0;
const TITLE: f64 = 24.0;
const GAP: f64 = 12.0;
const BELOW: f64 = 24.0;
/// What lengths are given for: a cell's size.
const MEANT: Size = Size { width: 300, height: 200 };
/// The widest row of a run's own sheet.
const MOST_COLUMNS: usize = 6;

/// A cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What stands above it.
    pub title: String,
    /// Its generated points; None where there is nothing to show.
    pub generated: Option<Vec<Point>>,
}

/// Cells beside each other over the same real points.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What stands above the row, if anything.
    pub label: String,
    /// The real points.
    pub real: Vec<Point>,
    /// Its axes.
    pub axes: Axes,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// A sheet of rows.
#[derive(Clone, Debug)]
pub struct Grid {
    /// What it says above.
    pub title: String,
    /// The rows, from the top.
    pub rows: Vec<Row>,
    /// A cell's size, without words and axes.
    pub cell: Size,
    /// Its look.
    pub theme: Theme,
}

impl Row {
    /// The same cells in rows of equal length, or with as few left empty as can be.
    pub fn wrapped(self) -> Vec<Self> {
        let columns = columns(self.cells.len());
        let Self { label, real, axes, cells } = self;
        let row = |(i, cells): (usize, &[Cell])| Self {
            label: if i == 0 { label.clone() } else { String::new() },
            real: real.clone(),
            axes,
            cells: cells.to_vec(),
        };
        cells.chunks(columns).enumerate().map(row).collect()
    }
}

/// How many cells stand beside each other: what leaves the fewest places empty, and of those what is nearest to a sheet
/// half as wide again as high.
fn columns(n: usize) -> usize {
    let score = |columns: usize| {
        let rows = n.div_ceil(columns);
        let shape = (columns as f64 / rows as f64 / 1.5).ln().abs();
        (rows * columns - n, shape)
    };
    let best = (1..=n.clamp(1, MOST_COLUMNS)).min_by(|&a, &b| {
        let ((empty_a, shape_a), (empty_b, shape_b)) = (score(a), score(b));
        // A long thin sheet is worse than an empty place or two.
        (shape_a > 1.3).cmp(&(shape_b > 1.3)).then(empty_a.cmp(&empty_b)).then(shape_a.total_cmp(&shape_b))
    });
    best.unwrap_or(1)
}

impl Grid {
    /// The sheet's size.
    pub fn size(&self) -> Size {
        self.layout(self.cell).size
    }

    /// The sheet.
    pub fn draw(&self) -> Result<Picture, RenderError> {
        load_font()?;
        let cell = Size { width: self.cell.width * OVERSAMPLING, height: self.cell.height * OVERSAMPLING };
        let layout = self.layout(cell);
        // An even number of pixels on both sides, which are halved.
        let size = Size {
            width: layout.size.width.next_multiple_of(OVERSAMPLING),
            height: layout.size.height.next_multiple_of(OVERSAMPLING),
        };
        let mut picture = Picture::white(size.width as usize, size.height as usize);
        let area = BitMapBackend::with_buffer(&mut picture.rgb, (size.width, size.height)).into_drawing_area();
        self.on(&area, &layout)?;
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(picture.halved())
    }

    /// The same as SVG.
    pub fn svg(&self) -> Result<String, RenderError> {
        let mut text = String::new();
        let layout = self.layout(self.cell);
        let area = SVGBackend::with_string(&mut text, (layout.size.width, layout.size.height)).into_drawing_area();
        self.on(&area, &layout)?;
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(text)
    }

    /// The same as PDF.
    pub fn pdf(&self) -> Result<Vec<u8>, RenderError> {
        let mut bytes = Vec::new();
        let layout = self.layout(Size { width: self.cell.width * FINENESS, height: self.cell.height * FINENESS });
        let area = PdfBackend::new(layout.size, &mut bytes)?.into_drawing_area();
        self.on(&area, &layout)?;
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(bytes)
    }

    /// Where everything is, for cells of this size.
    fn layout(&self, cell: Size) -> Layout {
        let scale = Scale::of(cell, MEANT);
        let length = |x: f64| scale.pixels(x);
        // Ticks below a row where the next one has others, and below the last.
        let below: Vec<bool> = (0..self.rows.len())
            .map(|i| {
                let (row, next) = (&self.rows[i], self.rows.get(i + 1));
                next.is_none_or(|next| next.axes.x != row.axes.x || next.cells.len() < row.cells.len())
            })
            .collect();
        let labels = self.rows.iter().map(|row| label_width(row.axes.y)).fold(44.0, f64::max);
        let left = length(MARGIN) + length(labels);
        let columns = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0) as u32;
        let width = left + columns * (cell.width + length(GAP)) + length(MARGIN);
        let mut y = length(HEADER);
        let mut tops = Vec::new();
        for (row, below) in self.rows.iter().zip(&below) {
            let words = if row.label.is_empty() { 0 } else { length(TITLE) };
            let titles = if row.cells.iter().any(|cell| !cell.title.is_empty()) { length(TITLE) } else { 0 };
            y += words + titles;
            tops.push(y);
            y += cell.height + length(GAP) + if *below { length(BELOW) } else { 0 };
        }
        Layout {
            cell,
            scale,
            labels: length(labels),
            left,
            tops,
            below,
            size: Size { width, height: y + length(MARGIN) },
        }
    }

    fn on<DB: DrawingBackend>(&self, area: &Area<DB>, layout: &Layout) -> Result<(), RenderError> {
        let look = self.theme.look();
        area.fill(&look.ground).map_err(RenderError::new)?;
        let scale = layout.scale;
        let words = |text: &str, size: f64, colour, at, pos| {
            area.draw_text(text, &scale.font(size, colour).pos(pos), at).map_err(RenderError::new)
        };
        let (left, middle) = (Pos::new(HPos::Left, VPos::Center), Pos::new(HPos::Center, VPos::Center));
        let line = scale.at(HEADER / 2.0);
        words(&self.title, 16.0, look.ink, (scale.at(MARGIN), line), left)?;
        for (place, name, dots) in [(1, "real", look.real), (0, "generated", look.generated)] {
            let x = layout.size.width as i32 - scale.at(MARGIN + 92.0 + 60.0 * f64::from(place));
            legend_dot(area, (x, line), dots, scale)?;
            words(name, 13.0, look.ink, (x + scale.at(9.0), line), left)?;
        }
        for (i, row) in self.rows.iter().enumerate() {
            let top = layout.tops[i] as i32;
            let has_titles = row.cells.iter().any(|cell| !cell.title.is_empty());
            let title_line = top - scale.at(TITLE / 2.0);
            if !row.label.is_empty() {
                let y = title_line - if has_titles { scale.at(TITLE) } else { 0 };
                words(&row.label, 14.0, look.ink, (layout.left as i32, y), left)?;
            }
            for (k, cell) in row.cells.iter().enumerate() {
                let x = layout.left + k as u32 * (layout.cell.width + scale.pixels(GAP));
                let centre = (x + layout.cell.width / 2) as i32;
                words(&cell.title, 13.0, look.label, (centre, title_line), middle)?;
                self.cell(area, layout, row, cell, (x, layout.tops[i]), (layout.below[i], k == 0))?;
            }
        }
        Ok(())
    }

    fn cell<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        layout: &Layout,
        row: &Row,
        cell: &Cell,
        (x, y): (u32, u32),
        (below, left): (bool, bool),
    ) -> Result<(), RenderError> {
        let (scale, look) = (layout.scale, self.theme.look());
        let (labels, ticks) = (if left { layout.labels } else { 0 }, if below { scale.pixels(BELOW) } else { 0 });
        let place = area.clone().shrink((x - labels, y), (layout.cell.width + labels, layout.cell.height + ticks));
        let mut chart = ChartBuilder::on(&place)
            .x_label_area_size(ticks)
            .y_label_area_size(labels)
            .build_cartesian_2d(row.axes.x.0..row.axes.x.1, row.axes.y.0..row.axes.y.1)
            .map_err(RenderError::new)?;
        mesh(&mut chart, row.axes, look, scale, (below, left))?;
        for (points, kind) in [(Some(&row.real), look.real), (cell.generated.as_ref(), look.generated)] {
            let Some(points) = points else { continue };
            dots(&mut chart, points, row.axes, kind, scale)?;
            border(&mut chart, points, row.axes, kind.colour, scale)?;
        }
        Ok(())
    }
}

/// Where the parts of a sheet are, in pixels.
struct Layout {
    cell: Size,
    scale: Scale,
    labels: u32,
    left: u32,
    tops: Vec<u32>,
    below: Vec<bool>,
    size: Size,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, cells: usize) -> Row {
        let cell = |i| Cell { title: format!("epoch {i}"), generated: Some(vec![[0.5, 0.5]]) };
        Row { label: label.into(), real: vec![[0.2, 0.3]], axes: Axes::LAB, cells: (0..cells).map(cell).collect() }
    }

    #[test]
    fn rows_are_full_wherever_they_can_be() {
        for (n, columns_wanted) in
            [(1, 1), (2, 2), (3, 3), (4, 2), (5, 5), (6, 3), (8, 4), (9, 3), (12, 4), (16, 4), (32, 4)]
        {
            assert_eq!(columns(n), columns_wanted, "{n}");
        }
        let rows = row("run", 6).wrapped();
        assert_eq!(rows.iter().map(|row| row.cells.len()).collect::<Vec<_>>(), [3, 3]);
        assert_eq!((rows[0].label.as_str(), rows[1].label.as_str()), ("run", ""));
    }

    #[test]
    fn a_sheet_has_every_cell_and_one_legend() {
        let cell = Size { width: 300, height: 200 };
        let grid = Grid { title: "two runs".into(), rows: vec![row("a", 3), row("b", 3)], cell, theme: Theme::Light };
        let picture = grid.draw().unwrap();
        let size = grid.size();
        assert!(picture.width.abs_diff(size.width as usize) <= 2 && picture.height.abs_diff(size.height as usize) <= 2);
        let svg = grid.svg().unwrap();
        assert_eq!(svg.matches("generated").count(), 1);
        // A dot in each cell, and the legend's.
        let dots = |colour: &str| {
            svg.matches("<circle").count() - svg.split("<circle").filter(|c| !c.contains(colour)).count()
        };
        assert!(dots("#C82A0A") <= 7, "{svg}");
        assert_eq!(svg.matches("epoch 1").count(), 2);
    }

    #[test]
    fn rows_with_axes_of_their_own_have_ticks_of_their_own() {
        let cell = Size { width: 300, height: 200 };
        let other = Row { axes: Axes { x: (5.0, 6.0), y: (0.0, 1.0) }, ..row("b", 2) };
        let height = |rows: Vec<Row>| Grid { title: String::new(), rows, cell, theme: Theme::Paper }.size().height;
        assert!(height(vec![row("a", 2), other]) > height(vec![row("a", 2), row("b", 2)]));
    }
}
