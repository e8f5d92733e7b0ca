//! Lengths that grow with the picture.

use plotters::style::{IntoFont as _, RGBColor, TextStyle};

use super::Size;

pub(super) const FONT: &str = "sans-serif";

/// How many times larger a picture is than the one that lengths are given for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale(f64);

impl Scale {
    /// The scale of a picture that is `drawn` at its size, for lengths meant for `meant`.
    pub(super) fn of(drawn: Size, meant: Size) -> Self {
        let times = |drawn: u32, meant: u32| f64::from(drawn) / f64::from(meant);
        Self(times(drawn.width, meant.width).min(times(drawn.height, meant.height)))
    }

    /// A length in pixels, at least one.
    pub(super) fn pixels(self, length: f64) -> u32 {
        (length * self.0).round().max(1.0) as u32
    }

    /// A length in parts of pixels.
    pub(super) fn length(self, length: f64) -> f64 {
        length * self.0
    }

    /// A place in pixels.
    pub(super) fn at(self, length: f64) -> i32 {
        (length * self.0).round() as i32
    }

    /// Letters of this size and colour.
    pub(super) fn font<'a>(self, size: f64, colour: RGBColor) -> TextStyle<'a> {
        (FONT, size * self.0).into_font().color(&colour)
    }
}
