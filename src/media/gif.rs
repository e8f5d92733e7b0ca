//! Animated GIFs whose frames hold only what changed.

use std::borrow::Cow;

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use super::MediaError;
use super::palette::{Palette, UNCHANGED};
use crate::render::{Picture, RenderError};

/// Frames that look at the colours for the palette.
const PALETTE_FRAMES: usize = 12;
/// The last frame stays this many times as long as the others, for people to look at.
pub(super) const LAST_STAYS: u16 = 6;

/// Frames to encode, drawn one at a time: a long animation never is in memory as a whole.
pub trait Animation {
    /// How many frames there are.
    fn len(&self) -> usize;

    /// Draws one; all have the same size.
    fn frame(&self, index: usize) -> Result<Picture, RenderError>;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a GIF rests on the last frame before it begins again; one whose end is its beginning does not.
    fn rests(&self) -> bool {
        true
    }
}

/// Whether a GIF can be so large.
///
/// # Errors
/// [`MediaError::TooLarge`]
pub fn gif_size(width: usize, height: usize) -> Result<(u16, u16), MediaError> {
    let too_large = |_| MediaError::TooLarge { width, height };
    Ok((width.try_into().map_err(too_large)?, height.try_into().map_err(too_large)?))
}

/// Encodes an animation at `fps` frames a second; it repeats for ever.
pub fn encode_gif(animation: &dyn Animation, fps: f64) -> Result<Vec<u8>, MediaError> {
    let samples = sample_frames(animation)?;
    let mut palette = Palette::of(samples.iter());
    let first = samples.first().ok_or(MediaError::NoFrames)?;
    let (width, height) = gif_size(first.width, first.height)?;
    drop(samples);
    let delay = (100.0 / fps).round().clamp(2.0, 6000.0) as u16;
    let mut encoder = Encoder::new(Vec::new(), width, height, &palette.bytes())?;
    encoder.set_repeat(Repeat::Infinite)?;
    let mut before: Option<Vec<u8>> = None;
    for i in 0..animation.len() {
        let indices = palette.map(&animation.frame(i)?);
        let mut frame = match &before {
            Some(before) => changes(before, &indices, usize::from(width)),
            None => whole(&indices, width, height),
        };
        let last = i + 1 == animation.len() && animation.rests();
        frame.delay = if last { delay.saturating_mul(LAST_STAYS) } else { delay };
        encoder.write_frame(&frame)?;
        before = Some(indices);
    }
    Ok(encoder.into_inner()?)
}

/// Some frames, evenly over the animation, the first and the last among them.
fn sample_frames(animation: &dyn Animation) -> Result<Vec<Picture>, RenderError> {
    let (n, looked_at) = (animation.len(), animation.len().min(PALETTE_FRAMES));
    let place = |i: usize| if looked_at > 1 { i * (n - 1) / (looked_at - 1) } else { 0 };
    (0..looked_at).map(|i| animation.frame(place(i))).collect()
}

fn whole(indices: &[u8], width: u16, height: u16) -> Frame<'static> {
    Frame { width, height, buffer: Cow::Owned(indices.to_vec()), dispose: DisposalMethod::Keep, ..Frame::default() }
}

/// The smallest rectangle that holds every changed pixel; within it, what is as before is transparent.
fn changes(before: &[u8], now: &[u8], width: usize) -> Frame<'static> {
    let rows = || before.chunks_exact(width).zip(now.chunks_exact(width));
    let changed = |(a, b): &(&[u8], &[u8])| a != b;
    let top = rows().position(|row| changed(&row)).unwrap_or(0);
    let bottom = rows().collect::<Vec<_>>().iter().rposition(changed).unwrap_or(0);
    let differing =
        || (top..=bottom).flat_map(|y| (0..width).filter(move |x| before[y * width + x] != now[y * width + x]));
    let left = differing().min().unwrap_or(0);
    let right = differing().max().unwrap_or(0);
    let pixel = |i: usize| if before[i] == now[i] { UNCHANGED } else { now[i] };
    let buffer = (top..=bottom).flat_map(|y| (left..=right).map(move |x| y * width + x)).map(pixel).collect();
    Frame {
        left: left as u16,
        top: top as u16,
        width: (right - left + 1) as u16,
        height: (bottom - top + 1) as u16,
        buffer: Cow::Owned(buffer),
        transparent: Some(UNCHANGED),
        dispose: DisposalMethod::Keep,
        ..Frame::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pictures(Vec<Picture>);

    impl Animation for Pictures {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn frame(&self, index: usize) -> Result<Picture, RenderError> {
            Ok(self.0[index].clone())
        }
    }

    /// Decodes with the gif crate and lays each frame over the ones before.
    fn play(bytes: &[u8]) -> (Vec<Picture>, Vec<(usize, u16)>) {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes).unwrap();
        let mut screen = Picture::white(decoder.width().into(), decoder.height().into());
        let (mut shown, mut facts) = (Vec::new(), Vec::new());
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            let width = usize::from(frame.width);
            for (i, pixel) in frame.buffer.chunks_exact(4).enumerate().filter(|(_, pixel)| pixel[3] != 0) {
                let (x, y) = (usize::from(frame.left) + i % width, usize::from(frame.top) + i / width);
                let at = (y * screen.width + x) * 3;
                screen.rgb[at..at + 3].copy_from_slice(&pixel[..3]);
            }
            shown.push(screen.clone());
            facts.push((frame.buffer.len() / 4, frame.delay));
        }
        (shown, facts)
    }

    fn moving_dot(n: usize) -> Pictures {
        Pictures(
            (0..n)
                .map(|i| {
                    let mut picture = Picture::white(20, 10);
                    picture.paste(&Picture { width: 2, height: 2, rgb: [200, 10, 30].repeat(4) }, i, 4);
                    picture
                })
                .collect(),
        )
    }

    #[test]
    fn what_is_decoded_is_what_was_drawn() {
        let pictures = moving_dot(5);
        let gif = encode_gif(&pictures, 4.0).unwrap();
        let (shown, facts) = play(&gif);
        assert_eq!(shown, pictures.0);
        assert_eq!(facts[0], (200, 25));
        // Later frames hold the dot's old and new place only.
        assert!(facts[1..].iter().all(|(pixels, _)| *pixels <= 6), "{facts:?}");
        assert_eq!(facts[4].1, 150);
    }

    #[test]
    fn an_animation_that_ends_where_it_begins_does_not_rest() {
        struct Loop(Pictures);

        impl Animation for Loop {
            fn len(&self) -> usize {
                self.0.len()
            }

            fn frame(&self, index: usize) -> Result<Picture, RenderError> {
                self.0.frame(index)
            }

            fn rests(&self) -> bool {
                false
            }
        }

        let (shown, facts) = play(&encode_gif(&Loop(moving_dot(4)), 10.0).unwrap());
        assert_eq!(shown, moving_dot(4).0);
        assert!(facts.iter().all(|(_, delay)| *delay == 10), "{facts:?}");
    }

    #[test]
    fn equal_frames_stay_frames() {
        let still = Pictures(vec![Picture::white(8, 8); 3]);
        let (shown, _) = play(&encode_gif(&still, 10.0).unwrap());
        assert_eq!(shown, still.0);
    }

    #[test]
    fn more_colours_than_a_gif_has_go_to_their_nearest() {
        let rgb = (0..400_u32).flat_map(|i| [(i / 2) as u8, (i % 256) as u8, 128]).collect();
        let picture = Picture { width: 20, height: 20, rgb };
        let (shown, _) = play(&encode_gif(&Pictures(vec![picture.clone()]), 1.0).unwrap());
        let worst = shown[0].rgb.iter().zip(&picture.rgb).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 8, "off by {worst}");
    }
}
