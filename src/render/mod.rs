//! Numbers to pictures, through plotters; no files.

mod curves;
mod heading;
mod images;
mod picture;
mod scale;
mod scatter;
mod sheet;

pub use curves::{Band, Curve, CurveChart};
pub use heading::heading;
pub use images::{image_grid, image_picture};
pub use picture::Picture;
pub use scatter::{Axes, ScatterPainter, Size};
pub use sheet::sheet;

/// A picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw: {0}")]
pub struct RenderError(pub(crate) String);

impl RenderError {
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}
