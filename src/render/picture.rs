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

    /// The picture with every pixel as `times` x `times` of its kind.
    #[must_use]
    pub fn enlarged(&self, times: usize) -> Self {
        let mut rgb = Vec::with_capacity(self.rgb.len() * times * times);
        for row in self.pixels().chunks_exact(self.width.max(1)) {
            let line: Vec<u8> = row.iter().flat_map(|pixel| pixel.repeat(times)).collect();
            rgb.extend(line.repeat(times));
        }
        Self { width: self.width * times, height: self.height * times, rgb }
    }

    /// The picture with one pixel for every `by` x `by`, their mean; what is left over at the right and below goes.
    #[must_use]
    pub fn reduced(&self, by: usize) -> Self {
        self.reduced_cells([self.width, self.height], by)
    }

    /// The picture, made of square cells of this side, with each of them made smaller for itself: a pixel is the mean of `by`
    /// times `by`. What is left over at a cell's right and lower edge goes.
    #[must_use]
    pub fn shrunk(&self, side: usize, by: usize) -> Self {
        self.reduced_cells([side, side], by.min(side).max(1))
    }

    fn reduced_cells(&self, cell: [usize; 2], by: usize) -> Self {
        let [width, height] = cell.map(|length| length / by);
        let (columns, rows) = (self.width / cell[0].max(1), self.height / cell[1].max(1));
        let mut made = Self::white(columns * width, rows * height);
        let count = (by * by) as u32;
        let line = columns * width;
        for (at, pixel) in made.rgb.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = (at % line, at / line);
            let left = x / width * cell[0] + x % width * by;
            let top = y / height * cell[1] + y % height * by;
            let mut sums = [0_u32; 3];
            for row in top..top + by {
                for from in &self.pixels()[row * self.width + left..][..by] {
                    sums.iter_mut().zip(from).for_each(|(sum, &value)| *sum += u32::from(value));
                }
            }
            *pixel = sums.map(|sum| ((sum + count / 2) / count) as u8);
        }
        made
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
    fn cells_are_made_smaller_each_for_itself() {
        // Two cells of side 5, one black and one white: no grey between them, though 5 is odd.
        let mut picture = Picture::white(10, 5);
        picture.paste(&Picture { width: 5, height: 5, rgb: vec![0; 75] }, 0, 0);
        let small = picture.shrunk(5, 2);
        assert_eq!((small.width, small.height), (4, 2));
        assert_eq!(small.pixels()[..4], [[0; 3], [0; 3], [255; 3], [255; 3]]);
        let mean = Picture { width: 2, height: 2, rgb: vec![1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 8] }.shrunk(2, 2);
        assert_eq!(mean.pixels(), [[3, 0, 2]]);
        assert_eq!(picture.shrunk(5, 16).width, 2);
    }

    #[test]
    fn pictures_are_enlarged_and_reduced_by_whole_numbers() {
        let picture = Picture { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] };
        let large = picture.enlarged(2);
        assert_eq!((large.width, large.height), (4, 2));
        assert_eq!(large.pixels(), [[1, 2, 3], [1, 2, 3], [4, 5, 6], [4, 5, 6]].repeat(2));
        assert_eq!(large.reduced(2), picture);
        assert_eq!((picture.enlarged(1), picture.reduced(1)), (picture.clone(), picture.clone()));
        // The mean, rounded; the third column and row go.
        let mut odd = Picture::white(3, 3);
        odd.paste(&Picture { width: 2, height: 2, rgb: vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] }, 0, 0);
        assert_eq!(odd.reduced(2), Picture { width: 1, height: 1, rgb: vec![0, 0, 1] });
        assert_eq!(odd.reduced(4), Picture::white(0, 0));
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
