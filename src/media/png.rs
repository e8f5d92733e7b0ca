//! PNG files.

use super::MediaError;
use crate::render::Picture;

/// The bytes of a PNG file.
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.rgb)?;
    writer.finish()?;
    Ok(bytes)
}
