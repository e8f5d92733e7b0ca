//! A contact sheet: many pictures of one size, each with its name.

use plotters::backend::BitMapBackend;
use plotters::drawing::IntoDrawingArea as _;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::Scale;
use super::scatter::load_font;
use super::theme::Theme;
use super::words::{width, wrap};
use super::{Picture, RenderError, Size};

const MARGIN: usize = 12;
const GAP: usize = 6;
/// A line of words.
const LINE: usize = 18;
const TITLE_SIZE: f64 = 15.0;
const NAME_SIZE: f64 = 12.0;

/// Tiles in rows, a name below each.
#[derive(Clone, Debug)]
pub struct ContactSheet {
    /// What it says above.
    pub title: String,
    /// The tiles' names, in their order.
    pub names: Vec<String>,
    /// Tiles in a row.
    pub columns: usize,
    /// The side of a tile, in pixels.
    pub side: usize,
}

/// Where everything is.
struct Layout {
    cell: usize,
    title: Vec<String>,
    top: usize,
    size: Size,
}

impl ContactSheet {
    /// The bytes that the sheet takes in memory.
    pub fn bytes(&self) -> Result<u64, RenderError> {
        let Size { width, height } = self.layout()?.size;
        Ok(3 * u64::from(width) * u64::from(height))
    }

    /// The sheet. `tile` gives the picture of each name; smaller ones stand in the middle of their place.
    pub fn draw<E: From<RenderError>>(&self, mut tile: impl FnMut(usize) -> Result<Picture, E>) -> Result<Picture, E> {
        let layout = self.layout()?;
        let mut sheet = Picture::white(layout.size.width as usize, layout.size.height as usize);
        for index in 0..self.names.len() {
            let picture = tile(index)?;
            let (x, y) = self.place(&layout, index);
            let middle = |room: usize, taken: usize| room.saturating_sub(taken) / 2;
            sheet.paste(&picture, x + middle(layout.cell, picture.width), y + middle(self.side, picture.height));
        }
        self.words(&layout, &mut sheet)?;
        Ok(sheet)
    }

    fn layout(&self) -> Result<Layout, RenderError> {
        load_font()?;
        let columns = self.columns.max(1);
        let widest = self.names.iter().map(|name| width(name, NAME_SIZE, scale()).ceil() as usize).max().unwrap_or(0);
        let cell = self.side.max(widest);
        let rows = self.names.len().div_ceil(columns);
        let across = (2 * MARGIN + columns * (cell + GAP)).saturating_sub(GAP);
        let title = wrap(&self.title, TITLE_SIZE, scale(), (across - 2 * MARGIN) as f64);
        let top = MARGIN + title.len() * LINE + if title.is_empty() { 0 } else { GAP };
        let down = top + rows * (self.side + LINE + GAP) + MARGIN - GAP.min(rows * GAP);
        let size = Size { width: across as u32, height: down as u32 };
        Ok(Layout { cell, title, top, size })
    }

    /// The upper left corner of a place.
    fn place(&self, layout: &Layout, index: usize) -> (usize, usize) {
        let (column, row) = (index % self.columns.max(1), index / self.columns.max(1));
        (MARGIN + column * (layout.cell + GAP), layout.top + row * (self.side + LINE + GAP))
    }

    fn words(&self, layout: &Layout, sheet: &mut Picture) -> Result<(), RenderError> {
        let look = Theme::Light.look();
        let across = layout.size.width as usize - 2 * MARGIN;
        for (i, text) in layout.title.iter().enumerate() {
            sheet.paste(&line(across, text, TITLE_SIZE, look.ink, HPos::Left)?, MARGIN, MARGIN + i * LINE);
        }
        for (index, name) in self.names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let (x, y) = self.place(layout, index);
            sheet.paste(&line(layout.cell, name, NAME_SIZE, look.label, HPos::Center)?, x, y + self.side);
        }
        Ok(())
    }
}

/// A line of words on white. It is drawn twice as large and halved, so that letters stand where they belong and not at whole
/// pixels.
fn line(width: usize, text: &str, letters: f64, colour: RGBColor, anchor: HPos) -> Result<Picture, RenderError> {
    let mut large = Picture::white(2 * width, 2 * LINE);
    let area = BitMapBackend::with_buffer(&mut large.rgb, (2 * width as u32, 2 * LINE as u32)).into_drawing_area();
    let style = scale().font(2.0 * letters, colour).pos(Pos::new(anchor, VPos::Center));
    let x = if matches!(anchor, HPos::Left) { 0 } else { width };
    area.draw_text(text, &style, (x as i32, LINE as i32)).map_err(RenderError::new)?;
    area.present().map_err(RenderError::new)?;
    drop(area);
    Ok(large.halved())
}

/// Letters are as large as they say.
fn scale() -> Scale {
    let size = Size { width: 100, height: 100 };
    Scale::of(size, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(names: &[&str], columns: usize, side: usize, title: &str) -> (ContactSheet, Picture) {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let sheet = ContactSheet { title: title.to_owned(), names, columns, side };
        let colour = |index: usize| [10 * index as u8, 200, 30];
        let plain = |index: usize| {
            Ok::<_, RenderError>(Picture { width: side, height: side, rgb: colour(index).repeat(side * side) })
        };
        let drawn = sheet.draw(plain).unwrap();
        (sheet, drawn)
    }

    #[test]
    fn each_tile_is_whole_at_its_place_and_has_its_name_below() {
        let (sheet, drawn) = sheet(&["0", "1", "2", "3", "4"], 3, 40, "a title");
        assert_eq!(drawn.width, 2 * MARGIN + 3 * 40 + 2 * GAP);
        let layout = sheet.layout().unwrap();
        for index in 0..5 {
            let (x, y) = sheet.place(&layout, index);
            let of = |x: usize, y: usize| drawn.pixels()[y * drawn.width + x];
            for (dx, dy) in [(0, 0), (39, 39), (20, 20)] {
                assert_eq!(of(x + dx, y + dy), [10 * index as u8, 200, 30], "tile {index}");
            }
            let below = (0..40).flat_map(|dx| (42..40 + LINE - 1).map(move |dy| (dx, dy)));
            let dark = below.filter(|&(dx, dy)| of(x + dx, y + dy)[0] < 160).count();
            assert!(dark > 3, "tile {index} has no name");
        }
        // Nothing stands in the sixth place.
        let (x, y) = sheet.place(&layout, 5);
        assert!((0..40).all(|d| drawn.pixels()[(y + d) * drawn.width + x + d] == [255; 3]));
        assert_eq!(sheet.bytes().unwrap(), drawn.rgb.len() as u64);
    }

    #[test]
    fn long_names_make_room_and_long_titles_lines() {
        let (narrow, _) = sheet(&["0"], 1, 16, "");
        let (wide, drawn) = sheet(&["18446744073709551615"; 2], 2, 16, &"many words ".repeat(20));
        let layout = wide.layout().unwrap();
        assert!(layout.cell > 100 && layout.title.len() > 3, "{} {}", layout.cell, layout.title.len());
        assert_eq!(narrow.layout().unwrap().cell, 16);
        let (x, y) = wide.place(&layout, 1);
        assert_eq!(drawn.pixels()[(y + 8) * drawn.width + x + layout.cell / 2], [10, 200, 30]);
    }
}
