//! PNG files.

use super::MediaError;
use crate::render::Picture;

/// A larger picture was not made by this program: three bytes for each pixel of the largest sheets.
const MOST: usize = 1 << 32;

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

/// The picture in a PNG file; what is transparent in it has its own colour.
pub fn decode_png(bytes: &[u8]) -> Result<Picture, MediaError> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let (colours, _) = reader.output_color_type();
    let size = reader.output_buffer_size().filter(|&size| size <= MOST).ok_or(png::DecodingError::LimitsExceeded)?;
    let mut read = vec![0; size];
    let (width, height) = {
        let info = reader.next_frame(&mut read)?;
        (info.width as usize, info.height as usize)
    };
    // Grey or colours, each perhaps with its opacity.
    let rgb = read.chunks_exact(colours.samples()).take(width * height).flat_map(|pixel| match *pixel {
        [r, g, b] | [r, g, b, _] => [r, g, b],
        [grey, ..] => [grey; 3],
        [] => [0; 3],
    });
    Ok(Picture { width, height, rgb: rgb.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_holds_every_pixel() {
        let picture = Picture { width: 3, height: 2, rgb: (0..18).collect() };
        let bytes = encode_png(&picture).unwrap();
        assert_eq!(decode_png(&bytes).unwrap(), picture);
        assert!(decode_png(b"not a png").is_err());
        assert!(decode_png(&bytes[..bytes.len() - 20]).is_err());
    }

    #[test]
    fn a_png_of_any_kind_of_colour_is_read() {
        let written = |colour, depth, palette: Option<Vec<u8>>, data: &[u8]| {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
            encoder.set_color(colour);
            encoder.set_depth(depth);
            if let Some(palette) = palette {
                encoder.set_palette(palette);
            }
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(data).unwrap();
            writer.finish().unwrap();
            decode_png(&bytes).unwrap().rgb
        };
        let (eight, expected) = (png::BitDepth::Eight, [7, 7, 7, 250, 250, 250]);
        assert_eq!(written(png::ColorType::Grayscale, eight, None, &[7, 250]), expected);
        assert_eq!(written(png::ColorType::GrayscaleAlpha, eight, None, &[7, 255, 250, 0]), expected);
        assert_eq!(written(png::ColorType::Rgba, eight, None, &[7, 7, 7, 9, 250, 250, 250, 0]), expected);
        assert_eq!(written(png::ColorType::Grayscale, png::BitDepth::Sixteen, None, &[7, 1, 250, 9]), expected);
        let palette = Some(vec![250, 250, 250, 7, 7, 7]);
        assert_eq!(written(png::ColorType::Indexed, png::BitDepth::One, palette, &[0b1000_0000]), expected);
    }
}
