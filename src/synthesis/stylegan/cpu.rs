//! StyleGAN's synthesis on a CPU.

use std::sync::{Mutex, PoisonError};

use super::{Affine, Maps, Top, doubling, fades_after, last_layer, top};
use crate::checkpoint::{Conv, StyleGanLayer, StyleGanWeights};
use crate::simd::LANES;
use crate::synthesis::Image;
use crate::synthesis::cpu::conv::{Also, Beside, Convolution};
use crate::synthesis::cpu::finish::Finish;
use crate::synthesis::cpu::image::{Filter, ToImage};
use crate::synthesis::cpu::moments::{Moments, Norm, scaled_and_shifted};
use crate::synthesis::cpu::{Map, Row, Workshop, in_rows};

/// The network's convolutions, with their weights in the order in which they are read.
#[derive(Debug)]
pub(in crate::synthesis) struct OnCpu {
    constant: Map,
    layers: Vec<Layer>,
    to_images: Vec<Conv>,
    blur: Filter,
    top: Top,
    at_work: Mutex<AtWork>,
}

/// Threads and memory, which pictures take one after another.
#[derive(Debug)]
struct AtWork {
    shop: Workshop,
    maps: [Map; 2],
    lines: Vec<Moments>,
}

#[derive(Debug)]
struct Layer {
    /// None for layer 0, which begins with the constant.
    conv: Option<Convolution>,
    bias: Vec<Row>,
    strengths: Option<Vec<Row>>,
    style: Affine,
}

/// A picture that is made up to a row's style.
#[derive(Clone, Debug)]
pub(in crate::synthesis) struct Begun {
    next: usize,
    /// What layer `next` makes, before its norm.
    map: Map,
    norm: Norm,
    /// The image of the side below, where the last side is being faded in.
    coarse: Option<Image>,
}

impl Layer {
    /// `side` is that of what goes in.
    fn new(layer: &StyleGanLayer, side: usize) -> Self {
        let StyleGanLayer { conv, enlarging, bias, noise, style } = layer;
        let convolution = conv.as_ref().map(|Conv { weight, inputs, outputs, .. }| match enlarging {
            None => Convolution::new(weight, *outputs, *inputs, side),
            Some(enlarging) => Convolution::enlarging_four(&doubling(weight, *enlarging), *outputs, *inputs, side),
        });
        Self {
            conv: convolution,
            bias: in_rows(conv.as_ref().map_or(bias, |conv| &conv.bias)),
            strengths: noise.as_ref().map(|noise| in_rows(&noise.strength)),
            style: Affine::new(style),
        }
    }

    /// Norm and style together: a factor and what is added, by channel.
    fn styled(&self, norm: &Norm, w: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let style = self.style.of(w);
        let (by, plus) = style.split_at(style.len() / 2);
        let factors: Vec<f32> = by.iter().zip(&norm.factor).map(|(s, factor)| s * factor).collect();
        let added = plus.iter().zip(&norm.mean).zip(&factors).map(|((s, mean), factor)| s - mean * factor).collect();
        (factors, added)
    }
}

impl OnCpu {
    pub(in crate::synthesis) fn new(weights: &StyleGanWeights, threads: usize) -> Self {
        let side_in = |i: usize| 4_usize << ((i.max(1) - 1) / 2);
        let blur = [1.0_f32, 2.0, 1.0];
        Self {
            constant: Map::of(&weights.constant),
            layers: weights.layers.iter().enumerate().map(|(i, layer)| Layer::new(layer, side_in(i))).collect(),
            to_images: weights.to_images.clone(),
            blur: Filter { taps: 3, turned: blur.iter().flat_map(|a| blur.map(|b| a * b / 16.0)).collect() },
            top: top(weights),
            at_work: Mutex::new(AtWork {
                shop: Workshop::new(threads),
                maps: [Map::default(), Map::default()],
                lines: Vec::new(),
            }),
        }
    }

    /// A picture up to layer `until`'s norm.
    pub(in crate::synthesis) fn begin(&self, rows: &[&[f32]], noise: &Maps<'_>, until: usize) -> Begun {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = self.nothing(&mut at_work, noise);
        let (norm, coarse) = self.go_on(&mut at_work, &nothing, rows, noise, until);
        let mut map = Map::default();
        map.copy_from(&at_work.maps[0]);
        Begun { next: until, map, norm, coarse }
    }

    /// The image.
    pub(in crate::synthesis) fn image(&self, begun: &Begun, rows: &[&[f32]], noise: &Maps<'_>) -> Image {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last_layer(self.top);
        let (norm, coarse) = self.go_on(&mut at_work, begun, rows, noise, last);
        let (factors, added) = self.layers[last].styled(&norm, rows[last]);
        let AtWork { shop, maps: [map, _], .. } = &mut *at_work;
        // The norm and the style are in the image layer: its maps need not be written once more.
        let image = self.to_image(shop, self.top.level, map, &factors, &added);
        self.top.image(image, coarse)
    }

    /// Layer 0 before its norm.
    fn nothing(&self, at_work: &mut AtWork, noise: &Maps<'_>) -> Begun {
        let layer = &self.layers[0];
        let mut map = self.constant.clone();
        let ones = vec![[1.0; LANES]; map.blocks];
        let finish = layer.finish(&ones, noise.of(0));
        finish.apply_to(at_work.shop.cpu, &mut map);
        at_work.lines.resize(map.side * map.blocks, Moments::default());
        Moments::of_map(at_work.shop.cpu, &map, &mut at_work.lines);
        let norm = Norm::of(&at_work.lines, map.blocks, map.side);
        Begun { next: 0, map, norm, coarse: None }
    }

    /// From layer `begun.next` before its norm to layer `until`; what that makes is then in the first map.
    fn go_on(
        &self,
        AtWork { shop, maps: [map, other], lines }: &mut AtWork,
        begun: &Begun,
        rows: &[&[f32]],
        noise: &Maps<'_>,
        until: usize,
    ) -> (Norm, Option<Image>) {
        map.copy_from(&begun.map);
        let (mut norm, mut coarse) = (begun.norm.clone(), begun.coarse.clone());
        for (i, w) in rows.iter().enumerate().take(until).skip(begun.next) {
            let (factors, added) = self.layers[i].styled(&norm, w);
            scaled_and_shifted(shop, map, &in_rows(&factors), &in_rows(&added));
            if fades_after(self.top, i) {
                let ones = vec![1.0; factors.len()];
                coarse = Some(self.to_image(shop, self.top.level - 1, map, &ones, &vec![0.0; factors.len()]).doubled());
            }
            let next = &self.layers[i + 1];
            let Some(conv) = &next.conv else { continue };
            let ones = vec![[1.0; LANES]; next.bias.len()];
            let also = Also { filter: Some(&self.blur), lines: Some(lines), ..Also::default() };
            conv.apply(shop, map, Some(other), &next.finish(&ones, noise.of(i + 1)), also);
            std::mem::swap(map, other);
            norm = Norm::of(lines, map.blocks, map.side);
        }
        (norm, coarse)
    }

    /// The image of maps that are first multiplied and added to by channel.
    fn to_image(&self, shop: &mut Workshop, level: usize, map: &mut Map, factors: &[f32], added: &[f32]) -> Image {
        let Conv { weight, bias, inputs, outputs } = &self.to_images[level];
        let channels = || weight.chunks_exact(*inputs);
        let times = |weight: &[f32]| weight.iter().zip(factors).map(|(w, factor)| w * factor).collect::<Vec<f32>>();
        let plus = |weight: &[f32]| weight.iter().zip(added).map(|(w, added)| w * added).sum::<f32>();
        let layer = ToImage {
            weights: channels().map(|weight| in_rows(&times(weight))).collect(),
            bias: channels().zip(bias).map(|(weight, bias)| bias + plus(weight)).collect(),
            clamp: f32::INFINITY,
        };
        let mut image = Image::zeros(*outputs, map.side);
        Beside { layer: &layer, scales: None, below: None, image: &mut image }.alone(shop, map);
        image
    }
}

impl Layer {
    /// Noise, bias and LeakyReLU.
    fn finish<'a>(&'a self, ones: &'a [Row], noise: Option<&'a [f32]>) -> Finish<'a> {
        let noise = self.strengths.as_ref().zip(noise).map(|(strengths, map)| (map, &strengths[..]));
        Finish { noise, ..Finish::of_bias(ones, &self.bias) }
    }
}
