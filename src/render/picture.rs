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

    /// Copies `other` into this picture with its top left corner at (`x`, `y`); it must fit.
    pub fn paste(&mut self, other: &Self, x: usize, y: usize) {
        for (row, line) in other.rgb.chunks_exact(other.width * 3).enumerate() {
            let start = ((y + row) * self.width + x) * 3;
            self.rgb[start..start + line.len()].copy_from_slice(line);
        }
    }
}
