//! StyleGAN's synthesis (Karras et al. 2019, figure 1b, and its published code).
//!
//! Layer 0 begins with the constant, others with a convolution, which doubles the side in every even one and is
//! blurred there by [1, 2, 1] / 4 both ways. Then noise times a strength by channel, bias, LeakyReLU, instance norm
//! (x - mean) / sqrt(variance + 1e-8) over places, and the style: x times one number and plus another by channel, A
//! w_i + a. The image is a 1x1 convolution of the last layer's maps.
//!
//! Norm and style together are a factor and a number to add by channel. On a CPU that is our own code (`cpu`),
//! elsewhere libtorch's (`torch`).

mod cpu;
#[cfg(test)]
#[cfg(feature = "torch")]
mod tests;
#[cfg(feature = "torch")]
mod torch;

use super::affine::Affine;
use super::growth::Top;
use super::noise::{Maps, NoiseMode, Stored};
use super::{Image, Processor, SynthesisError};
use crate::checkpoint::{Enlarging, StyleGanWeights};
use cpu::OnCpu;
#[cfg(feature = "torch")]
use torch::OnDevice;

/// A synthesis network.
#[derive(Debug)]
pub(super) struct StyleGan {
    place: Place,
    noise: Stored,
    rows: usize,
    w_dim: usize,
    last_layer: usize,
}

#[derive(Debug)]
enum Place {
    Cpu(Box<OnCpu>),
    #[cfg(feature = "torch")]
    Device(OnDevice),
}

/// A picture that is made up to a row's style.
#[derive(Debug)]
pub(super) enum Begun {
    /// Ours.
    Cpu(cpu::Begun),
    /// libtorch's.
    #[cfg(feature = "torch")]
    Device(torch::Begun),
}

/// The last layer that is drawn.
fn last_layer(top: Top) -> usize {
    2 * top.level + 1
}

fn top(weights: &StyleGanWeights) -> Top {
    Top::of(weights.lod, weights.to_images.len())
}

/// Whether the image of the level below the last is made of what layer `i` makes.
fn fades_after(top: Top, i: usize) -> bool {
    top.fades() && i + 1 == 2 * top.level
}

/// The 4x4 kernel `[outputs, inputs, 4, 4]` by which a 3x3 one doubles the side, as a transposed convolution of
/// stride 2 and padding 1.
///
/// Nearest-neighbour enlargement and a convolution: along an axis w2, w1 + w2, w0 + w1, w0 (see `progan`). Fused: the
/// sum of the kernel and itself one place on, w0, w0 + w1, w1 + w2, w2, as published files mean it.
pub(super) fn doubling(weight: &[f32], enlarging: Enlarging) -> Vec<f32> {
    let along = |w: [f32; 3]| match enlarging {
        Enlarging::Nearest => [w[2], w[1] + w[2], w[0] + w[1], w[0]],
        Enlarging::Fused => [w[0], w[0] + w[1], w[1] + w[2], w[2]],
    };
    let mut four = Vec::with_capacity(weight.len() / 9 * 16);
    for w in weight.as_chunks::<9>().0 {
        let lines: [[f32; 4]; 3] = std::array::from_fn(|y| along([w[3 * y], w[3 * y + 1], w[3 * y + 2]]));
        let columns: [[f32; 4]; 4] = std::array::from_fn(|x| along([lines[0][x], lines[1][x], lines[2][x]]));
        four.extend((0..16).map(|i| columns[i % 4][i / 4]));
    }
    four
}

impl StyleGan {
    pub(super) fn new(weights: &StyleGanWeights, on: Processor) -> Result<Self, SynthesisError> {
        let place = match on {
            Processor::Cpu { threads } => Place::Cpu(Box::new(OnCpu::new(weights, threads))),
            #[cfg(feature = "torch")]
            Processor::Torch(device) => Place::Device(OnDevice::new(weights, device)?),
        };
        Ok(Self::at(weights, place))
    }

    fn at(weights: &StyleGanWeights, place: Place) -> Self {
        let noises = weights.layers.iter().enumerate().map(|(i, layer)| (layer.noise.as_ref(), 4 << (i / 2)));
        Self {
            place,
            noise: Stored::new(noises),
            rows: weights.rows(),
            w_dim: weights.mapping.w_dim(),
            last_layer: last_layer(top(weights)),
        }
    }

    pub(super) fn row_count(&self) -> usize {
        self.rows
    }

    pub(super) fn draws_noise(&self) -> bool {
        self.noise.drawn
    }

    /// What all pictures have in common whose rows `[L, w_dim]` are these up to row `first`.
    pub(super) fn begin(&self, rows: &[f32], first: usize, mode: NoiseMode) -> Result<Begun, SynthesisError> {
        let rows: Vec<&[f32]> = rows.chunks_exact(self.w_dim).collect();
        let maps = self.noise.maps(mode);
        // Rows beyond the last level that is drawn change nothing.
        let first = first.min(self.last_layer);
        Ok(match &self.place {
            Place::Cpu(on) => Begun::Cpu(on.begin(&rows, &maps, first)),
            #[cfg(feature = "torch")]
            Place::Device(on) => Begun::Device(on.begin(&rows, &maps, first)?),
        })
    }

    /// The image.
    pub(super) fn image(&self, begun: &Begun, rows: &[f32], mode: NoiseMode) -> Result<Image, SynthesisError> {
        let rows: Vec<&[f32]> = rows.chunks_exact(self.w_dim).collect();
        let maps = self.noise.maps(mode);
        match (&self.place, begun) {
            (Place::Cpu(on), Begun::Cpu(begun)) => Ok(on.image(begun, &rows, &maps)),
            #[cfg(feature = "torch")]
            (Place::Device(on), Begun::Device(begun)) => Ok(on.image(begun, &rows, &maps)?),
            #[cfg(feature = "torch")]
            _ => Err(SynthesisError::OtherGenerator),
        }
    }
}
