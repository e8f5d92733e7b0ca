//! Pictures of points: the real ones, generated ones over them, what lies outside the axes at the border, and in words
//! what is seen.

use std::str::FromStr;
use std::sync::OnceLock;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::Rectangle;
use plotters::prelude::Cartesian2d;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontStyle, RGBColor, register_font};

use super::classes::Classes;
use super::layers::Layer;
use super::marks::{border, dots, legend_dot, mesh};
use super::pdf::{FINENESS, PdfBackend};
use super::scale::{FONT, Scale};
use super::sides::{Line, Sides, TICKS};
use super::strips::{self, Strip};
use super::theme::{Dots, Look, Theme};
use super::words::width;
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
/// Places of words in the lines above it.
const TITLE_LINE: f64 = 20.0;
const NOTE_LINE: f64 = 40.0;

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
pub(super) type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Line, Line>>;

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
    /// What else is shown of it.
    pub scene: Scene<'a>,
}

/// What a frame shows beside its points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scene<'a> {
    /// Whether points are left out.
    pub without_points: bool,
    /// What lies behind and over them, from the back.
    pub layers: &'a [Layer],
    /// What stands below them.
    pub strips: &'a [Strip],
}

/// How high a line of keys is that say what layers are.
pub(super) const KEYS: f64 = 26.0;
/// Between two of them.
pub(super) const BETWEEN: f64 = 22.0;

impl Scene<'_> {
    /// How much higher a picture is for what stands below, where it would have this size.
    fn below(&self, size: Size) -> u32 {
        let scale = Scale::of(size, Size::default());
        let keys = if self.layers.iter().any(Layer::has_key) { scale.pixels(KEYS) } else { 0 };
        keys + self.strips.len() as u32 * scale.pixels(strips::HEIGHT)
    }

    fn is_plain(&self) -> bool {
        !self.without_points && self.layers.is_empty() && self.strips.is_empty()
    }
}

/// The real points, and what is known of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Real {
    /// The points.
    pub points: Vec<Point>,
    /// What x and y are, where that is known.
    pub names: Option<[String; 2]>,
    /// Their classes, where they are to be told apart.
    pub classes: Option<Classes>,
}

impl From<Vec<Point>> for Real {
    fn from(points: Vec<Point>) -> Self {
        Self { points, ..Self::default() }
    }
}

/// Draws frames that share everything but what [`Shown`] says.
#[derive(Clone, Debug)]
pub struct ScatterPainter {
    size: Size,
    axes: Axes,
    theme: Theme,
    real: Real,
    /// All that the frames share, at the size that they are drawn at.
    ground: Picture,
}

impl ScatterPainter {
    /// A painter over real points, which are drawn once.
    pub fn new(size: Size, axes: Axes, theme: Theme, real: Real) -> Result<Self, RenderError> {
        load_font()?;
        let drawn = drawn(size);
        let RGBColor(r, g, b) = theme.look().ground;
        let rgb = [r, g, b].repeat(drawn.width as usize * drawn.height as usize);
        let mut ground = Picture { width: drawn.width as usize, height: drawn.height as usize, rgb };
        on_picture(&mut ground, |area| Canvas::new(area, axes, theme, drawn, &real).ground())?;
        Ok(Self { size, axes, theme, real, ground })
    }

    /// A frame.
    pub fn frame(&self, shown: &Shown<'_>) -> Result<Picture, RenderError> {
        let size = drawn(self.size);
        if !shown.scene.is_plain() {
            // Both sides even.
            let height = (size.height + shown.scene.below(size)).next_multiple_of(OVERSAMPLING);
            let mut picture = Picture::white(size.width as usize, height as usize);
            on_picture(&mut picture, |area| self.whole(area, size, shown))?;
            return Ok(picture.halved());
        }
        let mut picture = self.ground.clone();
        on_picture(&mut picture, |area| Canvas::new(area, self.axes, self.theme, size, &self.real).frame(shown))?;
        Ok(picture.halved())
    }

    /// The same as SVG.
    pub fn svg(&self, shown: &Shown<'_>) -> Result<String, RenderError> {
        let mut text = String::new();
        let area =
            SVGBackend::with_string(&mut text, (self.size.width, self.size.height + shown.scene.below(self.size)))
                .into_drawing_area();
        self.whole(&area, self.size, shown)?;
        drop(area);
        Ok(text)
    }

    /// The same as PDF.
    pub fn pdf(&self, shown: &Shown<'_>) -> Result<Vec<u8>, RenderError> {
        let mut bytes = Vec::new();
        let fine = Size { width: self.size.width * FINENESS, height: self.size.height * FINENESS };
        let whole = Size { height: fine.height + shown.scene.below(fine), ..fine };
        let area = PdfBackend::new(whole, &mut bytes)?.into_drawing_area();
        self.whole(&area, fine, shown)?;
        drop(area);
        Ok(bytes)
    }

    /// Draws all of a frame, where nothing is kept from one to the next.
    fn whole<DB: DrawingBackend>(&self, area: &Area<DB>, drawn: Size, shown: &Shown<'_>) -> Result<(), RenderError> {
        let (upper, lower) = area.split_vertically(drawn.height);
        let canvas = Canvas::new(&upper, self.axes, self.theme, drawn, &self.real);
        area.fill(&canvas.look.ground).map_err(RenderError::new)?;
        if shown.scene.is_plain() {
            canvas.ground()?;
        } else {
            canvas.scenery(shown.scene)?;
        }
        canvas.frame(shown)?;
        canvas.below(&lower, shown.scene)?;
        area.present().map_err(RenderError::new)
    }

    /// The axes that a choice means on a picture of this size; `is_lab` says whether the points are the lab's.
    pub fn axes(size: Size, choice: AxesChoice, real: &Real, is_lab: bool) -> Axes {
        // Numbers at the sides take room, and which they are follows from the axes.
        let with = |sides: &Sides| Axes::chosen(choice, &real.points, is_lab, aspect(size, sides));
        let sides = |axes| sides(size, axes, real);
        with(&sides(with(&sides(Axes::fitted(&real.points)))))
    }
}

/// What stands at the sides of the area for points. How many numbers do is guessed from its size without them.
fn sides(size: Size, axes: Axes, real: &Real) -> Sides {
    let scale = Scale::of(size, Size::default());
    let rest = |whole: u32, taken: f64| f64::from(whole) / scale.length(1.0) - taken;
    let room = (rest(size.width, LEFT + RIGHT + 50.0), rest(size.height, TOP + BOTTOM + 40.0));
    Sides::of(axes, real.names.as_ref(), room)
}

/// How many times as wide as high the area for points is.
fn aspect(size: Size, sides: &Sides) -> f64 {
    let scale = Scale::of(size, Size::default());
    let across = [LEFT, RIGHT, sides.numbers() + sides.name()];
    let down = [TOP + sides.above(), BOTTOM + sides.under(), TICKS];
    let rest =
        |whole: u32, parts: [f64; 3]| whole.saturating_sub(parts.map(|part| scale.pixels(part)).iter().sum()).max(1);
    f64::from(rest(size.width, across)) / f64::from(rest(size.height, down))
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
    real: &'a [Point],
    classes: Option<&'a Classes>,
    sides: Sides,
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    fn new(area: &'a Area<DB>, axes: Axes, theme: Theme, size: Size, real: &'a Real) -> Self {
        let sides = sides(size, axes, real);
        Self { area, axes, look: theme.look(), size, real: &real.points, classes: real.classes.as_ref(), sides }
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
        let [left, top, right, bottom] = self.margins();
        ChartBuilder::on(self.area)
            .margin_top(top)
            .margin_right(right)
            .margin_bottom(bottom)
            .margin_left(left)
            .x_label_area_size(self.pixels(TICKS))
            .y_label_area_size(self.pixels(self.sides.numbers()))
            .build_cartesian_2d(self.sides.x.on(x), self.sides.y.on(y))
            .map_err(RenderError::new)
    }

    /// What is left free around the area for points and the numbers at its sides: left, top, right, bottom.
    fn margins(&self) -> [u32; 4] {
        let sides = &self.sides;
        [LEFT + sides.name(), TOP + sides.above(), RIGHT, BOTTOM + sides.under()].map(|length| self.pixels(length))
    }

    /// What all frames share.
    fn ground(&self) -> Result<(), RenderError> {
        let mut chart = self.chart()?;
        let scale = self.scale();
        mesh(&mut chart, &self.sides, self.look, scale, (true, true))?;
        match self.classes {
            Some(classes) => classes.dots(&mut chart, self.real, self.axes, scale)?,
            None => dots(&mut chart, self.real, self.axes, self.look.real, scale)?,
        }
        border(&mut chart, self.real, self.axes, self.look.real.colour, scale)?;
        let (across, down) = chart.plotting_area().get_pixel_range();
        let place = (across.start, down.start, across.end, down.end);
        self.sides.words(self.area, place, (true, true), self.look, scale)
    }

    /// What lies behind generated points in a scene: layers, and the real points.
    fn scenery(&self, scene: Scene<'_>) -> Result<(), RenderError> {
        let mut chart = self.chart()?;
        let scale = self.scale();
        mesh(&mut chart, &self.sides, self.look, scale, (true, true))?;
        let behind = scene.layers.iter().filter(|layer| layer.is_behind());
        behind.into_iter().try_for_each(|layer| layer.draw(&mut chart, self.axes, self.look, scale))?;
        let real = Dots { colour: self.look.real_over, opacity: 0.8, ..self.look.real };
        if !scene.without_points {
            dots(&mut chart, self.real, self.axes, real, scale)?;
            border(&mut chart, self.real, self.axes, real.colour, scale)?;
        }
        let (across, down) = chart.plotting_area().get_pixel_range();
        let place = (across.start, down.start, across.end, down.end);
        self.sides.words(self.area, place, (true, true), self.look, scale)
    }

    /// What stands below a scene: the keys of its layers in a line, and its strips.
    fn below(&self, area: &Area<DB>, scene: Scene<'_>) -> Result<(), RenderError> {
        let scale = self.scale();
        let across = self.chart()?.plotting_area().get_pixel_range().0;
        let keyed: Vec<&Layer> = scene.layers.iter().filter(|layer| layer.has_key()).collect();
        let keys = if keyed.is_empty() { 0 } else { scale.pixels(KEYS) };
        let mut x = across.start;
        for layer in keyed {
            x += layer.key(area, (x, keys as i32 / 2), self.look, scale)? + scale.at(BETWEEN);
        }
        let mut rest = area.split_vertically(keys).1;
        for strip in scene.strips {
            let (own, others) = rest.split_vertically(scale.pixels(strips::HEIGHT));
            strip.draw(&own, (across.start, across.end), self.look, scale)?;
            rest = others;
        }
        Ok(())
    }

    fn frame(&self, shown: &Shown<'_>) -> Result<(), RenderError> {
        let (scale, original) = (self.scale(), self.real);
        let mut words: Vec<String> = Some(shown.note.to_owned()).filter(|note| !note.is_empty()).into_iter().collect();
        let plain = shown.scene.is_plain();
        if let Some(generated) = shown.generated.filter(|_| !shown.scene.without_points) {
            let mut chart = self.chart()?;
            dots(&mut chart, generated, self.axes, self.look.generated, scale)?;
            border(&mut chart, generated, self.axes, self.look.generated.colour, scale)?;
            let real =
                Dots { colour: if plain { self.look.real.colour } else { self.look.real_over }, ..self.look.real };
            self.legend_entry(1, "real", real)?;
            self.legend_entry(0, "generated", self.look.generated)?;
            words.push(counts(generated, self.axes, "generated"));
        }
        if !plain {
            let mut chart = self.chart()?;
            let over = shown.scene.layers.iter().filter(|layer| !layer.is_behind());
            over.into_iter().try_for_each(|layer| layer.draw(&mut chart, self.axes, self.look, scale))?;
        }
        let outside = original.iter().filter(|&&point| !self.axes.holds(point)).count();
        if outside > 0 {
            words.push(format!("{outside} of {} real outside", original.len()));
        }
        if let Some(classes) = self.classes.filter(|_| words.is_empty()) {
            let at = (self.pixels(LEFT + 44.0) as i32, self.pixels(NOTE_LINE) as i32);
            let room = f64::from(self.size.width) - f64::from(at.0) - scale.length(RIGHT);
            classes.legend(self.area, at, room, self.look, scale)?;
        }
        let ink = self.look.ink;
        let legend = if shown.generated.is_some() && !shown.scene.without_points { RIGHT + 92.0 + 60.0 } else { RIGHT };
        self.words(shown.title, 17.0, ink, TITLE_LINE, legend)?;
        self.words(&words.join(", "), 12.5, self.look.label, NOTE_LINE, RIGHT)?;
        match shown.progress {
            Some(progress) => self.progress(progress.clamp(0.0, 1.0)),
            None => Ok(()),
        }
    }

    /// A line of words that ends before what stands at the right: a long one has smaller letters.
    fn words(&self, text: &str, size: f64, colour: RGBColor, line: f64, right: f64) -> Result<(), RenderError> {
        let (scale, left) = (self.scale(), self.pixels(LEFT + 44.0));
        let room = f64::from(self.size.width) - f64::from(left + self.pixels(right + 8.0));
        let size = size * (room / width(text, size, scale)).min(1.0);
        let style = scale.font(size, colour).pos(Pos::new(HPos::Left, VPos::Center));
        self.area.draw_text(text, &style, (left as i32, self.pixels(line) as i32)).map_err(RenderError::new)
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
        let painter = ScatterPainter::new(Size::default(), axes, Theme::Lab, vec![[0.25, 0.5]].into()).unwrap();
        let picture = painter.frame(&shown(&[[0.75, 0.5]])).unwrap();
        // Below the legend, which has both colours too: real points are bluish, generated ones reddish.
        let columns = |more: usize, less: usize| {
            let pixels = picture.pixels().iter().enumerate().skip(54 * 640);
            let found = pixels.filter(|(_, pixel)| pixel[more].saturating_sub(pixel[less]) > 20);
            found.map(|(i, _)| i % 640).collect::<Vec<_>>()
        };
        let (real, generated) = (columns(2, 0), columns(0, 2));
        assert!(real.len() > 5 && generated.len() > 5);
        let mean = |x: &[usize]| x.iter().sum::<usize>() as f64 / x.len() as f64;
        // The chart runs from 52 to 622.
        assert!((mean(&real) - (52.0 + 570.0 * 0.25)).abs() < 1.5, "{}", mean(&real));
        assert!((mean(&generated) - (52.0 + 570.0 * 0.75)).abs() < 1.5, "{}", mean(&generated));
    }

    #[test]
    fn points_outside_are_marked_and_counted() {
        let axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        let painter =
            ScatterPainter::new(Size::default(), axes, Theme::Light, vec![[0.5, 0.5], [2.0, 0.5]].into()).unwrap();
        let svg = painter.svg(&shown(&[[0.5, 0.5], [-1.0, 0.2], [9.0, 9.0]])).unwrap();
        assert!(svg.contains("3 generated, 2 outside at the border, 1 of 2 real outside"), "{svg}");
        assert_eq!(svg.matches("<polygon").count(), 3);
        // Within, nothing is said of the border.
        let svg = painter.svg(&shown(&[[0.5, 0.5]])).unwrap();
        assert!(svg.contains("1 generated, 1 of 2 real outside"), "{svg}");
    }

    fn real(x: (f64, f64), y: (f64, f64), names: Option<[&str; 2]>) -> Real {
        Real { points: vec![[x.0, y.0], [x.1, y.1]], names: names.map(|names| names.map(str::to_owned)), classes: None }
    }

    #[test]
    fn names_stand_at_the_axes_and_what_is_common_to_all_numbers_once() {
        let map = real((388_000.0, 389_000.0), (4_100_100.0, 4_101_100.0), Some(["easting", "northing"]));
        let axes = ScatterPainter::axes(Size::default(), AxesChoice::Auto, &map, false);
        let svg = ScatterPainter::new(Size::default(), axes, Theme::Light, map).unwrap().svg(&shown(&[])).unwrap();
        let times = |text: &str| svg.matches(&format!("\n{text}\n")).count();
        assert_eq!(["easting", "northing", "+4.1e6", "1000"].map(times), [1, 1, 1, 1], "{svg}");
        // Nothing of that is there where points have no names and short numbers.
        let plain = real((0.0, 1.0), (0.0, 1.0), None);
        let axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        let svg = ScatterPainter::new(Size::default(), axes, Theme::Light, plain).unwrap().svg(&shown(&[])).unwrap();
        assert!(!svg.contains("rotate") && !svg.contains("\n+"), "{svg}");
    }

    #[test]
    fn equal_axes_are_equal_whatever_stands_at_their_sides() {
        for names in [None, Some(["a long name", "another"])] {
            for far in [0.0, 4_100_000.0] {
                let ring = real((far, far + 2.0), (far, far + 2.0), names);
                let axes = ScatterPainter::axes(Size::default(), AxesChoice::Equal, &ring, false);
                let mut ground = Picture::white(1280, 960);
                let unit = on_picture(&mut ground, |area| {
                    let canvas = Canvas::new(area, axes, Theme::Light, Size { width: 1280, height: 960 }, &ring);
                    let chart = canvas.chart()?;
                    let (a, b) = (chart.backend_coord(&(far, far)), chart.backend_coord(&(far + 2.0, far + 2.0)));
                    assert!((b.0 - a.0).abs_diff(a.1 - b.1) <= 4, "{names:?} {far}: {a:?} {b:?}");
                    Ok(())
                });
                unit.unwrap();
            }
        }
    }

    #[test]
    fn a_long_title_ends_before_the_legend() {
        let axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };
        let painter = ScatterPainter::new(Size::default(), axes, Theme::Light, Real::default()).unwrap();
        let title = "points: WGAN-GP, RMSProp, lr 3e-4, critic steps 5, clip 0.01, batch size 64, epoch 320";
        let picture = painter.frame(&Shown { title, ..shown(&[]) }).unwrap();
        let row = |x: usize| (0..30).all(|y| picture.pixels()[y * 640 + x] == [255; 3]);
        assert!((462..470).all(row), "the title runs into the legend");
        assert!(!(430..460).all(row), "the title is shorter than it has to be");
    }

    #[test]
    fn every_size_and_theme_can_be_drawn() {
        for size in
            [Size { width: 160, height: 160 }, Size { width: 4096, height: 160 }, Size { width: 301, height: 777 }]
        {
            for (theme, _) in Theme::ALL {
                let painter = ScatterPainter::new(size, Axes::LAB, theme, vec![[0.5, 0.5]].into()).unwrap();
                let picture = painter.frame(&Shown { progress: Some(0.5), ..shown(&[]) }).unwrap();
                assert_eq!(picture.pixels().len(), (size.width * size.height) as usize);
            }
        }
    }
}
