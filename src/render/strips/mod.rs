//! What stands below a picture of points, as wide as its area for points: histograms of scores, and curves with the place where
//! the frame is. One file each. To add one: a file, and a line in [`Strip`].

mod histograms;
mod lines;
mod stack;

pub use histograms::{Histogram, Histograms};
pub use lines::{Line, Lines};
pub use stack::Stack;

use plotters::backend::DrawingBackend;
use plotters::element::{PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor, ShapeStyle};

use super::RenderError;
use super::scale::Scale;
use super::scatter::Area;
use super::theme::Look;
use super::words::width;

/// How high a strip is, in pixels of a picture of the usual size.
pub(super) const HEIGHT: f64 = 104.0;
/// Of that, the line of its title above, and that of numbers below.
const TITLE: f64 = 20.0;
const NUMBERS: f64 = 22.0;
const SIZE: f64 = 12.5;
/// A name's mark: so wide, and so far from the name.
const SWATCH: f64 = 12.0;
const SPACE: f64 = 5.0;
/// From one name to the next.
const BETWEEN: f64 = 14.0;

/// Something below a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Strip {
    /// Histograms over each other.
    Histograms(Histograms),
    /// Curves over epochs.
    Lines(Lines),
}

/// What a thing is of, which says its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Training points, or the discriminator.
    Real,
    /// Held-out points.
    HeldOut,
    /// Generated points, or the generator.
    Generated,
    /// Neither.
    Other,
}

impl Kind {
    fn colour(self, look: Look) -> RGBColor {
        match self {
            Self::Real => look.real_over,
            Self::HeldOut => look.label,
            Self::Generated => look.generated.colour,
            Self::Other => look.ink,
        }
    }
}

impl Strip {
    /// Draws it on an area of its height, between these two columns.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        across: (i32, i32),
        look: Look,
        scale: Scale,
    ) -> Result<(), RenderError> {
        match self {
            Self::Histograms(histograms) => histograms.draw(area, across, look, scale),
            Self::Lines(lines) => lines.draw(area, across, look, scale),
        }
    }
}

/// The frame of a strip: what lies where in it.
struct Panel<'a, DB: DrawingBackend> {
    area: &'a Area<DB>,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    x: (f64, f64),
    y: (f64, f64),
    look: Look,
    scale: Scale,
}

impl<'a, DB: DrawingBackend> Panel<'a, DB> {
    fn new(
        area: &'a Area<DB>,
        (left, right): (i32, i32),
        [x, y]: [(f64, f64); 2],
        look: Look,
        scale: Scale,
    ) -> Result<Self, RenderError> {
        let (top, bottom) = (scale.at(TITLE), area.dim_in_pixel().1 as i32 - scale.at(NUMBERS));
        // A range of one number is around it.
        let wide = |(low, high): (f64, f64)| if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let panel = Self { area, left, right, top, bottom, x: wide(x), y: wide(y), look, scale };
        panel.rectangle(panel.x, panel.y, look.frame.stroke_width(scale.pixels(0.5)))?;
        Ok(panel)
    }

    fn across(&self, x: f64) -> i32 {
        let share = ((x - self.x.0) / (self.x.1 - self.x.0)).clamp(0.0, 1.0);
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    fn up(&self, y: f64) -> i32 {
        let share = ((y - self.y.0) / (self.y.1 - self.y.0)).clamp(0.0, 1.0);
        self.bottom - (share * f64::from(self.bottom - self.top)).round() as i32
    }

    fn rectangle(&self, x: (f64, f64), y: (f64, f64), style: ShapeStyle) -> Result<(), RenderError> {
        let corners = [(self.across(x.0), self.up(y.1)), (self.across(x.1), self.up(y.0))];
        self.area.draw(&Rectangle::new(corners, style)).map_err(RenderError::new)
    }

    fn line(&self, points: &[(f64, f64)], style: ShapeStyle) -> Result<(), RenderError> {
        let points: Vec<(i32, i32)> = points.iter().map(|&(x, y)| (self.across(x), self.up(y))).collect();
        self.area.draw(&PathElement::new(points, style)).map_err(RenderError::new)
    }

    /// A dashed line from the bottom to the top.
    fn upright(&self, x: f64, colour: RGBColor) -> Result<(), RenderError> {
        let (x, dash) = (self.across(x), self.scale.at(3.0).max(1));
        let style = colour.mix(0.8).stroke_width(self.scale.pixels(0.8));
        let mut y = self.top;
        while y < self.bottom {
            let end = (y + dash).min(self.bottom);
            self.area.draw(&PathElement::new(vec![(x, y), (x, end)], style)).map_err(RenderError::new)?;
            y += 2 * dash;
        }
        Ok(())
    }

    fn text(&self, text: &str, at: (i32, i32), across: HPos, colour: RGBColor) -> Result<(), RenderError> {
        let style = self.scale.font(SIZE, colour).pos(Pos::new(across, VPos::Center));
        self.area.draw_text(text, &style, at).map_err(RenderError::new)
    }

    /// What stands above: what it is, and what its colours are.
    fn title(&self, title: &str, names: &[(String, Kind)]) -> Result<(), RenderError> {
        let y = self.scale.at(TITLE / 2.0);
        self.text(title, (self.left, y), HPos::Left, self.look.ink)?;
        let mut right = self.right;
        for (name, kind) in names.iter().rev() {
            self.text(name, (right, y), HPos::Right, self.look.label)?;
            right -= width(name, SIZE, self.scale).ceil() as i32 + self.scale.at(SPACE);
            let (left, half) = (right - self.scale.at(SWATCH), self.scale.at(4.0));
            let mark = Rectangle::new([(left, y - half), (right, y + half)], kind.colour(self.look).mix(0.75).filled());
            self.area.draw(&mark).map_err(RenderError::new)?;
            right = left - self.scale.at(BETWEEN);
        }
        Ok(())
    }

    /// Numbers below, at these places; those at the ends stay within.
    fn numbers(&self, at: &[(f64, String)]) -> Result<(), RenderError> {
        let y = self.bottom + self.scale.at(NUMBERS / 2.0);
        for (x, text) in at {
            let half = width(text, SIZE, self.scale) / 2.0;
            let middle = f64::from(self.across(*x)).clamp(f64::from(self.left) + half, f64::from(self.right) - half);
            self.text(text, (middle.round() as i32, y), HPos::Center, self.look.label)?;
        }
        Ok(())
    }
}
