//! A transposed convolution of stride 2 with a filter after it.
//!
//! y[2i + ky, 2j + kx] += x[i, j] w[ky, kx] makes maps of side 2H + 1. Looked at from a place of y: an even line
//! takes ky 0 of line i and ky 2 of line i - 1, an odd one ky 1 of line i alone; so it is with columns. Each line of
//! y is made by two products, one for its even and one for its odd places, and kept only as long as the filter reads
//! it.

use super::conv::Convolution;
use super::finish::{FilterLine, Finish};
use super::image::Filter;
use super::product::Product;
use super::{EMPTY, Map, Row, Scratch};
use crate::simd::{Cpu, LANES};

/// A transposed convolution's taps, sorted by the places of y that they make.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The order of taps (3 ky + kx, or 4 ky + kx): those of even lines' even places, even odd, odd even, odd odd.
    pub(super) order: &'static [usize],
    /// For each of these kinds, where its taps begin in the order, and how far above and left of place (y / 2, x / 2)
    /// each reads.
    kinds: [(usize, &'static [(isize, isize)]); 4],
    /// How much longer y's lines are than twice the side.
    longer: usize,
}

/// 3x3 without padding: y[2i + ky] += x[i] w[ky], 2 H + 1 lines.
pub(super) static THREE: Pattern = Pattern {
    order: &[0, 2, 6, 8, 1, 7, 3, 5, 4],
    kinds: [(0, &[(0, 0), (0, 1), (1, 0), (1, 1)]), (4, &[(0, 0), (1, 0)]), (6, &[(0, 0), (0, 1)]), (8, &[(0, 0)])],
    longer: 1,
};

/// 4x4 with padding 1: y[2i + ky - 1] += x[i] w[ky], 2 H lines. An even line takes ky 1 of line i and ky 3 of i - 1,
/// an odd one ky 2 of line i and ky 0 of i + 1.
pub(super) static FOUR: Pattern = Pattern {
    order: &[5, 7, 13, 15, 6, 4, 14, 12, 9, 11, 1, 3, 10, 8, 2, 0],
    kinds: [
        (0, &[(0, 0), (0, 1), (1, 0), (1, 1)]),
        (4, &[(0, 0), (0, -1), (1, 0), (1, -1)]),
        (8, &[(0, 0), (0, 1), (-1, 0), (-1, 1)]),
        (12, &[(0, 0), (0, -1), (-1, 0), (-1, -1)]),
    ],
    longer: 0,
};

/// Lines of an enlarged map, from line `first`.
#[allow(clippy::too_many_arguments)]
pub(super) fn strip(
    conv: &Convolution,
    pattern: &Pattern,
    cpu: Cpu,
    from: &Map,
    first: usize,
    to: &mut [Row],
    filter: &Filter,
    finish: &Finish<'_>,
    scratch: &mut Scratch,
) {
    let (side, width, taps) = (2 * conv.side, 2 * conv.side + 2, filter.taps);
    let before = taps.div_ceil(2) - 1;
    let long = side + taps - 1;
    // Where a part's first place lies from the border's place of line i - 1.
    let starts = pattern.kinds.map(|(_, offsets)| {
        let start = |&(up, left): &(isize, isize), block: usize| {
            let (line, place) = ((1 - up) as usize, (1 - left) as usize);
            (line * conv.inputs + block) * from.width() + place
        };
        offsets
            .iter()
            .flat_map(|offset| (0..conv.inputs).map(move |block| start(offset, block)))
            .collect::<Vec<usize>>()
    });
    let lines = to.len() / (conv.outputs * width);
    let ring = &mut scratch.a;
    ring.clear();
    // One place more than a filter of one tap reads.
    ring.resize(taps * (long + 1), EMPTY);
    for (block, b) in conv.weights.chunks_exact(pattern.order.len() * conv.inputs * LANES).enumerate() {
        let of_block = finish.of(block);
        let mut made = 0;
        for i in 0..lines {
            // Line r of y, counted from the first that the filter reads, lies in place r mod taps.
            while made < i + taps {
                let line = &mut ring[made % taps * (long + 1)..][..=long];
                match (first + made).checked_sub(before) {
                    Some(y) if y < side + pattern.longer => {
                        make_line(conv, pattern, cpu, from, y, &starts, b, &mut line[before..]);
                    }
                    _ => line.fill(EMPTY),
                }
                made += 1;
            }
            let lines: Vec<&[Row]> = (i..i + taps).map(|r| &ring[r % taps * (long + 1)..][..long]).collect();
            cpu.run(FilterLine {
                lines: &lines,
                filter: &filter.turned,
                noise: finish.line(first + i, side),
                finish: of_block,
                out: &mut to[(i * conv.outputs + block) * width + 1..][..side],
            });
        }
    }
}

/// Line `y` of the transposed convolution.
#[allow(clippy::too_many_arguments)]
fn make_line(
    conv: &Convolution,
    pattern: &Pattern,
    cpu: Cpu,
    from: &Map,
    y: usize,
    starts: &[Vec<usize>; 4],
    b: &[Row],
    out: &mut [Row],
) {
    for odd in 0..2 {
        let kind = 2 * (y % 2) + odd;
        let (tap, offsets) = pattern.kinds[kind];
        let (start, count) = (tap * conv.inputs * LANES, offsets.len() * conv.inputs * LANES);
        cpu.run(Product {
            a: &from.rows,
            first: y / 2 * from.line(),
            starts: &starts[kind],
            b: &b[start..][..count],
            places: conv.side + pattern.longer * (1 - odd),
            out: &mut out[odd..],
            step: 2,
        });
    }
}
