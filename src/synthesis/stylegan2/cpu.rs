//! StyleGAN2's synthesis on a CPU.

use std::sync::{Mutex, PoisonError};

use super::{Affine, Maps};
use crate::checkpoint::{StyleGan2Conv, StyleGan2ToImage, StyleGan2Weights};
use crate::synthesis::Image;
use crate::synthesis::cpu::conv::{Also, Beside, Convolution};
use crate::synthesis::cpu::finish::Finish;
use crate::synthesis::cpu::image::{Filter, ToImage};
use crate::synthesis::cpu::{AtWork, Map, Row, in_rows};

/// The network's convolutions, with their weights in the order in which they are read.
#[derive(Debug)]
pub(in crate::synthesis) struct OnCpu {
    constant: Map,
    layers: Vec<Layer>,
    to_images: Vec<ImageLayer>,
    filter: Filter,
    skips: bool,
    at_work: Mutex<AtWork>,
}

#[derive(Debug)]
struct Layer {
    conv: Convolution,
    style: Affine,
    /// Sums of squares of the weights over taps, `[inputs, outputs]`, for the demodulation.
    squares: Vec<f32>,
    outputs: usize,
    /// With the activation's gain, as all that is added.
    bias: Vec<Row>,
    strengths: Option<Vec<Row>>,
    clamp: f32,
}

#[derive(Debug)]
struct ImageLayer {
    weight: Vec<f32>,
    inputs: usize,
    style: Affine,
    bias: Vec<f32>,
    clamp: f32,
}

/// A picture that is made up to a layer: what goes into convolution `next`, and the image of the sides below.
#[derive(Clone, Debug)]
pub(in crate::synthesis) struct Begun {
    /// What has been computed is the same for all w that agree in the rows before this one.
    pub(in crate::synthesis) next: usize,
    map: Map,
    image: Option<Image>,
}

impl Begun {
    /// The image of the sides so far.
    pub(in crate::synthesis) fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }
}

impl Layer {
    fn new(conv: &StyleGan2Conv, side: usize, doubles: bool) -> Self {
        let StyleGan2Conv { weight, inputs, outputs, style, bias, noise, clamp } = conv;
        let gain = std::f32::consts::SQRT_2;
        let mut squares = vec![0.0; inputs * outputs];
        for (i, taps) in weight.chunks_exact(9).enumerate() {
            squares[i % inputs * outputs + i / inputs] = taps.iter().map(|w| w * w).sum();
        }
        let bias: Vec<f32> = bias.iter().map(|b| b * gain).collect();
        Self {
            conv: if doubles {
                Convolution::enlarging(weight, *outputs, *inputs, side)
            } else {
                Convolution::new(weight, *outputs, *inputs, side)
            },
            style: Affine::new(style),
            squares,
            outputs: *outputs,
            bias: in_rows(&bias),
            strengths: noise.as_ref().map(|noise| in_rows(&vec![noise.strength[0] * gain; *outputs])),
            clamp: clamp.unwrap_or(f32::INFINITY),
        }
    }

    /// sqrt 2 / sqrt(sum of squares of the styled weights + 1e-8) for each channel out.
    fn factors(&self, style: &[f32]) -> Vec<Row> {
        let mut sums = vec![1e-8_f32; self.outputs];
        for (s, squares) in style.iter().zip(self.squares.chunks_exact(self.outputs)) {
            for (sum, square) in sums.iter_mut().zip(squares) {
                *sum += s * s * square;
            }
        }
        let factors: Vec<f32> = sums.into_iter().map(|sum| std::f32::consts::SQRT_2 / sum.sqrt()).collect();
        in_rows(&factors)
    }
}

impl ImageLayer {
    fn new(layer: &StyleGan2ToImage) -> Self {
        let StyleGan2ToImage { weight, inputs, style, bias, clamp } = layer;
        Self {
            weight: weight.clone(),
            inputs: *inputs,
            style: Affine::new(style),
            bias: bias.clone(),
            clamp: clamp.unwrap_or(f32::INFINITY),
        }
    }

    fn styled(&self, w: &[f32]) -> ToImage {
        let style = self.style.of(w);
        let styled = |weight: &[f32]| weight.iter().zip(&style).map(|(w, s)| w * s).collect::<Vec<f32>>();
        ToImage {
            weights: self.weight.chunks_exact(self.inputs).map(|weight| in_rows(&styled(weight))).collect(),
            bias: self.bias.clone(),
            clamp: self.clamp,
        }
    }
}

impl OnCpu {
    pub(in crate::synthesis) fn new(weights: &StyleGan2Weights, threads: usize) -> Self {
        let side = |i: usize| 4 << (i / 2);
        let layer =
            |(i, conv)| if i % 2 == 0 { Layer::new(conv, side(i), false) } else { Layer::new(conv, side(i), true) };
        Self {
            constant: Map::of(&weights.constant),
            layers: weights.convs.iter().enumerate().map(layer).collect(),
            to_images: weights.to_images.iter().map(ImageLayer::new).collect(),
            filter: Filter::new(&weights.filter),
            skips: weights.skips,
            at_work: Mutex::new(AtWork::new(threads)),
        }
    }

    /// Whether the images of all sides are added up.
    pub(in crate::synthesis) fn skips(&self) -> bool {
        self.skips
    }

    /// A picture of which nothing is made yet.
    pub(in crate::synthesis) fn nothing(&self) -> Begun {
        Begun { next: 0, map: self.constant.clone(), image: None }
    }

    /// Goes on with a picture up to convolution `until`. `rows` are w's, `w_dim` numbers each.
    pub(in crate::synthesis) fn begin(&self, begun: &Begun, rows: &[&[f32]], noise: &Maps<'_>, until: usize) -> Begun {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let image = self.go_on(&mut at_work, begun, rows, noise, until);
        let mut map = Map::default();
        map.copy_from(&at_work.maps[0]);
        Begun { next: until, map, image }
    }

    /// Finishes a picture.
    pub(in crate::synthesis) fn image(&self, begun: &Begun, rows: &[&[f32]], noise: &Maps<'_>) -> Image {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.layers.len() + 1;
        self.go_on(&mut at_work, begun, rows, noise, end).unwrap_or_default()
    }

    /// Does what stands between convolution `begun.next` and `until`, the end with the last image layer being one
    /// more than there are. What goes into `until` is then in the first map, without its style.
    fn go_on(
        &self,
        AtWork { shop, maps: [map, other] }: &mut AtWork,
        begun: &Begun,
        rows: &[&[f32]],
        noise: &Maps<'_>,
        until: usize,
    ) -> Option<Image> {
        let count = self.layers.len();
        let style = |i: usize| (i < count && i < until).then(|| in_rows(&self.layers[i].style.of(rows[i])));
        map.copy_from(&begun.map);
        let mut image = begun.image.clone();
        let mut scales = style(begun.next);
        if begun.next % 2 == 1 && begun.next < until {
            // The image of this side follows a row that may have changed.
            let mut made = self.new_image(begun.next / 2, map.side);
            if let (Some(made), Some(beside)) = (&mut made, self.to_image(begun.next / 2, rows)) {
                let below = image.as_ref().map(|image| (image, &self.filter));
                Beside { layer: &beside, scales: None, below, image: made }.alone(shop, map);
            }
            image = made.or(image);
        }
        if let Some(scales) = &scales {
            map.scale(scales);
        }
        let filter = Some(&self.filter);
        for i in begun.next..until.min(count) {
            let layer = &self.layers[i];
            let style = layer.style.of(rows[i]);
            let factors = layer.factors(&style);
            scales = (i + 1 < until)
                .then(|| self.layers.get(i + 1))
                .flatten()
                .map(|next| in_rows(&next.style.of(rows[i + 1])));
            let maps = layer.strengths.as_ref().zip(noise.of(i)).map(|(strengths, map)| (map, &strengths[..]));
            let finish = Finish { noise: maps, clamp: layer.clamp, ..Finish::of_bias(&factors, &layer.bias) };
            let b = i / 2;
            // The image layer shares the row of the next convolution: it waits where that is to be done anew.
            let to_image = if i % 2 == 0 && i + 1 < until { self.to_image(b, rows) } else { None };
            if let (Some(beside), Some(mut made)) = (&to_image, self.new_image(b, layer.conv.side_out())) {
                let to = (i + 1 < count).then_some(&mut *other);
                let below = image.as_ref().map(|image| (image, &self.filter));
                let beside = Beside { layer: beside, scales: scales.as_deref(), below, image: &mut made };
                layer.conv.apply(shop, map, to, &finish, Also { filter, beside: Some(beside), ..Also::default() });
                image = Some(made);
            } else {
                let finish = Finish { scales: scales.as_deref(), ..finish };
                layer.conv.apply(shop, map, Some(other), &finish, Also { filter, ..Also::default() });
            }
            std::mem::swap(map, other);
        }
        image
    }

    /// The image layer of block `b`, styled; None where it is not drawn.
    fn to_image(&self, b: usize, rows: &[&[f32]]) -> Option<ToImage> {
        let drawn = self.skips || b + 1 == self.to_images.len();
        drawn.then(|| self.to_images[b].styled(rows[2 * b + 1]))
    }

    fn new_image(&self, b: usize, side: usize) -> Option<Image> {
        let drawn = self.skips || b + 1 == self.to_images.len();
        drawn.then(|| Image::zeros(self.to_images[b].bias.len(), side))
    }
}
