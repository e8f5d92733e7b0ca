//! Numbers to pictures, through plotters; no files.

mod axes;
mod curves;
mod grid;
mod heading;
mod images;
mod pdf;
mod picture;
mod scale;
mod scatter;
mod sheet;
mod theme;

pub use axes::{Axes, AxesChoice};
pub use curves::{Band, Curve, CurveChart};
pub use grid::{Cell, Grid, Row};
pub use heading::heading;
pub use images::{image_grid, image_picture};
pub use picture::Picture;
pub use scatter::{ScatterPainter, Shown, Size};
pub use sheet::sheet;
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
