//! Animated PNGs: every colour as it was drawn, which a GIF's 256 are not; every browser shows them.

use super::gif::LAST_STAYS;
use super::{Animation, MediaError};
use crate::render::Picture;

/// Encodes an animation at `fps` frames a second; it repeats for ever.
pub fn encode_apng(animation: &dyn Animation, fps: f64) -> Result<Vec<u8>, MediaError> {
    let frames = u32::try_from(animation.len()).unwrap_or(u32::MAX);
    if frames == 0 {
        return Err(MediaError::NoFrames);
    }
    let first = animation.frame(0)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, first.width as u32, first.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(frames, 0)?;
    // In thousandths of a second.
    let delay = (1000.0 / fps).round().clamp(1.0, 60_000.0) as u16;
    encoder.set_frame_delay(delay, 1000)?;
    let mut writer = encoder.write_header()?;
    let mut before = first;
    writer.write_image_data(&before.rgb)?;
    for i in 1..animation.len() {
        let now = animation.frame(i)?;
        let Part { x, y, picture } = changed(&before, &now);
        // The place first: a part must lie within the whole at every moment.
        writer.reset_frame_position()?;
        writer.set_frame_dimension(picture.width as u32, picture.height as u32)?;
        writer.set_frame_position(x as u32, y as u32)?;
        if i + 1 == animation.len() {
            writer.set_frame_delay(delay.saturating_mul(LAST_STAYS), 1000)?;
        }
        writer.write_image_data(&picture.rgb)?;
        before = now;
    }
    writer.finish()?;
    Ok(bytes)
}

/// A part of a picture, and where its top left corner lies.
struct Part {
    x: usize,
    y: usize,
    picture: Picture,
}

/// The smallest part that holds all pixels that differ; one pixel where none does.
fn changed(before: &Picture, now: &Picture) -> Part {
    let width = now.width;
    let differs = |i: usize| before.pixels()[i] != now.pixels()[i];
    let differing: Vec<usize> = (0..now.pixels().len()).filter(|&i| differs(i)).collect();
    let rows = differing.iter().map(|i| i / width);
    let columns = || differing.iter().map(|i| i % width);
    let (top, bottom) = (rows.clone().min().unwrap_or(0), rows.max().unwrap_or(0));
    let (left, right) = (columns().min().unwrap_or(0), columns().max().unwrap_or(0));
    let lines = (top..=bottom).flat_map(|y| &now.rgb[3 * (y * width + left)..3 * (y * width + right + 1)]);
    let picture = Picture { width: right - left + 1, height: bottom - top + 1, rgb: lines.copied().collect() };
    Part { x: left, y: top, picture }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::RenderError;

    struct Moving(Vec<Picture>);

    impl Animation for Moving {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn frame(&self, index: usize) -> Result<Picture, RenderError> {
            Ok(self.0[index].clone())
        }
    }

    /// A dot on a gradient of more colours than a GIF has.
    fn frame(at: usize) -> Picture {
        let mut picture = Picture { width: 40, height: 30, rgb: (0..3600).map(|i| (i * 7 % 256) as u8).collect() };
        picture.rgb[3 * at..3 * at + 3].copy_from_slice(&[255, 0, 1]);
        picture
    }

    #[test]
    fn every_frame_comes_out_as_it_was_drawn() {
        let frames: Vec<Picture> = [5, 45, 45, 1199].map(frame).into();
        let bytes = encode_apng(&Moving(frames.clone()), 4.0).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!(
            reader.info().animation_control().map(|control| (control.num_frames, control.num_plays)),
            Some((4, 0))
        );
        let mut screen = Picture::white(40, 30);
        for (i, expected) in frames.iter().enumerate() {
            let mut part = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut part).unwrap();
            let control = *reader.info().frame_control().unwrap();
            let (width, height) = (control.width as usize, control.height as usize);
            part.truncate(3 * width * height);
            screen.paste(&Picture { width, height, rgb: part }, control.x_offset as usize, control.y_offset as usize);
            assert!(screen == *expected, "frame {i}");
            assert_eq!((control.delay_num, control.delay_den), (if i == 3 { 1500 } else { 250 }, 1000));
        }
        assert!(matches!(encode_apng(&Moving(Vec::new()), 4.0), Err(MediaError::NoFrames)));
        assert!(encode_apng(&Moving(vec![frame(1)]), 4.0).is_ok());
    }
}
