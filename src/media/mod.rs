//! Pictures to the bytes of files: PNG and GIF.

mod gif;
mod palette;
mod png;

pub use gif::{Animation, encode_gif};
pub use png::encode_png;

/// A picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The PNG encoder refused it.
    #[error("cannot encode the PNG: {0}")]
    Png(#[from] ::png::EncodingError),
    /// The GIF encoder refused it.
    #[error("cannot encode the GIF: {0}")]
    Gif(#[from] ::gif::EncodingError),
    /// A frame could not be drawn.
    #[error(transparent)]
    Render(#[from] crate::render::RenderError),
    /// An animation without frames.
    #[error("there are no frames to encode")]
    NoFrames,
    /// A GIF's sides have 16 bits.
    #[error("a GIF's sides are at most 65535 pixels; this picture is {width}x{height}")]
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
}
