//! What follows a convolution's sums: demodulation, noise, bias, LeakyReLU, the clamp, the next layer's style.

use super::{EMPTY, Map, Row};
use crate::simd::{Cpu, Isa, Kernel, LANES, fused, row, row_done};

/// The usual slope of LeakyReLU below 0.
const SLOPE: f32 = 0.2;

/// What becomes of the sums y of a layer: s clamp(lrelu(d y + n + b)), with d by channel, n by place, b by channel, s
/// by channel.
#[derive(Clone, Copy, Debug)]
pub(in crate::synthesis) struct Finish<'a> {
    pub(in crate::synthesis) factors: &'a [Row],
    pub(in crate::synthesis) bias: &'a [Row],
    /// The map of noise, a number for each place, and what it is multiplied by, by channel.
    pub(in crate::synthesis) noise: Option<(&'a [f32], &'a [Row])>,
    /// Of LeakyReLU below 0.
    pub(in crate::synthesis) slope: f32,
    /// Infinite for none.
    pub(in crate::synthesis) clamp: f32,
    /// 1 where there is nothing to scale for.
    pub(in crate::synthesis) scales: Option<&'a [Row]>,
}

/// The same for one block of channels.
#[derive(Clone, Copy)]
pub(super) struct OfBlock {
    factor: Row,
    bias: Row,
    scale: Row,
    strength: Row,
    slope: f32,
    clamp: f32,
}

impl<'a> Finish<'a> {
    /// Factors, bias and LeakyReLU alone.
    pub(in crate::synthesis) fn of_bias(factors: &'a [Row], bias: &'a [Row]) -> Self {
        Self { factors, bias, noise: None, slope: SLOPE, clamp: f32::INFINITY, scales: None }
    }

    pub(super) fn of(&self, block: usize) -> OfBlock {
        OfBlock {
            factor: self.factors[block],
            bias: self.bias[block],
            scale: self.scales.map_or([1.0; LANES], |scales| scales[block]),
            strength: self.noise.map_or(EMPTY, |(_, strengths)| strengths[block]),
            slope: self.slope,
            clamp: self.clamp,
        }
    }

    /// The noise of a line's places; empty for none.
    pub(super) fn line(&self, y: usize, side: usize) -> &'a [f32] {
        self.noise.map_or(&[], |(map, _)| &map[y * side..][..side])
    }
}

impl Finish<'_> {
    /// Finishes maps that hold the sums.
    pub(in crate::synthesis) fn apply_to(&self, cpu: Cpu, map: &mut Map) {
        let (width, side, blocks) = (map.width(), map.side, map.blocks);
        for (i, places) in map.inner().chunks_exact_mut(width).enumerate() {
            let noise = self.line(i / blocks, side);
            cpu.run(FinishLine { sums: &mut places[1..=side], noise, finish: self.of(i % blocks) });
        }
    }
}

impl OfBlock {
    #[inline(always)]
    pub(super) fn apply<I: Isa>(&self, sum: &Row, noise: f32) -> Row {
        let added = row(|l| fused::<I, f32>(noise, self.strength[l], self.bias[l]));
        let v = row(|l| fused::<I, f32>(sum[l], self.factor[l], added[l]));
        let v = row(|l| if v[l] > 0.0 { v[l] } else { v[l] * self.slope });
        let v = row(|l| if v[l] > self.clamp { self.clamp } else { v[l] });
        let v = row(|l| if v[l] < -self.clamp { -self.clamp } else { v[l] });
        row(|l| v[l] * self.scale[l])
    }
}

/// Finishes sums where they lie.
pub(super) struct FinishLine<'a> {
    pub(super) sums: &'a mut [Row],
    pub(super) noise: &'a [f32],
    pub(super) finish: OfBlock,
}

impl Kernel for FinishLine<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (x, sum) in self.sums.iter_mut().enumerate() {
            *sum = self.finish.apply::<I>(sum, self.noise.get(x).copied().unwrap_or(0.0));
            row_done();
        }
    }
}

/// Filters lines and finishes: out(x) = finish(sum over taps a, b of f[a][b] lines[a][x + b]).
pub(super) struct FilterLine<'a> {
    pub(super) lines: &'a [&'a [Row]],
    /// As many lines as `lines`, and as many numbers in each.
    pub(super) filter: &'a [f32],
    pub(super) noise: &'a [f32],
    pub(super) finish: OfBlock,
    pub(super) out: &'a mut [Row],
}

impl Kernel for FilterLine<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        match self.lines.len() {
            3 => self.written_out::<I, 3>(),
            4 => self.written_out::<I, 4>(),
            _ => self.any::<I>(),
        }
    }
}

impl FilterLine<'_> {
    #[inline(always)]
    fn any<I: Isa>(self) {
        let taps = self.lines.len();
        for (x, out) in self.out.iter_mut().enumerate() {
            let mut sum = EMPTY;
            for (line, filter) in self.lines.iter().zip(self.filter.chunks_exact(taps)) {
                for (from, f) in line[x..].iter().zip(filter) {
                    sum = row(|l| fused::<I, f32>(*f, from[l], sum[l]));
                }
            }
            *out = self.finish.apply::<I>(&sum, self.noise.get(x).copied().unwrap_or(0.0));
            row_done();
        }
    }

    /// N taps both ways.
    #[inline(always)]
    fn written_out<I: Isa, const N: usize>(self) {
        let (Some(lines), Some(filter)) =
            (self.lines.first_chunk::<N>(), self.filter.as_chunks::<N>().0.first_chunk::<N>())
        else {
            return;
        };
        for (x, out) in self.out.iter_mut().enumerate() {
            let mut sum = EMPTY;
            for (line, filter) in lines.iter().zip(filter) {
                let Some(from) = line[x..].first_chunk::<N>() else { return };
                for (from, f) in from.iter().zip(filter) {
                    sum = row(|l| fused::<I, f32>(*f, from[l], sum[l]));
                }
            }
            *out = self.finish.apply::<I>(&sum, self.noise.get(x).copied().unwrap_or(0.0));
            row_done();
        }
    }
}
