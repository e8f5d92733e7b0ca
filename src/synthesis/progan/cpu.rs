//! ProGAN's synthesis on a CPU.

use std::sync::{Mutex, PoisonError};

use crate::checkpoint::{Conv, Enlarging, ProGanWeights};
use crate::simd::LANES;
use crate::synthesis::Image;
use crate::synthesis::affine::Affine;
use crate::synthesis::cpu::conv::{Also, Beside, Convolution};
use crate::synthesis::cpu::finish::Finish;
use crate::synthesis::cpu::image::{Filter, ToImage};
use crate::synthesis::cpu::{AtWork, Map, Row, Workshop, in_rows};
use crate::synthesis::growth::Top;
use crate::synthesis::mapping::pixel_norm;
use crate::synthesis::stylegan::doubling;

/// The network's convolutions, with their weights in the order in which they are read.
#[derive(Debug)]
pub(in crate::synthesis) struct OnCpu {
    first: Affine,
    levels: Vec<Level>,
    /// One tap: nothing follows an enlargement.
    filter: Filter,
    top: Top,
    slope: f32,
    normalises_first: bool,
    tanh: bool,
    at_work: Mutex<AtWork>,
}

#[derive(Debug)]
struct Level {
    enlarging: Option<Layer>,
    second: Layer,
    to_image: ToImage,
}

#[derive(Debug)]
struct Layer {
    conv: Convolution,
    channels: usize,
    /// The sums are taken as they are.
    ones: Vec<Row>,
    bias: Vec<Row>,
    slope: f32,
}

impl Layer {
    /// `side` is that of what goes in.
    fn new(conv: &Conv, doubles: bool, side: usize, slope: f32) -> Self {
        let Conv { weight, bias, inputs, outputs } = conv;
        Self {
            conv: if doubles {
                Convolution::enlarging_four(&doubling(weight, Enlarging::Nearest), *outputs, *inputs, side)
            } else {
                Convolution::new(weight, *outputs, *inputs, side)
            },
            channels: *outputs,
            ones: vec![[1.0; LANES]; outputs.div_ceil(LANES)],
            bias: in_rows(bias),
            slope,
        }
    }

    /// Convolves, and normalises what comes out.
    fn apply(
        &self,
        shop: &mut Workshop,
        from: &Map,
        to: Option<&mut Map>,
        filter: &Filter,
        beside: Option<Beside<'_>>,
    ) {
        let finish = Finish { slope: self.slope, ..Finish::of_bias(&self.ones, &self.bias) };
        let also = Also { filter: Some(filter), beside, normed: Some(self.channels), ..Also::default() };
        self.conv.apply(shop, from, to, &finish, also);
    }
}

impl OnCpu {
    pub(in crate::synthesis) fn new(weights: &ProGanWeights, threads: usize) -> Self {
        let slope = weights.negative_slope as f32;
        let levels = weights.levels.iter().enumerate().map(|(b, level)| {
            let side = 4 << b;
            let Conv { weight, bias, inputs, .. } = &level.to_image;
            Level {
                enlarging: level.enlarging.as_ref().map(|conv| Layer::new(conv, true, side / 2, slope)),
                second: Layer::new(&level.second, false, side, slope),
                to_image: ToImage {
                    weights: weight.chunks_exact(*inputs).map(in_rows).collect(),
                    bias: bias.clone(),
                    clamp: f32::INFINITY,
                },
            }
        });
        Self {
            first: first(weights),
            levels: levels.collect(),
            filter: Filter { taps: 1, turned: vec![1.0] },
            top: Top::of(weights.lod, weights.levels.len()),
            slope,
            normalises_first: weights.normalises_first,
            tanh: weights.tanh,
            at_work: Mutex::new(AtWork::new(threads)),
        }
    }

    /// The image of a code, its label included.
    pub(in crate::synthesis) fn image(&self, code: &[f32]) -> Image {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let AtWork { shop, maps: [map, other] } = &mut *at_work;
        *map = self.begun(code);
        let (mut coarse, mut fine) = (None, Image::default());
        for (b, level) in self.levels[..=self.top.level].iter().enumerate() {
            let is_top = b == self.top.level;
            if is_top && self.top.fades() {
                let (layer, side) = (&self.levels[b - 1].to_image, map.side);
                let mut image = Image::zeros(layer.bias.len(), side);
                Beside { layer, scales: None, below: None, image: &mut image }.alone(shop, map);
                coarse = Some(image.doubled());
            }
            if let Some(layer) = &level.enlarging {
                layer.apply(shop, map, Some(other), &self.filter, None);
                std::mem::swap(map, other);
            }
            if is_top {
                fine = Image::zeros(level.to_image.bias.len(), map.side);
                let beside = Beside { layer: &level.to_image, scales: None, below: None, image: &mut fine };
                level.second.apply(shop, map, None, &self.filter, Some(beside));
            } else {
                level.second.apply(shop, map, Some(other), &self.filter, None);
                std::mem::swap(map, other);
            }
        }
        let mut image = self.top.image(fine, coarse);
        if self.tanh {
            for x in &mut image.values {
                *x = x.tanh();
            }
        }
        image
    }

    /// What goes into the first convolution.
    fn begun(&self, code: &[f32]) -> Map {
        let mut values = self.first.of(&pixel_norm(code));
        for x in &mut values {
            *x = if *x > 0.0 { *x } else { *x * self.slope };
        }
        if self.normalises_first {
            for place in 0..16 {
                let channels: Vec<f32> = values.iter().skip(place).step_by(16).copied().collect();
                for (x, normed) in values.iter_mut().skip(place).step_by(16).zip(pixel_norm(&channels)) {
                    *x = normed;
                }
            }
        }
        Map::of(&values)
    }
}

/// The dense layer to `[outputs, 4, 4]`. In files it is a transposed convolution of one place: its kernel is turned.
fn first(weights: &ProGanWeights) -> Affine {
    let latent = weights.latent_dim;
    let mut turned = Vec::with_capacity(weights.first_weight.len());
    for input in 0..latent {
        for unit in weights.first_weight.chunks_exact(latent * 16) {
            turned.extend(unit[input * 16..][..16].iter().rev());
        }
    }
    Affine::of_turned(turned, weights.first_bias.clone())
}
