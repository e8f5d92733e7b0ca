//! ProGAN's synthesis (Karras et al. 2018, section 4 and appendix A).
//!
//! z / sqrt(mean(z^2) + 1e-8) goes through a dense layer to 4x4; each level doubles the side, and convolves twice;
//! each convolution reads activations that are normalised over channels in the same way, and ends in LeakyReLU; a 1x1
//! convolution makes the image.
//!
//! Nearest-neighbour enlargement followed by a 3x3 convolution reads each small pixel up to nine times. Along one axis,
//! with weights w0 w1 w2, an even place needs w0 of the pixel before and w1 + w2 of its own, an odd one w0 + w1 of its
//! own and w2 of the next: that is a transposed convolution of stride 2 with the four weights w2, w1 + w2, w0 + w1, w0,
//! and four products a place instead of nine in two dimensions. On a CPU that is our own code (`cpu`), elsewhere
//! libtorch's (`torch`).

mod cpu;
#[cfg(test)]
#[cfg(feature = "torch")]
mod tests;
#[cfg(feature = "torch")]
mod torch;

use super::{Image, Processor, SynthesisError, check_class};
use crate::checkpoint::ProGanWeights;
use cpu::OnCpu;
#[cfg(feature = "torch")]
use torch::OnDevice;

/// A generator on a device.
#[derive(Debug)]
pub(super) struct ProGan {
    place: Place,
    /// With the label's.
    latent_dim: usize,
    classes: usize,
}

#[derive(Debug)]
enum Place {
    Cpu(OnCpu),
    #[cfg(feature = "torch")]
    Device(OnDevice),
}

impl ProGan {
    /// Puts the weights on a device, in the forms that the arithmetic takes.
    pub(super) fn new(weights: &ProGanWeights, on: Processor) -> Result<Self, SynthesisError> {
        let place = match on {
            Processor::Cpu { threads } => Place::Cpu(OnCpu::new(weights, threads)),
            #[cfg(feature = "torch")]
            Processor::Torch(device) => Place::Device(OnDevice::new(weights, device)?),
        };
        Ok(Self::at(weights, place))
    }

    fn at(weights: &ProGanWeights, place: Place) -> Self {
        Self { place, latent_dim: weights.latent_dim, classes: weights.classes }
    }

    /// Numbers in a code, the label's not counted.
    pub(super) fn latent_dim(&self) -> usize {
        self.latent_dim - self.classes
    }

    /// How many classes a label may say; 0 for a model without labels.
    pub(super) fn classes(&self) -> usize {
        self.classes
    }

    /// Codes `[n, latent_dim]` with a class's label after each.
    fn labelled(&self, codes: &[f32], class: Option<usize>) -> Result<Vec<f32>, SynthesisError> {
        check_class(class, self.classes)?;
        let label: Vec<f32> = (0..self.classes).map(|i| f32::from(Some(i) == class)).collect();
        Ok(codes.chunks_exact(self.latent_dim()).flat_map(|code| code.iter().chain(&label).copied()).collect())
    }

    /// Images of codes `[n, latent_dim]`.
    pub(super) fn images(&self, codes: &[f32], class: Option<usize>) -> Result<Vec<Image>, SynthesisError> {
        let codes = self.labelled(codes, class)?;
        match &self.place {
            Place::Cpu(on) => Ok(codes.chunks_exact(self.latent_dim).map(|code| on.image(code)).collect()),
            #[cfg(feature = "torch")]
            Place::Device(on) => Ok(on.images(&codes)?),
        }
    }

    /// The image of one code.
    pub(super) fn image(&self, code: &[f32], class: Option<usize>) -> Result<Image, SynthesisError> {
        Ok(self.images(code, class)?.pop().unwrap_or_default())
    }
}
