//! ProGAN's synthesis by libtorch, for any device.

use tch::{Device, TchError, Tensor};

use crate::checkpoint::{Conv, Enlarging, ProGanWeights};
use crate::synthesis::Image;
use crate::synthesis::growth::Top;
use crate::synthesis::stylegan::doubling;
use crate::synthesis::tensors::FromSlice as _;
use crate::tensor::{channels_last, doubled, leaky, pixel_norm, to_host};

/// A network on a device.
#[derive(Debug)]
pub(in crate::synthesis) struct OnDevice {
    first: Tensor,
    first_bias: Tensor,
    levels: Vec<Level>,
    latent: i64,
    top: Top,
    negative_slope: f64,
    normalises_first: bool,
    tanh: bool,
}

#[derive(Debug)]
struct Level {
    enlarging: Option<(Tensor, Tensor)>,
    second: (Tensor, Tensor),
    to_image: (Tensor, Tensor),
}

impl OnDevice {
    pub(in crate::synthesis) fn new(weights: &ProGanWeights, device: Device) -> Result<Self, TchError> {
        let outputs = weights.levels[0].second.inputs as i64;
        let latent = weights.latent_dim as i64;
        let first = Tensor::from_slice(&weights.first_weight).f_view([outputs, latent, 4, 4])?;
        let first = first.f_flip([2, 3])?.f_permute([1, 0, 2, 3])?.f_reshape([latent, outputs * 16])?;
        let levels = weights.levels.iter().map(|level| {
            Ok(Level {
                enlarging: level.enlarging.as_ref().map(|conv| enlarging(conv, device)).transpose()?,
                second: plain(&level.second, 3, device)?,
                to_image: plain(&level.to_image, 1, device)?,
            })
        });
        Ok(Self {
            first: first.f_to_device(device)?,
            first_bias: Tensor::from_slice(&weights.first_bias).f_view([1, outputs, 4, 4])?.f_to_device(device)?,
            levels: levels.collect::<Result<_, TchError>>()?,
            latent,
            top: Top::of(weights.lod, weights.levels.len()),
            negative_slope: weights.negative_slope,
            normalises_first: weights.normalises_first,
            tanh: weights.tanh,
        })
    }

    /// Images of codes `[n, latent]`, labels included.
    pub(in crate::synthesis) fn images(&self, codes: &[f32]) -> Result<Vec<Image>, TchError> {
        let images = tch::no_grad(|| self.forward(codes))?;
        let [channels, side] = [1, 2].map(|axis| images.size()[axis] as usize);
        let planes = to_host(&images)?;
        Ok(planes.chunks_exact(channels * side * side).map(|image| Image::of_planes(channels, side, image)).collect())
    }

    fn forward(&self, codes: &[f32]) -> Result<Tensor, TchError> {
        let codes = Tensor::from_slice(codes).f_view([-1, self.latent])?.f_to_device(self.first.device())?;
        let outputs = self.first_bias.size()[1];
        let first = pixel_norm(&codes)?.f_matmul(&self.first)?.f_view([-1, outputs, 4, 4])?;
        let mut x = self.activated(&first.f_add(&self.first_bias)?)?;
        let top = self.top.level;
        let mut coarse = None;
        for (b, level) in self.levels[..=top].iter().enumerate() {
            if b == top && self.top.fades() {
                coarse = Some(doubled(&image(&self.levels[b - 1], &x)?)?);
            }
            if let Some((weight, bias)) = &level.enlarging {
                let y = pixel_norm(&x)?;
                x = self.activated(&y.f_conv_transpose2d(weight, Some(bias), [2, 2], [1, 1], [0, 0], 1, [1, 1])?)?;
            }
            let y = if b > 0 || self.normalises_first { pixel_norm(&x)? } else { x };
            x = self.activated(&conv(&level.second, &y, 1)?)?;
        }
        let fine = image(&self.levels[top], &x)?;
        let mut image = match coarse {
            Some(coarse) => coarse.f_lerp(&fine, f64::from(self.top.share))?,
            None => fine,
        };
        for _ in top + 1..self.levels.len() {
            image = doubled(&image)?;
        }
        if self.tanh { image.f_tanh() } else { image.f_contiguous() }
    }

    fn activated(&self, x: &Tensor) -> Result<Tensor, TchError> {
        leaky(x, self.negative_slope)
    }
}

fn image(level: &Level, x: &Tensor) -> Result<Tensor, TchError> {
    conv(&level.to_image, &pixel_norm(x)?, 0)
}

fn conv((weight, bias): &(Tensor, Tensor), x: &Tensor, padding: i64) -> Result<Tensor, TchError> {
    x.f_conv2d(weight, Some(bias), [1, 1], [padding, padding], [1, 1], 1)
}

fn plain(conv: &Conv, k: i64, device: Device) -> Result<(Tensor, Tensor), TchError> {
    let weight = Tensor::from_slice(&conv.weight).f_view([conv.outputs as i64, conv.inputs as i64, k, k])?;
    Ok((channels_last(&weight.f_to_device(device)?)?, Tensor::from_slice(&conv.bias).f_to_device(device)?))
}

/// The 4x4 weights of stride 2, `[inputs, outputs, 4, 4]`.
fn enlarging(conv: &Conv, device: Device) -> Result<(Tensor, Tensor), TchError> {
    let four = doubling(&conv.weight, Enlarging::Nearest);
    let weight = Tensor::of(&four, &[conv.outputs, conv.inputs, 4, 4], device)?.f_transpose(0, 1)?.f_contiguous()?;
    Ok((channels_last(&weight)?, Tensor::of(&conv.bias, &[conv.outputs], device)?))
}
