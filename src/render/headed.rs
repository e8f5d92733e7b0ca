//! A picture of equal tiles with headings: what the columns are above them, what the rows are beside them.

use plotters::backend::BitMapBackend;
use plotters::drawing::IntoDrawingArea as _;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::Scale;
use super::scatter::{Area, load_font};
use super::theme::Theme;
use super::words::{width, wrap};
use super::{Picture, RenderError, Size};

/// Letters of headings, as a part of a tile's side, and the smallest and largest ones.
const LETTERS: f64 = 0.16;
const SMALLEST: f64 = 12.0;
const LARGEST: f64 = 64.0;
/// In letters' sizes: the title's letters, a line, what is between words and tiles.
const TITLE: f64 = 1.3;
const LINE: f64 = 1.3;
const GAP: f64 = 0.5;
/// Beside a row stand its words in lines of at most so many letters' sizes.
const BESIDE: f64 = 8.0;

/// Tiles side by side and one under another, and the words that say what they are.
#[derive(Clone, Debug)]
pub struct Headed<'a> {
    /// What stands above all.
    pub title: &'a str,
    /// In smaller letters below that.
    pub note: &'a str,
    /// The tiles: as wide as all columns and as high as all rows together.
    pub tiles: &'a Picture,
    /// A heading for each column.
    pub columns: &'a [String],
    /// A heading for each row.
    pub rows: &'a [String],
    /// A column that keeps its heading where there is no room for all.
    pub anchor: usize,
}

/// Where everything is, in pixels.
struct Layout {
    letters: f64,
    title: Vec<String>,
    note: Vec<String>,
    beside: Vec<Vec<String>>,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// Lengths are given in pixels.
fn plain() -> Scale {
    let one = Size { width: 1, height: 1 };
    Scale::of(one, one)
}

/// Text for one line: what a font has no sign for and what would break a line becomes a space.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Headed<'_> {
    /// The picture with its headings.
    ///
    /// # Errors
    /// A font that cannot be read.
    pub fn draw(&self) -> Result<Picture, RenderError> {
        load_font()?;
        let layout = self.layout();
        let mut picture = Picture::white(layout.width, layout.height);
        picture.paste(self.tiles, layout.left, layout.top);
        let size = (layout.width as u32, layout.height as u32);
        let area = BitMapBackend::with_buffer(&mut picture.rgb, size).into_drawing_area();
        self.words(&area, &layout)?;
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(picture)
    }

    /// The size of [`Self::draw`]'s picture.
    ///
    /// # Errors
    /// A font that cannot be read.
    pub fn size(&self) -> Result<(usize, usize), RenderError> {
        load_font()?;
        let layout = self.layout();
        Ok((layout.width, layout.height))
    }

    fn cell(&self) -> (f64, f64) {
        let of = |length: usize, n: usize| length as f64 / n.max(1) as f64;
        (of(self.tiles.width, self.columns.len()), of(self.tiles.height, self.rows.len()))
    }

    fn layout(&self) -> Layout {
        let (_, high) = self.cell();
        let letters = (high * LETTERS).clamp(SMALLEST, LARGEST).round();
        let line = letters * LINE;
        let scale = plain();
        let beside: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                let lines = wrap(&printable(row), letters, scale, BESIDE * letters);
                // A low row has room for one line.
                if lines.len() as f64 * line > high.max(line) { vec![printable(row)] } else { lines }
            })
            .collect();
        let widest = beside.iter().flatten().map(|text| width(text, letters, scale)).fold(0.0, f64::max);
        // A column's words may be wider than the column, and the outermost ones stand over the edges then.
        let over = (self.widest_column(letters) - self.cell().0).max(0.0) / 2.0 + GAP * letters;
        let left = (widest + 2.0 * GAP * letters).max(over).ceil() as usize;
        let right = over.ceil() as usize;
        // A title is wider than narrow tiles are; then it is broken, but not within every word.
        let width = (left + self.tiles.width + right).max((12.0 * letters) as usize);
        let room = width as f64 - 2.0 * GAP * letters;
        let title = wrap(&printable(self.title), letters * TITLE, scale, room);
        let note = wrap(&printable(self.note), letters, scale, room);
        let above = GAP * letters + title.len() as f64 * line * TITLE + note.len() as f64 * line;
        let top = (above + line + GAP * letters).ceil() as usize;
        let height = top + self.tiles.height + (GAP * letters).ceil() as usize;
        Layout { letters, title, note, beside, left, top, width, height }
    }

    /// How wide the widest heading of a column is.
    fn widest_column(&self, letters: f64) -> f64 {
        self.columns.iter().map(|text| width(&printable(text), letters, plain())).fold(0.0, f64::max)
    }

    fn words(&self, area: &Area<BitMapBackend>, layout: &Layout) -> Result<(), RenderError> {
        let look = Theme::Light.look();
        let (scale, letters) = (plain(), layout.letters);
        let line = letters * LINE;
        let write = |text: &str, size: f64, colour: RGBColor, (x, y): (f64, f64), side: HPos| {
            let style = scale.font(size, colour).pos(Pos::new(side, VPos::Center));
            area.draw_text(text, &style, (x.round() as i32, y.round() as i32)).map_err(RenderError::new)
        };
        let edge = GAP * letters;
        let mut y = edge;
        for text in &layout.title {
            write(text, letters * TITLE, look.ink, (edge, y + line * TITLE / 2.0), HPos::Left)?;
            y += line * TITLE;
        }
        for text in &layout.note {
            write(text, letters, look.label, (edge, y + line / 2.0), HPos::Left)?;
            y += line;
        }
        let (wide, high) = self.cell();
        // An em apart at least.
        let every = ((self.widest_column(letters) + letters) / wide).ceil().max(1.0) as usize;
        for (i, text) in self.columns.iter().enumerate().filter(|(i, _)| i % every == self.anchor % every) {
            let x = layout.left as f64 + (i as f64 + 0.5) * wide;
            write(&printable(text), letters, look.ink, (x, layout.top as f64 - edge / 2.0 - line / 2.0), HPos::Center)?;
        }
        let every = (line / high).ceil().max(1.0) as usize;
        for (i, lines) in layout.beside.iter().enumerate().step_by(every) {
            let middle = layout.top as f64 + (i as f64 + 0.5) * high;
            for (n, text) in lines.iter().enumerate() {
                let y = middle + (n as f64 - (lines.len() - 1) as f64 / 2.0) * line;
                write(text, letters, look.ink, (layout.left as f64 - edge, y), HPos::Right)?;
            }
        }
        Ok(())
    }
}

/// Numbers as headings: all with as many decimals as they need, up to four, with their sign.
pub fn signed_headings(values: &[f64]) -> Vec<String> {
    let fits = |decimals: &usize| {
        let unit = 10_f64.powi(*decimals as i32);
        values.iter().all(|x| (x * unit - (x * unit).round()).abs() < 1e-6 * (1.0 + (x * unit).abs()))
    };
    // Where no few decimals say them all, two do, or as many as tell them apart.
    let apart = |decimals: &usize| {
        values.windows(2).all(|pair| {
            pair[0].total_cmp(&pair[1]).is_eq()
                || format!("{:.*}", *decimals, pair[0]) != format!("{:.*}", *decimals, pair[1])
        })
    };
    let decimals = (0..=2).find(fits).or_else(|| (2..=4).find(apart)).unwrap_or(4);
    let word = |&x: &f64| {
        let text = format!("{:.decimals$}", x.abs());
        // What is rounded to 0 has no sign.
        if text.chars().all(|c| c == '0' || c == '.') {
            return "0".to_owned();
        }
        format!("{}{text}", if x < 0.0 { '\u{2212}' } else { '+' })
    };
    values.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headed<'a>(tiles: &'a Picture, columns: &'a [String], rows: &'a [String]) -> Headed<'a> {
        Headed {
            title: "Semantic 3: sleeves",
            note: "eigenvalue 12.5",
            tiles,
            columns,
            rows,
            anchor: columns.len() / 2,
        }
    }

    fn names(word: &str, n: usize) -> Vec<String> {
        (0..n).map(|i| format!("{word} {i}")).collect()
    }

    /// Whether there is ink in these columns and rows.
    fn has_ink(picture: &Picture, (x0, x1): (usize, usize), (y0, y1): (usize, usize)) -> bool {
        (y0..y1).any(|y| (x0..x1).any(|x| picture.pixels()[y * picture.width + x][0] < 128))
    }

    #[test]
    fn tiles_stay_as_they_are_and_every_column_and_row_has_its_words() {
        let (side, columns, rows) = (60, names("+", 3), names("seed", 2));
        let tiles = Picture { width: 3 * side, height: 2 * side, rgb: [200, 30, 90].repeat(6 * side * side) };
        let sheet = headed(&tiles, &columns, &rows);
        let picture = sheet.draw().unwrap();
        assert_eq!((picture.width, picture.height), sheet.size().unwrap());
        let layout = sheet.layout();
        let (left, top) = (layout.left, layout.top);
        for y in 0..tiles.height {
            let row = &picture.pixels()[(top + y) * picture.width + left..][..tiles.width];
            assert!(row.iter().all(|pixel| *pixel == [200, 30, 90]));
        }
        let line = layout.letters as usize;
        for i in 0..3 {
            assert!(has_ink(&picture, (left + i * side, left + (i + 1) * side), (top - 2 * line, top)), "column {i}");
        }
        for i in 0..2 {
            assert!(has_ink(&picture, (0, left - 2), (top + i * side, top + (i + 1) * side)), "row {i}");
        }
        assert!(has_ink(&picture, (0, picture.width), (0, 2 * line)), "the title");
    }

    #[test]
    fn where_there_is_no_room_some_headings_are_left_out_and_the_anchor_is_not() {
        let columns: Vec<String> = (0..40).map(|i| format!("distance{i}")).collect();
        let rows = names("row", 30);
        let tiles = Picture { width: 40 * 4, height: 30 * 4, rgb: vec![255; 40 * 30 * 16 * 3] };
        let sheet = headed(&tiles, &columns, &rows);
        let picture = sheet.draw().unwrap();
        let layout = sheet.layout();
        let band = (layout.top - 2 * layout.letters as usize, layout.top);
        let middle = layout.left + 20 * 4 + 2;
        assert!(has_ink(&picture, (middle - 20, middle + 20), band));
        // Some are there, and none runs into the next: a word's letters stand closer than two words do.
        let inked: Vec<bool> = (layout.left..picture.width).map(|x| has_ink(&picture, (x, x + 1), band)).collect();
        let words = inked.split(|ink| !ink).filter(|run| !run.is_empty()).count();
        let gaps = inked.windows(6).filter(|six| six[5] && six[..5].iter().all(|ink| !ink)).count();
        assert!((2..=3).contains(&gaps) && words > gaps, "{gaps} gaps, {words} strokes");
    }

    #[test]
    fn any_text_can_be_drawn() {
        let columns = [String::new(), "\u{1b}[31m".to_owned()];
        let rows = ["wide ".repeat(40), "\n\t".to_owned()];
        let tiles = Picture::white(2 * 16, 2 * 16);
        let title = "averyveryverylongword".repeat(9);
        let sheet = Headed { title: &title, ..headed(&tiles, &columns, &rows) };
        assert!(sheet.draw().unwrap().height > 100);
        let nothing = Picture::white(1, 1);
        Headed { title: "", note: "", tiles: &nothing, columns: &[], rows: &[], anchor: 0 }.draw().unwrap();
    }

    #[test]
    fn distances_are_said_with_the_decimals_that_they_need() {
        assert_eq!(signed_headings(&[-2.0, 0.0, 2.0]), ["\u{2212}2", "0", "+2"]);
        assert_eq!(signed_headings(&[-1.8, -1e-17, 0.2]), ["\u{2212}1.8", "0", "+0.2"]);
        assert_eq!(signed_headings(&[-1.0, -1.0 / 3.0, 1.0 / 3.0]), ["\u{2212}1.00", "\u{2212}0.33", "+0.33"]);
        assert_eq!(signed_headings(&[0.0001, 0.0002]), ["+0.0001", "+0.0002"]);
        assert!(signed_headings(&[]).is_empty());
    }
}
