//! Pictures of points: the real ones, generated ones over them, what lies outside the axes at the border, and in words
//! what is seen.

use std::str::FromStr;
use std::sync::OnceLock;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, Polygon, Rectangle};
use plotters::prelude::Cartesian2d;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontStyle, RGBColor, ShapeStyle, register_font};

use super::axes::{tick, tick_letters};
use super::pdf::{FINENESS, PdfBackend};
use super::scale::{FONT, Scale};
use super::theme::{Dots, Look, Theme};
use super::{Axes, AxesChoice, Picture, RenderError};
use crate::data::Point;

pub(super) const INK: RGBColor = RGBColor(0x26, 0x26, 0x26);
pub(super) const LABEL: RGBColor = RGBColor(0x59, 0x59, 0x59);
pub(super) const FRAME: RGBColor = RGBColor(0xB0, 0xB0, 0xB0);
pub(super) const GRID: RGBColor = RGBColor(0xEC, 0xEC, 0xEC);
/// Pictures are drawn at this many times their size and halved, for smooth edges.
pub(super) const OVERSAMPLING: u32 = 2;

// Around the area for points, in pixels of a picture of the usual size.
const TOP: f64 = 54.0;
const RIGHT: f64 = 18.0;
const BOTTOM: f64 = 10.0;
const LEFT: f64 = 8.0;
const BELOW: f64 = 24.0;
/// Places of words in the lines above it.
const TITLE_LINE: f64 = 20.0;
const NOTE_LINE: f64 = 40.0;
/// Width of a letter of a tick.
const LETTER: f64 = 7.6;

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

pub(super) type Area<DB> = DrawingArea<DB, Shift>;
type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// What a frame shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// What it says above.
    pub title: &'a str,
    /// What it says in smaller letters below that, before the counts of points.
    pub note: &'a str,
    /// Generated points; None for a picture of the real ones alone.
    pub generated: Option<&'a [Point]>,
    /// How far the run is, 0 to 1, for a bar along the upper edge.
    pub progress: Option<f64>,
}

/// Draws frames that share everything but what [`Shown`] says.
#[derive(Clone, Debug)]
pub struct ScatterPainter {
    size: Size,
    axes: Axes,
    theme: Theme,
    original: Vec<Point>,
    /// All that the frames share, at the size that they are drawn at.
    ground: Picture,
}

impl ScatterPainter {
    /// A painter over `original` points, drawn once.
    pub fn new(size: Size, axes: Axes, theme: Theme, original: &[Point]) -> Result<Self, RenderError> {
        load_font()?;
        let drawn = drawn(size);
        let RGBColor(r, g, b) = theme.look().ground;
        let rgb = [r, g, b].repeat(drawn.width as usize * drawn.height as usize);
        let mut ground = Picture { width: drawn.width as usize, height: drawn.height as usize, rgb };
        on_picture(&mut ground, |area| Canvas::new(area, axes, theme, drawn).ground(original))?;
        Ok(Self { size, axes, theme, original: original.to_vec(), ground })
    }

    /// A frame.
    pub fn frame(&self, shown: &Shown<'_>) -> Result<Picture, RenderError> {
        let mut picture = self.ground.clone();
        on_picture(&mut picture, |area| {
            Canvas::new(area, self.axes, self.theme, drawn(self.size)).frame(shown, &self.original)
        })?;
        Ok(picture.halved())
    }

    /// The same as SVG.
    pub fn svg(&self, shown: &Shown<'_>) -> Result<String, RenderError> {
        let mut text = String::new();
        let area = SVGBackend::with_string(&mut text, (self.size.width, self.size.height)).into_drawing_area();
        self.whole(&area, self.size, shown)?;
        drop(area);
        Ok(text)
    }

    /// The same as PDF.
    pub fn pdf(&self, shown: &Shown<'_>) -> Result<Vec<u8>, RenderError> {
        let mut bytes = Vec::new();
        let fine = Size { width: self.size.width * FINENESS, height: self.size.height * FINENESS };
        let area = PdfBackend::new(fine, &mut bytes)?.into_drawing_area();
        self.whole(&area, fine, shown)?;
        drop(area);
        Ok(bytes)
    }

    /// Draws all of a frame, where nothing is kept from one to the next.
    fn whole<DB: DrawingBackend>(&self, area: &Area<DB>, drawn: Size, shown: &Shown<'_>) -> Result<(), RenderError> {
        let canvas = Canvas::new(area, self.axes, self.theme, drawn);
        area.fill(&canvas.look.ground).map_err(RenderError::new)?;
        canvas.ground(&self.original)?;
        canvas.frame(shown, &self.original)?;
        area.present().map_err(RenderError::new)
    }

    /// How many times as wide as high the area for points is, for [`Axes::chosen`]. The labels' width is that of short ones.
    pub fn aspect(size: Size) -> f64 {
        let scale = Scale::of(size, Size::default());
        let labels = scale.pixels(label_width((0.0, 1.0)));
        let across = scale.pixels(LEFT) + scale.pixels(RIGHT) + labels;
        let down = scale.pixels(TOP) + scale.pixels(BOTTOM) + scale.pixels(BELOW);
        f64::from(size.width.saturating_sub(across).max(1)) / f64::from(size.height.saturating_sub(down).max(1))
    }

    /// The axes that a choice means on a picture of this size.
    pub fn axes(size: Size, choice: AxesChoice, real: &[Point], is_lab: bool) -> Axes {
        Axes::chosen(choice, real, is_lab, Self::aspect(size))
    }
}

/// The size that a picture is drawn at before it is halved.
fn drawn(size: Size) -> Size {
    Size { width: size.width * OVERSAMPLING, height: size.height * OVERSAMPLING }
}

fn on_picture(
    picture: &mut Picture,
    draw: impl FnOnce(&Area<BitMapBackend<'_>>) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let size = (picture.width as u32, picture.height as u32);
    let area = BitMapBackend::with_buffer(&mut picture.rgb, size).into_drawing_area();
    draw(&area)?;
    area.present().map_err(RenderError::new)
}

/// Where a picture is drawn, and how.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    area: &'a Area<DB>,
    axes: Axes,
    look: Look,
    size: Size,
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    fn new(area: &'a Area<DB>, axes: Axes, theme: Theme, size: Size) -> Self {
        Self { area, axes, look: theme.look(), size }
    }

    fn scale(&self) -> Scale {
        Scale::of(self.size, Size::default())
    }

    fn pixels(&self, length: f64) -> u32 {
        self.scale().pixels(length)
    }

    /// The chart, always in the same place.
    fn chart(&self) -> Result<Chart<'_, DB>, RenderError> {
        let Axes { x, y } = self.axes;
        ChartBuilder::on(self.area)
            .margin_top(self.pixels(TOP))
            .margin_right(self.pixels(RIGHT))
            .margin_bottom(self.pixels(BOTTOM))
            .margin_left(self.pixels(LEFT))
            .x_label_area_size(self.pixels(BELOW))
            .y_label_area_size(self.pixels(label_width(y)))
            .build_cartesian_2d(x.0..x.1, y.0..y.1)
            .map_err(RenderError::new)
    }

    /// What all frames share.
    fn ground(&self, original: &[Point]) -> Result<(), RenderError> {
        let mut chart = self.chart()?;
        mesh(&mut chart, self.axes, self.look, self.scale(), (true, true))?;
        let scale = self.scale();
        dots(&mut chart, original, self.axes, self.look.real, scale)?;
        border(&mut chart, original, self.axes, self.look.real.colour, scale)
    }

    fn frame(&self, shown: &Shown<'_>, original: &[Point]) -> Result<(), RenderError> {
        let scale = self.scale();
        let mut words: Vec<String> = Some(shown.note.to_owned()).filter(|note| !note.is_empty()).into_iter().collect();
        if let Some(generated) = shown.generated {
            let mut chart = self.chart()?;
            dots(&mut chart, generated, self.axes, self.look.generated, scale)?;
            border(&mut chart, generated, self.axes, self.look.generated.colour, scale)?;
            self.legend_entry(1, "real", self.look.real)?;
            self.legend_entry(0, "generated", self.look.generated)?;
            words.push(counts(generated, self.axes, "generated"));
        }
        let outside = original.iter().filter(|&&point| !self.axes.holds(point)).count();
        if outside > 0 {
            words.push(format!("{outside} of {} real outside", original.len()));
        }
        let ink = self.look.ink;
        self.words(shown.title, 17.0, ink, TITLE_LINE)?;
        self.words(&words.join(", "), 12.5, self.look.label, NOTE_LINE)?;
        match shown.progress {
            Some(progress) => self.progress(progress.clamp(0.0, 1.0)),
            None => Ok(()),
        }
    }

    fn words(&self, text: &str, size: f64, colour: RGBColor, line: f64) -> Result<(), RenderError> {
        let style = self.scale().font(size, colour).pos(Pos::new(HPos::Left, VPos::Center));
        let at = (self.pixels(LEFT + 44.0) as i32, self.pixels(line) as i32);
        self.area.draw_text(text, &style, at).map_err(RenderError::new)
    }

    fn progress(&self, done: f64) -> Result<(), RenderError> {
        let width = (f64::from(self.size.width) * done).round() as i32;
        let bar = Rectangle::new([(0, 0), (width, self.pixels(2.5) as i32)], self.look.generated.colour.filled());
        self.area.draw(&bar).map_err(RenderError::new)
    }

    /// A dot and its name, right-aligned in the title's line; `place` counts from the right.
    fn legend_entry(&self, place: u32, name: &str, dots: Dots) -> Result<(), RenderError> {
        let y = self.pixels(TITLE_LINE) as i32;
        let left = self.size.width as i32 - self.pixels(RIGHT + 92.0 + 60.0 * f64::from(place)) as i32;
        legend_dot(self.area, (left + self.pixels(8.0) as i32, y), dots, self.scale())?;
        let style = self.scale().font(14.0, self.look.ink).pos(Pos::new(HPos::Left, VPos::Center));
        self.area.draw_text(name, &style, (left + self.pixels(17.0) as i32, y)).map_err(RenderError::new)
    }
}

/// `1192 generated, 12 outside`.
fn counts(points: &[Point], axes: Axes, what: &str) -> String {
    let outside = points.iter().filter(|&&point| !axes.holds(point)).count();
    let words = format!("{} {what}", points.len());
    if outside > 0 { format!("{words}, {outside} outside at the border") } else { words }
}

/// The axes' lines, and what stands at their ticks below and at the left where it is wanted.
pub(super) fn mesh<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    axes: Axes,
    look: Look,
    scale: Scale,
    (below, left): (bool, bool),
) -> Result<(), RenderError> {
    let (width, _) = chart.plotting_area().dim_in_pixel();
    // As many as fit beside each other.
    let room = f64::from(width) / (f64::from(scale.pixels(LETTER)) * (tick_letters(axes.x) as f64 + 2.0));
    chart
        .configure_mesh()
        .bold_line_style(look.grid)
        .light_line_style(look.ground)
        .axis_style(look.frame)
        .x_labels((room as usize).clamp(2, 10))
        .y_labels(8)
        .x_label_style(scale.font(12.5, look.label))
        .y_label_style(scale.font(12.5, look.label))
        .x_label_formatter(&|&x| if below { tick(x, axes.x) } else { String::new() })
        .y_label_formatter(&|&y| if left { tick(y, axes.y) } else { String::new() })
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

/// Pixels of a picture of the usual size that the labels of the upright axis take.
pub(super) fn label_width(y: (f64, f64)) -> f64 {
    (LETTER * tick_letters(y) as f64 + 8.0).max(44.0)
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

    fn shown(generated: &[Point]) -> Shown<'_> {
        Shown { title: "t", generated: Some(generated), ..Shown::default() }
    }

    #[test]
    fn points_are_where_the_axes_say() {
        let axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        let painter = ScatterPainter::new(Size::default(), axes, Theme::Lab, &[[0.25, 0.5]]).unwrap();
        let picture = painter.frame(&shown(&[[0.75, 0.5]])).unwrap();
        let look = Theme::Lab.look();
        // Below the legend, which has both colours too.
        let columns = |RGBColor(r, g, b): RGBColor| {
            let wanted = [r, g, b];
            let found = picture.pixels().iter().enumerate().skip(54 * 640).filter(|&(_, &pixel)| pixel == wanted);
            found.map(|(i, _)| i % 640).collect::<Vec<_>>()
        };
        let (real, generated) = (columns(look.real.colour), columns(look.generated.colour));
        let mean = |x: &[usize]| x.iter().sum::<usize>() as f64 / x.len() as f64;
        // The chart runs from 52 to 622.
        assert!((mean(&real) - (52.0 + 570.0 * 0.25)).abs() < 1.5, "{}", mean(&real));
        assert!((mean(&generated) - (52.0 + 570.0 * 0.75)).abs() < 1.5, "{}", mean(&generated));
    }

    #[test]
    fn points_outside_are_marked_and_counted() {
        let axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        let painter = ScatterPainter::new(Size::default(), axes, Theme::Light, &[[0.5, 0.5], [2.0, 0.5]]).unwrap();
        let svg = painter.svg(&shown(&[[0.5, 0.5], [-1.0, 0.2], [9.0, 9.0]])).unwrap();
        assert!(svg.contains("3 generated, 2 outside at the border, 1 of 2 real outside"), "{svg}");
        assert_eq!(svg.matches("<polygon").count(), 3);
        // Within, nothing is said of the border.
        let svg = painter.svg(&shown(&[[0.5, 0.5]])).unwrap();
        assert!(svg.contains("1 generated, 1 of 2 real outside"), "{svg}");
    }

    #[test]
    fn long_ticks_are_not_cut() {
        let axes = Axes { x: (388_095.0, 388_097.0), y: (3_948_995.0, 3_948_997.0) };
        let svg = ScatterPainter::new(Size::default(), axes, Theme::Light, &[]).unwrap().svg(&shown(&[])).unwrap();
        assert!(svg.contains("3948995.5") && label_width(axes.y) > 70.0, "{svg}");
    }

    #[test]
    fn every_size_and_theme_can_be_drawn() {
        for size in
            [Size { width: 160, height: 160 }, Size { width: 4096, height: 160 }, Size { width: 301, height: 777 }]
        {
            for (theme, _) in Theme::ALL {
                let painter = ScatterPainter::new(size, Axes::LAB, theme, &[[0.5, 0.5]]).unwrap();
                let picture = painter.frame(&Shown { progress: Some(0.5), ..shown(&[]) }).unwrap();
                assert_eq!(picture.pixels().len(), (size.width * size.height) as usize);
            }
        }
    }
}
