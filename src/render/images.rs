//! Generated images on a grid.

use super::Picture;

/// Images in [-1, 1] (overshoots are cut) as a grid of `columns`, each pixel `zoom` pixels wide and high. `pixels` are
/// [n, channels, side, side] with 1 or 3 channels.
pub fn image_grid(pixels: &[f32], channels: usize, side: usize, columns: usize, zoom: usize) -> Picture {
    let numbers = channels * side * side;
    let count = pixels.len() / numbers.max(1);
    let cell = side * zoom;
    let mut grid = Picture::white(columns * cell, count.div_ceil(columns) * cell);
    for (i, image) in pixels.chunks_exact(numbers).enumerate() {
        grid.paste(&image_picture(image, channels, side, zoom), i % columns * cell, i / columns * cell);
    }
    grid
}

/// One image, each pixel `zoom` pixels wide and high.
pub fn image_picture(image: &[f32], channels: usize, side: usize, zoom: usize) -> Picture {
    let mut rgb = Vec::with_capacity((side * zoom).pow(2) * 3);
    for y in 0..side * zoom {
        for x in 0..side * zoom {
            let at = y / zoom * side + x / zoom;
            rgb.extend((0..3).map(|c| to_byte(image[c.min(channels - 1) * side * side + at])));
        }
    }
    Picture { width: side * zoom, height: side * zoom, rgb }
}

/// (x + 1) / 2 of 255, rounded.
fn to_byte(x: f32) -> u8 {
    ((x + 1.0) * 127.5 + 0.5).clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_in_rows_and_overshoots_are_cut() {
        let grid = image_grid(&[-1.0, 1.0, 0.0, 9.0, -9.0], 1, 1, 2, 2);
        assert_eq!((grid.width, grid.height), (4, 6));
        let grey = |x: usize, y: usize| grid.pixels()[y * 4 + x][0];
        assert_eq!([grey(0, 0), grey(1, 1), grey(2, 0), grey(0, 2), grey(2, 2), grey(0, 4)], [0, 0, 255, 128, 255, 0]);
    }
}
