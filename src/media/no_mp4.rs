//! In place of `mp4.rs` in a build without libtorch, which is compiled by Rust alone: OpenH264 is C++.

use super::{Animation, MediaError};

/// No MP4 file.
///
/// # Errors
/// [`MediaError::WithoutVideo`].
pub fn encode_mp4(_: &dyn Animation, _: f64) -> Result<Vec<u8>, MediaError> {
    Err(MediaError::WithoutVideo)
}

/// No size.
///
/// # Errors
/// [`MediaError::WithoutVideo`].
pub fn mp4_size(_: usize, _: usize) -> Result<(usize, usize), MediaError> {
    Err(MediaError::WithoutVideo)
}
