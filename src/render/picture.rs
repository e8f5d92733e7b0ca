//! A picture in memory.

/// Pixels in 8-bit RGB, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Three bytes a pixel.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// A white picture.
    pub fn white(width: usize, height: usize) -> Self {
        Self { width, height, rgb: vec![255; width * height * 3] }
    }

    /// The pixels.
    pub fn pixels(&self) -> &[[u8; 3]] {
        self.rgb.as_chunks().0
    }

    /// The picture at half its size, each pixel the mean of four; both sides must be even.
    #[must_use]
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut rgb = Vec::with_capacity(width * height * 3);
        for rows in self.rgb.chunks_exact(self.width * 6) {
            let (upper, lower) = rows.split_at(self.width * 3);
            for (a, b) in upper.as_chunks::<6>().0.iter().zip(lower.as_chunks::<6>().0) {
                let mean =
                    |i: usize| (u16::from(a[i]) + u16::from(a[i + 3]) + u16::from(b[i]) + u16::from(b[i + 3]) + 2) / 4;
                rgb.extend([mean(0) as u8, mean(1) as u8, mean(2) as u8]);
            }
        }
        Self { width, height, rgb }
    }

    /// Pictures below each other, white at the right of those that are narrower.
    pub fn stacked(pictures: &[Self]) -> Self {
        let width = pictures.iter().map(|picture| picture.width).max().unwrap_or(1);
        let height = pictures.iter().map(|picture| picture.height).sum::<usize>().max(1);
        let mut all = Self::white(width, height);
        let mut y = 0;
        for picture in pictures {
            all.paste(picture, 0, y);
            y += picture.height;
        }
        all
    }

    /// Copies `other` into this picture with its top left corner at (`x`, `y`); it must fit.
    pub fn paste(&mut self, other: &Self, x: usize, y: usize) {
        for (row, line) in other.rgb.chunks_exact(other.width * 3).enumerate() {
            let start = ((y + row) * self.width + x) * 3;
            self.rgb[start..start + line.len()].copy_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_takes_the_mean_of_four() {
        let mut picture = Picture::white(4, 2);
        picture.paste(&Picture { width: 1, height: 1, rgb: vec![0, 255, 1] }, 0, 1);
        assert_eq!(picture.halved(), Picture { width: 2, height: 1, rgb: vec![191, 255, 192, 255, 255, 255] });
    }

    #[test]
    fn stacked_pictures_stand_below_each_other() {
        let dot = |value: u8, width: usize| Picture { width, height: 1, rgb: vec![value; 3 * width] };
        let all = Picture::stacked(&[dot(1, 1), dot(2, 2)]);
        assert_eq!((all.width, all.height), (2, 2));
        assert_eq!(all.pixels(), [[1; 3], [255; 3], [2; 3], [2; 3]]);
        assert_eq!(Picture::stacked(&[]), Picture::white(1, 1));
    }
}
