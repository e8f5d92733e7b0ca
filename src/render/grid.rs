//! Many pictures of points on one sheet, with one legend, and axes at its edges only.

use std::sync::Arc;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::layers::Layer;
use super::marks::{border, dots, legend_dot, mesh};
use super::pdf::{FINENESS, PdfBackend};
use super::scale::Scale;
use super::scatter::{Area, BETWEEN, KEYS, OVERSAMPLING, Real, load_font};
use super::sides::{Sides, TICKS};
use super::theme::{Dots, Theme};
use super::words::wrap;
use super::{Axes, Picture, RenderError, Size};
use crate::data::Point;

// In pixels of cells of the usual size.
const MARGIN: f64 = 14.0;
const HEADER: f64 = 34.0;
/// Lines of a row's label, of a cell's title and its note, and of what stands below all.
const LABEL: f64 = 26.0;
const LABEL_SIZE: f64 = 15.0;
const TITLE: f64 = 18.0;
const TITLE_SIZE: f64 = 13.0;
const NOTE_SIZE: f64 = 12.0;
/// Between titles and cell.
const ABOVE: f64 = 5.0;
const GAP: f64 = 12.0;
/// What lengths are given for: a cell's size.
const MEANT: Size = Size { width: 300, height: 200 };
/// The widest row of a sheet whose cells may stand anywhere.
const MOST_COLUMNS: usize = 6;

/// A cell of a row.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What stands above it, in as many lines as it takes.
    pub title: String,
    /// In smaller letters below that.
    pub note: String,
    /// The real points.
    pub real: Arc<Real>,
    /// Its generated points; None where there is nothing to show.
    pub generated: Option<Vec<Point>>,
    /// What stands in it, where there is nothing to show.
    pub words: String,
    /// What lies behind and over the points, from the back.
    pub layers: Vec<Layer>,
    /// Whether points are left out.
    pub without_points: bool,
}

/// Cells beside each other on the same axes.
#[derive(Clone, Debug)]
pub struct Row {
    /// What stands above the row, if anything.
    pub label: String,
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
    /// What it says below: what is not on it.
    pub footnotes: Vec<String>,
}

/// The same rows with at most so many cells beside each other; a longer one goes on below.
pub fn wrapped(rows: Vec<Row>, columns: usize) -> Vec<Row> {
    let of = |Row { label, axes, cells }: Row| {
        let part = move |(i, cells): (usize, &[Cell])| Row {
            label: if i == 0 { label.clone() } else { String::new() },
            axes,
            cells: cells.to_vec(),
        };
        cells.chunks(columns.max(1)).enumerate().map(part).collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(of).collect()
}

/// How many cells stand beside each other where rows are so long: what leaves the fewest places empty, and of those what is
/// nearest to a sheet half as wide again as high.
pub fn columns(lengths: &[usize]) -> usize {
    let longest = lengths.iter().copied().max().unwrap_or(1);
    let score = |columns: usize| {
        let rows: usize = lengths.iter().map(|n| n.div_ceil(columns)).sum();
        let shape = (columns as f64 / rows.max(1) as f64 / 1.5).ln().abs();
        // A cell alone below others looks lost, as one beside an empty place does.
        let alone = lengths.iter().filter(|&&n| n > columns && n % columns == 1 && columns > 1).count();
        (alone, rows * columns - lengths.iter().sum::<usize>(), shape)
    };
    let best = (1..=longest.clamp(1, MOST_COLUMNS)).min_by(|&a, &b| {
        let ((alone_a, empty_a, shape_a), (alone_b, empty_b, shape_b)) = (score(a), score(b));
        // A long thin sheet is worse than an empty place or two.
        let thin = (shape_a > 1.3).cmp(&(shape_b > 1.3));
        alone_a.cmp(&alone_b).then(thin).then(empty_a.cmp(&empty_b)).then(shape_a.total_cmp(&shape_b))
    });
    best.unwrap_or(1)
}

impl Grid {
    /// The sheet.
    pub fn draw(&self) -> Result<Picture, RenderError> {
        let cell = Size { width: self.cell.width * OVERSAMPLING, height: self.cell.height * OVERSAMPLING };
        let layout = self.layout(cell)?;
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
        let layout = self.layout(self.cell)?;
        let area = SVGBackend::with_string(&mut text, (layout.size.width, layout.size.height)).into_drawing_area();
        self.on(&area, &layout)?;
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(text)
    }

    /// The same as PDF.
    pub fn pdf(&self) -> Result<Vec<u8>, RenderError> {
        let mut bytes = Vec::new();
        let layout = self.layout(Size { width: self.cell.width * FINENESS, height: self.cell.height * FINENESS })?;
        let area = PdfBackend::new(layout.size, &mut bytes)?.into_drawing_area();
        self.on(&area, &layout)?;
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(bytes)
    }

    /// Where everything is, for cells of this size.
    fn layout(&self, cell: Size) -> Result<Layout, RenderError> {
        load_font()?;
        let scale = Scale::of(cell, MEANT);
        let length = |x: f64| scale.pixels(x);
        let room = (f64::from(cell.width) / scale.length(1.0), f64::from(cell.height) / scale.length(1.0));
        let sides: Vec<Sides> = self.rows.iter().map(|row| Sides::of(row.axes, row.names(), room)).collect();
        // Ticks below a row where the next one has others, and below the last.
        let below: Vec<bool> = (0..self.rows.len())
            .map(|i| {
                let (row, next) = (&self.rows[i], self.rows.get(i + 1));
                next.is_none_or(|next| next.axes.x != row.axes.x || next.cells.len() < row.cells.len())
            })
            .collect();
        // A key below each row but those that go on in the next one.
        let keys: Vec<bool> = (0..self.rows.len())
            .map(|i| {
                let words = self.rows[i].key_words();
                !words.is_empty() && self.rows.get(i + 1).is_none_or(|next| next.key_words() != words)
            })
            .collect();
        let widest = |of: fn(&Sides) -> f64| sides.iter().map(of).fold(0.0, f64::max);
        let left = length(MARGIN) + length(widest(Sides::numbers) + widest(Sides::name));
        let columns = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0) as u32;
        let width = left + columns * (cell.width + length(GAP)) + length(MARGIN);
        let mut y = length(HEADER);
        let (mut tops, mut titles) = (Vec::new(), Vec::new());
        for ((row, below), sides) in self.rows.iter().zip(&below).zip(&sides) {
            let title = |of: &Cell| wrap(&of.title, TITLE_SIZE, scale, f64::from(cell.width));
            let of: Vec<Vec<String>> = row.cells.iter().map(title).collect();
            let lines = of.iter().map(Vec::len).max().unwrap_or(0) + usize::from(row.has_notes());
            let label = if row.label.is_empty() { 0.0 } else { LABEL };
            // What the numbers at the left have in common stands beside the titles.
            let above = (TITLE * lines as f64).max(sides.above());
            y += length(label + above + ABOVE);
            titles.push(of);
            tops.push(y);
            let keys = if keys[tops.len() - 1] { KEYS } else { 0.0 };
            let under = if *below { TICKS + sides.under() } else { 0.0 } + keys;
            y += cell.height + length(GAP + under);
        }
        let room = f64::from(width) - scale.length(2.0 * MARGIN);
        let footnotes: Vec<String> =
            self.footnotes.iter().flat_map(|note| wrap(note, NOTE_SIZE, scale, room)).collect();
        let foot = y;
        y += length(TITLE * footnotes.len() as f64 + MARGIN);
        let size = Size { width, height: y };
        Ok(Layout { cell, scale, left, sides, tops, titles, below, keys, footnotes, foot, size })
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
        let layered = self.rows.iter().flat_map(|row| &row.cells).any(|cell| !cell.layers.is_empty());
        let real = if layered { Dots { colour: look.real_over, ..look.real } } else { look.real };
        for (place, name, dots) in [(1, "real", real), (0, "generated", look.generated)] {
            let x = layout.size.width as i32 - scale.at(MARGIN + 92.0 + 60.0 * f64::from(place));
            legend_dot(area, (x, line), dots, scale)?;
            words(name, 13.0, look.ink, (x + scale.at(9.0), line), left)?;
        }
        for (i, row) in self.rows.iter().enumerate() {
            let top = layout.tops[i] as i32;
            let lines = layout.titles[i].iter().map(Vec::len).max().unwrap_or(0);
            let noted = usize::from(row.has_notes());
            // From the cell upwards.
            let line = |up: usize| top - scale.at(ABOVE + TITLE * (up as f64 + 0.5));
            if !row.label.is_empty() {
                let above = (TITLE * (lines + noted) as f64).max(layout.sides[i].above());
                let y = top - scale.at(ABOVE + above + LABEL / 2.0);
                words(&row.label, LABEL_SIZE, look.ink, (layout.left as i32, y), left)?;
            }
            for (k, cell) in row.cells.iter().enumerate() {
                let x = layout.left + k as u32 * (layout.cell.width + scale.pixels(GAP));
                let centre = (x + layout.cell.width / 2) as i32;
                let titles = &layout.titles[i][k];
                for (n, title) in titles.iter().enumerate() {
                    words(title, TITLE_SIZE, look.ink, (centre, line(noted + titles.len() - 1 - n)), middle)?;
                }
                words(&cell.note, NOTE_SIZE, look.label, (centre, line(0)), middle)?;
                self.cell(area, layout, i, cell, (x, layout.tops[i]), k == 0)?;
            }
            self.sides(area, layout, i)?;
            if layout.keys[i] {
                self.keys(area, layout, i)?;
            }
        }
        for (i, note) in layout.footnotes.iter().enumerate() {
            let y = layout.foot as i32 + scale.at(TITLE * (i as f64 + 0.5));
            words(note, NOTE_SIZE, look.ink, (scale.at(MARGIN), y), left)?;
        }
        Ok(())
    }

    /// What the layers of a row are, once for all of its cells.
    fn keys<DB: DrawingBackend>(&self, area: &Area<DB>, layout: &Layout, row: usize) -> Result<(), RenderError> {
        let scale = layout.scale;
        let below = if layout.below[row] { TICKS + layout.sides[row].under() } else { 0.0 };
        let y = (layout.tops[row] + layout.cell.height) as i32 + scale.at(below + KEYS / 2.0);
        let mut x = layout.left as i32;
        for layer in self.rows[row].keyed() {
            x += layer.key(area, (x, y), self.theme.look(), scale)? + scale.at(BETWEEN);
        }
        Ok(())
    }

    /// The names of a row's axes, once for all of its cells.
    fn sides<DB: DrawingBackend>(&self, area: &Area<DB>, layout: &Layout, row: usize) -> Result<(), RenderError> {
        let count = self.rows[row].cells.len() as u32;
        let right = layout.left + count * layout.cell.width + count.saturating_sub(1) * layout.scale.pixels(GAP);
        let top = layout.tops[row];
        let place = (layout.left as i32, top as i32, right as i32, (top + layout.cell.height) as i32);
        let wanted = (layout.below[row], true);
        layout.sides[row].words(area, place, wanted, self.theme.look(), layout.scale)
    }

    fn cell<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        layout: &Layout,
        row: usize,
        cell: &Cell,
        (x, y): (u32, u32),
        left: bool,
    ) -> Result<(), RenderError> {
        let (scale, look) = (layout.scale, self.theme.look());
        let (axes, sides, below) = (self.rows[row].axes, &layout.sides[row], layout.below[row]);
        let labels = if left { scale.pixels(sides.numbers()) } else { 0 };
        let ticks = if below { scale.pixels(TICKS) } else { 0 };
        let place = area.clone().shrink((x - labels, y), (layout.cell.width + labels, layout.cell.height + ticks));
        let mut chart = ChartBuilder::on(&place)
            .x_label_area_size(ticks)
            .y_label_area_size(labels)
            .build_cartesian_2d(sides.x.on(axes.x), sides.y.on(axes.y))
            .map_err(RenderError::new)?;
        mesh(&mut chart, sides, look, scale, (below, left))?;
        let layers = |chart: &mut _, behind: bool| {
            let chosen = cell.layers.iter().filter(|layer| layer.is_behind() == behind);
            chosen.into_iter().try_for_each(|layer| layer.draw(chart, axes, look, scale))
        };
        layers(&mut chart, true)?;
        let real = if cell.layers.is_empty() { look.real } else { Dots { colour: look.real_over, ..look.real } };
        for (points, kind) in [(Some(&cell.real.points), real), (cell.generated.as_ref(), look.generated)] {
            let Some(points) = points.filter(|_| !cell.without_points) else { continue };
            dots(&mut chart, points, axes, kind, scale)?;
            border(&mut chart, points, axes, kind.colour, scale)?;
        }
        layers(&mut chart, false)?;
        let middle = ((x + layout.cell.width / 2) as i32, (y + layout.cell.height / 2) as i32);
        let style = scale.font(LABEL_SIZE, look.ink).pos(Pos::new(HPos::Center, VPos::Center));
        area.draw_text(&cell.words, &style, middle).map_err(RenderError::new)
    }
}

impl Row {
    fn names(&self) -> Option<&[String; 2]> {
        self.cells.iter().find_map(|cell| cell.real.names.as_ref())
    }

    /// The layers that need a key; none where cells differ in what theirs would say.
    fn keyed(&self) -> Vec<&Layer> {
        fn keyed(cell: &Cell) -> Vec<&Layer> {
            cell.layers.iter().filter(|layer| layer.has_key()).collect()
        }
        let words = |layers: &[&Layer]| -> Vec<String> {
            layers.iter().flat_map(|layer| layer.key_words().into_iter().map(str::to_owned)).collect()
        };
        let mut all = self.cells.iter().map(keyed).filter(|layers| !layers.is_empty());
        let Some(last) = all.next_back() else { return Vec::new() };
        let said = words(&last);
        if all.all(|other| words(&other) == said) { last } else { Vec::new() }
    }

    fn key_words(&self) -> Vec<&str> {
        self.keyed().into_iter().flat_map(Layer::key_words).collect()
    }

    fn has_notes(&self) -> bool {
        self.cells.iter().any(|cell| !cell.note.is_empty())
    }
}

/// Where the parts of a sheet are, in pixels.
struct Layout {
    cell: Size,
    scale: Scale,
    left: u32,
    /// For each row what stands at its sides, where its cells begin, and the lines of their titles.
    sides: Vec<Sides>,
    tops: Vec<u32>,
    titles: Vec<Vec<Vec<String>>>,
    below: Vec<bool>,
    keys: Vec<bool>,
    footnotes: Vec<String>,
    /// Where those begin.
    foot: u32,
    size: Size,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, cells: usize) -> Row {
        let real = Arc::new(Real::from(vec![[0.2, 0.3]]));
        let cell = |i| Cell {
            title: format!("epoch {i}"),
            generated: Some(vec![[0.5, 0.5]]),
            real: Arc::clone(&real),
            ..Cell::default()
        };
        Row { label: label.into(), axes: Axes::LAB, cells: (0..cells).map(cell).collect() }
    }

    fn grid(rows: Vec<Row>) -> Grid {
        let cell = Size { width: 300, height: 200 };
        Grid { title: String::new(), rows, cell, theme: Theme::Light, footnotes: Vec::new() }
    }

    fn size(grid: &Grid) -> Size {
        grid.layout(grid.cell).unwrap().size
    }

    #[test]
    fn rows_are_full_wherever_they_can_be_and_no_cell_is_alone() {
        for (n, wanted) in
            [(1, 1), (2, 2), (3, 3), (4, 2), (5, 5), (6, 3), (8, 4), (9, 3), (12, 4), (13, 5), (16, 4), (32, 4)]
        {
            assert_eq!(columns(&[n]), wanted, "{n}");
        }
        for n in 2..60 {
            let columns = columns(&[n]);
            assert!(n <= columns || n % columns != 1, "{n}: {columns} beside each other");
        }
        // Facets of one length are a row each.
        assert_eq!((columns(&[4, 4, 4]), columns(&[2, 2]), columns(&[5, 3])), (4, 2, 3));
        let rows = wrapped(vec![row("run", 6), row("other", 2)], columns(&[6, 2]));
        assert_eq!(rows.iter().map(|row| row.cells.len()).sum::<usize>(), 8);
        let rows = wrapped(vec![row("run", 6)], 3);
        assert_eq!(rows.iter().map(|row| row.cells.len()).collect::<Vec<_>>(), [3, 3]);
        assert_eq!((rows[0].label.as_str(), rows[1].label.as_str()), ("run", ""));
    }

    #[test]
    fn a_sheet_has_every_cell_and_one_legend() {
        let grid = Grid { title: "two runs".into(), ..grid(vec![row("a", 3), row("b", 3)]) };
        let picture = grid.draw().unwrap();
        let size = size(&grid);
        assert!(picture.width.abs_diff(size.width as usize) <= 2 && picture.height.abs_diff(size.height as usize) <= 8);
        let svg = grid.svg().unwrap();
        assert_eq!(svg.matches("generated").count(), 1);
        // A dot in each cell, and the legend's.
        let dots = svg.split("<circle").skip(1).filter(|circle| circle.contains("#C82A0A")).count();
        assert_eq!(dots, 7, "{svg}");
        assert_eq!(svg.matches("epoch 1").count(), 2);
    }

    #[test]
    fn long_titles_are_broken_and_what_is_left_out_is_said() {
        let title = "WGAN-GP, RMSProp, lr 3e-4, critic steps 5, clip 0.01, epochs 320, batch size 64";
        let mut long = row("ring8", 2);
        long.cells[1] =
            Cell { title: title.into(), note: "seed 2".into(), words: "diverged".into(), ..Cell::default() };
        let footnotes = vec!["left out, because there is no room for more: ".to_owned() + &"GAN, SGD; ".repeat(20)];
        let sheet = Grid { footnotes, ..grid(vec![long, row("moons", 2)]) };
        let svg = sheet.svg().unwrap();
        let words: String = svg.lines().filter(|line| !line.starts_with('<')).collect::<Vec<_>>().join(" ");
        for wanted in ["ring8", "moons", title, "seed 2", "diverged", "left out", "GAN, SGD; GAN, SGD;"] {
            assert!(words.contains(wanted), "{wanted}: {words}");
        }
        assert!(size(&sheet).height > size(&grid(vec![row("ring8", 2), row("moons", 2)])).height + 60);
        sheet.draw().unwrap();
        assert!(sheet.pdf().unwrap().starts_with(b"%PDF-"));
    }

    #[test]
    fn rows_with_axes_of_their_own_have_ticks_of_their_own_and_names_stand_once() {
        let other = Row { axes: Axes { x: (5.0, 6.0), y: (0.0, 1.0) }, ..row("b", 2) };
        let height = |rows: Vec<Row>| size(&grid(rows)).height;
        assert!(height(vec![row("a", 2), other]) > height(vec![row("a", 2), row("b", 2)]));
        let named = |mut row: Row| {
            let names = Some(["longitude", "latitude"].map(str::to_owned));
            row.cells
                .iter_mut()
                .for_each(|cell| cell.real = Arc::new(Real { names: names.clone(), ..(*cell.real).clone() }));
            row
        };
        let svg = grid(vec![named(row("a", 3)), named(row("b", 3))]).svg().unwrap();
        assert_eq!((svg.matches("longitude").count(), svg.matches("latitude").count()), (1, 2), "{svg}");
    }
}
