//! 3x3 convolutions by Winograd's algorithm F(4x4, 3x3) (Lavin and Gray 2016): a tile of 4x4 places takes 36 products
//! in the place of 144.
//!
//! Y = A^T [(G g G^T) * (B^T d B)] A with the points 0, 1, -1, 2, -2 and infinity; the product inside is, for each of
//! the 36 numbers of a tile, a matrix product over channels. What rounding adds is about ten times that of the sums
//! themselves, far below a step of 8-bit images.

use super::conv::Convolution;
use super::finish::{Finish, OfBlock};
use super::product::Product;
use super::{EMPTY, Map, Row, Scratch};
use crate::simd::{Cpu, Isa, Kernel, LANES, fused, row, row_done};

/// Numbers of a tile, transformed.
const POINTS: usize = 36;

/// G, by rows.
const G: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// G g G^T of weights `[outputs, inputs, 3, 3]`, as `[point][block out][channel in]`.
pub(super) fn weights(weight: &[f32], outputs: usize, inputs: usize) -> Vec<Row> {
    let (out_blocks, padded) = (outputs.div_ceil(LANES), inputs.next_multiple_of(LANES));
    let mut rows = vec![EMPTY; POINTS * out_blocks * padded];
    for (at, g) in weight.as_chunks::<9>().0.iter().enumerate() {
        let (output, input) = (at / inputs, at % inputs);
        let half: [[f64; 3]; 6] =
            G.map(|of| std::array::from_fn(|x| (0..3).map(|k| of[k] * f64::from(g[3 * k + x])).sum()));
        for (y, half) in half.iter().enumerate() {
            for (x, of) in G.iter().enumerate() {
                let value: f64 = half.iter().zip(of).map(|(a, b)| a * b).sum();
                let row = ((6 * y + x) * out_blocks + output / LANES) * padded + input;
                rows[row][output % LANES] = value as f32;
            }
        }
    }
    rows
}

/// Lines of a map, from line `first`; both are multiples of 4.
pub(super) fn strip(
    conv: &Convolution,
    cpu: Cpu,
    from: &Map,
    first: usize,
    to: &mut [Row],
    finish: &Finish<'_>,
    scratch: &mut Scratch,
) {
    let (side, width) = (conv.side, from.width());
    let line = conv.outputs * width;
    let (tiles_across, tile_lines) = (side / 4, to.len() / line / 4);
    let tiles = tiles_across * tile_lines;
    let Scratch { a, b, .. } = scratch;
    a.resize(POINTS * conv.inputs * tiles, EMPTY);
    b.resize(POINTS * conv.outputs * tiles, EMPTY);
    for tile_line in 0..tile_lines {
        for block in 0..conv.inputs {
            cpu.run(Input {
                maps: &from.rows[(first + 4 * tile_line) * from.line() + block * width..],
                line: from.line(),
                tiles: tiles_across,
                to: &mut a[block * tiles + tile_line * tiles_across..],
                apart: conv.inputs * tiles,
            });
        }
    }
    let starts: Vec<usize> = (0..conv.inputs).map(|block| block * tiles).collect();
    let products = b.chunks_exact_mut(tiles).zip(conv.weights.chunks_exact(conv.inputs * LANES));
    for (i, (out, b)) in products.enumerate() {
        let first = i / conv.outputs * conv.inputs * tiles;
        cpu.run(Product { a, first, starts: &starts, b, places: tiles, out, step: 1 });
    }
    for tile_line in 0..tile_lines {
        for block in 0..conv.outputs {
            let y = first + 4 * tile_line;
            cpu.run(Output {
                from: &b[block * tiles + tile_line * tiles_across..],
                apart: conv.outputs * tiles,
                tiles: tiles_across,
                finish: finish.of(block),
                noise: std::array::from_fn(|i| finish.line(y + i, side)),
                to: &mut to[4 * tile_line * line + block * width + 1..],
                line,
            });
        }
    }
}

/// B^T d B for each tile of a line of tiles.
struct Input<'a> {
    /// From the border's place of the line above.
    maps: &'a [Row],
    line: usize,
    tiles: usize,
    to: &'a mut [Row],
    /// Rows between a point's and the next point's.
    apart: usize,
}

impl Kernel for Input<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for tile in 0..self.tiles {
            let mut half = [[EMPTY; 6]; 6];
            for x in 0..6 {
                let at = |y: usize| &self.maps[y * self.line + 4 * tile + x];
                let column = into::<I>([at(0), at(1), at(2), at(3), at(4), at(5)]);
                for (half, value) in half.iter_mut().zip(column) {
                    half[x] = value;
                }
                row_done();
            }
            for (y, line) in half.iter().enumerate() {
                for (x, value) in into::<I>(line.each_ref()).into_iter().enumerate() {
                    self.to[(6 * y + x) * self.apart + tile] = value;
                }
                row_done();
            }
        }
    }
}

/// B^T d.
#[inline(always)]
fn into<I: Isa>(d: [&Row; 6]) -> [Row; 6] {
    let f = |a: f32, b: f32, c: f32| fused::<I, f32>(a, b, c);
    let even = row(|l| f(-4.0, d[2][l], d[4][l]));
    let odd = row(|l| f(-4.0, d[1][l], d[3][l]));
    let even_2 = row(|l| d[4][l] - d[2][l]);
    let odd_2 = row(|l| 2.0 * (d[3][l] - d[1][l]));
    [
        row(|l| f(4.0, d[0][l], f(-5.0, d[2][l], d[4][l]))),
        row(|l| even[l] + odd[l]),
        row(|l| even[l] - odd[l]),
        row(|l| even_2[l] + odd_2[l]),
        row(|l| even_2[l] - odd_2[l]),
        row(|l| f(4.0, d[1][l], f(-5.0, d[3][l], d[5][l]))),
    ]
}

/// A^T m A for each tile of a line of tiles, and what follows the sums.
struct Output<'a> {
    from: &'a [Row],
    apart: usize,
    tiles: usize,
    finish: OfBlock,
    noise: [&'a [f32]; 4],
    /// From the first place of the first line.
    to: &'a mut [Row],
    line: usize,
}

impl Kernel for Output<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for tile in 0..self.tiles {
            let mut half = [[EMPTY; 6]; 4];
            for x in 0..6 {
                let at = |y: usize| &self.from[(6 * y + x) * self.apart + tile];
                let column = out_of::<I>([at(0), at(1), at(2), at(3), at(4), at(5)]);
                for (half, value) in half.iter_mut().zip(column) {
                    half[x] = value;
                }
                row_done();
            }
            for (y, sums) in half.iter().enumerate() {
                let noise =
                    self.noise[y].get(4 * tile..).and_then(<[f32]>::first_chunk::<4>).copied().unwrap_or_default();
                let line = out_of::<I>(sums.each_ref());
                for (x, value) in line.iter().enumerate() {
                    self.to[y * self.line + 4 * tile + x] = self.finish.apply::<I>(value, noise[x]);
                    row_done();
                }
            }
        }
    }
}

/// A^T m.
#[inline(always)]
fn out_of<I: Isa>(m: [&Row; 6]) -> [Row; 4] {
    let f = |a: f32, b: f32, c: f32| fused::<I, f32>(a, b, c);
    let sum_1 = row(|l| m[1][l] + m[2][l]);
    let sum_2 = row(|l| m[3][l] + m[4][l]);
    let apart_1 = row(|l| m[1][l] - m[2][l]);
    let apart_2 = row(|l| m[3][l] - m[4][l]);
    [
        row(|l| m[0][l] + sum_1[l] + sum_2[l]),
        row(|l| f(2.0, apart_2[l], apart_1[l])),
        row(|l| f(4.0, sum_2[l], sum_1[l])),
        row(|l| f(8.0, apart_2[l], apart_1[l]) + m[5][l]),
    ]
}
