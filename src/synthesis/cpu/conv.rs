//! Convolutions 3x3 of feature maps, in strips of lines.

use super::enlarging::Pattern;
use super::finish::{Finish, FinishLine};
use super::image::{EnlargedLine, Filter, ImageLine, ToImage};
use super::moments::{LineMoments, LineNormed, Moments};
use super::product::Product;
use super::{EMPTY, Map, Row, Workshop, enlarging, winograd};
use crate::simd::{Cpu, LANES};
use crate::synthesis::Image;

/// From this side on Winograd's algorithm is faster than nine products.
const WINOGRAD_FROM: usize = 32;

/// How a convolution is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Nine products for a place.
    Direct,
    /// Winograd's algorithm.
    Winograd,
    /// Transposed with stride 2, 3x3, then a filter.
    Enlarging,
    /// Transposed with stride 2 and padding 1, 4x4, then a filter.
    EnlargingFour,
}

impl Way {
    fn pattern(self) -> Option<&'static Pattern> {
        match self {
            Self::Enlarging => Some(&enlarging::THREE),
            Self::EnlargingFour => Some(&enlarging::FOUR),
            Self::Direct | Self::Winograd => None,
        }
    }
}

/// A 3x3 convolution's weights, in the order in which they are read.
#[derive(Debug)]
pub(in crate::synthesis) struct Convolution {
    pub(super) way: Way,
    /// Blocks of 16 channels in and out.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Block out, then the way's order of taps, block in, channel in.
    pub(super) weights: Vec<Row>,
    /// The side of what goes in.
    pub(super) side: usize,
}

/// What is done beside a convolution.
#[derive(Default)]
pub(in crate::synthesis) struct Also<'a> {
    /// What follows an enlarging convolution.
    pub(in crate::synthesis) filter: Option<&'a Filter>,
    pub(in crate::synthesis) beside: Option<Beside<'a>>,
    /// The channels over which each place is normalised (ProGAN's pixel norm), before an image is made beside.
    pub(in crate::synthesis) normed: Option<usize>,
    /// For each line and block, the moments of what comes out.
    pub(in crate::synthesis) lines: Option<&'a mut Vec<Moments>>,
}

/// An image that is made beside the feature maps.
#[derive(Debug)]
pub(in crate::synthesis) struct Beside<'a> {
    pub(in crate::synthesis) layer: &'a ToImage,
    /// What the feature maps are multiplied by afterwards.
    pub(in crate::synthesis) scales: Option<&'a [Row]>,
    /// An image of half the side, which is enlarged and added.
    pub(in crate::synthesis) below: Option<(&'a Image, &'a Filter)>,
    pub(in crate::synthesis) image: &'a mut Image,
}

impl Beside<'_> {
    /// Makes the image of maps that are there.
    pub(in crate::synthesis) fn alone(self, shop: &mut Workshop, map: &mut Map) {
        let (cpu, side, line) = (shop.cpu, map.side, map.line());
        let height = side.div_ceil(4 * shop.threads());
        let Self { layer, scales, below, image } = self;
        let below = below.map(|(image, filter)| (image, filter, filter.all_meeting()));
        let maps = map.inner().chunks_mut(line * height);
        let images = image.values.chunks_mut(image.channels * side * height);
        shop.each(maps.zip(images).enumerate(), |(i, (maps, image)), _| {
            image_lines(cpu, layer, scales, below.as_ref(), (i * height, side), maps, image);
        });
    }
}

/// An image that is enlarged, by a filter whose taps meet these places.
type Below<'a> = (&'a Image, &'a Filter, [Vec<(usize, isize)>; 2]);

/// Makes lines of an image beside those of feature maps, from line `first` of `side`.
fn image_lines(
    cpu: Cpu,
    layer: &ToImage,
    scales: Option<&[Row]>,
    below: Option<&Below<'_>>,
    (first, side): (usize, usize),
    maps: &mut [Row],
    image: &mut [f32],
) {
    let image = image.chunks_exact_mut(layer.bias.len() * side);
    let lines = image.len();
    for (i, (maps, image)) in maps.chunks_exact_mut(maps.len() / lines).zip(image).enumerate() {
        if let Some((image_below, filter, meeting)) = below {
            cpu.run(EnlargedLine { image: image_below, filter, meeting, y: first + i, out: image });
        }
        cpu.run(ImageLine { maps, width: side + 2, layer, scales, out: image });
    }
}

/// `[block out][tap][block in][channel in]` out of `[outputs, inputs, taps]`, the taps in this order.
fn ordered(weight: &[f32], outputs: usize, inputs: usize, taps: &[usize]) -> Vec<Row> {
    let (out_blocks, in_blocks) = (outputs.div_ceil(LANES), inputs.div_ceil(LANES));
    let mut rows = vec![EMPTY; out_blocks * taps.len() * in_blocks * LANES];
    for (at, row) in rows.iter_mut().enumerate() {
        let (input, rest) = (at % (in_blocks * LANES), at / (in_blocks * LANES));
        let (tap, block) = (taps[rest % taps.len()], rest / taps.len());
        for (lane, x) in row.iter_mut().enumerate() {
            let output = block * LANES + lane;
            if input < inputs && output < outputs {
                *x = weight[(output * inputs + input) * taps.len() + tap];
            }
        }
    }
    rows
}

impl Convolution {
    /// A convolution with padding 1 of maps of this side.
    pub(in crate::synthesis) fn new(weight: &[f32], outputs: usize, inputs: usize, side: usize) -> Self {
        let way = if side >= WINOGRAD_FROM { Way::Winograd } else { Way::Direct };
        Self::by(way, weight, outputs, inputs, side)
    }

    /// A transposed convolution of stride 2, which a filter follows.
    pub(in crate::synthesis) fn enlarging(weight: &[f32], outputs: usize, inputs: usize, side: usize) -> Self {
        Self::by(Way::Enlarging, weight, outputs, inputs, side)
    }

    /// A transposed convolution 4x4 of stride 2 and padding 1, which a filter follows.
    pub(in crate::synthesis) fn enlarging_four(weight: &[f32], outputs: usize, inputs: usize, side: usize) -> Self {
        Self::by(Way::EnlargingFour, weight, outputs, inputs, side)
    }

    fn by(way: Way, weight: &[f32], outputs: usize, inputs: usize, side: usize) -> Self {
        let weights = match way {
            Way::Direct => ordered(weight, outputs, inputs, &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
            Way::Winograd => winograd::weights(weight, outputs, inputs),
            Way::Enlarging => ordered(weight, outputs, inputs, enlarging::THREE.order),
            Way::EnlargingFour => ordered(weight, outputs, inputs, enlarging::FOUR.order),
        };
        Self { way, inputs: inputs.div_ceil(LANES), outputs: outputs.div_ceil(LANES), weights, side }
    }

    /// The side of what comes out.
    pub(in crate::synthesis) fn side_out(&self) -> usize {
        if self.way.pattern().is_some() { 2 * self.side } else { self.side }
    }

    /// Applies it. `to` may be left out where only the image beside is wanted.
    pub(in crate::synthesis) fn apply(
        &self,
        shop: &mut Workshop,
        from: &Map,
        to: Option<&mut Map>,
        finish: &Finish<'_>,
        also: Also<'_>,
    ) {
        let side = self.side_out();
        let (cpu, height) = (shop.cpu, self.height(shop.threads()));
        let line = self.outputs * (side + 2);
        let strips = side.div_ceil(height);
        let maps: Vec<Option<&mut [Row]>> = match to {
            Some(map) => {
                map.reshape(self.outputs, side);
                map.inner().chunks_mut(line * height).map(Some).collect()
            }
            None => (0..strips).map(|_| None).collect(),
        };
        let Also { filter, beside, normed, lines } = also;
        let mut layer = None;
        let images: Vec<Option<&mut [f32]>> = match beside {
            Some(Beside { layer: own, scales, below, image }) => {
                layer = Some((own, scales, below.map(|(image, filter)| (image, filter, filter.all_meeting()))));
                image.values.chunks_mut(image.channels * side * height).map(Some).collect()
            }
            None => (0..strips).map(|_| None).collect(),
        };
        let moments: Vec<Option<&mut [Moments]>> = match lines {
            Some(lines) => {
                lines.resize(side * self.outputs, Moments::default());
                lines.chunks_mut(self.outputs * height).map(Some).collect()
            }
            None => (0..strips).map(|_| None).collect(),
        };
        let tasks = maps.into_iter().zip(images).zip(moments).enumerate();
        shop.each(tasks, |(i, ((maps, image), moments)), scratch| {
            let first = i * height;
            let lines = height.min(side - first);
            let mut strip = std::mem::take(&mut scratch.strip);
            let maps = if let Some(maps) = maps {
                maps
            } else {
                strip.resize(line * height, EMPTY);
                &mut strip[..line * lines]
            };
            match (self.way, self.way.pattern(), filter) {
                (_, Some(pattern), Some(filter)) => {
                    enlarging::strip(self, pattern, cpu, from, first, maps, filter, finish, scratch);
                }
                (Way::Winograd, ..) => winograd::strip(self, cpu, from, first, maps, finish, scratch),
                _ => self.direct(cpu, from, first, maps, finish),
            }
            if let Some(channels) = normed {
                for maps in maps.chunks_exact_mut(line) {
                    cpu.run(LineNormed { maps, width: side + 2, channels });
                }
            }
            if let Some(moments) = moments {
                for (maps, moments) in maps.chunks_exact(side + 2).zip(moments) {
                    cpu.run(LineMoments { places: &maps[1..=side], moments });
                }
            }
            if let (Some((layer, scales, below)), Some(image)) = (&layer, image) {
                image_lines(cpu, layer, *scales, below.as_ref(), (first, side), maps, image);
            }
            scratch.strip = strip;
        });
    }

    /// How many lines a thread takes at a time. Few weights are read anew for each strip, many only once by each
    /// thread.
    fn height(&self, threads: usize) -> usize {
        let side = self.side_out();
        let unit = if self.way == Way::Winograd { 4 } else { 2 };
        let most = match self.way {
            // As many tiles as make the products of a strip long rows.
            Way::Winograd => 4 * 128_usize.div_ceil(side / 4),
            Way::Enlarging | Way::EnlargingFour if side > 64 => side.div_ceil(4 * threads),
            Way::Direct | Way::Enlarging | Way::EnlargingFour => side,
        };
        most.min(side.div_ceil(threads)).next_multiple_of(unit).min(side)
    }

    fn direct(&self, cpu: Cpu, from: &Map, first: usize, to: &mut [Row], finish: &Finish<'_>) {
        let (width, line) = (from.width(), self.outputs * from.width());
        let start = |tap: usize, block: usize| (tap / 3 * self.inputs + block) * width + tap % 3;
        let starts: Vec<usize> = (0..9).flat_map(|tap| (0..self.inputs).map(move |block| start(tap, block))).collect();
        let per_block = 9 * self.inputs * LANES;
        for (block, b) in self.weights.chunks_exact(per_block).enumerate() {
            let of_block = finish.of(block);
            for (i, to) in to.chunks_exact_mut(line).enumerate() {
                let out = &mut to[block * width + 1..][..self.side];
                let y = first + i;
                cpu.run(Product {
                    a: &from.rows,
                    first: y * from.line(),
                    starts: &starts,
                    b,
                    places: self.side,
                    out,
                    step: 1,
                });
                cpu.run(FinishLine { sums: out, noise: finish.line(y, self.side), finish: of_block });
            }
        }
    }
}
