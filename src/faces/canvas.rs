//! A picture in the making, and what is inside outlines.
//!
//! A pixel's share of an outline is its exact area (of the polygon that the curve was cut into), so that a picture changes
//! smoothly with whatever moves an outline.

use super::colour::Colour;
use super::path::{Path, Point};

/// How far the picture reaches from its middle to each side.
pub(super) const REACH: f32 = 0.9;

/// A square picture.
pub(super) struct Canvas {
    side: usize,
    pixels: Vec<Colour>,
}

/// How much of each pixel of a rectangle is inside an outline.
#[derive(Clone)]
pub(super) struct Mask {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    cover: Vec<f32>,
}

impl Canvas {
    pub(super) fn new(side: usize) -> Self {
        Self { side, pixels: vec![[0.0; 3]; side * side] }
    }

    /// Pixels to the unit of coordinates.
    fn scale(&self) -> f32 {
        self.side as f32 / (2.0 * REACH)
    }

    /// What is inside an outline.
    pub(super) fn mask(&self, path: &Path) -> Mask {
        let scale = self.scale();
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for point in path.rings.iter().flatten() {
            for k in 0..2 {
                let at = (point[k] + REACH) * scale;
                (low[k], high[k]) = (low[k].min(at), high[k].max(at));
            }
        }
        let most = self.side as f32;
        let [left, top] = low.map(|x| x.floor().clamp(0.0, most) as usize);
        let [right, bottom] = high.map(|x| x.ceil().clamp(0.0, most) as usize);
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        let mut sums = Sums { width, height, steps: vec![0.0; (width + 2) * height] };
        if width > 0 {
            let place = |p: Point| [(p[0] + REACH) * scale - left as f32, (p[1] + REACH) * scale - top as f32];
            for ring in &path.rings {
                let mut from = ring.last().map_or([0.0; 2], |&point| place(point));
                for &point in ring {
                    let to = place(point);
                    sums.edge(from, to);
                    from = to;
                }
            }
        }
        Mask { left, top, width, height, cover: sums.cover() }
    }

    /// Lays a colour over what is inside a mask; `paint` gives it and its opacity by the place.
    #[inline(always)]
    pub(super) fn fill(&mut self, mask: &Mask, paint: impl Fn(Point) -> (Colour, f32)) {
        let step = 1.0 / self.scale();
        for row in 0..mask.height {
            let y = (mask.top + row) as f32 * step + 0.5 * step - REACH;
            let pixels = &mut self.pixels[(mask.top + row) * self.side + mask.left..][..mask.width];
            let cover = &mask.cover[row * mask.width..][..mask.width];
            for (column, (pixel, &cover)) in pixels.iter_mut().zip(cover).enumerate() {
                if cover > 0.0 {
                    let x = (mask.left + column) as f32 * step + 0.5 * step - REACH;
                    let (colour, opacity) = paint([x, y]);
                    let share = cover * opacity;
                    for (old, new) in pixel.iter_mut().zip(colour) {
                        *old += share * (new - *old);
                    }
                }
            }
        }
    }

    /// Lays one colour over what is inside an outline.
    pub(super) fn flat(&mut self, path: &Path, colour: Colour, opacity: f32) {
        if opacity > 0.0 {
            let mask = self.mask(path);
            self.fill(&mask, |_| (colour, opacity));
        }
    }

    /// The same inside a mask too.
    pub(super) fn flat_in(&mut self, path: &Path, within: &Mask, colour: Colour, opacity: f32) {
        if opacity > 0.0 {
            let mask = self.mask(path).within(within);
            self.fill(&mask, |_| (colour, opacity));
        }
    }

    /// Lays a colour over the whole picture.
    pub(super) fn whole(&mut self, paint: impl Fn(Point) -> (Colour, f32)) {
        let mask =
            Mask { left: 0, top: 0, width: self.side, height: self.side, cover: vec![1.0; self.side * self.side] };
        self.fill(&mask, paint);
    }

    /// The bytes, three a pixel.
    pub(super) fn write(&self, bytes: &mut [u8]) {
        for (to, pixel) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(&self.pixels) {
            *to = pixel.map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        }
    }
}

impl Mask {
    /// What is inside both.
    #[must_use]
    pub(super) fn within(mut self, other: &Self) -> Self {
        for row in 0..self.height {
            for column in 0..self.width {
                self.cover[row * self.width + column] *= other.at(self.left + column, self.top + row);
            }
        }
        self
    }

    /// The sum of all shares.
    #[cfg(test)]
    pub(super) fn sum(&self) -> f32 {
        self.cover.iter().sum()
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let (x, y) = (x.wrapping_sub(self.left), y.wrapping_sub(self.top));
        if x < self.width && y < self.height { self.cover[y * self.width + x] } else { 0.0 }
    }
}

/// Of each row, by how much the covered area changes from a pixel to the next.
struct Sums {
    width: usize,
    height: usize,
    steps: Vec<f32>,
}

impl Sums {
    /// Takes an edge into account, row by row.
    fn edge(&mut self, from: Point, to: Point) {
        let (sign, a, b) = if from[1] < to[1] { (-1.0, from, to) } else { (1.0, to, from) };
        let height = b[1] - a[1];
        if height <= 0.0 {
            return;
        }
        let slope = (b[0] - a[0]) / height;
        let first = a[1].max(0.0);
        let last = b[1].min(self.height as f32);
        let mut row = first as usize;
        while (row as f32) < last {
            let (y0, y1) = (first.max(row as f32), last.min(row as f32 + 1.0));
            let most = self.width as f32;
            let x0 = (a[0] + (y0 - a[1]) * slope).clamp(0.0, most);
            let x1 = (a[0] + (y1 - a[1]) * slope).clamp(0.0, most);
            self.piece(row, sign * (y1 - y0), x0.min(x1), x0.max(x1));
            row += 1;
        }
    }

    /// A piece of an edge within one row: it covers `height` of all pixels at its right, and parts of those it crosses.
    fn piece(&mut self, row: usize, height: f32, left: f32, right: f32) {
        let steps = &mut self.steps[row * (self.width + 2)..][..self.width + 2];
        let first = left as usize;
        let end = (right.ceil() as usize).max(first + 1);
        if end == first + 1 {
            let inside = height * (first as f32 + 1.0 - 0.5 * (left + right));
            steps[first] += inside;
            steps[first + 1] += height - inside;
            return;
        }
        // The area at the right of the piece in the pixels up to each border; its differences' differences are the steps.
        let rate = height / (right - left);
        let mut before = 0.0;
        let mut covered = 0.0;
        for (pixel, step) in steps.iter_mut().enumerate().take(end).skip(first) {
            let from = left.max(pixel as f32);
            let to = right.min(pixel as f32 + 1.0);
            let crossed = (to - from) * rate;
            let area = covered + crossed * (pixel as f32 + 1.0 - 0.5 * (from + to));
            *step += area - before;
            before = area;
            covered += crossed;
        }
        steps[end] += height - before;
    }

    fn cover(self) -> Vec<f32> {
        let mut cover = Vec::with_capacity(self.width * self.height);
        for steps in self.steps.chunks_exact(self.width + 2).take(self.height) {
            let mut sum = 0.0_f32;
            for &step in &steps[..self.width] {
                sum += step;
                cover.push(sum.abs().min(1.0));
            }
        }
        cover
    }
}
