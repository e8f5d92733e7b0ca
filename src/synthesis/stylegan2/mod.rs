//! StyleGAN2's synthesis (Karras et al. 2020a, section 2 and appendix B), and that of StyleGAN2-ADA's networks.
//!
//! With row w_i, convolution i = 0 .. L - 2 has the style s = A w_i + a by channel in and the demodulation d_o = 1 /
//! sqrt(sum over in, ky, kx of (W s)^2 + 1e-8). An even one is a 3x3 correlation with padding 1; an odd one doubles
//! the side, by a transposed convolution of stride 2 and a filter with gain 4. Then x = clamp(lrelu(x d + noise
//! strength + bias) sqrt 2). After convolution 2b comes block b's image: a 1x1 convolution with the style of row 2b +
//! 1 and no demodulation, its clamp, and the enlarged image of the block below added.
//!
//! W and s are never multiplied: s goes into the maps, d into what follows the sums, so that weights are arranged
//! once for all pictures. On a CPU that is our own code (`cpu`), elsewhere libtorch's (`torch`).

mod cpu;
#[cfg(test)]
mod random;
#[cfg(test)]
#[cfg(feature = "torch")]
mod tests;
#[cfg(feature = "torch")]
mod torch;

pub(super) use cpu::OnCpu;
#[cfg(test)]
pub(crate) use random::random;
#[cfg(feature = "torch")]
pub(super) use torch::OnDevice;

use super::affine::Affine;
use super::noise::{Maps, NoiseMode, Stored};
use super::{Image, Processor, SynthesisError};
use crate::checkpoint::StyleGan2Weights;

/// A synthesis network.
#[derive(Debug)]
pub(super) struct StyleGan2 {
    place: Place,
    noise: Stored,
    rows: usize,
    w_dim: usize,
}

#[derive(Debug)]
enum Place {
    Cpu(OnCpu),
    #[cfg(feature = "torch")]
    Device(OnDevice),
}

/// A picture that is made up to a row of w.
#[derive(Debug)]
pub(super) enum Begun {
    /// Ours.
    Cpu(cpu::Begun),
    /// libtorch's.
    #[cfg(feature = "torch")]
    Device(torch::Begun),
}

impl StyleGan2 {
    pub(super) fn new(weights: &StyleGan2Weights, on: Processor) -> Result<Self, SynthesisError> {
        let place = match on {
            Processor::Cpu { threads } => Place::Cpu(OnCpu::new(weights, threads)),
            #[cfg(feature = "torch")]
            Processor::Torch(device) => Place::Device(OnDevice::new(weights, device)?),
        };
        Ok(Self { place, noise: noise(weights), rows: weights.rows(), w_dim: weights.mapping.w_dim() })
    }

    /// The same by libtorch, on any device.
    #[cfg(all(test, feature = "torch"))]
    pub(super) fn by_torch(weights: &StyleGan2Weights, device: tch::Device) -> Result<Self, tch::TchError> {
        let place = Place::Device(OnDevice::new(weights, device)?);
        Ok(Self { place, noise: noise(weights), rows: weights.rows(), w_dim: weights.mapping.w_dim() })
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
        let maps = if first > 0 { self.noise.maps(mode) } else { self.noise.maps(NoiseMode::None) };
        Ok(match &self.place {
            Place::Cpu(on) => {
                let nothing = on.nothing();
                Begun::Cpu(if first > 0 { on.begin(&nothing, &rows, &maps, first) } else { nothing })
            }
            #[cfg(feature = "torch")]
            Place::Device(on) => Begun::Device(on.begin(&rows, &maps, first)?),
        })
    }

    /// Goes on with a picture through block `b`, and gives the image of the sides up to there beside it. None where the
    /// network adds no images up, or the picture is beyond that.
    pub(super) fn coarse(
        &self,
        begun: &Begun,
        rows: &[f32],
        b: usize,
        mode: NoiseMode,
    ) -> Result<Option<(Begun, Image)>, SynthesisError> {
        // The image of block b takes the row of the convolution after it, which is done with it.
        let until = 2 * b + 2;
        let rows: Vec<&[f32]> = rows.chunks_exact(self.w_dim).collect();
        let maps = self.noise.maps(mode);
        match (&self.place, begun) {
            (Place::Cpu(on), Begun::Cpu(begun)) if on.skips() && begun.next < until && until < self.rows => {
                let begun = on.begin(begun, &rows, &maps, until);
                let image = begun.image().cloned();
                Ok(image.map(|image| (Begun::Cpu(begun), image)))
            }
            #[cfg(feature = "torch")]
            (Place::Device(on), Begun::Device(begun)) if on.skips() && begun.next() < until && until < self.rows => {
                let begun = on.go_on(begun, &rows, &maps, until)?;
                let image = begun.image()?;
                Ok(image.map(|image| (Begun::Device(begun), image)))
            }
            (Place::Cpu(_), Begun::Cpu(_)) => Ok(None),
            #[cfg(feature = "torch")]
            (Place::Device(_), Begun::Device(_)) => Ok(None),
            #[cfg(feature = "torch")]
            _ => Err(SynthesisError::OtherGenerator),
        }
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

fn noise(weights: &StyleGan2Weights) -> Stored {
    let of = |(i, conv): (usize, &'_ crate::checkpoint::StyleGan2Conv)| (conv.noise.clone(), 4 << i.div_ceil(2));
    let layers: Vec<_> = weights.convs.iter().enumerate().map(of).collect();
    Stored::new(layers.iter().map(|(noise, side)| (noise.as_ref(), *side)))
}
