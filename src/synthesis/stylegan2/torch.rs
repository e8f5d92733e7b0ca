//! StyleGAN2's synthesis by libtorch, for any device.

use tch::{Device, TchError, Tensor};

use super::{Affine, Maps};
use crate::checkpoint::{StyleGan2Conv, StyleGan2ToImage, StyleGan2Weights};
use crate::synthesis::Image;
use crate::synthesis::cpu::image::Filter;
use crate::synthesis::tensors::{FromSlice as _, image_of};
use crate::tensor::{channels_last, leaky_relu};

/// The network on a device.
#[derive(Debug)]
pub(in crate::synthesis) struct OnDevice {
    device: Device,
    constant: Tensor,
    layers: Vec<Layer>,
    to_images: Vec<ImageLayer>,
    /// `[1, 1, taps, taps]`, turned, with the gain.
    filter: Tensor,
    taps: i64,
    skips: bool,
}

#[derive(Debug)]
struct Layer {
    /// `[outputs, inputs, 3, 3]`, or `[inputs, outputs, 3, 3]` where the side is doubled.
    weight: Tensor,
    squares: Tensor,
    style: Affine,
    bias: Tensor,
    strength: Option<f64>,
    clamp: Option<f64>,
}

#[derive(Debug)]
struct ImageLayer {
    weight: Tensor,
    style: Affine,
    bias: Tensor,
    clamp: Option<f64>,
}

/// A picture that is made up to a row of w.
#[derive(Debug)]
pub(in crate::synthesis) struct Begun {
    next: usize,
    x: Tensor,
    image: Option<Tensor>,
}

impl Begun {
    /// The row that comes next.
    pub(in crate::synthesis) fn next(&self) -> usize {
        self.next
    }

    /// The image of the sides so far.
    pub(in crate::synthesis) fn image(&self) -> Result<Option<Image>, TchError> {
        self.image.as_ref().map(image_of).transpose()
    }
}

impl Layer {
    fn new(conv: &StyleGan2Conv, doubles: bool, device: Device) -> Result<Self, TchError> {
        let StyleGan2Conv { weight, inputs, outputs, style, bias, noise, clamp } = conv;
        let weight = Tensor::of(weight, &[*outputs, *inputs, 3, 3], device)?;
        let squares = weight.f_square()?.f_sum_dim_intlist([2_i64, 3].as_slice(), false, None)?;
        let weight = channels_last(&if doubles { weight.f_transpose(0, 1)? } else { weight })?;
        let strength = noise.as_ref().map(|noise| f64::from(noise.strength[0]));
        let bias = Tensor::of(bias, &[1, *outputs, 1, 1], device)?;
        Ok(Self { weight, squares, style: Affine::new(style), bias, strength, clamp: clamp.map(f64::from) })
    }
}

impl ImageLayer {
    fn new(layer: &StyleGan2ToImage, device: Device) -> Result<Self, TchError> {
        let StyleGan2ToImage { weight, inputs, style, bias, clamp } = layer;
        Ok(Self {
            weight: Tensor::of(weight, &[bias.len(), *inputs, 1, 1], device)?,
            style: Affine::new(style),
            bias: Tensor::of(bias, &[bias.len()], device)?,
            clamp: clamp.map(f64::from),
        })
    }

    fn apply(&self, x: &Tensor, w: &[f32]) -> Result<Tensor, TchError> {
        let style = self.style.of(w);
        let weight = self.weight.f_mul(&Tensor::of(&style, &[1, style.len(), 1, 1], x.device())?)?;
        let image = x.f_conv2d(&weight, Some(&self.bias), [1, 1], [0, 0], [1, 1], 1)?;
        match self.clamp {
            Some(clamp) => image.f_clamp(-clamp, clamp),
            None => Ok(image),
        }
    }
}

impl OnDevice {
    pub(in crate::synthesis) fn new(weights: &StyleGan2Weights, device: Device) -> Result<Self, TchError> {
        let filter = Filter::new(&weights.filter);
        let layers = weights.convs.iter().enumerate().map(|(i, conv)| Layer::new(conv, i % 2 == 1, device));
        Ok(Self {
            device,
            constant: Tensor::of(&weights.constant, &[1, weights.constant.len() / 16, 4, 4], device)?,
            layers: layers.collect::<Result<_, _>>()?,
            to_images: weights
                .to_images
                .iter()
                .map(|layer| ImageLayer::new(layer, device))
                .collect::<Result<_, _>>()?,
            filter: Tensor::of(&filter.turned, &[1, 1, filter.taps, filter.taps], device)?,
            taps: filter.taps as i64,
            skips: weights.skips,
        })
    }

    pub(in crate::synthesis) fn begin(
        &self,
        rows: &[&[f32]],
        maps: &Maps<'_>,
        first: usize,
    ) -> Result<Begun, TchError> {
        let nothing = Begun { next: 0, x: self.constant.shallow_clone(), image: None };
        self.go_on(&nothing, rows, maps, first)
    }

    /// Whether the images of all sides are added up.
    pub(in crate::synthesis) fn skips(&self) -> bool {
        self.skips
    }

    pub(in crate::synthesis) fn image(
        &self,
        begun: &Begun,
        rows: &[&[f32]],
        maps: &Maps<'_>,
    ) -> Result<Image, TchError> {
        let done = self.go_on(begun, rows, maps, self.layers.len() + 1)?;
        image_of(&done.image.unwrap_or(done.x))
    }

    /// Goes on with a picture up to convolution `until`; the end is one more than there are.
    pub(in crate::synthesis) fn go_on(
        &self,
        begun: &Begun,
        rows: &[&[f32]],
        maps: &Maps<'_>,
        until: usize,
    ) -> Result<Begun, TchError> {
        tch::no_grad(|| self.steps(begun, rows, maps, until))
    }

    fn steps(&self, begun: &Begun, rows: &[&[f32]], maps: &Maps<'_>, until: usize) -> Result<Begun, TchError> {
        let (mut x, mut image) = (begun.x.shallow_clone(), begun.image.as_ref().map(Tensor::shallow_clone));
        for (i, w) in rows.iter().enumerate().take(until).skip(begun.next) {
            if i % 2 == 1 {
                image = self.next_image(i / 2, &x, image, w)?;
            }
            if let Some(layer) = self.layers.get(i) {
                x = self.layer(layer, i % 2 == 1, &x, w, maps.of(i))?;
            }
        }
        Ok(Begun { next: until, x, image })
    }

    /// The image after block `b`.
    fn next_image(&self, b: usize, x: &Tensor, below: Option<Tensor>, w: &[f32]) -> Result<Option<Tensor>, TchError> {
        if !self.skips && b + 1 < self.to_images.len() {
            return Ok(None);
        }
        let own = self.to_images[b].apply(x, w)?;
        let Some(below) = below else { return Ok(Some(own)) };
        // Zeros between the places, then the filter.
        let (_, channels, side, _) = below.size4()?;
        let spread = Tensor::f_zeros([1, channels, side, 2, side, 2], (below.kind(), self.device))?;
        spread.f_select(5, 0)?.f_select(3, 0)?.f_copy_(&below)?;
        let spread = spread.f_view([1, channels, 2 * side, 2 * side])?;
        let enlarged = self.filtered(&spread, (self.taps + 1) / 2, (self.taps - 2).div_euclid(2))?;
        own.f_add(&enlarged).map(Some)
    }

    /// Correlates each channel with the turned filter.
    fn filtered(&self, x: &Tensor, before: i64, after: i64) -> Result<Tensor, TchError> {
        let channels = x.size()[1];
        let x = x.f_constant_pad_nd([before, after, before, after])?;
        let filter = self.filter.f_expand([channels, 1, self.taps, self.taps], false)?.f_contiguous()?;
        x.f_conv2d(&filter, None::<Tensor>, [1, 1], [0, 0], [1, 1], channels)
    }

    fn layer(
        &self,
        layer: &Layer,
        doubles: bool,
        x: &Tensor,
        w: &[f32],
        noise: Option<&[f32]>,
    ) -> Result<Tensor, TchError> {
        let style = Tensor::of(&layer.style.of(w), &[layer.squares.size()[1] as usize], self.device)?;
        let sums = layer.squares.f_mv(&style.f_square()?)?.f_add_scalar(1e-8)?;
        let x = x.f_mul(&style.f_view([1, -1, 1, 1])?)?;
        let mut x = if doubles {
            let x = x.f_conv_transpose2d(&layer.weight, None::<Tensor>, [2, 2], [0, 0], [0, 0], 1, [1, 1])?;
            self.filtered(&x, (self.taps + 1) / 2 - 1, (self.taps - 2).div_euclid(2))?
        } else {
            x.f_conv2d(&layer.weight, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)?
        };
        let mut x = x.f_mul_(&sums.f_rsqrt()?.f_view([1, -1, 1, 1])?)?;
        if let (Some(strength), Some(map)) = (layer.strength, noise) {
            let side = map.len().isqrt();
            x = x.f_add_(&Tensor::of(map, &[1, 1, side, side], self.device)?.f_mul_scalar(strength)?)?;
        }
        let mut x = leaky_relu(&x.f_add_(&layer.bias)?)?;
        let mut x = x.f_mul_scalar_(std::f64::consts::SQRT_2)?;
        match layer.clamp {
            Some(clamp) => x.f_clamp_(-clamp, clamp),
            None => Ok(x),
        }
    }
}
