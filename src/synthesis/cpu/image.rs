//! Images: 1x1 convolutions to them, and their enlargement by a filter.

use super::{EMPTY, Row};
use crate::simd::{Isa, Kernel, fused, row, row_done, total};
use crate::synthesis::Image;

/// A filter of an enlargement to twice the side (upfirdn): zeros between the places, then the filter, whose gain of 4
/// is in it.
#[derive(Clone, Debug)]
pub(in crate::synthesis) struct Filter {
    pub(in crate::synthesis) taps: usize,
    /// `[taps, taps]`, turned by 180 degrees: a correlation with it is the convolution that is meant.
    pub(in crate::synthesis) turned: Vec<f32>,
}

impl Filter {
    /// Of a filter `[taps, taps]` that sums to 1.
    pub(in crate::synthesis) fn new(filter: &[f32]) -> Self {
        Self { taps: filter.len().isqrt(), turned: filter.iter().rev().map(|x| 4.0 * x).collect() }
    }

    /// The taps that meet an image's places when a place of parity `parity` is made: tap and offset from half the
    /// place.
    fn meeting(&self, parity: usize) -> Vec<(usize, isize)> {
        let before = self.taps.div_ceil(2) as isize;
        let of = |tap: usize| {
            let from = parity as isize + tap as isize - before;
            (from.rem_euclid(2) == 0).then(|| (tap, from.div_euclid(2)))
        };
        (0..self.taps).filter_map(of).collect()
    }

    /// For each parity of the place in a line, the taps that meet a place.
    pub(super) fn all_meeting(&self) -> [Vec<(usize, isize)>; 2] {
        [self.meeting(0), self.meeting(1)]
    }
}

/// Line `y` of an enlarged image.
pub(super) struct EnlargedLine<'a> {
    pub(super) image: &'a Image,
    pub(super) filter: &'a Filter,
    pub(super) meeting: &'a [Vec<(usize, isize)>; 2],
    pub(super) y: usize,
    /// `[channels, 2 side]`.
    pub(super) out: &'a mut [f32],
}

impl Kernel for EnlargedLine<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Image { channels, side, values } = self.image;
        let (channels, side) = (*channels, *side);
        // Places of each parity by themselves, so that all loops go along whole lines.
        let mut sums = [vec![0.0_f32; side], vec![0.0_f32; side]];
        for (channel, out) in self.out.chunks_exact_mut(2 * side).enumerate() {
            for (sums, meeting) in sums.iter_mut().zip(self.meeting) {
                sums.fill(0.0);
                for &(a, down) in &self.meeting[self.y % 2] {
                    let Some(line) = (self.y / 2).checked_add_signed(down).filter(|&line| line < side) else {
                        continue;
                    };
                    let from = &values[(line * channels + channel) * side..][..side];
                    for &(b, right) in meeting {
                        let f = self.filter.turned[a * self.filter.taps + b];
                        let first = right.unsigned_abs().min(side);
                        let (to, from) = if right < 0 {
                            (&mut sums[first..], &from[..side - first])
                        } else {
                            (&mut sums[..side - first], &from[first..])
                        };
                        for (to, from) in to.iter_mut().zip(from) {
                            *to = fused::<I, f32>(f, *from, *to);
                        }
                    }
                }
            }
            let [even, odd] = &sums;
            for ((out, even), odd) in out.as_chunks_mut::<2>().0.iter_mut().zip(even).zip(odd) {
                *out = [*even, *odd];
            }
        }
    }
}

/// A 1x1 convolution to an image, with the style in it.
#[derive(Clone, Debug)]
pub(in crate::synthesis) struct ToImage {
    /// By image channel and block.
    pub(in crate::synthesis) weights: Vec<Vec<Row>>,
    pub(in crate::synthesis) bias: Vec<f32>,
    /// Infinite for none.
    pub(in crate::synthesis) clamp: f32,
}

/// Adds to a line of an image, and scales the feature maps' line for the next layer.
pub(super) struct ImageLine<'a> {
    /// The line's blocks, each with the border's places.
    pub(super) maps: &'a mut [Row],
    pub(super) width: usize,
    pub(super) layer: &'a ToImage,
    pub(super) scales: Option<&'a [Row]>,
    /// `[channels, width - 2]`.
    pub(super) out: &'a mut [f32],
}

impl Kernel for ImageLine<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let side = self.width - 2;
        let ToImage { weights, bias, clamp } = self.layer;
        for ((weights, bias), out) in weights.iter().zip(bias).zip(self.out.chunks_exact_mut(side)) {
            for (x, out) in out.iter_mut().enumerate() {
                let mut sum = EMPTY;
                for (maps, w) in self.maps[x + 1..].iter().step_by(self.width).zip(weights) {
                    sum = row(|l| fused::<I, f32>(maps[l], w[l], sum[l]));
                }
                let value = total(sum) + bias;
                let value = if value > *clamp { *clamp } else { value };
                *out += if value < -clamp { -clamp } else { value };
                row_done();
            }
        }
        let Some(scales) = self.scales else { return };
        for (maps, scale) in self.maps.chunks_exact_mut(self.width).zip(scales) {
            for maps in &mut maps[1..=side] {
                *maps = row(|l| maps[l] * scale[l]);
                row_done();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Cpu;

    /// Zeros between the places and around them, then the filter, by its definition.
    fn plainly(image: &Image, filter: &[f32]) -> Vec<f64> {
        let taps = filter.len().isqrt();
        let (side, before) = (image.side as isize, taps.div_ceil(2) as isize);
        let at = |channel: usize, y: isize, x: isize| {
            if y < 0 || x < 0 || y % 2 != 0 || x % 2 != 0 || y / 2 >= side || x / 2 >= side {
                return 0.0;
            }
            f64::from(image.values[((y / 2) as usize * image.channels + channel) * image.side + (x / 2) as usize])
        };
        let mut out = Vec::new();
        for y in 0..2 * side {
            for channel in 0..image.channels {
                for x in 0..2 * side {
                    let tap = |i: usize| {
                        let (a, b) = ((i / taps) as isize, (i % taps) as isize);
                        // The filter is turned in a convolution.
                        4.0 * f64::from(filter[taps * taps - 1 - i]) * at(channel, y + a - before, x + b - before)
                    };
                    out.push((0..taps * taps).map(tap).sum());
                }
            }
        }
        out
    }

    #[test]
    fn enlarging_is_zeros_and_a_filter_for_any_number_of_taps() {
        for taps in 1..=6 {
            let filter: Vec<f32> = (0..taps * taps).map(|i| (i as f32 * 0.37).sin()).collect();
            let values = (0..2 * 5 * 5).map(|i| (i as f32 * 1.3).cos()).collect();
            let image = Image { channels: 2, side: 5, values };
            let expected = plainly(&image, &filter);
            let filter = Filter::new(&filter);
            let mut out = vec![9.0; expected.len()];
            for (y, out) in out.chunks_exact_mut(2 * 10).enumerate() {
                let meeting = filter.all_meeting();
                Cpu::detect().run(EnlargedLine { image: &image, filter: &filter, meeting: &meeting, y, out });
            }
            for (i, (out, expected)) in out.iter().zip(&expected).enumerate() {
                assert!((f64::from(*out) - expected).abs() < 1e-5, "{taps} taps, {i}: {out} for {expected}");
            }
        }
    }
}
