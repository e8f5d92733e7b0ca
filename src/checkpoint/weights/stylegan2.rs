//! StyleGAN2's effective weights (Karras et al. 2020a, section 2 and appendix B; 2020b for ADA), with skip connections.

use super::{Dense, Mapping, Noise};

/// A StyleGAN2 generator. There are L = 2 log2(side) - 2 rows of w: row i is the style of convolution i, and row 2b + 1 also
/// that of block b's image layer.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleGan2Weights {
    /// From z to w.
    pub mapping: Mapping,
    /// What every image begins from, `[channels, 4, 4]`.
    pub constant: Vec<f32>,
    /// Convolutions 0 to L - 2, those with an odd number double the side.
    pub convs: Vec<StyleGan2Conv>,
    /// A layer to an image for each side, from 4. Only the last is drawn where `skips` is false.
    pub to_images: Vec<StyleGan2ToImage>,
    /// Whether the images of all sides are added, the lower ones enlarged ("skip"); else the last alone is drawn ("orig").
    pub skips: bool,
    /// The filter after an enlargement, `[taps, taps]`, which sums to 1; its gain of 4 is not in it.
    pub filter: Vec<f32>,
}

/// A modulated convolution 3x3, what is added to it, and its activation.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleGan2Conv {
    /// `[outputs, inputs, 3, 3]`, a correlation as NVIDIA stores it, also where the side is doubled. No scale is needed: the
    /// demodulation takes it out.
    pub weight: Vec<f32>,
    /// Feature maps in.
    pub inputs: usize,
    /// Feature maps out.
    pub outputs: usize,
    /// From w to a factor for each feature map in; 1 is in its bias.
    pub style: Dense,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// None where the model uses none.
    pub noise: Option<Noise>,
    /// Activations beyond this are cut, after LeakyReLU and its gain of sqrt 2.
    pub clamp: Option<f32>,
}

/// A modulated convolution 1x1 to an image, without demodulation.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleGan2ToImage {
    /// `[image channels, inputs]`, with 1 / sqrt(inputs) in it.
    pub weight: Vec<f32>,
    /// Feature maps in.
    pub inputs: usize,
    /// From w to a factor for each feature map in; 1 is in its bias.
    pub style: Dense,
    /// `[image channels]`.
    pub bias: Vec<f32>,
    /// What it makes is cut beyond this, before lower images are added.
    pub clamp: Option<f32>,
}

impl StyleGan2Weights {
    /// The side of the images.
    pub fn resolution(&self) -> usize {
        4 << (self.to_images.len() - 1)
    }

    /// The images' channels.
    pub fn image_channels(&self) -> usize {
        self.to_images[0].bias.len()
    }

    /// How many rows of w there are.
    pub fn rows(&self) -> usize {
        2 * self.to_images.len()
    }
}
