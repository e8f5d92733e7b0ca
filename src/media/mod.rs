//! Pictures to the bytes of files: PNG, JPEG, GIF, APNG, MP4.

mod apng;
mod gif;
mod jpeg;
#[cfg_attr(not(feature = "torch"), path = "no_mp4.rs")]
mod mp4;
mod palette;
mod png;

pub use apng::encode_apng;
pub use gif::{Animation, encode_gif, gif_size};
pub use jpeg::encode_jpeg;
pub use mp4::{encode_mp4, mp4_size};
pub use png::{decode_png, encode_png};

/// Whether this build makes MP4 files: OpenH264 is compiled from C++, and a build without libtorch by Rust alone.
pub const MAKES_MP4: bool = cfg!(feature = "torch");

/// A picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The PNG encoder refused it.
    #[error("cannot encode the PNG")]
    Png(#[from] ::png::EncodingError),
    /// A file is no PNG, or a damaged one.
    #[error("cannot read the PNG")]
    PngFile(#[from] ::png::DecodingError),
    /// The GIF encoder refused it.
    #[error("cannot encode the GIF")]
    Gif(#[from] ::gif::EncodingError),
    /// The H.264 encoder refused it.
    #[cfg(feature = "torch")]
    #[error("cannot encode the video")]
    H264(#[from] openh264::Error),
    /// The MP4 container refused it.
    #[cfg(feature = "torch")]
    #[error("cannot write the video")]
    Mp4(#[from] muxide::api::MuxerError),
    /// A JPEG could not be encoded.
    #[error("cannot encode the JPEG")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
    /// A JPEG's sides have 16 bits.
    #[error("a JPEG's sides are at most 65535 pixels; this picture is {width}x{height}")]
    NotForJpeg {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// This build has no encoder of videos.
    #[error("this gan-lab was built without libtorch and the encoder of videos")]
    WithoutVideo,
    /// H.264 has a largest size.
    #[error("a video's sides are 16 to {largest} pixels; this picture is {width}x{height}")]
    NotForVideo {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// The largest side.
        largest: usize,
    },
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
