//! The inner loop of all convolutions: for a row of places, the sums over channels and taps.

use super::{EMPTY, Row};
use crate::simd::{Isa, Kernel, LANES, add_products};

/// out[step i] = sum over parts p and 16 channels k of a[first + starts[p] + i][k] b[16 p + k], for `places` places i.
///
/// A part is a tap and a block of 16 channels: `starts` says where its first place lies, `b` has its weights to 16
/// channels out. The sums stay in registers over all parts.
pub(super) struct Product<'a> {
    pub(super) a: &'a [Row],
    pub(super) first: usize,
    pub(super) starts: &'a [usize],
    pub(super) b: &'a [Row],
    pub(super) places: usize,
    pub(super) out: &'a mut [Row],
    pub(super) step: usize,
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        // As many places as registers hold, in groups of nearly one size: a last group of one place would wait for
        // itself.
        let most = if I::WIDE { 16 } else { 6 };
        let size = self.places.div_ceil(self.places.div_ceil(most).max(1));
        let mut place = 0;
        while place < self.places {
            let left = size.min(self.places - place);
            place += if I::WIDE {
                match left {
                    16.. => self.group::<I, 16>(place),
                    15 => self.group::<I, 15>(place),
                    13 | 14 => self.group::<I, 13>(place),
                    11 | 12 => self.group::<I, 11>(place),
                    9 | 10 => self.group::<I, 9>(place),
                    8 => self.group::<I, 8>(place),
                    _ => self.small_group::<I>(place, left),
                }
            } else {
                self.small_group::<I>(place, left)
            };
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn small_group<I: Isa>(&mut self, place: usize, left: usize) -> usize {
        match left {
            6.. => self.group::<I, 6>(place),
            5 => self.group::<I, 5>(place),
            4 => self.group::<I, 4>(place),
            2 | 3 => self.group::<I, 2>(place),
            _ => self.group::<I, 1>(place),
        }
    }

    #[inline(always)]
    fn group<I: Isa, const R: usize>(&mut self, place: usize) -> usize {
        let mut sums = [EMPTY; R];
        for (start, b) in self.starts.iter().zip(self.b.as_chunks::<LANES>().0) {
            let Some(a) = self.a[self.first + start + place..].first_chunk::<R>() else { break };
            for (k, b) in b.iter().enumerate() {
                add_products::<I, f32, R>(&mut sums, std::array::from_fn(|r| a[r][k]), b);
            }
        }
        for (r, sum) in sums.into_iter().enumerate() {
            self.out[(place + r) * self.step] = sum;
        }
        R
    }
}
