//! StyleGAN's synthesis by libtorch, for any device.

use tch::{Device, Kind, TchError, Tensor};

use super::{Affine, Maps, Top, doubling, fades_after, last_layer, top};
use crate::checkpoint::{Conv, Noise, StyleGanLayer, StyleGanWeights};
use crate::synthesis::Image;
use crate::synthesis::tensors::{FromSlice as _, image_of};
use crate::tensor::{channels_last, doubled, leaky_relu};

/// A synthesis network on a device.
#[derive(Debug)]
pub(in crate::synthesis) struct OnDevice {
    constant: Tensor,
    layers: Vec<Layer>,
    to_images: Vec<(Tensor, Tensor)>,
    top: Top,
}

#[derive(Debug)]
struct Layer {
    conv: Option<(Tensor, Step)>,
    /// `[1, outputs, 1, 1]`.
    bias: Tensor,
    strength: Option<Tensor>,
    style: Affine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A 3x3 convolution with padding 1.
    Same,
    /// A transposed 4x4 one of stride 2 and padding 1, then the blur.
    Doubling,
}

/// A picture that is made up to a row's style.
#[derive(Debug)]
pub(in crate::synthesis) struct Begun {
    next: usize,
    /// What layer `next` has normalised, before its style.
    x: Tensor,
    /// The image of the side below, where the last side is being faded in.
    coarse: Option<Tensor>,
}

impl Layer {
    fn new(layer: &StyleGanLayer, device: Device) -> Result<Self, TchError> {
        let StyleGanLayer { conv, enlarging, bias, noise, style } = layer;
        let bias = conv.as_ref().map_or(bias, |conv| &conv.bias);
        let prepared = conv.as_ref().map(|Conv { weight, inputs, outputs, .. }| {
            let Some(enlarging) = enlarging else {
                let weight = Tensor::of(weight, &[*outputs, *inputs, 3, 3], device)?;
                return Ok::<_, TchError>((channels_last(&weight)?, Step::Same));
            };
            let weight = Tensor::of(&doubling(weight, *enlarging), &[*outputs, *inputs, 4, 4], device)?;
            Ok((channels_last(&weight.f_transpose(0, 1)?)?, Step::Doubling))
        });
        let strength = |noise: &Noise| Tensor::of(&noise.strength, &[1, noise.strength.len(), 1, 1], device);
        Ok(Self {
            conv: prepared.transpose()?,
            bias: Tensor::of(bias, &[1, bias.len(), 1, 1], device)?,
            strength: noise.as_ref().map(strength).transpose()?,
            style: Affine::new(style),
        })
    }

    /// The layer up to its norm.
    fn normalised(&self, x: &Tensor, noise: Option<&[f32]>) -> Result<Tensor, TchError> {
        let mut x = match &self.conv {
            // Another tensor, because what follows works in place.
            None => x.f_mul_scalar(1.0)?,
            Some((weight, Step::Same)) => x.f_conv2d(weight, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)?,
            Some((weight, Step::Doubling)) => {
                blurred(&x.f_conv_transpose2d(weight, None::<Tensor>, [2, 2], [1, 1], [0, 0], 1, [1, 1])?)?
            }
        };
        if let (Some(strength), Some(map)) = (&self.strength, noise) {
            let side = map.len().isqrt();
            x = x.f_addcmul_(&Tensor::of(map, &[1, 1, side, side], x.device())?, strength)?;
        }
        let x = leaky_relu(&x.f_add_(&self.bias)?)?;
        let over = [2_i64, 3];
        let mean = x.f_mean_dim(over.as_slice(), true, None::<Kind>)?;
        let mut x = x;
        let mut x = x.f_sub_(&mean)?;
        let variance = x.f_square()?.f_mean_dim(over.as_slice(), true, None::<Kind>)?;
        x.f_mul_(&variance.f_add_scalar(1e-8)?.f_rsqrt()?)
    }

    /// What the norm left, with w's style.
    fn styled(&self, x: &Tensor, w: &[f32]) -> Result<Tensor, TchError> {
        let style = self.style.of(w);
        let (factors, added) = style.split_at(style.len() / 2);
        let of = |values: &[f32]| Tensor::of(values, &[1, values.len(), 1, 1], x.device());
        of(added)?.f_addcmul(x, &of(factors)?)
    }
}

/// [1, 2, 1] / 4 both ways, each channel for itself, with zeros around.
fn blurred(x: &Tensor) -> Result<Tensor, TchError> {
    let channels = x.size()[1];
    let taps: Vec<f32> = [1.0, 2.0, 1.0].iter().flat_map(|a| [1.0, 2.0, 1.0].map(|b| a * b / 16.0)).collect();
    let filter = Tensor::of(&taps, &[1, 1, 3, 3], x.device())?.f_expand([channels, 1, 3, 3], false)?;
    x.f_conv2d(&channels_last(&filter)?, None::<Tensor>, [1, 1], [1, 1], [1, 1], channels)
}

impl OnDevice {
    pub(in crate::synthesis) fn new(weights: &StyleGanWeights, device: Device) -> Result<Self, TchError> {
        let to_image = |conv: &Conv| {
            let weight = Tensor::of(&conv.weight, &[conv.outputs, conv.inputs, 1, 1], device)?;
            Ok((weight, Tensor::of(&conv.bias, &[conv.outputs], device)?))
        };
        Ok(Self {
            constant: Tensor::of(&weights.constant, &[1, weights.constant.len() / 16, 4, 4], device)?,
            layers: weights.layers.iter().map(|layer| Layer::new(layer, device)).collect::<Result<_, _>>()?,
            to_images: weights.to_images.iter().map(to_image).collect::<Result<_, TchError>>()?,
            top: top(weights),
        })
    }

    /// A picture up to layer `until`'s norm.
    pub(in crate::synthesis) fn begin(
        &self,
        rows: &[&[f32]],
        maps: &Maps<'_>,
        until: usize,
    ) -> Result<Begun, TchError> {
        tch::no_grad(|| {
            let x = self.layers[0].normalised(&self.constant, maps.of(0))?;
            self.go_on(&Begun { next: 0, x, coarse: None }, rows, maps, until)
        })
    }

    /// The image.
    pub(in crate::synthesis) fn image(
        &self,
        begun: &Begun,
        rows: &[&[f32]],
        maps: &Maps<'_>,
    ) -> Result<Image, TchError> {
        tch::no_grad(|| {
            let last = last_layer(self.top);
            let Begun { x, coarse, .. } = self.go_on(begun, rows, maps, last)?;
            let fine = self.to_image(self.top.level, &self.layers[last].styled(&x, rows[last])?)?;
            Ok(self.top.image(image_of(&fine)?, coarse.as_ref().map(image_of).transpose()?))
        })
    }

    /// From layer `begun.next`'s norm to layer `until`'s.
    fn go_on(&self, begun: &Begun, rows: &[&[f32]], maps: &Maps<'_>, until: usize) -> Result<Begun, TchError> {
        let mut x = begun.x.shallow_clone();
        let mut coarse = begun.coarse.as_ref().map(Tensor::shallow_clone);
        for (i, w) in rows.iter().enumerate().take(until).skip(begun.next) {
            let styled = self.layers[i].styled(&x, w)?;
            if fades_after(self.top, i) {
                coarse = Some(doubled(&self.to_image(self.top.level - 1, &styled)?)?);
            }
            x = self.layers[i + 1].normalised(&styled, maps.of(i + 1))?;
        }
        Ok(Begun { next: until, x, coarse })
    }

    fn to_image(&self, level: usize, x: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = &self.to_images[level];
        x.f_conv2d(weight, Some(bias), [1, 1], [0, 0], [1, 1], 1)
    }
}
