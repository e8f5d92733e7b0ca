//! The lab's picture: held-out points, generated points over them, a title.

use std::ops::Range;
use std::str::FromStr;
use std::sync::OnceLock;

use plotters::backend::BitMapBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::Circle;
use plotters::prelude::Cartesian2d;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontStyle, RGBColor, TextStyle, WHITE, register_font};

use super::scale::{FONT, Scale};
use super::{Picture, RenderError};
use crate::data::Point;
use crate::figures::place;

/// The lab's colour for held-out points, #6699A1.
const ORIGINAL: RGBColor = RGBColor(0x66, 0x99, 0xA1);
/// The lab's colour for generated points, #F17C67.
const GENERATED: RGBColor = RGBColor(0xF1, 0x7C, 0x67);
pub(super) const INK: RGBColor = RGBColor(0x26, 0x26, 0x26);
pub(super) const LABEL: RGBColor = RGBColor(0x59, 0x59, 0x59);
pub(super) const FRAME: RGBColor = RGBColor(0xB0, 0xB0, 0xB0);
pub(super) const GRID: RGBColor = RGBColor(0xEC, 0xEC, 0xEC);
/// Pictures are drawn at this many times their size and halved, for smooth edges.
pub(super) const OVERSAMPLING: u32 = 2;

/// What part of the plane a picture shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axes {
    /// From left to right.
    pub x: (f64, f64),
    /// From bottom to top.
    pub y: (f64, f64),
}

impl Axes {
    /// The lab's axes for `points.mat`.
    pub const LAB: Self = Self { x: (-0.25, 1.5), y: (0.0, 0.8) };

    /// Axes around `points` with a margin of a tenth on every side.
    pub fn fitted(points: &[Point]) -> Self {
        let side = |axis: usize| {
            let values = points.iter().map(|point| point[axis]);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            if low > high {
                return (0.0, 1.0);
            }
            // Points in a line still need a picture with two sides.
            let margin = if high > low { (high - low) * 0.1 } else { (low.abs() * 0.1).max(0.5) };
            (low - margin, high + margin)
        };
        Self { x: side(0), y: side(1) }
    }

    /// Whether all of `points` lie within.
    pub fn hold(&self, points: &[Point]) -> bool {
        points.iter().all(|&point| self.holds(point))
    }

    fn holds(&self, [x, y]: Point) -> bool {
        let within = |value: f64, (low, high): (f64, f64)| (low..=high).contains(&value);
        within(x, self.x) && within(y, self.y)
    }
}

/// A picture's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    const SMALLEST: u32 = 160;
    const LARGEST: u32 = 4096;
}

impl Default for Size {
    fn default() -> Self {
        Self { width: 640, height: 480 }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is not a size; say WIDTHxHEIGHT, each {} to {} pixels: 640x480",
                Self::SMALLEST,
                Self::LARGEST
            )
        };
        let (width, height) = text.split_once('x').ok_or_else(wrong)?;
        let side = |text: &str| text.parse().ok().filter(|n| (Self::SMALLEST..=Self::LARGEST).contains(n));
        Ok(Self { width: side(width).ok_or_else(wrong)?, height: side(height).ok_or_else(wrong)? })
    }
}

pub(super) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Chart<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws frames that share everything but the generated points and the title.
#[derive(Debug)]
pub struct ScatterPainter {
    /// The size that is drawn at.
    size: Size,
    axes: Axes,
    /// All that the frames share, at that size.
    ground: Picture,
}

impl ScatterPainter {
    /// A painter over `original` points, drawn once.
    pub fn new(size: Size, axes: Axes, original: &[Point]) -> Result<Self, RenderError> {
        load_font()?;
        let size = Size { width: size.width * OVERSAMPLING, height: size.height * OVERSAMPLING };
        let ground = Picture::white(size.width as usize, size.height as usize);
        let mut painter = Self { size, axes, ground };
        let mut ground = painter.ground.clone();
        painter.on(&mut ground, |_, chart| {
            painter.mesh(chart)?;
            painter.points(chart, original, ORIGINAL)
        })?;
        painter.ground = ground;
        Ok(painter)
    }

    /// A frame with generated points and a title.
    pub fn frame(&self, generated: &[Point], title: &str) -> Result<Picture, RenderError> {
        let mut picture = self.ground.clone();
        self.on(&mut picture, |area, chart| {
            self.points(chart, generated, GENERATED)?;
            self.legend_entry(area, 1, "original", ORIGINAL)?;
            self.legend_entry(area, 0, "generated", GENERATED)?;
            self.title(area, title)
        })?;
        Ok(picture.halved())
    }

    /// The original points alone, with a title.
    pub fn without_generated(&self, title: &str) -> Result<Picture, RenderError> {
        let mut picture = self.ground.clone();
        self.on(&mut picture, |area, _| self.title(area, title))?;
        Ok(picture.halved())
    }

    fn scale(&self) -> Scale {
        Scale::of(self.size, Size::default())
    }

    fn pixels(&self, length: f64) -> u32 {
        self.scale().pixels(length)
    }

    fn font<'a>(&self, size: f64, colour: RGBColor) -> TextStyle<'a> {
        self.scale().font(size, colour)
    }

    /// Runs `draw` on the picture with the chart's area laid out, always in the same place.
    fn on(
        &self,
        picture: &mut Picture,
        draw: impl FnOnce(&Area<'_>, &mut Chart<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let Size { width, height } = self.size;
        let area = BitMapBackend::with_buffer(&mut picture.rgb, (width, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(self.pixels(38.0))
            .margin_right(self.pixels(18.0))
            .margin_bottom(self.pixels(10.0))
            .margin_left(self.pixels(8.0))
            .x_label_area_size(self.pixels(24.0))
            .y_label_area_size(self.pixels(label_width(self.axes.y)))
            .build_cartesian_2d(range(self.axes.x), range(self.axes.y))
            .map_err(RenderError::new)?;
        draw(&area, &mut chart)?;
        drop(chart);
        area.present().map_err(RenderError::new)
    }

    fn mesh(&self, chart: &mut Chart<'_>) -> Result<(), RenderError> {
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(WHITE)
            .axis_style(FRAME)
            .x_labels(8)
            .y_labels(8)
            .x_label_style(self.font(12.5, LABEL))
            .y_label_style(self.font(12.5, LABEL))
            .x_label_formatter(&|&x| tick(x, self.axes.x))
            .y_label_formatter(&|&y| tick(y, self.axes.y))
            .draw()
            .map_err(RenderError::new)
    }

    fn points(&self, chart: &mut Chart<'_>, points: &[Point], colour: RGBColor) -> Result<(), RenderError> {
        let radius = self.pixels(1.9);
        let shown = points.iter().filter(|&&point| self.axes.holds(point));
        let dots = shown.map(|point| Circle::new((point[0], point[1]), radius, colour.filled()));
        chart.draw_series(dots).map(drop).map_err(RenderError::new)
    }

    fn title(&self, area: &Area<'_>, title: &str) -> Result<(), RenderError> {
        let style = self.font(17.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
        let at = (self.pixels(52.0) as i32, self.pixels(20.0) as i32);
        area.draw_text(title, &style, at).map_err(RenderError::new)
    }

    /// A dot and its name, right-aligned in the title's line; `place` counts from the right.
    fn legend_entry(&self, area: &Area<'_>, place: u32, name: &str, colour: RGBColor) -> Result<(), RenderError> {
        let y = self.pixels(20.0) as i32;
        let left = self.size.width as i32 - self.pixels(18.0 + 92.0 * f64::from(place + 1)) as i32;
        let dot = Circle::new((left + self.pixels(8.0) as i32, y), self.pixels(4.0), colour.filled());
        area.draw(&dot).map_err(RenderError::new)?;
        let style = self.font(14.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw_text(name, &style, (left + self.pixels(17.0) as i32, y)).map_err(RenderError::new)
    }
}

/// What stands at a tick of an axis.
fn tick(x: f64, (low, high): (f64, f64)) -> String {
    let digits = match high - low {
        spread if spread > 20.0 => 0,
        spread if spread > 3.0 => 1,
        0.3.. => 2,
        // Between two ticks is an eighth of that.
        spread => return place(x, spread / 2.0),
    };
    if high.abs().max(low.abs()) < 1e5 || digits > 0 { format!("{:.digits$}", x + 0.0) } else { place(x, high - low) }
}

/// Pixels of a picture of the usual size that the labels of an axis take.
fn label_width((low, high): (f64, f64)) -> f64 {
    let longest = [low, high].map(|x| tick(x, (low, high)).chars().count()).into_iter().max().unwrap_or(0);
    (7.6 * longest as f64 + 8.0).max(44.0)
}

fn range((low, high): (f64, f64)) -> Range<f64> {
    low..high
}

/// Makes the font that comes with the program known to plotters, which then asks the system for none.
pub(super) fn load_font() -> Result<(), RenderError> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    if *loaded { Ok(()) } else { Err(RenderError("the built-in font is unreadable".into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_fit_their_points() {
        let axes = Axes::fitted(&[[0.0, -5.0], [10.0, 5.0]]);
        assert_eq!(axes, Axes { x: (-1.0, 11.0), y: (-6.0, 6.0) });
        assert!(Axes::fitted(&[[3.0, 0.0]; 4]).hold(&[[3.0, 0.0]]));
        assert!(Axes::fitted(&[]).x.0 < Axes::fitted(&[]).x.1);
        assert!(!Axes::LAB.hold(&[[2.0, 0.1]]));
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!("800x600".parse(), Ok(Size { width: 800, height: 600 }));
        for wrong in ["800", "800x", "x", "10x10", "9999x480", "640X480", "-640x480"] {
            assert!(wrong.parse::<Size>().unwrap_err().contains("WIDTHxHEIGHT"), "{wrong}");
        }
    }

    #[test]
    fn points_show_in_their_colours_at_their_places() {
        let painter =
            ScatterPainter::new(Size::default(), Axes { x: (0.0, 1.0), y: (0.0, 1.0) }, &[[0.25, 0.5]]).unwrap();
        let picture = painter.frame(&[[0.75, 0.5], [7.0, 7.0]], "title").unwrap();
        let columns = |colour: RGBColor| {
            let wanted = [colour.0, colour.1, colour.2];
            // Below the title's line, where the legend is.
            let found = picture.pixels().iter().enumerate().skip(40 * 640).filter(|&(_, &pixel)| pixel == wanted);
            found.map(|(i, _)| i % 640).collect::<Vec<_>>()
        };
        let (real, generated) = (columns(ORIGINAL), columns(GENERATED));
        let mean = |x: &[usize]| x.iter().sum::<usize>() as f64 / x.len() as f64;
        // The chart runs from 52 to 622.
        assert!((mean(&real) - (52.0 + 570.0 * 0.25)).abs() < 1.5, "{}", mean(&real));
        assert!((mean(&generated) - (52.0 + 570.0 * 0.75)).abs() < 1.5, "{}", mean(&generated));
    }

    #[test]
    fn every_size_can_be_drawn() {
        for size in
            [Size { width: 160, height: 160 }, Size { width: 4096, height: 160 }, Size { width: 301, height: 777 }]
        {
            let picture = ScatterPainter::new(size, Axes::LAB, &[[0.5, 0.5]]).unwrap().frame(&[], "t").unwrap();
            assert_eq!(picture.pixels().len(), (size.width * size.height) as usize);
        }
    }
}
