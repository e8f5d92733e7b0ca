//! JPEG files, for pictures that need not be exact.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::MediaError;
use crate::render::Picture;

/// The bytes of a JPEG file; `quality` is 1 to 100. Every pixel has a colour of its own.
pub fn encode_jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, MediaError> {
    let Picture { width, height, ref rgb } = *picture;
    let side = |n: usize| u16::try_from(n).map_err(|_| MediaError::NotForJpeg { width, height });
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder.encode(rgb, side(width)?, side(height)?, ColorType::Rgb)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "torch")]
    #[test]
    fn a_jpeg_shows_the_picture() {
        let (width, height) = (40, 24);
        // Smooth, with a red corner.
        let pixel = |i: usize| {
            let (x, y) = (i % width, i / width);
            if x < 8 && y < 8 { [250, 10, 10] } else { [4 * x as u8, 6 * y as u8, 90] }
        };
        let picture = Picture { width, height, rgb: (0..width * height).flat_map(pixel).collect() };
        let bytes = encode_jpeg(&picture, 95).unwrap();
        assert_eq!(bytes, encode_jpeg(&picture, 95).unwrap());
        let read = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap().to_rgb8();
        assert_eq!(read.dimensions(), (40, 24));
        let apart = read.as_raw().iter().zip(&picture.rgb).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(apart <= 16, "{apart}");
    }

    #[test]
    fn what_no_jpeg_can_hold_is_refused() {
        let picture = Picture { width: 65_536, height: 1, rgb: vec![0; 3 * 65_536] };
        assert!(encode_jpeg(&picture, 90).unwrap_err().to_string().contains("65536x1"));
        assert!(encode_jpeg(&Picture { width: 0, height: 0, rgb: Vec::new() }, 90).is_err());
    }
}
