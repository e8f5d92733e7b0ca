//! Means and variances of feature maps, and what a norm and a style make of them.

use super::{EMPTY, Map, Row, Workshop};
use crate::simd::{Cpu, Isa, Kernel, LANES, fused, row, row_done, total};

/// The mean of a line's places by channel, and the sum of squared differences from it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::synthesis) struct Moments {
    mean: Row,
    squares: Row,
}

impl Moments {
    /// Of a map's lines and blocks.
    pub(in crate::synthesis) fn of_map(cpu: Cpu, map: &Map, lines: &mut [Self]) {
        let (width, line) = (map.width(), map.line());
        let inner = &map.rows[line..][..line * map.side];
        for (places, moments) in inner.chunks_exact(width).zip(lines) {
            cpu.run(LineMoments { places: &places[1..=map.side], moments });
        }
    }
}

/// Takes them from a line while it is in cache.
pub(super) struct LineMoments<'a> {
    pub(super) places: &'a [Row],
    pub(super) moments: &'a mut Moments,
}

impl Kernel for LineMoments<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut sum = EMPTY;
        for place in self.places {
            sum = row(|l| sum[l] + place[l]);
            row_done();
        }
        let share = 1.0 / self.places.len() as f32;
        let mean = row(|l| sum[l] * share);
        let mut squares = EMPTY;
        for place in self.places {
            let apart = row(|l| place[l] - mean[l]);
            squares = row(|l| fused::<I, f32>(apart[l], apart[l], squares[l]));
            row_done();
        }
        *self.moments = Moments { mean, squares };
    }
}

/// Mean and 1 / sqrt(variance + 1e-8) by channel.
#[derive(Clone, Debug, Default)]
pub(in crate::synthesis) struct Norm {
    pub(in crate::synthesis) mean: Vec<f32>,
    pub(in crate::synthesis) factor: Vec<f32>,
}

impl Norm {
    /// Of all lines of `side` places, `blocks` blocks each; put together in double precision (Chan et al. 1979).
    pub(in crate::synthesis) fn of(lines: &[Moments], blocks: usize, side: usize) -> Self {
        let mut norm = Self::default();
        for channel in 0..blocks * LANES {
            let (block, lane) = (channel / LANES, channel % LANES);
            let own = || lines.iter().skip(block).step_by(blocks);
            let mean = own().map(|line| f64::from(line.mean[lane])).sum::<f64>() / side as f64;
            let within: f64 = own().map(|line| f64::from(line.squares[lane])).sum();
            let between: f64 = own().map(|line| (f64::from(line.mean[lane]) - mean).powi(2)).sum();
            let variance = (within + between * side as f64) / (side * side) as f64;
            norm.mean.push(mean as f32);
            norm.factor.push((1.0 / (variance + 1e-8).sqrt()) as f32);
        }
        norm
    }
}

/// x / sqrt(mean of squares over channels + 1e-8) in each place of a line: ProGAN's pixel norm.
pub(super) struct LineNormed<'a> {
    /// The line's blocks, each with the border's places.
    pub(super) maps: &'a mut [Row],
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Kernel for LineNormed<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for x in 1..self.width - 1 {
            let mut squares = EMPTY;
            for maps in self.maps[x..].iter().step_by(self.width) {
                squares = row(|l| fused::<I, f32>(maps[l], maps[l], squares[l]));
            }
            let factor = 1.0 / (total(squares) / self.channels as f32 + 1e-8).sqrt();
            for maps in self.maps[x..].iter_mut().step_by(self.width) {
                *maps = row(|l| maps[l] * factor);
            }
            row_done();
        }
    }
}

/// x times a factor and plus a number by channel, everywhere but in the border.
pub(in crate::synthesis) fn scaled_and_shifted(shop: &mut Workshop, map: &mut Map, factors: &[Row], added: &[Row]) {
    let (cpu, side, line, width, blocks) = (shop.cpu, map.side, map.line(), map.width(), map.blocks);
    let height = side.div_ceil(4 * shop.threads());
    shop.each(map.inner().chunks_mut(line * height), |maps, _| {
        for (i, places) in maps.chunks_exact_mut(width).enumerate() {
            let (factor, added) = (factors[i % blocks], added[i % blocks]);
            cpu.run(LineScaled { places: &mut places[1..=side], factor, added });
        }
    });
}

struct LineScaled<'a> {
    places: &'a mut [Row],
    factor: Row,
    added: Row,
}

impl Kernel for LineScaled<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for place in self.places {
            *place = row(|l| fused::<I, f32>(place[l], self.factor[l], self.added[l]));
            row_done();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_lines_come_to_the_maps_norm_far_from_zero_too() {
        let (side, far) = (8, 1000.0);
        let value = |i: usize, lane: usize| far + ((i * (lane + 3)) as f32 * 0.7).sin();
        let rows: Vec<Row> = (0..side * side).map(|i| row(|lane| value(i, lane))).collect();
        let mut lines = vec![Moments::default(); side];
        for (places, moments) in rows.chunks(side).zip(&mut lines) {
            Cpu::detect().run(LineMoments { places, moments });
        }
        let norm = Norm::of(&lines, 1, side);
        for lane in 0..LANES {
            let values = || (0..side * side).map(|i| f64::from(value(i, lane)));
            let mean = values().sum::<f64>() / (side * side) as f64;
            let variance = values().map(|x| (x - mean).powi(2)).sum::<f64>() / (side * side) as f64;
            assert!((f64::from(norm.mean[lane]) - mean).abs() < 1e-3);
            let expected = 1.0 / (variance + 1e-8).sqrt();
            assert!((f64::from(norm.factor[lane]) / expected - 1.0).abs() < 1e-3, "{}", norm.factor[lane]);
        }
    }
}
