//! A picture brought to the side that is trained: its transparency laid on a ground, the square in its middle, that
//! square made smaller or larger.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, RgbImage};

use super::ImageReading;
use crate::config::SmallImages;

/// The square in the middle of an image, at `side` x `side`.
pub(super) fn fitted(image: DynamicImage, side: u32, channels: usize, reading: &ImageReading) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let square = width.min(height);
    let mut image = if width == height {
        image
    } else {
        image.crop_imm((width - square) / 2, (height - square) / 2, square, square)
    };
    // Before it is resized, lest colours that nobody sees run into those beside them.
    if !reading.as_before && image.color().has_alpha() {
        image = on_ground(image, channels, reading.ground);
    }
    if square == side {
        return image;
    }
    if square < side && reading.small == SmallImages::Frame {
        return framed(&image, side);
    }
    image.resize_exact(side, side, FilterType::Triangle)
}

/// A small image in the middle of black.
fn framed(image: &DynamicImage, side: u32) -> DynamicImage {
    let mut ground = if image.color().has_color() {
        DynamicImage::ImageRgb8(RgbImage::new(side, side))
    } else {
        DynamicImage::ImageLuma8(GrayImage::new(side, side))
    };
    let margin = i64::from((side - image.width()) / 2);
    image::imageops::overlay(&mut ground, image, margin, margin);
    ground
}

/// The image on a ground of one colour, opaque: out = colour * alpha + ground * (1 - alpha).
fn on_ground(image: DynamicImage, channels: usize, ground: [u8; 3]) -> DynamicImage {
    let ground16 = ground.map(|x| u16::from(x) * 257);
    // A grey image of a colour set takes the ground's colour.
    let colour = channels == 3;
    match image {
        DynamicImage::ImageLumaA8(image) if colour => {
            on_ground(DynamicImage::ImageLumaA8(image).to_rgba8().into(), channels, ground)
        }
        DynamicImage::ImageLumaA16(image) if colour => {
            on_ground(DynamicImage::ImageLumaA16(image).to_rgba16().into(), channels, ground)
        }
        DynamicImage::ImageLumaA8(mut image) => {
            lay8::<2>(&mut image, &ground[..1]);
            image.into()
        }
        DynamicImage::ImageRgba8(mut image) => {
            lay8::<4>(&mut image, &ground);
            image.into()
        }
        DynamicImage::ImageLumaA16(mut image) => {
            lay16::<2>(&mut image, &ground16[..1]);
            image.into()
        }
        DynamicImage::ImageRgba16(mut image) => {
            lay16::<4>(&mut image, &ground16);
            image.into()
        }
        DynamicImage::ImageRgba32F(mut image) => {
            for [r, g, b, alpha] in image.as_chunks_mut::<4>().0 {
                let opacity = alpha.clamp(0.0, 1.0);
                for (x, ground) in [r, g, b].into_iter().zip(ground) {
                    *x = *x * opacity + f32::from(ground) / 255.0 * (1.0 - opacity);
                }
                *alpha = 1.0;
            }
            image.into()
        }
        other => other,
    }
}

/// The same for pixels of `N` bytes, the last of which is the alpha.
fn lay8<const N: usize>(samples: &mut [u8], ground: &[u8]) {
    for pixel in samples.as_chunks_mut::<N>().0 {
        let alpha = u32::from(pixel[N - 1]);
        for (x, &ground) in pixel.iter_mut().zip(ground) {
            *x = ((u32::from(*x) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8;
        }
        pixel[N - 1] = 255;
    }
}

/// The same for 16 bits a number.
fn lay16<const N: usize>(samples: &mut [u16], ground: &[u16]) {
    for pixel in samples.as_chunks_mut::<N>().0 {
        let alpha = u64::from(pixel[N - 1]);
        for (x, &ground) in pixel.iter_mut().zip(ground) {
            *x = ((u64::from(*x) * alpha + u64::from(ground) * (65535 - alpha) + 32767) / 65535) as u16;
        }
        pixel[N - 1] = 65535;
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, LumaA, Rgba};

    use super::*;

    fn reading(ground: [u8; 3]) -> ImageReading {
        ImageReading { ground, ..ImageReading::default() }
    }

    #[test]
    fn transparency_lets_the_ground_through_in_every_depth() {
        let shades = [0_u8, 51, 128, 204, 255];
        for alpha in shades {
            for x in shades {
                let (share, x32) = (f64::from(alpha) / 255.0, f64::from(x));
                let expected = |ground: u8| (x32 * share + f64::from(ground) * (1.0 - share)).round();
                let wide = |x: u8| u16::from(x) * 257;
                let unit = |x: u8| f32::from(x) / 255.0;
                let colours: [DynamicImage; 3] = [
                    ImageBuffer::from_pixel(2, 2, Rgba([x, x, x, alpha])).into(),
                    ImageBuffer::from_pixel(2, 2, Rgba([x, x, x, alpha].map(wide))).into(),
                    ImageBuffer::from_pixel(2, 2, Rgba([x, x, x, alpha].map(unit))).into(),
                ];
                let greys: [DynamicImage; 2] = [
                    ImageBuffer::from_pixel(2, 2, LumaA([x, alpha])).into(),
                    ImageBuffer::from_pixel(2, 2, LumaA([x, alpha].map(wide))).into(),
                ];
                for image in colours.iter().chain(&greys) {
                    let fitted = fitted(image.clone(), 2, 3, &reading([200, 100, 7])).to_rgb8();
                    for (found, ground) in fitted.get_pixel(1, 1).0.into_iter().zip([200, 100, 7]) {
                        assert!((f64::from(found) - expected(ground)).abs() <= 1.0, "{x} {alpha} {image:?}");
                    }
                }
                for image in greys {
                    let found = fitted(image, 2, 1, &reading([40; 3])).to_luma8().get_pixel(0, 0).0[0];
                    assert!((f64::from(found) - expected(40)).abs() <= 1.0);
                }
            }
        }
    }

    #[test]
    fn small_images_are_enlarged_or_framed() {
        let image = || DynamicImage::from(GrayImage::from_pixel(2, 2, image::Luma([90])));
        assert_eq!(fitted(image(), 4, 1, &ImageReading::default()).into_bytes(), [90; 16]);
        let framed = fitted(image(), 4, 1, &ImageReading::before()).into_bytes();
        assert_eq!(framed, [0, 0, 0, 0, 0, 90, 90, 0, 0, 90, 90, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn hidden_colours_play_no_part() {
        let half = |hidden: [u8; 3]| {
            let image = ImageBuffer::from_fn(64, 64, |x, _| {
                if x < 33 { Rgba([hidden[0], hidden[1], hidden[2], 0]) } else { Rgba([0, 200, 0, 255]) }
            });
            fitted(image.into(), 8, 3, &ImageReading::default()).to_rgb8()
        };
        assert_eq!(half([255, 0, 255]), half([0, 0, 0]));
    }
}
