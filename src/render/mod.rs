//! Numbers to pictures, through plotters; no files.

mod axes;
mod braille;
mod classes;
mod contact;
mod curves;
mod grid;
mod headed;
mod images;
mod layers;
mod marks;
mod pdf;
mod picture;
mod scale;
mod scatter;
mod sides;
mod strips;
mod theme;
mod words;

pub use axes::{Axes, AxesChoice};
pub use braille::{Braille, sparkline};
pub use classes::Classes;
pub use contact::ContactSheet;
pub use curves::{Band, Curve, CurveChart};
pub use grid::{Cell, Grid, Row, columns, wrapped};
pub use headed::{Headed, signed_headings};
pub use images::{image_grid, image_picture};
pub use layers::{Field, Forces, Layer, Mesh};
pub use picture::Picture;
pub use scatter::{Real, ScatterPainter, Scene, Shown, Size};
pub use strips::{Histogram, Histograms, Kind, Line, Lines, Stack, Strip};
pub use theme::Theme;

/// A picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw: {0}")]
pub struct RenderError(pub(crate) String);

impl RenderError {
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}
