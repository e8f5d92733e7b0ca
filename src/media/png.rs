//! PNG and JPEG files.

use super::MediaError;
use crate::render::Picture;

/// The bytes of a PNG file.
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// The picture in a PNG file.
#[cfg(feature = "torch")]
pub fn decode_png(bytes: &[u8]) -> Result<Picture, MediaError> {
    let image = image::load_from_memory_with_format(bytes, image::ImageFormat::Png)?.to_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Picture { width, height, rgb: image.into_raw() })
}

/// The bytes of a JPEG file, for pictures that need not be exact; `quality` is 1 to 100.
#[cfg(feature = "torch")]
pub fn encode_jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.encode(&picture.rgb, picture.width as u32, picture.height as u32, image::ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;

    #[test]
    fn a_png_holds_every_pixel() {
        let picture = Picture { width: 3, height: 2, rgb: (0..18).collect() };
        assert_eq!(decode_png(&encode_png(&picture).unwrap()).unwrap(), picture);
        assert!(decode_png(b"not a png").is_err());
        assert_eq!(encode_jpeg(&picture, 88).unwrap()[..2], [0xff, 0xd8]);
    }
}
